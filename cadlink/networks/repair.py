"""Repair: the fewest changes to the masks after which the trouble is provably gone.

A change masks one entry (an edge less) or unmasks one (an edge more).  Two goals:

a         question (a): every finite training set has an optimum, by a theorem that guarantees it
          (R1, R13, R20; see ``cadlink.networks.theorems``);
products  the linear part is closed: the products with the changed supports form a closed set, by an
          exact decision with a certificate.

Small patterns are searched exhaustively: all changes of one entry, of two, up to the number given,
so the first that works are the fewest possible.

Large patterns are repaired by masking alone.  The *tree form* (``cadlink.networks.tree_form``)
guarantees an optimum, and its products are all matrices on their support, so it serves both goals.
For *products*, obstructions are removed as well: as long as one is found (some outputs and inputs
whose restriction is not closed), one edge of it is masked; edges only go, so this ends, at the
latest with masks without paths; then what may come back is put back, in pieces and one by one.
Fewer changes may still exist, and the result says so.

With ``keep_density`` as many edges are added as are taken away: in the first layer, of which the
theorems ask nothing.

Of these no suggestion is listed that another one dominates: fewer changes, and all that it reaches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.clock import UNLIMITED, Clock
from cadlink.deciding.decider import Decider
from cadlink.deciding.decision import Decision, Limits, Verdict
from cadlink.errors import InputError
from cadlink.networks.theorems.table import THEOREMS
from cadlink.networks.theorems.theorem import Case
from cadlink.networks.tree_form import Obstacle, obstacles, refilled, tree_form
from cadlink.networks.verdict import NetworkAnswer, Question
from cadlink.patterns.pattern import Pattern
from cadlink.rules import pipeline, unique_cut
from cadlink.rules.table import first_rules

__all__ = ["GOALS", "Change", "Repairs", "Suggestion", "guarantee", "repair"]

GOALS = ("a", "products")
MOST_TRIED = 1_000  # patterns an exhaustive search may look at
SHARE_S = 5.0  # seconds for the decision of one changed pattern
MOST_EDGES = 24  # edges of an obstruction that a greedy step compares
SMALL = 200  # units of a pattern whose canonical form is cheap

Say = Callable[[str], None]
_T = TypeVar("_T")


@dataclass(frozen=True, order=True)
class Change:
    """One entry of one mask (layer, row, column from 0); ``add`` unmasks it, else it is masked."""

    layer: int
    row: int
    column: int
    add: bool

    def __str__(self) -> str:
        what = "unmask" if self.add else "mask"
        return f"{what} row {self.row}, column {self.column} of layer {self.layer}"


@dataclass(frozen=True)
class Suggestion:
    """A changed pattern and what is known about it.

    ``decision`` is about the linear part; ``theorem`` names the theorem that guarantees an optimum
    for every finite training set, or is empty.  ``lost`` counts the input-output pairs that had a
    path and have none now.
    """

    changes: tuple[Change, ...]
    pattern: Pattern
    decision: Decision
    theorem: str
    lost: int

    @property
    def added(self) -> int:
        """Parameters added, less those removed."""
        return sum(1 if change.add else -1 for change in self.changes)

    @property
    def strength(self) -> int:
        """How many of the goals it reaches."""
        return sum(map(self.reaches, GOALS))

    def reaches(self, goal: str) -> bool:
        """Whether the goal is proved for the changed pattern."""
        closed = self.decision.verdict is Verdict.CLOSED
        optimum = self.theorem != ""
        return {"a": optimum, "products": closed}[goal]

    def to_json(self) -> dict[str, Any]:
        """One entry of the list that ``cadlink repair --json`` prints."""
        return {
            "changes": [
                {"layer": c.layer, "row": c.row, "column": c.column, "add": c.add}
                for c in self.changes
            ],
            "added": self.added,
            "lost": self.lost,
            "verdict": self.decision.verdict.value,
            "assurance": self.decision.assurance.value,
            "optimum": self.theorem or None,
            "pattern": self.pattern.to_json(),
        }


@dataclass(frozen=True)
class Repairs:
    """All patterns looked at, best first, and how far the list can be trusted to be the best.

    ``before`` is the pattern without changes; when it reaches the goal nothing else is tried.
    ``tried`` holds every changed pattern decided, whether or not it reaches the goal;
    ``suggestions`` those that do.  ``minimal``: there is a suggestion, and every pattern with fewer
    changes than the first one fails: its linear part is proved not closed, no theorem guarantees it
    an optimum (whichever the goal asks for).  ``obstacles``: what stands in the way of such a
    guarantee, by layer.  ``decay``: the theorem by which weight decay on all weight matrices
    guarantees an optimum without any change, or "".
    """

    pattern: Pattern
    goal: str
    before: Suggestion
    tried: tuple[Suggestion, ...]
    minimal: bool
    note: str
    obstacles: tuple[Obstacle, ...] = ()
    decay: str = ""

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """Those that reach the goal, fewest changes first, then fewest parameters added."""
        return tuple(suggestion for suggestion in self.tried if suggestion.reaches(self.goal))

    def to_json(self) -> dict[str, Any]:
        """The object that ``cadlink repair --json`` prints."""
        return {
            "pattern": self.pattern.to_json(),
            "goal": self.goal,
            "before": self.before.to_json(),
            "minimal": self.minimal,
            "note": self.note,
            "obstacles": [
                {"layer": one.layer, "units": list(one.units), "edges": one.edges}
                for one in self.obstacles
            ],
            "weight_decay": self.decay or None,
            "suggestions": [suggestion.to_json() for suggestion in self.suggestions],
            "failed": [s.to_json() for s in self.tried if not s.reaches(self.goal)],
        }


def guarantee(
    pattern: Pattern,
    biases: Sequence[bool] | None = None,
    activation: str = "relu",
    penalty: str = "none",
) -> str:
    """The theorem by which every finite training set has an optimum, or "".

    ``biases``: which layers have them (default: all); ``activation``: as theorems call it;
    ``penalty``: what is added to the loss, see ``cadlink.networks.deciding``.

    >>> guarantee(Pattern.of(["11/11", "11"])), guarantee(Pattern.of(["11/11", "11/11"]))
    ('R1', '')
    """
    free = (True,) * pattern.depth if biases is None else tuple(biases)
    case = Case(Question.SOME_DATA, pattern, free, activation, penalty)
    for theorem in THEOREMS:
        safe = (Question.SOME_DATA, NetworkAnswer.OPTIMUM_GUARANTEED) in theorem.supports
        if safe and theorem.about(case) and not theorem.missing(case) and theorem.find(case):
            return theorem.name
    return ""


def repair(
    pattern: Pattern,
    most: int = 1,
    goal: str = "a",
    limits: Limits | None = None,
    decider: Decider | None = None,
    progress: Say | None = None,
    biases: Sequence[bool] | None = None,
    activation: str = "relu",
    keep_density: bool = False,
    weights: Sequence[npt.NDArray[np.float64]] | None = None,
) -> Repairs:
    """The smallest changes after which the goal is proved.

    ``most``: at most so many entries change in the exhaustive search.  ``goal``: "a" or
    "products".  ``keep_density``: as many edges are added as go.  A pattern with too many ways to
    change it is repaired greedily, without regard to ``most``, and so is one where so few changes
    do not help.  ``limits.wall_s`` is the time for everything (default 60 s).

    ``biases`` and ``activation`` are those of the network (see :func:`guarantee`); ``weights`` (one
    array per layer, outputs x inputs) are trained ones: of two edges the larger one is kept.
    Raises InputError for an unknown goal or ``most`` below 1.

    >>> found = repair(Pattern.of(["11/01", "10/11"]))
    >>> [str(found.suggestions[0].changes[0]), len(found.suggestions), found.minimal]
    ['mask row 1, column 1 of layer 0', 4, True]
    """
    if goal not in GOALS:
        raise InputError(f"goal {goal!r}: expected one of {', '.join(GOALS)}")
    if most < 1:
        raise InputError(f"{most} changes: expected at least 1")
    limits = Limits() if limits is None else limits
    own = decider is None
    used = Decider() if decider is None else decider
    try:
        work = _Work(pattern, goal, limits, used, progress, biases, activation, weights)
        if work.before.reaches(goal):
            return work.result((), True, "the masks need no repair")
        if keep_density or not work.affordable(1):
            return work.greedy(keep_density)
        return work.exhaustive(most)
    finally:
        if own:
            used.close()


class _Work:
    """One repair: the clock, and what could not be decided, by isomorphism class."""

    def __init__(
        self,
        pattern: Pattern,
        goal: str,
        limits: Limits,
        decider: Decider,
        progress: Say | None,
        biases: Sequence[bool] | None,
        activation: str,
        weights: Sequence[npt.NDArray[np.float64]] | None,
    ) -> None:
        self.pattern = pattern
        self.goal = goal
        self.limits = limits
        self.decider = decider
        self.say: Say = progress if progress is not None else _silent
        self.deadline = time.monotonic() + limits.wall_s
        self.biases = biases
        self.activation = activation
        self.weights = weights
        self.hopeless: dict[str, Decision] = {}
        self.before = self.suggestion(())

    # -- exhaustive ------------------------------------------------------------------------

    def affordable(self, size: int) -> bool:
        """Whether all changes of so many entries can be tried."""
        entries = sum(mask.shape[0] * mask.shape[1] for mask in self.pattern.layers)
        return comb(entries, size) <= MOST_TRIED

    def exhaustive(self, most: int) -> Repairs:
        """All changes of one entry, of two, ..., as far as allowed and affordable."""
        tried: list[Suggestion] = []
        done, note = 0, ""
        entries = _entries(self.pattern)
        for size in range(1, min(most, len(entries)) + 1):
            if not self.affordable(size):
                note = f"changes of {size} entries are too many to try"
                break
            for changes in combinations(entries, size):
                if self.left() <= 0:
                    note = f"the time ran out among the changes of {size} entries"
                    break
                self.say(f"{len(tried) + 1} changed patterns, now {'; '.join(map(str, changes))}")
                tried.append(self.suggestion(changes))
            if note:
                break
            done = size
        tried.sort(key=lambda s: (len(s.changes), s.added, -s.strength, s.lost, s.changes))
        first = next((s for s in tried if s.reaches(self.goal)), None)
        if first is None:
            note = note or f"no change of at most {done} {_entry(done)} reaches the goal"
            if any(map(self._open, tried)):
                note += "; for some there is no verdict"
            more = self.greedy()
            return self.result([*more.tried, *tried], False, f"{note}; {more.note}")
        # Patterns with fewer changes: all tried, and all known to fail.
        fewer = [s for s in tried if len(s.changes) < len(first.changes)]
        minimal = done >= len(first.changes) - 1 and not any(map(self._open, fewer))
        return self.result(tried, minimal, note)

    def result(self, tried: Sequence[Suggestion], minimal: bool, note: str) -> Repairs:
        constant = self.biases is not None and not all(self.biases)
        return Repairs(
            self.pattern,
            self.goal,
            self.before,
            tuple(tried),
            minimal,
            note,
            () if self.before.theorem else obstacles(self.pattern, constant),
            guarantee(self.pattern, self.biases, self.activation, "weights"),
        )

    def _open(self, found: Suggestion) -> bool:
        """Whether the changed pattern may reach the goal for all we know.

        The theorems guarantee an optimum or are silent; "a" is about their guarantee.
        """
        return self.goal != "a" and found.decision.verdict is Verdict.UNKNOWN

    def suggestion(self, changes: Sequence[Change]) -> Suggestion:
        """The pattern after these changes, decided."""
        changed = _changed(self.pattern, changes)
        lost = int((self.pattern.support() > changed.support()).nnz)
        return Suggestion(
            tuple(sorted(changes)),
            changed,
            self.decide(changed),
            guarantee(changed, self.biases, self.activation),
            lost,
        )

    def decide(self, pattern: Pattern) -> Decision:
        """The decision about a pattern; what no one could decide once is not tried again."""
        key = pattern.digest if sum(pattern.widths) <= SMALL else ""
        if key in self.hopeless:
            return self.hopeless[key]
        found = self.decider.decide(pattern, self._limits())
        if key and found.verdict is Verdict.UNKNOWN:
            self.hopeless[key] = found
        return found

    def _limits(self) -> Limits:
        return Limits(max(0.1, min(SHARE_S, self.left())), self.limits.memory_mib)

    def left(self) -> float:
        """Seconds left."""
        return self.deadline - time.monotonic()

    # -- greedy ----------------------------------------------------------------------------

    def greedy(self, keep_density: bool = False) -> Repairs:
        """The tree form; for products, what is left when all obstructions are cut, too."""
        self.say("looking for masks in which every hidden unit feeds one unit")
        constant = self.biases is not None and not all(self.biases)
        safe = tree_form(self.pattern, constant, self.weights)
        notes = ["the suggestions were found greedily: fewer changes may exist"]
        if keep_density:
            gone = self.pattern.nnz - safe.nnz
            safe, left = refilled(safe, gone, constant)
            if left:
                notes.append(f"the first layer has room for {gone - left} of {gone} edges only")
        tried = [self.suggestion(_changes(self.pattern, safe))]
        if self.goal == "products" and not keep_density:
            end = time.monotonic() + self.left()
            gone_edges, trouble = self._open_all(end)
            if self._closed(gone_edges):
                gone_edges = list(_shrunk(tuple(gone_edges), self._closed, end))
                if time.monotonic() > end:
                    trouble = "the time ran out while masked entries were put back"
            tried.append(self.suggestion(gone_edges))
            if trouble and not tried[0].reaches(self.goal):
                notes.append(trouble)
        tried.sort(key=lambda s: (not s.reaches(self.goal), len(s.changes), s.lost))
        return self.result(_undominated(tried), False, "; ".join(notes))

    def _closed(self, gone: Sequence[Change]) -> bool:
        """Whether the products are closed when these entries are masked."""
        return self.decide(_changed(self.pattern, gone)).verdict is Verdict.CLOSED

    def _open_all(self, end: float) -> tuple[list[Change], str]:
        """Edges to mask, one obstruction after the other, and why it stopped early (or "")."""
        gone: list[Change] = []
        current = self.pattern
        while True:
            if time.monotonic() > end:
                return gone, "the time ran out before every obstruction was removed"
            self.say(f"{len(gone)} entries masked, looking for the next obstruction")
            box = obstruction(current, end)
            if box is None:
                verdict = self.decide(current).verdict
                if verdict is Verdict.CLOSED:
                    return gone, ""
                if verdict is Verdict.UNKNOWN:
                    return gone, "the obstructions found are removed, but there is no verdict"
                box = _everything(current)
            change = _cut(current, *box)
            gone.append(change)
            current = _changed(current, [change])


def _silent(text: str) -> None:
    """Say nothing."""


def _entries(pattern: Pattern) -> list[Change]:
    """Every single change, layer by layer."""
    found = []
    for layer, mask in enumerate(pattern.layers):
        dense = mask.toarray()
        for row, column in np.ndindex(*mask.shape):
            found.append(Change(layer, row, column, not dense[row, column]))
    return found


def _entry(number: int) -> str:
    return "entry" if number == 1 else "entries"


def _changes(before: Pattern, after: Pattern) -> list[Change]:
    """The entries in which two patterns differ."""
    found = []
    for layer, (old, new) in enumerate(zip(before.layers, after.layers, strict=True)):
        differ = (old != new).tocoo()
        added = new.tocsr()
        found += [
            Change(layer, row, column, bool(added[row, column]))
            for row, column in zip(differ.row.tolist(), differ.col.tolist(), strict=True)
        ]
    return found


def _undominated(tried: Sequence[Suggestion]) -> list[Suggestion]:
    """Those that no other one beats in changes while it reaches as much."""
    found = []
    for one in tried:
        reached = {goal for goal in GOALS if one.reaches(goal)}
        beaten = any(
            reached <= {goal for goal in GOALS if other.reaches(goal)}
            and (len(other.changes), other.lost) < (len(one.changes), one.lost)
            for other in tried
        )
        if not beaten:
            found.append(one)
    return found


def _changed(pattern: Pattern, changes: Sequence[Change]) -> Pattern:
    """The pattern after these changes."""
    masks: list[Any] = list(pattern.layers)
    for layer in sorted({change.layer for change in changes}):
        chosen = [change for change in changes if change.layer == layer]
        flip = sp.csr_array(
            (
                np.ones(len(chosen), dtype=np.bool_),
                ([change.row for change in chosen], [change.column for change in chosen]),
            ),
            shape=masks[layer].shape,
        )
        masks[layer] = masks[layer] != flip
    return Pattern.of(masks)


# -- greedy: where the obstruction is, and which edge of it to cut ---------------------------------

Box = tuple[tuple[int, ...], tuple[int, ...]]


def obstruction(pattern: Pattern, deadline: float | None = None) -> Box | None:
    """Outputs and inputs whose restriction the rules show to be not closed, no line superfluous.

    None when the rules find nothing.

    >>> obstruction(Pattern.of(["110/010", "10/11/01"]))
    ((0, 1), (0, 1))
    """
    step = unique_cut.find(pattern)
    if step is not None:
        return tuple(step.data["outputs"]), tuple(step.data["inputs"])

    clock = UNLIMITED if deadline is None else Clock(deadline)

    def refuted(outputs: Sequence[int], inputs: Sequence[int]) -> bool:
        part = pattern.restrict(list(outputs), list(inputs))
        return pipeline.verdict(pipeline.reduce(part, clock, first_rules(part))) == "not_closed"

    outputs, inputs = _everything(pattern)
    if not refuted(outputs, inputs):
        return None
    outputs = _shrunk(outputs, lambda some: refuted(some, inputs), deadline)
    inputs = _shrunk(inputs, lambda some: refuted(outputs, some), deadline)
    return outputs, inputs


def _everything(pattern: Pattern) -> Box:
    return tuple(range(pattern.widths[-1])), tuple(range(pattern.widths[0]))


def _shrunk(
    lines: tuple[_T, ...], holds: Callable[[tuple[_T, ...]], bool], deadline: float | None
) -> tuple[_T, ...]:
    """A subset that still holds; large pieces are left out first, then single lines."""
    size = max(1, len(lines) // 2)
    while True:
        start = 0
        while start < len(lines):
            if deadline is not None and time.monotonic() > deadline:
                return lines
            rest = lines[:start] + lines[start + size :]
            if rest and holds(rest):
                lines = rest
            else:
                start += size
        if size == 1:
            return lines
        size //= 2


def _cut(pattern: Pattern, outputs: Sequence[int], inputs: Sequence[int]) -> Change:
    """The edge of the obstruction to mask: one that breaks it if any does, few pairs lost."""
    part = pattern.restrict(list(outputs), list(inputs))
    ways = _paths_through(part)
    best: tuple[tuple[bool, int], Change] | None = None
    for layer, row, column in _spread(ways):
        change = Change(layer, row, column, False)
        after = _changed(part, [change])
        broken = obstruction(after) is None
        lost = part.support().nnz - after.support().nnz
        full_row = int(outputs[row]) if layer == part.depth - 1 else row
        full_column = int(inputs[column]) if layer == 0 else column
        key = (not broken, int(lost))
        if best is None or key < best[0]:
            best = key, Change(layer, full_row, full_column, False)
    assert best is not None  # what has no paths is closed, and is no obstruction
    return best[1]


def _paths_through(pattern: Pattern) -> list[tuple[int, int, int]]:
    """The edges (layer, row, column) that lie on a path from an input to an output."""
    reached = [np.ones(pattern.widths[0], dtype=bool)]
    for mask in pattern.layers:
        reached.append(mask.astype(np.int64) @ reached[-1] > 0)
    useful = [np.ones(pattern.widths[-1], dtype=bool)]
    for mask in reversed(pattern.layers):
        useful.append(mask.T.astype(np.int64) @ useful[-1] > 0)
    useful.reverse()
    found = []
    for layer, mask in enumerate(pattern.layers):
        edges = mask.tocoo()
        keep = reached[layer][edges.col] & useful[layer + 1][edges.row]
        found += [
            (layer, row, column)
            for row, column in zip(edges.row[keep].tolist(), edges.col[keep].tolist(), strict=True)
        ]
    return found


def _spread(edges: Sequence[tuple[int, int, int]]) -> Iterator[tuple[int, int, int]]:
    """At most MOST_EDGES of the edges, the last layers first: they are the smallest as a rule."""
    yield from sorted(edges, key=lambda edge: (-edge[0], edge[1:]))[:MOST_EDGES]
