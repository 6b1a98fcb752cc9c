"""First-order formulas over the reals with polynomial atoms, independent of any solver.

An atom compares an integer polynomial with 0.  There is no negation: :func:`negate` pushes it into
the atoms at once, so every formula is in negation normal form.  All objects are immutable and
compare by content.  The neighbours: ``polynomial`` (the polynomials), ``simplify`` (equivalent,
shorter formulas; relaxation), ``notation`` (text, JSON, LaTeX, cache keys), ``symbolic`` (sympy),
``encode`` (the questions asked).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import TypeAlias

from cadlink.errors import FormulaError
from cadlink.logic.polynomial import Polynomial, check_name, natural

__all__ = [
    "FALSE",
    "TRUE",
    "And",
    "Atom",
    "Exists",
    "ForAll",
    "Formula",
    "Or",
    "Quantifier",
    "Rel",
    "Truth",
    "all_names",
    "assign",
    "atoms",
    "conj",
    "disj",
    "evaluate",
    "exists",
    "forall",
    "free_variables",
    "implies",
    "is_quantifier_free",
    "negate",
    "prenex",
    "quantify",
    "rename",
]


class Rel(Enum):
    """The relations an atom may state between its polynomial and 0."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="

    @property
    def signs(self) -> frozenset[int]:
        """The signs (-1, 0, 1) that satisfy the relation."""
        return _SIGNS[self]

    @property
    def negated(self) -> Rel:
        """The relation that holds exactly when this one fails."""
        return _BY_SIGNS[_ALL - _SIGNS[self]]

    @classmethod
    def of_signs(cls, signs: frozenset[int]) -> Rel:
        """The relation satisfied by these signs (one or two of -1, 0, 1)."""
        return _BY_SIGNS[signs]

    def holds(self, value: Fraction | int) -> bool:
        """Whether the relation holds between a number and 0."""
        return (value > 0) - (value < 0) in _SIGNS[self]


_ALL = frozenset({-1, 0, 1})
_SIGNS = {
    Rel.EQ: frozenset({0}),
    Rel.NE: frozenset({-1, 1}),
    Rel.LT: frozenset({-1}),
    Rel.LE: frozenset({-1, 0}),
    Rel.GT: frozenset({1}),
    Rel.GE: frozenset({0, 1}),
}
_BY_SIGNS = {signs: rel for rel, signs in _SIGNS.items()}


class Quantifier(Enum):
    """The two quantifiers."""

    EXISTS = "exists"
    FORALL = "forall"

    @property
    def dual(self) -> Quantifier:
        """The other one."""
        return Quantifier.FORALL if self is Quantifier.EXISTS else Quantifier.EXISTS


@dataclass(frozen=True)
class Truth:
    """A constant; use TRUE and FALSE."""

    value: bool


TRUE = Truth(True)
FALSE = Truth(False)


@dataclass(frozen=True)
class Atom:
    """``poly rel 0``."""

    poly: Polynomial
    rel: Rel


@dataclass(frozen=True)
class And:
    """A conjunction; :func:`conj` builds tidy ones.  No argument: true."""

    args: tuple[Formula, ...]


@dataclass(frozen=True)
class Or:
    """A disjunction; :func:`disj` builds tidy ones.  No argument: false."""

    args: tuple[Formula, ...]


@dataclass(frozen=True)
class Exists:
    """Some real values of ``names`` make ``body`` true.  :func:`exists` builds tidy ones."""

    names: tuple[str, ...]
    body: Formula

    def __post_init__(self) -> None:
        _check_names(self.names)


@dataclass(frozen=True)
class ForAll:
    """All real values of ``names`` make ``body`` true.  :func:`forall` builds tidy ones."""

    names: tuple[str, ...]
    body: Formula

    def __post_init__(self) -> None:
        _check_names(self.names)


Formula: TypeAlias = "Truth | Atom | And | Or | Exists | ForAll"


def _check_names(names: tuple[str, ...]) -> None:
    for name in names:
        check_name(name)
    if not names or len(set(names)) < len(names):
        raise FormulaError(
            f"quantified variables {names!r}: expected different names, at least one"
        )


def _collect(formulas: Iterable[Formula], kind: type[And] | type[Or], unit: Truth) -> Formula:
    """Flatten, drop the unit and repetitions, let the other constant win; keep the order."""
    kept: dict[Formula, None] = {}
    stack = list(formulas)[::-1]
    while stack:
        f = stack.pop()
        if isinstance(f, kind):
            stack.extend(f.args[::-1])
        elif isinstance(f, Truth):
            if f != unit:
                return f
        else:
            kept[f] = None
    if not kept:
        return unit
    return next(iter(kept)) if len(kept) == 1 else kind(tuple(kept))


