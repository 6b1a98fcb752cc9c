"""The part of a network that a training set is about, exactly.

The data of the theorems are 0 in most inputs, and in most outputs the targets are 0.  Then

* the weights on an input that is 0 at all points change nothing, and get no gradient;
* a hidden unit that sees none of the other inputs, directly or through other units, is constant on
  the data; wherever all units that it feeds have biases, these do its work;
* an output whose targets are all 0 is fitted by weights 0 into it, which no other output uses; a
  hidden unit that feeds only such outputs is then of no use.

So the masks restricted to what is left predict the same values of the outputs in use as the whole
network, and the infimum of the squared loss, and whether it is attained, are the same for
both.  A network with 784 inputs and 300 hidden units often comes down to two of each.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cadlink.networks.data import TrainingSet
from cadlink.networks.experiments.training import Task
from cadlink.networks.kernel.doubles import Array
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import Units, on_paths, reaching

__all__ = ["Subnetwork", "subnetwork"]

NOISE = 0.1  # standard deviation of what is added to theta_k for a start near it
LATEST = 2


@dataclass(frozen=True)
class Subnetwork:
    """The units that are kept (per layer, ascending, numbered from 0 as in the whole network) and
    the data on them (X: points x kept inputs, Y: points x kept outputs)."""

    data: TrainingSet = field(repr=False)
    units: tuple[Units, ...] = field(repr=False)
    pattern: Pattern
    X: Array = field(repr=False)
    Y: Array = field(repr=False)

    @property
    def task(self) -> Task:
        """What is to be trained."""
        return Task(self.pattern, self.X, self.Y, self.data.biases)

    def parameters(self, k: int) -> list[Array]:
        """theta_k on the kept units: weight, bias, weight, bias, ..."""
        at = self.data.parameters(k)
        place = [{int(unit): i for i, unit in enumerate(units)} for units in self.units]
        found: list[Array] = []
        for layer, mask in enumerate(self.pattern.layers):
            rows, columns = place[layer + 1], place[layer]
            weight, bias = np.zeros(mask.shape), np.zeros(mask.shape[0])
            for (i, j), value in at.weights[layer].items():
                if i in rows and j in columns:
                    weight[rows[i], columns[j]] = float(value)
            for i, value in at.biases[layer].items():
                if i in rows:
                    bias[rows[i]] = float(value)
            found += [weight, bias]
        return found

    def early(self) -> int:
        """The last k <= 2 before the largest parameter of theta_k starts to grow."""
        sizes = [self.data.parameters(k).largest for k in range(LATEST + 1)]
        return max(k for k, size in enumerate(sizes) if size == sizes[0])

    def near(self, seed: int) -> list[Array]:
        """A start for training: theta_k for an early k, every parameter moved at random."""
        chance = np.random.default_rng(seed)
        found = self.parameters(self.early())
        for layer, mask in enumerate(self.pattern.layers):
            weight, bias = found[2 * layer : 2 * layer + 2]
            weight += NOISE * chance.standard_normal(weight.shape) * mask.toarray()
            if self.data.biases[layer]:
                bias += NOISE * chance.standard_normal(bias.shape)
        return found


def subnetwork(data: TrainingSet) -> Subnetwork:
    """The part of the network that matters on the data.

    >>> from cadlink.networks.deciding import decide_network
    >>> from cadlink.networks.data import training_set
    >>> part = subnetwork(training_set(decide_network("11000/01100/00111;110/011"), "R3"))
    >>> [units.tolist() for units in part.units], part.pattern.widths
    ([[1], [0, 1], [0, 1]], (1, 2, 2))
    """
    xs, ys = data.to_numpy()
    outputs = np.flatnonzero(ys.any(axis=0)).tolist()
    inputs = np.flatnonzero(xs.any(axis=0)).tolist()
    kept = on_paths(data.pattern, inputs, outputs)
    if not all(data.biases[1:]):  # constant units may serve as biases where there are none
        leading = reaching(data.pattern, outputs)[1:-1]
        kept = [kept[0], *map(np.flatnonzero, leading), kept[-1]]
    return Subnetwork(data, tuple(kept), data.pattern.select(kept), xs[:, kept[0]], ys[:, kept[-1]])
