"""What rests on the word of a backend, said plainly."""

from __future__ import annotations

from typing import Any

from cadlink.explanations.curves import limit_of, shown_limit
from cadlink.explanations.document import Block, Items, Paragraph, quoted
from cadlink.explanations.draw import Problem
from cadlink.explanations.formulas import formula, many, polynomial, these
from cadlink.explanations.summary import CLOSED, FREE, NOT_CLOSED, Account, sentence

__all__ = ["claims", "said"]

LONGEST = 1500  # characters of a formula that is printed
MOST = 20  # polynomials that are printed

_MEANING = {
    "free": "every real matrix on these cells is in the set",
    "columns_served": "for all values in these columns there are vectors x with which these"
    " columns are products, while in every other column the linear system for the y has full row"
    " rank",
    "image": "the set is exactly the set of solutions of the formula",
    "relaxed_implies": "the formula follows from its relaxation",
    "variety_inside": "every real common zero of the polynomials is in the set",
    "closed": "the sentence 'some limit of elements of the set is not in the set' is false",
    "not_closed": "the sentence 'some limit of elements of the set is not in the set' is true",
    "not_member": "the limit is not in the set",
    "in_closure": "A is a limit of elements of the set",
}


def said(claim: dict[str, Any]) -> str:
    """Who answered what, and what it means."""
    who = [f"{_name(answer)} answered {quoted(answer['answer'])}" for answer in claim["answers"]]
    return f"{' and '.join(who)}, which means that {_MEANING[claim['statement']]}"


def _name(answer: dict[str, Any]) -> str:
    return quoted(f"{answer['backend']} {answer['version']}", 60)[1:-1]


def claims(problem: Problem, data: dict[str, Any]) -> Account:
    """One of the methods of the certificates."""
    method = data["method"]
    given = {claim["statement"]: claim for claim in data["claims"]}
    blocks: list[Block] = list(_ARGUMENTS[method](problem, data, given))
    blocks += [
        Paragraph(
            "This step rests on the word of quantifier-elimination programs, which was not checked:"
        ),
        Items(tuple(said(claim) + "." for claim in data["claims"])),
    ]
    conclusion = {"free": FREE, "free_columns": FREE, "missed_point": NOT_CLOSED}.get(
        method, CLOSED
    )
    if method == "sentence" and "not_closed" in given:
        conclusion = NOT_CLOSED
    return Account("elimination of quantifiers", tuple(blocks), conclusion=conclusion)


def _free(problem: Problem, data: dict[str, Any], given: dict[str, Any]) -> tuple[Block, ...]:
    return sentence("Is every matrix on these cells a product? This was asked, and it is so.")


def _columns(problem: Problem, data: dict[str, Any], given: dict[str, Any]) -> tuple[Block, ...]:
    its = these("column", data["columns"])
    return sentence(
        f"Whatever values A has in {its}, one can choose the x such that these columns are"
        " products, and such that in every other column the linear system for the values of the y"
        " has full row rank: this was asked, and it is so. Then every A is reached, the other"
        " columns being solvable systems in unknowns of their own."
    )


def _formula(problem: Problem, data: dict[str, Any], given: dict[str, Any]) -> tuple[Block, ...]:
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


def _variety(problem: Problem, data: dict[str, Any], given: dict[str, Any]) -> tuple[Block, ...]:
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


def _sentence(problem: Problem, data: dict[str, Any], given: dict[str, Any]) -> tuple[Block, ...]:
    return sentence(
        "The whole question, 'some A can be approximated as closely as one likes by elements of the"
        " set, and is not in the set', is a sentence of the first-order theory of the real numbers."
        " It was decided as it stands."
    )


def _point(problem: Problem, data: dict[str, Any], given: dict[str, Any]) -> tuple[Block, ...]:
    blocks: tuple[Block, ...] = (Paragraph("Consider the following matrix."),)
    return (
        *blocks,
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
