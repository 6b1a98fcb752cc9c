"""Counts by size, for tables and pages."""

from __future__ import annotations

from dataclasses import dataclass

from cadlink.database.filters import parse_filter
from cadlink.database.queries import PatternDatabase

__all__ = ["Row", "densities", "totals", "unknowns", "unproved"]


@dataclass(frozen=True)
class Row:
    """One line of a table; ``checked`` and ``minimal`` count decided patterns."""

    label: str
    number: int
    closed: int
    not_closed: int
    unknown: int
    checked: int
    minimal: int


_SUMS = """count(*), sum(verdict = 'closed'), sum(verdict = 'not_closed'),
    sum(verdict = 'unknown'), sum(assurance = 'checked'), coalesce(sum(minimal = 1), 0)"""


def totals(database: PatternDatabase, where: str = "") -> list[Row]:
    """One line for every size, for the classifications by normal forms, and the whole."""
    condition, values = parse_filter(where) if where else ("1", ())
    rows: list[Row] = []
    listed = database.execute(
        f"""SELECT layers, outputs, inputs, hidden, {_SUMS} FROM patterns
            WHERE {condition} AND listed = 1 GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4""",
        values,
    )
    for layers, outputs, inputs, hidden, *counts in listed:
        shape = f"{outputs} x {inputs}, {hidden} hidden"
        rows.append(Row(shape if layers == 2 else f"{shape}, {layers} layers", *counts))
    listed = database.execute(
        f"""SELECT outputs, inputs, {_SUMS} FROM patterns
            WHERE {condition} AND normal = 1 GROUP BY 1, 2 ORDER BY 1, 2""",
        values,
    )
    for outputs, inputs, *counts in listed:
        rows.append(Row(f"{outputs} x {inputs}, normal forms", *counts))
    whole = database.execute(f"SELECT {_SUMS} FROM patterns WHERE {condition}", values)[0]
    rows.append(Row("all", *(int(value or 0) for value in whole)))
    return rows


def unknowns(database: PatternDatabase) -> list[tuple[str, int]]:
    """Why reduced problems are unknown, and how many."""
    found = database.execute(
        "SELECT reason, count(*) FROM problems WHERE conclusion IS NULL GROUP BY 1 ORDER BY 2 DESC"
    )
    return [(str(reason), int(number)) for reason, number in found]


def unproved(database: PatternDatabase) -> int:
    """How many patterns have a verdict and no proof, which no build writes."""
    select = "SELECT count(*) FROM patterns WHERE verdict IS NOT 'unknown' AND proof IS NULL"
    return int(database.execute(select)[0][0])


def densities(database: PatternDatabase) -> list[tuple[int, int, int, int, int, int]]:
    """(outputs, inputs, hidden, edges, decided, not closed) of the two-factor patterns."""
    return [
        (row[0], row[1], row[2], row[3], row[4], row[5])
        for row in database.execute(
            """SELECT outputs, inputs, hidden, nonzeros, sum(verdict != 'unknown'),
               sum(verdict = 'not_closed') FROM patterns WHERE layers = 2 AND listed = 1
               GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
        )
    ]
