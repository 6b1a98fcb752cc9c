"""Is a given rational matrix in the set?  A refutation as a case tree, or a member.

The equations "product = limit" are triangularised as in Wu's and Ritt's method, with case
distinctions instead of assumptions:

- an equation m v + r in which m is known to be nonzero and r does not contain v eliminates the
  unknown v from all other equations and inequations;
- known nonzero factors are divided out; an equation left without other factors is a contradiction;
- an equation q v + d, d a nonzero number, makes v nonzero;
- if nothing can be eliminated, branch on a factor of an equation or of a leading coefficient,
  unknowns before longer polynomials.

A branch that ends without equations has a rational point, every elimination being linear: choose
the other unknowns such that nothing that must not vanish does, and go back.  The limit is then a
member and the search ends.  Every derived fact carries its identity (``proofs.py``), so what comes
out is a certificate that does not depend on this search.  A limit that only real arguments exclude
is not refuted here.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any, TypeAlias

import flint

from cadlink.clock import UNLIMITED, Clock
from cadlink.search.model import Limit, Model, Problem, full_limit
from cadlink.search.proofs import Branch, Contradiction, Fact, Refutation, write

__all__ = ["Member", "Outcome", "Refuted", "refute", "solve"]

Poly: TypeAlias = flint.fmpz_mpoly

_MAX_TERMS = 300  # longer polynomials: this order of elimination is hopeless
_MAX_BRANCHES = 60  # nested case distinctions
_TRIALS = 60  # values for what may be chosen in a branch without equations


class Outcome(Enum):
    """Why there is no refutation."""

    MEMBER = "member"  # the limit is in the set
    STUCK = "stuck"  # nothing more to do in this method, or polynomials grew too large
    TIME = "time"


@dataclass(frozen=True)
class Refuted:
    """A TREE of the schema and how many nodes it has."""

    tree: Mapping[str, Any]
    size: int


@dataclass(frozen=True)
class Member:
    """Rational values of the unknowns, by name, that give the limit."""

    values: Mapping[str, Fraction]


class _Stop(Exception):
    def __init__(self, outcome: Outcome, point: Sequence[Fraction] = ()) -> None:
        super().__init__(outcome.value)
        self.outcome = outcome
        self.point = point


def refute(
    problem: Problem | Model, limit: Limit, clock: Clock = UNLIMITED, seed: int = 0
) -> Refuted | Outcome:
    """A refutation of "limit is in the set", or why there is none.

    Raises ValueError for a limit with a nonzero value outside the support (it is then trivially no
    member, and no limit either).

    >>> from cadlink.patterns.group import Group
    >>> from fractions import Fraction
    >>> group = Group.of([{(0, 0), (0, 1), (1, 0)}])
    >>> refute(group, {(0, 1): Fraction(1), (1, 0): Fraction(1)}).tree
    {'propagation': True}
    >>> refute(group, {(0, 0): Fraction(1), (0, 1): Fraction(1)})
    <Outcome.MEMBER: 'member'>
    """
    found = solve(problem, limit, clock, seed)
    return Outcome.MEMBER if isinstance(found, Member) else found


def solve(
    problem: Problem | Model, limit: Limit, clock: Clock = UNLIMITED, seed: int = 0
) -> Refuted | Member | Outcome:
    """A refutation of "limit is in the set", values of the unknowns that give it, or why there is
    neither: Outcome.STUCK or Outcome.TIME.  As :func:`refute`.

    >>> from cadlink.patterns.group import Group
    >>> from fractions import Fraction
    >>> solve(Group.of([{(0, 0)}]), {(0, 0): Fraction(1, 2)}).values
    {'y_0_0': Fraction(-1, 1), 'x_0_0': Fraction(-1, 2)}
    """
    model = problem if isinstance(problem, Model) else Model.of(problem)
    if model is None:
        return Outcome.STUCK
    cells = _cell_facts(model, limit)
    search = _Search(model.names, random.Random(seed), clock)
    try:
        found = search.solve(_State(list(cells), {}, 0))
    except _Stop as stop:
        if stop.outcome is Outcome.MEMBER:
            return Member(dict(zip(model.names, stop.point, strict=True)))
        return stop.outcome
    tree = write(found, cells)
    return Refuted(tree, _size(tree))


def _size(tree: Mapping[str, Any]) -> int:
    return 1 + (_size(tree["zero"]) + _size(tree["nonzero"]) if "case" in tree else 0)


def _cell_facts(model: Model, limit: Limit) -> list[Fact]:
    """The equations product - limit = 0, multiplied by the limit's denominators."""
    context = flint.fmpz_mpoly_ctx.get(list(model.names), "degrevlex")
    count = len(model.names)
    facts = []
    for cell, value in full_limit(model, limit).items():
        terms: dict[tuple[int, ...], int] = {}
        for path in model.paths[cell]:
            exponents = [0] * count
            for u in path:
                exponents[u] += 1
            terms[tuple(exponents)] = terms.get(tuple(exponents), 0) + value.denominator
        terms[(0,) * count] = -value.numerator
        facts.append(Fact(context.from_dict(terms), True, scale=value.denominator))
    return facts


