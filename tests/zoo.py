"""Known patterns and groups, replayed through every path of the tests.

Each answer is known without cadlink: by hand, or from the literature named beside it.
"""

from __future__ import annotations

from dataclasses import dataclass

from cadlink.patterns.group import Group


@dataclass(frozen=True)
class Known:
    """A source that ``cadlink.read`` understands, and whether its set is closed."""

    source: str
    closed: bool
    why: str


PATTERNS = (
    Known("lu:2", False, "Le, Riccietti, Gribonval 2023: [[0, 1], [1, 0]] is missed"),
    Known("lu:3", False, "contains lu:2 as a restriction of one hidden unit's rows and columns"),
    Known("dense:3-3", True, "one factor: a linear space"),
    Known("dense:2-1-2", True, "matrices of rank at most 1"),
    Known("dense:3-2-3", True, "matrices of rank at most 2"),
    Known("dense:2-2-2", True, "all matrices"),
    Known("dense:5-2-4-3-6", True, "matrices of rank at most 2"),
    Known("butterfly:4", True, "rank conditions on blocks that tile the matrix"),
    Known("butterfly:8", True, "the same"),
    Known("monarch:4", True, "the same"),
    Known("1", True, "one entry"),
    Known("0", True, "the zero matrix alone"),
    Known("11/11;00/00", True, "the zero matrix alone"),
    Known("10/01;10/01", True, "diagonal matrices"),
    Known("10/01;11/11", True, "all matrices: X_1 = identity"),
    Known("11/01;10/11;11/11", True, "the invertible dense factor makes all matrices"),
    Known("11/11;10/01;11/11", True, "all matrices"),
    Known("11/01;10/01;10/11", False, "lower * diagonal * upper is the LU set again"),
)

# '#' is observed by the neuron, '.' is not; neurons one after the other.
GROUPS = (
    (("##/#.",), False, "{(xy, xz, wy)} misses (0, 1, 1)"),
    (("##/##",), True, "rank at most 1"),
    (("##./##.", ".##/.##"), False, "both owners of a column, and one shared"),
    (("###/###/###", "##./##./##."), True, "nested column sets with one row set"),
    (("###/###/...", "##./##./##."), True, "det = 0 with the corner 0"),
    (("##./#..", "#.#/#.#"), True, "every assignment is realised"),
    ((".##/#.#/##.", ".##/#.#/##."), True, "every assignment is realised"),
    (("###/###/##.", "###/###/##."), False, "rank at most 2 with an unobserved cell"),
)


def group(pictures: tuple[str, ...]) -> Group:
    """The group drawn by these pictures."""
    return Group.of(
        {
            (j, k)
            for j, line in enumerate(picture.split("/"))
            for k, mark in enumerate(line)
            if mark == "#"
        }
        for picture in pictures
    )
