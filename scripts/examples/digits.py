"""A classifier trained until it is always right, without and with decay: is there a best one?

python scripts/examples/digits.py [figure.png]

scikit-learn's digits; networks 64-100-10 and 64-100-100-10; full batches and L-BFGS, as one run of
it shows the whole descent in a few seconds, until its gradient is too small to go on.  The figure
has the losses and the largest weights.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import pairwise

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy

from cadlink.networks import decide_network
from cadlink.networks.experiments.plots import BLUE, SKY, new_figure, save

DECAY = 3e-4
ROUNDS, STEPS = 40, 3

torch.set_num_threads(1)
digits = load_digits()
X, y = torch.tensor(digits.data / 16, dtype=torch.float64), torch.tensor(digits.target)


def network(widths: Sequence[int]) -> nn.Sequential:
    """Linear layers with ReLU between them, from a fixed seed."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for below, above in pairwise(widths):
        layers += [nn.Linear(below, above, dtype=torch.float64), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def train(model: nn.Sequential, decay: float) -> tuple[list[float], list[float]]:
    """The loss with the penalty (decay / 2 times the squares of all weights), and the largest
    weight, after each round."""
    weights = [layer.weight for layer in model if isinstance(layer, nn.Linear)]
    optimiser = torch.optim.LBFGS(model.parameters(), max_iter=STEPS, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        penalty = sum((weight**2).sum() for weight in weights)
        return cross_entropy(model(X), y) + decay / 2 * penalty

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        value = loss()
        value.backward()
        return value

    losses, largest = [], []
    for _ in range(ROUNDS):
        optimiser.step(closure)
        losses.append(float(loss().detach()))
        largest.append(max(float(weight.detach().abs().max()) for weight in weights))
    return losses, largest


figure = new_figure(9.0, 6.0)
panels = figure.subplots(2, 2)
for row, widths in enumerate(((64, 100, 10), (64, 100, 100, 10))):
    name = "-".join(map(str, widths))
    for decay, penalty, colour in ((0.0, "none", BLUE), (DECAY, "weights", SKY)):
        model = network(widths)
        losses, largest = train(model, decay)
        right = float((model(X).argmax(dim=1) == y).double().mean())
        verdict = decide_network(model, "c", X, y, loss="cross_entropy", penalty=penalty)
        print(
            f"{name}, decay {decay:g}: {100 * right:.1f} % right, loss {losses[-1]:.2g}, largest"
            f" weight {largest[-1]:.3g}: {verdict.answer.value} ({verdict.theorem})"
        )
        label = f"decay {decay:g}: {verdict.answer.value.replace('_', ' ')}"
        rounds = range(1, ROUNDS + 1)
        for axes, values in zip(panels[row], (losses, largest), strict=True):
            axes.plot([STEPS * n for n in rounds], values, color=colour, label=label)
    for axes, what in zip(panels[row], ("loss", "largest |weight|"), strict=True):
        axes.set(yscale="log", xlabel="step of L-BFGS", ylabel=what, title=name)
        axes.legend(fontsize=8, frameon=False)
        axes.grid(True, color="#dddddd", linewidth=0.5)
if len(sys.argv) > 1:
    save(figure, sys.argv[1])
