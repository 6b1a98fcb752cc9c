"""Tables of numbers in files: training inputs and targets, one row a point.

A file may hold both: arrays by name (.npz, .pt) such as ``X`` and ``y``, or columns by name (.csv)
such as ``x0, x1, y0``, as ``cadlink demo --data`` writes them.
"""

from __future__ import annotations

import csv
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from cadlink import files
from cadlink.errors import InputError, foreign, shortened
from cadlink.json_text import MAX_DIGITS, NotJson, decode
from cadlink.networks.readers.containers import arrays_of, torch_content
from cadlink.networks.readers.sources import TORCH
from cadlink.patterns.masks import MAX_ARRAY_BYTES, array_of_npy

__all__ = ["rational", "read"]

NAMES = {
    "inputs": ("x", "inputs", "input", "data", "features", "images"),
    "targets": ("y", "targets", "target", "labels", "label"),
}
# A whole number, a decimal number with or without a power of ten, or p/q.
NUMBER = re.compile(r"[+-]?([0-9]+(/[0-9]+)?|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?)")


def read(path: Path, role: str = "inputs") -> Any:
    """The rows of a .npy, .npz, .csv, .json, .pt or .safetensors file as they are; no code of a
    file is run, texts stay exact.  ``role``, "inputs" or "targets": which of several tables.

    Raises InputError.
    """
    where = shortened(path, 300)
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return array_of_npy(files.read(path, MAX_ARRAY_BYTES), where)
    if suffix in (".npz", ".safetensors", *TORCH):
        return _named(_arrays(path), role, where)
    if suffix not in (".csv", ".json"):
        raise InputError(
            "expected a name ending in .npy, .npz, .csv, .json, .pt or .safetensors", where
        )
    with foreign("expected UTF-8 text", where):
        text = files.read(path).decode("utf-8-sig")
    if suffix == ".json":
        try:
            return decode(text)
        except NotJson as error:
            raise InputError(str(error), where) from None
    with foreign("not a table of numbers", where):
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines()) if row]
    if not rows:
        raise InputError("expected rows of numbers, found none", where)
    return _columns(rows, role, where)


def _columns(rows: list[list[str]], role: str, where: str) -> list[list[str]]:
    """The rows without their headings; of columns by name those of the role, if there are some."""
    head = [name.lower() for name in rows[0]]
    if any(NUMBER.fullmatch(name) for name in head):
        return rows
    letter = NAMES[role][0]
    mine = [place for place, name in enumerate(head) if re.fullmatch(f"{letter}_?[0-9]*", name)]
    mine += [place for place, name in enumerate(head) if name in NAMES[role][1:]]
    kept = mine or range(len(head))
    for number, row in enumerate(rows[1:]):
        if len(row) != len(head):
            raise InputError(
                f"expected {len(head)} columns, found {len(row)}", f"{where}, row {number}"
            )
    return [[row[place] for place in kept] for row in rows[1:]]


def _arrays(path: Path) -> dict[str, Any]:
    """The arrays of a file by name; a tensor alone has none."""
    where = shortened(path, 300)
    if path.suffix.lower() not in TORCH:
        return arrays_of(path, None)[0]
    found = torch_content(path)
    if hasattr(found, "shape"):
        return {"": found}
    if isinstance(found, (tuple, list)):
        found = dict(zip("Xy", found, strict=False))
    if not isinstance(found, dict):
        raise InputError(f"expected tensors, found {type(found).__name__}", where)
    return {str(name): one for name, one in found.items() if hasattr(one, "shape")}


def _named(arrays: dict[str, Any], role: str, where: str) -> Any:
    """The one array, or the one that is called as its role."""
    fitting = [name for name in arrays if name.lower() in NAMES[role]]
    chosen = fitting if len(arrays) > 1 else list(arrays)
    if len(chosen) != 1:
        listed = ", ".join(shortened(name) for name in list(arrays)[:8]) or "none"
        raise InputError(
            f"expected one array called {NAMES[role][0].upper()} or {role}, found {listed}", where
        )
    return arrays[chosen[0]]


def rational(value: Any) -> Fraction:
    """The exact number that a number or a text such as 0.5, 2e-3 or 1/3 is.

    Raises ValueError, TypeError, OverflowError or ZeroDivisionError for anything else, and before
    any work for a text whose number has more than about MAX_DIGITS digits: 1e999999999 is short.

    >>> rational("1/3"), rational(0.5), rational("2e-3")
    (Fraction(1, 3), Fraction(1, 2), Fraction(1, 500))
    """
    if isinstance(value, str):
        text = value.strip()
        if len(text) > 2 * MAX_DIGITS or NUMBER.fullmatch(text) is None:
            raise ValueError(f"no number: {shortened(text)}")
        return Fraction(text)
    return Fraction(value)
