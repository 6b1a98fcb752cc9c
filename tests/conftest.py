"""Rules of the whole test run: the user's cache is out of reach, nothing is skipped, and nothing is
looked up in the shipped database unless a test says so (rules and backends are what is tested)."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

TAG = "CADLINK_TEST_TAG"


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported: every cache of this run lives in a folder that goes with it."""
    folder = tempfile.mkdtemp(prefix="cadlink-tests-")
    os.environ["CADLINK_CACHE"] = str(Path(folder, "answers.sqlite"))
    os.environ["XDG_CACHE_HOME"] = folder
    os.environ["CADLINK_DATABASE"] = "off"
    config.stash[_FOLDER] = folder
    settings.register_profile("untimed", deadline=None)  # how long a case takes is not tested
    settings.load_profile("untimed")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(config.stash[_FOLDER], ignore_errors=True)


_FOLDER = pytest.StashKey[str]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A skipped test is a failed test: an absent program must not look like a passed check."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which this project counts as a failure: {report.longrepr}"
        if hasattr(report, "wasxfail"):  # an expected failure, else not counted
            del report.wasxfail
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a module that skips itself as a whole."""
    report = yield
    if report.skipped:
        report.outcome = "failed"
        report.longrepr = f"skipped, which this project counts as a failure: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _no_way_to_the_users_cache() -> Iterator[None]:
    """Fails a test that removes the guard for good; use monkeypatch to change it for a while."""
    guarded = os.environ.get("CADLINK_CACHE")
    yield
    assert os.environ.get("CADLINK_CACHE") == guarded


@pytest.fixture
def alive(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Marks every process the test starts, however it hides; lists those running.

    At the end of the test none may be left after 2 s.
    """
    mark = uuid.uuid4().hex
    monkeypatch.setenv(TAG, mark)
    needle = f"{TAG}={mark}".encode()

    def running() -> list[str]:
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    if needle in folder.joinpath("environ").read_bytes():
                        command = folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ")
                        found.append(f"{folder.name} {command.decode()}")
                except (FileNotFoundError, ProcessLookupError, PermissionError):
                    continue  # ended while we looked, or not ours
        return found

    yield running
    end = time.monotonic() + 2
    while running() and time.monotonic() < end:
        time.sleep(0.02)
    assert running() == []
