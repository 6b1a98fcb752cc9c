"""The driver: patterns of any depth to a verdict and a certificate the kernel accepts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cadlink.certificates.data import Certificate
from cadlink.certificates.kernel import check
from cadlink.clock import Clock, OutOfTime
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules import one_layer, pipeline
from cadlink.rules.pipeline import Tree, open_leaves, proof, reduce, verdict
from cadlink.rules.step import Conclusion, Step

LEAF = Pattern.of(["11"])

# ##./##./... + ##./.../##. + #.#/#.#/...: no rule decides it.
HARD = Group.of_blocks([({0, 1}, {0, 1}), ({0, 2}, {0, 1}), ({0, 1}, {0, 2})])


def confirmed(pattern: Pattern) -> str | None:
    """The verdict of the rules; when there is one, the kernel has checked it."""
    tree = reduce(pattern)
    found = verdict(tree)
    if found is None:
        assert list(open_leaves(tree))
        return None
    claim = "not_closed" if found == "not_closed" else "closed"
    checked = check(Certificate(pattern.to_json(), claim, proof(tree)), pattern)
    assert (checked.verdict, checked.assurance) == (claim, "checked")
    return found


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["11/01", "10/11"], "not_closed"),  # LU
        (["10/11", "11/01"], "not_closed"),  # UL
        (["11/11", "11/11"], "free"),
        (["111", "1/1"], "closed"),  # rank one
        (["11"], "free"),
        (["1100/1100/0011/0011", "1010/0101/1010/0101"], "closed"),  # butterfly
        (["11/11", "10/01", "11/11"], "free"),
        (["00/00", "11/11"], "free"),  # no path at all
    ],
)
def test_known_patterns(layers: list[str], expected: str) -> None:
    assert confirmed(Pattern.of(layers)) == expected


def random_chain(chance: np.random.Generator) -> Pattern:
    depth = int(chance.integers(1, 5))
    widths = chance.integers(1, 6, size=depth + 1)
    density = chance.choice([0.2, 0.5, 0.8, 0.95])
    return Pattern.of([chance.random((widths[k + 1], widths[k])) < density for k in range(depth)])


def test_random_chains_are_certified_and_agree_with_their_transposes() -> None:
    chance = np.random.default_rng(0)
    verdicts = []
    for _ in range(200):
        pattern = random_chain(chance)
        found, turned = confirmed(pattern), confirmed(pattern.transpose())
        verdicts.append(found)
        if found is not None and turned is not None:
            assert (found == "not_closed") == (turned == "not_closed"), pattern.inline()
    assert {"free", "closed", "not_closed"} <= set(verdicts)
    assert verdicts.count(None) <= 10


def tree_of(conclusion: Conclusion, *parts: Tree) -> Tree:
    step = Step("any", conclusion, {}, tuple(part.problem for part in parts))
    return Tree(LEAF, step, parts)


OPEN = Tree(LEAF, None)
FREE, CLOSED, MISSED = (
    tree_of(c) for c in (Conclusion.FREE, Conclusion.CLOSED, Conclusion.NOT_CLOSED)
)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [
        (OPEN, None),
        (tree_of(Conclusion.SAME, OPEN), None),
        (tree_of(Conclusion.SAME, MISSED), "not_closed"),
        (tree_of(Conclusion.ALL, FREE, FREE), "free"),
        (tree_of(Conclusion.ALL, FREE, CLOSED), "closed"),
        (tree_of(Conclusion.ALL, FREE, OPEN), None),
        (tree_of(Conclusion.ALL, OPEN, MISSED), "not_closed"),
        (tree_of(Conclusion.OBSTRUCTION, MISSED), "not_closed"),
        (tree_of(Conclusion.OBSTRUCTION, CLOSED), None),
        (tree_of(Conclusion.OBSTRUCTION, FREE), None),
    ],
)
def test_verdicts_combine(tree: Tree, expected: str | None) -> None:
    assert verdict(tree) == expected


def test_open_components_beside_a_missed_one_need_no_proof() -> None:
    written = proof(tree_of(Conclusion.ALL, OPEN, MISSED, FREE))
    assert [part is None for part in written.parts] == [True, False, True]
    assert list(open_leaves(tree_of(Conclusion.ALL, OPEN, MISSED))) == []
    assert list(open_leaves(tree_of(Conclusion.ALL, OPEN, CLOSED, OPEN))) == [OPEN, OPEN]


def test_what_stays_open_is_the_smaller_problem() -> None:
    # One free row neuron beside a group no rule decides.
    group = Group.of([*HARD.neurons, {(9, 0), (9, 1), (9, 2)}])
    leaves = list(open_leaves(reduce(group)))
    assert [leaf.problem for leaf in leaves] == [HARD]


@pytest.mark.parametrize("late", [False, True])
def test_a_rule_looks_at_a_chain_once_in_each_way(
    monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    seen = []

    def find(pattern: Pattern, clock: Clock) -> Step | None:
        seen.append(pattern.inline())
        if late and len(seen) == 1:
            raise OutOfTime
        return None

    rule = replace(one_layer.RULE, find=find, both_ways=True)
    monkeypatch.setattr(pipeline, "CHAIN_RULES", (rule,))
    chain = Pattern.of(["110/011", "11"])
    assert verdict(reduce(chain)) is None
    there, back = chain.inline(), chain.transpose().inline()
    # Only who ran out of time before the other way had its turn is asked again.
    assert seen == ([there, back, there] if late else [there, back])
