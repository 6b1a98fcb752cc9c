"""Every subcommand and every kind of file that is none: one line, the right status, quickly.

The subcommands run in this process, as start-up is not what is measured; closed streams and full
disks need processes of their own.
"""

from __future__ import annotations

import importlib
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cadlink.certificates.kernel import check
from cadlink.cli.main import main

# Every subcommand that reads a file, with the status for a file it cannot use, and the suffixes.
READERS = {
    "decide": (["decide", "FILE"], (".json", ".npz", ".npy", ".txt")),
    "decide --database": (["decide", "lu:2", "--database", "FILE"], (".sqlite",)),
    "explain": (["explain", "FILE"], (".json", ".npz", ".npy", ".txt")),
    "check": (["check", "FILE"], (".json", "")),
    "check --pattern": (["check", "-", "--pattern", "FILE"], (".json", ".npz")),
    "network": (["network", "FILE"], (".json", ".npz", ".pt", ".safetensors", ".onnx")),
    "network --inputs": (
        ["network", "lu:2", "--question", "b", "--inputs", "FILE"],
        (".npy", ".csv", ".json", ".npz", ".pt"),
    ),
    "demo": (["demo", "FILE"], (".json", ".npz")),
    "repair": (["repair", "FILE"], (".json", ".npz")),
    "db check": (["db", "check", "FILE", "--workers", "1"], (".sqlite",)),
    "db query": (["db", "query", "FILE"], (".sqlite",)),
    "db query PATTERN": (["db", "query", "shipped", "FILE"], (".json", ".txt")),
    "db stats": (["db", "stats", "FILE"], (".sqlite",)),
    "db export": (["db", "export", "FILE"], (".sqlite",)),
    "db show": (["db", "show", "FILE", "1"], (".sqlite",)),
    "db report": (["db", "report", "FILE", "--html", "FOLDER"], (".sqlite",)),
}
CASES = [(name, suffix) for name, (_, suffixes) in READERS.items() for suffix in suffixes]
KINDS = ("missing", "pipe", "zero", "full", "folder", "empty", "garbage")


def make(kind: str, path: Path) -> None:
    """Something at the path that is no good file."""
    if kind == "pipe":
        os.mkfifo(path)
    elif kind in ("zero", "full"):
        path.symlink_to(f"/dev/{kind}")
    elif kind == "folder":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "garbage":
        path.write_bytes(bytes(range(256)) * 40)


@pytest.fixture(scope="module")
def _libraries() -> None:
    """What takes seconds to load, and is loaded when the first model is read."""
    importlib.import_module("torch")
    importlib.import_module("onnx")
    importlib.import_module("safetensors.torch")


