"""The small process between cadlink and a program: starts it, limits it, leaves nothing behind.

Run as a script (``python -I -S watchdog.py ...``) by :mod:`cadlink.backends.process`; it imports
only the standard library, so it starts in some 30 ms.  A process of its own is needed, because

* killing a process group is not enough: QEPCAD starts Singular in a *new session*, a Java or shell
  wrapper leaves grandchildren.  The watchdog is a Linux *child subreaper*: every descendant that
  loses its parent becomes the watchdog's child, so all descendants can be listed, killed and
  waited for;
* cadlink may itself be killed with SIGKILL.  The watchdog sees that its parent changed (within
  ``TICK`` seconds) and clears up.  PR_SET_PDEATHSIG in cadlink's own child would not do: it follows
  the *thread* that forked, so a warm session would die with the worker thread that started it.
  The watchdog has one thread; its child carries that signal in case the watchdog is killed;
* limits hold even while cadlink is busy in a long exact computation.

On systems without these calls (macOS) descendants are found by parent links alone.

Command line:  PARENT REPORT WALL_S MEMORY_MIB GRACE_S AS_LIMIT_MIB PROGRAM [ARGUMENT ...]
REPORT is a file descriptor.  It receives one JSON line ``{"pid"}`` or ``{"errno"}`` after the start
and one at the end: ``{"reason", "returncode", "peak_kib"}``.  SIGTERM asks it to stop.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import sys
import time

__all__ = ["children", "descendants", "main", "resident_kib", "table"]

TICK = 0.05  # seconds between two looks at memory and parent
GIVE_UP = 5.0  # a process that survives SIGKILL this long hangs in the kernel

HAS_PROC = os.path.exists(f"/proc/{os.getpid()}/task/{os.getpid()}/children")

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def prctl(option: int, value: int) -> None:
    """Linux process control; elsewhere nothing happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def children(pid: int) -> list[int]:
    """The direct children of a process, from /proc."""
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                found += map(int, file.read().split())
    except (FileNotFoundError, ProcessLookupError):
        pass  # ended while we looked
    return found


def descendants(root: int) -> list[int]:
    """All processes below ``root``, which is not among them."""
    if not HAS_PROC:
        return [pid for pid, _ in table(root)]
    found: list[int] = []
    waiting = children(root)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting += children(pid)
    return found


def resident_kib(root: int) -> int:
    """Resident memory of all processes below ``root``; pages they share are counted for each."""
    if not HAS_PROC:
        return sum(kib for _, kib in table(root))
    page = resource.getpagesize() // 1024
    total = 0
    for pid in descendants(root):
        try:
            with open(f"/proc/{pid}/statm") as file:
                total += int(file.read().split()[1]) * page
        except (FileNotFoundError, ProcessLookupError):
            continue  # ended while we looked
    return total


def table(root: int) -> list[tuple[int, int]]:
    """(pid, resident KiB) of the processes below ``root``, from ``ps``: where there is no /proc."""
    import subprocess  # not at the top: with /proc every start would pay for it

    shown = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss="], capture_output=True, text=True, check=True
    )
    below: dict[int, list[tuple[int, int]]] = {}
    for line in shown.stdout.splitlines():
        pid, parent, kib = map(int, line.split())
        below.setdefault(parent, []).append((pid, kib))
    found: list[tuple[int, int]] = []
    waiting = list(below.get(root, []))
    while waiting:
        pid, kib = waiting.pop()
        found.append((pid, kib))
        waiting += below.get(pid, [])
    return found


class Watch:
    """One program under watch; ``returncode`` once it is reaped (negative: a signal)."""

    def __init__(self, program: list[str], as_limit_mib: int) -> None:
        self.returncode: int | None = None
        self.pid, self.errno = _start(program, as_limit_mib)

    def reap(self) -> bool:
        """Wait for every process that has ended; False when no child is left at all."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.pid:
                self.returncode = os.waitstatus_to_exitcode(status)

    def signal_all(self, number: int) -> None:
        """Signal every descendant."""
        for pid in descendants(os.getpid()):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                continue  # ended while we looked

    def clear(self, grace_s: float) -> None:
        """Terminate, give ``grace_s``, kill, and wait until no descendant is left."""
        if grace_s > 0:
            self.signal_all(signal.SIGTERM)
            end = time.monotonic() + grace_s
            while self.reap() and time.monotonic() < end:
                time.sleep(0.01)
        end = time.monotonic() + GIVE_UP
        while self.reap() and time.monotonic() < end:
            # Again and again: a process may have forked between the listing and the signal.
            self.signal_all(signal.SIGKILL)
            time.sleep(0.005)


def _start(program: list[str], as_limit_mib: int) -> tuple[int, int]:
    """Fork and exec; (pid, 0), or (pid, errno) when the program could not be started."""
    watchdog = os.getpid()
    read_end, write_end = os.pipe()  # closed by a successful exec, else carries errno
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != watchdog:
                os._exit(127)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            if as_limit_mib:
                limit = as_limit_mib << 20
                resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
            # Python ignores these; the program expects the defaults.
            for number in (signal.SIGPIPE, signal.SIGXFSZ):
                signal.signal(number, signal.SIG_DFL)
            os.execv(program[0], program)
        except OSError as error:
            os.write(write_end, str(error.errno).encode())
        finally:
            os._exit(127)
    os.close(write_end)
    failure = os.read(read_end, 16)
    os.close(read_end)
    return pid, int(failure or 0)


def main(arguments: list[str]) -> int:
    """Watch one program to its end.  See the module's text for the arguments."""
    parent, report = int(arguments[0]), int(arguments[1])
    wall_s, memory_mib, grace_s = float(arguments[2]), int(arguments[3]), float(arguments[4])
    program = arguments[6:]
    os.set_inheritable(report, False)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])  # the thread that started us may block some
    stop: list[bool] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stop.append(True))
    wake_read, wake_write = os.pipe()
    os.set_blocking(wake_write, False)
    os.set_blocking(wake_read, False)
    signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    prctl(PR_SET_CHILD_SUBREAPER, 1)

    started = time.monotonic()
    watch = Watch(program, int(arguments[5]))
    # Let go of the program's pipes: their ends must be seen by cadlink and by the program.
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(null, stream)
    _tell(report, {"errno": watch.errno} if watch.errno else {"pid": watch.pid})
    if watch.errno:
        watch.clear(0)
        return 0

    peak = 0
    reason = ""
    while not reason:
        watch.reap()
        peak = max(peak, resident_kib(os.getpid()))
        if watch.returncode is not None:
            reason = "exited" if watch.returncode >= 0 else "signal"
        elif peak > memory_mib * 1024:
            reason = "memory"
        elif time.monotonic() - started > wall_s:
            reason = "timeout"
        elif stop or os.getppid() != parent:
            reason = "interrupted"
        else:
            left = wall_s - (time.monotonic() - started)
            select.select([wake_read], [], [], max(0.0, min(TICK, left)))
            try:
                os.read(wake_read, 4096)
            except BlockingIOError:
                continue
    # After an exit only strays are left, and a program beyond its memory gets no time to grow.
    watch.clear(0 if reason in ("exited", "signal", "memory") else grace_s)
    _tell(report, {"reason": reason, "returncode": watch.returncode, "peak_kib": peak})
    return 0


def _tell(report: int, what: dict[str, object]) -> None:
    """One line to cadlink, which may be gone."""
    with contextlib.suppress(BrokenPipeError):
        os.write(report, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
