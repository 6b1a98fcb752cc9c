"""Training a masked ReLU network on given data, and what happens to its weights meanwhile.

The loss is the squared error, summed over outputs and averaged over points, plus decay / 2 times
the sum of the squares of all weights and biases.  Everything is in double precision and full
batch; the same seed gives the same start with either engine:

torch   torch.optim's Adam or L-BFGS on dense weights multiplied by the masks
scipy   the same loss with a gradient by hand: scipy's L-BFGS, or Adam in numpy
"""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from cadlink.clock import UNLIMITED, Clock
from cadlink.errors import InputError
from cadlink.networks.kernel.doubles import Array
from cadlink.patterns.pattern import Pattern

__all__ = ["ENGINES", "METHODS", "Run", "Task", "available_engine", "train"]

ENGINES = ("torch", "scipy")
METHODS = ("adam", "lbfgs")
START_BIASES = (2.0, 3.0)
STALLED = 5  # L-BFGS iterations without progress after which a run ends
RECORDS = 400  # points kept of a run, evenly on a logarithmic scale

Tick = Callable[[int, float], None]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Task:
    """Data (points x inputs, points x outputs) and the masks of the network to fit them."""

    pattern: Pattern
    X: Array = field(repr=False)
    Y: Array = field(repr=False)
    biases: tuple[bool, ...] = ()

    def __post_init__(self) -> None:
        widths = self.pattern.widths
        if self.X.shape[1:] != (widths[0],) or self.Y.shape[1:] != (widths[-1],):
            raise InputError(
                f"expected data with {widths[0]} inputs and {widths[-1]} outputs, found shapes"
                f" {self.X.shape} and {self.Y.shape}"
            )
        if not self.biases:
            object.__setattr__(self, "biases", (True,) * self.pattern.depth)

    def masks(self) -> list[Bools]:
        """The masks as dense arrays, out x in."""
        return [mask.toarray() for mask in self.pattern.layers]

    def start(self, seed: int) -> list[Array]:
        """Random parameters: weight, bias, weight, bias, ...

        Weights are normal with variance 2 / fan-in (He), output biases 0, hidden biases uniform in
        START_BIASES: most units begin active on data in [-1, 1], few begin dead.
        """
        chance = np.random.default_rng(seed)
        found = []
        layers = zip(self.masks(), self.biases, strict=True)
        for layer, (mask, free) in enumerate(layers, start=1):
            fan_in = np.maximum(mask.sum(axis=1, keepdims=True), 1)
            found.append(chance.standard_normal(mask.shape) * np.sqrt(2 / fan_in) * mask)
            biases = chance.uniform(*START_BIASES, mask.shape[0])
            found.append(biases * (free and layer < self.pattern.depth))
        return found

    def loss_and_gradient(
        self, parameters: Sequence[Array], decay: float
    ) -> tuple[float, float, list[Array]]:
        """The loss without and with the penalty, and the gradient of the latter."""
        values, active = [self.X], []
        layers = len(parameters) // 2
        for layer in range(layers):
            value = values[-1] @ parameters[2 * layer].T + parameters[2 * layer + 1]
            if layer + 1 < layers:
                active.append(value > 0)
                value = value * active[-1]
            values.append(value)
        error = values[-1] - self.Y
        loss = float((error**2).sum()) / len(self.X)
        back = 2 * error / len(self.X)
        gradient: list[Array] = []
        masks = self.masks()
        for layer in reversed(range(layers)):
            gradient += [
                back.sum(axis=0) * self.biases[layer],
                (back.T @ values[layer]) * masks[layer],
            ]
            if layer:
                back = (back @ parameters[2 * layer]) * active[layer - 1]
        gradient.reverse()
        penalty = decay / 2 * sum(float((p**2).sum()) for p in parameters)
        return (
            loss,
            loss + penalty,
            [g + decay * p for g, p in zip(gradient, parameters, strict=True)],
        )


