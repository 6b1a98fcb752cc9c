"""Cuts with pins: chains that are free because one layer of their edges serves every matrix.

*Theorem.*  Let U be a set of units that contains the inputs and no output; the hidden units in U
are *pins*.  Delete the edges from outside U into U, let Z be the edges that leave U, and fix all
other edges at integers.  E are the cells with a path in the whole chain.  If the map from the
values at Z to the product has rank |E| (modulo a prime), L_I is every matrix on E.
*Proof.*  A path of the thinned chain starts in U, ends outside and never returns, so it has one
edge of Z: the product is linear in Z, integer coefficients, 0 off E.  A minor that is not 0 modulo
a prime is not 0, so every matrix on E is reached, by products with the supports of I.

*Without pins* (deep matching) this says: for every input k, generic factors above give the columns
of the units S_k it feeds full row rank on the outputs R_k it reaches; by Leibniz that is so iff
there are |R_k| vertex-disjoint paths from S_k to R_k.  For two masks these are matchings.

*In parts.*  Let up(w) be the sums over paths from an unpinned unit w to the outputs, down(u, k)
those from input k to the pin u inside U.  The edges k -> w give column k the span of the up(w), w
the unpinned units that k feeds.  With the complete left kernels L_k of these spans in R^(R_k) the
condition is that (Z(w, u)) -> (L_k sum of down(u, k) Z(w, u) up(w))_k is onto.

*Search.*  A pin i in the first hidden layer is lost to all columns it could serve, one dimension
each, and gives back at most v_i dimensions, the rank of up at its heads, in all columns together.
That is a flow problem with integer pins (for generic kernels and v_i = all outputs its answer is
the rank, by König's edge colouring), put to HiGHS; the rank decides.  What it leaves missing is
then sought by a local search with pins in all layers: a pin on a path upwards from a column that
lacks something, or one fewer, as long as the rank does not drop.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeGuard

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp
from scipy.optimize import Bounds, LinearConstraint, milp

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.modular import PRIME, Matrix, drawn, left_kernel, product, rank
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["Net", "deep_matching", "find", "pins"]

MOST_ENTRIES = 20_000_000  # of a factor, of the support, of the demands on the pins
SPARE = 4  # columns beyond full row rank in a first look at a rank
MARGINS = ((0, 3), (1, 3), (2, 4))  # spare dimensions per column; widest columns relative to R_k
FLOW_S = 20.0  # seconds for one integer program
SEARCH_S = 30.0  # seconds for the local search
MOST_MISSING = 130  # dimensions missing beyond which the local search is not begun
MOST_FAILURES = 400  # moves in a row that gain nothing

Marks = npt.NDArray[np.bool_]
Pins = tuple[Marks, ...]  # one array for every hidden layer


@dataclass(frozen=True)
class Missing:
    """How many dimensions a set of pins lacks, and the inputs whose columns are short of them."""

    dimensions: int
    columns: list[int]


@dataclass
class Net:
    """A chain with drawn factors and what does not depend on the pins."""

    pattern: Pattern
    seed: int = 0
    _kernels: dict[tuple[bytes, int, bytes], Matrix] = field(default_factory=dict)

    def __post_init__(self) -> None:
        layers = self.pattern.layers
        self.depth = len(layers)
        self.masks: list[Marks] = [mask.toarray() for mask in layers]
        self.factors = [drawn(mask, n, self.seed) for n, mask in enumerate(layers, start=1)]
        reached = np.asarray(self.pattern.support().toarray())
        self.outputs = [np.flatnonzero(column) for column in reached.T]  # R_k
        self.fed = [np.flatnonzero(column) for column in self.masks[0].T]  # S_k

    def no_pins(self) -> Pins:
        """All hidden units outside U."""
        return tuple(np.zeros(width, dtype=np.bool_) for width in self.pattern.widths[1:-1])

    def narrowest_first(self) -> list[int]:
        """The inputs, those that feed the fewest units beyond the outputs they reach first."""
        spare = [its.size - rows.size for its, rows in zip(self.fed, self.outputs, strict=True)]
        return np.argsort(spare, kind="stable").tolist()  # type: ignore[no-any-return]

    @cached_property
    def _unpinned(self) -> Matrix:
        return self.upwards(self.no_pins())[0]

    def short(self, k: int, clock: Clock) -> bool:
        """Whether column k lacks something without pins; raises OutOfTime."""
        rows, heads = self.outputs[k], self.fed[k]
        clock.afford(1e-8 * rows.size * heads.size * (10 + rows.size / 20))
        for some in (heads[: rows.size + SPARE], heads):
            if rank(self._unpinned[np.ix_(rows, some)]) == rows.size:
                return False
        return True

    def upwards(self, pins: Pins) -> list[Matrix]:
        """For layers 1, 2, ..., L the sums over paths to the outputs outside U: outputs x units."""
        found = [np.eye(self.pattern.widths[-1], dtype=np.int64)]
        for layer in range(self.depth - 1, 0, -1):
            fixed = self.factors[layer] * ~pins[layer - 1]
            if layer < self.depth - 1:
                fixed = fixed * ~pins[layer][:, None]
            found.append(product(found[-1], fixed))
        return found[::-1]

    def missing(self, pins: Pins, clock: Clock) -> Missing:
        """What the pins lack; raises OutOfTime."""
        up = self.upwards(pins)
        above = b"".join(np.packbits(mark).tobytes() for mark in pins[1:])
        kernels: dict[int, Matrix] = {}
        for k, rows in enumerate(self.outputs):
            heads = self.fed[k][~pins[0][self.fed[k]]] if pins else self.fed[k]
            if heads.size > rows.size + SPARE:
                some = heads[: rows.size + SPARE]
                if rank(up[0][np.ix_(rows, some)]) == rows.size:
                    continue
            key = (above, k, heads.tobytes())
            if key not in self._kernels:
                clock.check()
                self._kernels[key] = left_kernel(up[0][np.ix_(rows, heads)])
            if len(self._kernels[key]):
                kernels[k] = self._kernels[key]
        total = sum(len(kernel) for kernel in kernels.values())
        if not total:
            return Missing(0, [])
        blocks, below, width = self._variables(pins, up)
        if total * width > MOST_ENTRIES or not width:
            return Missing(total, list(kernels))
        demands = np.zeros((total, width), dtype=np.int64)
        owner: list[int] = []
        for k, kernel in kernels.items():
            top = len(owner)
            owner += [k] * len(kernel)
            for (start, span), weight in zip(blocks, below[:, k], strict=True):
                if weight:
                    seen = product(kernel, span[self.outputs[k]]) * weight % PRIME
                    demands[top : len(owner), start : start + span.shape[1]] = seen
        clock.check()
        relations = left_kernel(demands)
        short = sorted({owner[row] for row in np.flatnonzero(relations.any(axis=0))})
        return Missing(len(relations), short)

    def _variables(
        self, pins: Pins, up: list[Matrix]
    ) -> tuple[list[tuple[int, Matrix]], Matrix, int]:
        """For every pin (first variable, basis of the up(w) at its unpinned heads); the down(u, k),
        pins x inputs; and the number of variables."""
        blocks: list[tuple[int, Matrix]] = []
        below: list[Matrix] = []
        width = 0
        down = self.factors[0]
        for layer, mark in enumerate(pins, start=1):
            if layer > 1:
                down = product(self.factors[layer - 1] * pins[layer - 2], down)
            down = down * mark[:, None]
            for u in np.flatnonzero(mark):
                heads = self.masks[layer][:, u].copy()
                if layer < self.depth - 1:
                    heads &= ~pins[layer]
                span = _basis(up[layer][:, heads])
                if span.shape[1] and down[u].any():
                    blocks.append((width, span))
                    below.append(down[u])
                    width += span.shape[1]
        table = np.array(below, dtype=np.int64).reshape(len(below), self.pattern.widths[0])
        return blocks, table, width


def _basis(columns: Matrix) -> Matrix:
    """A basis of the column space modulo PRIME."""
    if columns.shape[1] <= 1:
        return columns[:, columns.any(axis=0)]
    return np.ascontiguousarray(left_kernel(left_kernel(columns).T.copy()).T)


def find(net: Net, clock: Clock) -> Pins | None:
    """Pins that lack nothing, or None; raises OutOfTime."""
    best = net.no_pins()
    lacking = net.missing(best, clock)
    if not lacking.dimensions or not best:
        return None if lacking.dimensions else best
    for proposal in _flows(net, clock):
        found = net.missing(proposal, clock)
        if found.dimensions < lacking.dimensions:
            best, lacking = proposal, found
        if not lacking.dimensions:
            return best
    if lacking.dimensions > MOST_MISSING:
        return None
    return _search(net, best, lacking, clock.at_most(SEARCH_S))


def _search(net: Net, best: Pins, lacking: Missing, clock: Clock) -> Pins | None:
    """Pins in all layers by local moves; raises OutOfTime."""
    chance = np.random.default_rng(0)
    failures = 0
    while lacking.dimensions and failures < MOST_FAILURES:
        clock.check()
        moved = tuple(mark.copy() for mark in best)
        _move(net, moved, int(chance.choice(lacking.columns)), chance)
        found = net.missing(moved, clock)
        failures += 1
        if found.dimensions <= lacking.dimensions:
            failures = 0 if found.dimensions < lacking.dimensions else failures
            best, lacking = moved, found
    return None if lacking.dimensions else best


def _move(net: Net, marks: Pins, k: int, chance: np.random.Generator) -> None:
    """Change the pins a little, near input k."""
    kind = chance.random()
    u = int(chance.choice(net.fed[k]))
    if kind < 0.55 and len(marks) > 1:  # a path upwards from k
        marks[0][u] = True
        for layer in range(1, min(len(marks), 2 if chance.random() < 0.7 else 3)):
            u = int(chance.choice(np.flatnonzero(net.masks[layer][:, u])))
            marks[layer][u] = True
    elif kind < 0.8:
        marks[0][u] = ~marks[0][u]
    else:
        mark = marks[int(chance.integers(len(marks)))]
        on = np.flatnonzero(mark)
        if on.size:
            mark[int(chance.choice(on))] = False


def _flows(net: Net, clock: Clock) -> Iterator[Pins]:
    """Pins in the first hidden layer, by integer programs with growing margins."""
    rest = net.no_pins()[1:]
    up = net.upwards(net.no_pins())
    gain = np.array([rank(up[1][:, heads]) for heads in net.masks[1].T], dtype=np.float64)
    for turn, (margin, wide) in enumerate(MARGINS):
        found = _flow(net, gain, margin, wide, clock.at_most(FLOW_S), turn)
        if found is None:
            continue
        marks, short = found
        yield (marks, *rest)
        if short > MOST_MISSING:
            return


def _flow(
    net: Net, gain: npt.NDArray[np.float64], margin: int, wide: int, clock: Clock, seed: int
) -> tuple[Marks, float] | None:
    """Pins p_i and flows f_ik >= 0 with, in every column k,

        |S_k| - sum of p_i + sum of f_ik + missing_k + slack_k >= |R_k| + margin,

    sums over i in S_k, slack_k <= margin; for every unit, sum over k of f_ik <= v_i p_i and
    f_ik <= min(v_i, |R_k|) p_i.  Few missing dimensions count most, then slack, then pins.
    """
    units, inputs = net.masks[0].shape
    need = np.array([rows.size for rows in net.outputs])
    have = np.array([units_.size for units_ in net.fed])
    narrow = [k for k in range(inputs) if have[k] < wide * need[k]]
    if not narrow:
        return None
    unit = np.concatenate([net.fed[k] for k in narrow])
    column = np.repeat(narrow, have[narrow])
    flows = np.arange(unit.size)
    every_unit, every_column = net.masks[0].nonzero()
    size = units + unit.size + 2 * inputs
    short, slack = units + unit.size, units + unit.size + inputs
    parts = (  # rows, columns, values
        (column, units + flows, np.ones(unit.size)),
        (every_column, every_unit, -np.ones(every_unit.size)),
        (np.arange(inputs), short + np.arange(inputs), np.ones(inputs)),
        (np.arange(inputs), slack + np.arange(inputs), np.ones(inputs)),
        (inputs + unit, units + flows, np.ones(unit.size)),
        (inputs + np.arange(units), np.arange(units), -gain),
        (inputs + units + flows, units + flows, np.ones(unit.size)),
        (inputs + units + flows, unit, -np.minimum(gain[unit], need[column])),
    )
    rows, columns, values = (np.concatenate([part[n] for part in parts]) for n in range(3))
    matrix = sp.csr_array((values, (rows, columns)), shape=(inputs + units + unit.size, size))
    low = np.full(matrix.shape[0], -np.inf)
    high = np.zeros(matrix.shape[0])
    low[:inputs], high[:inputs] = need - have + margin, np.inf
    chance = np.random.default_rng(seed)
    cost = np.concatenate(
        (1e-4 * (1 + chance.random(units)), np.zeros(unit.size), np.ones(inputs), np.full(inputs, 0.02))
    )
    most = np.full(size, float(need.max()))
    most[:units] = 1
    most[slack:] = margin
    clock.check()
    result = milp(
        cost,
        constraints=LinearConstraint(matrix, low, high),
        integrality=np.arange(size) < units,
        bounds=Bounds(0, most),
        options={"time_limit": min(clock.left(), FLOW_S), "mip_rel_gap": 0.3},
    )
    if result.x is None:
        return None
    return result.x[:units] > 0.5, float(result.x[short:slack].sum())


def deep_matching(problem: Problem, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf when the theorem holds without pins, for the chain or its transpose.

    Raises OutOfTime.

    >>> deep_matching(Pattern.of(["10/11/01", "110/111/011", "111"])).data["pins"]
    [[], []]
    """
    if not _affordable(problem):
        return None
    for turned, pattern in ((False, problem), (True, problem.transpose())):
        if _enough_units(pattern):
            net = Net(pattern)
            if not any(net.short(k, clock) for k in net.narrowest_first()):
                return _step(net.no_pins(), turned)
    return None


