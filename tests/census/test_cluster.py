"""A Dask scheduler and two workers, each a process of its own, and each killed in the middle."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from cadlink.census.build import Status, build
from cadlink.census.pool import Crew, dask_crew
from cadlink.census.tasks import Spec
from cadlink.database.queries import PatternDatabase
from cadlink.deciding.decision import Limits
from cadlink.errors import InputError

LISTS = [Spec("two", (3, 3, 1)), Spec("two", (3, 3, 2)), Spec("any", (2, 3))]


class Cluster:
    """A scheduler and its workers, each a process of its own on this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler, self.address = self.start_scheduler("0")
        self.workers = [self.start_worker(), self.start_worker()]

    def _start(self, name: str, *arguments: str) -> tuple[subprocess.Popen[bytes], Path]:
        path = self.folder / f"log{len(self.processes)}"
        with path.open("w") as log:
            command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *arguments]
            process = subprocess.Popen(command, stdout=log, stderr=log)
        self.processes.append(process)
        return process, path

    def start_scheduler(self, port: str) -> tuple[subprocess.Popen[bytes], str]:
        """The process and its address, once it listens."""
        where = ("--host", "127.0.0.1", "--port", port, "--no-dashboard")
        process, log = self._start("scheduler", *where, "--dashboard-address", "127.0.0.1:0")
        return process, _read(log, r"Scheduler at:\s+(tcp://\S+)")

    def start_worker(self) -> subprocess.Popen[bytes]:
        folder = str(self.folder / f"worker{len(self.processes)}")
        flags = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", folder)
        process, log = self._start("worker", self.address, *flags)
        _read(log, r"Registered to:\s+(tcp)")
        return process

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with closing(Cluster(tmp_path)) as cluster:
        yield cluster


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


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    """The same lists built in this process, uninterrupted."""
    path = tmp_path_factory.mktemp("local") / "db"
    crew = Crew(lambda: ThreadPoolExecutor(1), 1)
    build(path, LISTS, crew, Limits(20))
    crew.close()
    return rows(path)


def test_a_worker_is_killed(cluster: Cluster, tmp_path: Path, local: list[object]) -> None:
    crew = dask_crew(cluster.address)
    killed = []

    def progress(status: Status) -> None:
        if status.done and not killed:
            cluster.workers[0].kill()
            killed.append(status)

    build(tmp_path / "db", LISTS, crew, Limits(20), progress)
    crew.close()
    assert killed
    assert rows(tmp_path / "db") == local


def test_the_scheduler_is_killed(cluster: Cluster, tmp_path: Path, local: list[object]) -> None:
    """The build ends with one line; with a new cluster the same call goes on."""
    crew = dask_crew(cluster.address, patience=1.0)

    def progress(status: Status) -> None:
        if status.done:
            cluster.scheduler.kill()
            cluster.scheduler.wait()

    with pytest.raises(InputError, match=r"is gone; the same command goes on"):
        build(tmp_path / "db", LISTS, crew, Limits(20), progress)
    crew.close()
    done = rows(tmp_path / "db")
    assert 0 < len(done) < len(local)
    port = cluster.address.rpartition(":")[2]
    cluster.start_scheduler(port)
    for _ in range(2):
        cluster.start_worker()
    crew = dask_crew(cluster.address)
    build(tmp_path / "db", LISTS, crew, Limits(20))
    crew.close()
    assert rows(tmp_path / "db") == local


def test_the_scheduler_comes_back(cluster: Cluster, tmp_path: Path, local: list[object]) -> None:
    """In time for the very same build, which submits everything unfinished again."""
    crew = dask_crew(cluster.address)
    killed = []

    def progress(status: Status) -> None:
        if status.done and not killed:
            killed.append(status)
            cluster.scheduler.kill()
            cluster.scheduler.wait()
            cluster.start_scheduler(cluster.address.rpartition(":")[2])
            cluster.start_worker()

    build(tmp_path / "db", LISTS, crew, Limits(20), progress)
    crew.close()
    assert killed
    assert rows(tmp_path / "db") == local


def test_all_workers_are_gone(cluster: Cluster, tmp_path: Path) -> None:
    crew = dask_crew(cluster.address, patience=1.0)

    def progress(status: object) -> None:
        for worker in cluster.workers:
            worker.kill()

    with pytest.raises(InputError, match="has no workers"):
        build(tmp_path / "db", LISTS, crew, Limits(20), progress)
    crew.close()


def test_nobody_there() -> None:
    with pytest.raises(InputError, match="no scheduler at"):
        dask_crew("tcp://127.0.0.1:9")
