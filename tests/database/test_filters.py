"""Filters: what they let through, and that nothing of them reaches SQLite but values."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cadlink.database.filters import FIELDS, parse_filter
from cadlink.errors import InputError


def test_conditions() -> None:
    assert parse_filter("outputs = 4 AND verdict!=closed") == (
        "outputs = ? AND verdict IS NOT ?",
        (4, "closed"),
    )
    assert parse_filter("method~'good_pairs'") == ("instr(method, ?) > 0", ("good_pairs",))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected FIELD OP VALUE"),
        ("outputs=four", "is a number"),
        ("proof=1", "expected a field"),
        ("verdict=open", "is one of"),
        ("verdict<closed", "compared with = or !="),
        ("outputs~3", "is a number"),
        ("outputs=3 or 1=1", "expected 'and'"),
        ("outputs=3; DROP TABLE patterns", "expected 'and'"),
        ("verdict=closed' OR '1'='1", "expected 'and'"),
        ("outputs=3 and", "expected FIELD"),
    ],
)
def test_what_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        parse_filter(text)


@given(st.text(max_size=60))
def test_only_our_own_words_reach_sqlite(text: str) -> None:
    try:
        condition, values = parse_filter(text)
    except InputError:
        return
    columns = "|".join(FIELDS)
    one = rf"(({columns}) (=|IS NOT|<|<=|>|>=) \?|instr\(({columns}), \?\) > 0)"
    assert re.fullmatch(rf"{one}( AND {one})*", condition)
    assert condition.count("?") == len(values)
