"""The questions cadlink asks about a pattern or a group, as first-order formulas over the reals.

The set in question is the image of a polynomial map: X -> X_L ... X_1 for a pattern, X, Y -> the
observed cells of the sum of x_i y_i^T for a group.  Writing P_c(X) for the entry of cell c,

    A is in the set            exists X: A_c = P_c(X) for all c
    A is in its closure        for all eps > 0 exists X: |A - P(X)| < eps
    the set is not closed (S)  exists A in the closure that is not in the set

(Le, Riccietti, Gribonval, NeurIPS 2023, arXiv 2306.02666, write the Euclidean norm squared; on a
finite-dimensional space all norms have the same closures, so the entrywise bound asks the same.)

Variables: ``a_{j}_{k}`` for the matrix, ``x_{l}_{i}_{j}`` for the entries of factor l = 1..L of a
pattern, ``x_{i}_{j}`` and ``y_{i}_{k}`` for those of neuron i of a group, ``eps`` for the distance,
and ``b_{j}_{k}`` for a second matrix.  Cells outside the support are 0 in the set and in its
closure, so they get no variable unless the sentence is wanted ``full``, as the paper writes it.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from cadlink.errors import FormulaError, InputError
from cadlink.logic.formula import (
    FALSE,
    Atom,
    Formula,
    Rel,
    assign,
    conj,
    disj,
    exists,
    forall,
    free_variables,
    implies,
    negate,
    rename,
)
from cadlink.logic.notation import polynomial_from_json
from cadlink.logic.polynomial import Monomial, Polynomial, natural
from cadlink.logic.simplify import relax
from cadlink.patterns.group import Cell, Group
from cadlink.patterns.pattern import Pattern

__all__ = [
    "EPS",
    "MOST_TERMS",
    "NORMS",
    "QUESTIONS",
    "cell_name",
    "cell_names",
    "cells_of",
    "closure",
    "closure_at",
    "columns_served",
    "count_terms",
    "differ",
    "freeness",
    "image",
    "membership",
    "parametrise",
    "question",
    "relaxed_implies",
    "sentence",
    "sentence_of_image",
    "variety_inside",
]

Problem: TypeAlias = Pattern | Group

EPS = "eps"
NORMS = ("max", "euclidean")
QUESTIONS = ("sentence", "image", "free", "member", "closure")
MOST_TERMS = 20_000  # no eliminator comes near this; writing more would only fill the memory

_CELL = re.compile(r"a_([0-9]+)_([0-9]+)", re.ASCII)


def cell_name(cell: Cell) -> str:
    """The variable of a matrix entry.

    >>> cell_name((0, 12))
    'a_0_12'
    """
    return f"a_{cell[0]}_{cell[1]}"


def cells_of(model: Mapping[str, Fraction]) -> dict[Cell, Fraction]:
    """The matrix entries among named values, by cell.

    >>> cells_of({"a_0_12": Fraction(1, 2), "eps": Fraction(1)})
    {(0, 12): Fraction(1, 2)}
    """
    found = {}
    for name, value in model.items():
        match = _CELL.fullmatch(name)
        if match is not None:
            found[int(match[1]), int(match[2])] = Fraction(value)
    return found


def count_terms(problem: Problem) -> int:
    """The number of terms of all P_c together: paths of a pattern, pairs (neuron, cell) of a group.

    Cheap even for large problems; more than MOST_TERMS cannot be encoded.

    >>> count_terms(Group.of([{(0, 0), (0, 1), (1, 0)}]))
    3
    """
    if isinstance(problem, Group):
        return sum(map(len, problem.neurons))
    paths = np.ones(problem.widths[0])
    for mask in problem.layers:
        paths = mask.astype(np.float64) @ paths  # floats: a huge count need not be exact
    return int(min(float(paths.sum()), 1e18))


def parametrise(problem: Problem) -> tuple[tuple[str, ...], dict[Cell, Polynomial]]:
    """The parameters in natural order, and P_c for every cell c of the support (observed cell).

    FormulaError if there would be more than MOST_TERMS terms.

    >>> names, entries = parametrise(Pattern.of(["11/01", "10/11"]))
    >>> names
    ('x_1_0_0', 'x_1_0_1', 'x_1_1_1', 'x_2_0_0', 'x_2_1_0', 'x_2_1_1')
    >>> str(entries[1, 1])
    'x_1_0_1*x_2_1_0 + x_1_1_1*x_2_1_1'
    """
    terms = count_terms(problem)
    if terms > MOST_TERMS:
        raise FormulaError(
            f"a formula of {terms} terms: expected at most {MOST_TERMS}; reduce first"
        )
    monomials = _of_group(problem) if isinstance(problem, Group) else _of_chain(problem)
    entries = {c: Polynomial.of([(m, 1) for m in monomials[c]]) for c in sorted(monomials)}
    names = {name for poly in entries.values() for name in poly.variables}
    return tuple(sorted(names, key=natural)), entries


def _of_group(group: Group) -> dict[Cell, list[Monomial]]:
    return {
        (j, k): [((f"x_{i}_{j}", 1), (f"y_{i}_{k}", 1)) for i in owners]
        for (j, k), owners in group.owners.items()
    }


def _of_chain(pattern: Pattern) -> dict[Cell, list[Monomial]]:
    """One monomial per path, built up mask by mask from the inputs."""
    paths: dict[Cell, list[Monomial]] = {(k, k): [()] for k in range(pattern.widths[0])}
    for number, mask in enumerate(pattern.layers, start=1):
        into: dict[int, list[tuple[int, list[Monomial]]]] = {}
        for (unit, source), monomials in paths.items():
            into.setdefault(unit, []).append((source, monomials))
        paths = {}
        rows, columns = mask.nonzero()
        for i, j in zip(rows.tolist(), columns.tolist(), strict=True):
            for source, monomials in into.get(j, ()):
                longer = [(*monomial, (f"x_{number}_{i}_{j}", 1)) for monomial in monomials]
                paths.setdefault((i, source), []).extend(longer)
    return paths


def cell_names(problem: Problem, full: bool = False) -> tuple[str, ...]:
    """The variables of the support's (observed) cells, by row and column; with ``full``, all cells.

    >>> cell_names(Pattern.of(["10/01"]))
    ('a_0_0', 'a_1_1')
    """
    return tuple(map(cell_name, _cells(problem, full)))


def _cells(problem: Problem, full: bool) -> list[Cell]:
    if isinstance(problem, Group):
        if full:
            raise InputError(
                "the full sentence of a group: expected a pattern; leave out full=True"
            )
        return sorted(problem.cells)
    if full:
        size = problem.widths[-1] * problem.widths[0]
        if size > MOST_TERMS:
            raise FormulaError(f"a matrix of {size} entries: expected at most {MOST_TERMS}")
        return [(j, k) for j in range(problem.widths[-1]) for k in range(problem.widths[0])]
    rows, columns = problem.support().nonzero()
    return sorted(zip(rows.tolist(), columns.tolist(), strict=True))


def _differences(
    problem: Problem, full: bool = False
) -> tuple[tuple[str, ...], dict[Cell, Polynomial]]:
    """The parameters, and A_c - P_c for every cell."""
    names, entries = parametrise(problem)
    zero = Polynomial.constant(0)
    return names, {
        c: Polynomial.variable(cell_name(c)) - entries.get(c, zero) for c in _cells(problem, full)
    }


def _near(differences: Iterable[Polynomial], norm: str) -> Formula:
    """|differences| < eps in the maximum norm, or the sum of their squares < eps."""
    eps = Polynomial.variable(EPS)
    if norm == "max":
        return conj(
            *(f for d in differences for f in (Atom(d - eps, Rel.LT), Atom(d + eps, Rel.GT)))
        )
    if norm != "euclidean":
        raise InputError(f"norm {norm!r}: expected one of {', '.join(NORMS)}")
    parts = list(differences)
    if sum(len(d.terms) ** 2 for d in parts) > MOST_TERMS:
        raise FormulaError("the squared Euclidean distance has too many terms: use the norm 'max'")
    squares = [term for d in parts for term in (d * d).terms]
    return Atom(Polynomial.of([*squares, *(-eps).terms]), Rel.LT)


def _for_all_eps(f: Formula) -> Formula:
    return forall([EPS], disj(Atom(Polynomial.variable(EPS), Rel.LE), f))


def image(problem: Problem) -> Formula:
    """``exists X: A = P(X)``; free variables: the cells of the support.

    >>> from cadlink.logic.notation import to_text
    >>> to_text(image(Group.of([{(0, 0)}])))
    'exists x_0_0, y_0_0: a_0_0 - x_0_0*y_0_0 = 0'
    """
    names, differences = _differences(problem)
    return exists(names, conj(*(Atom(d, Rel.EQ) for d in differences.values())))


def closure(problem: Problem, norm: str, full: bool = False) -> Formula:
    """``for all eps > 0 exists X: |A - P(X)| < eps``; free variables: the cells."""
    names, differences = _differences(problem, full)
    return _for_all_eps(exists(names, _near(differences.values(), norm)))


def _at(problem: Problem, f: Formula, limit: Mapping[Cell, Fraction]) -> Formula:
    """f with the limit's entries put in (those not listed are 0), denominators cleared."""
    cells = set(_cells(problem, full=False))
    if any(value and cell not in cells for cell, value in limit.items()):
        return FALSE  # not 0 where every matrix of the set is
    return assign(f, {cell_name(cell): limit.get(cell, Fraction(0)) for cell in cells})


