"""Signs at algebraic numbers, held against sympy's root isolation and high precision."""

from __future__ import annotations

import random

import pytest
import sympy

from cadlink.errors import FormulaError
from cadlink.logic.algebraic import Root, holds
from cadlink.logic.reader import from_text

X = sympy.Symbol("x")


def test_roots_and_signs_are_those_of_sympy() -> None:
    rng = random.Random(2)
    for _ in range(25):
        given = [rng.randint(-6, 6) for _ in range(rng.randint(1, 4))] + [rng.randint(1, 3)]
        poly = sympy.Poly(given[::-1], X)
        free = sympy.Poly(sympy.quo(poly, sympy.gcd(poly, poly.diff(X))), X)
        real = free.real_roots()
        for number, root in enumerate(real, start=1):
            found = Root.of(given, number)
            assert found.low < sympy.N(root, 30) < found.high
            other = [rng.randint(-5, 5) for _ in range(rng.randint(1, 4))]
            value = sympy.N(sum(c * root**e for e, c in enumerate(other)), 40)
            expected = 0 if abs(value) < 1e-25 else int(sympy.sign(value))
            assert found.sign(other) == expected
            assert found.sign(given) == 0
        with pytest.raises(FormulaError, match="real roots"):
            Root.of(given, len(real) + 1)


def test_formulas_at_roots() -> None:
    roots = {"x": Root.of([-2, 0, 1], 2), "y": Root.of([-3, 0, 1], 2)}
    for text, truth in (
        ("x^2 = 2 and y > 1", True),
        ("x^2 > 2 or y^3 < 5", False),
        ("x^4 - 4 = 0 or x*y = 7", True),
        ("x < 0 and x*y = 7", False),
        ("x > 0 and x*y > 0", None),
        ("1 > 0", True),
    ):
        assert holds(from_text(text), roots) is truth
    with pytest.raises(FormulaError, match="degree 0"):
        Root.of([3], 1)
