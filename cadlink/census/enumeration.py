"""All patterns of given sizes up to isomorphism, each exactly once, in a fixed order, in shards.

Three kinds of lists, with one interface (:class:`Classes`): ``shards()`` cuts the list into pieces
without making it, ``patterns(s)`` makes one piece, ``count()`` counts the whole by Burnside's
formula where there is one.

*Two factors*: a pattern with n outputs, m inputs and r hidden units is a multiset of r *blocks*,
hidden unit i having the rows R_i and the columns C_i.  Permutations of outputs and inputs, and for
n = m the transposition, permute the 2^n * 2^m blocks: ``orderly.py`` does the rest.

*Three factors*, widths n0, n1, n2, n3: the units of layer 1 are a multiset A of n1 blocks (units
of layer 2) x (inputs), the outputs are a multiset B of n3 sets of units of layer 2, and what is
left of the symmetry are the permutations of layer 2 and of the inputs.  Compare (A, B) with its
images lexicographically, A first: (A, B) is least in its orbit iff A is least in its own and B is
least among its images under the permutations that keep A.  So both are generated orderly, one
inside the other.  For palindromic widths a pattern and its reversal are to count once: of the two,
that with the smaller least pair is kept.

*Any number of hidden units*, outer sizes up to 3 x 3: the normal forms of ``database/normal.py``.
The set F runs over the sets of cells that are least in their orbit; the graphs are multisets up to
the symmetries that keep F.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any, Protocol, TypeAlias

import numpy as np

from cadlink.census.orderly import Numbers, Orderly, orbits
from cadlink.database.normal import NormalForm, components, is_star, lines
from cadlink.database.symmetry import small, symmetries
from cadlink.errors import InputError
from cadlink.once import cached_property
from cadlink.patterns.pattern import Pattern

__all__ = ["Blocks", "Classes", "NormalForms", "Shard", "ThreeFactorClasses", "TwoFactorClasses"]

# One block is (row mask, column mask), two integers whose bits are the rows and the columns.
Blocks: TypeAlias = tuple[tuple[int, int], ...]
Shard: TypeAlias = tuple[Any, ...]


class Classes(Protocol):
    """What a builder needs of a list of patterns."""

    def shards(self) -> Iterator[Shard]:
        """Pieces of the list, in order."""
        ...

    def patterns(self, shard: Shard) -> Iterator[Pattern]:
        """The patterns of one piece, in order."""
        ...

    def count(self) -> int | None:
        """How many patterns there are, without making them; None if that is not known."""
        ...


class TwoFactorClasses:
    """The isomorphism classes of two-factor patterns with n outputs, m inputs and r hidden units.

    Parameters
    ----------
    outputs, inputs, hidden : int
        n, m, r; at least 1, and n! m! at most some 10^4.
    trimmed : bool
        Only patterns without idle units: no empty R_i or C_i, every output and input covered.
    transpose : bool
        For n = m, count a pattern and its transpose as one class.

    Raises InputError for sizes out of range.

    >>> found = TwoFactorClasses(2, 2, 2, trimmed=False, transpose=False)
    >>> sum(1 for _ in found), found.count()
    (58, 58)
    """

    def __init__(
        self,
        outputs: int,
        inputs: int,
        hidden: int,
        trimmed: bool = True,
        transpose: bool = True,
    ) -> None:
        if hidden < 1 or not small(outputs, inputs):
            raise InputError(
                f"sizes {outputs} x {inputs} with {hidden} hidden units: "
                "expected positive sizes up to 5 x 5 or 4 x 6"
            )
        self.outputs, self.inputs, self.hidden = outputs, inputs, hidden
        self.trimmed = trimmed
        self.transpose = transpose and outputs == inputs
        self.blocks = _blocks(outputs, inputs, trimmed)

    @cached_property
    def _orderly(self) -> Orderly:
        return Orderly(_images(self.outputs, self.inputs, self.trimmed, self.transpose))

    def prefixes(self, length: int) -> Iterator[tuple[int, ...]]:
        """The canonical tuples of this length."""
        yield from self._orderly.extend((), length)

    def shards(self) -> Iterator[Shard]:
        """The canonical tuples that lack one block."""
        return self.prefixes(max(0, self.hidden - 1))

    def shard(self, prefix: Shard) -> Iterator[Blocks]:
        """The classes whose canonical tuple begins with this prefix, in order."""
        for chosen in self._orderly.extend(tuple(prefix), self.hidden):
            if not self.trimmed or self._covers(chosen):
                yield tuple(self.blocks[number] for number in chosen)

    def patterns(self, shard: Shard) -> Iterator[Pattern]:
        """The same as patterns."""
        return map(self.pattern, self.shard(shard))

    def _covers(self, chosen: Sequence[int]) -> bool:
        rows = cols = 0
        for number in chosen:
            rows |= self.blocks[number][0]
            cols |= self.blocks[number][1]
        return rows == (1 << self.outputs) - 1 and cols == (1 << self.inputs) - 1

    def __iter__(self) -> Iterator[Blocks]:
        """All classes in order."""
        return self.shard(())

    def count(self) -> int:
        """The number of classes by Burnside's formula.

        With blocks that are not empty, a multiset on the n x m grid is a trimmed pattern on the
        rows and columns it covers: the trimmed ones are differences of such counts.
        """
        n, m, r = self.outputs, self.inputs, self.hidden
        if not self.trimmed:
            return orbits(_images(n, m, False, self.transpose), r)

        def upright(rows: int, cols: int) -> int:
            if rows == 0 or cols == 0:
                return 0
            return orbits(_images(rows, cols, True, False), r)

        def exact(rows: int, cols: int) -> int:
            whole = upright(rows, cols) - upright(rows - 1, cols)
            return whole - upright(rows, cols - 1) + upright(rows - 1, cols - 1)

        if not self.transpose:
            return exact(n, m)
        smaller = orbits(_images(n - 1, n - 1, True, True), r) if n > 1 else 0
        oblong = sum(exact(rows, n) for rows in range(1, n))
        return orbits(_images(n, n, True, True), r) - smaller - oblong

    def pattern(self, blocks: Blocks) -> Pattern:
        """The pattern of these blocks: hidden unit i is the i-th block."""
        lower = [[c >> k & 1 for k in range(self.inputs)] for _, c in blocks]
        upper = [[r >> j & 1 for r, _ in blocks] for j in range(self.outputs)]
        return Pattern.of([lower, upper])


def _blocks(outputs: int, inputs: int, trimmed: bool) -> list[tuple[int, int]]:
    """The blocks, large ones first, so that the least tuple of an orbit begins with its largest."""
    rows = range(1 if trimmed else 0, 1 << outputs)
    cols = range(1 if trimmed else 0, 1 << inputs)
    return sorted(
        itertools.product(rows, cols),
        key=lambda block: (-block[0].bit_count() * block[1].bit_count(), block),
    )


def _images(outputs: int, inputs: int, trimmed: bool, transpose: bool) -> Numbers:
    """Row g holds the image of every block's number under the g-th symmetry."""
    blocks = np.array(_blocks(outputs, inputs, trimmed))
    number = np.full((1 << outputs, 1 << inputs), -1, dtype=np.int16)
    number[blocks[:, 0], blocks[:, 1]] = np.arange(len(blocks))
    row_maps = [_mask_images(perm) for perm in itertools.permutations(range(outputs))]
    col_maps = [_mask_images(perm) for perm in itertools.permutations(range(inputs))]
    images = []
    for row_map in row_maps:
        for col_map in col_maps:
            row, col = row_map[blocks[:, 0]], col_map[blocks[:, 1]]
            images.append(number[row, col])
            if transpose:
                images.append(number[col, row])
    return np.stack(images)


