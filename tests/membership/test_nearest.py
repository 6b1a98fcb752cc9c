"""Numerical approximation: the known best error, factors on the masks, and the word of warning."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import hadamard

from cadlink import Limits, Nearest, Verdict, nearest, read
from cadlink.errors import InputError

LIMITS = Limits(6)


def sound(found: Nearest, matrix: np.typing.NDArray[np.float64]) -> None:
    """Zeros off the masks, and an error that is what is left."""
    product = np.eye(found.pattern.widths[0])
    for factor, mask in zip(found.factors, found.pattern.layers, strict=True):
        assert not factor[~mask.toarray()].any()
        product = factor @ product
    assert found.error == pytest.approx(float(np.linalg.norm(matrix - product)), abs=1e-12)


def test_the_best_of_low_rank_is_that_of_the_singular_values() -> None:
    matrix = np.random.default_rng(3).standard_normal((6, 5))
    found = nearest("dense:5-2-6", matrix, LIMITS)
    sound(found, matrix)
    assert found.error == pytest.approx(float(np.linalg.norm(np.linalg.svd(matrix)[1][2:])))
    assert found.decision.verdict is Verdict.CLOSED


def test_products_are_found_again() -> None:
    matrix = hadamard(16).astype(float)
    found = nearest("butterfly:16", matrix, LIMITS)
    sound(found, matrix)
    assert found.relative < 1e-11
    rng = np.random.default_rng(1)
    lower, upper = (m.toarray() * rng.standard_normal(m.shape) for m in read("lu:4").layers)
    found = nearest("lu:4", upper @ lower, Limits(30))
    sound(found, upper @ lower)
    assert found.relative < 1e-2


def test_without_a_best_one_the_entries_grow() -> None:
    matrix = np.array([[0.0, 1.0], [1.0, 0.0]])
    found = nearest("lu:2", matrix, LIMITS)
    sound(found, matrix)
    assert found.decision.verdict is Verdict.NOT_CLOSED
    assert found.relative < 0.01
    assert found.largest > 5


def test_zero_and_bad_matrices() -> None:
    assert nearest("lu:2", [[0, 0], [0, 0]], LIMITS).error < 1e-6
    with pytest.raises(InputError, match="expected 2 x 2"):
        nearest("lu:2", [[1]])
    for text in ("1e300 2; 3 4", "1e390 2; 3 4", "1e-300 0; 0 0"):
        with pytest.raises(InputError, match="scale the matrix"):
            nearest("lu:2", text, LIMITS)
    found = nearest("lu:2", "1e100 0; 0 1e99", LIMITS)
    assert found.relative < 1e-4
