"""A Dask scheduler and two workers in processes of their own; one is killed in the middle."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from cadlink.census.build import build
from cadlink.census.pool import Crew, dask_crew
from cadlink.census.tasks import Spec
from cadlink.database.queries import PatternDatabase
from cadlink.decision import Limits
from cadlink.errors import InputError

LISTS = [Spec("two", (3, 3, 1)), Spec("two", (3, 3, 2)), Spec("any", (2, 3))]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    with ExitStack() as stack:
        log = stack.enter_context((tmp_path / "log").open("w+"))

        def start(*arguments: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(
                [sys.executable, "-m", "distributed.cli." + arguments[0], *arguments[1:]],
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        where = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        start("dask_scheduler", *where, "--dashboard-address", "127.0.0.1:0")
        address = _read(tmp_path / "log", r"Scheduler at:\s+(tcp://\S+)")
        flags = ("--no-nanny", "--nthreads", "1", "--no-dashboard")
        workers = [
            start("dask_worker", address, *flags, "--local-directory", str(tmp_path / name))
            for name in ("one", "two")
        ]
        yield address, workers


def _read(log: Path, words: str) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = re.search(words, log.read_text())
        if found:
            return found.group(1)
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def rows(path: Path) -> list[object]:
    with PatternDatabase.open(path) as database:
        return database.execute(
            "SELECT id, form, verdict, assurance, method, proof, minimal FROM patterns ORDER BY id"
        )


def test_a_worker_is_killed(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, workers = cluster
    crew = dask_crew(address)
    killed = []

    def progress(status: object) -> None:
        if not killed:
            workers[0].kill()
            killed.append(status)

    build(tmp_path / "db", LISTS, crew, Limits(20), progress)
    crew.close()
    local = Crew(lambda: ThreadPoolExecutor(1), 1)
    build(tmp_path / "local", LISTS, local, Limits(20))
    local.close()
    assert killed
    assert rows(tmp_path / "db") == rows(tmp_path / "local")


def test_nobody_there() -> None:
    with pytest.raises(InputError, match="no scheduler at"):
        dask_crew("tcp://127.0.0.1:9")
