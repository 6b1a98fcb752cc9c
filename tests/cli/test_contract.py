"""What other programs rely on: exit statuses, one JSON object on stdout, one line on stderr."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cadlink.cli.main import main

KEYS = {
    "verdict",
    "assurance",
    "reason",
    "method",
    "seconds",
    "pattern",
    "certificate",
    "runs",
    "source",
}


def cadlink(
    *arguments: str, stdin: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command; variables set to '' are still set."""
    return subprocess.run(
        [sys.executable, "-m", "cadlink", *arguments],
        input=stdin,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=120,
        check=False,
    )


def answer(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    """The one JSON object on stdout."""
    assert done.stdout.count(b"\n") == 1, done
    found = json.loads(done.stdout)
    assert found.keys() >= KEYS
    return found


def one_line(done: subprocess.CompletedProcess[bytes], *words: str) -> None:
    """Nothing on stdout, one line on stderr with these words."""
    assert done.stdout == b""
    text = done.stderr.decode()
    assert text.startswith("cadlink: ")
    assert text.count("\n") == 1, text
    for word in words:
        assert word in text


# -- decided ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "verdict"),
    [
        ("lu:2", "not_closed"),
        ("11/01;10/11", "not_closed"),
        ("dense:2-1-2", "closed"),
        ("1", "closed"),
    ],
)
def test_decided(source: str, verdict: str) -> None:
    done = cadlink("decide", source, "--json")
    found = answer(done)
    assert (done.returncode, done.stderr) == (0, b"")
    assert found["verdict"] == found["certificate"]["verdict"] == verdict
    assert (found["assurance"], found["reason"]) == ("checked", None)
    assert found["pattern"] == found["certificate"]["pattern"]


def test_standard_input() -> None:
    done = cadlink("decide", "-", "--json", stdin=b'{"layers": [["11", "01"], ["10", "11"]]}')
    assert answer(done)["verdict"] == "not_closed"


def test_npz_file(tmp_path: Path) -> None:
    file = tmp_path / "masks.npz"
    np.savez(file, layer_0=[[0.5, 2], [0, -1]], layer_1=[[1, 0], [1, 1]])
    assert answer(cadlink("decide", str(file), "--json"))["verdict"] == "not_closed"


