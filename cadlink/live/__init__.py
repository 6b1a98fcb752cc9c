"""For people who train with torch: ask about the model in hand, and watch it train.

``check`` answers for a live module, its data, its loss and its optimizer; ``Watch`` warns when a
run looks like one without an optimum.  Needs torch: ``pip install 'cadlink[torch]'``.

>>> import torch
>>> from torch import nn
>>> from torch.nn.utils import prune
>>> net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2))
>>> net[0] = prune.custom_from_mask(net[0], "weight", torch.tensor([[1, 1], [0, 1]]))
>>> net[2] = prune.custom_from_mask(net[2], "weight", torch.tensor([[1, 0], [1, 1]]))
>>> check(net).answer
<NetworkAnswer.NO_OPTIMUM: 'no_optimum'>
>>> adam = torch.optim.Adam(net.parameters(), weight_decay=1e-4)
>>> check(net, (torch.eye(2), torch.eye(2)), nn.MSELoss(), adam).answer
<NetworkAnswer.OPTIMUM_GUARANTEED: 'optimum_guaranteed'>
>>> watch = Watch(net)
>>> for step in range(3):
...     loss = nn.functional.mse_loss(net(torch.eye(2)), torch.eye(2))
...     adam.zero_grad()
...     loss.backward()
...     adam.step()
...     watch.step(loss)
"""

from cadlink.errors import CadlinkWarning, TrainingWarning
from cadlink.live.checking import check
from cadlink.live.watching import Watch

__all__ = ["CadlinkWarning", "TrainingWarning", "Watch", "check"]
