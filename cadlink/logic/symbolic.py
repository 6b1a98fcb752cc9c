"""The border to sympy: users' conditions in, formulas for further symbolic work out.

Sympy is imported only when one of these functions runs.
"""

from __future__ import annotations

from typing import Any

from cadlink.errors import FormulaError
from cadlink.logic.formula import And, Atom, Formula, Or, Rel, Truth, conj, disj, negate
from cadlink.logic.polynomial import Monomial, Polynomial, check_name

__all__ = ["from_sympy", "to_sympy"]


def to_sympy(f: Formula) -> Any:
    """A sympy Boolean over real symbols; FormulaError if f has a quantifier (sympy has none).

    >>> to_sympy(Atom(Polynomial.variable("x") ** 2 - 2, Rel.GE))
    x**2 - 2 >= 0
    """
    import sympy

    if isinstance(f, Truth):
        return sympy.true if f.value else sympy.false
    if isinstance(f, Atom):
        total = sympy.Integer(0)
        for monomial, coefficient in f.poly.terms:
            powers = [sympy.Symbol(name, real=True) ** exponent for name, exponent in monomial]
            total += sympy.Mul(sympy.Integer(coefficient), *powers)
        return sympy.Rel(total, 0, {"=": "=="}.get(f.rel.value, f.rel.value))
    if isinstance(f, And | Or):
        kind = sympy.And if isinstance(f, And) else sympy.Or
        return kind(*map(to_sympy, f.args))
    raise FormulaError("a formula with a quantifier has no sympy form: eliminate quantifiers first")


def from_sympy(condition: Any) -> Formula:
    """The formula of a sympy Boolean made of polynomial (in)equalities with rational coefficients.

    Understood: true, false, And, Or, Not, Xor, Implies, Equivalent, ITE and the six relations.
    Symbols are taken as real.  FormulaError for anything else (floats, roots, quotients of
    variables, ...), and for symbols that say more of themselves (positive, integer, ...).

    >>> import sympy
    >>> x, y = sympy.symbols("x y")
    >>> from_sympy(sympy.Not(x * y / 2 > sympy.Rational(1, 3))).rel
    <Rel.LE: '<='>
    """
    import sympy
    from sympy.core.relational import Relational
    from sympy.logic.boolalg import BooleanAtom

    if isinstance(condition, bool | BooleanAtom):
        return Truth(bool(condition))
    if isinstance(condition, Relational):
        rel = _RELATIONS.get(condition.rel_op)
        if rel is None:
            raise FormulaError(f"{condition}: unknown relation {condition.rel_op}")
        return Atom(_polynomial(condition.lhs - condition.rhs), rel)
    if isinstance(condition, sympy.And):
        return conj(*map(from_sympy, condition.args))
    if isinstance(condition, sympy.Or):
        return disj(*map(from_sympy, condition.args))
    if isinstance(condition, sympy.Not):
        return negate(from_sympy(condition.args[0]))
    if isinstance(condition, sympy.Implies):
        premise, conclusion = map(from_sympy, condition.args)
        return disj(negate(premise), conclusion)
    if isinstance(condition, sympy.Equivalent):
        parts = list(map(from_sympy, condition.args))
        return disj(conj(*parts), conj(*map(negate, parts)))
    if isinstance(condition, sympy.Xor):
        first, *others = map(from_sympy, condition.args)
        for other in others:
            first = disj(conj(first, negate(other)), conj(negate(first), other))
        return first
    if isinstance(condition, sympy.ITE):
        test, then, otherwise = map(from_sympy, condition.args)
        return disj(conj(test, then), conj(negate(test), otherwise))
    raise FormulaError(f"{condition}: expected conditions on polynomials joined by and, or, not")


_RELATIONS = {
    "==": Rel.EQ,
    "!=": Rel.NE,
    "<": Rel.LT,
    "<=": Rel.LE,
    ">": Rel.GT,
    ">=": Rel.GE,
}


def _polynomial(expression: Any) -> Polynomial:
    """A positive integer multiple of a polynomial with rational coefficients."""
    import sympy

    symbols = sorted(expression.free_symbols, key=str)
    names = [check_name(str(symbol)) for symbol in symbols]
    if len(set(names)) < len(names):
        raise FormulaError(f"{expression}: two different symbols have the same name")
    real = sympy.Symbol("x", real=True).assumptions0
    for symbol in symbols:
        more = {k: v for k, v in symbol.assumptions0.items() if real.get(k) != v}
        if more:
            known = ", ".join(name for name, holds in more.items() if holds) or "not real"
            raise FormulaError(
                f"the symbol {symbol} is assumed {known}: expected one that is real and no more;"
                " say the rest in the formula"
            )
    if not expression.is_finite and expression.has(sympy.oo, sympy.zoo, sympy.nan):
        raise FormulaError(f"{expression}: expected finite numbers")
    try:
        # A generator "1" never occurs; sympy wants at least one.
        poly = sympy.Poly(expression, *(symbols or [sympy.Dummy()]))
    except sympy.PolynomialError as error:
        raise FormulaError(f"{expression}: not a polynomial ({error})") from error
    if not (poly.domain.is_ZZ or poly.domain.is_QQ):
        raise FormulaError(f"{expression}: expected rational coefficients, found {poly.domain}")
    scale, integral = poly.clear_denoms(convert=True)
    if scale <= 0:
        raise FormulaError(f"{expression}: denominators could not be cleared")
    terms: list[tuple[Monomial, int]] = [
        (tuple((n, int(e)) for n, e in zip(names, powers, strict=False) if e), int(coefficient))
        for powers, coefficient in integral.terms()
    ]
    return Polynomial.of(terms)
