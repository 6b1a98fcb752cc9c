"""Groups as bit masks, and bipartite matching on them: what the polynomial-time rules compute with.

A set of rows, columns or neurons is an ``int`` whose bit p stands for position p.  Matchings are
found by breadth-first augmenting paths (Kuhn 1955, Berge 1957); the set of neurons reachable from
an unmatched row by alternating paths is the over-determined part of Dulmage and Mendelsohn
(1958).  What may take long gets a clock and raises OutOfTime.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from cadlink.clock import UNLIMITED, Clock
from cadlink.once import cached_property
from cadlink.patterns.group import Group

__all__ = ["View", "bits", "crowded", "lowest", "mask", "matching", "representatives"]


def bits(number: int) -> Iterator[int]:
    """The positions of the ones, ascending.

    >>> list(bits(0b1101))
    [0, 2, 3]
    """
    while number:
        low = number & -number
        yield low.bit_length() - 1
        number ^= low


def mask(positions: Iterable[int]) -> int:
    """The inverse of :func:`bits`.

    >>> mask([0, 2, 3]) == 0b1101
    True
    """
    number = 0
    for position in positions:
        number |= 1 << position
    return number


def lowest(number: int) -> int:
    """The position of the lowest one; ``number`` must not be 0."""
    return (number & -number).bit_length() - 1


def _search(sets: Sequence[int], clock: Clock) -> tuple[list[int], int]:
    """A maximum matching (item -> position or -1), and the positions alternating paths reach from
    an unmatched item."""
    match = [-1] * len(sets)
    holder: dict[int, int] = {}
    used = reached = 0
    for start in range(len(sets)):
        clock.check()
        came_from: dict[int, int] = {}
        seen = 0
        queue = deque([start])
        while queue:
            item = queue.popleft()
            new = sets[item] & ~seen
            free = new & ~used
            if free:
                position = lowest(free)
                used |= 1 << position
                while True:  # give every item on the path the position it was reached from
                    previous = match[item]
                    match[item], holder[position] = position, item
                    if item == start:
                        break
                    position = previous
                    item = came_from[position]
                break
            seen |= new
            for position in bits(new):
                came_from[position] = item
                queue.append(holder[position])
        else:
            # A failed search is final: later augmentations never touch what it reached.
            reached |= seen
    return match, reached


def matching(sets: Sequence[int]) -> list[int]:
    """A maximum matching of the items to elements of their sets; -1 for unmatched items.

    >>> matching([0b01, 0b11, 0b10])
    [0, 1, -1]
    """
    return _search(sets, UNLIMITED)[0]


def representatives(sets: Sequence[int], clock: Clock = UNLIMITED) -> list[int] | None:
    """Distinct representatives of the sets, or None.

    >>> representatives([0b11, 0b01])
    [1, 0]
    """
    if not all(sets):
        return None
    found = _search(sets, clock)[0]
    return None if -1 in found else found


def crowded(sets: Sequence[int], clock: Clock = UNLIMITED) -> int:
    """The elements that alternating paths reach from an item some maximum matching leaves out.

    0 exactly when every item can be matched.

    >>> bin(crowded([0b001, 0b001, 0b110]))
    '0b1'
    """
    return _search(sets, clock)[1]


@dataclass(frozen=True)
class View:
    """A group with positions instead of numbers.

    ``rows[p]`` and ``cols[q]`` are the original numbers; ``row_sets[i]`` and ``col_sets[i]`` are
    R_i and C_i; ``observed[p]`` is the set of columns observed in row p.  Neuron i observes the
    cell (p, q) when p is in R_i, q in C_i and (p, q) is observed.
    """

    rows: tuple[int, ...]
    cols: tuple[int, ...]
    row_sets: tuple[int, ...]
    col_sets: tuple[int, ...]
    observed: tuple[int, ...]

    @classmethod
    def of(cls, group: Group) -> View:
        """The view of a group; neurons keep their numbers."""
        row_at = {j: p for p, j in enumerate(group.rows)}
        col_at = {k: q for q, k in enumerate(group.cols)}
        observed = [0] * len(row_at)
        for j, k in group.cells:
            observed[row_at[j]] |= 1 << col_at[k]
        return cls(
            group.rows,
            group.cols,
            tuple(mask(row_at[j] for j in rows) for rows, _ in group.supports),
            tuple(mask(col_at[k] for k in cols) for _, cols in group.supports),
            tuple(observed),
        )

    def transpose(self) -> View:
        """Rows and columns exchanged; neurons keep their numbers."""
        return View(self.cols, self.rows, self.col_sets, self.row_sets, self.seen_in_col)

    @property
    def neurons(self) -> int:
        """How many neurons there are."""
        return len(self.row_sets)

    @cached_property
    def seen_in_col(self) -> tuple[int, ...]:
        """The rows observed in every column."""
        found = [0] * len(self.cols)
        for p, cols in enumerate(self.observed):
            for q in bits(cols):
                found[q] |= 1 << p
        return tuple(found)

    @cached_property
    def in_row(self) -> tuple[int, ...]:
        """For every row p the neurons i with p in R_i."""
        return _incidence(self.row_sets, len(self.rows))

    @cached_property
    def in_col(self) -> tuple[int, ...]:
        """For every column q the neurons i with q in C_i."""
        return _incidence(self.col_sets, len(self.cols))

    @cached_property
    def all_complete(self) -> bool:
        """Whether every neuron observes all of R_i x C_i."""
        return all(
            not cols & ~self.observed[p]
            for rows, cols in zip(self.row_sets, self.col_sets, strict=True)
            for p in bits(rows)
        )

    @cached_property
    def known(self) -> tuple[int, ...]:
        """For every row the columns where the product X Y is known: the cells that are observed,
        and those in no R_i x C_i, where it is 0."""
        everything = (1 << len(self.cols)) - 1
        found = []
        for p, observed in enumerate(self.observed):
            touched = 0
            for i in bits(self.in_row[p]):
                touched |= self.col_sets[i]
            found.append(observed | (everything & ~touched))
        return tuple(found)

    def covers(self, p: int, q: int) -> int:
        """The neurons i with p in R_i and q in C_i."""
        return self.in_row[p] & self.in_col[q]

    def row_numbers(self, rows: int) -> list[int]:
        """Original numbers of a set of row positions."""
        return [self.rows[p] for p in bits(rows)]

    def col_numbers(self, cols: int) -> list[int]:
        """Original numbers of a set of column positions."""
        return [self.cols[q] for q in bits(cols)]


def _incidence(sets: tuple[int, ...], size: int) -> tuple[int, ...]:
    found = [0] * size
    for i, members in enumerate(sets):
        for position in bits(members):
            found[position] |= 1 << i
    return tuple(found)
