"""A self-contained PyTorch script that shows the loss falling while the weights grow.

The script holds the masks, the data and the explicit sequence theta_k as text and needs nothing but
torch, so that it can be sent to somebody who does not have cadlink.  Every number in it is
a double written so that it is read back exactly.
"""

from __future__ import annotations

import json
import textwrap

from cadlink.errors import InputError
from cadlink.networks.training_set import TrainingSet

__all__ = ["script"]

MOST_EDGES = 200_000  # a larger network is not written out as text
KS = (0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20)

_TEMPLATE = '''\
"""A sparse ReLU network and {points} data points on which the loss has no minimum.

{statement}

Needs only PyTorch:  python {name}
Written by cadlink; widths {widths}, theorem {theorem}.
"""

import torch

WIDTHS = {widths_list}
# For every layer the rows and columns (from 0) where a weight is allowed.
ROWS = {rows}
COLUMNS = {columns}
BIASES = {biases}  # which layers have biases
# The inputs and outputs in use; the data are 0 in all others.
INPUTS, OUTPUTS = {inputs}, {outputs}
X_PART = {x}
Y_PART = {y}
# The explicit sequence theta_k: k, weights as [row, column, value], biases as [row, value].
THETA = {theta}

torch.set_default_dtype(torch.float64)
torch.manual_seed(0)
X = torch.zeros(len(X_PART), WIDTHS[0])
X[:, INPUTS] = torch.tensor(X_PART)
Y = torch.zeros(len(Y_PART), WIDTHS[-1])
Y[:, OUTPUTS] = torch.tensor(Y_PART)
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


def train(decay, steps=300):
    weights = [(torch.randn(m.shape) * (2 / m.sum(1, keepdim=True).clamp(min=1)) ** 0.5) * m
               for m in MASKS]
    # Hidden biases that leave most units active at the start.
    biases = [(2 + torch.rand(len(m))) * (free and m is not MASKS[-1])
              for m, free in zip(MASKS, BIASES)]
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

    for step in range(steps + 1):
        if step in (0, 10, 30, 100) or step == steps:
            show(step, weights, biases)
        if step < steps:
            optimiser.step(closure)


header = f"{{'step':>9}}  {{'loss':>12}}  {{'largest |p|':>12}}"
for start in range({starts}):
    print(f"training without a penalty, random start {{start + 1}}")
    print(header)
    train(0.0)
print("training with weight decay 0.001")
print(header)
train(1e-3)
print("the explicit sequence theta_k of the theorem: loss -> 0, weights -> infinity")
print(f"{{'k':>9}}  {{'loss':>12}}  {{'largest |p|':>12}}")
for k, some_weights, some_biases in THETA:
    weights = [torch.zeros(m.shape) for m in MASKS]
    biases = [torch.zeros(len(m)) for m in MASKS]
    for layer in range(len(MASKS)):
        for row, column, value in some_weights[layer]:
            weights[layer][row, column] = value
        for row, value in some_biases[layer]:
            biases[layer][row] = value
    show(k, weights, biases)
'''


def script(data: TrainingSet, name: str = "no_optimum.py", starts: int = 3) -> str:
    """The text of a script that trains on the data and follows the explicit sequence.

    Raises InputError when the network is too large to be written out as text.

    >>> from cadlink.networks.decide_network import decide_network
    >>> from cadlink.networks.training_set import training_set
    >>> text = script(training_set(decide_network("dense:2-2-2")))
    >>> "import torch" in text, "cadlink" in text.split("import torch")[1]
    (True, False)
    """
    pattern = data.pattern
    if pattern.nnz > MOST_EDGES:
        raise InputError(
            f"{pattern.nnz} weights are too many for a script; save the data as .npz instead"
        )
    inputs, outputs = data.witness["inputs"], data.witness["outputs"]
    edges = [mask.tocoo() for mask in pattern.layers]
    theta = []
    for k in KS:
        at = data.parameters(k)
        weights = [[[i, j, float(v)] for (i, j), v in layer.items() if v] for layer in at.weights]
        biases = [[[i, float(v)] for i, v in layer.items() if v] for layer in at.biases]
        theta.append([k, weights, biases])
    return _TEMPLATE.format(
        points=len(data),
        statement=textwrap.fill(data.statement, 96),
        name=name,
        widths="-".join(map(str, pattern.widths)),
        theorem=data.theorem,
        widths_list=list(pattern.widths),
        rows=json.dumps([edge.row.tolist() for edge in edges]),
        columns=json.dumps([edge.col.tolist() for edge in edges]),
        biases=list(data.biases),
        inputs=list(inputs),
        outputs=list(outputs),
        x=json.dumps([[float(x[k]) for k in inputs] for x in data.X]),
        y=json.dumps([[float(y[j]) for j in outputs] for y in data.Y]),
        theta=json.dumps(theta),
        starts=starts,
    )
