"""Masks of small networks as people prune them: ten ways, seven densities, fixed seeds.

The networks are LeNet-300-100 on scikit-learn's digits resized to 28 x 28, and multilayer
perceptrons 64-100-...-100-10 with two to five hidden layers on the digits as they are (8 x 8).
torch and scikit-learn are needed here; ``bench_trained.py`` decides the masks.

*random*: every layer to the density.  *layer*, *global*: the largest weights after training, of
every layer or of all together.  *imp*: iterative magnitude pruning with rewinding to an early step
(Frankle and Carbin 2019; Frankle et al. 2020), every round going down to the next density.  *snip*:
the largest |weight x gradient| before training (Lee, Ajanthan, Torr 2019).  *er*: random, layers
with densities after Erdos and Renyi; *set*: trained from there, small weights being replaced by
random ones (Mocanu et al. 2018).  *units*: rows and columns, the hidden units of largest norm.
*blocks*: the 4 x 4 blocks of largest norm in every layer.  *2:4*: the two largest of any four
weights of a unit next to each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import zoom
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy

__all__ = ["DENSITIES", "NETWORKS", "Trained", "masks"]

DENSITIES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
NETWORKS = {
    "lenet": (784, 300, 100, 10),
    "mlp2": (64, 100, 100, 10),
    "mlp3": (64, 100, 100, 100, 10),
    "mlp4": (64, 100, 100, 100, 100, 10),
    "mlp5": (64, 100, 100, 100, 100, 100, 10),
}
STEPS, EARLY = 60, 10  # of Adam on all the data; the step to which imp rewinds
REPLACED = 0.3  # of the weights, by set every TURN steps
TURN = 10

Masks = list[npt.NDArray[np.bool_]]
Weights = list[torch.Tensor]


@dataclass(frozen=True)
class Trained:
    """A mask of a network: how it was pruned, to which share of the weights."""

    network: str
    method: str
    density: float
    masks: Masks

    @property
    def name(self) -> str:
        return f"{self.network}_{round(100 * self.density):02d}_{self.method}"


def digits(widths: tuple[int, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    """The digits, resized to as many pixels as there are inputs, and their classes."""
    data = load_digits()
    scale = np.sqrt(widths[0]) / 8
    images = data.images if scale == 1 else zoom(data.images, (1, scale, scale), order=1)
    points = torch.tensor(images.reshape(len(images), -1) / 16, dtype=torch.float32)
    return points, torch.tensor(data.target)


class Network:
    """The weights and biases of a perceptron, its data, and what training makes of them."""

    def __init__(self, widths: tuple[int, ...], seed: int) -> None:
        self.draw = torch.Generator().manual_seed(seed)
        self.points, self.classes = digits(widths)
        self.start: Weights = [
            torch.randn(b, a, generator=self.draw) * (2 / a) ** 0.5 for a, b in pairwise(widths)
        ]

    def loss(self, weights: Weights, biases: Weights) -> torch.Tensor:
        hidden = self.points
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            hidden = torch.relu(hidden @ weight.T + bias)
        return cross_entropy(hidden @ weights[-1].T + biases[-1], self.classes)

    def train(self, start: Weights, kept: Weights, steps: int, replace: bool = False) -> Weights:
        """The weights after so many steps; ``kept`` (0 or 1) changes in place with ``replace``."""
        weights = [(w * k).requires_grad_() for w, k in zip(start, kept, strict=True)]
        biases = [torch.zeros(len(w), requires_grad=True) for w in start]
        optimiser = torch.optim.Adam([*weights, *biases], lr=3e-3)
        for step in range(1, steps + 1):
            optimiser.zero_grad()
            self.loss(weights, biases).backward()
            for weight, keep in zip(weights, kept, strict=True):
                weight.grad *= keep
            optimiser.step()
            with torch.no_grad():
                for weight, keep in zip(weights, kept, strict=True):
                    if replace and step % TURN == 0 and step < steps:
                        self._replace(weight, keep)
                    weight *= keep
        return [weight.detach() for weight in weights]

    def _replace(self, weight: torch.Tensor, keep: torch.Tensor) -> None:
        """The smallest weights go; as many others come, at random places, from 0."""
        number = int(REPLACED * keep.sum())
        size = torch.where(keep > 0, weight.abs(), torch.inf).flatten()
        keep.view(-1)[torch.argsort(size, stable=True)[:number]] = 0
        absent = torch.nonzero(keep.view(-1) == 0).flatten()
        order = torch.randperm(len(absent), generator=self.draw)
        keep.view(-1)[absent[order[:number]]] = 1

    def sensitivity(self) -> Weights:
        """|weight x gradient| before training."""
        weights = [weight.clone().requires_grad_() for weight in self.start]
        self.loss(weights, [torch.zeros(len(w)) for w in weights]).backward()
        return [(weight * weight.grad).abs().detach() for weight in weights]


def largest(scores: Weights, density: float) -> Weights:
    """The share with the largest scores of every layer."""
    found = []
    for score in scores:
        number = max(1, round(density * score.numel()))
        keep = torch.zeros(score.numel())
        keep[torch.argsort(score.flatten(), descending=True, stable=True)[:number]] = 1
        found.append(keep.view(score.shape))
    return found


def largest_of_all(scores: Weights, density: float) -> Weights:
    """The share with the largest scores of all layers together."""
    (whole,) = largest([torch.cat([score.flatten() for score in scores])], density)
    parts = whole.split([score.numel() for score in scores])
    return [part.view(score.shape) for part, score in zip(parts, scores, strict=True)]


def erdos_renyi(network: Network, density: float) -> Weights:
    """Random masks, a layer's density being proportional to (rows + columns) / (rows columns)."""
    sizes = torch.tensor([float(weight.numel()) for weight in network.start])
    sides = torch.tensor([float(sum(weight.shape)) for weight in network.start])
    wanted, full = density * float(sizes.sum()), torch.zeros(len(sizes), dtype=torch.bool)
    while True:  # layers that would have more than they can are full
        factor = (wanted - float(sizes[full].sum())) / float(sides[~full].sum())
        more = ~full & (factor * sides >= sizes)
        if not bool(more.any()):
            break
        full |= more
        if bool(full.all()):
            break
    shares = torch.where(full, 1.0, factor * sides / sizes)
    scores = [torch.rand(weight.shape, generator=network.draw) for weight in network.start]
    return [largest([s], float(share))[0] for s, share in zip(scores, shares, strict=True)]


