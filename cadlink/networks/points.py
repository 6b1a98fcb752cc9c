"""Training data as people have them: inputs, regression targets, class labels; as exact rows.

Arrays, tensors and lists are taken number by number; texts such as "1/3" are exact.  Data of more
than FEW numbers stay an array of doubles.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from cadlink.errors import InputError, foreign, quoted
from cadlink.networks.kernel.doubles import Doubles
from cadlink.networks.kernel.losses import labels_fit
from cadlink.networks.readers.tables import rational
from cadlink.networks.readers.weights import comes_from
from cadlink.networks.theorems.theorem import Rows

__all__ = ["CLASSES", "FEW", "inputs_of", "rational_rows", "targets_of"]

FEW = 100_000  # numbers that are made exact one by one
WHOLE = 2**53  # up to here every integer is a double
CLASSES = ("cross_entropy", "soft_cross_entropy")
SOFT = {"cross_entropy": "soft_cross_entropy", "logistic": "soft_logistic"}


def inputs_of(data: Any, width: int) -> Rows | Doubles:
    """The inputs, one row of ``width`` numbers a point; images are flattened.

    Raises InputError naming what does not fit.

    >>> inputs_of([0.5, 1], 1)
    [[Fraction(1, 2)], [Fraction(1, 1)]]
    """
    return _rows(data, "inputs", width)


def targets_of(data: Any, loss: str, width: int, points: int) -> tuple[Rows | Doubles, str]:
    """The targets of as many points, one row of ``width`` numbers each, and the loss: one of soft
    labels where they all are soft.

    For softmax cross-entropy a list of classes, counted from 0, will do.  Raises InputError.

    >>> targets_of([1, 0], "cross_entropy", 2, 2)[0]
    [[Fraction(0, 1), Fraction(1, 1)], [Fraction(1, 1), Fraction(0, 1)]]
    """
    array = _array(data)
    flat = array is not None and array.ndim == 2 and array.shape[1] == 1 and width > 1
    if loss in CLASSES and array is not None and (array.ndim == 1 or flat):
        rows = _rows(_one_hot(array.ravel(), width), "targets", width)
    else:
        single = array is not None and (array.ndim == 1 or flat)
        if single and width > 1:
            raise InputError(
                f"expected {width} numbers a point, as the network has outputs, found 1; if these"
                " are classes, say which loss: --loss cross_entropy",
                "targets",
            )
        rows = _rows(data, "targets", width)
    if len(rows) != points:
        raise InputError(f"expected as many targets as inputs ({points}), found {len(rows)}")
    for number, row in enumerate(rows) if labels_fit(loss, rows) else ():
        expected = labels_fit(loss, [row])
        if expected:
            raise InputError(f"expected {expected}", f"targets, row {number}")
    soft = SOFT.get(loss)
    return rows, soft if soft is not None and not labels_fit(soft, rows) else loss


def rational_rows(data: Any, name: str, width: int) -> Rows:
    """The rows of an array as exact numbers; floats are taken as they are, texts "p/q" are read.

    Raises InputError naming the row, and the entry, that does not fit.

    >>> rational_rows([[0.5, "1/3"]], "inputs", 2)
    [[Fraction(1, 2), Fraction(1, 3)]]
    """
    listed = data.tolist() if hasattr(data, "tolist") else data
    if not isinstance(listed, (list, tuple)) or not listed:
        raise InputError("expected a list of rows, one per point", name)
    found = []
    for number, row in enumerate(listed):
        place = f"{name}, row {number}"
        if not isinstance(row, (list, tuple)) or len(row) != width:
            size = len(row) if isinstance(row, (list, tuple)) else "a number"
            raise InputError(f"expected {width} entries, found {size}", place)
        found.append([_finite(value, f"{place}, entry {k}") for k, value in enumerate(row)])
    return found


def _finite(value: Any, place: str) -> Fraction:
    """The number exactly."""
    try:
        return rational(value)
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        raise InputError(f"expected a finite number, found {quoted(value)}", place) from None


def _array(data: Any) -> Any:
    """The data as an array; None for texts and what is ragged."""
    if comes_from(data, "torch"):
        data = data.detach().cpu()
        return data.float().numpy() if str(data.dtype) == "torch.bfloat16" else data.numpy()
    if isinstance(data, (list, tuple)) or hasattr(data, "__array__"):
        try:
            return np.asarray(data)
        except (ValueError, TypeError):
            return None
    return None


def _one_hot(labels: Any, width: int) -> Any:
    """Classes as rows of zeros and one 1."""
    with foreign("expected classes, whole numbers from 0 on", "targets"):
        numbers = labels.astype(np.float64)
    strange = ~((numbers >= 0) & (numbers < width) & (numbers == np.floor(numbers)))
    if strange.any():
        row = int(np.flatnonzero(strange)[0])
        hint = "; classes count from 0" if numbers.min() == 1 and numbers.max() == width else ""
        raise InputError(
            f"expected a class from 0 to {width - 1}, found {numbers[row]:g}{hint}",
            f"targets, row {row}",
        )
    found = np.zeros((len(numbers), width))
    found[np.arange(len(numbers)), numbers.astype(int)] = 1
    return found


def _rows(data: Any, name: str, width: int) -> Rows | Doubles:
    array = _array(data)
    if array is None or array.dtype.kind not in "biufUS":
        return rational_rows(data, name, width)
    if array.ndim > 2 or (array.ndim == 1 and width == 1):
        array = array.reshape(len(array), -1)
    if array.size <= FEW or array.ndim != 2 or array.shape[1] != width:
        return rational_rows(array if array.dtype.kind in "biuf" else data, name, width)
    with foreign("expected numbers", name):
        numbers = array.astype(np.float64)
    if array.dtype.kind in "iu" and np.abs(numbers).max() > WHOLE:
        raise InputError("expected integers of at most 53 bits", name)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        row, entry = bad[0].tolist()
        raise InputError(
            f"expected a finite number, found {numbers[row, entry]}",
            f"{name}, row {row}, entry {entry}",
        )
    return Doubles(numbers)
