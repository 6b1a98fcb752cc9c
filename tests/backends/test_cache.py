"""The cache keeps answers whole, shares them between processes, and never stops the work."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import pytest

from cadlink.backends import cache as module
from cadlink.backends.cache import Cache, Entry, cache_key, default_path
from cadlink.errors import CacheWarning, InputError

ENTRY = Entry("qepcad", "1.74", "question", "TRUE\n" * 1000, "é\ud800", 0, 0.25)
WARM = Entry("redlog", "x", "", "true$", "", None, 1.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "answers.sqlite"


def silent(cache: Cache, entry: Entry = ENTRY) -> Entry | None:
    """Put and get with warnings as errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cache.put("key", entry)
        return cache.get("key")


def test_what_is_put_is_got(path: Path) -> None:
    assert Cache(path).get("key") is None
    assert not path.exists()  # asking creates nothing
    assert silent(Cache(path)) == ENTRY
    assert silent(Cache(path), WARM) == WARM  # the newer one
    assert Cache(path).get("other") is None
    assert Cache(path).info().backends == {"redlog": 1}
    assert Cache(path).sample(5) == [WARM]


def test_transcripts_are_compressed(path: Path) -> None:
    long = Entry("qepcad", "1.74", "", "An equivalent formula\n" * 100_000, "", 0, 0.1)
    assert silent(Cache(path), long) == long
    assert path.stat().st_size < 100_000


def test_the_key_depends_on_everything() -> None:
    keys = {
        cache_key("qepcad", "1.74", "text"),
        cache_key("redlog", "1.74", "text"),
        cache_key("qepcad", "1.75", "text"),
        cache_key("qepcad", "1.74", "text2"),
        cache_key("qepcad", "1.74", "text", ["-x"]),
        cache_key("qepcad", "1.74t", "ext"),
        cache_key("qepcad", "1.74", "text-x"),
    }
    assert len(keys) == 7


def test_where_it_lies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CADLINK_CACHE", "off")
    assert default_path() is None
    monkeypatch.setenv("CADLINK_CACHE", str(tmp_path / "mine"))
    assert default_path() == tmp_path / "mine"
    monkeypatch.setenv("CADLINK_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_path() == tmp_path / "cadlink" / "answers.sqlite"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")  # the standard says: to be ignored
    monkeypatch.setenv("HOME", str(tmp_path))
    assert default_path() == tmp_path / ".cache" / "cadlink" / "answers.sqlite"
    assert Cache(tmp_path).path == tmp_path / "answers.sqlite"


def test_switched_off() -> None:
    cache = Cache(None)
    assert silent(cache) is None
    assert (cache.info().entries, cache.clear(), cache.sample(3)) == (0, 0, [])


def test_clear(path: Path) -> None:
    cache = Cache(path)
    assert cache.clear() == 0
    silent(cache)
    assert cache.clear() == 1
    assert cache.get("key") is None
    assert silent(cache) == ENTRY


@pytest.mark.parametrize("content", [b"this is no database at all " * 100, b"SQLite format 3\0xx"])
def test_a_corrupt_file_is_warned_about_once(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    cache = Cache(path)
    with pytest.warns(CacheWarning, match="going on without reading") as caught:  # noqa: PT031
        assert cache.get("key") is None
        cache.put("key", ENTRY)
        assert cache.get("key") is None
    assert len(caught) == 1
    assert "cache clear" not in str(caught[0].message)
    for asked in (cache.info, cache.clear):
        with pytest.raises(InputError, match="CADLINK_CACHE=FILE names another"):
            asked()
    assert path.read_bytes() == content  # not ours to overwrite, nor to remove


def test_a_damaged_file_of_ours_may_be_cleared(path: Path) -> None:
    cache = Cache(path)
    for number in range(50):
        cache.put(f"key{number}", ENTRY)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"x" * (path.stat().st_size - 4096))
    with pytest.warns(CacheWarning, match="'cadlink cache clear' makes a new one"):
        assert Cache(path).get("key7") is None
    assert Cache(path).clear() is None
    assert silent(Cache(path)) == ENTRY


def _foreign(path: Path, application: int, version: int) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("CREATE TABLE photos (name TEXT)")
        connection.execute("INSERT INTO photos VALUES ('holiday')")
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