def units(weights: Weights, density: float) -> Weights:
    """All weights between the hidden units with the largest rows; a layer keeps the share."""
    marks = [torch.ones(weights[0].shape[1])]
    for weight in weights[:-1]:
        marks += largest([weight.norm(dim=1)], density)
    marks.append(torch.ones(weights[-1].shape[0]))
    return [above[:, None] * below[None, :] for below, above in pairwise(marks)]


def blocks(weights: Weights, density: float, side: int = 4) -> Weights:
    """The blocks of neighbouring weights with the largest norms."""
    found = []
    for weight in weights:
        rows, cols = weight.shape
        padded = torch.zeros(-(-rows // side) * side, -(-cols // side) * side)
        padded[:rows, :cols] = weight
        norms = padded.view(len(padded) // side, side, -1, side).norm(dim=(1, 3))
        (keep,) = largest([norms], density)
        found.append(torch.kron(keep, torch.ones(side, side))[:rows, :cols])
    return found


def two_of_four(weights: Weights) -> Weights:
    """The two largest of any four weights of a row that stand together."""
    found = []
    for weight in weights:
        groups = weight.abs().view(len(weight), -1, 4)
        best = groups.argsort(dim=2, descending=True, stable=True)[:, :, :2]
        found.append(torch.zeros_like(groups).scatter_(2, best, 1.0).view(weight.shape))
    return found


def masks(name: str, densities: tuple[float, ...] = DENSITIES) -> Iterator[Trained]:
    """All masks of the network of this name."""
    torch.use_deterministic_algorithms(True)
    network = Network(NETWORKS[name], seed=list(NETWORKS).index(name))
    full = [torch.ones_like(weight) for weight in network.start]
    early = network.train(network.start, full, EARLY)
    trained = network.train(network.start, full, STEPS)
    sizes = [weight.abs() for weight in trained]
    sensitive = network.sensitivity()
    found = partial(_found, name)
    for density in densities:
        drawn = [torch.rand(weight.shape, generator=network.draw) for weight in trained]
        yield found("random", density, largest(drawn, density))
        yield found("layer", density, largest(sizes, density))
        yield found("global", density, largest_of_all(sizes, density))
        yield found("snip", density, largest_of_all(sensitive, density))
        sparse = erdos_renyi(network, density)
        yield found("er", density, sparse)
        kept = [keep.clone() for keep in sparse]
        network.train(network.start, kept, STEPS, replace=True)
        yield found("set", density, kept)
        yield found("units", density, units(trained, density))
        yield found("blocks", density, blocks(trained, density))
    yield found("2of4", 0.5, two_of_four(trained))
    kept = full
    for density in sorted(densities, reverse=True):
        weights = network.train(early, kept, STEPS)
        kept = largest_of_all([weight.abs() for weight in weights], density)
        yield found("imp", density, kept)


def _found(network: str, method: str, density: float, kept: Weights) -> Trained:
    return Trained(network, method, density, [keep.numpy() > 0 for keep in kept])
