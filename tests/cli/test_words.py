"""Nothing a proof may say is without words, and nothing has words that no proof says."""

from __future__ import annotations

import re
from pathlib import Path

from cadlink.cli import words

SCHEMA = Path(__file__).resolve().parents[2] / "cadlink" / "certificates" / "SCHEMA.md"


def first_columns(title: str) -> set[str]:
    """The names in the first column of the table below a title."""
    section = SCHEMA.read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    return set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))


def test_every_rule_has_words() -> None:
    titles = ("Steps on chains and groups alike", "Steps on chains", "Steps on groups")
    assert words.RULES.keys() == set().union(*map(first_columns, titles))


def test_every_method_of_claims_has_words() -> None:
    assert words.METHODS.keys() == first_columns("Claims of backends")
