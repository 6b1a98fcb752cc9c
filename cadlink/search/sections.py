"""Find a proof by sections: parameters as Laurent polynomials of the product's entries.

Theorem: kernel, sections.  At every stratum some trials are made to write the parameters down
(``trials.py``).  When they fail the stratum is made smaller.  While every entry is 0 or has a
coordinate of its own, elimination comes first: an entry that is not 0 clears others by additions of
lines that keep the set.  The entry that is split by is the one that clears most, and an addition
that disturbs entries already decided is made when nothing else is left.  Otherwise the stratum is
split by the polynomials that stood in the way of a trial, or of most.

Between the rounds strata are drawn by chance, until floats find no parameters for one: its matrix
is likely missed.  Where polynomials vanish on the set, a stratum on which one is not 0 has no limit
of products, and parameters are tried only where all of them are 0.
"""

from __future__ import annotations

import itertools
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import numpy as np

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Cell, Group
from cadlink.patterns.matrix import number_to_json
from cadlink.search.conditions import Conditions, Values
from cadlink.search.laurent import Number
from cadlink.search.membership import seems_member
from cadlink.search.model import Limit, Model, Problem
from cadlink.search.monomials import Poly, Ring, Split, shifted, unit
from cadlink.search.trials import Blame, Trials
from cadlink.search.vanishing import dimension

__all__ = ["Search", "find"]

MOST_CELLS, MOST_PATHS = 16, 200  # of a problem that is tried
TRIALS, MOST_TRIALS = 40, 2560  # at every stratum, in a short round and in the longest ones
EARLY = 10  # and at most so many at a stratum that elimination can make smaller
DEEPEST = 8  # splits by polynomials above a leaf
PROBES, STARTS = 100, 3  # matrices looked at after a round at least, and starts for each
DISTURB = 0.7  # how often they are made smaller at the cost of decided entries
WAYS = 3  # splits of one stratum by polynomials that are tried
EASY = 1  # doublings of a round in which decided strata are not split yet

Tree: TypeAlias = "dict[str, Any]"
Matrix: TypeAlias = "tuple[tuple[Cell, Fraction], ...]"  # entries that are not 0


def find(
    problem: Problem,
    clock: Clock = UNLIMITED,
    seed: int = 0,
    polynomials: Sequence[Any] = (),
    missed: Callable[[Limit], Proof | None] = lambda limit: None,
) -> Proof | None:
    """A ``sections`` step proving the problem free, or closed, or what ``missed`` finds.

    ``polynomials`` (POLY of the schema) vanish on the set; without them nothing is found where the
    set has no interior.  ``missed`` is asked for a proof where the search is stuck at a matrix,
    likely a limit of products that is none; again after two, four, ... times, as it may be lucky.
    Without a limit the search may never end.

    >>> from cadlink.patterns.pattern import Pattern
    >>> find(Pattern.of(["10/11", "11/01", "10/11"])).rule
    'sections'
    """
    search = Search.of(problem, seed, lambda: polynomials)
    return None if search is None else search.run(clock, missed)


@dataclass(frozen=True)
class Stratum:
    """For every cell 0 or its entry in the coordinates, and the coordinates that are not 0."""

    cells: tuple[Poly, ...]
    nonzero: frozenset[int]

    @property
    def plain(self) -> bool:
        """Whether every entry is 0 or the cell's own coordinate."""
        return all(not entry or entry == {unit(n): 1} for n, entry in enumerate(self.cells))

    @property
    def key(self) -> tuple[frozenset[int], frozenset[int]]:
        """Of a plain stratum: what determines it."""
        return frozenset(n for n, entry in enumerate(self.cells) if entry), self.nonzero