def conj(*formulas: Formula) -> Formula:
    """The conjunction, flattened, without constants and repetitions.

    >>> conj(TRUE, FALSE), conj() == TRUE
    (Truth(value=False), True)
    """
    return _collect(formulas, And, TRUE)


def disj(*formulas: Formula) -> Formula:
    """The disjunction, flattened, without constants and repetitions."""
    return _collect(formulas, Or, FALSE)


def negate(f: Formula) -> Formula:
    """The negation, pushed into the atoms.

    >>> negate(Atom(Polynomial.variable("x"), Rel.LT)).rel
    <Rel.GE: '>='>
    """
    if isinstance(f, Truth):
        return Truth(not f.value)
    if isinstance(f, Atom):
        return Atom(f.poly, f.rel.negated)
    if isinstance(f, And):
        return Or(tuple(negate(g) for g in f.args))
    if isinstance(f, Or):
        return And(tuple(negate(g) for g in f.args))
    if isinstance(f, Exists):
        return ForAll(f.names, negate(f.body))
    return Exists(f.names, negate(f.body))


def implies(premise: Formula, conclusion: Formula) -> Formula:
    """``premise`` implies ``conclusion``."""
    return disj(negate(premise), conclusion)


def quantify(quantifier: Quantifier, names: Iterable[str], f: Formula) -> Formula:
    """Quantify over the ``names`` that are free in f, in that order; the others change nothing.

    Directly nested equal quantifiers become one.
    """
    free = set(free_variables(f))
    used = tuple(name for name in dict.fromkeys(names) if name in free)
    if not used:
        return f
    kind = Exists if quantifier is Quantifier.EXISTS else ForAll
    if isinstance(f, kind):  # a name free in f is not among f.names
        return kind(used + f.names, f.body)
    return kind(used, f)


def exists(names: Iterable[str], f: Formula) -> Formula:
    """``exists names: f``; see :func:`quantify`."""
    return quantify(Quantifier.EXISTS, names, f)


def forall(names: Iterable[str], f: Formula) -> Formula:
    """``for all names: f``; see :func:`quantify`."""
    return quantify(Quantifier.FORALL, names, f)


def _free(f: Formula) -> frozenset[str]:
    found: set[str] = set()
    waiting: list[tuple[Formula, frozenset[str]]] = [(f, frozenset())]
    while waiting:
        g, bound = waiting.pop()
        if isinstance(g, Atom):
            found.update(name for name in g.poly.variables if name not in bound)
        elif isinstance(g, And | Or):
            waiting.extend((part, bound) for part in g.args)
        elif isinstance(g, Exists | ForAll):
            waiting.append((g.body, bound | set(g.names)))
    return frozenset(found)


def free_variables(f: Formula) -> tuple[str, ...]:
    """The variables not bound by a quantifier, in natural order."""
    return tuple(sorted(_free(f), key=natural))


def _nodes(f: Formula) -> Iterator[Formula]:
    """f and every formula in it, from left to right."""
    waiting = [f]
    while waiting:
        g = waiting.pop()
        yield g
        if isinstance(g, And | Or):
            waiting.extend(reversed(g.args))
        elif isinstance(g, Exists | ForAll):
            waiting.append(g.body)


def all_names(f: Formula) -> frozenset[str]:
    """Every name in f, free or bound."""
    found: set[str] = set()
    for g in _nodes(f):
        if isinstance(g, Atom):
            found.update(g.poly.variables)
        elif isinstance(g, Exists | ForAll):
            found.update(g.names)
    return frozenset(found)


def atoms(f: Formula) -> Iterator[Atom]:
    """Every atom of f, from left to right.

    >>> x = Polynomial.variable("x")
    >>> [str(atom.poly) for atom in atoms(conj(Atom(x, Rel.GT), Atom(x - 1, Rel.NE)))]
    ['x', 'x - 1']
    """
    return (g for g in _nodes(f) if isinstance(g, Atom))


def is_quantifier_free(f: Formula) -> bool:
    """Whether no quantifier occurs in f."""
    return not any(isinstance(g, Exists | ForAll) for g in _nodes(f))


def _fresh(name: str, taken: set[str]) -> str:
    number = 1
    while f"{name}_r{number}" in taken:
        number += 1
    return f"{name}_r{number}"


