"""A self-contained PyTorch script that shows the loss falling while the weights grow.

The script holds the masks, the data and the explicit sequence theta_k as text and needs nothing but
torch, so that it can be sent to somebody who does not have cadlink.  Of a large network it holds
the part that matters on the data (``cadlink.networks.subnetwork``).  It trains from random starts,
which may end in a local minimum, and from near an early theta_k, whence descent follows the
sequence.  Every number in it is a double written so that it is read back exactly.
"""

from __future__ import annotations

import json
import textwrap

import numpy as np

from cadlink.errors import InputError
from cadlink.networks.data import TrainingSet
from cadlink.networks.subnetwork import NOISE, Subnetwork, subnetwork

__all__ = ["script"]

MOST_EDGES = 200_000  # a larger network is not written out as text
MOST_NAMES = 30
WIDTH = 96
KS = (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20)

_TEMPLATE = '''\
"""A sparse ReLU network and {points} data points on which the loss has no minimum.

{statement}

{part}

Needs only PyTorch:  python {name}
Written by cadlink; theorem {theorem}.
"""

import torch

WIDTHS = {widths_list}
# For every layer the rows and columns (from 0) where a weight is allowed.
ROWS = {rows}
COLUMNS = {columns}
BIASES = {biases}  # which layers have biases
X = {x}
Y = {y}
# The explicit sequence theta_k: k, weights as [row, column, value], biases as [row, value].
THETA = {theta}
EARLY = {early}  # training starts at random, and near theta_k with this k

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
torch.manual_seed(0)
X, Y = torch.tensor(X), torch.tensor(Y)
MASKS = []
for wide, high, rows, columns in zip(WIDTHS, WIDTHS[1:], ROWS, COLUMNS):
    mask = torch.zeros(high, wide)
    mask[rows, columns] = 1.0
    MASKS.append(mask)


def network(weights, biases):
    value = X
    for layer, (weight, bias, mask) in enumerate(zip(weights, biases, MASKS)):
        value = value @ (weight * mask).T + bias
        if layer + 1 < len(MASKS):
            value = torch.relu(value)
    return value


def loss_of(weights, biases):
    return ((network(weights, biases) - Y) ** 2).sum() / len(X)


def show(number, weights, biases):
    largest = max(float(p.detach().abs().max()) for p in weights + biases)
    print(f"{{number:>9}}  {{float(loss_of(weights, biases).detach()):12.3e}}  {{largest:12.3e}}")


def theta(k):
    some_weights, some_biases = {{entry[0]: entry[1:] for entry in THETA}}[k]
    weights = [torch.zeros(m.shape) for m in MASKS]
    biases = [torch.zeros(len(m)) for m in MASKS]
    for layer in range(len(MASKS)):
        for row, column, value in some_weights[layer]:
            weights[layer][row, column] = value
        for row, value in some_biases[layer]:
            biases[layer][row] = value
    return weights, biases


def random_start():
    weights = [torch.randn(m.shape) * (2 / m.sum(1, keepdim=True).clamp(min=1)) ** 0.5 * m
               for m in MASKS]
    # Hidden biases that leave most units active at the start.
    biases = [(2 + torch.rand(len(m))) * (free and m is not MASKS[-1])
              for m, free in zip(MASKS, BIASES)]
    return weights, biases


def near_theta():
    weights, biases = theta(EARLY)
    weights = [w + {noise} * torch.randn(w.shape) * m for w, m in zip(weights, MASKS)]
    biases = [b + {noise} * torch.randn(b.shape) * free for b, free in zip(biases, BIASES)]
    return weights, biases


def train(weights, biases, decay, steps=300):
    used = weights + [b for b, free in zip(biases, BIASES) if free]
    for p in used:
        p.requires_grad_(True)
    optimiser = torch.optim.LBFGS(used, max_iter=1, max_eval=25, history_size=20,
                                  tolerance_grad=0, tolerance_change=0,
                                  line_search_fn="strong_wolfe")

    def closure():
        optimiser.zero_grad()
        total = loss_of(weights, biases) + decay / 2 * sum((p ** 2).sum() for p in used)
        total.backward()
        return total

    print(f"{{'step':>9}}  {{'loss':>12}}  {{'largest |p|':>12}}")
    for step in range(steps + 1):
        if step in (0, 10, 30, 100, 300) or step == steps:
            show(step, weights, biases)
        if step < steps:
            optimiser.step(closure)


for start in range({starts}):
    print(f"random start {{start + 1}}, no penalty (some starts end in a local minimum)")
    train(*random_start(), 0.0)
print(f"start near theta_{{EARLY}}, no penalty: watch the loss fall and the weights grow")
start = near_theta()
train(*[[p.clone() for p in part] for part in start], 0.0, steps=1000)
print("the same start with weight decay 0.001: the weights stay bounded")
train(*start, 1e-3, steps=1000)
print("the explicit sequence theta_k of the theorem: loss -> 0, weights -> infinity")
print(f"{{'k':>9}}  {{'loss':>12}}  {{'largest |p|':>12}}")
for k, *_ in THETA:
    show(k, *theta(k))
'''


