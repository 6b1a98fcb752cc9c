"""Reads the command line, calls the subcommand, turns known errors into one line and a status."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
import warnings
from collections.abc import Sequence
from importlib.metadata import version
from types import FrameType
from typing import TextIO

from cadlink.cli import (
    backends,
    cache,
    check,
    db,
    decide,
    demo,
    explain,
    families,
    network,
    repair,
    status,
)
from cadlink.errors import BackendMissing, CadlinkError, CertificateError

__all__ = ["main"]

_COMMANDS = (decide, explain, check, network, demo, repair, backends, families, cache, db)

_EPILOG = """\
exit status: 0 decided or done, 1 an error you can fix, 2 usage, 3 unknown, 4 a needed backend is
missing, 5 a certificate was rejected, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command ``cadlink``; returns the exit status.

    >>> main(["families", "--no-such-option"])
    Traceback (most recent call last):
    SystemExit: 2
    """
    args = _parser().parse_args(arguments)
    _terminate_in_order()
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            result: int = args.run(args)
        sys.stdout.flush()
        return result
    except CertificateError as error:
        return _fail(error, status.REJECTED)
    except BackendMissing as error:
        return _fail(error, status.BACKEND_MISSING)
    except CadlinkError as error:
        return _fail(error, status.ERROR)
    except BrokenPipeError:
        # Python would complain once more while closing stdout; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return status.BROKEN_PIPE
    except OSError as error:
        return _fail(error, status.ERROR)
    except KeyboardInterrupt:
        print("cadlink: interrupted", file=sys.stderr)
        return status.INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="cadlink",
        description="Decide, exactly and with a proof, whether the products of matrices with given "
        "supports form a closed set.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cadlink {version('cadlink')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        command.add_parser(commands)
    return parser


def _fail(error: Exception, code: int) -> int:
    """One line on stderr."""
    print("cadlink: " + " ".join(str(error).split()), file=sys.stderr)
    return code


def _warn(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """One line on stderr, without the source code that Python would show."""
    print("cadlink: warning: " + " ".join(str(message).split()), file=sys.stderr)


def _terminate_in_order() -> None:
    """Let SIGTERM unwind the stack, so that warm sessions are stopped."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(status.TERMINATED)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
