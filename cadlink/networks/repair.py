"""Repair: few changes of the masks after which the trouble is provably gone.

The goals are the questions of ``cadlink network``, and one more:

a         every finite training set has an optimum;
b, c      these inputs have one for all targets; this training set has one;
d         the functions on a cube are closed (one hidden layer: no theorem is about more);
products  the linear part is closed: the products of the masks form a closed set.

A goal is reached when a theorem says so and the kernel has accepted its witness, or by a decision
with a certificate.

Small patterns are searched exhaustively: all changes of one entry, of two, up to the number given,
so the first that works are the fewest possible.  For large ones two patterns are known that serve
every goal (``cadlink.networks.tree_form``): hidden units that feed one unit each, and these with a
single unit left in the last hidden layer.  For (b) and (c) there are the masks with a full last
layer, too: many units fit any targets.  For a goal other than (a) changes are then taken back as
long as it stays reached, in pieces and one by one.  Fewer changes may still exist, and the result
says so.

With ``keep_density`` edges are moved: as many are added as are taken away.  In large patterns they
are added in the first layer, of which the theorems for (a) ask nothing.

No suggestion is listed that another one dominates: some of its changes alone reach as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from math import comb
from typing import Any

import numpy as np

from cadlink.clock import Clock
from cadlink.deciding.decider import Decider
from cadlink.deciding.decision import Decision, Limits, Verdict
from cadlink.errors import InputError
from cadlink.networks.changes import Change, changed, difference, entries, fewer, places
from cadlink.networks.kernel.doubles import Parameters
from cadlink.networks.obstacles import Obstacle, obstacles
from cadlink.networks.remedies import Remedy, able, answered, remedies
from cadlink.networks.theorems.theorem import Case
from cadlink.networks.tree_form import one_last_unit, refilled, tree_form
from cadlink.networks.verdict import GOOD, NetworkVerdict, Question
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import on_paths

__all__ = ["GOALS", "Repairs", "Suggestion", "repair"]

PRODUCTS = "products"
GOALS = (*(question.value for question in Question), PRODUCTS)
MOST_TRIED = 1_000  # patterns an exhaustive search may look at
SHARE_S = 5.0  # seconds for the decision of one changed pattern of many
LARGE_S = 20.0  # the same, of a large one
LEAST_S = 1.0  # for any decision, even when the time is over
QUICK_S = 1.0  # the same, while changes are taken back
BACK_S = 8.0  # seconds for taking back changes of one pattern
SMALL = 200  # units of a pattern whose canonical form is cheap

Say = Callable[[str], None]


@dataclass(frozen=True)
class Suggestion:
    """A changed pattern and what is known about it.

    ``verdict`` is the good answer to the question (for the goal products: to (a)), or None;
    ``decision`` is about the linear part, and None where nobody asked.  ``lost`` counts the
    input-output pairs that had a path and have none now, ``live`` the edges on paths; ``kept`` is
    the share of trained weights that stays, by their squares.
    """

    changes: tuple[Change, ...]
    pattern: Pattern
    verdict: NetworkVerdict | None
    decision: Decision | None
    lost: int
    live: int
    kept: float | None

    @property
    def added(self) -> int:
        """Edges added, less those removed."""
        return sum(1 if change.add else -1 for change in self.changes)

    @property
    def theorem(self) -> str:
        """The theorem behind the verdict, or ""."""
        return "" if self.verdict is None else self.verdict.theorem

    @property
    def reached(self) -> frozenset[str]:
        """What is proved of the changed pattern."""
        closed = self.decision is not None and self.decision.verdict is Verdict.CLOSED
        question = () if self.verdict is None else (self.verdict.question.value,)
        return frozenset({*question, *((PRODUCTS,) if closed else ())})

    def dominates(self, other: Suggestion) -> bool:
        """Whether some of the other's changes are these, and reach as much."""
        return set(self.changes) < set(other.changes) and other.reached <= self.reached

    def to_json(self) -> dict[str, Any]:
        """One entry of the list that ``cadlink repair --json`` prints."""
        known = self.decision
        return {
            "changes": [
                {"layer": c.layer, "row": c.row, "column": c.column, "add": c.add}
                for c in self.changes
            ],
            "added": self.added,
            "lost": self.lost,
            "live": self.live,
            "kept": self.kept,
            "optimum": self.theorem or None,
            "verdict": None if known is None else known.verdict.value,
            "assurance": None if known is None else known.assurance.value,
            "pattern": self.pattern.to_json(),
        }


