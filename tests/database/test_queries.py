"""Looking up, filtering, exporting, showing: by Python and by the command."""

from __future__ import annotations

import csv
import json
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cadlink import Decider, Pattern, Verdict, check
from cadlink.census.build import build
from cadlink.census.pool import Crew
from cadlink.census.tasks import Spec
from cadlink.cli.main import main
from cadlink.database.columns import COLUMNS
from cadlink.database.queries import PatternDatabase
from cadlink.deciding.decision import Limits
from cadlink.errors import InputError

LISTS = [
    *(Spec("two", (2, m, r)) for m in (2, 3) for r in (1, 2)),
    Spec("two", (3, 3, 2)),
    Spec("three", (2, 2, 2, 2)),
    *(Spec("any", (n, m)) for n, m in ((1, 1), (1, 2), (2, 2), (2, 3))),
]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("db") / "db.sqlite"
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    build(path, LISTS, crew, Limits(20))
    crew.close()
    return path


@pytest.fixture
def database(path: Path) -> Iterator[PatternDatabase]:
    with PatternDatabase.open(path) as database:
        yield database


def test_any_isomorphic_pattern_is_found(database: PatternDatabase) -> None:
    rng = np.random.default_rng(0)
    for entry in database:
        pattern = entry.pattern
        moved = pattern.permute([rng.permutation(width) for width in pattern.widths])
        assert database.find(moved) == entry
        assert database.find(moved.transpose()) == entry


def test_any_number_of_hidden_units(database: PatternDatabase) -> None:
    """2 x 3 patterns with many hidden units, by their normal forms, against decisions."""
    rng = np.random.default_rng(3)
    with Decider() as decider:
        for _ in range(15):
            pattern = Pattern.of([rng.random((7, 3)) < 0.45, rng.random((2, 7)) < 0.45])
            entry = database.find(pattern)
            assert entry is not None
            assert entry.verdict == decider.decide(pattern).verdict.value
    assert database.find(Pattern.of(["11111", "1"])) is None


def test_certificates_are_whole(database: PatternDatabase) -> None:
    checked = 0
    for entry in database:
        certificate = database.certificate(entry)
        assert certificate is not None
        found = check(certificate, entry.pattern)
        assert (found.verdict, found.assurance) == (entry.verdict, entry.assurance)
        checked += 1
    assert checked == len(database)


def test_a_decision_looks_things_up(database: PatternDatabase) -> None:
    asked = []

    def lookup(problem: object) -> object:
        found = database.lookup(problem)  # type: ignore[arg-type]
        asked.append(found)
        return found

    lu = Pattern.of(["0011/0001", "00/10/11"])  # with idle units and renumbered
    with Decider(lookup=lookup) as decider:  # type: ignore[arg-type]
        decision = decider.decide(lu)
        assert decision.verdict is Verdict.NOT_CLOSED
        assert asked[0] is not None
        assert check(decision.certificate, lu).verdict == "not_closed"
        assert decider.decide(Pattern.of([["1" * 20] * 2, ["11"]])).verdict is Verdict.CLOSED


def test_filters(database: PatternDatabase) -> None:
    everything = list(database)
    assert [e.id for e in everything] == sorted(e.id for e in everything)
    expected = [e for e in everything if e.outputs == 3 and e.verdict != "closed"]
    assert list(database.select("outputs=3 and verdict!=closed")) == expected
    assert database.count("minimal=1") == sum(e.minimal is True for e in everything)
    assert database.count("method~unique_cut") == sum("unique_cut" in e.method for e in everything)
    assert len(list(database.select(limit=3))) == 3


def test_tables(database: PatternDatabase) -> None:
    frame = database.to_pandas("layers=2")
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == database.count("layers=2")


def test_the_shipped_one_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "query", "shipped", "lu:3"]) == 0
    assert capsys.readouterr().out.startswith("not_closed (checked)")
    assert main(["db", "build", "shipped", "--outer", "2x2"]) == 1
    assert "choose another name" in capsys.readouterr().err


