"""Tables of numbers in files: training inputs and targets, one row a point."""

from __future__ import annotations

import csv
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

from cadlink import files
from cadlink.errors import InputError, foreign, shortened
from cadlink.json_text import MAX_DIGITS, NotJson, decode
from cadlink.patterns.masks import MAX_ARRAY_BYTES, array_of_npy

__all__ = ["rational", "read"]

# A whole number, a decimal number with or without a power of ten, or p/q.
NUMBER = re.compile(r"[+-]?([0-9]+(/[0-9]+)?|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?)")


def read(path: Path) -> Any:
    """The rows of a .npy, .csv or .json file as they are; nothing is unpickled, texts stay exact.

    Raises InputError.
    """
    where = shortened(path, 300)
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return array_of_npy(files.read(path, MAX_ARRAY_BYTES), where)
    if suffix not in (".csv", ".json"):
        raise InputError("expected a name ending in .npy, .csv or .json", where)
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
    return rows


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
