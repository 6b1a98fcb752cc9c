"""Strict reading of JSON text that nobody vouches for.

Depth and the length of numbers are limited before they can hurt, and a key given twice is refused:
what such an object says would depend on who reads it.  The time taken is linear in the text.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from operator import itemgetter
from typing import Any, NoReturn

from cadlink.errors import quoted, shortened

__all__ = ["MAX_DEPTH", "MAX_DIGITS", "NotJson", "decode"]

MAX_DEPTH = 500  # of brackets
MAX_DIGITS = 400

# A string (to the end of the text if it is not closed) or a bracket.
TOKEN = re.compile(r'"[^"\\]*(?:\\.?[^"\\]*)*(?:"|\Z)|[][{}]', re.DOTALL)
LONG = re.compile(f"[0-9]{{{MAX_DIGITS + 1}}}")


class NotJson(ValueError):
    """Why a text is refused: what was expected and what was found."""

    def __init__(self, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}; found {found}")
        self.expected = expected
        self.found = found


def decode(text: str, floats: bool = True) -> Any:
    """The value of a JSON text; ``floats``: whether numbers may be other than integers.

    Raises NotJson.

    >>> decode('{"a": [1, 0.5]}')
    {'a': [1, 0.5]}
    >>> decode('{"a": 1, "a": 2}')
    Traceback (most recent call last):
    cadlink.json_text.NotJson: expected every key once; found key 'a' twice
    """
    _limit_depth(text)
    try:
        return json.loads(
            text,
            # Without the look-out for it, reading integers is several times faster.
            parse_int=_integer if LONG.search(text) else None,
            parse_float=None if floats else _no_float,
            parse_constant=_constant if floats else _no_float,
            object_pairs_hook=_object,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise NotJson("JSON text", f"an error at {place}: {error.msg}") from error
    except RecursionError as error:
        raise NotJson("JSON text", shortened(error)) from error


def _limit_depth(text: str) -> None:
    depth = 0
    for token in TOKEN.finditer(text):
        first = token.group()[0]
        depth += (first in "[{") - (first in "]}")
        if depth > MAX_DEPTH:
            raise NotJson(f"at most {MAX_DEPTH} nested brackets", "more")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise NotJson(f"integers of at most {MAX_DIGITS} digits", f"{len(digits)} digits")
    return int(digits)


def _no_float(literal: str) -> NoReturn:
    raise NotJson('integers and strings "p/q" only', quoted(literal))


def _constant(literal: str) -> float:
    """NaN, Infinity, -Infinity: whoever reads the numbers says where they are."""
    return math.nan if literal == "NaN" else float(literal)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice = max(Counter(key for key, _ in pairs).items(), key=itemgetter(1))[0]
        raise NotJson("every key once", f"key {quoted(twice)} twice")
    return result
