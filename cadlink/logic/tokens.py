"""What every reader of formulas shares: the text in tokens, and errors that name their place."""

from __future__ import annotations

import re
from typing import NamedTuple, NoReturn

__all__ = ["Token", "Tokens", "place"]


def place(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, both from 1.

    >>> place("a\\nbc", 3)
    (2, 2)
    """
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class Token(NamedTuple):
    """``kind`` is the name of the pattern's group that matched, or "end"."""

    kind: str
    text: str
    offset: int


class Tokens:
    """The tokens of ``text[start:end]`` and how far a reader has come.

    ``pattern`` has a named group for every kind of token; those of the group "space" are dropped.
    A subclass says in ``fail`` what an error looks like.
    """

    def __init__(self, text: str, start: int, end: int, pattern: re.Pattern[str]) -> None:
        self.text = text
        self.position = 0
        self.tokens: list[Token] = []
        offset = start
        for match in pattern.finditer(text, start, end):
            if match.start() > offset:
                break
            if match.lastgroup != "space":
                self.tokens.append(Token(str(match.lastgroup), match.group(), offset))
            offset = match.end()
        if offset < end:
            self.fail(f"unexpected character {text[offset]!r}", offset)
        self.tokens.append(Token("end", "", end))

    def fail(self, message: str, offset: int) -> NoReturn:
        """Raise the error of this reader for the place."""
        raise NotImplementedError

    @property
    def token(self) -> Token:
        return self.tokens[self.position]

    def unexpected(self, wanted: str, hint: str = "") -> NoReturn:
        found = repr(self.token.text)[:60] if self.token.text else "the end"
        self.fail(f"expected {wanted}, found {found}{hint}", self.token.offset)

    def take(self, text: str) -> bool:
        """Move past the token if it is spelled so."""
        if text and self.token.text == text:
            self.position += 1
            return True
        return False
