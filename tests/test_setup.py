"""Setting up and installing: what is somebody else's stays, and a wheel is all one needs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(
    command: Sequence[str], folder: Path, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run in the folder, without this run's way to find the package."""
    kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "CADLINK_DATABASE")}
    return subprocess.run(
        command,
        cwd=folder,
        env={**kept, **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what setup.sh looks at, in a folder with a difficult name."""
    folder = tmp_path / "Übung und mehr"
    (folder / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup.sh", folder / "scripts")
    for name in ("setup.cfg", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    return folder


def python_that(says: str, folder: Path) -> None:
    """Something at the place of Python in an environment: a shell script, without pip."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    program = folder / ".venv" / "bin" / "python"
    program.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "{says}" && exit 0\nexit 1\n')
    program.chmod(0o755)


@pytest.mark.parametrize("says", ["", "Python 3.9.18"])
def test_a_foreign_environment_is_left_alone(checkout: Path, says: str) -> None:
    if says:
        python_that(says, checkout)
    precious = checkout / ".venv" / "precious.txt"
    precious.parent.mkdir(exist_ok=True)
    precious.write_text("years of work")
    done = run(["bash", "scripts/setup.sh"], checkout)
    assert done.returncode == 1
    assert done.stderr.startswith("setup: .venv is there, was not made by this script, and has ")
    assert (says or "no Python that runs") in done.stderr
    assert precious.read_text() == "years of work"


def test_a_wheel_in_an_empty_environment_decides_checks_and_looks_up(tmp_path: Path) -> None:
    """Built from an sdist, under umask 077, in a folder with a blank and an umlaut.

    What the package needs comes from pip's index as it is configured; without one this fails.
    """
    folder = tmp_path / "leer und schön"
    source = folder / "source"
    folder.mkdir()
    listed = run(["git", "ls-files", "-z"], ROOT).stdout.split("\0")
    for name in filter(None, listed):
        if name.startswith(("cadlink/", "third_party")) or "/" not in name:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name, follow_symlinks=False)
    python = str(folder / "venv" / "bin" / "python")

    def do(*command: str) -> None:
        done = run(["bash", "-c", 'umask 077; exec "$@"', "bash", *command], source)
        assert done.returncode == 0, (command, done.stderr)

    do(sys.executable, "-m", "venv", str(folder / "venv"))
    pip = (python, "-m", "pip", "--quiet", "--disable-pip-version-check")
    do(*pip, "install", "--no-compile", "setuptools>=64", "wheel")
    build = "from setuptools.build_meta import build_sdist; build_sdist('..')"
    do(python, "-c", build)
    do("tar", "xf", str(folder / "cadlink-0.1.0.tar.gz"), "-C", str(folder))
    unpacked = str(folder / "cadlink-0.1.0")
    do(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), unpacked)
    (wheel,) = folder.glob("cadlink-*.whl")
    do(*pip, "install", "--no-compile", str(wheel))
    command = str(folder / "venv" / "bin" / "cadlink")
    proof = str(folder / "proof.json")
    cache = {"CADLINK_CACHE": str(folder / "answers.sqlite")}
    done = run([command, "decide", "lu:2", "--json", "--certificate", proof], folder, **cache)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "not_closed"
    done = run([command, "check", proof, "--pattern", "lu:2"], folder, **cache)
    assert done.stdout.startswith("accepted: not_closed, checked\n"), done.stderr
    done = run([command, "db", "query", "shipped", "lu:2", "--json"], folder, **cache)
    assert json.loads(done.stdout)["verdict"] == "not_closed", done.stderr