def membership(problem: Problem, limit: Mapping[Cell, Fraction]) -> Formula:
    """The sentence "this matrix is in the set"; cells that are not listed are 0.

    >>> from cadlink.logic.notation import to_text
    >>> to_text(membership(Group.of([{(0, 0)}]), {(0, 0): Fraction(1, 2)}))
    'exists x_0_0, y_0_0: -2*x_0_0*y_0_0 + 1 = 0'
    """
    return _at(problem, image(problem), limit)


def closure_at(problem: Problem, limit: Mapping[Cell, Fraction], norm: str = "max") -> Formula:
    """The sentence "this matrix is in the closure of the set"; cells that are not listed are 0."""
    return _at(problem, closure(problem, norm), limit)


def freeness(problem: Problem) -> Formula:
    """The sentence "every matrix on the support is in the set"."""
    return forall(cell_names(problem), image(problem))


def question(
    problem: Problem,
    what: str,
    at: Mapping[Cell, Fraction] | None = None,
    norm: str = "euclidean",
) -> Formula:
    """One of QUESTIONS as a formula.

    "sentence": the set is not closed; "image": A is in the set, its cells being free variables;
    "free": every matrix on the support is in the set; "member": the matrix ``at`` is in the set;
    "closure": A, or the matrix ``at``, is in the closure.  Raises InputError for another question,
    a matrix that is missing or has no place, an unknown norm; FormulaError beyond MOST_TERMS.

    >>> from cadlink.logic.notation import to_text
    >>> to_text(question(Pattern.of(["1", "1"]), "member", {(0, 0): Fraction(2)}))
    'exists x_1_0_0, x_2_0_0: -x_1_0_0*x_2_0_0 + 2 = 0'
    """
    if what not in QUESTIONS:
        raise InputError(f"question {what!r}: expected one of {', '.join(QUESTIONS)}")
    if what == "member":
        if at is None:
            raise InputError("member: expected a matrix; without one, ask for the image")
        return membership(problem, at)
    if what == "closure":
        return closure(problem, norm) if at is None else closure_at(problem, at, norm)
    if at is not None:
        raise InputError(f"{what} is not about one matrix; member and closure are")
    if what == "sentence":
        return sentence(problem, norm)
    return image(problem) if what == "image" else freeness(problem)


