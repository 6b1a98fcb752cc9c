"""A written proof as plain text for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from cadlink.writing.document import (
    Block,
    Display,
    Items,
    Math,
    Matrix,
    Nested,
    Paragraph,
    Pictures,
    render,
)

__all__ = ["write"]

WIDTH = 88
GAP = 4  # between two pictures


def write(blocks: Iterable[Block]) -> str:
    """The whole document, with a newline at its end.

    >>> print(write([Paragraph("Clear.", "Proof.")]), end="")
    Proof. Clear.
    """
    lines = _lines(blocks, 0)
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _lines(blocks: Iterable[Block], indent: int) -> list[str]:
    """The blocks with an empty line between two of them."""
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Items) and not block.sentences:
            continue
        if lines:
            lines.append("")
        if isinstance(block, Paragraph):
            start = f"{block.label} " if block.label else ""
            lines += _wrapped(_plain(start + block.sentence), indent)
        elif isinstance(block, Items):
            for sentence in block.sentences:
                lines += _wrapped("- " + _plain(sentence), indent + 2, 2)
        elif isinstance(block, Pictures):
            lines += _pictures(block, indent + 4)
        elif isinstance(block, Display):
            lines += _display(block, indent + 4)
        else:
            lines += _nested(block, indent)
    return lines


def _nested(block: Nested, indent: int) -> list[str]:
    # Very deep cases stop moving to the right, so that some room for words is left.
    return _lines(block.blocks, min(indent + 3, 36))


def _plain(sentence: str) -> str:
    # A no-break space keeps a short formula on one line; it is put back after wrapping.
    def formula(math: Math) -> str:
        parts = math.text.split(" = ") if len(math.text) > 24 else [math.text]
        return " = ".join(part.replace(" ", "\0") if len(part) <= 40 else part for part in parts)

    return render(sentence, str, formula)


def _wrapped(text: str, indent: int, hanging: int = 0) -> list[str]:
    first, later = " " * indent, " " * (indent + hanging)
    wrapped = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=later,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\0", " ") for line in wrapped]


def _pictures(block: Pictures, indent: int) -> list[str]:
    """Panels side by side, in as many rows of panels as are needed."""
    margin = max((len(label) for label in block.labels), default=0)
    columns = []
    for panel in block.panels:
        width = max([len(panel.title.text), *(len(row) for row in panel.rows)])
        columns.append([panel.title.text.ljust(width), *(row.ljust(width) for row in panel.rows)])
    lines: list[str] = []
    while columns:
        taken = [columns.pop(0)]
        room = WIDTH - indent - margin - 2
        while columns and sum(len(c[0]) + GAP for c in taken) + len(columns[0][0]) <= room:
            taken.append(columns.pop(0))
        if lines:
            lines.append("")
        height = max(map(len, taken))
        for place in range(height):
            label = block.labels[place - 1] if 0 < place <= len(block.labels) else ""
            sign = f"{block.sign:^{GAP}}" if place == (height + 1) // 2 else " " * GAP
            cells = [c[place] if place < len(c) else " " * len(c[0]) for c in taken]
            lines.append(
                " " * indent + label.rjust(margin) + "  " * bool(margin) + sign.join(cells)
            )
        if columns and block.sign:
            lines.append(" " * indent + block.sign)
    return lines


def _display(block: Display, indent: int) -> list[str]:
    """The pieces beside each other, at the middle of the highest; below each other if too wide."""
    boxes = [_box(piece) for piece in block.pieces]
    if indent + sum(len(box[0]) for box in boxes) > WIDTH + 12 and len(boxes) > 2:
        # a formula and the matrix after it stay together
        lines: list[str] = []
        for place in range(0, len(boxes), 2):
            lines += _beside(boxes[place : place + 2], indent)
        return lines
    return _beside(boxes, indent)


def _beside(boxes: list[list[str]], indent: int) -> list[str]:
    height = max(map(len, boxes))
    rows = [""] * height
    for box in boxes:
        above = (height - len(box)) // 2
        for place in range(height):
            inside = 0 <= place - above < len(box)
            rows[place] += box[place - above] if inside else " " * len(box[0])
    return [" " * indent + row for row in rows]


def _box(piece: Matrix | Math) -> list[str]:
    if isinstance(piece, Math):
        return [piece.text]
    widths = [
        max(len(entry.text) for entry in column) for column in zip(*piece.entries, strict=True)
    ]
    return [
        "[ "
        + "  ".join(entry.text.rjust(width) for entry, width in zip(row, widths, strict=True))
        + " ]"
        for row in piece.entries
    ]
