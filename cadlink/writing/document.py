"""What a written proof is made of; ``text`` and ``latex`` render it.

Sentences are strings; mathematics inside them is a :class:`Math`, which knows both its plain text
and its LaTeX and may be put into an f-string.  Everything else in a sentence is taken literally.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "MOST_ITEMS",
    "Block",
    "Blocks",
    "Display",
    "Items",
    "Math",
    "Matrix",
    "Nested",
    "Panel",
    "Paragraph",
    "Pictures",
    "joined",
    "quoted",
    "render",
    "sentence",
]

MOST_ITEMS = 16  # lines of a list that are worth printing

# Around a Math inside a sentence; ``quoted`` keeps them out of words from elsewhere.
_BEGIN, _MIDDLE, _END = "\x02", "\x1f", "\x03"
_MATH = re.compile(f"{_BEGIN}([^{_MIDDLE}]*){_MIDDLE}([^{_END}]*){_END}")


@dataclass(frozen=True)
class Math:
    """A formula in plain text and in LaTeX; sums with strings append these to both.

    >>> (Math("x in V", r"x \\in V") + ", t").latex
    'x \\\\in V, t'
    """

    text: str
    latex: str

    def __add__(self, other: Math | str) -> Math:
        if isinstance(other, str):
            return Math(self.text + other, self.latex + other)
        return Math(self.text + other.text, self.latex + other.latex)

    def __radd__(self, other: str) -> Math:
        return Math(other + self.text, other + self.latex)

    def __str__(self) -> str:
        return f"{_BEGIN}{self.text}{_MIDDLE}{self.latex}{_END}"


def render(sentence: str, words: Callable[[str], str], math: Callable[[Math], str]) -> str:
    """The sentence with its words and its formulas written by these two functions.

    >>> render(f"so {Math('x != 0', 'x')}.", str.upper, lambda formula: formula.text)
    'SO x != 0.'
    """
    pieces = _MATH.split(sentence)
    written = []
    for place in range(0, len(pieces), 3):
        written.append(words(pieces[place]))
        if place + 2 < len(pieces):
            written.append(math(Math(pieces[place + 1], pieces[place + 2])))
    return "".join(written)


def quoted(words: str, longest: int = 120) -> str:
    """Words of strangers, such as a program's answer: printable ASCII, of bounded length."""
    return ascii(words if len(words) <= longest else words[:longest] + "...")


def joined(parts: Iterable[Math | str], between: Math | str = ", ") -> Math:
    """Formulas one after the other."""
    total = Math("", "")
    for place, part in enumerate(parts):
        total = total + (between if place else "") + part
    return total


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; its label is set in bold before it."""

    sentence: str
    label: str = ""


@dataclass(frozen=True)
class Panel:
    """A matrix of '#' and '.', its title above it."""

    title: Math
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Pictures:
    """Panels side by side; ``labels`` stand before the rows, ``sign`` between the panels."""

    panels: tuple[Panel, ...]
    labels: tuple[str, ...] = ()
    sign: str = ""


@dataclass(frozen=True)
class Matrix:
    """A matrix of formulas."""

    entries: tuple[tuple[Math, ...], ...]


@dataclass(frozen=True)
class Display:
    """A displayed formula: matrices with formulas between them."""

    pieces: tuple[Matrix | Math, ...]


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Nested:
    """Blocks that belong under the paragraph before them."""

    blocks: tuple[Block, ...]


Block: TypeAlias = Paragraph | Pictures | Display | Items | Nested
Blocks: TypeAlias = tuple[Block, ...]


def sentence(*words: str) -> Blocks:
    """One paragraph."""
    return (Paragraph(" ".join(words)),)
