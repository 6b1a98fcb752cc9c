"""The notation of written proofs: entries, sets, Laurent polynomials, polynomials, formulas."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from typing import Any

from cadlink.writing.document import Math, joined

__all__ = [
    "AND",
    "INSIDE",
    "NE",
    "TIMES",
    "a",
    "cell",
    "cells",
    "factor",
    "formula",
    "laurent",
    "laurent_of",
    "many",
    "math",
    "number",
    "polynomial",
    "ranges",
    "setof",
    "sub",
    "these",
    "unknown",
    "x",
    "y",
]

NE = Math(" != ", r" \ne ")
INSIDE = Math(" inside ", r" \subseteq ")
TIMES = Math(" x ", r" \times ")
AND = Math(" and ", r" \land ")

MANY = 24  # numbers in a list that are written out
FEW = 8  # numbers in a set that are written out, even when they are consecutive


_SIGNS = (
    ("{", r"\{"),
    ("}", r"\}"),
    ("!=", r"\ne"),
    ("<=", r"\le"),
    (">=", r"\ge"),
    ("<", r"\langle "),
    (">", r"\rangle"),
    (" x ", r" \times "),
    ("^T", "^{T}"),
    ("^-1", "^{-1}"),
    ("d_parent", r"d_{\mathrm{parent}}"),
    ("min(", r"\min("),
    ("sum of ", r"\textstyle\sum "),
)


def math(text: str) -> Math:
    """A formula from its plain text, when a few signs are all that differ in LaTeX.

    >>> math("R x {j}").latex == r"R \\times \\{j\\}"
    True
    """
    latex = text
    for plain, sign in _SIGNS:
        latex = latex.replace(plain, sign)
    return Math(text, latex)


def sub(letter: str, *indices: object) -> Math:
    """A letter with indices.

    >>> sub("x", 3).text, sub("x", 3).latex
    ('x_3', 'x_{3}')
    """
    inner = ",".join(map(str, indices))
    return Math(f"{letter}_{inner}", f"{letter}_{{{inner}}}")


def cell(j: int, k: int) -> Math:
    """(j, k)."""
    return Math(f"({j}, {k})", f"({j},{k})")


def cells(listed: Iterable[tuple[int, int]]) -> Math:
    """Several cells."""
    return joined([cell(j, k) for j, k in listed])


def a(j: int, k: int) -> Math:
    """The entry A(j, k)."""
    return Math(f"A({j},{k})", f"A({j},{k})")


def x(i: int, j: object) -> Math:
    """The entry j of the vector x_i."""
    return sub("x", i) + f"({j})"


def y(i: int, k: object) -> Math:
    """The entry k of the vector y_i."""
    return sub("y", i) + f"({k})"


def factor(layer: int, i: object = None, j: object = None) -> Math:
    """The factor X_l, or one of its entries."""
    return sub("X", layer) + ("" if i is None else f"({i},{j})")


def unknown(name: str) -> Math:
    """A parameter under its name in a certificate.

    >>> unknown("x_1_0_2").text, unknown("y_0_2").text, unknown("a_1_1").text
    ('X_1(0,2)', 'y_0(2)', 'A(1,1)')
    """
    letter, *indices = name.split("_")
    if letter == "a":
        return a(int(indices[0]), int(indices[1]))
    if len(indices) == 3:
        return factor(int(indices[0]), indices[1], indices[2])
    return (x if letter == "x" else y)(int(indices[0]), indices[1])


def ranges(numbers: Collection[int]) -> str:
    """Ascending numbers, runs of three and more shortened.

    >>> ranges([0, 1, 2, 3, 5, 6])
    '0-3, 5, 6'
    """
    runs: list[list[int]] = []
    for value in sorted(numbers):
        if runs and value == runs[-1][-1] + 1:
            runs[-1].append(value)
        else:
            runs.append([value])
    pieces = []
    for run in runs:
        pieces += [f"{run[0]}-{run[-1]}"] if len(run) > 2 else [str(value) for value in run]
    if len(pieces) > MANY:
        pieces = [*pieces[:MANY], f"... ({len(numbers)} in all)"]
    return ", ".join(pieces)


def setof(numbers: Collection[int]) -> Math:
    """A set of numbers.

    >>> setof([2, 0]).text
    '{0, 2}'
    """
    if not numbers:
        return Math("{}", r"\emptyset")
    few = len(numbers) <= FEW
    inside = ", ".join(map(str, sorted(numbers))) if few else ranges(numbers)
    return Math(
        f"{{{inside}}}", rf"\{{{inside.replace('-', ' .. ').replace('...', chr(92) + 'ldots')}\}}"
    )


def these(word: str, numbers: Collection[int]) -> str:
    """ "row 2", "rows 0 and 1", "rows 0-3".

    >>> these("row", [1, 0]), these("column", [4])
    ('rows 0 and 1', 'column 4')
    """
    if len(numbers) == 1:
        return f"{word} {next(iter(numbers))}"
    if len(numbers) == 2:
        low, high = sorted(numbers)
        return f"{word}s {low} and {high}"
    return f"{word}s {ranges(numbers)}"


def many(count: int, word: str) -> str:
    """ "1 row", "2 rows", "no row".

    >>> many(0, "row"), many(1, "row"), many(2, "row")
    ('no row', '1 row', '2 rows')
    """
    return f"{count or 'no'} {word}{'s' if count > 1 else ''}"


def number(value: int | str | Fraction) -> Math:
    """An integer or a fraction."""
    fraction = Fraction(value)
    if fraction.denominator == 1:
        return Math(str(fraction), str(fraction))
    sign = "-" if fraction < 0 else ""
    over = rf"{sign}\tfrac{{{abs(fraction.numerator)}}}{{{fraction.denominator}}}"
    return Math(str(fraction), over)


def _sum(terms: Sequence[tuple[Fraction, Sequence[Math]]]) -> Math:
    """Coefficients times products."""
    total = Math("", "")
    for coefficient, factors in terms:
        sign = "-" if coefficient < 0 else "+"
        if total.text:
            total = total + f" {sign} "
        elif sign == "-":
            total = total + "-"
        size = abs(coefficient)
        shown = [number(size)] if size != 1 or not factors else []
        total = total + joined([*shown, *factors], Math(" ", r"\,"))
    return total if total.text else Math("0", "0")


def polynomial(value: Sequence[Any]) -> Math:
    """POLY of the certificates, negative exponents allowed.

    >>> polynomial([[1, [["x_0_1", 2]]], ["-1/2", [["a_0_0", -1]]]]).text
    'x_0(1)^2 - 1/2 A(0,0)^-1'
    """
    terms = []
    for coefficient, powers in value:
        factors = []
        for name, exponent in powers:
            power = Math(f"^{exponent}", f"^{{{exponent}}}") if exponent != 1 else ""
            factors.append(unknown(name) + power)
        terms.append((Fraction(coefficient), factors))
    return _sum([term for term in terms if term[0]])


def laurent(value: Sequence[Sequence[Any]]) -> Math:
    """LAURENT of the certificates.

    >>> laurent([[-2, -1], [0, 3], [1, "1/2"]]).text
    '-1/t^2 + 3 + t/2'
    """
    text, latex = "", ""
    for exponent, raw in value:
        coefficient = Fraction(raw)
        if not coefficient:
            continue
        sign = "-" if coefficient < 0 else "+"
        text += f" {sign} " if text else sign.strip("+")
        latex += f" {sign} " if latex else sign.strip("+")
        top, bottom = abs(coefficient.numerator), coefficient.denominator
        power = "t" if abs(exponent) == 1 else f"t^{abs(exponent)}"
        if exponent > 0:
            text += (f"{top} " if top != 1 else "") + power + (f"/{bottom}" if bottom != 1 else "")
        elif exponent < 0:
            below = power if bottom == 1 else f"({bottom} {power})"
            text += f"{top}/{below}"
        else:
            text += str(abs(coefficient))
        raised = f"t^{{{exponent}}}" if exponent != 1 else "t"
        shown = number(abs(coefficient)).latex
        latex += shown if not exponent else raised if shown == "1" else f"{shown} {raised}"
    return Math(text or "0", latex or "0")


def laurent_of(exponent: int, coefficient: int = 1) -> Math:
    """One term."""
    return laurent([[exponent, coefficient]])


_RELATIONS: dict[str, Math | str] = {
    "=": " = ",
    "!=": NE,
    "<": " < ",
    "<=": Math(" <= ", r" \le "),
    ">": " > ",
    ">=": Math(" >= ", r" \ge "),
}


def formula(value: Any) -> Math:
    """FORMULA of the certificates.

    >>> formula(["or", ["=", [[1, [["a_0_0", 1]]]]], True]).text
    'A(0,0) = 0 or true'
    """
    if isinstance(value, bool):
        return Math("true", r"\top") if value else Math("false", r"\bot")
    head, *rest = value
    if head not in ("and", "or"):
        return polynomial(rest[0]) + _RELATIONS[head] + "0"
    if not rest:
        return formula(head == "and")
    between = AND if head == "and" else Math(" or ", r" \lor ")
    parts = []
    for part in rest:
        written = formula(part)
        if isinstance(part, list) and part[0] in ("and", "or") and len(rest) > 1:
            written = Math(f"({written.text})", rf"({written.latex})")
        parts.append(written)
    return joined(parts, between)