@dataclass(frozen=True)
class Repairs:
    """All patterns looked at, best first, and how far the list can be trusted to be the best.

    ``before`` is the pattern without changes; when it reaches the goal nothing else is tried.
    ``tried`` holds every changed pattern looked at that no other dominates, whether or not it
    reaches the goal.  ``minimal``: there is a suggestion, and of every pattern with fewer changes
    than the first one it is known that it fails: its linear part is proved not closed, no theorem
    gives the answer (whichever the goal asks for).  ``obstacles``: what stands in the way of R13,
    by layer; ``remedies``: what helps without a change of the masks, and what does not.
    """

    pattern: Pattern
    goal: str
    before: Suggestion
    tried: tuple[Suggestion, ...]
    minimal: bool
    note: str
    obstacles: tuple[Obstacle, ...] = ()
    remedies: tuple[Remedy, ...] = ()

    @property
    def suggestions(self) -> tuple[Suggestion, ...]:
        """Those that reach the goal."""
        return tuple(one for one in self.tried if self.goal in one.reached)

    def to_json(self) -> dict[str, Any]:
        """The object that ``cadlink repair --json`` prints."""
        return {
            "pattern": self.pattern.to_json(),
            "goal": self.goal,
            "before": self.before.to_json(),
            "minimal": self.minimal,
            "note": self.note,
            "obstacles": [obstacle.to_json() for obstacle in self.obstacles],
            "remedies": [remedy.to_json() for remedy in self.remedies],
            "suggestions": [suggestion.to_json() for suggestion in self.suggestions],
            "failed": [s.to_json() for s in self.tried if self.goal not in s.reached],
        }


def repair(
    case: Case,
    most: int = 1,
    goal: str = "",
    keep_density: bool = False,
    progress: Say | None = None,
) -> Repairs:
    """The smallest changes after which the goal is proved.

    ``case``: the network and the question about it, which is the goal unless that is "products".
    Its parameters are trained weights: of two edges the larger one is kept.  ``case.limits.wall_s``
    is the time for everything.  ``most``: at most so many entries (with ``keep_density``: edges
    moved) change in the exhaustive search.  A pattern with too many ways to change it is repaired
    greedily, without regard to ``most``, and so is one where so few changes do not help.

    Raises InputError for an unknown goal, ``most`` below 1, or a network that no theorem could give
    such an answer, whatever its masks.

    >>> found = repair(Case.of(Pattern.of(["11/01", "10/11"])))
    >>> [str(found.suggestions[0].changes[0]), len(found.suggestions), found.minimal]
    ['mask row 1, column 1 of layer 0', 4, True]
    """
    goal = goal or case.question.value
    if goal not in (case.question.value, PRODUCTS):
        raise InputError(f"goal {goal!r}: expected {case.question.value} or {PRODUCTS}")
    if most < 1:
        raise InputError(f"{most} changes: expected at least 1")
    if goal != PRODUCTS and not able(case, GOOD):
        raise InputError(_hopeless(case))
    with case.deciding() as decider:
        return _Work(case, decider, goal, keep_density, progress).done(most)


def _hopeless(case: Case) -> str:
    """Why there is nothing to look for."""
    if case.question is Question.CUBE:
        return "goal d: expected a ReLU network with one hidden layer and biases in every layer"
    text = "no theorem guarantees an optimum for this activation, loss and biases by its masks"
    helps = [f"{one.text} does ({one.theorem})" for one in remedies(case) if one.helps]
    return "; ".join([text, *helps])


