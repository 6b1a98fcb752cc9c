"""The database that comes with the package: complete, true, and asked first by every decision."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from cadlink import Decider, Pattern, Verdict, check, decide
from cadlink.backends.engine import Engine
from cadlink.census.enumeration import NormalForms, TwoFactorClasses
from cadlink.census.harvest import minimal_obstructions
from cadlink.database.queries import Entry, PatternDatabase
from cadlink.database.shipped import chosen_path, look_up, shipped_path
from cadlink.deciding import strategies
from cadlink.deciding.known_obstructions import known
from cadlink.errors import CacheWarning, InputError

SIZES = [(n, m) for n in range(1, 5) for m in range(n, 5)]


def the_file() -> Path:
    path = shipped_path()
    assert path is not None
    return path


@pytest.fixture
def database() -> Iterator[PatternDatabase]:
    with PatternDatabase.open(the_file()) as database:
        yield database


@pytest.fixture
def used(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for a user: the shipped database is used; there is no backend to fall back on."""
    monkeypatch.delenv("CADLINK_DATABASE")
    for name in ("QEPCAD", "REDLOG", "Z3"):
        monkeypatch.setenv(f"CADLINK_{name}", "off")


def searched(database: PatternDatabase) -> Entry:
    """A pattern whose proof took a search."""
    ((number,),) = database.execute("SELECT min(pattern) FROM pattern_problems")
    return database.entry(number)


# -- what is in it ---------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "m"), SIZES)
def test_every_class_is_there(n: int, m: int, database: PatternDatabase) -> None:
    for r in (1, 2, 3):
        size = f"layers=2 and outputs={n} and inputs={m} and hidden={r}"
        assert database.count(f"listed=1 and {size}") == TwoFactorClasses(n, m, r).count()


@pytest.mark.parametrize(("n", "m"), [size for size in SIZES if size[1] <= 3 and size[0] < 3])
def test_every_normal_form_is_there(n: int, m: int, database: PatternDatabase) -> None:
    size = f"normal=1 and outputs={n} and inputs={m}"
    assert database.count(size) == sum(1 for _ in NormalForms(n, m))


def test_up_to_3x3_everything_is_decided(database: PatternDatabase) -> None:
    """Whatever the number of hidden units: random patterns with up to nine."""
    assert database.count("inputs<=3 and verdict=unknown") == 0
    rng = np.random.default_rng(0)
    for _ in range(200):
        hidden = int(rng.integers(1, 10))
        keep = rng.uniform(0.2, 0.9)
        pattern = Pattern.of([rng.random((hidden, 3)) < keep, rng.random((3, hidden)) < keep])
        if pattern.support().nnz:
            found = database.find(pattern)
            assert found is not None
            assert found.verdict in ("closed", "not_closed")


def test_nearly_all_of_4x4_with_3_hidden_units_is_decided(database: PatternDatabase) -> None:
    size = "listed=1 and outputs=4 and inputs=4 and hidden=3"
    assert database.count(f"{size} and verdict=unknown") < 0.01 * database.count(size)


def test_a_sample_of_the_certificates(database: PatternDatabase) -> None:
    """``scripts/build_database.py`` checks them all."""
    entries = [entry for entry in database if entry.verdict != "unknown"]
    for entry in random.Random(0).sample(entries, 300):
        certificate = database.certificate(entry)
        assert certificate is not None
        found = check(certificate, entry.pattern)
        assert (found.verdict, found.assurance) == (entry.verdict, entry.assurance)


def test_the_known_obstructions_are_those_of_the_database(database: PatternDatabase) -> None:
    derived = minimal_obstructions(database)
    assert [one.to_json() for one in derived] == [one.to_json() for one in known()]


# -- how it is used --------------------------------------------------------------------------


def test_nothing_rests_on_the_word_of_a_backend(database: PatternDatabase) -> None:
    assert database.count("assurance=checked") == len(database)
    assert database.execute("SELECT count(*) FROM problems WHERE trusted = 1") == [(0,)]