def pins(problem: Problem, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf when pins are found, for the chain or its transpose.

    Raises OutOfTime.

    >>> pins(Pattern.of(["1110/0111/1011/1101", "1111/1110", "11"])).data["pins"]
    """
    if not _affordable(problem):
        return None
    for turned, pattern in ((False, problem), (True, problem.transpose())):
        found = find(Net(pattern), clock)
        if found is not None:
            return _step(found, turned)
    return None


def _affordable(problem: Problem) -> TypeGuard[Pattern]:
    """Whether this is a chain of which dense matrices can be made."""
    if not isinstance(problem, Pattern) or problem.depth < 2 or 0 in problem.widths:
        return False
    sizes = [mask.shape[0] * mask.shape[1] for mask in problem.layers]
    return max(*sizes, problem.widths[0] * problem.widths[-1]) <= MOST_ENTRIES


def _enough_units(pattern: Pattern) -> bool:
    """Whether no input feeds fewer units than it reaches outputs."""
    fed = np.bincount(pattern.layers[0].indices, minlength=pattern.widths[0])
    reached = np.bincount(pattern.support().indices, minlength=pattern.widths[0])
    return bool((fed >= reached).all())


def _step(found: Pins, turned: bool) -> Step:
    units = [np.flatnonzero(mark).tolist() for mark in found]
    data = {"pins": units, "transposed": turned, "seed": 0, "prime": PRIME}
    return Step("cut", Conclusion.FREE, data)
