"""A curve of products with a limit that is shown not to be a product.

Found by ``cadlink/search``, not by a rule.  Theorem: kernel, curve.
"""

from __future__ import annotations

from cadlink.patterns.pattern import Pattern
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Problem
from cadlink.writing.curves import (
    curve_in_chain,
    curve_in_group,
    factors_of,
    limit_of,
    series,
)
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.refutations import refutation

__all__ = ["RULE"]


def explain(problem: Problem, told: Told) -> Blocks:
    """A curve of products, and why its limit is not one."""
    limit = limit_of(told.data)
    start = Paragraph(
        "The following products are in the set for every t other than 0. As t tends to 0, they tend"
        " to A.",
        "What is approached.",
    )
    if isinstance(problem, Pattern):
        shown = curve_in_chain(problem, factors_of(told.data), limit)
    else:
        xs = {(i, j): series(v) for i, listed in enumerate(told.data["x"]) for j, v in listed}
        ys = {(i, k): series(v) for i, listed in enumerate(told.data["y"]) for k, v in listed}
        shown, _ = curve_in_group(problem, xs, ys)
    return (start, *shown, *refutation(problem, limit, told.data["refutation"]))


RULE = Rule(
    name="curve",
    about=Problem,
    account="an explicit curve of products runs to a matrix that is shown not to be a product",
    title="a curve and its limit",
    explain=explain,
)