def test_a_decision_needs_neither_search_nor_backend(
    used: None, database: PatternDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def settle(problem: object, desk: object) -> None:
        raise AssertionError(f"a search for {problem}")

    monkeypatch.setattr(strategies, "settle", settle)
    pattern = searched(database).pattern
    moved = pattern.permute([list(range(width))[::-1] for width in pattern.widths]).transpose()
    decision = decide(moved)
    assert decision.runs == ()
    assert check(decision.certificate, moved).assurance == "checked"


def test_larger_patterns_use_the_reduced_problems(used: None, database: PatternDatabase) -> None:
    """Two copies side by side: too large to be in the file, but their groups are."""
    layers = [layer.toarray() for layer in searched(database).pattern.layers]
    twice = Pattern.of([np.kron(np.eye(2), layer) for layer in layers])
    assert look_up(twice) is None
    decision = decide(twice)
    assert decision.verdict.value == searched(database).verdict
    assert check(decision.certificate, twice).verdict == decision.verdict.value


def test_the_environment_names_another_one(
    used: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: PatternDatabase
) -> None:
    pattern = searched(database).pattern
    assert chosen_path() == shipped_path()
    monkeypatch.setenv("CADLINK_DATABASE", "off")
    assert look_up(pattern) is None
    monkeypatch.setenv("CADLINK_DATABASE", str(tmp_path / "none"))
    with pytest.raises(InputError, match="no such file"):
        decide(pattern)
    shutil.copy(the_file(), tmp_path / "mine")
    monkeypatch.setenv("CADLINK_DATABASE", str(tmp_path / "mine"))
    assert decide(pattern).verdict is not Verdict.UNKNOWN


def test_a_damaged_or_lying_file_decides_nothing(
    used: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database: PatternDatabase
) -> None:
    """Broken proofs cost a warning, wrong ones nothing; the verdict is never taken from a row."""
    bad = tmp_path / "bad"
    shutil.copy(the_file(), bad)
    lu, dense = Pattern.of(["11/01", "10/11"]), Pattern.of(["11/11", "11/11"])
    connection = sqlite3.connect(bad)
    forms = {name: database.find(p).form for name, p in (("lu", lu), ("dense", dense))}  # type: ignore[union-attr]
    swap = "UPDATE patterns SET proof = (SELECT proof FROM patterns WHERE form = ?) WHERE form = ?"
    connection.execute(swap, (forms["dense"], forms["lu"]))
    connection.execute(
        "UPDATE patterns SET verdict = 'closed', proof = x'00' WHERE form = ?", (forms["dense"],)
    )
    connection.execute("UPDATE patterns SET verdict = 'closed' WHERE form = ?", (forms["lu"],))
    connection.commit()
    connection.close()
    monkeypatch.setenv("CADLINK_DATABASE", str(bad))
    assert decide(lu).verdict is Verdict.NOT_CLOSED
    with pytest.warns(CacheWarning, match="damaged"):
        assert decide(dense).verdict is Verdict.CLOSED
    bad.write_bytes(bad.read_bytes()[:5000])
    with pytest.warns(CacheWarning, match="damaged"):
        assert decide(lu).verdict is Verdict.NOT_CLOSED


def test_the_command(used: None, tmp_path: Path, database: PatternDatabase) -> None:
    form = searched(database).form

    def status(*arguments: str) -> int:
        command = [sys.executable, "-m", "cadlink", "decide", form, "--no-cache", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.stderr.count("\n") <= 1
        return done.returncode

    assert status() == 0
    assert status("--database", str(the_file())) == 0
    assert status("--database", "shipped") == 0
    assert status("--database", "off", "--limit", "0.000001") == 3
    assert status("--database", str(tmp_path / "none")) == 1


def test_deciders_of_several_threads(used: None, database: PatternDatabase) -> None:
    from concurrent.futures import ThreadPoolExecutor

    patterns = [entry.pattern for entry in database.select("hidden=2 and listed=1 and outputs=3")]
    assert len(patterns) > 50

    def verdict(pattern: Pattern) -> str:
        with Decider(Engine(cache=None)) as decider:
            return decider.decide(pattern).verdict.value

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(verdict, patterns))
    assert found == [database.find(pattern).verdict for pattern in patterns]  # type: ignore[union-attr]
