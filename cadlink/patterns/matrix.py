"""Matrices of exact rational numbers: what is asked whether it is a product.

A *source* is an array or nested list of numbers, or a text: ``-`` (standard input), a file ending
in ``.npy``, ``.json``, ``.txt`` or ``.csv``, or the matrix itself, as ``[[0, 1], [1/2, 0.1]]`` or
as rows ``0 1; 1/2 0.1``.

In text, integers, fractions and decimals are what they say: ``0.1`` is 1/10.  A floating-point
number of an array is the binary fraction that it is, and 0.1 is not 1/10 there.  Files are not
trusted: every refusal is an InputError of one line.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from cadlink.clock import UNLIMITED, Clock
from cadlink.errors import InputError, quoted, shortened
from cadlink.files import MAX_TEXT_BYTES, read
from cadlink.json_text import MAX_DIGITS
from cadlink.patterns.group import Cell
from cadlink.patterns.masks import MAX_ARRAY_BYTES, array_of_npy
from cadlink.patterns.pattern import Pattern

__all__ = ["Matrix", "Source", "exact", "number_to_json"]

Source: TypeAlias = "str | Path | Matrix | Sequence[Any] | npt.NDArray[Any]"

MOST_ENTRIES = 4_000_000  # zeros included

_NUMBER = re.compile(
    r"[+-]?([0-9]+(/[0-9]+)?|([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+)([eE][+-]?[0-9]{1,3})?)"
)
_PLAIN = (str, int, float)
_ROWS = re.compile(r"\[\s*(\[[^][]*\]\s*,\s*)*\[[^][]*\]\s*\]")


@dataclass(frozen=True)
class Matrix:
    """``rows`` x ``cols`` rational numbers; ``entries`` lists those that are not 0.

    >>> Matrix.of([[0, "1/3"], [0.5, 2]]).entries
    {(0, 1): Fraction(1, 3), (1, 0): Fraction(1, 2), (1, 1): Fraction(2, 1)}
    """

    rows: int
    cols: int
    entries: Mapping[Cell, Fraction]

    @classmethod
    def of(cls, values: Any, where: str = "matrix", clock: Clock = UNLIMITED) -> Matrix:
        """The matrix of nested lists (of integers, fractions, floats, or texts such as "1/3") or of
        an array or a torch tensor.  Raises InputError naming row and column, and OutOfTime."""
        if isinstance(values, Matrix):
            return values
        if hasattr(values, "detach"):  # a torch tensor
            values = values.detach().cpu().numpy()
        if hasattr(values, "tocoo"):
            values = values.toarray()
        if isinstance(values, np.ndarray):
            if values.ndim != 2:
                raise InputError(f"expected two dimensions, found {values.ndim}", where)
            values = values.tolist()  # numpy's numbers as Python's, exactly
        if not isinstance(values, list | tuple) or not values:
            raise InputError(f"expected a list of rows, found {quoted(values)}", where)
        width = len(values[0]) if isinstance(values[0], list | tuple) else 0
        if not width:
            raise InputError("expected a list of numbers", f"{where}, row 0")
        if len(values) * width > MOST_ENTRIES:
            raise InputError(f"expected at most {MOST_ENTRIES} entries", where)
        entries: dict[Cell, Fraction] = {}
        known: dict[object, Fraction] = {}  # most matrices repeat their numbers
        for i, row in enumerate(values):
            clock.check()
            if not isinstance(row, list | tuple) or len(row) != width:
                found = len(row) if isinstance(row, list | tuple) else quoted(row)
                raise InputError(f"expected {width} numbers, found {found}", f"{where}, row {i}")
            for j, value in enumerate(row):
                number = known.get(value) if isinstance(value, _PLAIN) else None
                if number is None:
                    number = _number(value, where, i, j)
                    if isinstance(value, _PLAIN):
                        known[value] = number
                if number:
                    entries[i, j] = number
        return cls(len(values), width, entries)

    def fitting(self, pattern: Pattern) -> Matrix:
        """The same; InputError unless it has the shape of the pattern's products."""
        rows, cols = pattern.widths[-1], pattern.widths[0]
        if (self.rows, self.cols) != (rows, cols):
            raise InputError(
                f"expected {rows} x {cols} (outputs x inputs of the pattern), found {self.rows} x"
                f" {self.cols}",
                "matrix",
            )
        return self

    def to_json(self) -> dict[str, Any]:
        """The shape and [row, column, value] for every entry that is not 0, by row and column."""
        return {
            "shape": [self.rows, self.cols],
            "entries": [[i, j, number_to_json(v)] for (i, j), v in sorted(self.entries.items())],
        }

    def to_numpy(self) -> npt.NDArray[np.float64]:
        """The nearest floating-point numbers."""
        dense = np.zeros((self.rows, self.cols))
        for cell, value in self.entries.items():
            dense[cell] = float(value)
        return dense


