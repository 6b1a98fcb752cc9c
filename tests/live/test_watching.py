"""Watching real runs: the one that diverges is told, with layer and units; healthy ones are not."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn.utils import prune

from cadlink.errors import CadlinkWarning, InputError, TrainingWarning
from cadlink.live import Watch
from cadlink.networks import TrainingSet, decide_network, training_set
from cadlink.networks.experiments.training import Task

Array = Any
SEED = 2  # of the start from which L-BFGS follows the infimum


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads cost more than they bring in networks of this size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def network(masks: Any, parameters: list[Array]) -> nn.Sequential:
    """A masked network in double precision with these parameters."""
    modules: list[nn.Module] = []
    for number, mask in enumerate(masks.layers):
        rows, columns = mask.shape
        layer = nn.Linear(columns, rows, dtype=torch.float64)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(parameters[2 * number]))
            layer.bias.copy_(torch.from_numpy(parameters[2 * number + 1]))
        prune.custom_from_mask(layer, "weight", torch.from_numpy(mask.toarray()).double())
        modules += [layer, nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def nine_points() -> TrainingSet:
    return training_set(decide_network("lu:2"), "N1")


def start(data: TrainingSet) -> nn.Sequential:
    return network(data.pattern, Task(data.pattern, *data.to_numpy()).start(SEED))


def run(
    net: nn.Module,
    x: Any,
    y: Any,
    optimiser: Any,
    steps: int,
    after: Callable[[Any], None],
    decay: float = 0.0,
) -> None:
    """Full-batch training; ``after(loss)`` is called after every step."""

    def closure() -> Any:
        optimiser.zero_grad()
        loss = nn.functional.mse_loss(net(x), y)
        loss = loss + decay / 2 * sum((one**2).sum() for one in net.parameters())
        loss.backward()
        return loss

    for _ in range(steps):
        after(optimiser.step(closure))


def lbfgs(net: nn.Module) -> Any:
    return torch.optim.LBFGS(
        net.parameters(),
        max_iter=1,
        max_eval=25,
        history_size=20,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )


def test_a_run_without_an_optimum_is_told_once() -> None:
    data = nine_points()
    net = start(data)
    watch = Watch(net, share=1.0)
    with pytest.warns(TrainingWarning) as heard:
        run(net, *data.to_torch(), lbfgs(net), 450, watch.step)
    assert len(heard) == 1
    assert issubclass(heard[0].category, CadlinkWarning)
    assert heard[0].filename == __file__  # the loop, not cadlink
    said = str(heard[0].message)
    assert said.startswith("layer '0': units 0 and 1 (from 0) have nearly parallel inputs")
    assert "the largest weight grew from" in said
    assert watch.warned


def test_the_same_run_with_decay_is_healthy(recwarn: pytest.WarningsRecorder) -> None:
    data = nine_points()
    net = start(data)
    watch = Watch(net, share=1.0)
    run(net, *data.to_torch(), lbfgs(net), 450, watch.step, decay=1e-3)
    assert watch.looks > 100
    assert not recwarn.list
    assert float(max(one.detach().abs().max() for one in net.parameters())) < 5


def test_a_target_that_is_realised_is_healthy(recwarn: pytest.WarningsRecorder) -> None:
    """A dense network with more units than the teacher: the loss falls by far, nothing grows."""
    torch.manual_seed(0)
    x = torch.randn(50, 3, dtype=torch.float64)
    with torch.no_grad():
        y = nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2)).double()(x)
    net = nn.Sequential(nn.Linear(3, 16), nn.ReLU(), nn.Linear(16, 2)).double()
    watch, losses = Watch(net, share=1.0), []

    def after(loss: Any) -> None:
        losses.append(float(loss.detach()))
        watch.step(loss)

    run(net, x, y, torch.optim.Adam(net.parameters(), lr=1e-2), 1000, after)
    assert losses[-1] < 1e-3 * losses[0]
    assert watch.looks > 100
    assert not recwarn.list


def grown(net: nn.Sequential, factor: float, opposite: bool = True) -> None:
    """Two units with almost the same inputs, their outputs of size ``factor``."""
    with torch.no_grad():
        net[0].weight.copy_(torch.tensor([[1.0, 1 / factor], [1.0, 0.0], [0.0, 1.0]]))
        net[0].bias.zero_()
        sign = -1.0 if opposite else 1.0
        net[2].weight.copy_(torch.tensor([[factor, sign * factor, 1.0]]))


@pytest.mark.parametrize("grows", [True, False])
@pytest.mark.parametrize("falls", [True, False])
@pytest.mark.parametrize("opposite", [True, False])
def test_every_sign_is_needed(grows: bool, falls: bool, opposite: bool) -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    watch = Watch(net, share=1e9)  # every step
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for number in range(1, 200):
            grown(net, 40.0 + number if grows else 40.0, opposite)
            watch.step(1 / number if falls else 1.0)
    assert len(heard) == (grows and falls and opposite)


def test_looks_are_kept_within_bounds_and_within_their_share() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    watch = Watch(net, share=1e9)
    for _ in range(2500):
        watch.step(1.0)
    assert watch.looks == 2491  # all but the first nine
    assert len(watch._kept) <= 1024
    rare = Watch(net)
    for _ in range(40):
        time.sleep(1e-3)
        rare.step(1.0)
    assert rare.looks < 40


def test_lightnings_hook_takes_the_loss_in_either_form() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    watch = Watch(net, share=1e9)
    outputs: list[Any] = [torch.tensor(1.0, requires_grad=True), {"loss": torch.tensor(1.0)}, None]
    for number in range(30):
        watch.on_train_batch_end(None, net, outputs[number % 3], batch=None, batch_idx=number)
    assert watch.looks == 11  # of twenty losses


def test_what_cannot_be_watched_is_refused() -> None:
    with pytest.raises(InputError, match=r"expected a torch\.nn\.Module, found list"):
        Watch([1])
    with pytest.raises(InputError, match="expected a positive number"):
        Watch(nn.Linear(1, 1), share=0)
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
    nn.init.zeros_(net[2].weight)
    with pytest.raises(InputError, match="nothing keeps them at 0"):
        Watch(net)