def columns_served(group: Group) -> tuple[tuple[int, ...], Formula]:
    """The hard columns of a group, and a sentence that implies "every matrix is in the set".

    Column k of A asks for y with M_k y = A[rows, k], where M_k(j, i) = x_i(j) on the observed
    pairs. If M_k has full row rank for the chosen X, the column is solved whatever A is.  Columns
    whose M_k has a maximal minor that is not the zero polynomial are *easy*.  The sentence says:
    for all values in the hard columns there are X and y that make them and for which every easy M_k
    has a nonzero maximal minor.  Its truth implies freeness; its falsehood says nothing.  It has
    far fewer universal variables than :func:`freeness`.  FormulaError beyond MOST_TERMS.

    >>> from cadlink.logic.notation import to_text
    >>> hard, f = columns_served(Group.of([{(0, 0), (0, 1), (1, 1)}, {(1, 0), (1, 1)}]))
    >>> hard, to_text(f)
    ((), 'exists x_0_0, x_1_1: x_0_0*x_1_1 != 0')
    """
    hard: list[int] = []
    parts: list[Formula] = []
    for k in group.cols:
        minors = _maximal_minors(group, k)
        if minors:
            parts.append(disj(*(Atom(minor, Rel.NE) for minor in minors)))
        else:
            hard.append(k)
    names, differences = _differences(group)
    chosen = {c: d for c, d in differences.items() if c[1] in hard}
    parts += [Atom(d, Rel.EQ) for d in chosen.values()]
    body = exists(names, conj(*parts))
    return tuple(hard), forall([cell_name(c) for c in chosen], body)


