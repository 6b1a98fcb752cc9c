"""The only module that starts, limits and kills programs: :func:`run` once, :class:`Session` warm.

Every program runs under ``watchdog.py`` (its text says why): limits are enforced from outside, the
end always has a reason, and no process survives, whether the program ends, is killed, hides in
another session, or cadlink itself dies.  Everything goes through pipes, never a terminal (which
cuts input lines at 4095 bytes), and no pipe is written without its output being read meanwhile.

A session matches its sentinel with pexpect, on a pipe of ours (``pexpect.fdpexpect``).
``pexpect.popen_spawn`` was not usable: its reader thread fills an unbounded queue however little is
asked for, its ``send`` blocks without a time limit when the program stops reading, and it cannot
pass on a file descriptor or start a new session.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import selectors
import shutil
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

import pexpect
import pexpect.fdpexpect

__all__ = ["MAX_OUTPUT", "Ended", "Reason", "Session", "run"]

MAX_OUTPUT = 64 << 20  # bytes; the largest honest answers are some hundred kB
GRACE_S = 0.5  # between SIGTERM and SIGKILL
SLACK_S = 8.0  # how much later than its own limits the watchdog may be before we kill it
CHUNK = 1 << 16
LONGEST_WAIT_S = 3600.0  # per system call, whose range is limited; loops go on waiting
WATCHDOG = Path(__file__).with_name("watchdog.py")


class Reason(Enum):
    """Why a run ended."""

    EXITED = "exited"  # by itself; see the return code
    REPLIED = "replied"  # sessions only: the sentinel came and the program lives on
    TIMEOUT = "timeout"
    MEMORY = "memory"
    OVERFLOW = "overflow"  # printed more than it was allowed to
    INTERRUPTED = "interrupted"  # somebody asked us to stop
    SIGNAL = "signal"  # by a signal that is not ours (a crash, the kernel's memory killer)


@dataclass(frozen=True)
class Ended:
    """What is left of a run; ``returncode`` is negative for a signal, None if the session lives."""

    reason: Reason
    returncode: int | None
    stdout: str
    stderr: str
    seconds: float
    peak_mib: float = 0.0


class _Watched:
    """A program under its watchdog: pipes, the report, and the certainty that it ends."""

    def __init__(
        self,
        argv: Sequence[str],
        environment: Mapping[str, str | None],
        wall_s: float,
        memory_mib: int,
        address_mib: int,
        merge_stderr: bool,
    ) -> None:
        if not sys.executable:
            raise FileNotFoundError("no Python interpreter to run the watchdog (sys.executable)")
        self.owner = os.getpid()
        self.report = b""
        self.report_fd, write_end = os.pipe()
        command = [sys.executable, "-I", "-S", str(WATCHDOG), str(self.owner), str(write_end)]
        command += [str(wall_s), str(memory_mib), str(GRACE_S), str(address_mib)]
        try:
            self.popen = subprocess.Popen(
                [*command, _program(argv[0]), *argv[1:]],
                bufsize=0,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT if merge_stderr else subprocess.PIPE,
                env=_environment(environment),
                start_new_session=True,  # ctrl-C is ours to handle
                pass_fds=(write_end,),
            )
        except BaseException:
            os.close(self.report_fd)
            raise
        finally:
            os.close(write_end)
        try:
            # The first line comes within milliseconds, or the watchdog dies and we see the end.
            while b"\n" not in self.report and self._read_report():
                continue
            started = self._line(0)
        except BaseException:
            self.stop()
            raise
        self.pid = int(started.get("pid", 0))
        if not self.pid:
            self.stop()
            number = int(started.get("errno", 0))
            raise OSError(number, os.strerror(number) if number else "not started", argv[0])

    def _read_report(self) -> bool:
        """Read what the watchdog wrote; False at its end."""
        data = os.read(self.report_fd, CHUNK)
        self.report += data
        return bool(data)

    def _line(self, number: int) -> dict[str, Any]:
        """A line of the report, empty if the watchdog was killed before it wrote it."""
        lines = self.report.split(b"\n")[:-1]
        return dict(json.loads(lines[number])) if number < len(lines) else {}

    def await_report(self, seconds: float) -> None:
        """Give a program that closed its output the time to end, so that its reason is known."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.popen.wait(seconds)

    def stop(self) -> None:
        """End the program and all it started, wait for it, release the pipes.  Idempotent."""
        if os.getpid() != self.owner or self.report_fd < 0:
            return  # a fork of cadlink must not touch its parent's programs
        try:
            if self.popen.poll() is None:
                self.popen.terminate()
                # If the watchdog itself hangs it is killed below.
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.popen.wait(GRACE_S + SLACK_S)
        finally:
            self._release()

    def _release(self) -> None:
        """The last resort and the tidying up."""
        if self.popen.poll() is None:
            self.popen.kill()  # its child carries PR_SET_PDEATHSIG
        self.popen.wait()
        while self._read_report():
            continue
        if not self._line(1) and self._line(0).get("pid"):
            # It was killed before it could clear up.  The program's group is what we know; no
            # such group, or one of zombies, is what we want.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(int(self._line(0)["pid"]), signal.SIGKILL)
        for stream in (self.popen.stdin, self.popen.stdout, self.popen.stderr):
            if stream is not None:
                stream.close()
        os.close(self.report_fd)
        self.report_fd = -1

    def end(self) -> tuple[Reason, int | None, float]:
        """Reason, return code and peak MiB, after :meth:`stop`."""
        last = self._line(1)
        if not last:
            return Reason.SIGNAL, None, 0.0
        return Reason(last["reason"]), last["returncode"], last["peak_kib"] / 1024


