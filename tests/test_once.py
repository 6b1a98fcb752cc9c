"""Attributes computed once must not keep a forked child waiting for a thread it does not have."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cadlink.database import queries
from cadlink.logic import polynomial
from cadlink.once import cached_property
from cadlink.patterns import group, pattern

PROGRAM = """
import os, threading, time
from {module} import cached_property

inside = threading.Event()

class Slow:
    def __init__(self, patient):
        self.patient = patient
    @cached_property
    def value(self):
        if self.patient:
            inside.set()
            time.sleep(1000)
        return 7

threading.Thread(target=lambda: Slow(True).value, daemon=True).start()
inside.wait()
if os.fork() == 0:
    os._exit(Slow(False).value)
print(os.waitstatus_to_exitcode(os.wait()[1]), flush=True)
os._exit(0)
"""


def test_a_fork_while_another_thread_computes() -> None:
    code = PROGRAM.format(module="cadlink.once")
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "7\n"


@pytest.mark.parametrize("module", [queries, polynomial, group, pattern])
def test_the_lockless_one_is_used(module: object) -> None:
    assert vars(module)["cached_property"] is cached_property