@dataclass(frozen=True)
class Addition:
    """Line ``source`` times a number may be added to line ``target``; ``pairs``: a cell of the
    target (by number), the cell of the source above or beside it, and their common line."""

    lines: str  # "rows" or "columns"
    source: int
    target: int
    pairs: tuple[tuple[int, int, int], ...]

    def clear(self, stratum: Stratum, at: int) -> tuple[int, int, Stratum] | None:
        """Clear the target's cell of pair ``at`` on a plain stratum: how many zeros are lost, how
        many other decided entries, and what is left; None if the source's cell may be 0."""
        cell, pivot, _ = self.pairs[at]
        if pivot not in stratum.nonzero or not stratum.cells[pivot] or not stratum.cells[cell]:
            return None
        cells, nonzero = list(stratum.cells), set(stratum.nonzero)
        zeros = decided = 0
        for place, (other, its, _) in enumerate(self.pairs):
            if place == at or not stratum.cells[its]:
                continue
            zeros += not cells[other]
            decided += other in nonzero
            cells[other] = {unit(other): 1}
            nonzero.discard(other)
        cells[cell] = {}
        nonzero.discard(cell)
        return zeros, decided, Stratum(tuple(cells), frozenset(nonzero))


class Search:
    """The search for one problem, which goes on where it was whenever it is run again.

    ``proved``: trees for plain strata; ``stuck``: matrices at which a round found nothing, and
    ``times``, how many did; ``deepest``: splits of decided strata that it tried."""

    def __init__(self, model: Model, seed: int, polynomials: Sequence[Any]) -> None:
        self.model, self.chance, self.polynomials = model, random.Random(seed), polynomials
        self.clock = UNLIMITED
        self.size = len(model.cells)
        self.ring = Ring(self.size, len(model.unknowns))
        self.trials = Trials(model, self.ring, self.chance)
        self.conditions = Conditions(self.ring, model.cells, polynomials)
        self.additions = additions(model)
        self.reach = Counter(its for one in self.additions for _, its, _ in one.pairs)
        self.proved: dict[tuple[frozenset[int], frozenset[int]], Tree] = {}
        self.stuck: set[Matrix] = set()
        self.times: Counter[Matrix] = Counter()
        self.probed: set[Matrix] = set()
        self.rounds, self.noise, self.deepest = 0, 0.0, 0

    @classmethod
    def of(
        cls, problem: Problem, seed: int, vanishing: Callable[[], Sequence[Any]]
    ) -> Search | None:
        """None if the problem is too large, or has products without interior and there are no
        polynomials; ``vanishing`` is asked for these unless it is too large."""
        model = Model.of(problem)
        if model is None or len(model.cells) > MOST_CELLS:
            return None
        if sum(map(len, model.paths.values())) > MOST_PATHS:
            return None
        polynomials = vanishing()
        if not polynomials and dimension(model, np.random.default_rng(seed)) < len(model.cells):
            return None  # nearly surely no matrix has a neighbourhood of products
        return cls(model, seed, polynomials)

    def run(self, clock: Clock, missed: Callable[[Limit], Proof | None]) -> Proof | None:
        """See ``find``."""
        self.clock = clock
        while not clock.expired():
            # Every second round is short, every fourth twice as long: another order of elimination
            # is often worth more than more trials.
            self.rounds += 1
            doublings = (self.rounds & -self.rounds).bit_length() - 1
            trials = min(TRIALS << doublings, MOST_TRIALS)
            self.deepest = max(0, doublings - EASY)
            begun = time.monotonic()
            tree = self.proof(self.root(), trials)
            if tree is not None:
                given = {"polynomials": list(self.polynomials)} if self.polynomials else {}
                return Proof("sections", {**given, "tree": tree})
            self.probe(2 * time.monotonic() - begun)  # as long as that took
            for limit in self.stuck:
                self.times[limit] += 1
                if self.times[limit].bit_count() == 1:
                    proof = missed(dict(limit))
                    if proof is not None:
                        return proof
            self.stuck.clear()
            self.noise = self.chance.choice((0.5, 1, 2, 4))
        return None

    def root(self) -> Stratum:
        """All matrices on the support."""
        return Stratum(tuple({unit(n): 1} for n in range(self.size)), frozenset())

    def limit(self, stratum: Stratum) -> Matrix:
        """The matrix of a stratum at which all coordinates are 1."""
        entries = zip(self.model.cells, stratum.cells, strict=True)
        values = {cell: sum(map(Fraction, entry.values())) for cell, entry in entries}
        return tuple((cell, Fraction(value)) for cell, value in values.items() if value)

    def zero(self, stratum: Stratum, x: int, shift: Poly) -> Stratum:
        """Where x + shift is 0."""
        value = {m: -c for m, c in shift.items()}
        cells = tuple(self.ring.put(cell, x, value) for cell in stratum.cells)
        return Stratum(cells, stratum.nonzero - {x})

    def nonzero(self, stratum: Stratum, x: int, shift: Poly) -> Stratum:
        """Where it is not, x being its value from there on."""
        value = shifted(x, shift)
        cells = tuple(self.ring.put(cell, x, value) for cell in stratum.cells)
        return Stratum(cells, stratum.nonzero | {x})

    def condition(self, stratum: Stratum, values: Values) -> Split | None:
        """x and r so that a polynomial that vanishes is x + r times what is not 0, mostly a short
        one."""
        polys = (value for _, value in values)
        return self.ring.split(polys, stratum.nonzero, stratum.cells, self.chance)

    # -- matrices that are missed ----------------------------------------------------------

    def probe(self, until: float) -> None:
        """Decide entries by chance, some times and up to that time, and keep the first matrix for
        which floats find no parameters."""
        for count in itertools.count():
            if self.clock.expired() or (count >= PROBES and time.monotonic() > until):
                return
            stratum = self.descent(self.root(), self.chance.choice((0.3, 0.5, 0.7)))
            if stratum is None:
                continue
            limit = self.limit(stratum)
            if limit not in self.probed:
                self.probed.add(limit)
                if not seems_member(self.model, dict(limit), starts=STARTS):
                    self.stuck.add(limit)
                    return

    def descent(self, stratum: Stratum, often: float) -> Stratum | None:
        """A decided stratum below, entries being 0 with this probability; None if it has no limits
        of products, or cannot be told to have them."""
        passed = set()
        self.noise = self.chance.choice((0, 1, 4))
        while stratum.plain and stratum.key not in passed:
            passed.add(stratum.key)
            values = self.conditions.at(stratum.cells)
            if self.conditions.excluding(values, stratum.nonzero) is not None:
                return None
            entries, nonzero = stratum.key
            undecided = sorted(entries - nonzero)
            disturb = not undecided and self.chance.random() < DISTURB
            cleared = self.cleared(stratum, self.size if disturb else 0)
            if cleared is not None:
                stratum = cleared[0]
            elif undecided:
                x = self.pivot(stratum, undecided)
                zero = self.chance.random() < often
                cells = tuple({} if n == x and zero else c for n, c in enumerate(stratum.cells))
                stratum = Stratum(cells, nonzero if zero else nonzero | {x})
            else:
                break
        while values := self.conditions.at(stratum.cells):
            split = self.condition(stratum, values)
            if split is None:
                return None
            stratum = self.zero(stratum, *split)
        return stratum

    # -- trees -----------------------------------------------------------------------------

    def proof(self, stratum: Stratum, trials: int, depth: int = 0) -> Tree | None:
        """A tree for the stratum, or None."""
        if self.clock.expired():
            return None
        values = self.conditions.at(stratum.cells)
        excluding = self.conditions.excluding(values, stratum.nonzero)
        if excluding is not None:
            return {"vanishes": excluding}
        if not stratum.plain:
            return self.leaf(stratum, trials, depth, values)
        if stratum.key not in self.proved:
            tree = self.eliminated(stratum, trials, values)
            if tree is None:
                return None
            self.proved[stratum.key] = tree
        return self.proved[stratum.key]

    def eliminated(self, stratum: Stratum, trials: int, values: Values) -> Tree | None:
        """A tree for a plain stratum, with the values there of polynomials that vanish."""
        if self.additions:
            harmless = self.cleared(stratum, 0)
            if harmless is not None:
                return self.added(*harmless, trials)
            entries, nonzero = stratum.key
            undecided = sorted(entries - nonzero)
            # The fewer entries are undecided, the likelier is a success.
            early = max(2, EARLY - 2 * len(undecided)) if undecided else trials
            tree = None if values else self.written_down(stratum, early, Counter())
            if tree is not None:
                return tree
            if undecided:
                return self.split(stratum, self.pivot(stratum, undecided), {}, trials, 0)
            disturbed = self.cleared(stratum, self.size)
            if disturbed is not None:
                return self.added(*disturbed, trials)
        return self.leaf(stratum, trials, 0, values)

    def added(self, below: Stratum, node: Tree, trials: int) -> Tree | None:
        """A tree that begins with an addition."""
        tree = self.proof(below, trials)
        return None if tree is None else {**node, "then": tree}

    def cleared(self, stratum: Stratum, most: int) -> tuple[Stratum, Tree] | None:
        """A cell cleared without losing zeros, nor more than so many other decided entries: what is
        left, and the node of the addition."""
        found: list[tuple[float, int, Addition, int, Stratum]] = []
        for addition in self.additions:
            for at, (_, _, line) in enumerate(addition.pairs):
                result = addition.clear(stratum, at)
                if result is not None and not result[0] and result[1] <= most:
                    harm = result[1] + self.noise * self.chance.random()
                    found.append((harm, len(found), addition, line, result[2]))
        if not found:
            return None
        _, _, addition, line, below = min(found, key=lambda one: one[:2])
        return below, {addition.lines: [addition.source, addition.target], "clear": line}

    def pivot(self, stratum: Stratum, undecided: Sequence[int]) -> int:
        """The cell that clears most others once it is not 0, then the one that might."""

        def score(n: int) -> tuple[float, float]:
            below, gain = Stratum(stratum.cells, stratum.nonzero | {n}), 0
            while (cleared := self.cleared(below, 0)) is not None:
                below, gain = cleared[0], gain + 1
            noise = self.noise * self.chance.random(), self.noise * self.chance.random()
            return gain + noise[0], self.reach[n] + noise[1]

        return max(undecided, key=score)

    def leaf(self, stratum: Stratum, trials: int, depth: int, values: Values) -> Tree | None:
        """A leaf, where polynomials that vanish are 0, or a split by a polynomial that stood in the
        way."""
        condition = self.condition(stratum, values)
        if condition is not None:
            return self.split(stratum, *condition, trials, depth)
        blame: Blame = Counter(tuple(sorted(value.items())) for _, value in values)
        tree = None if values else self.written_down(stratum, trials, blame, depth)
        if tree is not None or depth == DEEPEST or self.clock.expired():
            return tree
        decided = self.live(stratum) <= stratum.nonzero
        if decided and not values:
            self.stuck.add(self.limit(stratum))
        if decided and depth >= self.deepest:
            return None
        for x, shift in self.splits(stratum, blame)[:WAYS]:
            tree = self.split(stratum, x, shift, max(trials // 2, TRIALS), depth + 1)
            if tree is not None:
                return tree
        return None

    def split(self, stratum: Stratum, x: int, shift: Poly, trials: int, depth: int) -> Tree | None:
        """Whether x + shift is 0 or not."""
        nonzero = self.proof(self.nonzero(stratum, x, shift), trials, depth)
        if nonzero is None:
            return None
        zero = self.proof(self.zero(stratum, x, shift), trials, depth)
        return None if zero is None else self.case(x, shift, zero, nonzero)

    def case(self, x: int, shift: Poly, zero: Tree, nonzero: Tree) -> Tree:
        """A node of the schema."""
        named = {"coordinate": self.name(x), "shift": self.written(shift)}
        return {**named, "zero": zero, "nonzero": nonzero}

    def live(self, stratum: Stratum) -> set[int]:
        """The coordinates that are in a numerator only."""
        monomials = [m for cell in stratum.cells for m in cell]
        there = {n for m in monomials for n in range(self.size) if self.ring.power(m, n)}
        return there - self.ring.denominators(stratum.cells)

    def splits(self, stratum: Stratum, blame: Blame) -> list[Split]:
        """(coordinate x, shift r), those that trials asked for most first."""
        live = self.live(stratum)
        score: dict[tuple[int, tuple[tuple[int, Number], ...]], float] = {}
        for terms, count in blame.items():
            for x, rest in self.ring.shifts(dict(terms), stratum.nonzero):
                if x in live and (rest or x not in stratum.nonzero):
                    key = (x, tuple(sorted(rest.items())))
                    score[key] = score.get(key, 0) + count / (1 + len(rest))
        for x in live - stratum.nonzero:
            score.setdefault((x, ()), 0.01)
        chance = {key: value * (1 + 0.3 * self.chance.random()) for key, value in score.items()}
        return [(x, dict(shift)) for x, shift in sorted(chance, key=lambda key: -chance[key])]

    # -- leaves ----------------------------------------------------------------------------

    def written_down(
        self, stratum: Stratum, trials: int, blame: Blame, depth: int = DEEPEST
    ) -> Tree | None:
        """A leaf of the schema, if one of the trials succeeds, below as many splits as may be."""
        start = self.trials.start(stratum.cells, stratum.nonzero)
        for _ in range(trials):
            if self.clock.expired():
                return None
            found = self.trials.one(start, blame, max(0, self.deepest - depth))
            if found is not None:
                tree = self.between(stratum, *found, trials, depth)
                if tree is not None:
                    return tree
        return None

    def between(
        self,
        stratum: Stratum,
        splits: Sequence[Split],
        values: list[Poly],
        trials: int,
        depth: int,
    ) -> Tree | None:
        """The tree of a trial: the parameters, and what is left out by its splits."""
        if not splits:
            return self.parameters(values)
        (x, shift), rest = splits[0], splits[1:]
        below = self.zero(stratum, x, shift)
        zero = self.proof(below, max(trials // 2, TRIALS), depth + 1)
        if zero is None:
            return None
        below = self.nonzero(stratum, x, shift)
        nonzero = self.between(below, rest, values, trials, depth + 1)
        return None if nonzero is None else self.case(x, shift, zero, nonzero)

    def parameters(self, values: list[Poly]) -> Tree:
        """A leaf of the schema."""
        given = [
            [
                [*unknown.place, self.written(value)]
                for unknown, value in zip(self.model.unknowns, values, strict=True)
                if unknown.level == level and value
            ]
            for level in range(self.model.depth)
        ]
        problem = self.model.problem
        if not isinstance(problem, Group):
            return {"factors": given}
        return {
            letter: [
                [[line, value] for neuron, line, value in level if neuron == i]
                for i in range(len(problem.neurons))
            ]
            for letter, level in zip("yx", given, strict=True)
        }

    def name(self, n: int) -> str:
        j, k = self.model.cells[n]
        return f"a_{j}_{k}"

    def written(self, poly: Poly) -> list[list[Any]]:
        """POLY of the schema, negative exponents included."""
        return [
            [
                number_to_json(c),
                [[self.name(n), e] for n in range(self.size) if (e := self.ring.power(m, n))],
            ]
            for m, c in sorted(poly.items())
        ]


def additions(model: Model) -> tuple[Addition, ...]:
    """The additions of a row to a row or a column to a column that keep the set."""
    number = {cell: n for n, cell in enumerate(model.cells)}
    found = []
    for axis, lines in enumerate(("rows", "columns")):
        for source, target in itertools.permutations(sorted({cell[axis] for cell in number}), 2):
            its = {cell: _moved(cell, axis, source) for cell in number if cell[axis] == target}
            if _keeps(model.problem, axis, source, target, its):
                pairs = [
                    (number[cell], number[other], cell[1 - axis])
                    for cell, other in its.items()
                    if other in number
                ]
                found.append(Addition(lines, source, target, tuple(pairs)))
    return tuple(found)


def _moved(cell: Cell, axis: int, line: int) -> Cell:
    """The cell of another row (axis 0) or column beside it."""
    return (line, cell[1]) if axis == 0 else (cell[0], line)


def _keeps(
    problem: Problem, axis: int, source: int, target: int, beside: Mapping[Cell, Cell]
) -> bool:
    """Whether a source unit's weights can be added to the target's; ``beside``: the target's cells
    and those of the source beside them."""
    if isinstance(problem, Group):
        return all(
            (cell in graph) == (other in graph)
            for graph, supports in zip(problem.neurons, problem.supports, strict=True)
            if source in supports[axis]
            for cell, other in beside.items()
        )
    mask = problem.layers[-1] if axis == 0 else problem.layers[0].T
    dense = mask.toarray().astype(bool)
    return bool((dense[source] <= dense[target]).all())
