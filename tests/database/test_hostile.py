"""Files made to deceive or to hang: a row is worth its proof, and reading any file ends."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from cadlink import Assurance, Decider, Limits, Pattern, Verdict, decide
from cadlink.census.audit import check
from cadlink.census.build import build
from cadlink.census.pool import Crew
from cadlink.census.tasks import Spec
from cadlink.certificates.data import Proof
from cadlink.cli.main import main
from cadlink.database.forms import form_of, standard
from cadlink.database.queries import PatternDatabase
from cadlink.database.schema import VERSION
from cadlink.database.store import pack, row_digest
from cadlink.deciding import strategies
from cadlink.errors import CacheWarning, InputError
from cadlink.patterns.group import Group
from cadlink.rules import pipeline
from cadlink.rules.pipeline import open_leaves, reduce

DENSE, LU = Pattern.of(["11/11", "11/11"]), Pattern.of(["11/01", "10/11"])
# An answer z3 never gave.
LIE = Proof(
    "claims",
    {
        "method": "sentence",
        "claims": [
            {
                "statement": "not_closed",
                "answers": [
                    {"backend": "z3", "version": "4", "answer": "true", "transcript": "0" * 64}
                ],
            }
        ],
    },
)


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    yield crew
    crew.close()


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("db") / "honest"
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    build(path, [Spec("two", (2, m, 2)) for m in (2, 3)], crew, Limits(20))
    crew.close()
    return path


@pytest.fixture
def crafted(honest: Path, tmp_path: Path) -> Callable[..., Path]:
    """A copy of an honest file in which some SQL was run, with no constraint in the way."""

    def make(*statements: str, values: tuple[object, ...] = ()) -> Path:
        path = tmp_path / "crafted"
        path.write_bytes(honest.read_bytes())
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for statement in statements:
                connection.execute(statement, values)
            connection.commit()
        return path

    return make


def lying(crafted: Callable[..., Path], pattern: Pattern) -> Path:
    """A file that says, on the word of z3, that this pattern is not closed; in itself sound."""
    form = form_of(pattern)
    texts = (form, "not_closed", "trusted", "", "claims")
    return crafted(
        "UPDATE patterns SET verdict = 'not_closed', assurance = 'trusted', method = 'claims',"
        " proof = ?1, digest = ?2, minimal = NULL WHERE form = ?3",
        values=(pack(LIE), row_digest(texts, pack(LIE)), form),
    )


# -- a row is worth its proof ----------------------------------------------------------------


def without_proof(crafted: Callable[..., Path]) -> Path:
    form = form_of(LU)
    return crafted(
        "UPDATE patterns SET verdict = 'closed', assurance = 'checked', reason = '', method = '',"
        " proof = NULL, digest = ?1, minimal = 0 WHERE form = ?2",
        values=(row_digest((form, "closed", "checked", "", ""), None), form),
    )


def test_check_asks_for_a_proof(
    crafted: Callable[..., Path], crew: Crew, capsys: pytest.CaptureFixture[str]
) -> None:
    path = without_proof(crafted)
    assert (
        f"{form_of(LU)}: the row says closed, checked, but there is no proof"
        in check(path, crew)[1]
    )
    assert main(["db", "check", str(path), "--workers", "1"]) == 5
    assert "but there is no proof" in capsys.readouterr().out


def test_query_repeats_nothing_unproved(
    crafted: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = without_proof(crafted)
    assert main(["db", "query", str(path), "lu:2"]) == 5
    out, err = capsys.readouterr()
    assert out == ""
    assert "there is no proof" in err
    assert main(["db", "query", str(path), "--where", "outputs=2", "--json"]) == 5
    out, err = capsys.readouterr()
    rows = {row["form"]: row for row in map(json.loads, out.splitlines())}
    said = rows[form_of(LU)]
    assert [said[name] for name in ("verdict", "assurance", "reason", "minimal")] == [
        "unknown",
        "none",
        "rejected",
        None,
    ]
    assert rows[form_of(DENSE)]["verdict"] == "closed"
    assert err.startswith("cadlink: 1 rows say more than their proofs show")
    for arguments in (["stats"], ["export", "--format", "csv"]):
        assert main(["db", arguments[0], str(path), *arguments[1:]]) == 0
        assert "1 rows have a verdict and no proof" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE patterns SET outputs = 7 WHERE form = ?1", "gives the sizes (2, 7, 2, 2, 6)"),
        ("UPDATE patterns SET minimal = 0 WHERE form = ?1", "minimal is 0 in the row, but it is"),
        ("UPDATE patterns SET minimal = NULL, form = '01/11;11/10' WHERE form = ?1", "canonical"),
        ("UPDATE patterns SET assurance = 'none' WHERE form = ?1", "contradicts itself"),
        ("UPDATE patterns SET form = '##/#.' WHERE form = ?1", "the row says it is a pattern"),
        ("UPDATE patterns SET form = 'x' WHERE form = ?1", "Error"),
        ("UPDATE patterns SET proof = x'00' WHERE form = ?1", "damaged"),
    ],
)
def test_check_compares_every_column(
    change: str, words: str, crafted: Callable[..., Path], crew: Crew
) -> None:
    path = crafted(change, values=(form_of(LU),))
    assert any(words in line for line in check(path, crew)[1])


def test_a_pattern_called_minimal_that_is_not(crafted: Callable[..., Path], crew: Crew) -> None:
    """LU with one more input: leaving that out leaves LU."""
    path = crafted("UPDATE patterns SET minimal = 1 WHERE minimal = 0 AND verdict = 'not_closed'")
    lines = check(path, crew)[1]
    assert lines
    assert all("minimal is 1 in the row, but it is not" in line for line in lines)


def test_a_word_does_not_come_before_the_rules(crafted: Callable[..., Path], crew: Crew) -> None:
    path = lying(crafted, DENSE)
    assert check(path, crew)[1] == []  # nothing in the file contradicts it
    with PatternDatabase.open(path) as database:
        assert database.lookup(DENSE) is not None
        decision = decide(DENSE, lookup=database.lookup)
    assert (decision.verdict, decision.assurance) == (Verdict.CLOSED, Assurance.CHECKED)
    assert decision.source == ""


def test_a_word_about_a_group_comes_after_the_rules(crafted: Callable[..., Path]) -> None:
    """The lie is about the group that two dense layers become."""
    group = Group.of_blocks([({0, 1}, {0, 1})] * 2)
    path = crafted(
        "INSERT INTO problems SELECT 1, ?1, 'group', 'not_closed', 1, '', '', 'claims', 1.0, ?2,"
        " 1, ?3",
        values=(
            standard(group).form,
            pack(LIE),
            row_digest((standard(group).form, "not_closed", "1", "", "claims"), pack(LIE)),
        ),
    )
    with PatternDatabase.open(path) as database, Decider(lookup=database.lookup) as decider:
        assert database.lookup(group) is not None
        assert decider.settle(group).conclusion == "free"


def test_a_word_where_the_rules_are_silent_names_its_file(
    crafted: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without rules and sections, a group is open; the file's word is taken, and said to be the
    file's."""
    for name in ("QEPCAD", "REDLOG", "Z3"):
        monkeypatch.setenv(f"CADLINK_{name}", "off")
    monkeypatch.setattr(pipeline, "GROUP_RULES", ())
    monkeypatch.setattr(strategies, "by_sections", lambda problem, desk: None)
    group = Group.of_blocks([({0, 1}, {0, 1, 2}), ({1, 2}, {0, 1, 2})])
    form = standard(group).form
    values = (form, pack(LIE), row_digest((form, "not_closed", "1", "", "claims"), pack(LIE)))
    path = crafted(
        "INSERT INTO problems SELECT 1, ?1, 'group', 'not_closed', 1, '', '', 'claims', 1.0, ?2,"
        " 1, ?3",
        values=values,
    )
    with PatternDatabase.open(path) as database, Decider(lookup=database.lookup) as decider:
        settled = decider.settle(group, Limits(20))
        assert settled.holes
        assert settled.source == str(path)
        again = decider.settle(group.transpose(), Limits(20))  # remembered, with its source
        assert again.source == str(path)
        assert decider.settle(Group.of([{(0, 0), (0, 1), (1, 0)}]), Limits(2)).source == ""


