"""The columns of ``patterns``: described as declared, and the table that was shipped before."""

from __future__ import annotations

import re
from pathlib import Path

from cadlink.database.columns import columns
from cadlink.database.queries import PatternDatabase
from cadlink.database.shipped import shipped_path

SCHEMA = Path(__file__).parents[2] / "cadlink" / "database" / "SCHEMA.md"


def test_the_description_is_the_declaration() -> None:
    section = SCHEMA.read_text(encoding="utf-8").split("**patterns**")[1].split("**problems**")[0]
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", section, flags=re.MULTILINE)
    assert rows == [(one.name, one.meaning) for one in columns()]


def test_the_shipped_table_is_the_declared_one() -> None:
    """Opening compares the tables; so does this, from the other side."""
    path = shipped_path()
    assert path is not None
    with PatternDatabase.open(path) as database:
        found = database.execute("PRAGMA table_info(patterns)")
    assert {row[1] for row in found} == {one.name for one in columns()}
