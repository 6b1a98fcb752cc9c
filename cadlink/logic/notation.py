"""Formulas as text: for people, for LaTeX, for cache keys, and as the JSON of certificates.

The JSON shapes are FORMULA and POLY of ``certificates/SCHEMA.md``.  Reading is strict, because
files come from strangers: every deviation is a FormulaError that says where, and sizes are limited.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from math import lcm
from typing import Any

from cadlink.errors import FormulaError
from cadlink.logic.formula import And, Atom, Exists, ForAll, Formula, Or, Rel, Truth, conj, disj
from cadlink.logic.polynomial import Monomial, Polynomial, check_name

__all__ = [
    "from_json",
    "normal_form",
    "polynomial_from_json",
    "polynomial_to_json",
    "to_json",
    "to_latex",
    "to_text",
]

MAX_DEPTH = 100  # of nested and/or
MAX_EXPONENT = 1000

# At most 4000 digits: more is no honest coefficient, and Python refuses to convert it.
_RATIONAL = re.compile(r"-?[0-9]{1,4000}(/[0-9]{1,4000})?", re.ASCII)


def to_text(f: Formula) -> str:
    """One line for people.

    >>> x, y = Polynomial.variable("x"), Polynomial.variable("y")
    >>> to_text(Exists(("y",), And((Atom(x * y - 1, Rel.EQ), Atom(y, Rel.NE)))))
    'exists y: (x*y - 1 = 0 and y != 0)'
    """
    if isinstance(f, Truth):
        return "true" if f.value else "false"
    if isinstance(f, Atom):
        return f"{f.poly} {f.rel.value} 0"
    if isinstance(f, And | Or):
        if not f.args:
            return "true" if isinstance(f, And) else "false"
        word = " and " if isinstance(f, And) else " or "
        return word.join(_wrapped(g, to_text(g)) for g in f.args)
    word = "exists" if isinstance(f, Exists) else "for all"
    return f"{word} {', '.join(f.names)}: {_wrapped(f.body, to_text(f.body))}"


def _wrapped(f: Formula, text: str) -> str:
    return text if isinstance(f, Truth | Atom) else f"({text})"


def to_latex(f: Formula) -> str:
    r"""LaTeX in math mode; the parts of a name after underscores become its indices.

    >>> a = Polynomial.variable("a_0_12")
    >>> to_latex(Exists(("a_0_12",), Atom(a**2 - 2, Rel.LE)))
    '\\exists a_{0,12} :\\ a_{0,12}^{2} - 2 \\le 0'
    """
    if isinstance(f, Truth):
        return r"\top" if f.value else r"\bot"
    if isinstance(f, Atom):
        return f"{_latex_polynomial(f.poly)} {_LATEX[f.rel]} 0"
    if isinstance(f, And | Or):
        if not f.args:
            return r"\top" if isinstance(f, And) else r"\bot"
        word = r" \land " if isinstance(f, And) else r" \lor "
        return word.join(_latex_wrapped(g) for g in f.args)
    word = r"\exists" if isinstance(f, Exists) else r"\forall"
    names = ", ".join(map(_latex_name, f.names))
    return rf"{word} {names} :\ {_latex_wrapped(f.body)}"


_LATEX = {
    Rel.EQ: "=",
    Rel.NE: r"\ne",
    Rel.LT: "<",
    Rel.LE: r"\le",
    Rel.GT: ">",
    Rel.GE: r"\ge",
}


def _latex_wrapped(f: Formula) -> str:
    return to_latex(f) if isinstance(f, Truth | Atom) else rf"\left({to_latex(f)}\right)"


def _latex_name(name: str) -> str:
    head, *indices = [part for part in name.split("_") if part]
    head = head if len(head) == 1 else rf"\mathrm{{{head}}}"
    return f"{head}_{{{','.join(indices)}}}" if indices else head


def _latex_polynomial(poly: Polynomial) -> str:
    if not poly.terms:
        return "0"
    text = ""
    for monomial, coefficient in poly.terms:
        powers = [_latex_name(n) + (f"^{{{e}}}" if e > 1 else "") for n, e in monomial]
        if abs(coefficient) != 1 or not powers:
            powers.insert(0, str(abs(coefficient)))
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} " if text else sign.strip("+")
        text += " ".join(powers)
    return text


def normal_form(f: Formula) -> str:
    """Text that determines f up to the order of the arguments of and/or: the key of the cache.

    Nothing else is identified: not the names of bound variables, not the order in a quantifier.

    >>> x = Atom(Polynomial.variable("x"), Rel.GT)
    >>> y = Atom(Polynomial.variable("y"), Rel.EQ)
    >>> normal_form(And((x, y))), normal_form(And((x, y))) == normal_form(And((y, x)))
    ('(and (= y) (> x))', True)
    """
    if isinstance(f, Truth):
        return "(true)" if f.value else "(false)"
    if isinstance(f, Atom):
        return f"({f.rel.value} {f.poly})"
    if isinstance(f, And | Or):
        word = "and" if isinstance(f, And) else "or"
        return f"({' '.join([word, *sorted(map(normal_form, f.args))])})"
    word = "exists" if isinstance(f, Exists) else "forall"
    return f"({word} ({' '.join(f.names)}) {normal_form(f.body)})"


def polynomial_to_json(poly: Polynomial) -> list[Any]:
    """POLY of the schema: [[coefficient, [[name, exponent], ...]], ...], leading term first.

    >>> polynomial_to_json(Polynomial.variable("x") ** 2 - 1)
    [[1, [['x', 2]]], [-1, []]]
    """
    return [[c, [[name, e] for name, e in monomial]] for monomial, c in poly.terms]


def polynomial_from_json(value: object, where: str = "polynomial") -> Polynomial:
    """A POLY times the least positive integer that clears its denominators (same signs and zeros).

    Raises FormulaError naming the place: not a list of terms, a coefficient that is neither an
    integer nor a text "p/q", an ill-formed name, a repeated name, an exponent outside 1..1000.

    >>> str(polynomial_from_json([["1/2", [["x", 1]]], ["-1/3", []]]))
    '3*x - 2'
    """
    merged: dict[Monomial, Fraction] = {}
    for index, term in enumerate(_list(value, where)):
        place = f"{where}[{index}]"
        if len(_list(term, place)) != 2:
            raise FormulaError(f"{place}: expected [coefficient, [[name, exponent], ...]]")
        powers: dict[str, int] = {}
        for power in _list(term[1], f"{place}[1]"):
            if len(_list(power, f"{place}[1]")) != 2:
                raise FormulaError(f"{place}[1]: expected pairs [name, exponent]")
            name, exponent = check_name(power[0]), power[1]
            if name in powers:
                raise FormulaError(f"{place}: the variable {name} occurs twice in one monomial")
            if type(exponent) is not int or not 1 <= exponent <= MAX_EXPONENT:
                raise FormulaError(f"{place}: expected an exponent from 1 to {MAX_EXPONENT}")
            powers[name] = exponent
        monomial = tuple(sorted(powers.items()))
        coefficient = _rational(term[0], f"{place}[0]")
        merged[monomial] = merged.get(monomial, Fraction(0)) + coefficient
    scale = lcm(*(c.denominator for c in merged.values()))
    return Polynomial.of({m: int(c * scale) for m, c in merged.items()})


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise FormulaError(f"{where}: expected a list, found {type(value).__name__}")
    return value


def _rational(value: object, where: str) -> Fraction:
    if type(value) is int:
        return Fraction(value)
    if isinstance(value, str) and _RATIONAL.fullmatch(value):
        numerator, _, denominator = value.partition("/")
        if not denominator or int(denominator):
            return Fraction(int(numerator), int(denominator or 1))
    raise FormulaError(f'{where}: expected an integer or a text "p/q", found {value!r:.40}')


def to_json(f: Formula) -> Any:
    """FORMULA of the schema; a quantifier, which certificates never hold, as [word, names, body].

    >>> to_json(Exists(("a_0_0",), Atom(Polynomial.variable("a_0_0"), Rel.GE)))
    ['exists', ['a_0_0'], ['>=', [[1, [['a_0_0', 1]]]]]]
    """
    if isinstance(f, Truth):
        return f.value
    if isinstance(f, Atom):
        return [f.rel.value, polynomial_to_json(f.poly)]
    if isinstance(f, And | Or):
        return ["and" if isinstance(f, And) else "or", *map(to_json, f.args)]
    word = "exists" if isinstance(f, Exists) else "forall"
    return [word, list(f.names), to_json(f.body)]


def from_json(value: object, where: str = "formula") -> Formula:
    """The formula that ``to_json`` writes; denominators are cleared atom by atom.

    Raises FormulaError naming the place for anything the schema does not allow.

    >>> from_json(["and", True, [">", [["2/3", [["a_0_0", 1]]]]]]) == from_json(
    ...     [">", [[2, [["a_0_0", 1]]]]]
    ... )
    True
    """
    return _from_json(value, where, MAX_DEPTH)


def _from_json(value: object, where: str, depth: int) -> Formula:
    if isinstance(value, bool):
        return Truth(value)
    if depth == 0:
        raise FormulaError(f"{where:.80}: nested deeper than {MAX_DEPTH} levels")
    items = _list(value, where)
    head = items[0] if items else None
    if head in ("and", "or") and isinstance(head, str):
        args = [_from_json(g, f"{where}[{i}]", depth - 1) for i, g in enumerate(items[1:], 1)]
        return conj(*args) if head == "and" else disj(*args)
    if head in ("exists", "forall") and isinstance(head, str) and len(items) == 3:
        names = tuple(map(check_name, _list(items[1], f"{where}[1]")))
        body = _from_json(items[2], f"{where}[2]", depth - 1)
        return Exists(names, body) if head == "exists" else ForAll(names, body)
    if isinstance(head, str) and head in _RELATIONS and len(items) == 2:
        return Atom(polynomial_from_json(items[1], f"{where}[1]"), _RELATIONS[head])
    raise FormulaError(
        f'{where}: expected true, false, ["and", ...], ["or", ...], [relation, polynomial],'
        ' ["exists", names, formula] or ["forall", names, formula]'
    )


_RELATIONS: Mapping[str, Rel] = {rel.value: rel for rel in Rel}