def test_words_for_humans() -> None:
    done = cadlink("decide", "lu:2", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    text = done.stdout.decode("ascii")
    assert done.returncode == 0
    assert "  ##\n  .#\n" in text
    assert "NOT CLOSED." in text
    assert "independent checker" in text


def test_a_missing_backend_is_not_missed_when_none_is_needed() -> None:
    done = cadlink("decide", "lu:2", "--json", CADLINK_QEPCAD="/nowhere/qepcad")
    assert answer(done)["verdict"] == "not_closed"
    assert done.returncode == 0


# -- certificates ----------------------------------------------------------------------------------


def test_a_certificate_is_written_and_accepted(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    cadlink("decide", "lu:3", "--certificate", str(file))
    assert [path.name for path in tmp_path.iterdir()] == ["proof.json"]
    done = cadlink("check", str(file), "--pattern", "lu:3", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["verdict"] == "not_closed"
    assert cadlink("check", "-", stdin=file.read_bytes()).returncode == 0


def test_a_false_certificate_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    cadlink("decide", "lu:3", "--certificate", str(file))
    done = cadlink("check", str(file), "--pattern", "lu:2")
    assert done.returncode == 5
    one_line(done)
    lie = json.loads(file.read_text())
    lie["verdict"] = "closed"
    file.write_text(json.dumps(lie))
    done = cadlink("check", str(file))
    assert done.returncode == 5
    one_line(done, f"{file}: verdict: ", "closed")


def test_garbage_is_no_certificate(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    file.write_bytes(b"\xff{")
    done = cadlink("check", str(file))
    assert done.returncode == 5
    one_line(done)


def test_an_absent_certificate_is_the_callers_error(tmp_path: Path) -> None:
    done = cadlink("check", str(tmp_path / "no.json"))
    assert done.returncode == 1
    one_line(done, "no.json")


def test_a_certificate_goes_nowhere_without_a_folder(tmp_path: Path) -> None:
    done = cadlink("decide", "lu:2", "--certificate", str(tmp_path / "no" / "proof.json"))
    assert done.returncode == 1
    one_line(done, "--certificate")


def test_a_device_is_not_replaced_by_a_certificate() -> None:
    done = cadlink("decide", "lu:2", "--certificate", os.devnull)
    assert done.returncode == 1
    one_line(done, "regular file")


# -- errors the caller can fix ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "word"),
    [
        ("no_such_file.json", "no_such_file.json"),
        ("lu:0", "lu"),
        ("nofamily:3", "nofamily"),
        ("12/01", "layer 0, row 0"),
        ("11/01;1/1", "layer 1"),
        ("11/1", "layer 0"),
    ],
)
def test_bad_source(source: str, word: str) -> None:
    done = cadlink("decide", source, "--json")
    assert done.returncode == 1
    one_line(done, word)


def test_empty_mask() -> None:
    done = cadlink("decide", "-", "--json", stdin=b'{"layers": []}')
    assert done.returncode == 1
    one_line(done, "standard input")


def test_empty_standard_input() -> None:
    done = cadlink("decide", "-", "--json")
    assert done.returncode == 1
    one_line(done, "standard input")


def test_not_a_number(tmp_path: Path) -> None:
    file = tmp_path / "masks.npy"
    np.save(file, np.array([[1.0, np.nan], [0.0, 1.0]]))
    done = cadlink("decide", str(file), "--json")
    assert done.returncode == 1
    one_line(done, "masks.npy")


def test_a_file_that_is_no_mask(tmp_path: Path) -> None:
    file = tmp_path / "masks.npz"
    file.write_bytes(b"PK\x03\x04 but no zip archive")
    done = cadlink("decide", str(file), "--json")
    assert done.returncode == 1
    one_line(done, "masks.npz")


@pytest.mark.parametrize("limit", ["0", "-1", "nan", "inf"])
def test_limits_must_be_positive(limit: str) -> None:
    done = cadlink("decide", "lu:2", "--json", f"--limit={limit}")
    assert done.returncode == 1
    one_line(done, "limit")


def test_unknown_backend() -> None:
    done = cadlink("decide", "lu:2", "--json", "--method", "sentence", "--backend", "nobody")
    assert done.returncode == 1
    one_line(done, "nobody")


@pytest.mark.parametrize(
    "arguments", [(), ("decide",), ("nothing",), ("decide", "lu:2", "--limit", "soon")]
)
def test_usage(arguments: tuple[str, ...]) -> None:
    done = cadlink(*arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.endswith(b" --help' says what it takes\n")
    assert done.stderr.count(b"\n") == 1


def test_an_unknown_option_is_the_subcommands(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["decide", "lu:2", "--limt", "3"])
    assert capsys.readouterr().err == (
        "cadlink decide: unrecognized arguments: --limt 3;"
        " 'cadlink decide --help' says what it takes\n"
    )


def test_torch_is_not_loaded_for_a_file_that_is_not_there(tmp_path: Path) -> None:
    program = (
        "import sys; from cadlink.cli.main import main; print(main(sys.argv[1:]), *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "network", str(tmp_path / "no.pt")],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    status, *modules = done.stdout.split()
    assert status == "1"
    assert "no such file" in done.stderr
    assert "torch" not in modules


def test_interrupted_while_a_command_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(name: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("cadlink.cli.main.import_module", interrupted)
    assert main(["decide", "lu:2"]) == 130
    assert capsys.readouterr().err == "cadlink: interrupted\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("decide lu:2 --backend qepcad", "--backend: goes with --method sentence"),
        ("decide lu:2 --norm max", "--norm: goes with --method sentence"),
        ("explain lu:2 --norm max", "--norm: goes with --method sentence"),
        ("decide lu:2 --certificate -", "expected the name of a file, found '-'"),
        # A target that cannot be is told before the source is so much as looked at.
        ("repair nothing --write x.foo", "x.foo: expected a name ending in"),
        ("repair nothing --write /nowhere/x.npz", "no such folder"),
        ("network nothing --certificate /nowhere/x.json", "no such folder"),
        ("eliminate nothing --plot x.foo", "--plot: expected a name ending in"),
        ("demo nothing --limit -1", "wall limit -1.0"),
    ],
)
def test_told_before_the_work(
    arguments: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments.split()) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert words in err


def test_a_certificate_that_is_not_about_a_pattern_is_not_rejected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(tmp_path / "witness.json")
    assert main(["network", "lu:2", "--certificate", file]) == 0
    capsys.readouterr()
    assert main(["explain", file]) == 1
    assert "'cadlink check' reads those of networks" in capsys.readouterr().err


# -- backends and limits ---------------------------------------------------------------------------


def test_a_missing_backend_has_its_own_status(tmp_path: Path) -> None:
    done = cadlink(
        *("decide", "lu:2", "--json", "--method", "sentence", "--backend", "qepcad"),
        CADLINK_QEPCAD=str(tmp_path / "qepcad"),
    )
    assert (done.returncode, done.stdout) == (4, b"")
    warning, error = done.stderr.decode().splitlines()
    assert "CADLINK_QEPCAD" in warning  # what is wrong with the variable, said once
    assert "qepcad" in error
    assert str(tmp_path) in error


def test_a_missing_backend_has_its_own_status_without_a_name() -> None:
    """Nobody to ask is no verdict, and says so; PATH is searched too."""
    nobody = {"CADLINK_QEPCAD": "", "CADLINK_REDLOG": "off", "CADLINK_Z3": "off", "PATH": ""}
    done = cadlink("decide", "lu:2", "--json", "--method", "sentence", **nobody)
    assert done.returncode == 4
    assert (answer(done)["verdict"], answer(done)["reason"]) == ("unknown", "no_backend")
    done = cadlink("backends", **nobody)
    assert done.returncode == 4
    assert done.stdout.count(b"  missing; looked for\n") >= 3
    assert b"apt-get install qepcad" in done.stdout


@pytest.mark.parametrize("backend", ["qepcad", "redlog", "z3"])
@pytest.mark.parametrize("norm", ["euclidean", "max"])
def test_the_sentence_is_answered_on_trust(backend: str, norm: str) -> None:
    arguments = ("--method", "sentence", "--backend", backend, "--norm", norm, "--no-cache")
    done = cadlink("decide", "dense:1-1-1", "--json", *arguments)
    found = answer(done)
    assert (done.returncode, done.stderr) == (0, b"")
    assert (found["verdict"], found["assurance"]) == ("closed", "trusted")
    assert [run["backend"] for run in found["runs"]] == [backend]


def test_progress_is_for_terminals() -> None:
    """After two seconds a line appears on a terminal, and is wiped in the end; never elsewhere."""
    command = ["decide", "lu:3", "--json", "--method", "sentence", "--limit", "4", "--no-cache"]
    assert cadlink(*command).stderr == b""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "cadlink", *command], stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        assert process.stdout is not None
        printed = process.stdout.read()
    shown = os.read(ours, 65536)
    os.close(ours)
    assert process.returncode == 3
    assert json.loads(printed)["verdict"] == "unknown"
    assert b"asking " in shown
    assert shown.endswith(b"\r\x1b[K")


def test_one_second_is_one_second() -> None:
    start = time.monotonic()
    done = cadlink(*("decide", "lu:3", "--json", "--method", "sentence", "--limit", "1"))
    assert time.monotonic() - start < 15  # start-up on a busy machine included
    found = answer(done)
    assert done.returncode == 3
    assert (found["verdict"], found["assurance"]) == ("unknown", "none")
    assert found["reason"] in {"time", "backends_failed"}
    assert found["certificate"] is None
    assert found["runs"]
    assert found["seconds"] < 10


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted(alive: Callable[[], list[str]], number: int, status: int) -> None:
    """The fixture sees to it that no backend is left behind."""
    with subprocess.Popen(
        [sys.executable, "-m", "cadlink", "decide", "lu:3", "--method", "sentence"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        while len(alive()) < 2 and process.poll() is None:  # until it has started a backend
            time.sleep(0.05)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == status
    assert out == b""
    assert err == (b"cadlink: interrupted\n" if status == 130 else b"")


def test_a_reader_may_go_away() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cadlink", "decide", "lu:300", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def test_a_bad_cache_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "answers.sqlite"
    file.write_bytes(b"this is no database" * 100)
    arguments = (
        "decide",
        "dense:1-1-1",
        "--method",
        "sentence",
        "--backend",
        "z3",
        "--norm",
        "max",
    )
    done = cadlink(*arguments, CADLINK_CACHE=str(file))
    assert done.returncode == 0
    assert done.stderr.startswith(b"cadlink: warning: ")
    assert done.stderr.count(b"\n") == 1
    done = cadlink("cache", "info", CADLINK_CACHE=str(file))
    assert done.returncode == 1
    one_line(done, str(file))


# -- the other subcommands -------------------------------------------------------------------------


def test_explain_shows_the_reductions() -> None:
    done = cadlink("explain", "lu:3")
    assert done.returncode == 0
    assert b"[" in done.stdout


def test_explain_shows_the_sentence() -> None:
    done = cadlink("explain", "lu:2", "--method", "sentence")
    assert done.returncode == 0
    assert b"for all eps" in done.stdout


def test_the_proof_in_words(tmp_path: Path) -> None:
    file = tmp_path / "proof.json"
    cadlink("decide", "lu:3", "--certificate", str(file))
    done = cadlink("check", str(file), "--proof")
    assert done.returncode == 0
    assert done.stdout.startswith(b"accepted: not_closed, checked\n")
    assert b"[unique_cut]" in done.stdout


def test_the_cache_is_filled_verified_and_emptied(tmp_path: Path) -> None:
    cache = {"CADLINK_CACHE": str(tmp_path / "answers.sqlite")}
    arguments = ("decide", "dense:1-1-1", "--json", "--method", "sentence", "--backend", "z3")
    first, second = (answer(cadlink(*arguments, **cache)) for _ in range(2))
    assert [run["cached"] for run in first["runs"] + second["runs"]] == [False, True]
    assert b"1 answers" in cadlink("cache", "info", **cache).stdout
    done = cadlink("cache", "verify", **cache)
    assert (done.returncode, done.stdout) == (0, b"same: 1\n1 answers compared\n")
    assert cadlink("cache", "clear", **cache).stdout == b"1 answers removed\n"
    assert b" 0 answers" in cadlink("cache", "info", **cache).stdout
    assert b"off" in cadlink("cache", "info", CADLINK_CACHE="off").stdout


def test_families_lists_all() -> None:
    done = cadlink("families")
    assert done.returncode == 0
    assert b"lu:3" in done.stdout
    assert b"butterfly:" in done.stdout
