"""Building: whatever is killed, the same command goes on, and the end is the same."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from cadlink.census.audit import check
from cadlink.census.build import Builder, Status, build
from cadlink.census.pool import Crew, Job, local_crew
from cadlink.census.tasks import Spec, restrictions, settle
from cadlink.census.writer import Writer
from cadlink.database.columns import columns
from cadlink.database.queries import PatternDatabase
from cadlink.database.schema import VERSION
from cadlink.database.store import Answer, Record, connect, explained
from cadlink.deciding.decision import Limits
from cadlink.errors import CertificateError, InputError

LISTS = [Spec("two", (2, 2, 2)), Spec("two", (2, 3, 2)), Spec("any", (2, 3))]
ARGUMENTS = ["--outer", "3x3", "--hidden", "1-2", "--up-to", "--workers", "1", "--limit", "20"]

ORDER = [LISTS[0], LISTS[2], LISTS[1]]

# Everything but times and provenance.
CONTENT = (
    "SELECT id, form, listed, normal, verdict, assurance, reason, method, proof, minimal, digest"
    " FROM patterns ORDER BY id",
    "SELECT id, form, conclusion, trusted, reason, method, proof FROM problems ORDER BY id",
    "SELECT * FROM pattern_problems ORDER BY 1, 2",
    "SELECT * FROM builds ORDER BY id",
    "SELECT * FROM pending",
)


def content(path: Path) -> list[list[object]]:
    connection = sqlite3.connect(path)
    try:
        return [connection.execute(query).fetchall() for query in CONTENT]
    finally:
        connection.close()


def threads() -> Crew:
    """Any executor will do; threads of this process start at once."""
    return Crew(lambda: ThreadPoolExecutor(2), 2)


@pytest.fixture
def crew() -> Iterator[Crew]:
    crew = threads()
    yield crew
    crew.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An uninterrupted build, by the command."""
    path = tmp_path_factory.mktemp("whole") / "db.sqlite"
    done = start(path)
    assert done.wait(120) == 0
    return path


def start(path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "cadlink", "db", "build", str(path), *ARGUMENTS],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def patterns_in(path: Path) -> int:
    try:
        with PatternDatabase.open(path) as database:
            return len(database)
    except InputError:
        return 0  # nothing there yet


# -- killing ---------------------------------------------------------------------------------


def test_killed_at_random_moments(whole: Path, tmp_path: Path, alive: object) -> None:
    """kill -9 of the builder, again and again; at the end nothing differs and nobody is left."""
    path = tmp_path / "db.sqlite"
    chance = random.Random(5)
    kills = 0
    while True:
        before = patterns_in(path)
        process = start(path)
        if kills < 2:
            # Past the start of Python, somewhere in the work.
            goal = before + chance.randint(1, 25)
            end = time.monotonic() + 60
            while patterns_in(path) < goal and process.poll() is None and time.monotonic() < end:
                time.sleep(0.01)
            time.sleep(chance.random() / 10)
            process.kill()
            kills += 1
            process.wait()
            assert patterns_in(path) >= before
            continue
        assert process.wait(120) == 0
        break
    assert content(path) == content(whole)


