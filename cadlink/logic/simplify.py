"""Equivalent formulas that are shorter and easier to read, and relaxations to closed conditions.

Three facts do the work; f, g stand for formulas, p for a polynomial.

*Signs.*  An atom on p says that the sign of p lies in a subset of {-, 0, +}.  On one polynomial,
"and" is the intersection of these subsets, "or" their union; the empty subset is false, the full
one true.  To make equal polynomials meet, content is divided out and the leading coefficient made
positive.  Likewise (p in S or f) and (p in T or f) is (p in S and T) or f.

*Factors.*  sign(p) is the product of the signs of its factors: with p = c * o * e^2, o squarefree,
p > 0 means c o > 0 and e != 0, p >= 0 means c o >= 0 or e = 0, and p = 0 means o e = 0.  A factor
of known sign can be divided out (one only known to be nonzero: from "=" and "!=").

*Context.*  f and g is equivalent to f and g' whenever g, g' agree where f holds.  So what the atoms
of a conjunction say is used in the rest of it; "or" is treated through its negation.

Every step is an equivalence over the reals at every point (tested at random points and at zeros).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from cadlink.errors import FormulaError
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    And,
    Atom,
    Exists,
    ForAll,
    Formula,
    Or,
    Quantifier,
    Rel,
    Truth,
    conj,
    disj,
    negate,
    quantify,
)
from cadlink.logic.polynomial import Polynomial

__all__ = ["relax", "simplify"]

Signs: TypeAlias = frozenset[int]
Known: TypeAlias = Mapping[Polynomial, Signs]

ANY: Signs = frozenset({-1, 0, 1})
ZERO: Signs = frozenset({0})
NONZERO: Signs = frozenset({-1, 1})

# Factoring is worth its time on the formulas people read, not on a sum of squares of a big product.
MOST_TERMS = 60
MOST_ROUNDS = 8
MOST_ARGUMENTS = 300  # absorption compares all pairs


def simplify(f: Formula, assuming: Formula = TRUE) -> Formula:
    """An equivalent formula, usually shorter; quantifiers stay where they are.

    With ``assuming``, a formula that agrees with f wherever that one holds.

    >>> x, y = Polynomial.variable("x"), Polynomial.variable("y")
    >>> from cadlink.logic.notation import to_text
    >>> to_text(simplify(disj(Atom(2 * x - 2 * y, Rel.LT), Atom(y - x, Rel.EQ))))
    'x - y <= 0'
    >>> to_text(simplify(conj(Atom(x, Rel.GT), Atom(x**3 * y, Rel.LE))))
    'x > 0 and y <= 0'
    >>> to_text(simplify(Atom(x * y, Rel.GT), assuming=Atom(x, Rel.GT)))
    'y > 0'
    """
    work = _Simplifier()
    sure = set() if assuming == TRUE else set(_parts(simplify(assuming)))
    known = {g.poly: g.rel.signs for g in sure if isinstance(g, Atom)}
    for _ in range(MOST_ROUNDS):
        f = conj(*(g for g in _parts(f) if g not in sure)) if sure else f
        shorter = work.formula(f, known)
        if shorter == f:
            break
        f = shorter
    return f


def _parts(f: Formula) -> tuple[Formula, ...]:
    """The conjuncts."""
    return f.args if isinstance(f, And) else (f,)


class _Simplifier:
    """Remembers factorisations while one formula is being simplified."""

    def __init__(self) -> None:
        self._factors: dict[Polynomial, tuple[tuple[Polynomial, int], ...]] = {}

    def formula(self, f: Formula, known: Known) -> Formula:
        """A formula equivalent to f wherever the signs in ``known`` are right."""
        if isinstance(f, Truth):
            return f
        if isinstance(f, Exists | ForAll):
            outside = {
                p: signs for p, signs in known.items() if not set(p.variables) & set(f.names)
            }
            quantifier = Quantifier.EXISTS if isinstance(f, Exists) else Quantifier.FORALL
            return quantify(quantifier, f.names, self.formula(f.body, outside))
        if isinstance(f, Or):
            return negate(self._conjunction([negate(g) for g in f.args], known))
        if isinstance(f, And):
            return self._conjunction(f.args, known)
        return self._conjunction([f], known)

    def _conjunction(self, args: Iterable[Formula], known: Known) -> Formula:
        """The conjunction under ``known``: its atoms first, then the rest in their context."""
        here: dict[Polynomial, Signs] = {}  # what the atoms of this conjunction add to ``known``
        context = dict(known)
        rest: dict[Formula, None] = {}
        waiting = conj(*args)
        while waiting != TRUE:
            if waiting == FALSE:
                return FALSE
            parts = waiting.args if isinstance(waiting, And) else (waiting,)
            rest.update((f, None) for f in parts if not isinstance(f, Atom))
            split: list[Formula] = []  # conjunctions that atoms turned into
            for atom in sorted((f for f in parts if isinstance(f, Atom)), key=_simple_first):
                f = self._atom(atom, context)
                if not isinstance(f, Atom):
                    split.append(f)
                    continue
                signs = context.get(f.poly, ANY) & f.rel.signs
                if not signs:
                    return FALSE
                if signs != context.get(f.poly, ANY):
                    here[f.poly] = context[f.poly] = signs
            waiting = conj(*split)
        changed = [self.formula(f, context) for f in rest]
        atoms = [Atom(p, Rel.of_signs(signs)) for p, signs in here.items()]
        return conj(*atoms, *_without_supersets(_merged(changed)))

    def _atom(self, atom: Atom, known: Known) -> Formula:
        """The atom as a condition on one primitive polynomial, or split into simpler ones."""
        poly, signs = atom.poly, atom.rel.signs
        if poly.is_constant:
            return Truth(atom.rel.holds(poly.constant_value))
        c, poly = poly.primitive()
        if c < 0:
            signs = frozenset(-s for s in signs)
        odd, even = self._split(poly)
        # Factors of known sign are divided out.
        left: list[Polynomial] = []
        for factor, is_odd in [(p, True) for p in odd] + [(p, False) for p in even]:
            sure = known.get(factor, ANY) & _obvious_signs(factor)
            if sure == ZERO:
                return Truth(0 in signs)
            if len(sure) == 1:
                if is_odd and -1 in sure:
                    signs = frozenset(-s for s in signs)
            elif 0 not in sure and (not is_odd or signs in (ZERO, NONZERO)):
                pass
            else:
                left.append(factor)
        odd = [p for p in odd if p in left]
        even = [p for p in even if p in left]
        if signs in (ZERO, NONZERO):
            # p = 0 as one atom, p != 0 as a conjunction: "or" sees it through its negation.
            factors = odd + even
            if not factors:
                return Truth(0 not in signs)
            if signs == NONZERO:
                return conj(*(Atom(p, Rel.NE) for p in factors))
            return Atom(_product(factors), Rel.EQ)
        # An inequality: sign(odd part), but 0 where an even factor vanishes.
        sign_of_odd = self._inequality(odd, signs)
        if not even:
            return sign_of_odd
        if 0 in signs:
            return disj(sign_of_odd, *(Atom(p, Rel.EQ) for p in even))
        return conj(sign_of_odd, *(Atom(p, Rel.NE) for p in even))

    @staticmethod
    def _inequality(odd: list[Polynomial], signs: Signs) -> Formula:
        if not odd:
            return Truth(1 in signs)
        poly = _product(odd)
        signs = signs & _obvious_signs(poly)
        if not signs:
            return FALSE
        if signs == _obvious_signs(poly):
            return TRUE
        return Atom(poly, Rel.of_signs(signs))

    def _split(self, poly: Polynomial) -> tuple[list[Polynomial], list[Polynomial]]:
        """The irreducible factors of odd and of even multiplicity (a big polynomial: itself)."""
        if poly not in self._factors:
            parts: tuple[tuple[Polynomial, int], ...] = ((poly, 1),)
            if len(poly.terms) <= MOST_TERMS:
                # The constant is +-1 for a primitive polynomial, and +1 since all leading
                # coefficients are positive and the order is multiplicative.
                parts = poly.factors()[1]
            self._factors[poly] = parts
        parts = self._factors[poly]
        return [p for p, e in parts if e % 2], [p for p, e in parts if e % 2 == 0]


def _product(factors: Iterable[Polynomial]) -> Polynomial:
    product = Polynomial.constant(1)
    for p in factors:
        product = product * p
    return product


def _obvious_signs(poly: Polynomial) -> Signs:
    """The signs left by a look at the coefficients: sums of squares are not negative."""
    if any(e % 2 for monomial, _ in poly.terms for _, e in monomial):
        return ANY
    constant = sum(c for monomial, c in poly.terms if not monomial)
    for sign in (1, -1):
        if all(c * sign > 0 for _, c in poly.terms):
            return frozenset({sign}) if constant else frozenset({0, sign})
    return ANY


def _simple_first(atom: Atom) -> tuple[int, int, str, str]:
    """Sort key: simple atoms give the context for the others; then anything deterministic."""
    return atom.poly.total_degree, len(atom.poly.terms), str(atom.poly), atom.rel.value


def _merged(formulas: list[Formula]) -> list[Formula]:
    """(p in S or f) and (p in T or f) made one, as often as possible."""
    waiting = list(formulas)
    while (pair := _mergeable(waiting)) is not None:
        one, other, joined = pair
        waiting = [joined, *(f for f in waiting if f not in (one, other))]
    return waiting


def _mergeable(formulas: list[Formula]) -> tuple[Formula, Formula, Formula] | None:
    """Two disjunctions that differ in one atom only, on the same polynomial; and their merger."""
    seen: dict[tuple[frozenset[Formula], Polynomial], tuple[Formula, Signs]] = {}
    for f in formulas:
        if not isinstance(f, Or) or len(f.args) > MOST_ARGUMENTS:
            continue
        for atom in f.args:
            if not isinstance(atom, Atom):
                continue
            key = frozenset(f.args) - {atom}, atom.poly
            if key in seen:
                twin, signs = seen[key]
                both = signs & atom.rel.signs
                rest = [g for g in f.args if g != atom]
                joined = disj(*rest, *([Atom(atom.poly, Rel.of_signs(both))] if both else []))
                return f, twin, joined
            seen[key] = f, atom.rel.signs
    return None


def _without_supersets(formulas: list[Formula]) -> list[Formula]:
    """Absorption in a conjunction: (f or g) makes (f or g or h) superfluous."""
    if len(formulas) > MOST_ARGUMENTS:
        return formulas
    parts = [frozenset(f.args) if isinstance(f, Or) else frozenset({f}) for f in formulas]
    return [
        f
        for i, f in enumerate(formulas)
        if not any(
            parts[k] < parts[i] or (k < i and parts[k] == parts[i]) for k in range(len(parts))
        )
    ]


_CELL = re.compile(r"a_[0-9]+_[0-9]+", re.ASCII)
_CLOSED = {Rel.LT: Rel.LE, Rel.GT: Rel.GE}


def relax(f: Formula) -> Formula:
    """A formula of a closed set containing that of f: < and > become <= and >=, != becomes true.

    Closed, because finite unions and intersections of the closed sets {p = 0}, {p <= 0}, {p >= 0}
    are closed; containing, because and/or are monotone and there is no negation.  FormulaError if f
    has a quantifier, or a variable that is not a matrix entry a_{j}_{k}.

    >>> a = Polynomial.variable("a_0_0")
    >>> relax(conj(Atom(a, Rel.GT), Atom(a - 1, Rel.NE))) == Atom(a, Rel.GE)
    True
    """
    if isinstance(f, Truth):
        return f
    if isinstance(f, Atom):
        for name in f.poly.variables:
            if _CELL.fullmatch(name) is None:
                raise FormulaError(f"variable {name}: a formula to relax has matrix entries only")
        return TRUE if f.rel is Rel.NE else Atom(f.poly, _CLOSED.get(f.rel, f.rel))
    if isinstance(f, And):
        return conj(*map(relax, f.args))
    if isinstance(f, Or):
        return disj(*map(relax, f.args))
    raise FormulaError("a formula to relax has no quantifiers: eliminate them first")