def test_damaged_proofs_are_one_line(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad"
    bad.write_bytes(path.read_bytes())
    connection = sqlite3.connect(bad)
    connection.execute("UPDATE patterns SET proof = x'00' WHERE id = 3")
    connection.commit()
    connection.close()
    for arguments in (["show", str(bad), "3"], ["export", str(bad), "--format", "jsonl"]):
        extra = ["--certificates"] if arguments[0] == "export" else []
        assert main(["db", *arguments, *extra]) == (5 if arguments[0] == "show" else 1)
        error = capsys.readouterr().err
        assert "damaged" in error
        assert error.count("\n") == 1
    assert main(["db", "export", str(bad), "--where", "nonsense"]) == 1
    assert capsys.readouterr().out == ""


def test_no_such_row(database: PatternDatabase) -> None:
    with pytest.raises(InputError, match="no pattern with id 0"):
        database.entry(0)


def test_many_rows_stay_fast(tmp_path: Path, path: Path) -> None:
    """A look-up and a count by size among 100000 made up rows."""
    big = tmp_path / "big"
    big.write_bytes(path.read_bytes())
    connection = sqlite3.connect(big)
    columns = [row[1] for row in connection.execute("PRAGMA table_info(patterns)")][2:]
    names = ", ".join(columns)
    connection.execute(
        f"""WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
            INSERT INTO patterns (form, {names})
            SELECT 'made up ' || i, {names} FROM n, patterns WHERE patterns.id = 1"""
    )
    connection.commit()
    connection.close()
    pattern = Pattern.of(["11/01", "10/11"])
    with PatternDatabase.open(big) as database:
        assert len(database) > 100_000
        times = []
        for _ in range(30):
            start = time.perf_counter()
            assert database.find(pattern) is not None
            times.append(time.perf_counter() - start)
        assert sorted(times)[15] < 0.002
        start = time.perf_counter()
        assert database.count("layers=2 and listed=1 and outputs=3 and inputs=3") == 21
        assert time.perf_counter() - start < 1


# -- the command -----------------------------------------------------------------------------


def test_query(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "query", str(path), "lu:2", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["verdict"], found["minimal"]) == ("not_closed", True)
    assert main(["db", "query", str(path), "--where", "minimal=1"]) == 0
    assert "minimal" in capsys.readouterr().out
    assert main(["db", "query", str(path), "dense:5-5-5"]) == 3
    assert "not in this database" in capsys.readouterr().err
    assert main(["db", "query", str(path), "--where", "x=1"]) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_show_stats_check(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with PatternDatabase.open(path) as database:
        entry = next(database.select("verdict=not_closed"))
    assert main(["db", "show", str(path), str(entry.id)]) == 0
    out = capsys.readouterr().out
    assert "not_closed" in out
    assert "[unique_cut]" in out
    assert main(["db", "stats", str(path)]) == 0
    assert "2 x 3, normal forms" in capsys.readouterr().out
    assert main(["db", "check", str(path), "--workers", "1"]) == 0
    assert "0 complaints" in capsys.readouterr().out


def test_export(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import pyarrow.parquet

    with PatternDatabase.open(path) as database:
        rows = [entry.to_json() for entry in database]
    assert main(["db", "export", str(path), "--format", "jsonl"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == rows
    assert main(["db", "export", str(path), "--format", "jsonl", "--certificates"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [check(line.pop("certificate")).verdict for line in lines] == [
        r["verdict"] for r in rows
    ]
    assert lines == rows
    assert main(["db", "export", str(path), "--certificates"]) == 1
    assert "--format jsonl" in capsys.readouterr().err
    target = tmp_path / "rows.csv"
    assert main(["db", "export", str(path), "--output", str(target)]) == 0
    with target.open(newline="") as file:
        assert [row["form"] for row in csv.DictReader(file)] == [row["form"] for row in rows]
    target = tmp_path / "rows.parquet"
    assert main(["db", "export", str(path), "--output", str(target)]) == 0
    assert pyarrow.parquet.read_table(target).to_pylist() == rows
    assert main(["db", "export", str(path), "--output", str(tmp_path / "no" / "rows")]) == 1


def test_a_device_is_not_replaced(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "export", str(path), "--output", "/dev/null"]) == 1
    assert "not a regular file" in capsys.readouterr().err
    assert Path("/dev/null").is_char_device()


def test_dry_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "db"
    sizes = ["--outer", "4x4", "--hidden", "4"]
    assert main(["db", "build", str(target), *sizes, "--dry-run"]) == 0
    assert "4 x 4, 4 hidden: 120222 patterns" in capsys.readouterr().out
    assert not target.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--outer", "9x9", "--hidden", "2"], "up to 5 x 5"),
        (["--outer", "4x4"], "up to 3 x 3"),
        (["--outer", "4"], "two sizes"),
        (["--outer", "2x2", "--hidden", "3-1"], "numbers from 1"),
        ([], "expected sizes"),
    ],
)
def test_sizes_out_of_range(
    arguments: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["db", "build", str(tmp_path / "db"), *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "db").exists()
