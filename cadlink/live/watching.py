"""Watching a run for the signs of a loss without an optimum.

Where the infimum of a loss is not attained, the weights grow without bound while the loss falls.
With one hidden layer the usual way is that two units become one: their inputs turn parallel, and
their outputs grow large and opposite, so that the difference stays what the data want.  These are
signs and no proof: ``cadlink.live.check`` answers the question.
"""

from __future__ import annotations

import math
import time
import warnings
from bisect import bisect_right
from itertools import pairwise
from typing import Any

import torch

from cadlink.errors import InputError, TrainingWarning, quoted, shortened
from cadlink.live.checking import trained_model
from cadlink.networks.kernel.doubles import Parameters
from cadlink.networks.readers.modules import unwrapped
from cadlink.networks.signs import pairs

__all__ = ["Watch"]

SHARE = 0.003  # of the time of the steps that looking may take; calls and caches cost as much again
SHORTEST = 1e-9  # seconds of a step
FIRST_STEPS = 10  # timed before the first look
LEAST = 16  # looks before anything is said
MOST = 1024  # looks kept; with more, every second one is dropped
CHANGE = 1.05  # of the loss and of the largest weight, each time the run has become twice as long


class Watch:
    """Warns once, with a ``TrainingWarning``, when a run looks as if it had no optimum.

    Call :meth:`step` after every step of a loop.  For Lightning, whose callbacks must be of its own
    class, write ``class Watching(cadlink.live.Watch, lightning.Callback): pass`` and hand
    ``Watching(module.net)`` to the trainer.

    The signs, all needed: each of the last three times that the run became twice as long, the mean
    loss fell and the largest weight grew by 5 % or more, and two units of a hidden layer have
    nearly parallel inputs (weights and bias) and large, nearly opposite outputs.  Only some steps
    are looked at, as many as fit into ``share`` of the time of the steps; both are measured.

    Parameters
    ----------
    model : torch.nn.Module
        As for ``check``.
    share : float
        How much of the time of the steps looking may take.

    Raises
    ------
    InputError
        For a model that is no chain of Linear modules, or a share that is not positive.
    """

    def __init__(self, model: Any, share: float = SHARE) -> None:
        super().__init__()
        if not share > 0:
            raise InputError(f"share {share!r}: expected a positive number")
        self.share = share
        read = trained_model(model)
        modules = dict(unwrapped(model).named_modules())
        self._layers: list[tuple[str, Any, Any]] = []
        for layer in read.layers:
            if not hasattr(modules.get(layer.name), "weight"):
                raise InputError("expected a Linear module", f"layer {quoted(layer.name)}")
            found = modules[layer.name]
            mask = torch.from_numpy(layer.mask.toarray()).to(found.weight.device)
            self._layers.append((layer.name, found, mask))
        self.looks = 0
        self.warned = False
        self._steps = 0
        self._next = FIRST_STEPS
        self._began = 0.0
        self._spent = 0.0
        self._kept: list[tuple[int, float, float]] = []  # step, loss and largest weight
        self._suspected = False  # all signs but the pair of units were there at the last look
        for _ in range(2):  # the first time takes longer
            began = time.perf_counter()
            self._largest()
            looked = time.perf_counter()
            self._pair()
            self._cost, self._pair_cost = looked - began, time.perf_counter() - looked

    def step(self, loss: Any) -> None:
        """To be called after every step with its loss: a number, or a tensor of one."""
        self._steps += 1
        if self._steps == 1:
            self._began = time.perf_counter()
        if self._steps < self._next or self.warned:
            return
        now = time.perf_counter()
        trained = now - self._began - self._spent
        a_step = max(trained / (self._steps - 1), SHORTEST)
        cost = self._cost + (self._pair_cost if self._suspected else 0.0)
        over = self._spent + cost - self.share * trained
        if over > 0:
            self._next = self._steps + math.ceil(over / (self.share * a_step))
            return
        self._look(float(loss.detach() if isinstance(loss, torch.Tensor) else loss))
        looked = time.perf_counter()
        self._cost = (self._cost + looked - now) / 2
        diverging = self._diverging()
        if diverging and self._suspected:  # looking for the pair was foreseen
            self._warn()
            self._pair_cost = (self._pair_cost + time.perf_counter() - looked) / 2
        self._suspected = diverging
        self._spent += time.perf_counter() - now
        self._next = self._steps + 1

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, *batch: Any, **more: Any
    ) -> None:
        """Lightning's hook: ``outputs`` is the loss, or a mapping that holds it as "loss"."""
        loss = outputs["loss"] if isinstance(outputs, dict) else outputs
        if loss is not None:
            self.step(loss)

    def _look(self, loss: float) -> None:
        """Keep what is seen."""
        self.looks += 1
        self._kept.append((self._steps, loss, self._largest()))
        if len(self._kept) > MOST:
            self._kept = self._kept[::2]

    def _warn(self) -> None:
        """Warn if two units nearly cancel, the other signs being there."""
        pair = self._pair()
        if pair:
            self.warned = True
            (early, before, small), (late, after, large) = self._kept[0], self._kept[-1]
            warnings.warn(
                f"{pair}; from step {early} to {late} the largest weight grew from {small:.3g} to"
                f" {large:.3g} while the loss fell from {before:.3g} to {after:.3g}: perhaps no"
                " weights are best (cadlink.live.check says whether); weight decay on all"
                " parameters helps",
                TrainingWarning,
                stacklevel=3,
            )

    def _diverging(self) -> bool:
        """Whether the loss falls and the largest weight grows, however long one looks."""
        ends = [
            bisect_right(self._kept, self._steps / part, key=lambda look: look[0])
            for part in (8, 4, 2, 1)
        ]
        if len(self._kept) < LEAST or not ends[0] or any(a == b for a, b in pairwise(ends)):
            return False
        losses = [
            sum(loss for _, loss, _ in self._kept[start:end]) / (end - start)
            for start, end in pairwise(ends)
        ]
        sizes = [self._kept[end - 1][2] for end in ends]
        falls = all(before >= CHANGE * after for before, after in pairwise(losses))
        return falls and all(after >= CHANGE * before for before, after in pairwise(sizes))

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _largest(self) -> float:
        """The largest absolute value of a weight."""
        found = [(layer.weight.detach() * mask).abs().max() for _, layer, mask in self._layers]
        return float(torch.stack(found).max())

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def _pair(self) -> str:
        """Two units of a hidden layer that nearly cancel, in words, or ""."""
        weights, biases = [], []
        for _, layer, mask in self._layers:
            weights.append((layer.weight.detach() * mask).double().cpu().numpy())
            none = layer.bias is None
            free = torch.zeros(layer.weight.shape[0]) if none else layer.bias.detach()
            biases.append(free.double().cpu().numpy())
        found = pairs(Parameters(tuple(weights), tuple(biases)))
        if not found:
            return ""
        name = self._layers[found[0].layer][0]
        return f"layer {quoted(shortened(name))}: {found[0].words}"
