"""Steps that exhibit parameters: a zero at which the product is open, or a curve with its limit."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from cadlink.explanations.curves import (
    Series,
    curve_in_chain,
    curve_in_group,
    limit_of,
    shown_point,
)
from cadlink.explanations.document import Block, Math, Paragraph
from cadlink.explanations.draw import Problem
from cadlink.explanations.refutations import entries, refutation
from cadlink.explanations.summary import FREE, NOT_CLOSED, Account
from cadlink.patterns.pattern import Pattern

__all__ = ["curve", "zero_submersion"]

_PRODUCT = Math("X Y", "XY")


def zero_submersion(problem: Problem, data: dict[str, Any]) -> Account:
    """A zero of the product where its derivative is onto."""
    count = len(entries(problem))
    blocks: list[Block] = [
        Paragraph("At the following parameters the product is 0 in every cell of the support.")
    ]
    blocks += shown_point(problem, data)
    blocks.append(
        Paragraph(
            f"The derivative of the product map there has rank {count}, the number of these cells"
            f" (already modulo the prime {data['prime']}), so the map is open at this point: all"
            " matrices near 0 are products. Scaling one factor scales the product, so all matrices"
            " are."
        )
    )
    return Account("open at a zero", tuple(blocks), conclusion=FREE)


def _series(value: list[Any]) -> Series:
    return {exponent: Fraction(coefficient) for exponent, coefficient in value}


def curve(problem: Problem, data: dict[str, Any]) -> Account:
    """A curve of products, and why its limit is not one."""
    limit = limit_of(data)
    start = Paragraph(
        "The following products are in the set for every t other than 0. As t tends to 0, they tend"
        " to A.",
        "What is approached.",
    )
    if isinstance(problem, Pattern):
        factors = [{(i, j): _series(value) for i, j, value in factor} for factor in data["factors"]]
        shown = curve_in_chain(problem, factors, limit)
    else:
        xs = {(i, j): _series(v) for i, listed in enumerate(data["x"]) for j, v in listed}
        ys = {(i, k): _series(v) for i, listed in enumerate(data["y"]) for k, v in listed}
        shown, _ = curve_in_group(problem, xs, ys)
    blocks = (start, *shown, *refutation(problem, limit, data["refutation"]))
    return Account("a curve and its limit", blocks, conclusion=NOT_CLOSED)
