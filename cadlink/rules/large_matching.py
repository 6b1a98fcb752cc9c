"""Matchings in a whole two-mask pattern, without making a group of it.

Theorem and proof: kernel, matching (of chains).  Inputs with the same hidden units need one
matching.  Two tests cost next to nothing and usually end the matter: the outputs an input reaches
must not be more than its hidden units, nor those of any of its units.

*Search.*  In turn t output j asks, in all columns at once, for unit j + t (cyclically) if that is
still free there: a few turns serve nearly all columns of a dense mask.  Only the columns where an
output went without get a maximum matching of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Mask, Pattern, row
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import MOST_ITEMS, Block, Blocks, Items, Paragraph
from cadlink.writing.formulas import factor, these

__all__ = ["MAX_EDGES", "RULE", "find", "saturated"]

MAX_EDGES = 40_000_000  # edges of the graphs that get a maximum matching of their own
BLOCK = 32_000_000  # (units + outputs) x columns swept at once
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
    order = np.argsort(fed, kind="stable")[:NARROWEST]
    for k, enough in zip(columns[order].tolist(), fed[order].tolist(), strict=True):
        if enough < above.shape[0] and enough < _outputs(row(by_input, k), outputs_of).size:
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
        for k in some.tolist():
            clock.check()
            units = row(by_input, k)
            work += int(sizes[units].sum())
            if work > MAX_EDGES:
                return False
            graph = outputs_of[units, :][:, _outputs(units, outputs_of)].tocsr()
            if (maximum_bipartite_matching(graph, perm_type="row") < 0).any():
                return False
    return True


def _different(by_input: Mask, sizes: Ints) -> tuple[Ints | None, Ints]:
    """One input for every set of fed units, and how many of these reach an output.

    None when some unit has more outputs than its input feeds units.
    """
    first: dict[bytes, int] = {}
    fed = []
    for k in range(by_input.shape[0]):
        units = row(by_input, k)
        if first.setdefault(units.tobytes(), k) == k:
            its = sizes[units]
            fed.append(int(np.count_nonzero(its)))
            if its.size and its.max() > fed[-1]:
                return None, np.empty(0, dtype=np.int64)
    return np.fromiter(first.values(), np.int64, len(first)), np.array(fed, dtype=np.int64)


def _outputs(units: Ints, outputs_of: Mask) -> Ints:
    """The outputs that these units have."""
    reached = np.zeros(outputs_of.shape[1], dtype=np.bool_)
    reached[outputs_of[units, :].indices] = True
    return np.flatnonzero(reached)


def _by_turn(above: Mask, turns: int) -> Mask:
    """The outputs that ask in every turn."""
    edges = above.tocoo()
    turn_of = (edges.col - edges.row) % np.int32(turns)
    return sp.csr_array((edges.data, (turn_of, edges.row)), shape=(turns, above.shape[0]))


def _left_out(above: Mask, fed: npt.NDArray[np.bool_], clock: Clock) -> Ints:
    """The columns (of ``fed``, units x columns) in which a greedy matching leaves an output out."""
    turns = max(above.shape)
    asking = _by_turn(above, turns)
    free = np.packbits(fed, axis=1)  # a bit for every column
    waiting = np.packbits(np.ones((above.shape[0], fed.shape[1]), dtype=np.bool_), axis=1)
    for turn in np.random.default_rng(0).permutation(turns).tolist():
        clock.check()
        outputs = row(asking, turn)
        units = (outputs + turn) % turns  # all different
        taken = waiting[outputs] & free[units]
        waiting[outputs] ^= taken
        free[units] ^= taken
        if not waiting.any():
            break
    without = np.unpackbits(waiting, axis=1, count=fed.shape[1]).view(np.bool_)
    left: Ints = np.flatnonzero(without.any(axis=0))
    if not left.size:
        return left
    # An output that no fed unit reaches needs nothing.
    reached = above.astype(np.float32) @ fed[:, left].astype(np.float32) > 0
    missing: Ints = left[(without[:, left] & reached).any(axis=0)]
    return missing


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
