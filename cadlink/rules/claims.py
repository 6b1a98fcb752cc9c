"""Claims: steps that rest on the word of quantifier-elimination programs, said plainly.

Found by ``deciding/strategies.py``, not by a rule.  What each method needs: kernel, claims.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Problem
from cadlink.writing.curves import limit_of, shown_limit
from cadlink.writing.document import Block, Blocks, Items, Paragraph, sentence
from cadlink.writing.formulas import formula, many, polynomial, these
from cadlink.writing.refutations import said

__all__ = ["METHODS", "RULE"]

LONGEST = 1500  # characters of a formula that is printed
MOST = 20  # polynomials that are printed

METHODS = {
    "free": "every matrix on the support is a product",
    "free_columns": "a few columns can be made whatever they are, and the others follow",
    "closed_formula": "the set was written as equations and weak inequalities",
    "variety": "the set is all common zeros of polynomials",
    "sentence": "the whole question was answered as one logical sentence",
    "missed_point": "a certain matrix is a limit of products and not a product",
}


def explain(problem: Problem, told: Told) -> Blocks:
    """One of the methods of the certificates."""
    method = told.data["method"]
    given = {claim["statement"]: claim for claim in told.data["claims"]}
    blocks: list[Block] = list(_ARGUMENTS[method](problem, told.data, given))
    blocks += [
        Paragraph(
            "This step rests on the word of quantifier-elimination programs, which was not checked:"
        ),
        Items(tuple(said(claim) + "." for claim in told.data["claims"])),
    ]
    return tuple(blocks)


def _free(problem: Problem, data: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[Block, ...]:
    return sentence("Is every matrix on these cells a product? This was asked, and it is so.")


def _columns(
    problem: Problem, data: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Block, ...]:
    its = these("column", data["columns"])
    return sentence(
        f"Whatever values A has in {its}, one can choose the x such that these columns are"
        " products, and such that in every other column the linear system for the values of the y"
        " has full row rank: this was asked, and it is so. Then every A is reached, the other"
        " columns being solvable systems in unknowns of their own."
    )


def _formula(
    problem: Problem, data: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Block, ...]:
    blocks: list[Block] = [Paragraph("The set was written as the solutions of a formula:")]
    if len(str(data["formula"])) <= LONGEST * 4:
        blocks.append(Items((str(formula(data["formula"])),)))
    else:
        blocks.append(Paragraph("(It is too long to be printed, and found in the certificate.)"))
    if "relaxed_implies" in given:
        blocks.append(
            Paragraph(
                "Relax the formula: make < and > to <= and >=, and replace every != by true. The"
                " relaxed formula describes a closed set that contains our set; it implies the"
                " formula, so the two are equal."
            )
        )
    else:
        blocks.append(
            Paragraph(
                "It is built from equations and weak inequalities by 'and' and 'or', so its"
                " solutions are a closed set."
            )
        )
    return tuple(blocks)


def _variety(
    problem: Problem, data: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Block, ...]:
    listed = data["polynomials"]
    blocks: list[Block] = [
        Paragraph(
            f"The following {'polynomial' if len(listed) == 1 else many(len(listed), 'polynomial')}"
            f" in the entries of A {'vanishes' if len(listed) == 1 else 'vanish'} on the set; this"
            " was checked by putting in the products."
        )
    ]
    shown = [str(polynomial(one)) for one in listed[:MOST] if len(str(one)) <= LONGEST]
    if len(shown) < len(listed):
        shown.append(f"... and {len(listed) - len(shown)} more")
    blocks.append(Items(tuple(shown)))
    blocks.append(
        Paragraph(
            f"Conversely, every real {'common zero of them' if len(listed) > 1 else 'zero'} is in"
            " the set. So the set is an algebraic variety, and closed."
        )
    )
    return tuple(blocks)


def _sentence(
    problem: Problem, data: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Block, ...]:
    return sentence(
        "The whole question, 'some A can be approximated as closely as one likes by elements of the"
        " set, and is not in the set', is a sentence of the first-order theory of the real numbers."
        " It was decided as it stands."
    )


def _point(
    problem: Problem, data: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[Block, ...]:
    return (
        Paragraph("Consider the following matrix."),
        *shown_limit(problem, limit_of(data)),
        Paragraph("It is a limit of elements of the set, but not one of them."),
    )


_ARGUMENTS = {
    "free": _free,
    "free_columns": _columns,
    "closed_formula": _formula,
    "variety": _variety,
    "sentence": _sentence,
    "missed_point": _point,
}


RULE = Rule(
    name="claims",
    about=Problem,
    account="answers of quantifier-elimination programs",
    title="elimination of quantifiers",
    explain=explain,
)
