"""The encodings: at points by exact evaluation, as sentences by z3 where answers are known."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest
import z3

from cadlink.errors import FormulaError, InputError
from cadlink.logic.encode import (
    MOST_TERMS,
    cell_name,
    cell_names,
    cells_of,
    closure_at,
    count_terms,
    differ,
    freeness,
    image,
    membership,
    parametrise,
    relaxed_implies,
    sentence,
    sentence_of_image,
    variety_inside,
)
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    And,
    Atom,
    Exists,
    ForAll,
    Formula,
    Or,
    Rel,
    Truth,
    conj,
    disj,
    evaluate,
    exists,
    free_variables,
    negate,
    prenex,
)
from cadlink.logic.notation import polynomial_to_json
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.simplify import relax, simplify
from cadlink.patterns.group import Cell, Group
from cadlink.patterns.pattern import Pattern

LU = Pattern.of(["11/01", "10/11"])
THREE = Pattern.of(["110/011", "11/10/01", "101/111"])
HOLE = Group.of([{(0, 0), (0, 1), (1, 0)}])  # not observed: the corner
RANK_ONE = Group.of([{(0, 0), (0, 1), (1, 0), (1, 1)}])
TWO = Group.of([{(0, 0), (0, 1), (1, 0)}, {(1, 0), (1, 1)}, {(0, 1), (2, 1)}])
PROBLEMS = [LU, THREE, HOLE, RANK_ONE, TWO]

A00, A01, A10, A11 = (Polynomial.variable(f"a_{j}_{k}") for j in (0, 1) for k in (0, 1))
DETERMINANT = A00 * A11 - A01 * A10


def product_of(problem: Pattern | Group, values: dict[str, Fraction]) -> dict[Cell, Fraction]:
    """The matrix of these parameters by plain sums, independent of the encoder."""
    if isinstance(problem, Group):
        return {
            (j, k): sum(
                (
                    values[f"x_{i}_{j}"] * values[f"y_{i}_{k}"]
                    for i, graph in enumerate(problem.neurons)
                    if (j, k) in graph
                ),
                Fraction(0),
            )
            for j, k in problem.cells
        }
    inputs = problem.widths[0]
    result = [[Fraction(j == k) for k in range(inputs)] for j in range(inputs)]
    for number, mask in enumerate(problem.layers, start=1):
        dense = mask.toarray()
        result = [
            [
                sum(
                    (
                        values[f"x_{number}_{i}_{j}"] * result[j][k]
                        for j in range(mask.shape[1])
                        if dense[i][j]
                    ),
                    Fraction(0),
                )
                for k in range(inputs)
            ]
            for i in range(mask.shape[0])
        ]
    return {
        (j, k): result[j][k]
        for j in range(problem.widths[-1])
        for k in range(inputs)
        if problem.support().toarray()[j][k]
    }


def random_values(names: tuple[str, ...], seed: int) -> dict[str, Fraction]:
    draw = random.Random(seed)
    return {name: Fraction(draw.randint(-6, 6), draw.randint(1, 4)) for name in names}


def matrix_of(f: Formula) -> Formula:
    return prenex(f)[1]


def to_z3(f: Formula) -> Any:
    """Straight into z3's objects; the adapter's text has its own tests."""
    if isinstance(f, Truth):
        return z3.BoolVal(f.value)
    if isinstance(f, Atom):
        total = z3.RealVal(0)
        for monomial, coefficient in f.poly.terms:
            term = z3.RealVal(coefficient)
            for name, exponent in monomial:
                for _ in range(exponent):
                    term = term * z3.Real(name)
            total = total + term
        zero = z3.RealVal(0)
        return {
            Rel.EQ: total == zero,
            Rel.NE: total != zero,
            Rel.LT: total < zero,
            Rel.LE: total <= zero,
            Rel.GT: total > zero,
            Rel.GE: total >= zero,
        }[f.rel]
    if isinstance(f, And | Or):
        return (z3.And if isinstance(f, And) else z3.Or)(*map(to_z3, f.args))
    kind = z3.Exists if isinstance(f, Exists) else z3.ForAll
    return kind([z3.Real(name) for name in f.names], to_z3(f.body))


def true_by_z3(f: Formula) -> bool:
    """The truth of a sentence; outermost existential variables become constants."""
    assert not free_variables(f)
    solver = z3.Solver()
    solver.set("timeout", 20_000)
    solver.add(to_z3(f.body if isinstance(f, Exists) else f))
    answer = str(solver.check())
    assert answer in ("sat", "unsat"), answer
    return answer == "sat"


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("seed", range(5))
def test_the_parametrisation_is_the_product(problem: Pattern | Group, seed: int) -> None:
    names, entries = parametrise(problem)
    values = random_values(names, seed)
    exact = product_of(problem, values)
    assert {c: p.evaluate(values) for c, p in entries.items()} == exact
    assert sum(len(p.terms) for p in entries.values()) == count_terms(problem)


@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize("seed", range(5))
def test_products_are_members_and_their_parameters_show_it(
    problem: Pattern | Group, seed: int
) -> None:
    names, _ = parametrise(problem)
    values = random_values(names, seed)
    limit = product_of(problem, values)
    at_a = {cell_name(c): value for c, value in limit.items()}

    assert free_variables(image(problem)) == tuple(sorted(at_a))
    assert evaluate(matrix_of(image(problem)), {**at_a, **values})
    assert free_variables(membership(problem, limit)) == ()
    assert evaluate(matrix_of(membership(problem, limit)), values)
    near = matrix_of(closure_at(problem, limit, norm="max"))
    assert evaluate(near, {**values, "eps": Fraction(1, 10**9)})
    near = matrix_of(closure_at(problem, limit, norm="euclidean"))
    assert evaluate(near, {**values, "eps": Fraction(1, 10**9)})

    # One entry moved by 1/7: no longer this product, and no longer near it.
    cell = sorted(limit)[seed % len(limit)]
    moved = {**limit, cell: limit[cell] + Fraction(1, 7)}
    assert not evaluate(matrix_of(membership(problem, moved)), values)
    for norm, reach in (("max", Fraction(1, 7)), ("euclidean", Fraction(1, 49))):
        near = matrix_of(closure_at(problem, moved, norm=norm))
        assert not evaluate(near, {**values, "eps": reach})
        assert evaluate(near, {**values, "eps": reach + Fraction(1, 10**6)})
        assert evaluate(near, {**values, "eps": Fraction(0)})  # nothing is asked of eps <= 0


def test_the_classical_limit_is_reached_along_its_curve() -> None:
    """[[0, 1], [1, 0]] is no LU product, but [[t, 1], [1, 0]] is one for t != 0."""
    limit = {(0, 1): Fraction(1), (1, 0): Fraction(1)}
    near = matrix_of(closure_at(LU, limit))
    for exponent in range(1, 9):
        t = Fraction(1, 10**exponent)
        curve = {
            "x_1_0_0": t,
            "x_1_0_1": Fraction(1),
            "x_1_1_1": Fraction(1),
            "x_2_0_0": Fraction(1),
            "x_2_1_0": 1 / t,
            "x_2_1_1": -1 / t,
        }
        assert evaluate(near, {**curve, "eps": 2 * t})
        assert not evaluate(near, {**curve, "eps": t})  # the bound is strict
    assert not true_by_z3(membership(LU, limit))
    assert true_by_z3(closure_at(LU, limit))


def test_the_paper_counts_17_variables_for_2_x_2_lu() -> None:
    for norm in ("max", "euclidean"):
        for full in (False, True):
            prefix, matrix = prenex(sentence(LU, norm=norm, full=full))
            names = [name for _, name in prefix]
            assert len(names) == len(set(names)) == 17
            assert set(names) == set(free_variables(matrix))
            blocks = [q.value for q, _ in prefix]
            assert blocks == ["exists"] * 4 + ["forall"] * 7 + ["exists"] * 6


def test_the_euclidean_norm_is_squared_as_written() -> None:
    """sum (A - XY)^2 < eps, expanded: one atom of degree 4."""
    matrix = matrix_of(closure_at(LU, {}, norm="euclidean"))
    assert isinstance(matrix, Or)
    bound = [f for f in matrix.args if isinstance(f, Atom) and f.rel is Rel.LT]
    assert [f.poly.total_degree for f in bound] == [4]
    entries = parametrise(LU)[1].values()
    eps = Polynomial.variable("eps")
    assert bound[0].poly + eps == sum((p * p for p in entries), Polynomial.constant(0))


def test_full_gives_every_cell_a_variable() -> None:
    diagonal = Pattern.of(["10/01", "10/01"])
    names = [f"a_{j}_{k}" for j in (0, 1) for k in (0, 1)]
    assert list(cell_names(diagonal, full=True)) == names
    assert list(cell_names(diagonal)) == ["a_0_0", "a_1_1"]
    prefix, _ = prenex(sentence(diagonal, norm="max", full=True))
    assert {name for _, name in prefix} >= set(names)
    assert len(prefix) == 4 + 1 + 2 * 4
    assert len(prenex(sentence(diagonal, norm="max"))[0]) == 2 + 1 + 2 * 4
    with pytest.raises(InputError, match="full"):
        sentence(HOLE, full=True)


def test_cells_outside_the_support_are_zero() -> None:
    diagonal = Pattern.of(["10/01"])
    assert membership(diagonal, {(0, 1): Fraction(1)}) == FALSE
    assert closure_at(diagonal, {(0, 1): Fraction(1)}) == FALSE
    assert true_by_z3(membership(diagonal, {(0, 1): Fraction(0), (0, 0): Fraction(1, 3)}))
    assert not true_by_z3(membership(HOLE, {(0, 1): Fraction(1), (1, 0): Fraction(1)}))


def test_denominators_are_cleared_equation_by_equation() -> None:
    f = membership(RANK_ONE, {(0, 0): Fraction(1, 6), (1, 1): Fraction(-2, 3)})
    atoms = matrix_of(f)
    assert isinstance(atoms, And)
    constants = [
        abs(c)
        for atom in atoms.args
        for m, c in atom.poly.terms  # type: ignore[union-attr]
        if not m
    ]
    assert constants == [1, 2]


@pytest.mark.parametrize(
    ("problem", "not_closed"),
    [
        (LU, True),
        (HOLE, True),
        (Group.of([{(0, 0)}]), False),
        (Group.of([{(0, 0), (0, 1)}]), False),
        (Pattern.of(["1"]), False),
        (Pattern.of(["1", "1", "1"]), False),
    ],
)
def test_the_sentence_is_true_exactly_for_sets_that_are_not_closed(
    problem: Pattern | Group, not_closed: bool
) -> None:
    assert true_by_z3(sentence(problem, norm="max")) is not_closed


def test_an_empty_support_is_closed() -> None:
    nothing = Pattern.of(["0"])
    assert sentence(nothing, norm="max") == FALSE
    assert freeness(nothing) == TRUE
    assert image(nothing) == TRUE


def test_freeness() -> None:
    assert true_by_z3(freeness(Group.of([{(0, 0), (0, 1)}])))
    assert true_by_z3(negate(freeness(HOLE)))
    assert true_by_z3(negate(freeness(LU)))


def test_the_variety_of_the_determinant_is_the_rank_one_set() -> None:
    question = variety_inside(RANK_ONE, [DETERMINANT])
    assert free_variables(question) == ()
    assert variety_inside(RANK_ONE, [polynomial_to_json(DETERMINANT)]) == question
    # Two refutations at once: fewer polynomials define too much, and LU is not a variety.
    assert true_by_z3(negate(variety_inside(RANK_ONE, [])))
    assert true_by_z3(negate(variety_inside(LU, [])))
    with pytest.raises(FormulaError, match="x_0_0"):
        variety_inside(RANK_ONE, [Polynomial.variable("x_0_0")])
    with pytest.raises(FormulaError, match="a_1_1"):
        variety_inside(HOLE, [A11])


LU_IMAGE = disj(
    Atom(A00, Rel.NE), Atom(A01, Rel.EQ), Atom(A10, Rel.EQ)
)  # the 2 x 2 products of a lower and an upper triangular matrix


def test_questions_about_an_image_formula() -> None:
    singular = Atom(DETERMINANT, Rel.EQ)
    assert true_by_z3(relaxed_implies(singular))
    assert true_by_z3(negate(relaxed_implies(LU_IMAGE)))
    assert true_by_z3(sentence_of_image(LU_IMAGE))
    assert relax(LU_IMAGE) == TRUE
    assert sentence_of_image(TRUE) == FALSE
    assert not true_by_z3(sentence_of_image(FALSE))
    for bad in (Atom(Polynomial.variable("x_0_0"), Rel.EQ), exists(["a_0_0"], singular)):
        with pytest.raises(FormulaError):
            relaxed_implies(bad)


@pytest.mark.parametrize("norm", ["max", "euclidean"])
def test_the_sentence_of_an_open_half_line(norm: str) -> None:
    open_, closed = Atom(A00, Rel.GT), Atom(A00, Rel.GE)
    assert true_by_z3(sentence_of_image(open_, norm))
    assert not true_by_z3(sentence_of_image(closed, norm))


def test_differ_compares_with_the_image_formula() -> None:
    names = cell_names(LU)
    assert not true_by_z3(differ(LU_IMAGE, simplify(LU_IMAGE), names))
    assert true_by_z3(differ(LU_IMAGE, TRUE, names))
    assert not true_by_z3(differ(image(HOLE), conj(image(HOLE), TRUE), cell_names(HOLE)))
    with pytest.raises(FormulaError, match="a_1_1"):
        differ(TRUE, Atom(A11, Rel.EQ), ["a_0_0"])


def test_the_image_of_lu_at_points() -> None:
    """membership agrees with the known image formula on a grid of small matrices."""
    for entries in ((0, 1, 1, 0), (0, 0, 1, 2), (0, 1, 0, 2), (1, 2, 3, 4), (0, 2, -1, 5)):
        limit = dict(zip(((0, 0), (0, 1), (1, 0), (1, 1)), map(Fraction, entries), strict=True))
        named = {cell_name(cell): value for cell, value in limit.items()}
        assert true_by_z3(membership(LU, limit)) is evaluate(LU_IMAGE, named)
        assert cells_of(named) == limit


def test_too_large_a_problem_is_refused_before_it_is_built() -> None:
    wide = Pattern.of([["1" * 40] * 40] * 6)
    assert count_terms(wide) > MOST_TERMS
    with pytest.raises(FormulaError, match="terms"):
        image(wide)
    with pytest.raises(FormulaError, match="entries"):
        sentence(Pattern.of([["1" + "0" * 199] * 150]), norm="max", full=True)
    with pytest.raises(FormulaError, match="squared"):
        sentence(Pattern.of([["1" * 20] * 20] * 2), norm="euclidean")
    with pytest.raises(InputError, match="norm"):
        sentence(LU, norm="taxi")


def test_encoding_is_deterministic() -> None:
    assert sentence(THREE) == sentence(Pattern.of(["110/011", "11/10/01", "101/111"]))
    assert isinstance(freeness(TWO), ForAll)
