"""How answers are laid out at a terminal."""

from __future__ import annotations

import textwrap

__all__ = ["paragraph"]

WIDTH = 88


def paragraph(label: str, text: str) -> list[str]:
    """Lines of the text, the first after a label, the others as far in.

    >>> paragraph("why    ", "because")
    ['why    because']
    """
    return textwrap.wrap(text, WIDTH, initial_indent=label, subsequent_indent=" " * len(label))
