"""See it happen: the same network trained on data without an optimum, with and without decay.

Without a penalty the loss has infimum 0 and no minimum, so a run that makes progress for ever has
growing parameters; weight decay makes the objective coercive, so it has a minimum and the
parameters stay bounded, at the price of a positive loss.  Beside the runs stands the explicit
minimising sequence theta_k of the theorem.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cadlink.clock import UNLIMITED, Clock
from cadlink.networks.data import TrainingSet
from cadlink.networks.experiments.training import Run, train
from cadlink.networks.kernel.doubles import Array
from cadlink.networks.subnetwork import subnetwork

__all__ = ["Demonstration", "demonstrate", "theory"]

MOST_K = 24  # of the explicit sequence, in demonstrations

Say = Callable[[str, float], None]


@dataclass(frozen=True)
class Demonstration:
    """What was trained, the best run without decay, the run with decay from the same start, and
    (loss, largest weight) of theta_0, theta_1, ...; losses are means over the points.

    ``near``: the run that starts near theta_k for an early k; it is ``plain`` or among ``others``.
    """

    data: TrainingSet
    plain: Run
    decayed: Run
    others: tuple[Run, ...]
    near: Run
    theory: tuple[tuple[float, float], ...]

    @property
    def beaten_at(self) -> int | None:
        """The first k at which theta_k has a smaller loss than every run without decay."""
        best = min(min(run.loss) for run in (self.plain, *self.others))
        return next((k for k, (loss, _) in enumerate(self.theory) if loss < best), None)

    def ratio(self, run: Run) -> float | None:
        """How many times the loss of the sequence the run ends with, where the sequence has weights
        as large as its own; None if it has none so small, or a loss of 0."""
        losses = [loss for loss, largest in self.theory if largest <= run.largest[-1]]
        return run.loss[-1] / min(losses) if losses and min(losses) > 0 else None

    def to_json(self) -> dict[str, Any]:
        """The object that ``cadlink demo --json`` prints."""
        return {
            "theorem": self.data.theorem,
            "points": len(self.data),
            "statement": self.data.words,
            "plain": self.plain.to_json(),
            "decayed": self.decayed.to_json(),
            "others": [run.to_json() for run in self.others],
            "near": self.near.to_json(),
            "theory": [{"loss": loss, "largest": largest} for loss, largest in self.theory],
            "beaten_at": self.beaten_at,
        }


def theory(data: TrainingSet, most: int = MOST_K) -> tuple[tuple[float, float], ...]:
    """(mean loss, largest weight) of theta_k, k = 0, ..., most; computed exactly.

    >>> from cadlink.networks.deciding import decide_network
    >>> from cadlink.networks.data import training_set
    >>> theory(training_set(decide_network("lu:2"), "R1"), 2)
    ((0.15, 4.0), (0.0375, 4.0), (0.009375, 4.0))
    """
    found = []
    for k in range(most + 1):
        parameters = data.parameters(k)
        loss = parameters.loss(data.X, data.Y) / len(data)
        found.append((float(loss), float(parameters.largest_weight)))
    return tuple(found)


def demonstrate(
    data: TrainingSet,
    method: str = "lbfgs",
    steps: int = 400,
    starts: int = 3,
    decay: float = 1e-3,
    seed: int = 0,
    engine: str | None = None,
    say: Say | None = None,
    clock: Clock = UNLIMITED,
) -> Demonstration:
    """Train from ``starts`` random starts (seeds seed, seed + 1, ...) and from near theta_k for an
    early k, then once with decay.

    Trained is the part of the network that matters on the data (``subnetwork``).  Some starts end
    in a local minimum; the run with the least loss is shown, the others are kept.
    ``say(text, share)`` is told how far the work is, share from 0 to 1.  The runs share the time.
    """
    part = subnetwork(data)
    task, total = part.task, starts + 2

    def run(number: int, text: str, first: list[Array], seed: int, decay: float = 0.0) -> Run:
        """One of all the runs, in its share of the time that is left."""

        def tick(step: int, loss: float) -> None:
            if say is not None:
                done = (number * steps + step) / (total * steps)
                say(f"{text}, step {step}, loss {loss:.3g}", done)

        return train(
            task,
            method,
            steps,
            decay=decay,
            seed=seed,
            engine=engine,
            tick=tick,
            start=first,
            clock=clock.share(1 / (total - number)),
        )

    runs: list[tuple[Run, list[Array]]] = []
    for number in range(starts):
        first = task.start(seed + number)
        runs.append((run(number, f"start {number + 1} of {starts}", first, seed + number), first))
    first = part.near(seed)
    near = run(starts, "start near the explicit sequence", first, seed + starts)
    runs.append((near, first))
    best, first = min(runs, key=lambda pair: pair[0].loss[-1])
    decayed = run(starts + 1, "with weight decay", first, best.seed, decay)
    others = tuple(one for one, _ in runs if one is not best)
    return Demonstration(data, best, decayed, others, near, theory(data))
