"""Refutations under construction: facts, where they come from, and their final form as a TREE.

A *fact* is an equation p = 0 or an inequation p != 0.  The first equations are the cells; a case
distinction assumes a fact on each side; all others are derived, each by one identity:

    equation p:    sum of multiplier * equation = c * (product of inequations) * p^power
    inequation p:  own * p + sum of multiplier * equation = c * (product of inequations)

with c a nonzero number.  In the TREE a derived fact is a case distinction one side of which is
closed by its identity, so that long derivations stay small.  Only facts that are used are written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

import flint

from cadlink.patterns.matrix import number_to_json
from cadlink.search.propagation import contradictory

__all__ = ["Branch", "Contradiction", "Fact", "Refutation", "poly_json", "write"]

Poly: TypeAlias = flint.fmpz_mpoly


@dataclass(eq=False)
class Fact:
    """An equation or inequation; base facts (cells, assumptions) have ``derived`` False."""

    poly: Poly
    equation: bool
    derived: bool = False
    terms: tuple[tuple[Fact, Poly], ...] = ()
    units: tuple[Fact, ...] = ()
    power: int = 1
    own: Poly | None = None  # for a derived inequation: the multiplier of p itself
    scale: int = 1  # cells: poly is scale times the schema's equation


@dataclass(eq=False)
class Contradiction:
    """sum of multiplier * equation = c * product of the units (inequations)."""

    terms: tuple[tuple[Fact, Poly], ...]
    units: tuple[Fact, ...]


@dataclass(eq=False)
class Branch:
    """A case distinction: ``zero`` may use ``equation``, ``nonzero`` may use ``inequation``."""

    equation: Fact
    inequation: Fact
    zero: Refutation
    nonzero: Refutation
    needs: dict[Fact, None] | None = field(default=None, repr=False)


Refutation: TypeAlias = Contradiction | Branch


# The final tree before numbering.
@dataclass(eq=False)
class _Case:
    equation: Fact
    inequation: Fact
    zero: _Node
    nonzero: _Node


@dataclass(eq=False)
class _Propagation:
    pass


_Node: TypeAlias = "_Case | _Propagation | Contradiction"


def write(refutation: Refutation, cells: list[Fact]) -> dict[str, Any]:
    """The TREE of the schema; ``cells`` are the base equations in the order of the cells."""
    context = cells[0].poly.context() if cells else None
    if context is None:
        return {"propagation": True}
    node = _spell(refutation, frozenset(cells))
    node = _shorten(node, list(cells), [])
    return _number(node, {fact: n for n, fact in enumerate(cells)}, len(cells), {}, 0)


def poly_json(poly: Poly, divisor: Fraction | int = 1) -> list[Any]:
    """The POLY of the schema for poly / divisor."""
    names = poly.context().names()
    found: list[Any] = []
    for exponents, coefficient in poly.to_dict().items():
        value = Fraction(int(coefficient)) / divisor
        powers = [[names[v], int(e)] for v, e in enumerate(exponents) if e]
        found.append([number_to_json(value), powers])
    return found


def _used(terms: Iterable[tuple[Fact, Poly]], units: Iterable[Fact]) -> list[Fact]:
    return [fact for fact, _ in terms] + list(units)


def _closure(facts: Iterable[Fact]) -> dict[Fact, None]:
    """The facts and all facts they are derived from (a dictionary: sets have no fixed order)."""
    found: dict[Fact, None] = {}
    stack = list(facts)
    while stack:
        fact = stack.pop()
        if fact not in found:
            found[fact] = None
            stack += _used(fact.terms, fact.units)
    return found


def _needs(node: Refutation) -> dict[Fact, None]:
    """Every fact from above that the refutation rests on, directly or not."""
    if isinstance(node, Contradiction):
        return _closure(_used(node.terms, node.units))
    if node.needs is None:
        node.needs = {
            fact: None
            for side, assumed in ((node.zero, node.equation), (node.nonzero, node.inequation))
            for fact in _needs(side)
            if fact is not assumed
        }
    return node.needs


def _prune(node: Refutation) -> Refutation:
    """Leave out case distinctions one side of which does not use its assumption."""
    if isinstance(node, Contradiction):
        return node
    zero, nonzero = _prune(node.zero), _prune(node.nonzero)
    if node.equation not in _needs(zero):
        return zero
    if node.inequation not in _needs(nonzero):
        return nonzero
    return Branch(node.equation, node.inequation, zero, nonzero)


def _spell(refutation: Refutation, known: frozenset[Fact]) -> _Node:
    """Write the derived facts as cases, each as low in the tree as sharing allows."""

    def spell(node: Refutation, known: frozenset[Fact]) -> _Node:
        if isinstance(node, Contradiction):
            wanted = list(_needs(node))
        else:
            both = _needs(node.nonzero)
            wanted = [fact for fact in _needs(node.zero) if fact in both]
        chain = _in_order(wanted, known)
        reached = known | frozenset(chain)
        rest: _Node
        if isinstance(node, Contradiction):
            rest = node
        else:
            rest = _Case(
                node.equation,
                node.inequation,
                spell(node.zero, reached | {node.equation}),
                spell(node.nonzero, reached | {node.inequation}),
            )
        for fact in reversed(chain):
            other = Fact(fact.poly, not fact.equation)
            if fact.equation:
                leaf = Contradiction(fact.terms, (*fact.units, *([other] * fact.power)))
                rest = _Case(fact, other, rest, leaf)
            else:
                assert fact.own is not None
                leaf = Contradiction((*fact.terms, (other, fact.own)), fact.units)
                rest = _Case(other, fact, leaf, rest)
        return rest

    return spell(_prune(refutation), known)


def _in_order(wanted: Iterable[Fact], known: frozenset[Fact]) -> list[Fact]:
    """The derived facts among ``wanted`` that are not known yet, each after what it uses."""
    done: set[Fact] = set(known)
    order: list[Fact] = []
    for start in wanted:
        stack = [start]
        while stack:
            fact = stack[-1]
            if fact in done or not fact.derived:
                stack.pop()
                continue
            missing = [f for f in _used(fact.terms, fact.units) if f.derived and f not in done]
            if missing:
                stack += missing
            else:
                done.add(fact)
                order.append(fact)
                stack.pop()
    return order


def _shorten(node: _Node, equations: list[Fact], inequations: list[Fact]) -> _Node:
    """Close branches by propagation where that is enough, and drop cases nothing rests on."""
    if contradictory([f.poly for f in equations], [f.poly for f in inequations]):
        return _Propagation()
    if not isinstance(node, _Case):
        return node
    zero = _shorten(node.zero, [*equations, node.equation], inequations)
    if _holds(zero, equations, inequations):
        return zero
    nonzero = _shorten(node.nonzero, equations, [*inequations, node.inequation])
    if _holds(nonzero, equations, inequations):
        return nonzero
    return _Case(node.equation, node.inequation, zero, nonzero)


def _holds(node: _Node, equations: list[Fact], inequations: list[Fact]) -> bool:
    """Whether the tree is still a refutation when only these facts are known above it."""
    if isinstance(node, _Propagation):
        return contradictory([f.poly for f in equations], [f.poly for f in inequations])
    if isinstance(node, Contradiction):
        there = {*equations, *inequations}
        return all(fact in there for fact in _used(node.terms, node.units))
    return _holds(node.zero, [*equations, node.equation], inequations) and _holds(
        node.nonzero, equations, [*inequations, node.inequation]
    )


def _number(
    node: _Node,
    equations: Mapping[Fact, int],
    count: int,
    inequations: Mapping[Fact, int],
    others: int,
) -> dict[str, Any]:
    if isinstance(node, _Propagation):
        return {"propagation": True}
    if isinstance(node, _Case):
        return {
            "case": poly_json(node.equation.poly),
            "zero": _number(
                node.zero, {**equations, node.equation: count}, count + 1, inequations, others
            ),
            "nonzero": _number(
                node.nonzero, equations, count, {**inequations, node.inequation: others}, others + 1
            ),
        }
    context = node.terms[0][0].poly.context()
    left, right = context.constant(0), context.constant(1)
    for fact, multiplier in node.terms:
        left += fact.poly * multiplier
    for fact in node.units:
        right *= fact.poly
    # left = c * right by construction; c is read off one coefficient
    exponents, coefficient = next(iter(right.to_dict().items()))
    constant = Fraction(int(left.to_dict()[exponents]), int(coefficient))
    multipliers: dict[int, Poly] = {}
    scales = {}
    for fact, multiplier in node.terms:
        n = equations[fact]
        multipliers[n] = multipliers[n] + multiplier if n in multipliers else multiplier
        scales[n] = fact.scale
    return {
        # the schema's equation is fact.poly / scale
        "multipliers": [
            [n, poly_json(poly, constant / scales[n])]
            for n, poly in sorted(multipliers.items())
            if poly
        ],
        "inequations": sorted(inequations[fact] for fact in node.units),
    }
