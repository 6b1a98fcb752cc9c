"""Every example of the README runs."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from cadlink.database.queries import PatternDatabase
from cadlink.database.shipped import shipped_path

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def test_there_are_examples() -> None:
    assert len(blocks("python")) >= 2
    assert len(blocks("console")) >= 2


@pytest.fixture(autouse=True)
def _as_for_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped database is used, as it is by readers who try the examples."""
    monkeypatch.delenv("CADLINK_DATABASE")


@pytest.mark.parametrize("code", blocks("python"))
def test_python(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code, "README.md", "exec"), {})


@pytest.mark.parametrize("commands", blocks("console"))
def test_console(commands: str, tmp_path: Path) -> None:
    """In order, in one folder, because a later command reads what an earlier one wrote."""
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    for line in commands.splitlines():
        prompt, program, *arguments = shlex.split(line)
        assert (prompt, program) == ("$", "cadlink")
        done = subprocess.run(
            [sys.executable, "-m", "cadlink", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), line
        assert done.stdout


def test_the_counts_are_those_of_the_shipped_database() -> None:
    text = " ".join(TEXT.split())
    path = shipped_path()
    assert path is not None
    with PatternDatabase.open(path) as database:
        assert f"The file knows {database.count('minimal=1')} of them" in text
        for size, words in (("2 x 2", "{} of them, {} not"), ("2 x 3", "{}, {} not")):
            filter_ = "normal=1 and outputs={} and inputs={}".format(*size.split(" x "))
            counts = database.count(filter_), database.count(f"{filter_} and verdict=not_closed")
            assert f"{size} has {words.format(*counts)} closed" in text
        for kind, row in (("normal", "3x3 --hidden any"), ("listed", "4x4 --hidden 1-3")):
            parts = [f"{kind}=1"]
            parts += [f"{kind}=1 and verdict={v}" for v in ("closed", "not_closed", "unknown")]
            numbers = " | ".join(str(database.count(part)) for part in parts)
            assert f"| `--outer {row}` | {numbers} |" in text


def test_every_status_is_documented() -> None:
    from cadlink.cli import status

    for code in (0, 1, 2, 3, 4, 5, 130):
        assert code in vars(status).values()
        assert f"| {code} |" in TEXT


def test_every_command_is_documented() -> None:
    for file in (ROOT / "cadlink" / "cli").glob("*.py"):
        if "def add_parser" in file.read_text(encoding="utf-8"):
            assert f"cadlink {file.stem}" in TEXT, file.stem
