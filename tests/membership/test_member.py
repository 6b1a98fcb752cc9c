"""Factors of one matrix, or a refutation: held against z3 and products, and for large masks."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest
import z3
from scipy.linalg import hadamard

from cadlink import Assurance, Belongs, Limits, Membership, Pattern, member, read
from cadlink.backends.engine import Engine
from cadlink.certificates.membership import check_membership
from cadlink.deciding.decision import UnknownReason
from cadlink.errors import InputError
from cadlink.patterns.group import Cell
from cadlink.patterns.matrix import Matrix

LIMITS = Limits(30)

# Small patterns of all kinds; each is asked about 0/1 matrices.
SMALL = (
    "lu:2",
    "lu:3",
    "110/011/101;110/011/101",
    "10/11;11/01;10/11",
    "111/011;10/11/01",
    "110/011;11/10/01",
    "11/11/01;110/011",
    "block:2-1-2,1-1-1",
    "dense:3-2-2",
    "101/110;11/01/11",
)


def products(factors: tuple[Matrix, ...]) -> dict[Cell, Fraction]:
    """The entries of the product that are not 0, by the definition."""
    made = dict(factors[0].entries)
    for factor in factors[1:]:
        longer: dict[Cell, Fraction] = {}
        for (i, j), value in factor.entries.items():
            for (unit, k), entry in made.items():
                if unit == j:
                    longer[i, k] = longer.get((i, k), Fraction(0)) + value * entry
        made = longer
    return {cell: value for cell, value in made.items() if value}


def right(found: Membership) -> None:
    """Factors on the masks that multiply to the matrix; a certificate that is accepted."""
    assert found.certificate is not None
    assert check_membership(found.certificate, found.pattern).member is (
        found.answer is Belongs.YES
    )
    if found.factors is not None:
        for factor, mask in zip(found.factors, found.pattern.layers, strict=True):
            assert all(mask[cell] for cell in factor.entries)
        assert products(found.factors) == dict(found.matrix.entries)


def by_z3(pattern: Pattern, matrix: Matrix) -> str:
    """What z3 says about the equations, written out here."""
    made: list[list[z3.ArithRef | None]] = [
        [z3.RealVal(1) if i == j else None for j in range(pattern.widths[0])]
        for i in range(pattern.widths[0])
    ]
    for layer, mask in enumerate(pattern.layers):
        ones = mask.toarray()
        longer = []
        for i, j_count in enumerate([ones.shape[1]] * ones.shape[0]):
            row: list[z3.ArithRef | None] = []
            for k in range(pattern.widths[0]):
                terms = [
                    z3.Real(f"f_{layer}_{i}_{j}") * made[j][k]
                    for j in range(j_count)
                    if ones[i, j] and made[j][k] is not None
                ]
                row.append(z3.Sum(terms) if terms else None)
            longer.append(row)
        made = longer
    solver = z3.Solver()
    solver.set("timeout", 5000)
    for i, row in enumerate(made):
        for k, entry in enumerate(row):
            value = matrix.entries.get((i, k), Fraction(0))
            solver.add((0 if entry is None else entry) == z3.Q(value.numerator, value.denominator))
    return str(solver.check())


def zeros_and_ones(pattern: Pattern, most: int) -> Iterator[Matrix]:
    """0/1 matrices on the support, all if they are few."""
    cells = sorted(zip(*(line.tolist() for line in pattern.support().nonzero()), strict=True))
    choices = list(itertools.product((0, 1), repeat=len(cells)))
    if len(choices) > most:
        choices = random.Random(0).sample(choices, most)
    for choice in choices:
        entries = {cell: Fraction(1) for cell, bit in zip(cells, choice, strict=True) if bit}
        yield Matrix(pattern.widths[-1], pattern.widths[0], entries)


@pytest.mark.parametrize("source", SMALL)
def test_the_answer_is_that_of_z3(source: str) -> None:
    pattern = read(source)
    answers = set()
    for matrix in zeros_and_ones(pattern, 16):
        found = member(pattern, matrix, limits=LIMITS)
        right(found)
        answers.add(found.answer)
        assert by_z3(pattern, matrix) == ("sat" if found.answer is Belongs.YES else "unsat")
    assert Belongs.YES in answers


def test_products_are_found_again() -> None:
    rng = random.Random(5)
    for source in (
        "lu:4",
        "dense:4-2-3-4",
        "butterfly:8",
        "110/011/101;110/011/101",
        "nm:2:4:4-4-4",
    ):
        pattern = read(source)
        for _ in range(3):
            factors = []
            for mask in pattern.layers:
                rows, cols = mask.nonzero()
                cells = zip(rows.tolist(), cols.tolist(), strict=True)
                entries = {cell: Fraction(rng.randint(1, 9), rng.randint(1, 4)) for cell in cells}
                factors.append(Matrix(*mask.shape, entries))
            made = products(tuple(factors))
            found = member(
                pattern, Matrix(pattern.widths[-1], pattern.widths[0], made), limits=LIMITS
            )
            assert found.answer is Belongs.YES, source
            right(found)


def test_hadamard_matrices_are_butterflies_and_monarchs() -> None:
    for source in ("butterfly:64", "monarch:64"):
        found = member(source, hadamard(64))
        assert (found.answer, found.assurance) == (Belongs.YES, Assurance.CHECKED)
        right(found)
    spoilt = hadamard(64)
    spoilt[3, 5] = 2
    assert member("butterfly:64", spoilt).answer is Belongs.NO


def test_no_lu_is_refuted() -> None:
    for matrix in ("0 0 0 1; 0 0 1 0; 0 1 0 0; 1 0 0 0", "1 1 0 0; 1 1 1 0; 0 1 1 1; 0 0 1 1"):
        found = member("lu:4", matrix)
        assert (found.answer, found.assurance) == (Belongs.NO, Assurance.CHECKED)
        right(found)
    # A unit without anything to do makes up for a pivot that is 0.
    assert member("lu:4", "0 0 0 0; 0 0 1 0; 0 1 0 0; 0 0 0 1").answer is Belongs.YES


@pytest.mark.parametrize(
    ("source", "matrix", "answer"),
    [
        ("110/101;11/11", "[[0, -1, 1], [-1, 0, 0]]", Belongs.NO),
        ("11/10/11;111/100/101", "[[-1, 1], [2, 1], [-1, -1]]", Belongs.YES),
        ("111/100/101;111/101/110;110/001", "[[-1, 2, 1], [0, 0, 2]]", Belongs.NO),
    ],
)
def test_a_neuron_that_lost_cells_is_guessed(source: str, matrix: str, answer: Belongs) -> None:
    """Such a neuron need not have a cell where each of its rows meets a column of its own."""
    found = member(source, matrix, limits=LIMITS)
    right(found)
    assert found.answer is answer


@pytest.mark.parametrize(
    ("source", "matrix", "answer", "rule"),
    [
        ("lu:2", "0 1; 1 0", Belongs.YES, "curve"),
        ("lu:3", "0 0 1; 0 1 0; 1 0 0", Belongs.YES, "curve"),
        ("lu:2", "2 1; 1 0", Belongs.YES, "factors"),
        ("dense:2-1-2", "0 1; 1 0", Belongs.NO, "rank"),
        ("10/01", "0 1; 1 0", Belongs.NO, "outside"),
        ("block:2-2-2,2-1-2", "0 1 0 0; 1 0 0 0; 0 0 0 1; 0 0 1 0", Belongs.NO, "rank"),
    ],
)
def test_limits(source: str, matrix: str, answer: Belongs, rule: str) -> None:
    found = member(source, matrix, closure=True, limits=LIMITS)
    assert (found.answer, found.of, found.assurance) == (answer, "closure", Assurance.CHECKED)
    right(found)
    step = found.certificate["proof"] if found.certificate else {}
    while step["parts"]:
        step = step["parts"][0]
    assert step["rule"] == rule


def test_what_is_known_of_a_closed_set_holds_for_limits() -> None:
    # x y, x z, y z with one more equation: closed by a theorem, and the matrix is no product.
    pattern = "110/011/101;110/011/101"
    for matrix in zeros_and_ones(read(pattern), 12):
        product = member(pattern, matrix, limits=LIMITS)
        limit = member(pattern, matrix, closure=True, limits=LIMITS)
        right(limit)
        assert product.answer is not Belongs.YES or limit.answer is Belongs.YES


def test_silence_has_a_reason() -> None:
    rng = np.random.default_rng(1)
    found = member("random:8-8-8,0.6,1", rng.integers(-3, 4, (8, 8)), limits=Limits(1e-6))
    assert (found.answer, found.reason) == (Belongs.UNKNOWN, UnknownReason.TIME)
    assert found.certificate is None
    with pytest.raises(TypeError, match="no truth value"):
        bool(found)


def test_what_is_no_question_is_said() -> None:
    for pattern, matrix, words in (
        ("lu:2", [[1]], "expected 2 x 2 .* found 1 x 1"),
        ("lu:2", [[1, 2], [3, float("inf")]], "row 1, column 1"),
        ("lv:2", [[1]], "lv:2"),
    ):
        with pytest.raises(InputError, match=words):
            member(pattern, matrix)


class Slow:
    """A clock of the operating system on which every look takes a hundredth of a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 0.01
        return self.now