def _program(name: str) -> str:
    """The path of a program given by path or by a name on PATH."""
    if os.sep in name:
        return name
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(2, "no such program on PATH", name)
    return found


def _environment(changes: Mapping[str, str | None]) -> dict[str, str]:
    """Our environment with changes; None removes a variable."""
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def run(
    argv: Sequence[str],
    stdin_text: str = "",
    *,
    environment: Mapping[str, str | None] | None = None,
    wall_s: float,
    memory_mib: int,
    max_output_bytes: int = MAX_OUTPUT,
    limit_address_space: bool = False,
) -> Ended:
    """Run a program on ``stdin_text`` to its end: what it printed, and why it ended.

    Memory is the resident memory of the program and all its descendants, looked at every 50 ms;
    ``limit_address_space`` adds RLIMIT_AS (twice that and 1 GiB) as a second line against programs
    that grow faster.  It is off by default: a Java machine reserves far more than it uses.

    Raises OSError (FileNotFoundError, PermissionError, ...) if the program cannot be started.  On
    any other exception, KeyboardInterrupt included, the program is dead and waited for.

    >>> run(["cat"], "hello", wall_s=10, memory_mib=100).stdout
    'hello'
    """
    address_mib = 2 * memory_mib + 1024 if limit_address_space else 0
    started = time.monotonic()
    watched = _Watched(argv, environment or {}, wall_s, memory_mib, address_mib, False)
    try:
        out, err, overflow = _pump(watched, stdin_text.encode(), wall_s, max_output_bytes)
    finally:
        watched.stop()
    reason, returncode, peak = watched.end()
    return Ended(
        Reason.OVERFLOW if overflow else reason,
        returncode,
        out.decode(errors="replace"),
        err.decode(errors="replace"),
        time.monotonic() - started,
        peak,
    )


def _pump(
    watched: _Watched, data: bytes, wall_s: float, max_output: int
) -> tuple[bytes, bytes, bool]:
    """Feed and drain until the watchdog has reported the end; (stdout, stderr, too much)."""
    popen = watched.popen
    assert popen.stdin is not None  # all three are pipes
    assert popen.stdout is not None
    assert popen.stderr is not None
    output = {popen.stdout: bytearray(), popen.stderr: bytearray()}
    overflow = False
    deadline = time.monotonic() + wall_s + GRACE_S + SLACK_S
    with selectors.DefaultSelector() as selector:
        os.set_blocking(popen.stdin.fileno(), False)
        selector.register(popen.stdin, selectors.EVENT_WRITE)
        for stream in (popen.stdout, popen.stderr):
            selector.register(stream, selectors.EVENT_READ)
        selector.register(watched.report_fd, selectors.EVENT_READ)
        while len(selector.get_map()) > 0:
            left = deadline - time.monotonic()
            ready = selector.select(min(max(0.0, left), LONGEST_WAIT_S))
            if not ready and left < LONGEST_WAIT_S:
                break  # the watchdog is late, or a process that cannot be killed holds a pipe
            for key, _ in ready:
                if key.fileobj is popen.stdin:
                    data = _feed(popen.stdin.fileno(), data)
                    if not data:
                        selector.unregister(popen.stdin)
                        popen.stdin.close()
                elif key.fd == watched.report_fd:
                    if not watched._read_report():
                        selector.unregister(watched.report_fd)
                        deadline = time.monotonic() + GRACE_S  # all is dead; drain what is there
                else:
                    stream = key.fileobj  # type: ignore[assignment]
                    chunk = os.read(key.fd, CHUNK)
                    if not chunk:
                        selector.unregister(stream)
                    elif not overflow:
                        output[stream] += chunk
                        overflow = sum(map(len, output.values())) > max_output
                        if overflow:
                            popen.terminate()
    return bytes(output[popen.stdout]), bytes(output[popen.stderr]), overflow


