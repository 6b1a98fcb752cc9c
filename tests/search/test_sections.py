"""Sections: what they give for matrices of small integers, most of them in special position."""

from __future__ import annotations

import random
import time
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from search.test_vanishing import product_of, value

from cadlink.certificates.data import Proof
from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock
from cadlink.patterns.group import Cell, Group
from cadlink.patterns.masks import read
from cadlink.patterns.pattern import Pattern
from cadlink.rules.step import Problem
from cadlink.search import nonclosed, sections, vanishing
from cadlink.search.model import Limit, Model


def entry(lines: str, line: int, other: int) -> str:
    return f"a_{line}_{other}" if lines == "rows" else f"a_{other}_{line}"


def add(at: dict[str, Fraction], lines: str, which: list[int], factor: Fraction) -> None:
    """A line times a number is added to another."""
    for other in range(8):
        source, target = (entry(lines, line, other) for line in which)
        if source in at and target in at:
            at[target] += factor * at[source]


def product_at(
    model: Model, tree: Any, matrix: Mapping[Cell, int], polynomials: Any = ()
) -> dict[Cell, Fraction] | None:
    """The product of the parameters that the tree gives for this matrix; None if it leads to a
    polynomial that is not 0."""
    at = {f"a_{j}_{k}": Fraction(number) for (j, k), number in matrix.items()}
    cells = dict(at)  # as the additions leave them; the coordinates at are split, too
    undo: list[tuple[str, list[int], Fraction]] = []
    while tree.keys() & {"coordinate", "then", "vanishes"}:
        if "vanishes" in tree:
            assert value(polynomials[tree["vanishes"]], cells)
            return None
        if "then" in tree:
            lines = "rows" if "rows" in tree else "columns"
            source, target = (entry(lines, line, tree["clear"]) for line in tree[lines])
            factor = at[target] / at[source]
            undo.append((lines, tree[lines], factor))
            for where in (at, cells):
                add(where, lines, tree[lines], -factor)
            tree = tree["then"]
            continue
        name = tree["coordinate"]
        at[name] += value(tree["shift"], at)
        tree = tree["nonzero" if at[name] else "zero"]
    given: dict[tuple[int, int, int], Fraction] = {}
    for level, one in enumerate(tree.get("factors") or (tree["y"], tree["x"])):
        entries = one if "factors" in tree else [[i, *e] for i, its in enumerate(one) for e in its]
        given |= {(level, i, j): value(polynomial, at) for i, j, polynomial in entries}
    places = [(unknown.level, *unknown.place) for unknown in model.unknowns]
    total = product_of(model, [given.get(place, Fraction(0)) for place in places])
    result = {f"a_{j}_{k}": number for (j, k), number in total.items()}
    for lines, which, factor in reversed(undo):
        add(result, lines, which, factor)
    return {(j, k): result[f"a_{j}_{k}"] for j, k in model.cells}


PROBLEMS: list[Problem] = [
    Pattern.of(["10/11", "11/01", "10/11"]),  # lower times upper times lower
    Pattern.of(["10/01/11", "110/001/011", "001/110/011"]),
    Pattern.of(["11/11", "10/01/11", "001/101/011"]),
    Group.of_blocks([({0, 1}, {0, 1}), ({0, 1}, {1, 2}), ({1}, {0, 1, 2})]),
    # By elimination: sixteen entries, forty cases.
    Group.of_blocks(
        [
            ({0, 1, 2}, {0, 1, 2, 3}),
            ({0, 1}, {0, 1, 2}),
            ({0, 2, 3}, {0, 1, 3}),
            ({0, 1, 2, 3}, {0, 1}),
        ]
    ),
]


def concluded(problem: Problem, conclusion: str, polynomials: Any = ()) -> tuple[Model, Any]:
    """The model, and the tree of a proof that the kernel accepts."""
    proof = sections.find(problem, Clock.of(20), polynomials=polynomials)
    assert proof is not None
    asked = problem if isinstance(problem, Pattern) else problem.to_json()
    assert check_proof(asked, proof).conclusion == conclusion
    model = Model.of(problem)
    assert model is not None
    return model, proof.data["tree"]


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_they_give_every_matrix(problem: Problem) -> None:
    model, tree = concluded(problem, "free")
    chance = random.Random(0)
    for _ in range(300):
        most = chance.choice((1, 1, 2, 5))
        matrix = {cell: chance.randint(-most, most) for cell in model.cells}
        assert product_at(model, tree, matrix) == matrix


@pytest.mark.parametrize(
    "source",
    ["lu:2", "110/011;11/11", "10/11;11/01;10/10/11", "10/01/11;001/011/110;100/001/011"],
)
def test_there_are_none_where_matrices_are_missed(source: str) -> None:
    assert sections.find(read(source), Clock.of(0.5)) is None


def test_large_problems_are_left_alone() -> None:
    assert sections.find(read("dense:5-5-5")) is None


THIN: list[Problem] = [  # products without interior
    read("dense:2-1-2"),
    Pattern.of(["111/111", "11/10", "11/11/11"]),
    # Two rows of rank two, and corners beside them.
    Group.of_blocks([({0}, {0, 1, 2, 3}), ({1}, {0}), ({0}, {0, 1, 2, 3}), ({2, 3}, {1, 2, 3})]),
]


@pytest.mark.parametrize("problem", THIN, ids=str)
def test_they_give_every_limit_of_products(problem: Problem) -> None:
    polynomials = vanishing.find(problem)
    assert sections.find(problem, Clock.of(0.5)) is None
    model, tree = concluded(problem, "closed", polynomials)
    chance = random.Random(0)
    excluded = 0
    for _ in range(300):
        most = chance.choice((1, 1, 2, 5))
        matrix = product_of(model, [chance.randint(-most, most) for _ in model.unknowns])
        assert product_at(model, tree, matrix, polynomials) == matrix
        cell = chance.choice(model.cells)
        changed = {**matrix, cell: matrix[cell] + 1}
        product = product_at(model, tree, changed, polynomials)
        assert product in (changed, None)
        excluded += product is None
    assert excluded


def test_where_the_search_is_stuck_a_matrix_is_missed() -> None:
    """Lower times upper has no matrix with zero corner and nonzero entries beside it."""
    problem = read("lu:2")
    stuck = []

    def missed(limit: Limit) -> Proof | None:
        stuck.append(limit)
        return nonclosed.find(problem, clock=Clock.of(60), starts=(limit,), trials=0)

    proof = sections.find(problem, Clock.of(60), missed=missed)
    assert stuck == [{(0, 1): 1, (1, 0): 1}]
    assert proof is not None
    assert check_proof(problem, proof).conclusion == "not_closed"


def test_the_clock_is_kept_where_every_stratum_is_split() -> None:
    group = Group.of(
        [
            {(j, k) for j in range(4) for k in range(3)} - {(1, 0)},
            {(0, 0), (0, 1), (1, 1), (1, 2), (2, 0), (2, 1), (3, 1)},
            *[{(j, k) for j in range(4) for k in range(3)} - {(0, 0), (2, 1), (3, 2)}] * 2,
        ]
    )
    start = time.process_time()
    sections.find(group, Clock.of(0.005))
    assert time.process_time() - start < 2
