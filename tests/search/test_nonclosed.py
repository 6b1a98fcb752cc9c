from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import pytest

from cadlink.certificates.data import Proof
from cadlink.clock import Clock
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.search.model import Problem
from cadlink.search.nonclosed import find

Accept = Callable[[Problem, Proof | Mapping[str, Any]], None]

NOT_CLOSED = (
    "##/#.",
    "##./##. + .##/.##",
    "###/###/##. + ###/###/##.",
    "11/01;10/11",
    "111/011/001;100/110/111",
    "11/01;10/01;10/11",
    "111/011/001;100/010/001;100/110/111",
    "11/01;10/01;10/01;10/01;10/11",
    "###./##.#/#.##/.... + .###/.###/..../.#.# + #..#/#.##/..../..##",
)
CLOSED = (
    "##/##",
    "##./#.. + #.#/#.#",
    "###/###/... + ##./##./##.",
    "###/###/### + ##./##./##.",
    "###/### + #../#..",
    ".##/#.#/##. + .##/#.#/##.",
    "111;1/1/1",
    "11/11/11;111/111;11/11",
    "1100/0011;11/11;10/10/01/01",
)


@pytest.mark.parametrize("text", NOT_CLOSED)
def test_a_proof_is_found_and_the_kernel_accepts_it(
    text: str, problem: Callable[[str], Problem], accept: Accept
) -> None:
    where = problem(text)
    proof = find(where, clock=Clock.of(20))
    assert proof is not None
    assert (proof.rule, proof.parts) == ("curve", ())
    accept(where, proof)


@pytest.mark.parametrize("text", CLOSED)
def test_nothing_is_found_for_closed_sets(text: str, problem: Callable[[str], Problem]) -> None:
    assert find(problem(text), trials=150) is None


def test_a_limit_where_three_units_become_dependent_and_no_two_alike(
    problem: Callable[[str], Problem], accept: Accept
) -> None:
    full = "####/####/####/#### + ####/..../####/.... + "
    where = problem(full + "###./###./..../.... + ..../#..#/#..#/#..#")
    proof = find(where, trials=400, polish=1)
    assert proof is not None
    accept(where, proof)


def test_the_result_depends_on_the_seed_alone(problem: Callable[[str], Problem]) -> None:
    where = problem(NOT_CLOSED[1])
    first = find(where, seed=4, trials=60, polish=1)
    assert first is not None
    assert first == find(where, seed=4, trials=60, polish=1)


def test_a_given_limit_is_used(problem: Callable[[str], Problem], accept: Accept) -> None:
    where = problem("11/01;10/11")
    limit = {(0, 1): Fraction(3), (1, 0): Fraction(5), (1, 1): Fraction(7, 2)}
    proof = find(where, starts=[limit], trials=0)
    assert proof is not None
    assert proof.data["limit"] == [[0, 1, 3], [1, 0, 5], [1, 1, "7/2"]]
    accept(where, proof)


def test_useless_given_limits_are_passed_over(problem: Callable[[str], Problem]) -> None:
    member = {(0, 0): Fraction(1)}
    outside = {(5, 5): Fraction(1)}
    assert find(problem("##/##"), starts=[member, outside], trials=0) is None


def test_the_deadline_is_kept(problem: Callable[[str], Problem]) -> None:
    begun = time.monotonic()
    assert find(problem("###/###/### + ###/###/###"), clock=Clock.of(0.5)) is None
    assert time.monotonic() - begun < 5
    assert find(problem("##/#."), clock=Clock.of(0)) is None


@pytest.mark.parametrize("seed", range(10))
def test_random_groups_of_size_four(seed: int, accept: Accept) -> None:
    rng = random.Random(seed)
    group = Group.of_blocks(
        (
            [j for j in range(4) if rng.random() < 0.7],
            [k for k in range(4) if rng.random() < 0.7],
        )
        for _ in range(4)
    )
    proof = find(group, clock=Clock.of(1))
    if proof is not None:  # whether there is one is not known; that it is right, is
        accept(group, proof)


@pytest.mark.parametrize("seed", range(8))
def test_random_chains(seed: int, accept: Accept) -> None:
    rng = random.Random(seed)
    pattern = Pattern.of(
        [[[int(rng.random() < 0.6) for _ in range(3)] for _ in range(3)] for _ in range(3)]
    )
    proof = find(pattern, clock=Clock.of(1))
    if proof is not None:
        accept(pattern, proof)
