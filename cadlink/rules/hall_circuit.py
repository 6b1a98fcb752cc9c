"""Hall circuits: p + 1 inputs whose p units force a relation that a limit can break.

Theorem and proof: kernel, hall_circuit.  Two inputs get equal columns in the limit: then they may
use their common units only, and the p units must not be matchable to the p columns that remain.
Sets of units are grown from inputs that reach few of them; minimal relations between the columns of
drawn factors are the candidates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cadlink.clock import UNLIMITED, Clock, OutOfTime
from cadlink.modular import PRIME, Matrix, drawn, product, rank, right_kernel
from cadlink.patterns.pattern import Pattern
from cadlink.rules.bits import crowded, mask
from cadlink.rules.net import ENTRY_S, affordable
from cadlink.rules.paths import boolean_product
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import these

__all__ = ["RULE", "find"]

MOST_ROWS = 20  # choices of outputs tried for one circuit
SHARE = 0.2  # of the time, for a chain one way

Marks = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """A hidden layer: which inputs reach its units, which outputs they reach, and drawn factors
    below it (units x inputs) and above the next one (outputs x units of the next layer)."""

    number: int
    below: Marks
    above: Marks
    lower: Matrix
    upper: Matrix
    heads: Marks  # units of the next layer x units


def _layers(pattern: Pattern) -> Iterator[Layer]:
    factors = [drawn(mask, n, 0) for n, mask in enumerate(pattern.layers, start=1)]
    masks = [mask.toarray() for mask in pattern.layers]
    uppers = [np.eye(pattern.widths[-1], dtype=np.int64)]
    for factor in reversed(factors[2:]):
        uppers.append(product(uppers[-1], factor))
    reaches = [masks[-1]]
    for mask_ in reversed(masks[1:-1]):
        reaches.append(boolean_product(reaches[-1], mask_))
    lower, below = factors[0], masks[0]
    for number in range(1, pattern.depth):
        if number > 1:
            lower = product(factors[number - 1], lower)
            below = boolean_product(masks[number - 1], below)
        rest = pattern.depth - 1 - number
        yield Layer(number, below, reaches[rest], lower, uppers[rest], masks[number])


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A not-closed leaf when some layer has such a circuit.

    >>> find(Pattern.of(["110/011", "11/11", "11/11"])).data["inputs"]
    [0, 1, 2]
    """
    if not affordable(pattern):
        return None
    clock.afford(2 * ENTRY_S * sum(mask.shape[0] * mask.shape[1] for mask in pattern.layers))
    # There may be very many circuits; the other rules, and the transpose, want their turn, too.
    share = clock.share(SHARE)
    try:
        for layer in _layers(pattern):
            for inputs in _circuits(layer, share):
                data = _tested(layer, inputs, share)
                if data is not None:
                    return Step("hall_circuit", Conclusion.NOT_CLOSED, data)
    except OutOfTime:
        pass
    return None


def _circuits(layer: Layer, clock: Clock) -> Iterator[Ints]:
    """Inputs K that together reach |K| - 1 units and are minimally dependent."""
    sizes = layer.below.sum(axis=0)
    most = min(layer.above.shape[0], int(layer.above.sum(axis=0).max(initial=0)))
    seen: set[tuple[int, ...]] = set()
    for k0 in np.argsort(sizes, kind="stable"):
        if not 0 < sizes[k0] <= most:
            continue
        units = layer.below[:, k0].copy()
        while units.sum() <= most:
            clock.check()
            outside = layer.below[~units].sum(axis=0)
            inside = np.flatnonzero((outside == 0) & (sizes > 0))
            if inside.size > units.sum():
                relations = right_kernel(layer.lower[np.ix_(units, inside)])
                for relation in relations.T:
                    inputs = inside[relation != 0]
                    reached = int(layer.below[:, inputs].any(axis=1).sum())
                    if reached == inputs.size - 1 and tuple(inputs) not in seen:
                        seen.add(tuple(inputs))
                        yield inputs
            # The input that brings the fewest new units, and among those shares the most.
            growing = np.flatnonzero(outside)
            if not growing.size:
                break
            best = min(growing.tolist(), key=lambda k: (outside[k], outside[k] - sizes[k]))
            units |= layer.below[:, best]