def test_killed_workers_are_replaced(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "db.sqlite"
    process = start(path)
    killed = 0
    end = time.monotonic() + 60
    while killed < 1 and process.poll() is None and time.monotonic() < end:
        if patterns_in(path) > 3:
            for child in children(process.pid):
                command = Path(f"/proc/{child}/cmdline").read_bytes()
                if b"spawn_main" in command:
                    subprocess.run(["kill", "-9", str(child)], check=False)
                    killed += 1
                    break
        time.sleep(0.01)
    assert killed
    assert process.wait(120) == 0
    assert content(path) == content(whole)


def test_interrupted(whole: Path, tmp_path: Path, alive: object) -> None:
    path = tmp_path / "db.sqlite"
    process = start(path)
    end = time.monotonic() + 60
    while patterns_in(path) < 5 and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    asked = time.monotonic()
    assert process.wait(60) in (130, 0)
    assert time.monotonic() - asked < 20
    process = start(path)
    assert process.wait(120) == 0
    assert content(path) == content(whole)


def test_workers_that_always_die(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    crew = Crew(lambda: ProcessPoolExecutor(1, mp_context=context), 1)
    try:
        with pytest.raises(InputError, match="die again and again"):
            crew.gather([Job(_die, ())])
    finally:
        crew.close()


def test_processes_of_others_are_left_alone() -> None:
    crew = local_crew(1)
    other = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(30,))
    other.start()
    crew.gather([Job(divmod, (7, 2))])
    crew.close()
    other.join(1)
    assert other.is_alive()
    other.terminate()
    other.join()


def test_an_error_of_a_worker_arrives() -> None:
    """As itself, not as a broken pool."""
    crew = local_crew(1)
    try:
        with pytest.raises(CertificateError, match="expected b; found c"):
            crew.gather([Job(_reject, ())])
    finally:
        crew.close()


def _reject() -> None:
    raise CertificateError("a", "b", "c")


def test_what_is_urgent_goes_first() -> None:
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    started = threading.Event()
    ran: list[int] = []
    crew.submit(Job(started.wait, (10,)))
    for number, rank in enumerate((2, 1, 2, 0, 1)):
        crew.submit(Job(ran.append, (number,), rank=rank))
    started.set()
    while len(crew):
        crew.finished()
    crew.close()
    # The first of them waits with the executor already when the others come.
    assert ran == [0, 3, 1, 4, 2]


def _die() -> None:
    os._exit(1)


# -- one process -----------------------------------------------------------------------------


def test_build_twice_is_build_once(tmp_path: Path, crew: Crew) -> None:
    seen: list[Status] = []
    build(tmp_path / "a", LISTS, crew, Limits(20), seen.append)
    build(tmp_path / "b", LISTS[:1], crew, Limits(20))
    build(tmp_path / "b", LISTS, crew, Limits(20))
    build(tmp_path / "b", LISTS, crew, Limits(20))
    first, again = content(tmp_path / "a"), content(tmp_path / "b")
    assert len(first[0]) > 40
    assert first == again
    assert seen[-1].label == "minimal obstructions"
    assert {status.total for status in seen if status.label == "2 x 3, 2 hidden"} == {18}


def test_answers_are_kept_before_their_patterns(tmp_path: Path) -> None:
    """A problem settled for a shard that is not yet written survives the end of the build."""
    spec = Spec("two", (3, 3, 3))
    path = tmp_path / "db"

    class Enough(Exception):
        pass

    class Interrupted(Builder):
        def _finish_if_possible(self, piece: object) -> None:
            if self.writer.db.execute("SELECT count(*) FROM pending").fetchone()[0] >= 1:
                raise Enough
            super()._finish_if_possible(piece)  # type: ignore[arg-type]

    crew = threads()
    builder = Interrupted(path, crew, Limits(0.1))
    with pytest.raises(Enough):
        builder.run(spec)
    builder.close()
    crew.close()
    connection = sqlite3.connect(path)
    kept = {form for (form,) in connection.execute("SELECT form FROM pending")}
    connection.close()
    assert kept

    asked = []

    class Watched(Crew):
        def submit(self, job: Job) -> None:
            if job.function is settle:
                asked.append(job.arguments[0])
            super().submit(job)

    crew = Watched(lambda: ThreadPoolExecutor(2), 2)
    build(path, [spec], crew, Limits(0.1), obstructions=False)
    crew.close()
    assert not kept & set(asked)
    assert content(path)[-1] == []


def test_full_disk(tmp_path: Path, crew: Crew) -> None:
    """SQLite is told that there is no more room: the same error as on a full disk."""
    path = tmp_path / "db"
    build(tmp_path / "whole", ORDER, crew, Limits(20))
    builder = Builder(path, crew, Limits(20))
    with explained(path):
        builder.run(LISTS[0])
    pages = builder.writer.db.execute("PRAGMA page_count").fetchone()[0]
    builder.writer.db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(InputError, match="make room"), explained(path):
        builder.run(LISTS[2])
    builder.close()
    other = threads()
    build(path, ORDER, other, Limits(20))
    other.close()
    assert content(path) == content(tmp_path / "whole")


def test_two_builders_do_not_mix(tmp_path: Path) -> None:
    one, two = (Writer(tmp_path / "db", Limits(20)) for _ in range(2))
    place = one.place(LISTS[0])
    assert two.place(LISTS[0]) == place
    one.add(place, 1, [])
    with pytest.raises(InputError, match="another build"):
        two.add(place, 1, [])
    one.close()
    two.close()


def test_unknown_ones_are_kept_and_retried(tmp_path: Path, crew: Crew) -> None:
    """With no time at all the open groups stay unknown; later they are decided."""
    spec = [Spec("two", (3, 3, 2)), Spec("two", (3, 3, 3))]
    path = tmp_path / "db"
    build(path, spec, crew, Limits(1e-6), obstructions=False)
    with PatternDatabase.open(path) as database:
        unknown = list(database.select("verdict=unknown"))
        assert unknown
        assert {entry.reason for entry in unknown} == {"time"}
        assert database.execute("SELECT count(*) FROM problems WHERE conclusion IS NULL")[0][0]
    build(path, [], crew, Limits(6), retry_unknown=True, obstructions=False)
    with PatternDatabase.open(path) as database:
        assert database.count("verdict=unknown") < len(unknown)
        left = database.count("verdict=unknown")
        links = database.execute("SELECT count(*) FROM pattern_problems")[0][0]
        assert links >= len(unknown) - left
    number, wrong = check(path, crew)
    assert wrong == []
    assert number > 300


def test_killed_in_the_middle_of_a_retry(tmp_path: Path, crew: Crew) -> None:
    """What was settled by then is not lost, whoever needs it next."""
    spec = Spec("two", (3, 3, 3))
    path = tmp_path / "db"
    build(path, [spec], crew, Limits(1e-6), obstructions=False)

    class Killed(Exception):
        pass

    def die(records: object) -> None:
        raise Killed

    builder = Builder(path, crew, Limits(1))
    builder.writer.replace = die  # type: ignore[method-assign]
    with pytest.raises(Killed):
        builder.retry()
    builder.close()
    unknown = "SELECT form FROM problems WHERE conclusion IS NULL"
    connection = sqlite3.connect(path)
    decided = "SELECT form FROM pending WHERE conclusion IS NOT NULL ORDER BY form"
    kept = [form for (form,) in connection.execute(decided)]
    assert kept
    assert set(kept) <= {form for (form,) in connection.execute(unknown)}
    connection.close()

    # A pattern of another list needs one of them: its row is brought up to date.
    writer = Writer(path, Limits(1))
    sizes = (2, 1, 1, 1, 2)
    record = Record("1;1", *sizes, False, "unknown", "none", "time", "", None, (kept[0],))
    writer.add(writer.place(LISTS[0]), 0, [record])
    assert kept[0] not in {form for (form,) in writer.db.execute(unknown)}
    writer.db.execute("DELETE FROM pattern_problems WHERE pattern = (SELECT max(id) FROM patterns)")
    writer.db.execute("DELETE FROM patterns WHERE form = '1;1'")
    writer.close()

    # The end of another build does so for the others, and retrying again decides the patterns.
    build(path, LISTS[:1], crew, Limits(20), obstructions=False)
    connection = sqlite3.connect(path)
    assert not set(kept) & {form for (form,) in connection.execute(unknown)}
    assert connection.execute("SELECT count(*) FROM pending").fetchone() == (0,)
    connection.close()
    with PatternDatabase.open(path) as database:
        before = database.count("verdict=unknown")
    build(path, [], crew, Limits(1), retry_unknown=True, obstructions=False)
    with PatternDatabase.open(path) as database:
        assert database.count("verdict=unknown") < before
    assert check(path, crew)[1] == []


def test_pending_answers_outlive_other_lists(tmp_path: Path, crew: Crew) -> None:
    path = tmp_path / "db"
    writer = Writer(path, Limits(1))
    writer.place(Spec("two", (3, 3, 3)))  # begun, not finished
    writer.keep(Answer("##/#.", "group", None, False, "time", "", "", 1.0, None))
    writer.close()
    build(path, LISTS[:1], crew, Limits(20))
    writer = Writer(path, Limits(1))
    assert "##/#." in writer.answers
    writer.close()


def test_a_crew_serves_again_after_a_failure(tmp_path: Path, crew: Crew) -> None:
    def fail(status: Status) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError):
        build(tmp_path / "a", LISTS, crew, Limits(20), fail)
    assert len(crew) == 0
    build(tmp_path / "a", LISTS, crew, Limits(20))
    build(tmp_path / "b", LISTS, crew, Limits(20))
    assert content(tmp_path / "a") == content(tmp_path / "b")


