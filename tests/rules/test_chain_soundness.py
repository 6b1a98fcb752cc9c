"""The chain rules against each other, against the group rules and against the kernel.

No rule may contradict another one on any pattern, nor change its mind when units are renumbered or
the chain is reversed; and the kernel, which shares no code with the rules, must accept every step.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from cadlink.certificates.kernel import check_proof
from cadlink.clock import UNLIMITED
from cadlink.errors import CertificateError
from cadlink.patterns.families import build
from cadlink.patterns.group import Group
from cadlink.patterns.masks import read
from cadlink.patterns.pattern import Pattern
from cadlink.rules import (
    absorb_edges,
    block_tiling,
    cap_outputs,
    cut,
    deep_matching,
    dense_top,
    hall_circuit,
    large_matching,
    merge,
    merge_layers,
    one_layer,
    pendants,
    pipeline,
    sandwich,
    split,
    trim,
    twins,
    two_factors,
    unique_cut,
    wide_cross,
)
from cadlink.rules.step import Conclusion, Problem

RULES = {
    module.__name__.rpartition(".")[2]: module.RULE
    for module in (
        trim,
        split,
        one_layer,
        large_matching,
        block_tiling,
        dense_top,
        unique_cut,
        wide_cross,
        merge,
        merge_layers,
        two_factors,
        deep_matching,
        twins,
        pendants,
        absorb_edges,
        hall_circuit,
        sandwich,
        cut,
        cap_outputs,
    )
}
LEAVES = (Conclusion.FREE, Conclusion.CLOSED, Conclusion.NOT_CLOSED)


@functools.cache
def verdicts(problem: Problem) -> dict[str, str]:
    """What every rule, taken first, says in the end: 'free', 'closed' or 'not_closed'."""
    if isinstance(problem, Group):
        found = pipeline.verdict(pipeline.reduce(problem))
        return {} if found is None else {"group": found}
    said = {}
    for name, rule in RULES.items():
        tree = pipeline.taken(rule, problem)
        if tree is None or tree.step is None:
            continue
        found = pipeline.verdict(tree)
        if found is not None:
            said[name] = found
            continue
        step = tree.step
        parts = [verdicts(part) for part in step.parts]
        best = [strongest(part) for part in parts]
        if step.conclusion is Conclusion.SAME and best[0]:
            said[name] = best[0]
        elif step.conclusion in (Conclusion.ALL, Conclusion.CLOSED_IF_ALL):
            if "not_closed" in best:
                said[name] = "not_closed"
            elif all(best):
                free = step.conclusion is Conclusion.ALL and set(best) == {"free"}
                said[name] = "free" if free else "closed"
    return said


def strongest(said: dict[str, str]) -> str | None:
    kinds = set(said.values())
    assert "not_closed" not in kinds or len(kinds) == 1, said
    return next((kind for kind in ("not_closed", "free", "closed") if kind in kinds), None)


def check_by_the_kernel(problem: Pattern) -> int:
    """The kernel accepts every leaf and every proof inside a merge; returns how many there were."""
    count = 0
    for rule in RULES.values():
        tree = pipeline.taken(rule, problem)
        if tree is None or tree.step is None:
            continue
        if tree.step.rule == "transpose":
            (tree,) = tree.parts
        step, problem_ = tree.step, tree.problem
        assert step is not None
        if step.conclusion in LEAVES:
            proof = {"rule": step.rule, "data": dict(step.data), "parts": []}
            assert check_proof(problem_.to_json(), proof).conclusion == step.conclusion.value
            count += 1
        elif step.rule in ("merge", "merge_layers"):
            # the kernel must find the merged chain itself; one more mask has an easy proof
            merged = step.parts[0]
            assert isinstance(merged, Pattern)
            if merged.depth == 1:
                leaf = {"rule": "one_layer", "data": {}, "parts": []}
                proof = {"rule": step.rule, "data": dict(step.data), "parts": [leaf]}
                assert check_proof(problem_.to_json(), proof).conclusion == "free"
                count += 1
        elif step.rule == "trim":
            part = step.parts[0]
            assert isinstance(part, Pattern)
            assert trim.find(part) is None
            if 0 in part.widths and part.depth == 2:
                empty = {"rule": "empty", "data": {}, "parts": []}
                below = {"rule": "two_factors", "data": {}, "parts": [empty]}
                proof = {"rule": "trim", "data": {}, "parts": [below]}
                assert check_proof(problem_.to_json(), proof).conclusion == "free"
                count += 1
    return count


def sample(
    widths: tuple[int, ...], count: int, seed: int, densities: tuple[float, ...] = (0.4, 0.6, 0.8)
) -> Iterator[Pattern]:
    chance = np.random.default_rng(seed)
    for _ in range(count):
        density = chance.choice(densities)
        layers = [chance.random((b, a)) < density for a, b in itertools.pairwise(widths)]
        yield Pattern.of(layers)


def all_patterns(*widths: int) -> Iterator[Pattern]:
    shapes = [(b, a) for a, b in itertools.pairwise(widths)]
    size = sum(a * b for a, b in shapes)
    for bits in range(2**size):
        flat = np.array([bits >> p & 1 for p in range(size)])
        cuts = np.cumsum([a * b for a, b in shapes])[:-1]
        parts = np.split(flat, cuts)
        yield Pattern.of([part.reshape(s) for part, s in zip(parts, shapes, strict=True)])


def test_all_patterns_two_by_two_by_two() -> None:
    classes: dict[str, set[str | None]] = {}
    for pattern in all_patterns(2, 2, 2):
        classes.setdefault(pattern.digest, set()).add(strongest(verdicts(pattern)))
    # Every one is decided, the same way in its whole class.
    assert all(len(kinds) == 1 for kinds in classes.values())
    assert None not in set().union(*classes.values())
    assert [d for d, kinds in classes.items() if kinds == {"not_closed"}] == [build("lu:2").digest]


@pytest.mark.parametrize(
    ("widths", "count"),
    [
        ((3, 3, 3), 40),
        ((3, 2, 3), 40),
        ((4, 3, 2), 30),
        ((2, 2, 2, 2), 40),
        ((3, 3, 3, 3), 12),
        ((3, 2, 3, 2, 3), 12),
    ],
)
def test_rules_never_contradict_each_other(widths: tuple[int, ...], count: int) -> None:
    chance = np.random.default_rng(1)
    kinds = []
    for pattern in sample(widths, count, seed=1):
        said = verdicts(pattern)
        kinds.append(strongest(said))
        moved = pattern.permute([chance.permutation(width) for width in widths]).transpose()
        again = verdicts(moved)
        # The rules are complete for what their theorems say, so symmetry must not matter.
        whole = {"large_matching", "block_tiling", "dense_top", "unique_cut"}
        assert {n: said.get(n) for n in whole} == {n: again.get(n) for n in whole}
        strongest(said | {f"moved {name}": kind for name, kind in again.items()})
    assert "not_closed" in kinds
    assert {"free", "closed"} & set(kinds)


@pytest.mark.parametrize("widths", [(3, 3, 3), (4, 3, 4), (3, 3, 3, 3), (2, 2, 2, 2, 2), (2, 2)])
def test_the_kernel_accepts_every_step(widths: tuple[int, ...]) -> None:
    assert sum(check_by_the_kernel(p) for p in sample(widths, 100, 5, (0.2, 0.5, 0.8, 1))) > 30


@pytest.mark.parametrize(
    ("rule", "widths"),
    [
        ("block_tiling", (3, 2, 3)),
        ("block_tiling", (2, 2, 2, 2)),
        ("dense_top", (3, 2, 3)),
        ("dense_top", (2, 2, 2, 2)),
        ("matching", (3, 2, 3)),
        ("one_layer", (3, 2)),
    ],
)
def test_leaves_without_data_fire_exactly_when_the_kernel_agrees(
    rule: str, widths: tuple[int, ...]
) -> None:
    find = RULES["large_matching" if rule == "matching" else rule].find
    assert find is not None
    fired = 0
    for pattern in sample(widths, 150, 7, (0.5, 0.8, 1)):
        try:
            check_proof(pattern.to_json(), {"rule": rule, "data": {}, "parts": []})
            accepted = True
        except CertificateError:
            accepted = False
        assert accepted == (find(pattern, UNLIMITED) is not None)
        fired += accepted
    assert fired


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("lu:2", "not_closed"),
        ("lu:3", "not_closed"),
        ("lu:9", "not_closed"),
        ("dense:3-1-3", "closed"),
        ("dense:4-2-3-4", "closed"),
        ("dense:2-3-2", "free"),
        ("butterfly:4", "closed"),
        ("butterfly:16", "closed"),
        ("monarch:9", "closed"),
        ("block:3-1-3,4-2-4", "closed"),
        ("11/11;11/01", "free"),
        ("1", "free"),
        ("00/00;00/00", "free"),
        ("00;1;1", "free"),
        ("0/0;00;1/0", "closed"),
        ("111/111/100;111/111/111", "closed"),
        ("100/110/111;111/111/111", "free"),
        ("110/100;11/11/11", "closed"),
    ],
)
def test_known_answers(source: str, expected: str) -> None:
    found = strongest(verdicts(read(source)))
    assert found == expected or (expected == "closed" and found == "free")
