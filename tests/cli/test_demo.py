"""The subcommands demo and repair, as a user meets them."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cadlink import Verdict, decide, read

ENV = {**os.environ, "OMP_NUM_THREADS": "1"}


def cadlink(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cadlink", *arguments],
        cwd=folder,
        env=ENV,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_demo(tmp_path: Path) -> None:
    quick = ("--steps", "40", "--starts", "1", "--engine", "scipy")
    files = ("runs.svg", "masks.png", "data.csv", "see.py")
    flags = ("--plot", "--masks", "--data", "--script")
    out = [word for pair in zip(flags, files, strict=True) for word in pair]
    done = cadlink("demo", "lu:2", "--theorem", "N1", *quick, *out, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "at 9 points" in done.stdout.replace("\n", " ")
    assert "explicit sequence beats every run" in done.stdout
    assert all((tmp_path / name).stat().st_size > 100 for name in files)
    found = json.loads(cadlink("demo", "lu:2", "--json", *quick, folder=tmp_path).stdout)
    assert found["points"] == 4


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("demo", "dense:2-2-1"), "no such training set is known"),
        (("demo", "lu:2", "--plot", "runs.bmp"), "expected a name ending in .png"),
        (("demo", "lu:2", "--theorem", "R14"), "gives no explicit data"),
        (("demo", "lu:2", "--starts", "0"), "expected 1 to 1000"),
        (("demo", "lu:2", "--decay", "0"), "expected a positive number"),
        (("repair", "lu:2", "--most", "0"), "expected at least 1"),
        (("repair", "nothing.pt"), "nothing.pt"),
    ],
)
def test_one_line_for_what_is_wrong(
    arguments: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    done = cadlink(*arguments, folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_on_a_terminal(tmp_path: Path) -> None:
    """A bar while it trains; then one line, status 130, and no file."""
    ours, theirs = pty.openpty()
    command = ["demo", "lu:2", "--steps", "1000000", "--method", "adam", "--plot", "runs.png"]
    started = subprocess.Popen(
        [sys.executable, "-m", "cadlink", *command, "--engine", "scipy"],
        cwd=tmp_path,
        env=ENV,
        stdout=subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    end = time.monotonic() + 60
    while b"start 1 of 3" not in seen and time.monotonic() < end:
        seen += os.read(ours, 4096)
    started.send_signal(signal.SIGINT)
    out, _ = started.communicate(timeout=30)
    seen += os.read(ours, 65536)
    os.close(ours)
    assert started.returncode == 130
    assert out == b""
    assert b"%" in seen
    assert seen.decode().rstrip().endswith("cadlink: interrupted")
    assert b"Traceback" not in seen
    assert not (tmp_path / "runs.png").exists()


def test_repair(tmp_path: Path) -> None:
    done = cadlink("repair", "lu:2", "--write", "better.json", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("every training set has an optimum (R1, checked)") == 4
    assert "no repair changes fewer entries" in done.stdout
    assert decide(read(str(tmp_path / "better.json"))).verdict is Verdict.CLOSED
    found = json.loads(cadlink("repair", "lu:2", "--json", folder=tmp_path).stdout)
    assert found["minimal"]
    assert len(found["suggestions"]) == 4
    more = cadlink("repair", "dense:2-2-2", folder=tmp_path)
    assert more.returncode == 0
    assert "no way of at most 1 changed entries reaches the goal" in more.stdout
    assert "helps, whatever the masks: weight decay on all weight matrices (R24)" in more.stdout
