"""The rows of a database as CSV, JSON lines or Parquet; all or nothing reaches the target."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TextIO

from cadlink.database.columns import COLUMNS, Entry, columns
from cadlink.database.filters import parse_filter
from cadlink.database.queries import PatternDatabase
from cadlink.errors import InputError
from cadlink.files import replacing

__all__ = ["FORMATS", "export"]

ROWS = 50_000  # rows of a Parquet row group


def export(
    database: PatternDatabase,
    target: str,
    format_: str | None = None,
    where: str = "",
    certificates: bool = False,
) -> int:
    """Write the rows that pass a filter to a file, or to standard output for '-'; their number.

    The format is one of FORMATS; by default what the file's name ends in, or else CSV.
    ``certificates``: JSON lines get a member ``certificate``, null for unknown patterns.  Raises
    InputError for Parquet without pyarrow or to a terminal, and for certificates elsewhere.
    """
    if format_ is None:
        ending = Path(target).suffix.lower().removeprefix(".")
        format_ = ending if ending in FORMATS else "csv"
    if certificates and format_ != "jsonl":
        raise InputError(f"not in {format_}; expected --format jsonl", "--certificates")
    if where:
        parse_filter(where)  # what is wrong with it is said before anything is written
    entries = database.select(where)
    if format_ == "parquet":
        return _parquet(entries, target)

    def write(file: TextIO) -> int:
        if format_ == "csv":
            return _csv(entries, file)
        return _lines(entries, file, database if certificates else None)

    if target == "-":
        return write(sys.stdout)
    with (
        replacing(Path(target), "--output") as name,
        open(name, "w", encoding="utf-8", newline="") as file,
    ):
        return write(file)


def _csv(entries: Iterable[Entry], file: TextIO) -> int:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    count = 0
    for entry in entries:
        row = entry.to_json()
        values = [row[name] for name in COLUMNS]
        writer.writerow([int(v) if isinstance(v, bool) else v for v in values])
        count += 1
    return count


def _lines(entries: Iterable[Entry], file: TextIO, proofs: PatternDatabase | None) -> int:
    count = 0
    for entry in entries:
        row = entry.to_json()
        if proofs is not None:
            found = proofs.certificate(entry)
            row["certificate"] = None if found is None else found.to_json()
        file.write(json.dumps(row) + "\n")
        count += 1
    return count


def _parquet(entries: Iterable[Entry], target: str) -> int:
    if target == "-":
        raise InputError("a Parquet file is not written to standard output; give --output FILE")
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise InputError("Parquet needs pyarrow: pip install 'cadlink[parquet]'") from error
    kinds = {int: pyarrow.int64(), bool: pyarrow.bool_(), str: pyarrow.string()}
    schema = pyarrow.schema((one.name, kinds[one.type]) for one in columns(Entry))
    count = 0
    rows = iter(entries)
    with (
        replacing(Path(target), "--output") as name,
        pyarrow.parquet.ParquetWriter(name, schema) as writer,
    ):
        while part := [entry.to_json() for entry in islice(rows, ROWS)]:
            writer.write_table(pyarrow.Table.from_pylist(part, schema=schema))
            count += len(part)
    return count


FORMATS: tuple[str, ...] = ("csv", "jsonl", "parquet")
