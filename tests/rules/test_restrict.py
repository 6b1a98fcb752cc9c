"""The search for obstructions in restrictions."""

from __future__ import annotations

import pytest

from cadlink.clock import Clock, OutOfTime
from cadlink.patterns.group import Group
from cadlink.rules import restrict
from cadlink.rules.pipeline import proof, reduce, verdict
from cadlink.rules.step import Conclusion


def blocks_and_hidden(text: str) -> Group:
    """The inverse of ``Group.picture``."""
    return Group.of(
        {(j, k) for j, row in enumerate(neuron.split("/")) for k, c in enumerate(row) if c == "#"}
        for neuron in text.split(" + ")
    )


FOUR = ".##/###/###/... + .##/.##/.##/.## + ..#/#.#/.../#.#"


def test_a_restriction_decides_what_the_whole_does_not() -> None:
    tree = reduce(blocks_and_hidden(FOUR))
    assert verdict(tree) == "not_closed"
    rules = []
    while tree.step is not None:
        rules.append(tree.step.rule)
        if not tree.parts:
            break
        tree = tree.parts[0]
    assert "restrict" in rules


def test_the_obstruction_is_part_of_the_proof() -> None:
    text = str(proof(reduce(blocks_and_hidden(FOUR))).to_json())
    assert "'restrict'" in text


def test_smallest_first_and_each_class_once() -> None:
    group = Group.of_blocks([(range(4), range(4)), (range(4), range(4)), ({3}, {3})])
    seen: list[Group] = []

    def never(part: Group) -> bool:
        seen.append(part)
        return False

    assert restrict.search(group, never) is None
    sizes = [len(part.rows) + len(part.cols) for part in seen]
    assert sizes == sorted(sizes)
    shapes = {part.canonical() for part in seen}
    assert len(shapes) == len(seen)


def test_the_step_names_the_lines_it_keeps() -> None:
    group = Group.of_blocks([(range(3), range(3)), ({2}, {2})])
    step = restrict.search(group, lambda part: (2, 2) in part.cells)
    assert step is not None
    assert step.conclusion is Conclusion.OBSTRUCTION
    assert step.parts == (group.restrict(step.data["rows"], step.data["cols"]),)


def test_large_groups_and_late_hours_are_left_alone() -> None:
    large = Group.of_blocks([(range(8), range(8)), ({0, 1}, {0, 1})])
    assert restrict.search(large, lambda part: True) is None
    small = Group.of_blocks([(range(3), range(3)), ({2}, {2})])
    with pytest.raises(OutOfTime):
        restrict.search(small, lambda part: True, Clock.of(0))
