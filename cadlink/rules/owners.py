"""Owners: p neurons alone on a (p+1) x (p+1) square but for one corner, which they share.

Nothing looks for it any more, ``triangle`` finds all of it; proofs that use it are found in older
certificates.  Theorem and proof: kernel, owners.
"""

from __future__ import annotations

from cadlink.patterns.group import Group
from cadlink.rules.rule import Rule, Told
from cadlink.writing.curves import MINUS, MISSED, ONE, UNDER, Curve, T
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import cell, math, setof

__all__ = ["RULE"]


def explain(group: Group, told: Told) -> Blocks:
    """p neurons alone on a square but for one corner."""
    rows, cols, j, k = told.data["rows"], told.data["cols"], told.data["row"], told.data["col"]
    first, helper = told.data["neuron"], told.data["helper"]
    row_of, col_of = told.facts["row"], told.facts["column"]
    team = list(row_of)
    curve = Curve()
    for i in team:
        curve.x(i, [row_of[i]], T if i == first else ONE)
        curve.y(i, [col_of[i]], ONE)
    curve.x(first, [j], ONE)
    curve.y(first, [k], UNDER)
    if helper is not None:
        curve.x(helper, [j], ONE)
        curve.y(helper, [k], MINUS)
    p = len(rows)
    corner = (
        f"nobody needs to look at the cell {cell(j, k)}, which neuron {first} does not observe"
        if helper is None
        else f"neuron {helper} cancels the 1/t of neuron {first} in the cell {cell(j, k)}"
    )
    R, C, its = setof(rows), setof(cols), setof(team)
    return (
        Paragraph(
            f"Let R = {R}, C = {C}, j = {j} and k = {k}. In the cells of"
            f" {math('R x (C + k)')} and"
            f" {math('{j} x C')} only the"
            f" {'neuron' if p == 1 else f'{p} neurons'} of T = {its} can contribute."
        ),
        Paragraph(
            "So if A is in the set,"
            f" {math('A[R, C + k] = X[R, T] Y[T, C + k]')}"
            f" and {math('A[R + j, C] = X[R + j, T] Y[T, C]')}"
            f" (zeros put in for unobserved entries). If both have rank {p}, the"
            f" {math(f'{p} x {p}')} matrices"
            f" {math('X[R, T]')} and {math('Y[T, C]')} are invertible, and so"
            f" is {math('A[R, C]')}, their product.",
            MISSED,
        ),
        *curve.shown(group, f"Let all entries be 0 except as shown; {corner}."),
        Paragraph(
            f"In the limit {math('A[R, C + k]')} and"
            f" {math('A[R + j, C]')} have rank {p}, but"
            f" {math('A[R, C]')} has rank {p - 1}: it is missed."
        ),
    )


RULE = Rule(
    name="owners",
    about=Group,
    account="a few hidden units alone carry a block of entries, which must stay invertible, though"
    " in the limit it need not",
    title="a block that must stay invertible",
    explain=explain,
)
