"""Matchings in a whole two-mask pattern, without making a group of it.

Theorem and proof: kernel, matching (of chains).  Inputs with the same hidden units need one
matching.  Two tests cost next to nothing and usually end the matter: the outputs an input reaches
must not be more than its hidden units, nor those of any of its units.

*Search.*  One output after the other takes, in all columns at once, a unit that is still free
there: a few probes serve nearly all columns of a dense mask.  Only the columns where an output
went without get a maximum matching of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Mask, Pattern
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import MOST_ITEMS, Block, Blocks, Items, Paragraph
from cadlink.writing.formulas import factor, these

__all__ = ["MAX_EDGES", "RULE", "find", "saturated"]

MAX_EDGES = 40_000_000  # edges of the graphs that get a maximum matching of their own
BLOCK = 32_000_000  # (units + outputs) x columns swept at once
FEW = 8  # units probed at first; twice as many every time
MANY = 4  # paths a cell, on average, from which the sweep pays
NARROWEST = 16  # columns with the fewest units, whose outputs are counted before all others

Ints = npt.NDArray[np.int64]


def saturated(pattern: Pattern, clock: Clock = UNLIMITED) -> bool:
    """Whether every input of a two-mask pattern has a matching saturating its outputs.

    False also when looking would take too long.

    >>> saturated(Pattern.of(["11/01", "10/11"])), saturated(Pattern.of(["11/11", "11/11"]))
    (False, True)
    """
    below, above = pattern.layers
    outputs_of = above.T.tocsr()  # row i: the outputs of unit i
    sizes = np.diff(outputs_of.indptr)
    by_input = below.T.tocsr()  # row k: the units fed by input k
    columns, fed = _different(by_input, sizes)
    if columns is None:
        return False
    for k in columns[np.argsort(fed, kind="stable")[:NARROWEST]]:
        if _outputs(by_input, outputs_of, int(k)).size > np.count_nonzero(
            sizes[by_input.indices[by_input.indptr[k] : by_input.indptr[k + 1]]]
        ):
            return False
    from scipy.sparse.csgraph import maximum_bipartite_matching  # late: slow to load

    work = 0
    paths = int(sizes @ np.bincount(by_input.indices, minlength=sizes.size))
    sweep = paths > MANY * above.shape[0] * below.shape[1]
    step = max(1, BLOCK // max(1, sum(above.shape)))
    for start in range(0, columns.size, step):
        some = columns[start : start + step]
        if sweep:
            some = some[_left_out(above, by_input[some, :].T.toarray(), clock)]
        for k in some:
            clock.check()
            units = by_input.indices[by_input.indptr[k] : by_input.indptr[k + 1]]
            work += int(sizes[units].sum())
            if work > MAX_EDGES:
                return False
            graph = outputs_of[units, :][:, _outputs(by_input, outputs_of, int(k))].tocsr()
            if (maximum_bipartite_matching(graph, perm_type="row") < 0).any():
                return False
    return True


def _different(by_input: Mask, sizes: Ints) -> tuple[Ints | None, Ints]:
    """One input for every set of fed units, and how many of these reach an output.

    None when some unit has more outputs than its input feeds units.
    """
    first: dict[bytes, int] = {}
    fed = []
    for k, (low, high) in enumerate(zip(by_input.indptr[:-1], by_input.indptr[1:], strict=True)):
        units = by_input.indices[low:high]
        if first.setdefault(units.tobytes(), k) == k:
            its = sizes[units]
            fed.append(int(np.count_nonzero(its)))
            if its.size and its.max() > fed[-1]:
                return None, np.empty(0, dtype=np.int64)
    return np.fromiter(first.values(), np.int64, len(first)), np.array(fed, dtype=np.int64)


def _outputs(by_input: Mask, outputs_of: Mask, k: int) -> Ints:
    """The outputs that input k reaches."""
    reached = np.zeros(outputs_of.shape[1], dtype=np.bool_)
    for unit in by_input.indices[by_input.indptr[k] : by_input.indptr[k + 1]]:
        reached[outputs_of.indices[outputs_of.indptr[unit] : outputs_of.indptr[unit + 1]]] = True
    return np.flatnonzero(reached)


def _left_out(above: Mask, fed: npt.NDArray[np.bool_], clock: Clock) -> Ints:
    """The columns (of ``fed``, units x columns) in which a greedy matching leaves an output out."""
    free = fed.copy()
    missing = np.zeros(fed.shape[1], dtype=np.bool_)
    degrees = np.diff(above.indptr)
    for turn, j in enumerate(np.argsort(degrees, kind="stable")):
        clock.check()
        units = above.indices[above.indptr[j] : above.indptr[j + 1]]
        if not units.size:
            continue
        # The units the previous outputs took first are asked last.
        units = np.roll(units, -(turn * units.size // degrees.size))
        waiting = np.arange(fed.shape[1])
        for probe in _probes(units):
            offers = free[np.ix_(probe, waiting)]
            best = offers.argmax(axis=0)
            served = offers[best, np.arange(waiting.size)]
            free[probe[best[served]], waiting[served]] = False
            waiting = waiting[~served]
            if not waiting.size:
                break
        else:
            # An output that no fed unit reaches needs nothing.
            missing[waiting] |= fed[np.ix_(units, waiting)].any(axis=0)
    return np.flatnonzero(missing)


def _probes(units: Ints) -> Iterator[Ints]:
    """The units in pieces of growing size."""
    start, size = 0, FEW
    while start < units.size:
        yield units[start : start + size]
        start, size = start + size, 2 * size


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf for a two-mask pattern with the matchings.

    >>> find(Pattern.of(["11/11/11", "111/111"])).rule
    'matching'
    """
    if pattern.depth != 2 or not saturated(pattern, clock):
        return None
    return Step("matching", Conclusion.FREE)


def explain(chain: Pattern, told: Told) -> Blocks:
    """Matchings in every column, for two masks."""
    blocks: list[Block] = [
        Paragraph(
            f"Column k of {factor(2)}{factor(1)} is {factor(2)} times column k of {factor(1)},"
            " whose nonzero entries are at the hidden units that see input k. For every input k"
            " the outputs reached by these units can be matched to different ones of them along"
            f" the mask of {factor(2)}. So this part of {factor(2)} has a minor, with all these"
            f" rows, that is not the zero polynomial. Choose {factor(2)} such that none of these"
            " minors vanishes: then every column of A is the solution of a linear system in"
            " unknowns of its own."
        )
    ]
    if max(chain.widths) <= MOST_ITEMS:
        blocks.append(Items(tuple(_matched_inputs(told.facts["pairs"]))))
    return tuple(blocks)


def _matched_inputs(pairs: Sequence[Mapping[int, int]]) -> list[str]:
    """The matchings {output: hidden unit} of the inputs; inputs with the same one together."""
    lines: dict[str, list[int]] = {}
    for k, found in enumerate(pairs):
        listed = ", ".join(f"output {j} to unit {unit}" for j, unit in sorted(found.items()))
        lines.setdefault(listed or "no output is reached", []).append(k)
    return [f"{these('input', inputs)}: {listed}" for listed, inputs in lines.items()]


RULE = Rule(
    name="matching",
    about=Pattern,
    both_ways=True,
    find=find,
    account="in every column each entry has a hidden unit of its own: anything is possible",
    title="matchings in every column",
    explain=explain,
    cost="a bipartite matching for every different input",
)
