"""The measurements in ``RESULTS.md``: one section a script, replaced whenever it is measured again.

A script that measures calls :func:`write` with what it printed; the section says by itself when,
on what and by which command it was measured, so that a reader can repeat it.
"""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path

from cadlink.files import replacing

__all__ = ["RESULTS", "table", "write"]

RESULTS = Path(__file__).with_name("RESULTS.md")
PACKAGES = ("numpy", "scipy", "python-flint")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table in Markdown.

    >>> print(table(["n", "s"], [[1, "0.5"]]))
    | n | s |
    |---|---|
    | 1 | 0.5 |
    """
    lines = [heads, ["---"] * len(heads), *rows]
    joined = ("| " + " | ".join(map(str, line)) + " |" for line in lines)
    return "\n".join(joined).replace("| --- ", "|---").replace("--- |", "---|")


def _measured() -> str:
    """When, on what and by which command."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    command = shlex.join(["python", f"scripts/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    return (
        f"Measured on {date.today().isoformat()} by `{command}`: {os.cpu_count()} cores,"
        f" {memory:.0f} GiB, {platform.machine()}, Python {platform.python_version()}, {packages}."
    )


def write(title: str, body: str, path: Path = RESULTS) -> None:
    """Replace the section with this title, or add one at the end; the others stay as they are."""
    text = path.read_text(encoding="utf-8") if path.exists() else "# Measurements\n"
    section = f"## {title}\n\n{_measured()}\n\n{body.strip()}\n"
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    kept = [part.rstrip("\n") for part in parts]
    for place, part in enumerate(kept):
        if part.splitlines()[0] == f"## {title}":
            kept[place] = section.rstrip("\n")
            break
    else:
        kept.append(section.rstrip("\n"))
    with replacing(path, "measurements") as name:
        Path(name).write_text("\n\n".join(kept) + "\n", encoding="utf-8")