@pytest.mark.parametrize("limit", [0.05, 0.5, 5.0])
@pytest.mark.parametrize(
    ("source", "shape"),
    [
        ("dense:60-20-60", (60, 60)),
        ("lu:30", (30, 30)),
        ("random:30-30-30,0.3,0", (30, 30)),
        ("random:20-20-20-20,0.4,0", (20, 20)),
        ("butterfly:32", (32, 32)),
    ],
)
def test_the_clock_is_looked_at_everywhere(
    monkeypatch: pytest.MonkeyPatch, source: str, shape: tuple[int, int], limit: float
) -> None:
    """However slow the computer, no more than a second is worked beyond the limit."""
    slow = Slow()
    monkeypatch.setattr(time, "monotonic", slow)
    drawn = np.random.default_rng(0).integers(-9, 10, shape)
    masked = np.where(read(source).support().toarray(), drawn, 0)
    with Engine(cache=None) as engine:
        monkeypatch.setattr(engine, "available", list)
        slow.now = 0.0
        found = member(source, masked, limits=Limits(limit), engine=engine)
    assert slow.now <= 1.1 * limit + 1
    if limit < 0.1:
        assert (found.matrix, found.reason) == (None, UnknownReason.TIME)
        assert "while the matrix was read" in found.detail


def test_what_cannot_be_interrupted_is_foreseen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers of 300 digits, of low rank: the factorisation would take a minute."""
    monkeypatch.setattr(time, "monotonic", time.process_time)  # others may be working, too
    rng = random.Random(3)
    left = [[rng.randrange(10**150) for _ in range(40)] for _ in range(60)]
    right = [[rng.randrange(10**150) for _ in range(60)] for _ in range(40)]
    matrix = [
        [sum(a * b for a, b in zip(row, col, strict=True)) for col in zip(*right, strict=True)]
        for row in left
    ]
    start = time.monotonic()
    found = member("dense:60-40-60", matrix, limits=Limits(2))
    assert time.monotonic() - start < 2 * 1.1 + 1
    assert found.reason is UnknownReason.TIME