def script(data: TrainingSet, name: str = "no_optimum.py", starts: int = 3) -> str:
    """The text of a script that trains on the data and follows the explicit sequence.

    Raises InputError when the network is too large to be written out as text.

    >>> from cadlink.networks.deciding import decide_network
    >>> from cadlink.networks.data import training_set
    >>> text = script(training_set(decide_network("dense:2-2-2")))
    >>> "import torch" in text, "cadlink" in text.split("import torch")[1]
    (True, False)
    """
    part = subnetwork(data)
    pattern = part.pattern
    if pattern.nnz > MOST_EDGES:
        raise InputError(
            f"{pattern.nnz} weights are too many for a script; save the data as .npz instead"
        )
    edges = [mask.tocoo() for mask in pattern.layers]
    early = part.early()
    theta = []
    for k in sorted({*KS, early}):
        numbers = part.parameters(k)
        weights = [
            [[int(i), int(j), float(w[i, j])] for i, j in np.argwhere(w)] for w in numbers[::2]
        ]
        biases = [[[int(i), float(b[i])] for (i,) in np.argwhere(b)] for b in numbers[1::2]]
        theta.append([k, weights, biases])
    return _TEMPLATE.format(
        points=len(data),
        statement=textwrap.fill(data.words, WIDTH),
        part=_part(part),
        name=name,
        theorem=data.theorem,
        widths_list=list(pattern.widths),
        rows=json.dumps([edge.row.tolist() for edge in edges]),
        columns=json.dumps([edge.col.tolist() for edge in edges]),
        biases=list(data.biases),
        x=json.dumps(part.X.tolist()),
        y=json.dumps(part.Y.tolist()),
        theta=json.dumps(theta),
        early=early,
        noise=NOISE,
        starts=starts,
    )


def _part(part: Subnetwork) -> str:
    """Which units are left, and why that is enough; paragraphs for the head of the script."""
    whole = part.data.pattern.widths
    widths = "-".join(map(str, whole))
    if part.pattern.widths == whole:
        return f"The network has widths {widths}."
    paragraphs = [
        f"The network has widths {widths}. The data are 0 in all inputs and all outputs but the"
        " ones below, so that only a part of it matters, exactly: weights on an input that is 0"
        " get no gradient; a hidden unit that sees only such inputs is constant on the data, as a"
        " bias is; an output whose targets are 0 is fitted by weights 0 into it, and"
        " units that feed no other output are of no use. The whole network reaches the same losses"
        " as the part, no smaller ones, so it has no minimum either. The part:"
    ]
    last = len(whole) - 1
    for layer, units in enumerate(part.units):
        what = {0: "inputs", last: "outputs"}.get(layer, f"units of hidden layer {layer}")
        shown = ", ".join(map(str, units[:MOST_NAMES]))
        more = f" and {len(units) - MOST_NAMES} more" if len(units) > MOST_NAMES else ""
        paragraphs.append(f"{what} {shown}{more}")
    return "\n".join(textwrap.fill(text, WIDTH) for text in paragraphs)
