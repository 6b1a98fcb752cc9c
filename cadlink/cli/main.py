"""Reads the command line, calls the subcommand, turns known errors into one line and a status."""

from __future__ import annotations

import argparse
import errno
import io
import os
import shlex
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from types import FrameType
from typing import NoReturn, TextIO

from cadlink.cli import status
from cadlink.errors import BackendMissing, CadlinkError, CertificateError, shortened

__all__ = ["main"]

_COMMANDS = {
    "decide": "decide one pattern",
    "explain": "show what decide would do, without running it; or a certificate as a proof",
    "check": "re-check a certificate file",
    "network": "what a pattern or model means for training",
    "diagnose": "whether trained weights are going to infinity",
    "demo": "train on data without an optimum and watch",
    "repair": "the smallest changes of the masks that help",
    "member": "factors of one exact matrix with these masks, or a proof that there are none",
    "formula": "write a question about a pattern as a formula",
    "eliminate": "eliminate the quantifiers of a formula, or decide it",
    "backends": "list the programs cadlink can ask",
    "families": "list the named patterns",
    "cache": "look at, empty or re-check the kept answers",
    "db": "build, check and query databases of patterns",
}

_EPILOG = """\
exit status: 0 decided or done, 1 an error you can fix, 2 usage, 3 unknown, 4 a needed backend is
missing, 5 a certificate was rejected, 70 a mistake in cadlink, 130 interrupted.
CADLINK_DEBUG=1 shows where in the code an error arose.
"""

_REPORT = (
    "this is a mistake in cadlink; please report it with the command, its input and what it prints"
    " with CADLINK_DEBUG=1"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command ``cadlink``; returns the exit status.

    >>> main(["families", "--no-such-option"])
    Traceback (most recent call last):
    SystemExit: 2
    """
    _open_streams()
    arguments = sys.argv[1:] if arguments is None else arguments
    _terminate_in_order()
    try:
        args, rest = _parser(arguments).parse_known_args(arguments)
        if rest:
            args.parser.error(f"unrecognized arguments: {' '.join(rest)}")
        args.command = shlex.join(["cadlink", *arguments])
        if sys.stdout is None:
            raise CadlinkError("standard output is closed; nothing would be seen of the answer")
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
        if error.errno == errno.ENOSPC and error.filename is None:  # what is printed has no name
            return _fail(CadlinkError(f"standard output: {error.strerror}"), status.ERROR)
        return _fail(error, status.ERROR)
    except MemoryError:
        return _fail(CadlinkError("out of memory"), status.ERROR)
    except KeyboardInterrupt:
        print("cadlink: interrupted", file=sys.stderr)
        return status.INTERRUPTED
    except Exception as error:  # the last resort
        kind = type(error).__name__
        return _fail(CadlinkError(f"{kind}: {shortened(error, 200)}; {_REPORT}"), status.INTERNAL)


class _Parser(argparse.ArgumentParser):
    """Says in one line what is wrong with a command line, and where to read on."""

    def error(self, message: str) -> NoReturn:
        line = " ".join(shortened(message, 1000).split())
        self.exit(status.USAGE, f"{self.prog}: {line}; '{self.prog} --help' says what it takes\n")


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """All commands by name; those among the arguments with their own arguments, and imported."""
    parser = _Parser(
        prog="cadlink",
        description="Decide, exactly and with a proof, whether the products of matrices with given "
        "supports form a closed set.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cadlink {version('cadlink')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, meaning in _COMMANDS.items():
        command = commands.add_parser(name, help=meaning)
        if name in arguments:
            module = import_module(f"cadlink.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run, parser=command)
    return parser


def _open_streams() -> None:
    """Have something behind each of the three streams, and print whatever a file's name may hold.

    A closed stream's number would be given to the next file that is opened, and what is meant for
    the stream would go there.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free
    if sys.stderr is None:
        sys.stderr = io.StringIO()  # there is nobody to tell
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(error: Exception, code: int) -> int:
    """One line on stderr."""
    if os.environ.get("CADLINK_DEBUG") == "1":
        traceback.print_exc()
    print("cadlink: " + " ".join(shortened(error, 1000).split()), file=sys.stderr)
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
    print("cadlink: warning: " + " ".join(shortened(message, 1000).split()), file=sys.stderr)


def _terminate_in_order() -> None:
    """Let SIGTERM unwind the stack, so that warm sessions are stopped."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(status.TERMINATED)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, stop)
