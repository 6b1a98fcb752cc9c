"""Completion and relative freeness: neurons made whole, or set aside with the help of another one.

Theorems and proofs: kernel, completion and relative_freeness.  Both leave a smaller or a simpler
problem with the same answer: ``good_pairs``, say, speaks about whole blocks more often.

*Search.*  Sets of two to four neurons, and all neurons a beside them; a leaf is peeling or general
position, or a proof that the set is free on what it covers, asked of all the other rules.  Cost:
the sets times the neurons, and such proofs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any, TypeAlias

from cadlink.clock import Clock
from cadlink.patterns.group import Cell, Group
from cadlink.rules import transversal
from cadlink.rules.bits import mask
from cadlink.rules.rule import FreeProof, Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence
from cadlink.writing.formulas import math, setof, these

__all__ = ["COMPLETION", "RELATIVE_FREENESS", "complete", "set_aside"]

_MOST_TEAM = 4
_MOST_TEAMS = 2_000
_MOST_TRANSVERSAL = 7  # neurons in general position: their subsets are enumerated

Lines: TypeAlias = frozenset[int]


@dataclass(frozen=True)
class _Leaf:
    """What the certificate says about a leaf: None where there is nothing to show."""

    value: Any


def complete(group: Group, clock: Clock, free_proof: FreeProof) -> Step | None:
    """Some neurons replaced by whole blocks, for this orientation.

    >>> from cadlink.clock import UNLIMITED
    >>> lacking = [({0, 1}, {0, 1}), ({1}, {0, 1}), (range(3), {1, 2})]
    >>> step = complete(Group.of_blocks(lacking), UNLIMITED, lambda group, clock: None)
    >>> step.data["by"] is None, step.parts[0].picture()
    (True, '##./##./... + ##./##./... + .##/.##/.##')
    """
    for team in _teams(group, 2):
        clock.check()
        rows, cols = _hull(group, team)
        whole = _whole(group, team, rows, cols)
        # A block that falls apart would leave more neurons, and so on without end.
        if whole == group or len(whole.neurons) > len(group.neurons):
            continue
        alone = _leaf(group, team, rows, cols, clock, free_proof)
        if alone is not None:
            return _completed(whole, team, None, [alone])
        for a in range(len(group.neurons)):
            a_rows, a_cols = group.supports[a]
            if a in team or not (cols <= a_cols and a_rows <= rows):
                continue
            leaves = []
            for j in sorted(a_rows):
                leaf = _leaf(group, team, rows - {j}, cols, clock, free_proof)
                if leaf is None:
                    break
                leaves.append(leaf)
            else:
                return _completed(whole, team, a, leaves)
    return None


def _teams(group: Group, least: int) -> Iterator[tuple[int, ...]]:
    """Sets of few neurons, small ones first, while there are not too many."""
    count = len(group.neurons)
    for size in range(least, min(count, _MOST_TEAM) + 1):
        if comb(count, size) > _MOST_TEAMS:
            return
        yield from combinations(range(count), size)


def _hull(group: Group, team: Sequence[int]) -> tuple[Lines, Lines]:
    """All rows and all columns of some neurons."""
    rows = frozenset().union(*(group.supports[i][0] for i in team))
    return rows, frozenset().union(*(group.supports[i][1] for i in team))


def _whole(group: Group, team: Sequence[int], rows: Lines, cols: Lines) -> Group:
    """The group with the neurons of the team made whole on these rows and columns."""
    block = {(j, k) for j, k in group.cells if j in rows and k in cols}
    others = [graph for i, graph in enumerate(group.neurons) if i not in team]
    return Group.of([*others, *([block] * len(team))])


def _completed(whole: Group, team: Sequence[int], by: int | None, leaves: list[_Leaf]) -> Step:
    data = {"neurons": list(team), "by": by, "leaves": [leaf.value for leaf in leaves]}
    return Step("completion", Conclusion.SAME, data, (whole,))


def _leaf(
    group: Group,
    team: Sequence[int],
    rows: Lines,
    cols: Lines,
    clock: Clock,
    free_proof: FreeProof,
) -> _Leaf | None:
    """Why the team makes all that as many whole neurons make, on these rows and columns."""
    if not rows:
        return _Leaf(None)
    blocks = [(group.supports[i][0] & rows, group.supports[i][1]) for i in team]
    n, m, p = len(rows), len(cols), len(team)
    defects = sorted(n - len(r) + m - len(c) for r, c in blocks)
    if all(defects[t] <= t for t in range(min(p, n, m))):
        return _Leaf("peeling")
    if p <= _MOST_TRANSVERSAL:
        for whole, size, parts in (
            (all(c == cols for _, c in blocks), rows, [r for r, _ in blocks]),
            (all(r == rows for r, _ in blocks), cols, [c for _, c in blocks]),
        ):
            place = {line: at for at, line in enumerate(sorted(size))}
            if whole and p <= len(size):
                sets = [mask(place[line] for line in part) for part in parts]
                if transversal.holds(len(size), sets, clock):
                    return _Leaf("transversal")
    if p < min(n, m) or p == len(group.neurons):
        return None  # of all neurons together this is the question itself
    graphs = [{cell for cell in group.neurons[i] if cell[0] in rows} for i in team]
    block = {(j, k) for j, k in group.cells if j in rows and k in cols}
    if set().union(*graphs) != block:
        return None
    if not block:
        return _Leaf(None)
    proof = free_proof(Group.of(graphs), clock)
    return None if proof is None else _Leaf(proof.to_json())


def set_aside(group: Group, clock: Clock, free_proof: FreeProof) -> Step | None:
    """Some neurons forgotten with their cells, for this orientation.

    Here the first neuron is free as soon as the second one has taken a column.

    >>> from cadlink.certificates.data import Proof
    >>> from cadlink.clock import UNLIMITED
    >>> two = Group.of_blocks([({0, 1}, {0, 1}), ({0, 1, 2}, {0, 1})])
    >>> set_aside(two, UNLIMITED, lambda group, clock: Proof("star")).parts[0].picture()
    '##'
    """
    for team in _teams(group, 1):
        rows, its_cols = _hull(group, team)
        for a in range(len(group.neurons)):
            a_rows, a_cols = group.supports[a]
            if a in team or not rows <= a_rows:
                continue
            clock.check()
            gone = {(j, k) for j, k in group.cells if j in rows and k in its_cols | a_cols}
            proofs = _proofs(group, team, gone, a_cols, clock, free_proof)
            if proofs is not None:
                data = {"neurons": list(team), "by": a, "proofs": proofs}
                part = Group.of(g - gone for i, g in enumerate(group.neurons) if i not in team)
                return Step("relative_freeness", Conclusion.SAME, data, (part,))
    return None


def _proofs(
    group: Group,
    team: Sequence[int],
    gone: set[Cell],
    cols: Lines,
    clock: Clock,
    free_proof: FreeProof,
) -> list[Any] | None:
    """For every column, that the team is free on all the cells without it; None if it is not."""
    left: list[list[set[Cell]] | None] = []
    for column in sorted(cols):
        rest = {cell for cell in gone if cell[1] != column}
        graphs = [{cell for cell in group.neurons[i] if cell[1] != column} for i in team]
        if set().union(*graphs) != rest:
            return None
        left.append(graphs if rest else None)
    proofs: list[Any] = []
    for needed in left:
        if needed is None:
            proofs.append(None)
            continue
        proof = free_proof(Group.of(needed), clock)
        if proof is None:
            return None
        proofs.append(proof.to_json())
    return proofs


def _explain_completion(group: Group, told: Told) -> Blocks:
    """Neurons replaced by whole ones."""
    team, by = told.data["neurons"], told.data["by"]
    rows, cols, p = told.facts["rows"], told.facts["cols"], len(told.data["neurons"])
    block = math("R x C")
    first = f"Let R = {setof(rows)} and C = {setof(cols)}, the rows and columns of"
    if by is None:
        how = (
            f" {these('neuron', team)}. These {p} make every matrix of rank at most {p} on {block}."
            f" That is what {p} neurons make that see all of it:"
        )
    else:
        how = (
            f" {these('neuron', team)}. Without any one of the rows of neuron {by}, these {p} make"
            f" every matrix of rank at most {p} on what is left of {block}. Let B be one on all of"
            f" {block}, and let neuron {by} have x(j) != 0 (if its x is 0, put x(j) = 1 and y ="
            f" 0). Add u = B[j, .] / x(j) to its y and subtract {math('x u^T')} from B: the sum"
            f" stays, the rank does not grow, and row j of B vanishes, so that these"
            f" neurons make it. So together with neuron {by} they make as much as {p} neurons that"
            f" see all of {block}:"
        )
    return sentence(first + how + " they may be replaced by such.")


def _explain_relative_freeness(group: Group, told: Told) -> Blocks:
    """Neurons that are free once another one has taken a column."""
    team, by = told.data["neurons"], told.data["by"]
    rows = setof(told.facts["rows"])
    return sentence(
        f"Let F be the cells in the rows R = {rows} of {these('neuron', team)} and in the columns"
        f" of these and of neuron {by}. By the lemmas {these('neuron', team)} make everything on F"
        f" but for any one column of neuron {by}. Given A and a solution off F, let y be the"
        f" vector of neuron {by}, and k with y(k) != 0 (if y = 0, put x = 0 off R and y(k) = 1)."
        f" Its x on R, which nothing off F sees, gives column k of F the right values, and"
        f" {these('neuron', team)} the rest of F. So {these('neuron', team)} and the cells of F may"
        " be forgotten."
    )


COMPLETION = Rule(
    name="completion",
    about=Group,
    both_ways=True,
    find_with=complete,
    account="some hidden units do as much as if they saw all that they see together",
    title="neurons made whole",
    explain=_explain_completion,
    cost=f"sets of up to {_MOST_TEAM} neurons, at most {_MOST_TEAMS} of a size, and proofs of free",
)
RELATIVE_FREENESS = Rule(
    name="relative_freeness",
    about=Group,
    both_ways=True,
    find_with=set_aside,
    account="hidden units set aside that can produce anything once another unit has taken one of"
    " its inputs",
    title="neurons set aside with the help of another",
    explain=_explain_relative_freeness,
    cost=f"sets of up to {_MOST_TEAM} neurons, at most {_MOST_TEAMS} of a size, and proofs of free",
)