def test_minimal_obstructions_against_brute_force(tmp_path: Path, crew: Crew) -> None:
    path = tmp_path / "db"
    sizes = [(n, m, r) for n in (1, 2, 3) for m in range(n, 4) for r in (1, 2)]
    build(path, [Spec("two", size) for size in sizes], crew, Limits(30))
    with PatternDatabase.open(path) as database:
        found = 0
        for entry in database:
            if entry.verdict != "not_closed":
                assert not entry.minimal
                continue
            parts = restrictions([entry.form])[0]
            verdicts = set()
            for form, _ in parts:
                row = database.execute("SELECT verdict FROM patterns WHERE form = ?", (form,))
                verdicts.add(row[0][0])
            assert entry.minimal == (verdicts <= {"closed"})
            found += bool(entry.minimal)
        assert found >= 2
        assert database.find(entry.pattern) == entry


def test_check_sees_damage(tmp_path: Path, crew: Crew) -> None:
    path, bad = tmp_path / "db", tmp_path / "bad"
    build(path, LISTS, crew, Limits(20))
    assert check(path, crew)[1] == []
    changes = (
        ("UPDATE patterns SET verdict = 'closed' WHERE verdict = 'not_closed'", "checksum"),
        ("UPDATE patterns SET proof = x'00' WHERE id = 3", "Error"),
        ("UPDATE patterns SET assurance = 'trusted' WHERE id = 3", "trusted, the proof shows"),
        (
            "UPDATE patterns SET proof = (SELECT proof FROM patterns WHERE method = 'unique_cut')"
            " WHERE method = 'matching'",
            "CertificateError",
        ),
    )
    for sql, words in changes:
        shutil.copy(path, bad)
        connection = sqlite3.connect(bad)
        connection.execute(sql)
        connection.commit()
        connection.close()
        assert any(words in line for line in check(bad, crew)[1])