def rename(f: Formula, table: Mapping[str, str]) -> Formula:
    """Free variables renamed, all at once; bound variables step aside when a new name meets them.

    >>> x, y = Polynomial.variable("x"), Polynomial.variable("y")
    >>> rename(exists(["y"], Atom(x - y, Rel.EQ)), {"x": "y"}).names
    ('y_r1',)
    """
    if isinstance(f, Truth):
        return f
    if isinstance(f, Atom):
        return Atom(f.poly.rename(table), f.rel)
    if isinstance(f, And | Or):
        return type(f)(tuple(rename(g, table) for g in f.args))
    free = _free(f)
    inner = {old: new for old, new in table.items() if old in free and old != new}
    incoming = set(inner.values())
    taken = incoming | set(all_names(f))
    names = []
    for name in f.names:
        if name in incoming:
            inner[name] = _fresh(name, taken)
            taken.add(inner[name])
        names.append(inner.get(name, name))
    return type(f)(tuple(names), rename(f.body, inner))


Prefix: TypeAlias = list[tuple[Quantifier, str]]


def _interleave(prefixes: list[Prefix], first: Quantifier) -> tuple[int, Prefix]:
    """Merge prefixes over disjoint variables, equal quantifiers together; count the blocks."""
    positions = [0] * len(prefixes)
    merged: Prefix = []
    blocks, current = 0, first
    while any(p < len(prefix) for p, prefix in zip(positions, prefixes, strict=True)):
        before = len(merged)
        for index, prefix in enumerate(prefixes):
            while positions[index] < len(prefix) and prefix[positions[index]][0] is current:
                merged.append(prefix[positions[index]])
                positions[index] += 1
        blocks += len(merged) > before
        current = current.dual
    return blocks, merged


def prenex(f: Formula) -> tuple[Prefix, Formula]:
    """An equivalent (quantifier prefix, quantifier-free matrix), with few alternations.

    Bound variables whose name is free in f or bound elsewhere are renamed.  Pulling quantifiers out
    in any interleaving is sound because the bound variables are different and the reals not empty.

    >>> x = Polynomial.variable("x")
    >>> f = conj(exists(["x"], Atom(x, Rel.GT)), forall(["x"], Atom(x * x, Rel.GE)))
    >>> [(q.value, name) for q, name in prenex(f)[0]]
    [('exists', 'x'), ('forall', 'x_r1')]
    """
    return _prenex(f, set(_free(f)), set(all_names(f)))


def _prenex(f: Formula, used: set[str], taken: set[str]) -> tuple[Prefix, Formula]:
    """``used``: names that are free or already bound; ``taken``: names a fresh one must avoid."""
    if isinstance(f, Truth | Atom) or is_quantifier_free(f):
        return [], f
    if isinstance(f, And | Or):
        parts = [_prenex(g, used, taken) for g in f.args]
        prefixes = [prefix for prefix, _ in parts]
        matrices = [matrix for _, matrix in parts]
        blocks, merged = _interleave(prefixes, Quantifier.EXISTS)
        other_blocks, other = _interleave(prefixes, Quantifier.FORALL)
        joined = conj(*matrices) if isinstance(f, And) else disj(*matrices)
        return (merged if blocks <= other_blocks else other), joined
    table: dict[str, str] = {}
    for name in f.names:
        if name in used:
            table[name] = _fresh(name, taken)
        taken.add(table.get(name, name))
        used.add(table.get(name, name))
    quantifier = Quantifier.EXISTS if isinstance(f, Exists) else Quantifier.FORALL
    prefix, matrix = _prenex(rename(f.body, table) if table else f.body, used, taken)
    return [(quantifier, table.get(name, name)) for name in f.names] + prefix, matrix


def evaluate(f: Formula, point: Mapping[str, Fraction | int]) -> bool:
    """The exact truth value of a quantifier-free formula at a rational point.

    FormulaError if f has a quantifier or the point misses a variable of f.

    >>> evaluate(Atom(Polynomial.variable("x"), Rel.LE), {"x": Fraction(-1, 2)})
    True
    """
    if isinstance(f, Truth):
        return f.value
    if isinstance(f, Atom):
        return f.rel.holds(f.poly.evaluate(point))
    if isinstance(f, And | Or):
        values = [evaluate(g, point) for g in f.args]  # all of them: errors must not hide
        return all(values) if isinstance(f, And) else any(values)
    raise FormulaError("a formula with a quantifier has no value at a point: expected none")


def assign(f: Formula, values: Mapping[str, Fraction | int]) -> Formula:
    """Rational values put in for free variables; denominators cleared atom by atom."""
    if isinstance(f, Truth):
        return f
    if isinstance(f, Atom):
        return Atom(f.poly.assign(values), f.rel)
    if isinstance(f, And | Or):
        return type(f)(tuple(assign(g, values) for g in f.args))
    inner = {name: value for name, value in values.items() if name not in f.names}
    return type(f)(f.names, assign(f.body, inner))
