"""Filters such as ``outputs=4 and verdict!=closed``: read by us, sent to SQLite with bound values.

    FILTER     COMPARISON ("and" COMPARISON)*
    COMPARISON FIELD OP VALUE
    OP         = | != | < | <= | > | >=      texts: = and != only; method also ~ ("contains")

Nothing of the text reaches SQLite but values, as parameters: fields and operators are looked up in
tables of this module.
"""

from __future__ import annotations

import re
from typing import Any

from cadlink.database.columns import Entry, columns
from cadlink.errors import InputError

__all__ = ["FIELDS", "Where", "parse_filter"]

Where = tuple[str, tuple[Any, ...]]  # SQL with question marks, and the values for them

# What may be compared, by name.
FIELDS = {one.name: one for one in columns(Entry) if one.filtered}
_OPERATORS = {"=": "=", "!=": "IS NOT", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_COMPARISON = re.compile(r"\s*(\w+)\s*(<=|>=|!=|=|<|>|~)\s*('[^']*'|\"[^\"]*\"|[\w,.-]+)\s*")


def parse_filter(text: str) -> Where:
    """The filter as a condition for SQLite.  Raises InputError naming what is not understood.

    >>> parse_filter("outputs=4 and verdict=closed")
    ('outputs = ? AND verdict = ?', (4, 'closed'))
    """
    conditions, values = [], []
    place = 0
    while True:
        match = _COMPARISON.match(text, place)
        if match is None:
            raise _error(text, place, "expected FIELD OP VALUE, such as outputs=4")
        condition, value = _comparison(text, match)
        conditions.append(condition)
        values.append(value)
        place = match.end()
        if place == len(text):
            return " AND ".join(conditions), tuple(values)
        joint = re.compile(r"and\b", re.IGNORECASE).match(text, place)
        if joint is None:
            raise _error(text, place, "expected 'and' or the end")
        place = joint.end()


def _comparison(text: str, match: re.Match[str]) -> tuple[str, Any]:
    name, operator, raw = match.groups()
    if name not in FIELDS:
        raise _error(text, match.start(1), f"expected a field, one of {', '.join(FIELDS)}")
    column = FIELDS[name]
    number, words = column.type is not str, column.words
    value = raw[1:-1] if raw[0] in "'\"" else raw
    if number:
        if operator == "~":
            raise _error(text, match.start(2), f"'{name}' is a number: expected = != < <= > >=")
        if not re.fullmatch(r"-?\d{1,18}", value):
            raise _error(text, match.start(3), f"'{name}' is a number")
        return f"{name} {_OPERATORS[operator]} ?", int(value)
    if words and value not in words:
        raise _error(text, match.start(3), f"'{name}' is one of {', '.join(words)}")
    if operator == "~" and column.contains:
        return f"instr({name}, ?) > 0", value
    if operator not in ("=", "!="):
        raise _error(text, match.start(2), f"'{name}' is compared with = or !=")
    return f"{name} {_OPERATORS[operator]} ?", value


def _error(text: str, place: int, words: str) -> InputError:
    return InputError(f"at character {place + 1} of {text!r}: {words}", "--where")
