"""Training data from a loader of torch: all its batches, which must be the same in every pass."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from cadlink.errors import InputError, foreign

__all__ = ["HAND_OVER", "batches_of", "random_numbers_put_back", "tensor"]

HAND_OVER = "hand over (X, y)"


def batches_of(loader: Any, most: int) -> tuple[Any, Any] | None:
    """Inputs and targets, points first; None if there are more than ``most`` numbers.

    Raises InputError where batches are no pairs, or other points come in a second pass.

    >>> from torch.utils.data import DataLoader, TensorDataset
    >>> points = TensorDataset(torch.eye(2), torch.tensor([0, 1]))
    >>> batches_of(DataLoader(points, batch_size=1), 100)
    (tensor([[1., 0.],
            [0., 1.]]), tensor([0, 1]))
    """
    with random_numbers_put_back():
        first = _pass(loader, most)
        second = None if first is None else _pass(loader, most)
    if first is None or second is None:
        return None
    if _points(*first) != _points(*second):
        raise InputError(
            "the loader gives other points in every pass (augmentation, drop_last, a random"
            f" sampler), and the theorems are about finitely many points that stay; {HAND_OVER}",
            "data",
        )
    return first


def _pass(loader: Any, most: int) -> tuple[Any, Any] | None:
    xs, ys, count = [], [], 0
    for number, batch in enumerate(loader):
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            raise InputError(
                f"expected pairs of inputs and targets; {HAND_OVER}", f"batch {number}"
            )
        x, y = (tensor(part, f"batch {number}") for part in batch)
        xs.append(x)
        ys.append(y)
        count += x.numel() + y.numel()
        if count > most:
            return None
    if not xs:
        raise InputError("expected at least one batch, found none", "data")
    with foreign(f"batches of different shapes; {HAND_OVER}", "data"):
        return torch.cat(xs), torch.cat(ys)


def _points(inputs: Any, targets: Any) -> list[int]:
    """Each point with its target, in some order that is the same for the same points."""
    parts = (part.reshape(len(part), -1).double().cpu().numpy() for part in (inputs, targets))
    return sorted(hash((x.tobytes(), y.tobytes())) for x, y in zip(*parts, strict=True))


def tensor(value: Any, where: str) -> Any:
    """Points as a tensor.  Raises InputError."""
    with foreign("expected a tensor or an array of numbers", where):
        found = torch.as_tensor(value).detach()
    if not found.dim() or not found.numel():
        raise InputError("expected points, found none", where)
    return found


@contextmanager
def random_numbers_put_back() -> Iterator[None]:
    """Shuffling and dropout in between leave no trace in torch's random numbers."""
    with torch.random.fork_rng():
        yield
