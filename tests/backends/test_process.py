"""Programs that really misbehave: each is stopped, waited for, and its reason recorded.

The fixture ``alive`` fails any test after which a process is left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cadlink.backends import watchdog
from cadlink.backends.process import Ended, Reason, Session, run

MISBEHAVING = Path(__file__).parents[1] / "misbehaving"
Alive = Callable[[], list[str]]
pytestmark = pytest.mark.usefixtures("alive")


def bad(
    name: str,
    text: str = "",
    wall_s: float = 20,
    memory_mib: int = 500,
    max_output_bytes: int = 8 << 20,
) -> Ended:
    program = [sys.executable, str(MISBEHAVING / name)]
    return run(
        program, text, wall_s=wall_s, memory_mib=memory_mib, max_output_bytes=max_output_bytes
    )


def session(memory_mib: int = 500, max_output_bytes: int = 8 << 20) -> Session:
    program = [sys.executable, str(MISBEHAVING / "echo_session.py")]
    return Session(program, memory_mib=memory_mib, max_output_bytes=max_output_bytes)


def wait_for(condition: Callable[[], object], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_a_good_program() -> None:
    ended = run(["cat"], "x" * 300_000, wall_s=10, memory_mib=100)
    assert (ended.reason, ended.returncode) == (Reason.EXITED, 0)
    assert ended.stdout == "x" * 300_000
    assert ended.stderr == ""


def test_the_exit_status_and_stderr_are_kept() -> None:
    ended = run(["sh", "-c", "echo no >&2; exit 7"], wall_s=10, memory_mib=100)
    assert (ended.reason, ended.returncode, ended.stderr) == (Reason.EXITED, 7, "no\n")


def test_environment_changes() -> None:
    os.environ["CADLINK_TEST_GOES"] = "1"
    try:
        ended = run(
            ["sh", "-c", "echo $A-$CADLINK_TEST_GOES"],
            environment={"A": "b", "CADLINK_TEST_GOES": None},
            wall_s=10,
            memory_mib=100,
        )
    finally:
        del os.environ["CADLINK_TEST_GOES"]
    assert ended.stdout == "b-\n"


@pytest.mark.parametrize("name", ["/no/such/program", "no-such-program-anywhere"])
def test_a_missing_program(name: str) -> None:
    with pytest.raises(FileNotFoundError, match=r"[Nn]o such"):
        run([name], wall_s=10, memory_mib=100)


def test_a_file_that_is_no_program(tmp_path: Path) -> None:
    path = tmp_path / "program"
    path.write_text("#!/bin/sh\n")
    with pytest.raises(PermissionError):
        run([str(path)], wall_s=10, memory_mib=100)
    path.chmod(0o755)
    path.write_text("#!/no/such/interpreter\n")
    with pytest.raises(FileNotFoundError):
        Session([str(path)], memory_mib=100)
    path.write_bytes(b"\x00\x01\x02")
    with pytest.raises(OSError, match="format"):
        run([str(path)], wall_s=10, memory_mib=100)


def test_garbage_is_returned_not_raised() -> None:
    ended = bad("garbage.py")
    assert ended.reason is Reason.EXITED
    assert "TRUE?" in ended.stdout


def test_a_gigabyte_is_stopped() -> None:
    ended = bad("flood.py")
    assert ended.reason is Reason.OVERFLOW
    assert len(ended.stdout) < 9 << 20
    assert ended.seconds < 5


def test_ignoring_sigterm_does_not_help() -> None:
    ended = bad("deaf.py", "x" * 1_000_000, wall_s=1)
    assert (ended.reason, ended.returncode) == (Reason.TIMEOUT, -signal.SIGKILL)
    assert ended.stdout == "started\n"
    assert 1 <= ended.seconds < 5


@pytest.mark.parametrize("name", ["leaves_a_child.py", "leaves_a_daemon.py"])
def test_children_left_behind_do_not_hold_us_up(name: str, alive: Alive) -> None:
    ended = bad(name)
    assert (ended.reason, ended.returncode, ended.stdout) == (Reason.EXITED, 0, "done\n")
    assert ended.seconds < 5
    assert alive() == []


def test_the_whole_family_goes(alive: Alive) -> None:
    ended = bad("family.py", wall_s=1)
    assert ended.reason is Reason.TIMEOUT
    assert alive() == []


def test_death_in_the_middle_of_an_answer() -> None:
    ended = bad("dies.py")
    assert (ended.reason, ended.returncode) == (Reason.SIGNAL, -signal.SIGSEGV)
    assert ended.stdout.endswith(">=\n")


def test_silence() -> None:
    ended = bad("silent.py", "question")
    assert (ended.reason, ended.returncode, ended.stdout) == (Reason.EXITED, 0, "")


def test_sleeping_forever() -> None:
    ended = bad("sleeper.py", wall_s=0.7)
    assert (ended.reason, ended.stdout) == (Reason.TIMEOUT, "half of\n")
    assert ended.seconds < 3


@pytest.mark.parametrize("name", ["hungry.py", "hungry_child.py"])
def test_memory_without_bound(name: str) -> None:
    ended = bad(name, memory_mib=200)
    assert ended.reason is Reason.MEMORY
    assert 200 < ended.peak_mib < 2000


def test_the_address_space_is_the_second_line() -> None:
    program = [sys.executable, "-c", "print(len(bytes(9 << 30)))"]
    ended = run(program, wall_s=20, memory_mib=100, limit_address_space=True)
    assert (ended.reason, ended.returncode) == (Reason.EXITED, 1)
    assert "MemoryError" in ended.stderr


def test_both_streams_are_drained_while_the_input_waits() -> None:
    ended = bad("chatter.py", "x" * 1_000_000)
    assert ended.reason is Reason.EXITED
    assert len(ended.stderr) == 1_000_000
    assert ended.stdout.endswith("1000000\n")


def test_no_core_dumps_and_default_signals() -> None:
    ended = run(["sh", "-c", "ulimit -c; kill -PIPE $$"], wall_s=10, memory_mib=100)
    assert (ended.reason, ended.returncode) == (Reason.SIGNAL, -signal.SIGPIPE)
    assert ended.stdout == "0\n"


def test_a_killed_watchdog_takes_the_program_with_it(alive: Alive) -> None:
    ended: list[Ended] = []
    thread = threading.Thread(target=lambda: ended.append(bad("sleeper.py")))
    thread.start()

    def guards() -> list[str]:
        return [line for line in alive() if "watchdog" in line]

    wait_for(lambda: len(alive()) == 2 and len(guards()) == 1)  # the fork has become the program
    (guard,) = guards()
    os.kill(int(guard.split()[0]), signal.SIGKILL)
    thread.join(5)
    assert [(e.reason, e.returncode) for e in ended] == [(Reason.SIGNAL, None)]


def test_the_two_ways_of_listing_processes_agree() -> None:
    program = subprocess.Popen([sys.executable, str(MISBEHAVING / "family.py")], stdout=-1)
    try:
        assert program.stdout is not None
        program.stdout.readline()
        wait_for(lambda: len(watchdog.descendants(program.pid)) == 2)
        family = watchdog.descendants(os.getpid())
        assert set(family) <= {pid for pid, _ in watchdog.table(os.getpid())}
        assert watchdog.resident_kib(os.getpid()) > 3000
    finally:
        for pid in watchdog.descendants(program.pid):
            os.kill(pid, signal.SIGKILL)
        program.kill()
        program.communicate()


# --- sessions ---------------------------------------------------------------------------------


def test_a_session_answers_many_questions() -> None:
    with session() as warm:
        assert warm.ask("a\nEND0\n", "END0\n", 10).stdout == "welcome\na\n"
        for number in range(1, 50):
            reply = warm.ask(f"q{number}\nEND{number}\n", f"END{number}\n", 10)
            assert (reply.reason, reply.stdout) == (Reason.REPLIED, f"q{number}\n")
        assert warm.alive
    assert not warm.alive


def test_long_lines_and_stderr_in_a_session() -> None:
    with session() as warm:
        line = "x" * 200_000
        assert warm.ask(line + "\nEND\n", "END\n", 10).stdout == "welcome\n" + line + "\n"
        assert "***** bad\n" in warm.ask("complain\nEND2\n", "END2\n", 10).stdout


@pytest.mark.parametrize(
    ("word", "reason", "returncode"),
    [
        ("hang", Reason.TIMEOUT, -signal.SIGTERM),
        ("die", Reason.SIGNAL, -signal.SIGKILL),
        ("leave", Reason.EXITED, 3),
        ("flood", Reason.OVERFLOW, None),
        ("eat", Reason.MEMORY, None),
    ],
)
def test_a_session_that_fails_is_over(
    word: str, reason: Reason, returncode: int | None, alive: Alive
) -> None:
    warm = session(memory_mib=200)
    reply = warm.ask(f"hello\n{word}\nEND\n", "END\n", 1 if word == "hang" else 20)
    assert reply.reason is reason
    assert returncode in (None, reply.returncode)
    assert reply.stdout.startswith("welcome\nhello\n")
    assert not warm.alive
    assert alive() == []
    with pytest.raises(ValueError, match="ended"):
        warm.ask("more\n", "more", 1)


def test_a_session_that_stops_reading_does_not_hold_us_up() -> None:
    with session() as warm:
        reply = warm.ask("hang\n" + "x" * 1_000_000, "END", 1)
        assert reply.reason is Reason.TIMEOUT
        assert reply.seconds < 4


def test_a_session_outlives_the_thread_that_started_it() -> None:
    made: list[Session] = []
    thread = threading.Thread(target=lambda: made.append(session()))
    thread.start()
    thread.join()
    time.sleep(0.2)
    assert made[0].ask("END\n", "END\n", 10).reason is Reason.REPLIED
    made[0].close()


def test_a_forgotten_session_ends(alive: Alive) -> None:
    warm = session()
    assert len(alive()) == 2
    del warm
    assert alive() == []


def test_a_fork_leaves_its_parents_session_alone() -> None:
    with session() as warm:
        code = (
            "import os, sys\n"
            "from cadlink.backends.process import Session\n"
            f"warm = Session([sys.executable, {str(MISBEHAVING / 'echo_session.py')!r}],"
            " memory_mib=500)\n"
            "pid = os.fork()\n"
            "if pid == 0:\n"
            "    assert not warm.alive\n"
            "    warm.close()\n"
            "    os._exit(0)\n"
            "assert os.waitpid(pid, 0)[1] == 0\n"
            "print(warm.ask('END\\n', 'END\\n', 10).reason.value)\n"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.stdout, done.stderr) == ("replied\n", "")
        assert warm.ask("END\n", "END\n", 10).reason is Reason.REPLIED


# --- cadlink itself ends ----------------------------------------------------------------------

RUN = "run([sys.executable, family], wall_s=100, memory_mib=500)"
WARM = "s = Session([sys.executable, family], memory_mib=500); s.ask('', 'never', 100)"


def cadlink_running(statement: str) -> subprocess.Popen[str]:
    code = (
        "import sys\nfrom cadlink.backends.process import Session, run\n"
        f"family = {str(MISBEHAVING / 'family.py')!r}\n{statement}\n"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code], stdout=-1, stderr=-1, text=True, start_new_session=True
    )


@pytest.mark.parametrize("statement", [RUN, WARM])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nothing_survives_the_death_of_cadlink(
    statement: str, number: signal.Signals, alive: Alive
) -> None:
    with cadlink_running(statement) as cadlink:
        wait_for(lambda: len(alive()) == 5)  # cadlink, watchdog, three of the family
        cadlink.send_signal(number)
        cadlink.communicate()
    wait_for(lambda: alive() == [], 2)


@pytest.mark.parametrize("statement", [RUN, WARM])
def test_ctrl_c_kills_and_waits(statement: str, alive: Alive) -> None:
    with cadlink_running(statement) as cadlink:
        wait_for(lambda: len(alive()) == 5)
        os.killpg(cadlink.pid, signal.SIGINT)  # as a terminal does
        _, errors = cadlink.communicate(timeout=5)
    assert "KeyboardInterrupt" in errors
    assert cadlink.returncode == -signal.SIGINT
    assert alive() == []  # at once: cadlink waited for them