def test_the_command_names_the_file(
    crafted: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without rules for groups and sections, in a file that has the problem on somebody's word."""
    for name in ("QEPCAD", "REDLOG", "Z3"):
        monkeypatch.setenv(f"CADLINK_{name}", "off")
    monkeypatch.setattr(pipeline, "GROUP_RULES", ())
    monkeypatch.setattr(strategies, "by_sections", lambda problem, desk: None)
    pattern = "110/101/111;111/101/011"
    (leaf,) = open_leaves(reduce(Pattern.of([m.split("/") for m in pattern.split(";")])))
    form = standard(leaf.problem).form
    path = crafted(
        "INSERT INTO problems SELECT 1, ?1, 'group', 'not_closed', 1, '', '', 'claims', 1.0, ?2,"
        " 1, ?3",
        values=(form, pack(LIE), row_digest((form, "not_closed", "1", "", "claims"), pack(LIE))),
    )
    arguments = ["decide", pattern, "--database", str(path), "--no-cache", "--limit", "20"]
    assert main(arguments) == 0
    assert f"the word of z3, as written in {path}" in " ".join(capsys.readouterr().out.split())
    assert main([*arguments, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["source"] == str(path)


# -- reading ends ----------------------------------------------------------------------------

ENDLESS = (
    "ALTER TABLE builds RENAME TO hidden",
    "CREATE VIEW builds AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
    " SELECT i AS id, '[\"two\",[2,2,2]]' AS task, '' AS label, 0 AS done, 0 AS patterns,"
    " 0 AS finished FROM n",
)


def test_views_are_not_read(
    crafted: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = crafted(*ENDLESS)
    start = time.monotonic()
    assert main(["decide", "lu:2", "--database", str(path), "--limit", "5"]) == 1
    assert time.monotonic() - start < 5
    assert "not a cadlink pattern database: other tables than ours" in capsys.readouterr().err


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON patterns BEGIN SELECT 1; END",
        "CREATE VIRTUAL TABLE v USING fts5(x)",
        "CREATE TABLE more (x)",
        "ALTER TABLE patterns ADD COLUMN more TEXT AS (form || form)",
        "ALTER TABLE patterns RENAME COLUMN proof TO poof",
    ],
)
def test_nothing_but_our_tables(statement: str, crafted: Callable[..., Path], crew: Crew) -> None:
    path = crafted(statement)
    with pytest.raises(InputError, match="other tables than ours"):
        PatternDatabase.open(path)
    with pytest.raises(InputError, match="other tables than ours"):
        build(path, [Spec("two", (1, 1, 1))], crew)


def test_a_statement_that_does_not_end_is_interrupted(honest: Path) -> None:
    """As if a page of the file led back to itself: the rows of ``builds`` go on for ever."""
    with PatternDatabase.open(honest) as database:
        database._db.execute("CREATE TEMP VIEW builds AS" + ENDLESS[1].split(" AS", 1)[1])
        start = time.monotonic()
        with pytest.warns(CacheWarning, match="nothing more is looked up"):
            assert database.lookup(LU) is None
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert database.lookup(DENSE) is None
        assert time.monotonic() - start < 3


def test_damaged_schemas(honest: Path, tmp_path: Path) -> None:
    """Every byte of the first page's schema in turn: an error in words, or a file that opens."""
    data = honest.read_bytes()
    path = tmp_path / "damaged"
    refusals = []
    for place in range(0, 4096, 7):
        path.write_bytes(data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :])
        try:
            with PatternDatabase.open(path) as database:
                database.lookup(Pattern.of([["1" * 60] * 2, ["11"]]))
        except InputError as error:
            refusals.append(str(error))
    assert len(refusals) > 100
    assert not any("\n" in words for words in refusals)


# -- what is no file of ours -----------------------------------------------------------------


def test_special_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    for name in ("/dev/null", "/dev/zero", str(fifo), str(tmp_path)):
        for command in (
            ["decide", "lu:2", "--database", name],
            ["db", "stats", name],
            ["db", "check", name, "--workers", "1"],
            ["db", "build", name, "--outer", "1x1", "--workers", "1"],
        ):
            assert main(command) == 1
            out, err = capsys.readouterr()
            assert out == ""
            assert f"database {name}: not a regular file" in err
            assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("/dev/null", "not a regular file"),
        ("/etc", "not a regular file"),
        ("/etc/passwd", "is it a pattern database"),
        ("no/such/file", "no such file"),
        ("x" * 5000, "cannot be opened"),
        ("~nobody-of-this-name/db", "expected a file made by"),
    ],
)
def test_the_variable_is_named_once(
    value: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CADLINK_DATABASE", value)
    assert main(["decide", "lu:3"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"CADLINK_DATABASE={value[:20]}" in err
    assert words in err.casefold()
    assert err.count("\n") == 1


def test_files_without_our_stamp(honest: Path, tmp_path: Path, crew: Crew) -> None:
    """A dump loses application id and version; the tables are enough, and a build stamps again."""
    path = tmp_path / "restored"
    with closing(sqlite3.connect(honest)) as old, closing(sqlite3.connect(path)) as new:
        new.executescript("\n".join(old.iterdump()))
    with PatternDatabase.open(path) as database:
        assert database.find(LU) is not None
    build(path, [Spec("two", (1, 1, 1))], crew)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (1128352843,)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
    (tmp_path / "empty").touch()
    with pytest.raises(InputError, match="an empty file"):
        PatternDatabase.open(tmp_path / "empty")


def test_others_are_refused(tmp_path: Path, crew: Crew) -> None:
    """Another program's stamp, or none and other tables; the file stays as it was."""
    path = tmp_path / "theirs"
    for statement in ("PRAGMA application_id = 7", "CREATE TABLE notes (x)"):
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE t (x)")
            connection.execute(statement)
        before = path.read_bytes()
        with pytest.raises(InputError, match="not a cadlink pattern database"):
            PatternDatabase.open(path)
        with pytest.raises(InputError, match="not a cadlink pattern database"):
            build(path, [Spec("two", (1, 1, 1))], crew)
        assert path.read_bytes() == before


# -- the command line ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "FILE", "--limit", "9" * 30],
        ["query", "FILE", "--limit", "0"],
    ],
)
def test_limits_of_any_size(
    arguments: list[str], honest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments[1] = str(honest)
    assert main(["db", *arguments]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["query", "FILE", "--limit", "-1"],
        ["show", "FILE", "9" * 30],
        ["show", "FILE", "0"],
    ],
)
def test_numbers_that_are_none_of_a_row(
    arguments: list[str], honest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments[1] = str(honest)
    assert main(["db", *arguments]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert len(err) < 300


@pytest.mark.parametrize("text", ["9" * 5000, "x", "1.5", ""])
def test_what_is_no_number(text: str, honest: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["show", str(honest), text], ["query", str(honest), "--limit", text]):
        with pytest.raises(SystemExit, match="2"):
            main(["db", *arguments])
        err = capsys.readouterr().err
        assert "expected a whole number" in err
        assert len(err) < 1000


@pytest.mark.parametrize("rule", ["no_such_rule", "stored", "", "curve"])
def test_show_of_a_proof_that_is_none(
    rule: str, crafted: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    path = crafted("UPDATE patterns SET proof = ?1 WHERE id = 3", values=(pack(Proof(rule)),))
    assert main(["db", "show", str(path), "3"]) == 5
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "address", ["tls://localhost:1", "tcp://localhost:1", "nonsense", "x://y", "", "tcp://:x"]
)
def test_schedulers_nobody_answers_at(
    address: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["db", "build", str(tmp_path / "db"), "--outer", "1x1", "--scheduler", address]
    assert main(arguments) == 1
    err = capsys.readouterr().err
    assert "--scheduler" in err
    assert err.count("\n") == 1


# -- forks -----------------------------------------------------------------------------------


def test_a_fork_while_another_thread_looks_up(honest: Path) -> None:
    """The child of a fork in the middle of a first look-up waits for no lock of its parent."""
    code = """
import os, sys, threading
from cadlink import Pattern
from cadlink.database.queries import PatternDatabase, Stored

lu = Pattern.of(["11/01", "10/11"])
inside, go_on = threading.Event(), threading.Event()

class Slow(PatternDatabase):
    def execute(self, sql, values=()):
        if "builds" in sql and threading.current_thread() is not threading.main_thread():
            inside.set()
            go_on.wait(20)
        return super().execute(sql, values)

def look():
    with Slow.open(sys.argv[1]) as database:
        database.lookup(lu)

thread = threading.Thread(target=look)
thread.start()
inside.wait(20)
child = os.fork()
if not child:
    with Slow.open(sys.argv[1]) as database:
        os._exit(0 if database.lookup(lu) else 1)
go_on.set()
thread.join()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-c", code, str(honest)], timeout=60, check=False)
    assert done.returncode == 0