# -- the file --------------------------------------------------------------------------------


def test_files_that_are_not_ours(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other")
    other.execute("CREATE TABLE t (x)")
    other.commit()
    other.close()
    (tmp_path / "text").write_text("hello " * 1000)
    for name in ("other", "text"):
        for write in (True, False):
            with pytest.raises(InputError, match="pattern database"):
                connect(tmp_path / name, write)
    connection = connect(tmp_path / "newer", write=True)
    connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection.close()
    for write in (True, False):
        with pytest.raises(InputError, match="upgrade"):
            connect(tmp_path / "newer", write)


def test_an_older_file_is_migrated(tmp_path: Path, crew: Crew) -> None:
    """By the next build; a reader says so."""
    path = tmp_path / "db"
    build(path, LISTS[:1], crew, Limits(20))
    later = [one.name for one in columns() if one.since > 1]
    connection = sqlite3.connect(path, isolation_level=None)
    for name in later:
        connection.execute(f"UPDATE patterns SET {name} = NULL")
    before = content(path)
    for name in later:
        connection.execute(f"ALTER TABLE patterns DROP COLUMN {name}")
    connection.execute("DROP TABLE pending")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with pytest.raises(InputError, match="migrates the file"):
        PatternDatabase.open(path)
    build(path, LISTS[:1], crew, Limits(20))
    assert content(path) == before


def test_what_a_killed_writer_left_is_rolled_back(tmp_path: Path, crew: Crew) -> None:
    """A reader finds the state before the transaction, not a malformed file."""
    path = tmp_path / "db"
    build(path, LISTS, crew, Limits(20))
    before = content(path)
    code = (
        "import os, sqlite3, sys\n"
        "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('PRAGMA cache_size = 1')\n"
        "c.execute('BEGIN IMMEDIATE')\n"
        "c.execute('UPDATE patterns SET nonzeros = nonzeros + 100, digest = zeroblob(9000)')\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert path.with_name("db-journal").exists()
    with PatternDatabase.open(path) as database:
        assert database.count("nonzeros>=100") == 0
    assert content(path) == before


def test_a_locked_file(tmp_path: Path, crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "db"
    build(path, LISTS[:1], crew, Limits(20))
    monkeypatch.setattr("cadlink.database.store.BUSY_S", 0.1)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    for open_it in (PatternDatabase.open, lambda path: connect(path, write=True)):
        with pytest.raises(InputError, match="another process is writing"):
            open_it(path)
    other.close()


def test_a_damaged_file_is_not_built_on(tmp_path: Path, crew: Crew) -> None:
    path = tmp_path / "db"
    build(path, LISTS, crew, Limits(20))
    data = bytearray(path.read_bytes())
    data[8192:] = bytes(len(data) - 8192)
    path.write_bytes(data)
    with pytest.raises(InputError, match="whole"):
        build(path, [*LISTS, Spec("two", (1, 2, 2))], crew, Limits(20))


def test_read_only_folder(tmp_path: Path, crew: Crew) -> None:
    """A reader leaves nothing behind and needs no right to write."""
    path = tmp_path / "folder" / "db"
    path.parent.mkdir()
    build(path, LISTS[:1], crew, Limits(20))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    before = sorted(path.parent.iterdir()), path.stat().st_mtime_ns
    with PatternDatabase.open(path) as database:
        assert len(database) == 7
        with pytest.raises(InputError, match="expected a file in a folder that can be written"):
            database.execute("DELETE FROM patterns")
    assert (sorted(path.parent.iterdir()), path.stat().st_mtime_ns) == before
    path.parent.chmod(0o755)


def test_a_foreign_executor_is_enough(tmp_path: Path) -> None:
    """Only ``submit`` and ``shutdown`` are used."""

    class Plain(Executor):
        def __init__(self) -> None:
            self.inner = ThreadPoolExecutor(1)

        def submit(self, fn, /, *args, **kwargs):  # type: ignore[no-untyped-def]
            return self.inner.submit(fn, *args, **kwargs)

    crew = Crew(Plain, 1)
    build(tmp_path / "db", LISTS[:1], crew, Limits(20))
    crew.close()
    with PatternDatabase.open(tmp_path / "db") as database:
        assert database.count() == 7
