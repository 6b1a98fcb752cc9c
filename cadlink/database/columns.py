"""The columns of the table ``patterns``, declared once: the fields of :class:`Entry`.

A field's annotation is the column's type, with None for a column that may be NULL; the rest is said
by :func:`column`.  The table's DDL, filters, tables for other programs, the help of the command and
the description in SCHEMA.md (a test compares them) follow.  To add a column, add a field with
``since`` one more than the last schema version: files of older versions get it when they are opened
for writing, so it may be NULL.
"""

from __future__ import annotations

import types
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, get_args, get_type_hints

from cadlink.database.forms import parse
from cadlink.errors import InputError
from cadlink.patterns.pattern import Pattern

__all__ = ["COLUMNS", "Column", "Entry", "columns", "create_table"]


def column(
    meaning: str,
    words: tuple[str, ...] = (),
    filtered: bool = True,
    contains: bool = False,
    sql: str = "",
    since: int = 1,
) -> Any:
    """A field that is a column.

    ``words``: what a text may be.  ``filtered``: whether filters may name it; ``contains``: also
    with the operator ~.  ``sql``: more of its DDL.  ``since``: the first schema version with it.
    """
    told = Column("", str, False, meaning, words, filtered, contains, sql, since)
    return field(metadata={"column": told})


@dataclass(frozen=True)
class Column:
    """One column: its name, ``int``, ``bool``, ``str`` or ``bytes``, and see :func:`column`."""

    name: str
    type: type
    nullable: bool
    meaning: str
    words: tuple[str, ...]
    filtered: bool
    contains: bool
    sql: str
    since: int

    @property
    def ddl(self) -> str:
        """Its part of CREATE TABLE."""
        kinds: dict[type, str] = {str: "TEXT", bytes: "BLOB"}
        parts = [self.name, kinds.get(self.type, "INTEGER")]
        if not self.nullable and "PRIMARY KEY" not in self.sql:
            parts.append("NOT NULL")
        if self.words:
            parts.append(f"CHECK ({self.name} IN ({', '.join(map(repr, self.words))}))")
        return " ".join([*parts, self.sql]).rstrip()


@dataclass(frozen=True)
class Entry:
    """One row: a canonical pattern and what is known about it.  Its fields are the columns."""

    id: int = column("number, in the order of the enumeration", sql="PRIMARY KEY")
    form: str = column(
        "the canonical pattern, as typed on a command line (`11/01;10/11`); unique",
        filtered=False,
        sql="UNIQUE",
    )
    layers: int = column("factors")
    outputs: int = column("units of the last layer")
    inputs: int = column("units of the first layer")
    hidden: int = column("units of all layers between")
    nonzeros: int = column("edges")
    listed: bool = column("1 if it belongs to a list of all patterns with these sizes")
    normal: bool = column("1 if it stands for all patterns with this normal form (`normal.py`)")
    verdict: str = column(
        "as in `cadlink decide --json`", words=("closed", "not_closed", "unknown")
    )
    assurance: str = column("as in `cadlink decide --json`", words=("checked", "trusted", "none"))
    reason: str = column("why it is unknown, as in `cadlink decide --json`", contains=True)
    method: str = column("the rules at the leaves of the proof", contains=True)
    minimal: bool | None = column(
        "1: not closed, every proper restriction closed (a *minimal obstruction*); 0: no such;"
        " NULL: not known"
    )

    @property
    def pattern(self) -> Pattern:
        """The canonical pattern.  Raises InputError if the form is none: the file is damaged."""
        found = parse(self.form)
        if not isinstance(found, Pattern):
            raise InputError(f"{self.form} is no pattern", f"row {self.id}")
        return found

    def to_json(self) -> dict[str, Any]:
        """The row as JSON values."""
        return {name: getattr(self, name) for name in COLUMNS}


@dataclass(frozen=True)
class _Written(Entry):
    """What else a row holds."""

    proof: bytes | None = column(
        "packed STEP of `cadlink/certificates/SCHEMA.md` about the canonical pattern; NULL if"
        ' unknown. A step `{"rule": "stored", "data": {"problem": FORM}, "parts": []}` stands for'
        " the proof of that row of `problems`"
    )
    session: int = column("the run that wrote it", sql="REFERENCES sessions (id)")
    digest: bytes = column("SHA-256 of form, verdict, assurance, reason, method and proof")


def columns(table: type = _Written) -> tuple[Column, ...]:
    """The columns that the fields of a class are; by default all of ``patterns``."""
    hints = get_type_hints(table)

    def made() -> Iterator[Column]:
        for one in fields(table):
            told: Column = one.metadata["column"]
            hint = hints[one.name]
            kinds = get_args(hint) or (hint,)
            nullable = types.NoneType in kinds
            yield Column(one.name, kinds[0], nullable, *tuple(vars(told).values())[3:])

    return tuple(made())


COLUMNS = tuple(one.name for one in columns(Entry))  # their names


def create_table(version: int) -> list[str]:
    """The statements that bring ``patterns`` from the schema version before to this one."""
    fresh = [one.ddl for one in columns() if one.since == version]
    if version > 1:
        return [f"ALTER TABLE patterns ADD COLUMN {ddl}" for ddl in fresh]
    fresh.append("CHECK ((verdict = 'unknown') = (proof IS NULL))")
    return [f"CREATE TABLE patterns ({', '.join(fresh)})"]
