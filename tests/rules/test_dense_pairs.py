"""Nearly whole neurons: triangles, frames, completion, relative freeness, approximate zeros."""

from __future__ import annotations

import random

import pytest

from cadlink.certificates.kernel import check_proof
from cadlink.clock import Clock
from cadlink.patterns.group import Group
from cadlink.patterns.masks import read
from cadlink.rules import approximate_zero, frames, triangle
from cadlink.rules.bits import View
from cadlink.rules.pipeline import Tree, proof, reduce, taken, verdict
from cadlink.rules.rule import Rule


def checked(rule: Rule, group: Group) -> str | None:
    """What the kernel says about the step of this rule alone; None if the rule is silent."""
    tree = taken(rule, group, Clock.of(60))
    return None if tree is None else check_proof(group.to_json(), proof(tree)).conclusion


def random_blocks(rng: random.Random, n: int, m: int, count: int, least: int) -> Group:
    def some(size: int) -> list[int]:
        return rng.sample(range(size), rng.randint(max(1, size - least), size))

    return Group.of_blocks([(some(n), some(m)) for _ in range(count)])


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 3), (2, 2), (3, 1), (2, 3), (3, 3), (4, 1)])
def test_whole_neurons_and_one_block(rows: int, cols: int) -> None:
    """n - 1 whole neurons and a block of a rows and b columns: free iff a + b > n."""
    n = 4
    group = Group.of_blocks([(range(n), range(n))] * (n - 1) + [(range(rows), range(cols))])
    tree = reduce(group, Clock.of(60))
    assert verdict(tree) == ("free" if rows + cols > n else "not_closed")
    if rows + cols <= n:
        assert checked(triangle.RULE, group) == "not_closed"


def test_triangles_are_not_closed() -> None:
    rng, hits = random.Random(0), 0
    for _ in range(60):
        group = random_blocks(rng, 4, 4, 4, 3)
        if checked(triangle.RULE, group) is not None:
            hits += 1
            assert verdict(reduce(group.transpose(), Clock.of(60))) == "not_closed"
            assert triangle.search(View.of(group.transpose())) is not None
    assert hits > 20


# Open until now: 4 x 4 with three hidden units.
CLOSED = {
    "1110/1111/1101;111/111/111/001": "completion",
    "1111/1110/1110;111/101/011/011": "completion",
    "1111/1110/1110;110/101/011/011": "completion",
    "1110/1101/0011;111/111/001/001": "completion",
    "1100/1011/1100;111/111/001/001": "relative_freeness",
}


@pytest.mark.parametrize(("pattern", "rule"), CLOSED.items())
def test_neurons_made_whole(pattern: str, rule: str) -> None:
    tree = reduce(read(pattern), Clock.of(60))

    def rules(one: Tree) -> set[str]:
        assert one.step is not None
        return {one.step.rule}.union(*map(rules, one.parts))

    assert rule in rules(tree)
    assert check_proof(read(pattern), proof(tree)).conclusion == "closed"


@pytest.mark.parametrize("seed", range(4))
def test_dense_square_masks_are_free(seed: int) -> None:
    pattern = read(f"random:30-30-30,0.9,{seed}")
    tree = reduce(pattern, Clock.of(60))
    assert check_proof(pattern, proof(tree)).conclusion == "free"


def test_frames_where_nothing_else_is_known() -> None:
    rng = random.Random(3)
    hits = {"two_frames": 0, "high_and_low_rank": 0}
    for _ in range(40):
        group = random_blocks(rng, 6, 6, 6, 1)
        for rule in (frames.TWO_FRAMES, frames.HIGH_AND_LOW_RANK):
            conclusion = checked(rule, group)
            hits[rule.name] += conclusion == "free"
            if conclusion is not None:
                assert triangle.search(View.of(group)) is None
    assert min(hits.values()) > 5


def test_an_irrational_zero() -> None:
    hollow = [{(0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1)}] * 2
    assert checked(approximate_zero.RULE, Group.of(hollow)) == "free"
    assert checked(approximate_zero.RULE, Group.of([{(0, 0), (0, 1), (1, 0)}])) is None
