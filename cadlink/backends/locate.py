"""Where the programs are: environment variable, PATH, known places, Python wheels.

What is looked for, where, and how it is installed is said once, in ``third_party/*.json``; the
set-up script and ``cadlink backends`` read the same files.  (``cadlink/third_party`` is a link to
that folder, so that a wheel contains them.)
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import site
import sys
import sysconfig
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from cadlink.backends import REGISTRY
from cadlink.backends.process import Reason, run

__all__ = ["Found", "NotFound", "entries", "find"]

OFF = "off"  # the value of a program's variable that hides it
BANNER_S = 20.0  # how long a program may take to show its version


@dataclass(frozen=True)
class Found:
    """A program that runs.  ``runtime`` is what must run it (Java for a jar), if anything."""

    name: str
    path: Path
    version: str
    how: str
    runtime: Path | None = None


@dataclass(frozen=True)
class NotFound:
    """A program that is not there, or does not run: every place looked at, and what installs it.

    ``wrong`` says which variable names something else than a program that works, if one does.
    """

    name: str
    looked: tuple[str, ...]
    install: tuple[str, ...]
    wrong: str = ""

    def message(self) -> str:
        """One line for an error message."""
        return (
            f"{self.name} was not found; looked for {', '.join(self.looked)};"
            f" to install it: {' or: '.join(self.install)}"
        )


def entries() -> dict[str, dict[str, Any]]:
    """The files of third_party by the program's name.

    >>> entries()["qepcad"]["variable"]
    'CADLINK_QEPCAD'
    """
    folder = resources.files("cadlink").joinpath("third_party")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".json")), key=lambda f: f.name)
    loaded = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return {entry["name"]: entry for entry in loaded}


def find(name: str) -> Found | NotFound:
    """Look for a program of third_party.  Raises KeyError for a name that is not there.

    If the program's variable is set, only its value counts: a wrong one is not passed over in
    silence.
    """
    entry = entries()[name]
    variable = entry["variable"]
    chosen = os.environ.get(variable, "")
    named = bool(chosen) and chosen != OFF
    looked: list[str] = []
    trouble = _absence(chosen)
    for place, path in _places(entry):
        looked.append(f"{place} (hides it: unset it)" if chosen == OFF else place)
        if path is None:
            continue
        runtime: Path | None = None
        needed = entry.get("runtime", {}).get(path.suffix)
        if needed is not None:
            below = find(needed)
            if isinstance(below, NotFound):
                looked[-1] += f" (found, but it needs {needed})"
                return NotFound(name, (*looked, *below.looked), below.install, below.wrong)
            runtime = below.path
        try:
            version = _version(entry, path)
        except OSError as error:
            trouble = f"it does not run as {entry['title']} ({error.strerror or error})"
            looked[-1] += f" (found {path}, but {trouble})"
            continue
        return Found(name, path, version, place, runtime)
    wrong = f"{variable}={chosen}: {trouble}; unset it, or set it to '{OFF}'" if named else ""
    return NotFound(name, tuple(looked), _commands(entry), wrong)


def _absence(chosen: str) -> str:
    """Why there is no program where a variable says."""
    if os.sep not in chosen:
        return "no such command on PATH"
    path = Path(chosen).expanduser()
    return "a folder, expected a program" if path.is_dir() else "no such file"


def _places(entry: Mapping[str, Any]) -> Iterator[tuple[str, Path | None]]:
    """Every place to look at, described, with the path if there is a file."""
    variable = entry["variable"]
    chosen = os.environ.get(variable, "")
    if chosen:
        path = None if chosen == OFF else _existing(chosen if os.sep in chosen else _which(chosen))
        yield f"{variable}={chosen}", path
        return
    yield f"the variable {variable}", None
    for place in entry["look"]:
        if "command" in place:
            command = place["command"]
            yield f"the command {command} on PATH", _existing(_which(command))
            continue
        for pattern in _expand(place["file"]):
            yield pattern, _existing(pattern)


def _which(command: str) -> str:
    return shutil.which(command) or ""


def _existing(path: str) -> Path | None:
    """The absolute path if there is such a file."""
    found = Path(path).expanduser()
    return found.absolute() if path and found.is_file() else None


def _expand(pattern: str) -> list[str]:
    """``{site}``: where this Python finds packages; ``{scripts}``: where wheels put programs."""
    if "{scripts}" in pattern:
        return [pattern.format(scripts=sysconfig.get_path("scripts"))]
    if "{site}" in pattern:
        folders = [sysconfig.get_path("platlib"), sysconfig.get_path("purelib")]
        folders += [path for path in sys.path if path.endswith("-packages")]
        if site.ENABLE_USER_SITE:
            folders.append(site.getusersitepackages())
        return [pattern.format(site=folder) for folder in dict.fromkeys(folders)]
    return [pattern]


def _commands(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """What a person types to install it: as root on Debian, or without root."""
    packages = [way["packages"] for way in entry["install"] if way["how"] == "apt"]
    as_root = [f"apt-get install {' '.join(names)}" for names in packages]
    return (*as_root, " && ".join(entry["without_root"]))


def _version(entry: Mapping[str, Any], path: Path) -> str:
    """The version; raises OSError if the program does not run."""
    stat = path.stat()
    return _ask_version(entry["name"], path, stat.st_mtime_ns, stat.st_size, stat.st_mode)


@lru_cache
def _ask_version(name: str, path: Path, mtime_ns: int, size: int, mode: int) -> str:
    """The version from the banner; remembered as long as the file is the same.

    A jar's comes from its name and content: starting Java takes a second, and MPReduce's banner
    says the same (".016") for all of them.  Raises OSError if there is no version.
    """
    if path.suffix == ".jar":
        if not zipfile.is_zipfile(path):
            raise OSError("not a jar")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        return f"{path.resolve().stem} (sha256 {digest})"
    how = entries()[name]["version"]
    adapter = REGISTRY.get(name)
    shown = run(
        [str(path), *how["arguments"]],
        how["input"],
        environment={} if adapter is None else adapter.environment(path),
        wall_s=BANNER_S,
        memory_mib=2048,
        max_output_bytes=1 << 20,
    )
    match = re.search(how["pattern"], shown.stdout + shown.stderr)
    if match is None or shown.reason is not Reason.EXITED:
        raise OSError("no version in what it printed")
    return match[1]