def _tested(layer: Layer, inputs: Ints, clock: Clock) -> dict[str, object] | None:
    """The data of the rule if two of the inputs can be tied and outputs be found."""
    units = np.flatnonzero(layer.below[:, inputs].any(axis=1))
    p = len(units)
    clock.check()
    # Some relation has no zeros; if it is the only one, any p columns are independent.
    if rank(layer.lower[np.ix_(units, inputs)]) < p:
        return None
    outputs = _outputs(layer, units, clock)
    if outputs is None:
        return None
    short = _short(layer.below[np.ix_(units, inputs)], clock)
    if short is None:
        return None
    (a, b), rows = short
    return {
        "layer": layer.number,
        "outputs": outputs,
        "inputs": inputs.tolist(),
        "tied": [int(inputs[a]), int(inputs[b])],
        "short": units[rows].tolist(),
        "seed": 0,
        "prime": PRIME,
    }


def _short(sees: Marks, clock: Clock) -> tuple[tuple[int, int], list[int]] | None:
    """Two inputs to tie, and rows that then have too few columns to be independent."""
    size = sees.shape[1]
    sets = [mask(np.flatnonzero(row).tolist()) for row in sees]
    for a in range(size):
        clock.check()
        for b in range(a + 1, size):
            pair = 1 << a | 1 << b
            tied = [s & ~pair | (1 << size if s & pair == pair else 0) for s in sets]
            crowd = crowded(tied)
            rows = [row for row, its in enumerate(tied) if not its & ~crowd]
            if len(rows) > crowd.bit_count():
                return (a, b), rows
    return None


def _outputs(layer: Layer, units: Ints, clock: Clock) -> list[int] | None:
    """p outputs on which every unit's heads have full rank, or None."""
    p = len(units)
    common = np.flatnonzero(layer.above[:, units].all(axis=1))
    if common.size < p:
        return None
    chance = np.random.default_rng(0)
    for turn in range(MOST_ROWS if common.size > p else 1):
        clock.check()
        rows = np.sort(chance.permutation(common)[:p]) if turn else common[:p]
        if all(rank(layer.upper[np.ix_(rows, layer.heads[:, u])]) == p for u in units):
            return [int(j) for j in rows]
    return None


def explain(chain: Pattern, told: Told) -> Blocks:
    """A relation that the units force, and another one in the limit."""
    units, inputs, outputs = told.facts["units"], told.data["inputs"], told.data["outputs"]
    p = len(units)
    return (
        Paragraph(
            f"From {these('input', inputs)} to {these('output', outputs)} all paths go through"
            f" {these('unit', units)} of layer {told.data['layer']}, {p} units for {p + 1} inputs"
            f" and {p} outputs. So the columns of A at these inputs are the {p} columns that the"
            f" units send to the outputs, times a matrix Y with {p} rows: they satisfy the relation"
            " of the columns of Y, and generic factors below give one without zeros."
        ),
        Paragraph(
            f"Let A have rank {p} on these rows and columns, with one relation, the sum of the"
            f" columns {these('input', told.data['tied'])} with a change of sign, such that their"
            " sum is 0. It is missed: the rows of Y would be independent and satisfy the relation,"
            f" but those of {these('unit', told.data['short'])} have too few entries for that. It"
            " is a limit: scale the columns of generic lower factors such that their relation"
            " tends to that of A, at every moment without zeros; the upper factors send the units"
            " to any columns of these outputs, since they have full rank there, which was computed"
            f" modulo {told.data['prime']}."
        ),
    )


RULE = Rule(
    name="hall_circuit",
    about=Pattern,
    both_ways=True,
    find=find,
    account="inputs on too few hidden units depend on each other in one way, and in the limit in"
    " another",
    title="a circuit of inputs",
    explain=explain,
    cost="ranks of small sets of inputs",
)