def _mask_images(perm: Sequence[int]) -> Any:
    """The image of every bit mask when bit i moves to bit perm[i]."""
    return np.array(
        [
            sum(1 << perm[bit] for bit in range(len(perm)) if mask >> bit & 1)
            for mask in range(1 << len(perm))
        ]
    )


class ThreeFactorClasses:
    """The isomorphism classes of three-factor patterns with these widths, inputs first.

    ``trimmed``: every unit on some input-output path.  ``reverse``: for palindromic widths, count a
    pattern and its reversed transpose as one class.

    Raises InputError for widths out of range (four widths from 1 to 4).

    >>> sum(1 for _ in ThreeFactorClasses((2, 1, 1, 2)).patterns(()))
    1
    """

    def __init__(self, widths: Sequence[int], trimmed: bool = True, reverse: bool = True) -> None:
        if len(widths) != 4 or not all(1 <= width <= 4 for width in widths):
            raise InputError(f"widths {tuple(widths)}: expected four numbers from 1 to 4")
        self.widths = tuple(widths)
        self.trimmed = trimmed
        self.reverse = reverse and self.widths == self.widths[::-1]
        inputs, _, middle, _ = self.widths
        low = 1 if trimmed else 0
        # Blocks (units of layer 2, inputs); sets of units of layer 2.
        self.blocks = [(r, c) for r in range(low, 1 << middle) for c in range(low, 1 << inputs)]
        number = {block: index for index, block in enumerate(self.blocks)}
        self.low = low
        lower, upper = [], []
        for perm in itertools.permutations(range(middle)):
            rows = _mask_images(perm).tolist()
            for other in itertools.permutations(range(inputs)):
                cols = _mask_images(other).tolist()
                lower.append([number[rows[r], cols[c]] for r, c in self.blocks])
                upper.append([rows[r] - low for r in range(low, 1 << middle)])
        self._lower = np.array(lower, dtype=np.int16)
        self._upper = np.array(upper, dtype=np.int16)

    def shards(self) -> Iterator[Shard]:
        """The canonical multisets A."""
        return Orderly(self._lower).extend((), self.widths[1])

    def patterns(self, shard: Shard) -> Iterator[Pattern]:
        """The patterns of one shard; of all of them for the empty shard."""
        for first in Orderly(self._lower).extend(tuple(shard), self.widths[1]):
            kept = (np.sort(self._lower[:, list(first)], axis=1) == np.array(first)).all(axis=1)
            uppers = Orderly(self._upper[kept])
            for second in uppers.extend((), self.widths[3]):
                if self._wanted(first, second):
                    yield self._pattern(first, second)

    def count(self) -> int | None:
        """The number of classes, if it is given by a formula: all patterns, reversals apart.

        Burnside: a pair (A, B) is fixed by a symmetry of layer 2 and the inputs iff A and B are.
        """
        if self.trimmed or self.reverse:
            return None
        _, n1, _, n3 = self.widths
        total = 0
        for g in range(len(self._lower)):
            total += _fixed(self._lower[g], n1) * _fixed(self._upper[g], n3)
        return total // len(self._lower)

    def _wanted(self, first: tuple[int, ...], second: tuple[int, ...]) -> bool:
        if self.trimmed and not self._covers(first, second):
            return False
        if not self.reverse:
            return True
        return (first, second) <= self._least(*self._reversed(first, second))

    def _covers(self, first: tuple[int, ...], second: tuple[int, ...]) -> bool:
        """Whether no unit is idle: blocks and sets are not empty, so unions decide."""
        inputs, _, middle, _ = self.widths
        reached = seen = used = 0
        for number in first:
            reached |= self.blocks[number][0]
            seen |= self.blocks[number][1]
        for number in second:
            used |= number + self.low
        full = (1 << middle) - 1
        return seen == (1 << inputs) - 1 and reached == full and used == full

    def _reversed(
        self, first: tuple[int, ...], second: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The pair (A, B) of the reversed pattern.

        Its layer 1 is our layer 2: unit h sees the outputs whose set holds h, and leads to the
        units of our layer 1 whose block holds h.  Its outputs are our inputs.
        """
        inputs, _, middle, _ = self.widths
        number = {block: index for index, block in enumerate(self.blocks)}
        lower = []
        for unit in range(middle):
            rows = sum(1 << i for i, b in enumerate(first) if self.blocks[b][0] >> unit & 1)
            cols = sum(1 << j for j, s in enumerate(second) if (s + self.low) >> unit & 1)
            lower.append(number[rows, cols])
        upper = []
        for k in range(inputs):
            seen = sum(1 << i for i, b in enumerate(first) if self.blocks[b][1] >> k & 1)
            upper.append(seen - self.low)
        return tuple(lower), tuple(upper)

    def _least(
        self, first: tuple[int, ...], second: tuple[int, ...]
    ) -> tuple[tuple[int, ...], tuple[int, ...]]:
        lower = np.sort(self._lower[:, list(first)], axis=1)
        upper = np.sort(self._upper[:, list(second)], axis=1)
        whole = np.concatenate([lower, upper], axis=1)
        best = whole[np.lexsort(whole.T[::-1])[0]].tolist()
        return tuple(best[: len(first)]), tuple(best[len(first) :])

    def _pattern(self, first: tuple[int, ...], second: tuple[int, ...]) -> Pattern:
        inputs, _, middle, _ = self.widths
        one = [[self.blocks[b][1] >> k & 1 for k in range(inputs)] for b in first]
        two = [[self.blocks[b][0] >> h & 1 for b in first] for h in range(middle)]
        three = [[(s + self.low) >> h & 1 for h in range(middle)] for s in second]
        return Pattern.of([one, two, three])


def _fixed(image: Numbers, size: int) -> int:
    """How many multisets of this size a permutation fixes."""
    return orbits(image[None, :], size)


class NormalForms:
    """The normal forms on exactly n outputs and m inputs, for any number of hidden units.

    Trimmed: every output and input is covered.  Up to permutations and, for n = m, transposition.
    Raises InputError unless n <= m <= 3.

    >>> len(list(NormalForms(2, 2)))
    5
    """

    def __init__(self, outputs: int, inputs: int) -> None:
        if not 1 <= outputs <= inputs <= 3:
            raise InputError(
                f"any number of hidden units on {outputs} x {inputs}: expected sizes up to 3 x 3, "
                "not more outputs than inputs; beyond there are too many patterns"
            )
        self.outputs, self.inputs = outputs, inputs
        self._table = symmetries(outputs, inputs, outputs == inputs)

    def shards(self) -> Iterator[Shard]:
        """(F, beginning of the list of graphs, whether longer lists belong to the shard)."""
        for free in range(1 << self.outputs * self.inputs):
            if int(self._table.images(free).min()) < free:
                continue
            orderly, _ = self._graphs(free)
            for chosen in orderly.extend((), 0):
                yield (free, chosen, False)
            for length in (1, 2, 3):
                for chosen in orderly.extend((), length):
                    yield (free, chosen, length == 3)

    def forms(self, shard: Shard) -> Iterator[NormalForm]:
        """The normal forms of one shard."""
        free, chosen, deep = shard
        orderly, graphs = self._graphs(free)
        start = tuple(chosen)
        for found in orderly.below(start) if deep else (start,):
            form = NormalForm(
                self.outputs, self.inputs, free, tuple(sorted(graphs[i] for i in found))
            )
            if self._covers(form):
                yield form

    def patterns(self, shard: Shard) -> Iterator[Pattern]:
        """The patterns that stand for the normal forms of one shard."""
        for form in self.forms(shard):
            yield _pattern_of(form)

    def __iter__(self) -> Iterator[NormalForm]:
        for shard in self.shards():
            yield from self.forms(shard)

    def count(self) -> None:
        """There is no formula for their number."""
        return

    def _graphs(self, free: int) -> tuple[Orderly, list[int]]:
        """The graphs that can stand beside F, and their multisets up to the symmetries of F."""
        kept = np.flatnonzero(self._table.images(free) == free)
        found, most = [], []
        for rows in range(1, 1 << self.outputs):
            for cols in range(1, 1 << self.inputs):
                cells = sum(cols << j * self.inputs for j in range(self.outputs) if rows >> j & 1)
                graph = cells & ~free
                if lines(graph, self.outputs, self.inputs) != (rows, cols):
                    continue
                if len(components(graph, self.outputs, self.inputs)) != 1:
                    continue
                if is_star(graph, self.outputs, self.inputs):
                    continue
                found.append(graph)
                most.append(min(rows.bit_count(), cols.bit_count()) - 1)
        if not found:
            return Orderly(np.zeros((1, 0), dtype=np.int16), []), []
        number = {graph: index for index, graph in enumerate(found)}
        columns = [
            [number[image] for image in self._table.images(graph)[kept].tolist()] for graph in found
        ]
        return Orderly(np.array(columns, dtype=np.int16).T, most), found

    def _covers(self, form: NormalForm) -> bool:
        union = form.free
        for graph in form.graphs:
            union |= graph
        full = ((1 << self.outputs) - 1, (1 << self.inputs) - 1)
        return lines(union, self.outputs, self.inputs) == full


def _pattern_of(form: NormalForm) -> Pattern:
    blocks = [lines(cells, form.rows, form.cols) for cells in form.blocks()]
    lower = [[c >> k & 1 for k in range(form.cols)] for _, c in blocks]
    upper = [[r >> j & 1 for r, _ in blocks] for j in range(form.rows)]
    return Pattern.of([lower, upper])
