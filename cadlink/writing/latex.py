r"""A written proof as LaTeX: a fragment that needs ``amsmath`` and ``amssymb``, or a document."""

from __future__ import annotations

import re
from collections.abc import Iterable

from cadlink.writing.document import (
    Block,
    Display,
    Items,
    Math,
    Matrix,
    Paragraph,
    Pictures,
    render,
)

__all__ = ["escape", "write"]

WIDE = 12  # columns; a wider matrix is set in small type
LINE = 26  # columns of pictures in one line
DEEPEST = 12  # levels of indentation

_HEAD = r"""\documentclass{article}
\usepackage{amsmath,amssymb}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt plus 1pt}
\emergencystretch=3em
\begin{document}
"""
_TAIL = "\\end{document}\n"

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "'": r"{'}",
    "`": r"\textasciigrave{}",
    **{char: "\\" + char for char in "#$%&_{}"},
}


def escape(words: str) -> str:
    r"""Words as LaTeX prints them literally.

    >>> escape("50% of #1_{}")
    '50\\% of \\#1\\_\\{\\}'
    """
    return "".join(_SPECIAL.get(char, char) for char in words)


def write(blocks: Iterable[Block], standalone: bool = False) -> str:
    """The fragment, or a whole document."""
    body = "\\setcounter{MaxMatrixCols}{50}%\n" + "\n".join(_lines(blocks, 0)) + "\n"
    return _HEAD + body + _TAIL if standalone else body


def _lines(blocks: Iterable[Block], depth: int) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Paragraph):
            label = rf"\textbf{{{_sentence(block.label)}}} " if block.label else ""
            lines += ["", rf"\noindent {label}{_sentence(block.sentence)}\par"]
        elif isinstance(block, Items) and not block.sentences:
            continue  # LaTeX has no empty lists
        elif isinstance(block, Items):
            # Lists nested deeper than LaTeX allows cannot arise: nesting is done by margins.
            lines.append(r"\begin{enumerate}")
            lines += [r"\item " + _sentence(sentence) for sentence in block.sentences]
            lines.append(r"\end{enumerate}")
        elif isinstance(block, Pictures):
            lines += _pictures(block)
        elif isinstance(block, Display):
            lines += [r"\[", *map(_piece, block.pieces), r"\]"]
        else:
            move = r"\advance\leftskip by 1.2em " if depth < DEEPEST else ""
            lines += [rf"\begingroup {move}%", *_lines(block.blocks, depth + 1), r"\par\endgroup"]
    return lines


def _sentence(sentence: str) -> str:
    # A formula may break a line after each comma that has a space.
    def formula(math: Math) -> str:
        return "$" + re.sub(r", ", r",\\allowbreak{} ", math.latex) + "$" if math.latex else ""

    return render(sentence, escape, formula)


def _piece(piece: Matrix | Math) -> str:
    if isinstance(piece, Math):
        return piece.latex
    return _matrix([[entry.latex for entry in row] for row in piece.entries])


def _matrix(rows: list[list[str]]) -> str:
    body = " \\\\\n".join(" & ".join(row) for row in rows)
    if not rows or len(rows[0]) <= WIDE:
        return f"\\begin{{bmatrix}}\n{body}\n\\end{{bmatrix}}"
    return f"\\left[\\begin{{smallmatrix}}\n{body}\n\\end{{smallmatrix}}\\right]"


def _pictures(block: Pictures) -> list[str]:
    """The panels as matrices of stars and dots, row labels left of the first."""
    lines = [r"\["]
    used = 0
    for place, panel in enumerate(block.panels):
        width = len(panel.rows[0]) + 2 if panel.rows else 2
        sign = block.sign if place else ""
        if used and used + width > LINE:
            lines += [sign, r"\]", r"\["]
            used, sign = 0, ""
        used += width
        rows = [[r"\ast" if char == "#" else r"\cdot" for char in row] for row in panel.rows]
        labels = ""
        if block.labels and used == width:
            column = [[rf"\scriptstyle {label}"] for label in block.labels]
            labels = (
                r"\begin{matrix}" + r" \\ ".join(cell[0] for cell in column) + r"\end{matrix}\;"
            )
        name = panel.title.latex
        lines.append(rf"{sign} {labels}\underset{{{name}}}{{{_matrix(rows)}}}\quad")
    return [*lines, r"\]"]
