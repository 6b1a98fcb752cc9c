"""Cases by zeros and scaling: every matrix is equivalent to one of the listed ones."""

from __future__ import annotations

import random
from fractions import Fraction

from cadlink.backends.engine import Engine
from cadlink.logic.encode import columns_served
from cadlink.logic.formula import FALSE, TRUE, Atom, ForAll, Rel, conj, evaluate
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.scaling import cases, spanning_forest
from cadlink.patterns.group import Group


def test_scaling_reaches_ones_on_the_forest() -> None:
    rng = random.Random(1)
    for _ in range(300):
        cells = [(j, k) for j in range(3) for k in range(4) if rng.random() < 0.6]
        values = {cell: Fraction(rng.choice([-3, -2, 2, 5])) for cell in cells}
        forest = spanning_forest(cells)
        rows: dict[int, Fraction] = {}
        cols: dict[int, Fraction] = {}
        left = set(forest)
        while left:
            touching = [(j, k) for j, k in left if j in rows or k in cols]
            j, k = touching[0] if touching else min(left)
            if j not in rows and k not in cols:
                rows[j] = Fraction(1)
            if j in rows:
                assert k not in cols  # a cycle in the "forest"
                cols[k] = 1 / (rows[j] * values[j, k])
            else:
                rows[j] = 1 / (cols[k] * values[j, k])
            left.remove((j, k))
        assert all(rows[j] * cols[k] * values[j, k] == 1 for j, k in forest)
        # Maximal: every cell joins two vertices of one tree.
        assert all(j in rows and k in cols for j, k in cells)


def test_every_zero_pattern_is_a_case() -> None:
    """A statement about zeros alone: some case fails iff some matrix does."""
    a, b = Polynomial.variable("a_0_0"), Polynomial.variable("a_0_1")
    both = conj(Atom(a, Rel.NE), Atom(b, Rel.EQ))
    answers = [evaluate(case, {}) for case in cases(both, [(0, 0), (0, 1)])]
    assert answers == [False, True, False, False]
    assert len(list(cases(TRUE, [(j, k) for j in range(2) for k in range(2)]))) == 16


def test_cases_agree_with_the_whole_question() -> None:
    """On a group small enough for the undivided question, which must have the same answer."""
    free = Group.of([{(0, 1), (0, 2), (1, 1), (1, 2)}, {(0, 2), (1, 0), (1, 2)}])
    rank_one = Group.of_blocks([(range(2), range(2))])
    with Engine(cache=None) as engine:
        for group, expected in ((free, TRUE), (rank_one, FALSE)):
            hard, question = columns_served(group)
            assert isinstance(question, ForAll)
            cells = [cell for cell in sorted(group.cells) if cell[1] in hard]
            whole = engine.ask(question, "z3", 30, 2048).answer
            assert whole is not None
            assert whole.formula == expected
            answers = [
                engine.ask(case, "z3", 30, 2048).answer for case in cases(question.body, cells)
            ]
            assert all(answer is not None for answer in answers)
            said = {answer.formula for answer in answers if answer is not None}
            assert (said == {TRUE}) == (expected == TRUE)