@dataclass
class _State:
    """The equations left and the known nonzero polynomials (irreducible, by their text)."""

    equations: list[Fact]
    units: dict[str, Fact]
    depth: int
    solved: list[tuple[Poly, int]] = field(default_factory=list)  # equation, unknown eliminated
    clean: set[Fact] = field(default_factory=set)  # equations without unit factors

    def branch(self) -> _State:
        return _State(
            list(self.equations),
            dict(self.units),
            self.depth + 1,
            list(self.solved),
            set(self.clean),
        )


class _Search:
    def __init__(self, names: Sequence[str], rng: random.Random, clock: Clock) -> None:
        self.names = names
        self.rng = rng
        self.clock = clock

    def solve(self, state: _State) -> Refutation:
        """A refutation of the state; _Stop if there is none to be had."""
        while True:
            if self.clock.expired():
                raise _Stop(Outcome.TIME)
            end = _strip(state)
            if end is not None:
                return end
            if _find_units(state):
                continue
            step = self._elimination(state)
            if step is not None:
                end = _eliminate(state, *step)
                if end is not None:
                    return end
                continue
            if not state.equations:
                raise _Stop(*self._point(state))
            poly = self._branching(state)
            if poly is None or state.depth >= _MAX_BRANCHES:
                raise _Stop(Outcome.STUCK)
            return self._split(state, poly)

    def _point(self, state: _State) -> tuple[Outcome, Sequence[Fraction]]:
        """A point of a state without equations."""
        units = [fact.poly for fact in state.units.values()]
        single = [unit.degrees().index(1) for unit in units if str(unit) in self.names]
        for size in range(1, _TRIALS):
            point = [Fraction(self.rng.choice((0, 1, 1, -1, size))) for _ in self.names]
            for v in single:
                point[v] = point[v] or Fraction(1)
            for poly, v in reversed(state.solved):
                point[v] = Fraction(0)
                lead = _value(poly.derivative(v), point)
                if not lead:
                    break
                point[v] = -_value(poly, point) / lead
            else:
                if all(_value(unit, point) for unit in units):
                    return Outcome.MEMBER, point
        return Outcome.STUCK, ()

    def _split(self, state: _State, poly: Poly) -> Refutation:
        equation, inequation = Fact(poly, True), Fact(poly, False)
        generic, special = state.branch(), state.branch()
        generic.units[str(poly)] = inequation
        generic.clean.clear()
        special.equations.append(equation)
        # The generic branch first: a member usually shows there.
        nonzero = self.solve(generic)
        zero = self.solve(special)
        return Branch(equation, inequation, zero, nonzero)

    def _elimination(self, state: _State) -> tuple[Fact, int] | None:
        """The cheapest (equation, unknown) with a nonzero coefficient and degree one."""
        occurs: Counter[int] = Counter()
        degrees = {}
        for fact in state.equations:
            degrees[fact] = fact.poly.degrees()
            for v, degree in enumerate(degrees[fact]):
                if degree:
                    occurs[v] += len(fact.poly)
        best: tuple[int, float] | None = None
        found = None
        for fact in state.equations:
            for v, degree in enumerate(degrees[fact]):
                if degree != 1:
                    continue
                size = len(fact.poly)
                lead = fact.poly.derivative(v)
                cost = (
                    (len(lead) - 1 + size - 1) * (occurs[v] - size) + 3 * (len(lead) - 1),
                    self.rng.random(),
                )
                if (best is None or cost < best) and _as_units(state, lead) is not None:
                    best, found = cost, (fact, v)
        return found

    def _branching(self, state: _State) -> Poly | None:
        """What to branch on: a factor of an equation, or of a leading coefficient."""
        weight: Counter[str] = Counter()
        known: dict[str, Poly] = {}

        def offer(poly: Poly, bonus: int) -> None:
            for factor, _ in poly.factor()[1]:
                key = str(factor)
                if key not in state.units:
                    known[key] = factor
                    weight[key] += bonus

        for fact in state.equations:
            factors = fact.poly.factor()[1]
            if len(factors) > 1:
                for factor, _ in factors:
                    offer(factor, 4)
                continue
            for v, degree in enumerate(fact.poly.degrees()):
                if degree == 1:
                    offer(fact.poly.derivative(v), 1)
                elif degree > 1:
                    offer(_coefficient(fact.poly, v, degree), 1)
        if not known:
            return None
        return known[
            min(
                known,
                key=lambda key: (
                    len(known[key]),
                    known[key].total_degree(),
                    -weight[key],
                    self.rng.random(),
                ),
            )
        ]


def _as_units(state: _State, poly: Poly) -> tuple[Fact, ...] | None:
    """The polynomial as a number times known inequations (with repetition), or None."""
    if poly.is_constant():
        return () if poly else None
    found: list[Fact] = []
    for factor, exponent in poly.factor()[1]:
        unit = state.units.get(str(factor))
        if unit is None:
            return None
        found += [unit] * exponent
    return tuple(found)