@pytest.mark.parametrize(("application", "version"), [(0, 0), (0, 1), (1128352843, 1), (7, 0)])
def test_a_foreign_database_is_left_alone(tmp_path: Path, application: int, version: int) -> None:
    path = tmp_path / "photos.sqlite"
    _foreign(path, application, version)
    before = path.read_bytes()
    cache = Cache(path)
    with pytest.warns(CacheWarning, match="not a cache of cadlink"):  # noqa: PT031
        assert cache.get("key") is None
        cache.put("key", ENTRY)
    for asked in (cache.info, cache.clear, lambda: cache.sample(3)):
        with pytest.raises(InputError, match="not a cache of cadlink"):
            asked()
    assert path.read_bytes() == before


def test_a_file_from_before_the_stamp_is_ours(path: Path) -> None:
    silent(Cache(path))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA application_id = 0")
    connection.close()
    assert Cache(path).get("key") == ENTRY
    assert silent(Cache(path), WARM) == WARM  # writing stamps it
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA application_id").fetchone() == (module.APPLICATION,)
    connection.close()
    assert Cache(path).clear() == 1


def test_a_folder_that_may_not_be_entered_stops_nothing(tmp_path: Path) -> None:
    """As somebody else than root, who may enter everything."""
    locked = tmp_path / "locked"
    (locked / "inside").mkdir(parents=True)
    locked.chmod(0)
    code = (
        "import os, sys\nfrom pathlib import Path\n"
        "from cadlink.backends.cache import Cache, Entry\n"
        "if os.getuid() == 0:\n    os.setuid(65534)\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "print(cache.get('key'), cache.put('key', Entry('a', '1', '', 'x', '', 0, 0.1)))\n"
        "try:\n    cache.info()\nexcept ValueError as error:\n    print(type(error).__name__)\n"
    )
    place = str(locked / "inside")
    done = subprocess.run([sys.executable, "-c", code, place], capture_output=True, text=True)
    locked.chmod(0o700)
    assert done.stdout == "None None\nInputError\n", done.stderr
    assert done.stderr.count("CacheWarning: going on without") == 1


def test_a_cut_file(path: Path) -> None:
    cache = Cache(path)
    for number in range(50):
        noise = os.urandom(5000).hex()
        cache.put(f"key{number}", Entry("qepcad", "1.74", "", noise, "", 0, 0.1))
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.warns(CacheWarning):  # noqa: PT031
        for number in range(50):
            cache.get(f"key{number}")


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("stdout", module._pack("FALSE")),
        ("stdout", module._pack("TRUE\n" * 1000)[:-6]),
        ("stdout", b"not compressed"),
        ("stdout", "text"),
        ("stderr", 7),
        ("digest", "0" * 64),
        ("returncode", "zero"),
        ("seconds", "long"),
    ],
)
def test_a_damaged_entry_is_no_answer(path: Path, column: str, value: object) -> None:
    cache = Cache(path)
    silent(cache)
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE answers SET {column} = ?", (value,))
    connection.close()
    with pytest.warns(CacheWarning, match="damaged"):
        assert cache.get("key") is None
    assert silent(cache) == ENTRY  # replaced


