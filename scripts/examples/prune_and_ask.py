"""Prune a network with torch.nn.utils.prune and ask what its masks mean for training.

python scripts/examples/prune_and_ask.py
"""

from __future__ import annotations

import torch
from torch.nn.utils import prune

from cadlink.networks import decide_network, training_set

torch.manual_seed(0)
model = torch.nn.Sequential(torch.nn.Linear(8, 6), torch.nn.ReLU(), torch.nn.Linear(6, 3))
for layer in (model[0], model[2]):
    prune.l1_unstructured(layer, "weight", amount=0.5)

verdict = decide_network(model)
print(verdict.answer.value)
data = training_set(verdict)
X, Y = data.to_numpy()
print(f"a training set of {len(X)} points on which no weights are best")
for k in (5, 10, 20):
    weights = data.parameters(k)
    loss, largest = float(weights.loss(data.X, data.Y)), float(weights.largest)
    print(f"k = {k}: loss {loss:.1e}, largest weight {largest:.1e}")
