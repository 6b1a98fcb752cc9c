"""Every example of the README and of the pages beside it runs, and prints what is shown."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "cadlink").rglob("README.md")))
MEASURED = re.compile(r"\b[0-9]+(\.[0-9]+)? (s|ms|MiB)\b")


def blocks(language: str) -> list[tuple[str, str]]:
    """(page, content) of every block of a language."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
            found.append((page.relative_to(ROOT).as_posix(), block))
    return found


def session(block: str) -> list[tuple[str, list[str]]]:
    """The commands of a console block, each with the output shown below it."""
    commands: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            commands.append((line.removeprefix("$ "), []))
        else:
            commands[-1][1].append(line)
    return commands


def same(shown: list[str], printed: list[str]) -> bool:
    """Whether the output is what is shown; a line '...' stands for any lines.

    >>> same(["a", "...", "time 0.1 s"], ["a", "b", "c", "time 3 s"]), same(["a"], ["b"])
    (True, False)
    """
    plain = [MEASURED.sub("N", line.rstrip()) for line in printed]
    pattern = "\n".join(
        "*" if line.strip() == "..." else glob(MEASURED.sub("N", line.rstrip())) for line in shown
    )
    return fnmatchcase("\n".join(plain), pattern)


def glob(line: str) -> str:
    """A pattern that this very line matches."""
    return re.sub(r"([*?[])", r"[\1]", line)


def test_there_are_examples() -> None:
    assert len(blocks("python")) >= 2
    assert sum(len(session(block)) for _, block in blocks("console")) >= 10


@pytest.fixture(autouse=True)
def _as_for_a_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shipped database is used, as it is by readers who try the examples."""
    monkeypatch.delenv("CADLINK_DATABASE")


@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_python(page: str, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(code, page, "exec"), {})


@pytest.mark.parametrize(("page", "block"), blocks("console"))
def test_console(page: str, block: str, tmp_path: Path) -> None:
    """In order, in one folder, because a later command reads what an earlier one wrote."""
    (tmp_path / "scripts").symlink_to(ROOT / "scripts")
    for command, shown in session(block):
        program, *arguments = shlex.split(command)
        assert program == "cadlink", page
        done = subprocess.run(
            [sys.executable, "-m", "cadlink", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), command
        assert not shown or same(shown, done.stdout.splitlines()), f"{command}\n{done.stdout}"


def test_the_front_page_is_short() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 165


def test_every_status_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    from cadlink.cli import main, status

    with pytest.raises(SystemExit, match="0"):
        main.main(["--help"])
    exits = capsys.readouterr().out.split("exit status: ")[1]
    for code in (0, 1, 2, 3, 4, 5, 70, 130):
        assert code in vars(status).values()
        assert re.search(rf"\b{code} [a-z]", exits), code


def test_every_command_is_documented() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    for file in (ROOT / "cadlink" / "cli").glob("*.py"):
        if "def add_arguments(" in file.read_text(encoding="utf-8"):
            assert f"cadlink {file.stem}" in text, file.stem