def _maximal_minors(group: Group, k: int) -> list[Polynomial]:
    """The maximal minors of M_k that are not the zero polynomial."""
    rows = [j for j in group.rows if (j, k) in group.cells]
    around = sorted({i for j in rows for i in group.owners[j, k]})
    terms = math.comb(len(around), len(rows)) * math.factorial(len(rows))
    if terms > MOST_TERMS:
        raise FormulaError(f"minors of {terms} terms: expected at most {MOST_TERMS}")
    minors = []
    for chosen in itertools.combinations(around, len(rows)):
        found: dict[Monomial, int] = {}
        for order in itertools.permutations(range(len(rows))):
            picked = [chosen[place] for place in order]
            if all((j, k) in group.neurons[i] for j, i in zip(rows, picked, strict=True)):
                turns = sum(order[a] > order[b] for b in range(len(order)) for a in range(b))
                monomial = tuple((f"x_{i}_{j}", 1) for j, i in zip(rows, picked, strict=True))
                found[monomial] = -1 if turns % 2 else 1
        if found:
            minors.append(Polynomial.of(found))
    return minors


def sentence(problem: Problem, norm: str = "euclidean", full: bool = False) -> Formula:
    """The sentence (S), "the set is not closed"; ``full``: with a variable for every cell.

    Raises InputError for an unknown norm, or for ``full`` with a group (it has no other cells).

    >>> from cadlink.logic.notation import to_text
    >>> to_text(sentence(Group.of([{(0, 0)}]), norm="max"))[:56]
    'exists a_0_0: ((for all eps: (eps <= 0 or (exists x_0_0,'
    """
    names, differences = _differences(problem, full)
    outside = forall(names, disj(*(Atom(d, Rel.NE) for d in differences.values())))
    return exists(cell_names(problem, full), conj(closure(problem, norm, full), outside))


def sentence_of_image(phi: Formula, norm: str = "max") -> Formula:
    """The sentence "the set {A : phi(A)} is not closed", for a formula phi in matrix entries.

    It is (S) with the parameters eliminated already: exists A with not phi(A), and for all eps > 0
    some B with phi(B) and |A - B| < eps.  Cells that phi does not mention need no variable: the set
    is a product with a whole line in their direction.

    >>> from cadlink.logic.notation import to_text
    >>> to_text(sentence_of_image(Atom(Polynomial.variable("a_0_0"), Rel.GT)))[:40]
    'exists a_0_0: (a_0_0 <= 0 and (for all e'
    """
    names = _matrix_names(phi)
    table = {name: "b" + name[1:] for name in names}
    differences = [Polynomial.variable(a) - Polynomial.variable(b) for a, b in table.items()]
    close = conj(rename(phi, table), _near(differences, norm))
    return exists(names, conj(negate(phi), _for_all_eps(exists(table.values(), close))))


def variety_inside(problem: Problem, polynomials: Iterable[Polynomial | Sequence[Any]]) -> Formula:
    """The sentence "every common real zero of these polynomials is in the set".

    The polynomials are in the variables of the support's cells, as objects or as POLY of the
    certificate schema; FormulaError if one has another variable.
    """
    names = cell_names(problem)
    zeros = []
    for index, given in enumerate(polynomials):
        poly = given if isinstance(given, Polynomial) else polynomial_from_json(given)
        stray = sorted(set(poly.variables) - set(names))
        if stray:
            raise FormulaError(f"polynomial {index}: {stray[0]} is not a cell of the support")
        zeros.append(Atom(poly, Rel.EQ))
    return forall(names, implies(conj(*zeros), image(problem)))


def relaxed_implies(phi: Formula) -> Formula:
    """The sentence "every solution of the relaxed phi solves phi": then {A : phi(A)} is closed.

    FormulaError if phi has quantifiers or a variable that is no matrix entry.
    """
    return forall(_matrix_names(phi), implies(relax(phi), phi))


def differ(f: Formula, g: Formula, names: Iterable[str]) -> Formula:
    """The sentence "some values of ``names`` satisfy one of f, g but not the other".

    FormulaError if f or g has another free variable.
    """
    chosen = tuple(names)
    either = disj(conj(f, negate(g)), conj(g, negate(f)))
    free = free_variables(f) + free_variables(g)
    stray = [name for name in free if name not in chosen]
    if stray:
        raise FormulaError(f"formulas to compare: {stray[0]} is not among the variables given")
    return exists(chosen, either)


def _matrix_names(phi: Formula) -> tuple[str, ...]:
    names = free_variables(phi)
    for name in names:
        if _CELL.fullmatch(name) is None:
            raise FormulaError(f"variable {name}: expected matrix entries a_j_k only")
    return names