def _value(poly: Poly, point: Sequence[Fraction]) -> Fraction:
    total = Fraction(0)
    for exponents, coefficient in poly.to_dict().items():
        term = Fraction(int(coefficient))
        for v, exponent in enumerate(exponents):
            if exponent:
                term *= point[v] ** int(exponent)
        total += term
    return total


def _one(poly: Poly) -> Poly:
    return poly.context().constant(1)


def _strip(state: _State) -> Contradiction | None:
    """Divide known nonzero factors and repeated factors out of the equations."""
    kept: list[Fact] = []
    for fact in state.equations:
        if not fact.poly:
            continue
        if fact in state.clean:
            kept.append(fact)
            continue
        units: list[Fact] = []
        others: list[tuple[Poly, int]] = []
        for factor, exponent in fact.poly.factor()[1]:
            unit = state.units.get(str(factor))
            if unit is not None:
                units += [unit] * exponent
            else:
                others.append((factor, exponent))
        if not others:
            return Contradiction(((fact, _one(fact.poly)),), tuple(units))
        top = max(exponent for _, exponent in others)
        if units or top > 1:
            radical, missing = _one(fact.poly), _one(fact.poly)
            for factor, exponent in others:
                radical *= factor
                missing *= factor ** (top - exponent)
            fact = Fact(radical, True, True, ((fact, missing),), tuple(units), power=top)
        state.clean.add(fact)
        kept.append(fact)
    state.equations = kept
    return None


def _find_units(state: _State) -> bool:
    """Unknowns that divide an equation up to its nonzero constant term are nonzero."""
    fresh = False
    for fact in state.equations:
        table = fact.poly.to_dict()
        constant = table.get((0,) * len(fact.poly.context().names()))
        if not constant:
            continue
        common: set[int] | None = None
        for exponents in table:
            support = {v for v, e in enumerate(exponents) if e}
            if support:
                common = support if common is None else common & support
        for v in sorted(common or ()):
            unknown = fact.poly.context().gen(v)
            if str(unknown) in state.units:
                continue
            # with v = 0: p - v * ((p - d) / v) = d
            own = -((fact.poly - constant) / unknown)
            state.units[str(unknown)] = Fact(
                unknown, False, True, ((fact, _one(fact.poly)),), own=own
            )
            fresh = True
    if fresh:
        state.clean.clear()
    return fresh


def _coefficient(poly: Poly, v: int, degree: int) -> Poly:
    """The coefficient of v^degree, a polynomial in the other unknowns."""
    terms = {}
    for exponents, coefficient in poly.to_dict().items():
        if exponents[v] == degree:
            terms[(*exponents[:v], 0, *exponents[v + 1 :])] = coefficient
    return poly.context().from_dict(terms)


def _reduce(poly: Poly, fact: Fact, v: int, lead: Poly) -> tuple[Poly, Poly, Poly]:
    """(M, r, g) with M * poly = r + g * fact.poly, r without v, M a divisor of a power of lead."""
    context = poly.context()
    scale, quotient = context.constant(1), context.constant(0)
    unknown = context.gen(v)
    while True:
        degree = poly.degrees()[v]
        if degree <= 0:  # -1 for the zero polynomial
            return scale, poly, quotient
        top = _coefficient(poly, v, degree)
        common = top.gcd(lead)
        up, down = lead / common, top / common
        factor = down * unknown ** (degree - 1)
        poly = up * poly - factor * fact.poly
        scale, quotient = scale * up, quotient * up + factor
        if len(poly) > _MAX_TERMS:
            raise _Stop(Outcome.STUCK)


def _eliminate(state: _State, fact: Fact, v: int) -> Contradiction | None:
    """Solve ``fact`` for unknown v and substitute in everything else."""
    lead = fact.poly.derivative(v)
    state.solved.append((fact.poly, v))
    equations = []
    for other in state.equations:
        if other is fact:
            continue
        if not other.poly.degrees()[v]:
            equations.append(other)
            continue
        scale, rest, quotient = _reduce(other.poly, fact, v, lead)
        if rest:
            equations.append(Fact(rest, True, True, ((other, scale), (fact, -quotient))))
    state.equations = equations
    for unit in list(state.units.values()):
        if not unit.poly.degrees()[v]:
            continue
        scale, rest, quotient = _reduce(unit.poly, fact, v, lead)
        # scale * unit = rest + quotient * fact, and the left side is not 0
        left = (*(_as_units(state, scale) or ()), unit)
        if not rest:
            return Contradiction(((fact, quotient),), left)
        for factor, _ in rest.factor()[1]:
            if str(factor) not in state.units:
                state.units[str(factor)] = Fact(
                    factor, False, True, ((fact, quotient),), left, own=rest / factor
                )
                state.clean.clear()
    return None
