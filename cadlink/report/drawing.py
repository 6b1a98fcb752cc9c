"""Patterns and curves drawn for a page: SVG and HTML, nothing from the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from cadlink.patterns.pattern import Pattern

__all__ = ["curve_table", "find_curve", "pattern_svg"]

CELL = 13  # pixels of an entry of a mask
GAP = 14  # pixels between two masks


def pattern_svg(pattern: Pattern) -> str:
    """The masks side by side as in the product X_L ... X_1, then the support of the product.

    Outputs are rows, inputs are columns; a filled square is an entry that may be nonzero.

    >>> pattern_svg(Pattern.of(["11"])).count("<rect")
    4
    """
    masks = [*reversed(pattern.layers), pattern.support()]
    height = CELL * max(mask.shape[0] for mask in masks)
    parts: list[str] = []
    left = 1
    for number, mask in enumerate(masks):
        last = number == len(masks) - 1
        rows, cols = (int(size) for size in mask.shape)
        top = 1 + (height - CELL * rows) / 2
        if last:
            middle = 1 + height / 2
            parts.append(f'<text x="{left + 2}" y="{middle + 4}" class="op">⊇</text>')
            left += GAP + 6
        filled = {(int(j), int(k)) for j, k in zip(*mask.nonzero(), strict=True)}
        for j in range(rows):
            for k in range(cols):
                kind = ("s" if last else "f") if (j, k) in filled else "e"
                parts.append(
                    f'<rect class="{kind}" x="{left + CELL * k}" y="{top + CELL * j:g}"'
                    f' width="{CELL}" height="{CELL}"/>'
                )
        left += CELL * cols + GAP
    width = left - GAP + 2
    label = escape(pattern.inline())
    return (
        f'<svg role="img" aria-label="{label}" width="{width}" height="{height + 2}"'
        f' viewBox="0 0 {width} {height + 2}"><title>{label}</title>{"".join(parts)}</svg>'
    )


def find_curve(proof: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The data of the first curve with the factors of the whole pattern in a proof's JSON."""
    if proof["rule"] == "curve" and "factors" in proof["data"]:
        data: Mapping[str, Any] = proof["data"]
        return data
    return None


def curve_table(pattern: Pattern, data: Mapping[str, Any]) -> str:
    """X_L(t) ... X_1(t) -> A as HTML tables; ``data`` is that of a ``curve`` step on a chain."""
    tables = []
    for level in reversed(range(pattern.depth)):
        mask = pattern.layers[level]
        entries = {(i, j): _laurent(series) for i, j, series in data["factors"][level]}
        tables.append(_table(int(mask.shape[0]), int(mask.shape[1]), entries))
    limit = {(j, k): _number(value) for j, k, value in data["limit"]}
    widths = pattern.widths
    result = _table(widths[-1], widths[0], limit)
    return f'<div class="curve">{"".join(tables)}<span class="to">→</span>{result}</div>'


def _table(rows: int, cols: int, entries: Mapping[tuple[int, int], str]) -> str:
    lines = []
    for j in range(rows):
        cells = (entries.get((j, k), '<span class="zero">0</span>') for k in range(cols))
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    return f'<table class="matrix">{"".join(lines)}</table>'


def _number(value: object) -> str:
    return escape(str(value)).replace("-", "&minus;")


def _laurent(series: Sequence[Sequence[Any]]) -> str:
    """A Laurent polynomial, such as 1 − t⁻¹."""
    text = ""
    for exponent, coefficient in series:
        power = (
            "" if exponent == 0 else "t" if exponent == 1 else f"t<sup>{_number(exponent)}</sup>"
        )
        number = str(coefficient)
        sign, size = ("&minus;", number[1:]) if number.startswith("-") else ("+", number)
        body = power if size == "1" and power else escape(size) + power
        if text:
            text += f" {sign} {body}"
        else:
            text = ("&minus;" if sign == "&minus;" else "") + body
    return text or "0"