def test_a_bomb_is_not_unpacked(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TRANSCRIPT", 1000)
    cache = Cache(path)
    cache.put("key", ENTRY)
    with pytest.warns(CacheWarning, match="far too large"):
        assert cache.get("key") is None


def test_a_newer_schema_is_left_alone(path: Path) -> None:
    silent(Cache(path))
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    cache = Cache(path)
    with pytest.warns(CacheWarning, match="newer cadlink"):  # noqa: PT031
        assert cache.get("key") is None
        cache.put("key", WARM)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT backend FROM answers").fetchall() == [("qepcad",)]
    connection.close()


def test_migrations_and_their_record_are_one_transaction(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent(Cache(path))
    first = module.MIGRATIONS
    good, bad = "ALTER TABLE answers ADD COLUMN more TEXT", "ALTER TABLE nothing ADD COLUMN x"
    monkeypatch.setattr(module, "MIGRATIONS", (*first, (good, bad)))
    with pytest.warns(CacheWarning):
        assert Cache(path).get("key") is None
    monkeypatch.setattr(module, "MIGRATIONS", first)
    assert Cache(path).get("key") == ENTRY  # nothing of the failed step remains
    monkeypatch.setattr(module, "MIGRATIONS", (*first, (good,)))
    assert Cache(path).get("key") == ENTRY
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (2,)
    connection.close()


def test_a_locked_cache(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUSY_S", 0.1)
    silent(Cache(path))
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    cache = Cache(path)
    with pytest.warns(CacheWarning, match="locked"):
        assert cache.get("key") is None
    with pytest.raises(InputError, match="locked"):
        cache.clear()
    other.close()
    assert Cache(path).get("key") == ENTRY


# Root may write anything, so read-only and a full disk are brought about inside SQLite itself,
# by what SQLite reports in those cases: a read-only connection and a limit on the file's size.


def test_a_read_only_cache_still_answers(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    silent(Cache(path))
    path.chmod(0o444)
    real = sqlite3.connect

    def read_only(name: Path, **options: object) -> sqlite3.Connection:
        return real(f"file:{name}?mode=ro", uri=True, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", read_only)
    cache = Cache(path)
    with pytest.warns(CacheWarning, match="without writing.*readonly") as caught:  # noqa: PT031
        cache.put("new", WARM)
        cache.put("newer", WARM)
    assert len(caught) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cache.get("key") == ENTRY


def test_a_full_disk(path: Path) -> None:
    code = (
        "import os, resource, sys, warnings\nfrom pathlib import Path\n"
        "from cadlink.backends.cache import Cache, Entry\n"
        f"cache = Cache(Path({str(path)!r}))\n"
        "cache.put('first', Entry('a', '1', '', 'x', '', 0, 0.1))\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))\n"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "for n in range(9):\n"
        "    cache.put(str(n), Entry('a', '1', '', os.urandom(9000).hex(), '', 0, 0.1))\n"
        "print(cache.get('first').stdout, cache.get('8'))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "x None\n"
    assert done.stderr.count("CacheWarning") == 1


def test_a_place_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    cache = Cache(tmp_path / "file" / "answers.sqlite")
    with pytest.warns(CacheWarning, match="going on without"):
        cache.put("key", ENTRY)
    assert cache.get("key") is None


def test_threads_and_processes_share_one_file(path: Path) -> None:
    code = (
        "import sys, warnings\nfrom pathlib import Path\n"
        "from cadlink.backends.cache import Cache, Entry\n"
        "warnings.simplefilter('error')\n"
        "cache = Cache(Path(sys.argv[1]))\n"
        "for n in range(100):\n"
        "    cache.put(f'{sys.argv[2]}-{n}', Entry('a', '1', '', str(n), '', 0, 0.1))\n"
        "    cache.put(f'same-{n}', Entry('a', '1', '', str(n), '', 0, 0.1))\n"
        "    assert cache.get(f'same-{n}').stdout == str(n)\n"
    )
    others = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(number)], stderr=-1)
        for number in range(2)
    ]
    cache = Cache(path)
    failures: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(50):
                cache.put(f"thread{name}-{number}", ENTRY)
                assert cache.get(f"thread{name}-{number}") == ENTRY
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    errors = [other.communicate()[1] for other in others]
    assert errors == [b"", b""]
    assert failures == []
    assert cache.info().entries == 2 * 100 + 100 + 3 * 50


def test_killed_in_the_middle_of_writing(path: Path) -> None:
    silent(Cache(path))
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom cadlink.backends.cache import Cache\n"
        "with Cache(Path(sys.argv[1]))._open(write=True) as connection:\n"
        "    connection.execute('PRAGMA cache_size = 1')\n"
        "    connection.execute('PRAGMA cache_spill = 1')\n"
        "    connection.execute('DELETE FROM answers')\n"
        "    for n in range(200):\n"
        "        connection.execute('INSERT INTO answers SELECT ?,?,?,?,?,?,?,?,?,?',"
        " (str(n), '', '', b'', b'x' * 4000, b'', 0, '', 0.0, 0.0))\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True)
    assert done.returncode == -9, done.stderr
    assert path.with_name(path.name + "-journal").exists()  # really in the middle
    assert silent(Cache(path)) == ENTRY
    assert Cache(path).info().entries == 1
