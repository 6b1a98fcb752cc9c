"""Restriction to fewer rows and columns: the search for obstructions.

A restriction that is not closed proves that the whole is not (theorem and proof: kernel, restrict).
Deleting neurons is no such rule.  Small groups are searched completely, smallest restrictions
first, one per class of isomorphic ones.  In larger groups nothing is tried: theorems that speak of
a few rows and columns look for them themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.writing.document import Blocks, sentence
from cadlink.writing.formulas import these

__all__ = ["RULE", "restrictions", "search"]

_LINES = 11  # rows and columns together of the groups that are searched


def search(
    problem: Problem, refuted: Callable[[Group], bool], clock: Clock = UNLIMITED
) -> Step | None:
    """A step to a restriction that ``refuted`` says is not closed, or None.

    ``refuted`` is the caller's set of rules.

    >>> lu = Group.of_blocks([({0, 1, 2}, {0, 1, 2}), ({1, 2}, {1, 2})])
    >>> search(lu, lambda group: len(group.cells) == 4 and len(group.neurons) == 2).data
    {'rows': [0, 1], 'cols': [0, 1]}
    """
    if not isinstance(problem, Group) or len(problem.rows) + len(problem.cols) > _LINES:
        return None
    seen: set[Group] = set()
    for rows, cols in restrictions(problem):
        clock.check()
        part = problem.restrict(rows, cols)
        if len(part.neurons) < 2 and all(map(part.is_complete, range(len(part.neurons)))):
            continue
        shape = part.canonical()
        if shape in seen:
            continue
        seen.add(shape)
        if refuted(part):
            data = {"rows": list(rows), "cols": list(cols)}
            return Step("restrict", Conclusion.OBSTRUCTION, data, (part,))
    return None


def restrictions(group: Group) -> Iterator[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The proper restrictions (rows, columns) with at least two of each, smallest first.

    >>> len(list(restrictions(Group.of_blocks([(range(3), range(2))]))))
    3
    """
    rows, cols = group.rows, group.cols
    for total in range(4, len(rows) + len(cols)):
        for size in range(2, min(len(rows), total - 2) + 1):
            for chosen in combinations(rows, size):
                for others in combinations(cols, total - size):
                    yield chosen, others


def explain(problem: Problem, told: Told) -> Blocks:
    """Which lines are kept, and why the rest does not matter."""
    if isinstance(problem, Pattern):
        outputs, inputs = told.data["outputs"], told.data["inputs"]
        return sentence(
            f"Keep only {these('output', outputs)} and {these('input', inputs)}. The set of the"
            " restricted chain, padded with zeros, is the intersection of our set with the linear"
            " space of the matrices that vanish outside these rows and columns: for such a"
            " product, put the other rows of the last factor and the other columns of the first"
            " one to zero. That space is closed, so if the restricted set is not closed, neither"
            " is ours."
        )
    rows, cols = told.data["rows"], told.data["cols"]
    return sentence(
        f"Look at {these('row', rows)} and {these('column', cols)} only. The restricted set,"
        " padded with zeros, is the intersection of our set with the linear space of the A"
        " that vanish elsewhere: for such an A put the other entries of all x and y to zero."
        " That space is closed, so if the restricted set is not closed, neither is ours."
    )


RULE = Rule(
    name="restrict",
    about=Problem,
    account="looking at some of the inputs and outputs is enough",
    title="restriction",
    explain=explain,
)