def exact(source: Source, clock: Clock = UNLIMITED) -> Matrix:
    """The matrix that a source (above) stands for.  Raises InputError, and OutOfTime.

    >>> exact("[[0, 1], [1/2, 0.1]]") == exact("0 1; 1/2 1e-1")
    True
    """
    if not isinstance(source, str | Path):
        return Matrix.of(source, clock=clock)
    text = str(source)
    suffix = Path(text).suffix.lower() if "\n" not in text else ""
    if suffix == ".npy":
        array = array_of_npy(read(text, MAX_ARRAY_BYTES), text)
        if array.dtype.kind not in "biuf":
            raise InputError(f"expected real numbers, found type {array.dtype}", text)
        return Matrix.of(array, shortened(text), clock)
    if text == "-" or suffix in (".json", ".txt", ".csv"):
        where = "standard input" if text == "-" else shortened(text)
        try:
            return _from_text(read(text, MAX_TEXT_BYTES).decode("utf-8-sig"), where, clock)
        except UnicodeDecodeError as error:
            raise InputError(f"expected UTF-8 text; byte {error.start} is not", where) from None
    if not text.strip() or set(text) - set("0123456789+-./eE,;[]\"' \t\r\n"):
        raise InputError(
            "expected a file (.npy, .json, .txt, .csv), '-', or text such as [[0, 1], [1/2, 0]]",
            quoted(text),
        )
    return _from_text(text, "matrix", clock)


def _from_text(text: str, where: str, clock: Clock) -> Matrix:
    """The rows in brackets, or one a line or between semicolons."""
    stripped = text.strip()
    bracketed = stripped.startswith("[")
    if bracketed:
        if not _ROWS.fullmatch(stripped):
            raise InputError("expected rows as in [[0, 1], [1/2, 0]]", where)
        lines = re.findall(r"\[([^][]*)\]", stripped[1:-1])
    else:
        lines = [line.partition("#")[0] for line in re.split(r"[;\n]", stripped)]
        lines = [line for line in lines if line.strip()]
    rows = []
    for line in lines:
        clock.check()
        if bracketed:
            rows.append([entry.strip().strip("\"'") for entry in line.split(",")])
        else:
            rows.append(line.replace(",", " ").split())
    return Matrix.of(rows, where, clock)


def _number(value: object, where: str, row: int, col: int) -> Fraction:
    if isinstance(value, float | np.floating) and np.isfinite(value):
        return Fraction(float(value))
    if isinstance(value, Rational | np.integer | np.bool_):
        return Fraction(int(value)) if isinstance(value, np.generic) else Fraction(value)
    if isinstance(value, str) and len(value) <= 2 * MAX_DIGITS and _NUMBER.fullmatch(value):
        try:
            found = Fraction(value)
        except ZeroDivisionError:
            found = None
        if found is not None and max(abs(found.numerator), found.denominator) < 10**MAX_DIGITS:
            return found
    raise InputError(
        f"expected an integer, a fraction such as 1/3, or a decimal, found {quoted(value)}",
        f"{where}, row {row}, column {col}",
    )


def number_to_json(value: Fraction | int) -> int | str:
    """An integer as such, another number as "p/q".

    >>> number_to_json(Fraction(4, 2)), number_to_json(Fraction(1, 3))
    (2, '1/3')
    """
    above, below = value.as_integer_ratio()
    return above if below == 1 else f"{above}/{below}"
