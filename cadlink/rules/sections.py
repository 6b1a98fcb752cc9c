"""Sections: parameters as Laurent polynomials of the product's entries, case by case: free; or
closed, where polynomials that vanish on the set leave some cases without limits of products.

Found by ``cadlink/search``, not by a rule.  Theorem: kernel, sections.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Problem
from cadlink.writing.document import Block, Blocks, Items, Math, Nested, Paragraph
from cadlink.writing.formulas import NE, many, polynomial, unknown

__all__ = ["RULE"]

MOST_CASES = 16  # that are printed, those without limits of products among them


def explain(problem: Problem, told: Told) -> Blocks:
    """The cases, and the parameters in each."""
    cases, excluded = told.facts["cases"], told.facts["excluded"]
    polynomials = told.data.get("polynomials", [])
    start: tuple[Block, ...] = (
        Paragraph(
            f"Parameters whose product is A are written down for every {_what(polynomials)}, in"
            f" {many(cases, 'case')}. They are polynomials in the entries of A, divided by powers"
            " of what is not 0 in their case; that their product is A was checked as an identity."
            + (f" In {many(excluded, 'more case')} there are no limits." if excluded else "")
        ),
    )
    if polynomials:
        words = (
            "The following polynomials vanish on all products, which was checked as an identity,"
            " and so on their limits."
        )
        start = (
            Paragraph(words),
            Items(tuple(f"{polynomial(one)}" for one in polynomials)),
            *start,
        )
    if cases + excluded > MOST_CASES:
        words = "So many cases are not printed here; they are found in the certificate."
        return (*start, Paragraph(words))
    return (*start, *_argument(told.data["tree"], polynomials, ""))


def _what(polynomials: Sequence[Any]) -> str:
    return "limit A of products" if polynomials else "A on the support"


def _argument(tree: dict[str, Any], polynomials: Sequence[Any], name: str) -> tuple[Block, ...]:
    if "vanishes" in tree:
        vanishing = polynomial(polynomials[tree["vanishes"]])
        return (Paragraph(f"Here {vanishing} is not 0: A is no limit of products."),)
    if "then" in tree:
        return (_addition(tree), *_argument(tree["then"], polynomials, name))
    if "coordinate" not in tree:
        return _parameters(tree)
    x, shift = unknown(tree["coordinate"]), tree["shift"]
    value = polynomial([[1, [[tree["coordinate"], 1]]], *shift])
    blocks: list[Block] = []
    for place, (part, sign) in enumerate((("zero", Math(" = ", " = ")), ("nonzero", NE)), 1):
        mine = f"{name}.{place}" if name else str(place)
        renamed = f" From here on {x} stands for this value." if part == "nonzero" and shift else ""
        blocks.append(Paragraph(f"Suppose {value + sign + '0'}.{renamed}", f"Case {mine}."))
        blocks.append(Nested(_argument(tree[part], polynomials, mine)))
    return tuple(blocks)


def _addition(node: dict[str, Any]) -> Paragraph:
    """A line of A times a number is added to another."""
    line = "row" if "rows" in node else "column"
    source, target = node[line + "s"]
    crossing = "column" if line == "row" else "row"
    return Paragraph(
        f"Whatever weights lead to {line} {source} may lead to {line} {target}: A is a product if"
        f" it is one once {line} {source}, times a number, is added to {line} {target}. In this"
        f" way make the entry of {line} {target} in {crossing} {node['clear']} 0. From here on A"
        " stands for the result; its entries that have changed may be anything."
    )


def _parameters(leaf: dict[str, Any]) -> tuple[Block, ...]:
    """The parameters that are not 0."""
    if "factors" in leaf:
        given = [
            (f"x_{layer}_{i}_{j}", value)
            for layer, factor in enumerate(leaf["factors"], start=1)
            for i, j, value in factor
        ]
    else:
        given = [
            (f"{letter}_{i}_{line}", value)
            for letter in ("x", "y")
            for i, vector in enumerate(leaf[letter])
            for line, value in vector
        ]
    shown = tuple(f"{unknown(name) + ' = ' + polynomial(value)}" for name, value in given)
    return (Paragraph("Take the following parameters, all others 0."), Items(shown))


RULE = Rule(
    name="sections",
    about=Problem,
    account="formulas, case by case, give weights for every matrix that products come near",
    title="weights for every matrix, case by case",
    explain=explain,
)
