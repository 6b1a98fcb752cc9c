"""Why no parameters give the limit: the refutation tree of a certificate as nested cases.

Where the certificate only says "propagation", the deductions are made again here, and those that
the contradiction needs are written down.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from cadlink.errors import CertificateError
from cadlink.patterns.group import Cell
from cadlink.patterns.pattern import Pattern
from cadlink.writing.document import Block, Display, Items, Math, Nested, Paragraph, joined, quoted
from cadlink.writing.draw import Problem
from cadlink.writing.formulas import NE, a, many, number, polynomial, unknown

__all__ = ["refutation", "said"]

Monomial: TypeAlias = tuple[str, ...]
Poly: TypeAlias = dict[Monomial, Fraction]

DEEPEST, MOST_LEAVES, LONGEST = 30, 200, 600  # of a tree, and characters of a formula


@dataclass(frozen=True)
class Fact:
    """A polynomial that is zero (or, as an inequation, is not), and where that comes from."""

    poly: Poly
    source: str


def _entries(problem: Problem) -> dict[Cell, list[Monomial]]:
    """For every cell of the support, by row, then column, the monomials of the product."""
    cells: dict[Cell, list[Monomial]] = {}
    if not isinstance(problem, Pattern):
        for i, graph in enumerate(problem.neurons):
            for j, k in graph:
                cells.setdefault((j, k), []).append((f"x_{i}_{j}", f"y_{i}_{k}"))
        return dict(sorted(cells.items()))
    cells = {(k, k): [()] for k in range(problem.widths[0])}
    for layer, mask in enumerate(problem.layers, start=1):
        columns = mask.tocsc()
        longer: dict[Cell, list[Monomial]] = {}
        for (unit, k), paths in cells.items():
            for i in columns.indices[columns.indptr[unit] : columns.indptr[unit + 1]].tolist():
                its = longer.setdefault((i, k), [])
                its += [(*path, f"x_{layer}_{i}_{unit}") for path in paths]
        cells = longer
    return dict(sorted(cells.items()))


def refutation(
    problem: Problem, limit: Mapping[Cell, Fraction], tree: dict[str, Any]
) -> tuple[Block, ...]:
    """The whole argument that the limit is not in the set."""
    leaves, deepest = _size(tree)
    start = Paragraph(
        "Suppose A were in the set, A = a product with these zeros.", "What is missed."
    )
    if leaves > MOST_LEAVES or deepest > DEEPEST:
        words = (
            f"A distinction of {leaves} cases, up to {deepest} deep, leads to a contradiction in"
            " each of them; it is too long to be printed here and is found in the certificate."
        )
        return (start, Paragraph(words))
    facts = []
    for (j, k), monomials in _entries(problem).items():
        poly: Poly = dict.fromkeys(monomials, Fraction(1))
        value = limit.get((j, k), Fraction(0))
        if value:
            poly[()] = -value
        facts.append(Fact(poly, str(a(j, k))))
    return (start, *_argument(tree, facts, [], ""))


def _size(tree: dict[str, Any]) -> tuple[int, int]:
    """Leaves and depth, without recursion."""
    leaves, deepest = 0, 0
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        if "case" in node:
            waiting += [(node["zero"], depth + 1), (node["nonzero"], depth + 1)]
        else:
            leaves += 1
    return leaves, deepest


def _argument(
    tree: dict[str, Any], equations: list[Fact], inequations: list[Fact], name: str
) -> tuple[Block, ...]:
    if "case" in tree:
        what = polynomial(tree["case"])
        poly = _read(tree["case"])
        blocks: list[Block] = []
        for place, (key, sign) in enumerate((("zero", Math(" = ", " = ")), ("nonzero", NE)), 1):
            mine = f"{name}.{place}" if name else str(place)
            case = what + sign + "0"
            fact = Fact(poly, f"Case {mine}")
            added = (
                ([*equations, fact], inequations)
                if key == "zero"
                else (equations, [*inequations, fact])
            )
            blocks.append(Paragraph(f"Suppose {case}.", f"Case {mine}."))
            blocks.append(Nested(_argument(tree[key], *added, mine)))
        return tuple(blocks)
    if "propagation" in tree:
        return _propagation(equations, inequations)
    if "multipliers" in tree:
        return _identity(tree, equations, inequations)
    return (
        Paragraph(
            "That this is impossible is not proved here, but taken on trust:"
            f" {said(tree['claim'])}."
        ),
    )


def _read(value: Iterable[Any]) -> Poly:
    """POLY of the certificates, powers written out."""
    poly: Poly = {}
    for coefficient, powers in value:
        names: Monomial = ()
        for name, exponent in powers:
            names += (name,) * exponent
        monomial = tuple(sorted(names))
        poly[monomial] = poly.get(monomial, Fraction(0)) + Fraction(coefficient)
    return {m: c for m, c in poly.items() if c}


def _shown(poly: Poly) -> Math:
    """The polynomial as a formula."""
    terms = []
    for monomial, coefficient in poly.items():
        powers = {name: monomial.count(name) for name in monomial}
        terms.append([str(coefficient), [[name, e] for name, e in powers.items()]])
    return polynomial(terms)


def _equation(poly: Poly, sign: Math | str = " = ") -> Math:
    """'monomials = constant', or with another sign."""
    constant = poly.get((), Fraction(0))
    rest = {m: c for m, c in poly.items() if m}
    if not rest:
        return number(constant) + sign + "0"
    return _shown(rest) + sign + number(-constant)


@dataclass(frozen=True)
class _Deduction:
    """One step: the sentence, the facts it makes (unknown, is zero), and those it uses."""

    sentence: str
    makes: frozenset[tuple[str, bool]]
    uses: frozenset[tuple[str, bool]]


def _propagation(equations: list[Fact], inequations: list[Fact]) -> tuple[Block, ...]:
    """The deductions that lead to the contradiction, in order."""
    made = _deductions(equations, inequations)
    needed = set(made[-1].uses)
    kept = [made[-1]]
    for deduction in reversed(made[:-1]):
        if deduction.makes & needed:
            needed |= deduction.uses
            kept.append(deduction)
    kept.reverse()
    if len(kept) == 1:
        return (Paragraph(kept[0].sentence),)
    return (Items(tuple(deduction.sentence for deduction in kept)),)


def _deductions(equations: list[Fact], inequations: list[Fact]) -> list[_Deduction]:
    """Deductions until there is a contradiction, which is the last one."""
    zero: set[str] = set()
    nonzero: set[str] = set()
    made: list[_Deduction] = []

    def note(sentence: str, zeros: set[str], others: set[str], uses: set[tuple[str, bool]]) -> None:
        zeros, others = zeros - zero, others - nonzero
        if zeros or others:
            facts = {(name, True) for name in zeros} | {(name, False) for name in others}
            made.append(_Deduction(sentence, frozenset(facts), frozenset(uses)))
            zero.update(zeros)
            nonzero.update(others)

    while True:
        known = len(made)
        for fact in equations:
            poly, used = _reduced(fact.poly, zero)
            says = f"{fact.source} says {_equation(poly)}"
            if len(poly) == 1:
                (monomial,) = poly
                unknowns = sorted(set(monomial) - nonzero)
                used |= {(name, False) for name in monomial if name in nonzero}
                if not unknowns:
                    words = f"{says}, a contradiction."
                    return [*made, _Deduction(words, frozenset(), frozenset(used))]
                if len(unknowns) == 1:
                    note(f"{says}, so {unknown(unknowns[0]) + ' = 0'}.", {unknowns[0]}, set(), used)
            elif len(poly) == 2 and () in poly:
                names = {name for monomial in poly for name in monomial}
                note(f"{says}, so {_nonzero(names)}.", set(), names, used)
        for fact in inequations:
            poly, used = _reduced(fact.poly, zero)
            says = f"{fact.source} says {_equation(poly, NE)}"
            if not poly:
                words = f"{says}, a contradiction."
                return [*made, _Deduction(words, frozenset(), frozenset(used))]
            if len(poly) == 1:
                names = {name for monomial in poly for name in monomial}
                note(f"{says}, so {_nonzero(names)}.", set(), names, used)
        both = sorted(zero & nonzero)
        if both:
            words = f"But {unknown(both[0])} cannot be 0 and nonzero: a contradiction."
            return [
                *made,
                _Deduction(words, frozenset(), frozenset({(both[0], True), (both[0], False)})),
            ]
        if len(made) == known:
            raise CertificateError("refutation", "a contradiction by propagation", "none")


def _nonzero(names: set[str]) -> str:
    shown = joined([unknown(name) for name in sorted(names)])
    return f"{shown + NE + '0'}" if len(names) == 1 else f"{shown} are nonzero"


def _reduced(poly: Poly, zero: set[str]) -> tuple[Poly, set[tuple[str, bool]]]:
    """The polynomial with the known zeros put in, and the zeros that were used."""
    left: Poly = {}
    used: set[tuple[str, bool]] = set()
    for monomial, coefficient in poly.items():
        gone = [name for name in monomial if name in zero]
        if gone:
            used.add((gone[0], True))
        else:
            left[monomial] = coefficient
    return left, used


def _identity(
    tree: dict[str, Any], equations: list[Fact], inequations: list[Fact]
) -> tuple[Block, ...]:
    """sum of multiplier * equation = product of nonzero polynomials."""
    used = [(equations[n], multiplier) for n, multiplier in tree["multipliers"]]
    listed = [f"{fact.source} says {_shown(fact.poly) + ' = 0'}" for fact, _ in used]
    factors = [inequations[n] for n in tree["inequations"]]
    end = (
        joined([_bracket(_shown(fact.poly)) for fact in factors], " ")
        if factors
        else Math("1", "1")
    )
    total = Math("", "")
    for place, (fact, multiplier) in enumerate(used):
        term = _bracket(polynomial(multiplier)) + " " + _bracket(_shown(fact.poly))
        total = total + (" + " if place else "") + term
    why = (
        "although it is a product of quantities that are not 0 in this case"
        if factors
        else "which is absurd"
    )
    if len(total.text) > LONGEST or sum(map(len, listed)) > 4 * LONGEST:
        terms = sum(len(multiplier) for _, multiplier in used)
        words = (
            f"A combination of {many(len(used), 'equation')}, with {terms} terms in the"
            f" multipliers (they are in the certificate), is identically {end}. So this would be 0,"
            f" {why}."
        )
        return (Paragraph(words),)
    display: list[Block] = (
        [Display((total + " = " + end,))]
        if len(total.text) + len(end.text) <= 72
        else [
            Items(
                tuple(
                    str(_bracket(polynomial(m)) + " " + _bracket(_shown(f.poly))) for f, m in used
                )
            )
        ]
    )
    words = (
        "Expand the following:"
        if len(total.text) + len(end.text) <= 72
        else "Add up the following:"
    )
    return (
        Items(tuple(one + "." for one in listed)),
        Paragraph(words),
        *display,
        Paragraph(
            f"Everything but {end} cancels. But every summand is 0, so {end + ' = 0'}, {why}."
        ),
    )


def _bracket(value: Math) -> Math:
    plain = " + " not in value.text and " - " not in value.text and not value.text.startswith("-")
    return value if plain else Math(f"({value.text})", f"({value.latex})")


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
