"""Matrices read exactly: what a text says, what an array holds, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cadlink import Pattern
from cadlink.errors import InputError
from cadlink.patterns.matrix import Matrix, exact

HALF = {(0, 1): Fraction(1, 2), (1, 0): Fraction(-3)}


@pytest.mark.parametrize(
    "source",
    [
        "[[0, 1/2], [-3, 0]]",
        "[[0,0.5],\n [-3.0, 0e7]]",
        '[["0", "1/2"], ["-3", "0"]]',
        "0 1/2; -3 0",
        "0, 5e-1\n-30e-1, 0.0",
        [[0, Fraction(1, 2)], [-3, 0]],
        ((0, "1/2"), (-3, False)),
        np.array([[0, 0.5], [-3, 0]], dtype=np.float32),
    ],
)
def test_the_same_matrix_however_it_is_written(source: Any) -> None:
    assert exact(source) == Matrix(2, 2, HALF)


def test_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[0, 0.5], [-3, 0]]))
    (tmp_path / "a.txt").write_text("# two rows\n0 1/2\n\n-3 0  # the second\n")
    (tmp_path / "a.csv").write_text("0,0.5\n-3,0\n")
    (tmp_path / "a.json").write_text('[[0, "1/2"], [-3, 0.0]]')
    for name in ("a.npy", "a.txt", "a.csv", "a.json"):
        assert exact(tmp_path / name).entries == HALF, name


def test_decimals_of_texts_are_exact_and_floats_are_what_they_are() -> None:
    assert exact("[[0.1]]").entries[0, 0] == Fraction(1, 10)
    assert exact([[0.1]]).entries[0, 0] == Fraction(0.1) != Fraction(1, 10)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("", "expected a file"),
        ("[[1, 2], [3]]", "row 1: expected 2 numbers, found 1"),
        ("[[1, 2], [3, x]]", "expected a file"),
        ("[[1, 2], [3, 4]", "expected rows as in"),
        ("[[1, 1/0]]", "row 0, column 1: expected an integer, a fraction"),
        ("[[1, 1e999]]", "row 0, column 1"),
        ("[[1, 1 2]]", "row 0, column 1"),
        ("[[]]", "row 0, column 0"),
        ("none.npy", "no such file"),
        ([[float("nan")]], "row 0, column 0"),
        ([[1j]], "row 0, column 0"),
        ([[None]], "row 0, column 0"),
        ([], "expected a list of rows"),
        ([1, 2], "row 0"),
        (np.zeros(3), "expected two dimensions, found 1"),
        (np.zeros((2, 0)), "row 0"),
        (3, "expected a list of rows, found 3"),
    ],
)
def test_what_is_no_matrix_is_one_line(source: Any, words: str) -> None:
    with pytest.raises(InputError, match=words) as caught:
        exact(source)
    assert "\n" not in str(caught.value)


def test_the_shape_is_that_of_the_products() -> None:
    with pytest.raises(InputError, match=r"expected 1 x 2 .* found 2 x 1"):
        exact("1; 2").fitting(Pattern.of(["11"]))