@dataclass(frozen=True)
class Run:
    """What was seen along one run: at ``steps`` the loss, the largest weight, and the norm of all
    parameters."""

    method: str
    engine: str
    seed: int
    decay: float
    steps: tuple[int, ...]
    loss: tuple[float, ...]
    largest: tuple[float, ...]
    norm: tuple[float, ...]
    parameters: tuple[Array, ...] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The run without its parameters."""
        return {
            "method": self.method,
            "engine": self.engine,
            "seed": self.seed,
            "decay": self.decay,
            "steps": list(self.steps),
            "loss": list(self.loss),
            "largest": list(self.largest),
            "norm": list(self.norm),
        }


class _Log:
    """Keeps some steps of a run, and says how far it is."""

    def __init__(self, steps: int, tick: Tick | None, clock: Clock) -> None:
        self.clock = clock
        self.keep = set(np.unique(np.geomspace(1, steps + 1, RECORDS).astype(int) - 1).tolist())
        self.keep.add(steps)
        self.tick = tick
        self.rows: list[tuple[int, float, float, float]] = []

    def __call__(self, step: int, loss: float, parameters: Sequence[Any]) -> None:
        if self.tick is not None:
            self.tick(step, loss)
        if step in self.keep:
            self.add(step, loss, parameters)

    def add(self, step: int, loss: float, parameters: Sequence[Any]) -> None:
        if self.rows and self.rows[-1][0] == step:
            return
        largest = max(float(abs(weight).max()) for weight in parameters[::2])
        norm = float(np.sqrt(sum(float((p**2).sum()) for p in parameters)))
        self.rows.append((step, loss, largest, norm))


def available_engine() -> str:
    """ "torch" if it is installed, else "scipy"."""
    return "torch" if importlib.util.find_spec("torch") is not None else "scipy"


def train(
    task: Task,
    method: str = "adam",
    steps: int = 2000,
    rate: float = 1e-2,
    decay: float = 0.0,
    seed: int = 0,
    engine: str | None = None,
    tick: Tick | None = None,
    start: Sequence[Array] | None = None,
    clock: Clock = UNLIMITED,
) -> Run:
    """Train; the run ends early only when L-BFGS finds no descent, or the time is over.

    ``start`` are the first parameters, as ``Task.start`` gives them (by default those of ``seed``).

    ``steps`` are gradient steps (Adam) or iterations (L-BFGS); Adam's rate falls to a hundredth of
    ``rate`` along a cosine.  ``tick(step, loss)`` is called after each step.  Raises InputError for
    an unknown method or engine, or one that is not installed.
    """
    if method not in METHODS:
        raise InputError(f"method {method!r}: expected one of {', '.join(METHODS)}")
    engine = available_engine() if engine is None else engine
    if engine not in ENGINES:
        raise InputError(f"engine {engine!r}: expected one of {', '.join(ENGINES)}")
    if engine == "torch" and available_engine() != "torch":
        raise InputError("torch is not installed: pip install 'cadlink[torch]', or use scipy")
    if steps < 1:
        raise InputError(f"{steps} steps: expected at least 1")
    log = _Log(steps, tick, clock)
    work = _torch if engine == "torch" else _scipy
    first = task.start(seed) if start is None else [np.array(p, dtype=float) for p in start]
    final = work(task, method, steps, rate, decay, first, log)
    columns = list(zip(*log.rows, strict=True))
    return Run(
        method,
        engine,
        seed,
        decay,
        tuple(int(step) for step in columns[0]),
        columns[1],
        columns[2],
        columns[3],
        tuple(final),
    )


def _rate(step: int, steps: int, rate: float) -> float:
    return rate * (0.01 + 0.99 * (1 + math.cos(math.pi * step / steps)) / 2)


# -- numpy and scipy -------------------------------------------------------------------------------


def _scipy(
    task: Task,
    method: str,
    steps: int,
    rate: float,
    decay: float,
    parameters: list[Array],
    log: _Log,
) -> list[Array]:
    if method == "adam":
        return _adam(task, parameters, steps, rate, decay, log)
    from scipy.optimize import minimize

    shapes = [p.shape for p in parameters]
    ends = np.cumsum([p.size for p in parameters])[:-1]

    def split(flat: Array) -> list[Array]:
        return [p.reshape(s) for p, s in zip(np.split(flat, ends), shapes, strict=True)]

    def value(flat: Array) -> tuple[float, Array]:
        _, total, gradient = task.loss_and_gradient(split(flat), decay)
        return total, np.concatenate([g.ravel() for g in gradient])

    count = 0

    def seen(flat: Array) -> None:
        nonlocal count
        count += 1
        now = split(flat)
        log(count, task.loss_and_gradient(now, 0.0)[0], now)
        if log.clock.expired():
            raise StopIteration  # which scipy takes for an end

    log(0, task.loss_and_gradient(parameters, 0.0)[0], parameters)
    found = minimize(
        value,
        np.concatenate([p.ravel() for p in parameters]),
        jac=True,
        method="L-BFGS-B",
        callback=seen,
        options={"maxiter": steps, "maxfun": 20 * steps, "ftol": 0.0, "gtol": 0.0, "maxcor": 20},
    )
    final = split(found.x)
    log.add(count, task.loss_and_gradient(final, 0.0)[0], final)
    return final


def _adam(
    task: Task, parameters: list[Array], steps: int, rate: float, decay: float, log: _Log
) -> list[Array]:
    mean = [np.zeros_like(p) for p in parameters]
    square = [np.zeros_like(p) for p in parameters]
    for step in range(steps + 1):
        loss, _, gradient = task.loss_and_gradient(parameters, decay)
        log(step, loss, parameters)
        if step == steps or log.clock.expired():
            log.add(step, loss, parameters)
            break
        for i, g in enumerate(gradient):
            mean[i] = 0.9 * mean[i] + 0.1 * g
            square[i] = 0.999 * square[i] + 0.001 * g**2
            move = mean[i] / (1 - 0.9 ** (step + 1))
            move /= np.sqrt(square[i] / (1 - 0.999 ** (step + 1))) + 1e-8
            parameters[i] = parameters[i] - _rate(step, steps, rate) * move
    return parameters


# -- torch -----------------------------------------------------------------------------------------


def _torch(
    task: Task,
    method: str,
    steps: int,
    rate: float,
    decay: float,
    first: list[Array],
    log: _Log,
) -> list[Array]:
    import torch

    masks = [torch.from_numpy(mask) for mask in task.masks()]
    x, y = torch.from_numpy(task.X), torch.from_numpy(task.Y)
    parameters = [torch.from_numpy(p).requires_grad_(True) for p in first]
    trained = [p for i, p in enumerate(parameters) if i % 2 == 0 or task.biases[i // 2]]
    layers = len(masks)

    def fit() -> Any:
        value = x
        for layer in range(layers):
            weight = parameters[2 * layer] * masks[layer]
            value = value @ weight.T + parameters[2 * layer + 1]
            if layer + 1 < layers:
                value = torch.relu(value)
        return ((value - y) ** 2).sum() / len(x)

    def record(step: int, loss: float) -> None:
        log(step, loss, [p.detach().numpy() for p in parameters])

    optimiser: Any
    if method == "adam":
        optimiser = torch.optim.Adam(trained, lr=rate)
    else:
        optimiser = torch.optim.LBFGS(
            trained,
            max_iter=1,
            max_eval=25,
            history_size=20,
            tolerance_grad=0.0,
            tolerance_change=0.0,
            line_search_fn="strong_wolfe",
        )

    def closure() -> Any:
        optimiser.zero_grad()
        loss = fit()
        total = loss + decay / 2 * sum((p**2).sum() for p in trained)
        total.backward()
        return total

    # Nothing below draws random numbers: the start is numpy's.
    best, idle, done = math.inf, 0, 0
    for step in range(steps):
        with torch.no_grad():
            record(step, float(fit()))
        if method == "adam":
            optimiser.param_groups[0]["lr"] = _rate(step, steps, rate)
        total = float(optimiser.step(closure).detach())
        done = step + 1
        idle = idle + 1 if total >= best else 0
        best = min(best, total)
        if (method == "lbfgs" and idle >= STALLED) or log.clock.expired():
            break
    with torch.no_grad():
        last = float(fit())
    log.add(done, last, [p.detach().numpy() for p in parameters])
    return [p.detach().numpy().copy() for p in parameters]
