"""Train a small network on synthetic data, prune it with torch, save its masks.

The files in scripts/data/ were made by

    python scripts/make_pruned_mask.py 64-32-10 0.10 scripts/data/pruned_64_32_10.npz
    python scripts/make_pruned_mask.py 784-300-10 0.05 scripts/data/pruned_784_300_10.npz

torch is needed here and nowhere else in cadlink; use a throw-away environment for it.
The masks are those of ``torch.nn.utils.prune.l1_unstructured`` (the smallest weights of every
layer go) after training; the arrays ``layer_0``, ``layer_1``, ... are in forward order and have
shape outputs x inputs.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.utils import prune


def synthetic(inputs: int, classes: int, samples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Noisy copies of one random template per class."""
    templates = torch.randn(classes, inputs)
    labels = torch.randint(classes, (samples,))
    return templates[labels] + torch.randn(samples, inputs), labels


def train(widths: list[int], steps: int = 300) -> list[nn.Linear]:
    """The linear layers of a ReLU network after some steps of Adam."""
    linear = [nn.Linear(a, b) for a, b in itertools.pairwise(widths)]
    modules = [module for layer in linear for module in (layer, nn.ReLU())]
    network = nn.Sequential(*modules[:-1])
    data, labels = synthetic(widths[0], widths[-1], 2000)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3)
    for step in range(steps):
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(network(data), labels)
        loss.backward()
        optimiser.step()
        if step % 100 == 99:
            print(f"step {step + 1}: loss {loss.item():.4f}")
    return linear


def masks(linear: list[nn.Linear], keep: float) -> dict[str, Any]:
    """The masks that pruning leaves when the fraction ``keep`` of each layer's weights stays."""
    found = {}
    for number, layer in enumerate(linear):
        prune.l1_unstructured(layer, name="weight", amount=1 - keep)
        found[f"layer_{number}"] = layer.weight_mask.numpy().astype(np.uint8)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("widths", help="layer widths from the inputs on, such as 64-32-10")
    parser.add_argument("keep", type=float, help="fraction of the weights that stays, such as 0.1")
    parser.add_argument("output", type=Path, help="the .npz file to write")
    args = parser.parse_args()
    torch.manual_seed(0)
    found = masks(train([int(width) for width in args.widths.split("-")]), args.keep)
    np.savez_compressed(args.output, **found)
    for name, mask in found.items():
        print(
            f"{name}: {mask.shape[0]} x {mask.shape[1]}, {mask.sum()} of {mask.size} weights stay"
        )


if __name__ == "__main__":
    main()