@pytest.mark.usefixtures("_libraries")
@pytest.mark.timeout(60)
@pytest.mark.parametrize(("name", "suffix"), CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_good_file_is_told_in_one_line(
    name: str, suffix: str, kind: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"some {kind}{suffix}"
    make(kind, path)
    places = {"FILE": str(path), "FOLDER": str(tmp_path / "page")}
    start = time.process_time()
    status = main([places.get(word, word) for word in READERS[name][0]])
    assert time.process_time() - start < 2
    out, err = capfd.readouterr()
    rejected = name == "check" and kind in ("empty", "garbage")
    assert (status, out) == (5 if rejected else 1, "")
    assert err.startswith("cadlink: ")
    assert err.count("\n") == 1, err
    assert len(err) < 1100
    assert "a mistake in cadlink" not in err
    assert rejected or path.name in err


SUBCOMMANDS = [
    "decide lu:2",
    "explain lu:2",
    "check -",
    "network lu:2",
    "demo lu:2",
    "repair lu:2",
    "backends",
    "families",
    "cache info",
    "cache clear",
    "cache verify",
    "db check shipped",
    "db query shipped lu:2",
    "db stats shipped",
    "db export shipped",
    "db show shipped 1",
]


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """A line for the shell; $C is the command."""
    return subprocess.run(
        ["bash", "-c", line],
        env={**os.environ, "C": f"{sys.executable} -m cadlink"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", SUBCOMMANDS)
def test_a_closed_standard_output_is_told_in_one_line(command: str) -> None:
    done = shell(f"$C {command} >&-")
    assert done.returncode == 1
    assert done.stderr == (
        "cadlink: standard output is closed; nothing would be seen of the answer\n"
    )


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("decide lu:2", 0),
        ("explain lu:2", 0),
        ("network lu:2", 0),
        ("families", 0),
        ("decide nothing", 1),
        ("check -", 5),
        ("decide", 2),
    ],
)
def test_a_closed_standard_error_changes_no_status(command: str, status: int) -> None:
    done = shell(f"$C {command} 2>&-")
    assert (done.returncode, done.stderr) == (status, "")
    assert bool(done.stdout) == (status == 0)


def test_a_closed_standard_input_is_told_in_one_line() -> None:
    done = shell("$C decide - <&-")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "cadlink: standard input: it is closed\n"


def test_all_three_streams_closed() -> None:
    assert shell("$C decide lu:2 <&- >&- 2>&-").returncode == 1


def test_a_full_device_is_told_in_one_line() -> None:
    done = shell("$C decide lu:2 >/dev/full")
    assert done.returncode == 1
    assert done.stderr == "cadlink: standard output: No space left on device\n"


@pytest.mark.parametrize(
    "option",
    [
        "--data d.npz",
        "--data d.csv",
        "--data d.pt",
        "--script s.py",
        "--plot p.png",
        "--plot p.pdf",
        "--masks m.svg",
    ],
)
def test_a_full_disk_leaves_no_file(tmp_path: Path, option: str) -> None:
    """The disk is full after ten bytes, as far as this process can tell."""
    command = [sys.executable, "-m", "cadlink", "demo", "lu:2", "--steps", "2", "--starts", "1"]
    done = subprocess.run(
        [*command, *option.split()],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10)),
        env={**os.environ, "MPLCONFIGDIR": str(tmp_path.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(f"cadlink: {option.split()[1]}: cannot write")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["demo", "lu:2", "--steps", "1" + "0" * 30], "--steps"),
        (["demo", "lu:2", "--steps", "0"], "--steps"),
        (["demo", "lu:2", "--seed", "-1"], "--seed"),
        (["demo", "lu:2", "--starts", "99999"], "--starts"),
        (["demo", "lu:2", "--decay", "inf"], "--decay"),
        (["demo", "lu:2", "--decay", "nan"], "--decay"),
        (["demo", "lu:2", "--box", "nan"], "box"),
        (["demo", "lu:2", "--data", "/nowhere/d.npz"], "--data"),
        (["decide", "lu:" + "9" * 5000], "lu:3"),
        (["decide", "\udcff.json"], "\\udcff.json: no such file"),
        (["check", "\udcff.json"], "\\udcff.json: no such file"),
        (["db", "query", "\udcff.sqlite"], "\\udcff.sqlite"),
        (["db", "check", "shipped", "--scheduler", "tls://127.0.0.1:9"], "--scheduler"),
        (["db", "check", "shipped", "--scheduler", "nonsense://"], "--scheduler"),
    ],
)
def test_arguments_that_cannot_be_are_told_in_one_line(
    arguments: list[str], word: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("cadlink: ")
    assert err.count("\n") == 1
    assert word in err
    assert len(err) < 400
    assert "a mistake in cadlink" not in err


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv", "1e999999999,1"),
        ("x.csv", "1e-999999999,1"),
        ("x.csv", "9" * 5000 + ",1"),
        ("x.csv", '1,"'),
        ("x.json", "[[1e999999999, 1]]"),
        ("x.json", '[["1e999999999", 1]]'),
        ("x.json", "[" * 499 + "]" * 499),
        ("x.json", "[" * 100_000),
        ("x.json", "[[" + "9" * 5000 + ", 1]]"),
        ("x.npy", ""),
    ],
)
def test_numbers_without_end_take_no_time(
    name: str, content: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    start = time.process_time()
    status = main(["network", "lu:2", "--question", "b", "--inputs", str(tmp_path / name)])
    assert time.process_time() - start < 2
    out, err = capfd.readouterr()
    assert (status, out) == (1, "")
    assert err.count("\n") == 1
    assert len(err) < 400
    assert "a mistake in cadlink" not in err


def test_an_unexpected_exception_is_one_line_and_a_traceback_on_request(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cadlink.cli.families.FAMILIES", None)
    assert main(["families"]) == 70
    line = capfd.readouterr().err
    assert line.startswith("cadlink: AttributeError: 'NoneType'")
    assert "please report it" in line
    assert line.count("\n") == 1
    monkeypatch.setenv("CADLINK_DEBUG", "1")
    assert main(["families"]) == 70
    shown = capfd.readouterr().err
    assert shown.startswith("Traceback")
    assert shown.endswith(line)


def test_a_certificate_with_a_key_twice_is_rejected_in_linear_time(tmp_path: Path) -> None:
    keys = ", ".join(f'"{n}": 0' for n in [*range(20_000), 7])
    start = time.process_time()
    with pytest.raises(ValueError, match="key '7' twice"):
        check("{" + keys + "}")
    assert time.process_time() - start < 1