def _feed(fd: int, data: bytes) -> bytes:
    """Write what the pipe takes; what is left.  A reader that is gone takes everything."""
    try:
        return data[os.write(fd, data[:CHUNK]) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return b""


class _TooMuch(Exception):
    """The program printed more than it was allowed to."""


class _Pipe(pexpect.fdpexpect.fdspawn):  # type: ignore[misc]
    """pexpect on a pipe of ours: writes what is pending while it waits, counts what it reads."""

    def __init__(self, watched: _Watched, max_output: int) -> None:
        assert watched.popen.stdin is not None  # both are pipes
        assert watched.popen.stdout is not None
        super().__init__(watched.popen.stdout.fileno(), maxread=CHUNK, use_poll=True)
        self.stdin = watched.popen.stdin.fileno()
        os.set_blocking(self.stdin, False)
        self.pending = b""
        self.allowed = max_output
        self.taken = 0

    def read_nonblocking(self, size: int = 1, timeout: float = -1) -> bytes:
        """As pexpect documents it; raises pexpect.EOF, pexpect.TIMEOUT or :class:`_TooMuch`."""
        deadline = time.monotonic() + timeout
        poll = select.poll()
        poll.register(self.child_fd, select.POLLIN)
        while True:
            if self.pending:
                poll.register(self.stdin, select.POLLOUT)
            left = deadline - time.monotonic()
            if left < 0:
                raise pexpect.TIMEOUT("no output in time")
            ready = [fd for fd, _ in poll.poll(min(left, LONGEST_WAIT_S) * 1000)]
            if self.pending and self.stdin in ready:
                self.pending = _feed(self.stdin, self.pending)
                if not self.pending:
                    poll.unregister(self.stdin)
            if self.child_fd in ready:
                chunk = os.read(self.child_fd, size)
                if not chunk:
                    raise pexpect.EOF("the program closed its output")
                self.taken += len(chunk)
                if self.taken > self.allowed:
                    raise _TooMuch
                return chunk


class Session:
    """A program that answers many questions; stdout and stderr come as one stream.

    ``ask`` is for one thread at a time.  After any reason but REPLIED the program is dead and
    waited for, and the session is of no more use (``alive`` is False).  A forgotten session is
    ended with its last reference, at the latest with cadlink.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        environment: Mapping[str, str | None] | None = None,
        memory_mib: int,
        max_output_bytes: int = MAX_OUTPUT,
    ) -> None:
        self.max_output_bytes = max_output_bytes
        forever = float("inf")
        self._watched = _Watched(argv, environment or {}, forever, memory_mib, 0, True)
        self._pipe = _Pipe(self._watched, max_output_bytes)
        self._finalizer = weakref.finalize(self, self._watched.stop)

    @property
    def alive(self) -> bool:
        """Whether the program still takes questions."""
        return self._mine() and self._watched.popen.poll() is None

    def _mine(self) -> bool:
        """Not closed, and not inherited by a fork of the process that started it."""
        return self._finalizer.alive and self._watched.owner == os.getpid()

    def ask(self, text: str, sentinel: str, wall_s: float) -> Ended:
        """Send ``text`` and read up to ``sentinel``, which is not part of the returned stdout.

        On any exception, KeyboardInterrupt included, the program is dead and waited for.
        """
        if not self._mine():
            raise ValueError("this session has ended: start a new one")
        started = time.monotonic()
        self._pipe.pending += text.encode()
        self._pipe.taken = 0
        reason: Reason | None = None
        try:
            expected = [sentinel.encode(), pexpect.TIMEOUT, pexpect.EOF]
            which = self._pipe.expect_exact(expected, timeout=wall_s)
            if which == 0:
                reason = Reason.REPLIED
            elif which == 1:
                reason = Reason.TIMEOUT
            else:
                self._watched.await_report(GRACE_S)
        except _TooMuch:
            reason = Reason.OVERFLOW
        finally:
            if reason is not Reason.REPLIED:
                self.close()
        seconds = time.monotonic() - started
        text = bytes(self._pipe.before or b"").decode(errors="replace")
        if reason is Reason.REPLIED:
            return Ended(reason, None, text, "", seconds)
        why, returncode, peak = self._watched.end()
        return Ended(reason or why, returncode, text, "", seconds, peak)

    def close(self) -> None:
        """End the program, wait for it.  Idempotent."""
        self._finalizer()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