class _Work:
    """One repair: the clock, and what could not be decided, by isomorphism class."""

    def __init__(
        self,
        case: Case,
        decider: Decider,
        goal: str,
        keep_density: bool,
        progress: Say | None,
    ) -> None:
        self.clock = Clock.of(case.limits.wall_s)
        self.case = case
        self.decider = decider
        self.pattern = case.pattern
        self.goal = goal
        self.keep_density = keep_density
        self.say: Say = progress if progress is not None else _silent
        self.hopeless: dict[str, Decision] = {}
        self.share_s = SHARE_S if self.affordable(1) else LARGE_S
        self.before = self.suggestion((), self.case.question is Question.SOME_DATA)
        wanted = goal != PRODUCTS and goal not in self.before.reached
        self.remedies = remedies(case) if wanted else ()

    def done(self, most: int) -> Repairs:
        """The search that the size of the pattern allows."""
        if self.goal in self.before.reached:
            return self.result((), True, "the masks need no repair")
        if self.affordable(1):
            return self.exhaustive(most)
        tried, note = self.greedy()
        return self.result(tried, False, note)

    def result(self, tried: Sequence[Suggestion], minimal: bool, note: str) -> Repairs:
        listed = tuple(one for one in tried if not any(other.dominates(one) for other in tried))
        # what is in the way of R13 has nothing to do with the other goals
        training = self.goal not in ("d", PRODUCTS, *self.before.reached)
        stand = obstacles(self.pattern, self.constant_units) if training else ()
        return Repairs(
            self.pattern,
            self.goal,
            self.before,
            listed,
            minimal,
            note,
            stand,
            self.remedies,
        )

    # -- one pattern -----------------------------------------------------------------------

    @property
    def constant_units(self) -> bool:
        """Whether units that no input reaches count, as some layer has no biases."""
        return not all(self.case.biases)

    def case_of(self, pattern: Pattern, seconds: float) -> Case:
        """The case with these masks, the weights on them, and so much time."""
        given = self.case.parameters
        if given is not None:
            kept = [
                np.where(mask.toarray(), weight, 0.0)
                for mask, weight in zip(pattern.layers, given.weights, strict=True)
            ]
            given = Parameters(tuple(kept), given.biases)
        limits = self.limits(seconds)
        return replace(
            self.case,
            pattern=pattern,
            parameters=given,
            limits=limits,
            decider=self.decider,
            clock=Clock.of(limits.wall_s),
        )

    def limits(self, seconds: float) -> Limits:
        """So much time, as far as it is left."""
        wall = max(LEAST_S, min(seconds, self.clock.left()))
        return Limits(wall, self.case.limits.memory_mib)

    def suggestion(self, changes: Sequence[Change], decided: bool = False) -> Suggestion:
        """The pattern after these changes, and what is known of it; the decision about its products
        is made where it is the goal, beside an optimum for (a), and when wanted."""
        pattern = changed(self.pattern, changes)
        verdict = answered(self.case_of(pattern, self.share_s), GOOD)
        beside = verdict is not None and self.case.question is Question.SOME_DATA
        wanted = decided or beside or self.goal == PRODUCTS
        return Suggestion(
            tuple(sorted(changes)),
            pattern,
            verdict,
            self.decide(pattern, self.share_s) if wanted else None,
            int((self.pattern.support() > pattern.support()).nnz),
            pattern.select(on_paths(pattern)).nnz,
            _kept(self.case.parameters, pattern),
        )

    def holds(self, changes: Sequence[Change]) -> bool:
        """Whether the goal is reached after these changes, as far as a quick look shows."""
        pattern = changed(self.pattern, changes)
        if self.goal == PRODUCTS:
            return self.decide(pattern, QUICK_S).verdict is Verdict.CLOSED
        return answered(self.case_of(pattern, QUICK_S), GOOD) is not None

    def decide(self, pattern: Pattern, seconds: float) -> Decision:
        """The decision about a pattern; what no one could decide once is not tried again."""
        key = pattern.digest if sum(pattern.widths) <= SMALL else ""
        if key in self.hopeless:
            return self.hopeless[key]
        found = self.decider.decide(pattern, self.limits(seconds))
        if key and found.verdict is Verdict.UNKNOWN:
            self.hopeless[key] = found
        return found

    # -- exhaustive ------------------------------------------------------------------------

    def affordable(self, size: int) -> bool:
        """Whether all changes of so many entries can be tried."""
        whole, edges = places(self.pattern), self.pattern.nnz
        if self.keep_density:
            return comb(edges, size) * comb(whole - edges, size) <= MOST_TRIED
        return comb(whole, size) <= MOST_TRIED

    def ways(self, size: int) -> Iterator[tuple[Change, ...]]:
        """All changes of so many entries, or edges moved."""
        every = entries(self.pattern)
        if not self.keep_density:
            yield from combinations(every, size)
            return
        gone = combinations([change for change in every if not change.add], size)
        come = list(combinations([change for change in every if change.add], size))
        for one, other in product(gone, come):
            yield one + other

    def exhaustive(self, most: int) -> Repairs:
        """All changes of one entry, of two, ..., as far as allowed and affordable."""
        tried: list[Suggestion] = []
        done, note = 0, ""
        what = "moved edges" if self.keep_density else "changed entries"
        for size in range(1, min(most, places(self.pattern)) + 1):
            if not self.affordable(size):
                note = f"{size} {what} are too many to try all ways"
                break
            for changes in self.ways(size):
                if self.clock.expired():
                    note = f"the time ran out among the ways of {size} {what}"
                    break
                self.say(f"{len(tried) + 1} changed patterns, now {'; '.join(map(str, changes))}")
                tried.append(self.suggestion(changes))
            if note:
                break
            done = size
        tried.sort(key=lambda s: (len(s.changes), s.added, -len(s.reached), s.lost, s.changes))
        first = next((one for one in tried if self.goal in one.reached), None)
        if first is None:
            note = note or f"no way of at most {done} {what} reaches the goal"
            if any(map(self.is_open, tried)):
                note += "; for some there is no verdict"
            more, greedily = self.greedy()
            return self.result([*more, *tried], False, f"{note}; {greedily}")
        # Patterns with fewer changes: all tried, and all known to fail.
        few = [one for one in tried if len(one.changes) < len(first.changes)]
        size = len(first.changes) // 2 if self.keep_density else len(first.changes)
        minimal = done >= size - 1 and not any(map(self.is_open, few))
        return self.result(tried, minimal, note)

    def is_open(self, found: Suggestion) -> bool:
        """Whether the changed pattern may reach the goal for all we know.

        The theorems give the answer or are silent; only the decision says that there is none.
        """
        unknown = found.decision is not None and found.decision.verdict is Verdict.UNKNOWN
        return self.goal == PRODUCTS and unknown

    # -- greedy ----------------------------------------------------------------------------

    def greedy(self) -> tuple[list[Suggestion], str]:
        """The known patterns, for other goals than (a) with fewer changes; and notes."""
        notes = ["the suggestions were found greedily: fewer changes may exist"]
        weights = None if self.case.parameters is None else self.case.parameters.weights
        self.say("looking for masks in which every hidden unit feeds one unit")
        known = [tree_form(self.pattern, self.constant_units, weights)]
        if self.pattern.depth > 2:
            known.append(one_last_unit(self.pattern, self.constant_units, weights))
        given = self.case.question in (Question.THESE_INPUTS, Question.THIS_DATA)
        if given and self.goal != PRODUCTS and not self.keep_density:
            *lower, last = self.pattern.layers
            known.append(Pattern.of([*lower, np.ones(last.shape)]))
        tried: dict[Pattern, Suggestion] = {}
        for pattern in known:
            self.try_out(pattern, tried, notes)
        late = False
        for pattern in known if self.goal != "a" else ():
            changes = difference(self.pattern, pattern)
            clock = self.clock.at_most(BACK_S)
            if self.holds(changes):
                self.say(f"{len(changes)} entries changed, looking which may stay")
                few = fewer(changes, self.holds, clock.expired)
                self.try_out(changed(self.pattern, few), tried, notes)
                late |= clock.expired()
        if late:
            notes.append("not all changes were tried whether they can be taken back")
        found = sorted(tried.values(), key=lambda s: (self.goal not in s.reached, -s.live, s.lost))
        return found, "; ".join(notes)

    def try_out(self, pattern: Pattern, tried: dict[Pattern, Suggestion], notes: list[str]) -> None:
        """Look at the pattern, with edges moved if that is wanted."""
        gone = self.pattern.nnz - pattern.nnz
        if self.keep_density:
            pattern, left = refilled(pattern, gone, self.constant_units)
            note = f"the first layer has room for {gone - left} of {gone} edges only"
            if left and note not in notes:
                notes.append(note)
        if pattern not in tried:
            tried[pattern] = self.suggestion(difference(self.pattern, pattern))


def _silent(text: str) -> None:
    """Say nothing."""


def _kept(parameters: Parameters | None, pattern: Pattern) -> float | None:
    """The share of the squares of the weights that stays."""
    if parameters is None:
        return None
    sizes = [weight**2 for weight in parameters.weights]
    whole = float(sum(size.sum() for size in sizes))
    stay = sum(
        float(size[mask.nonzero()].sum()) for size, mask in zip(sizes, pattern.layers, strict=True)
    )
    return stay / whole if whole else 1.0
