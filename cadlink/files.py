"""Opening files that nobody vouches for, and writing files whole or not at all."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from cadlink.errors import InputError, quoted, shortened

__all__ = ["MAX_TEXT_BYTES", "opened", "read", "read_stdin", "replacing", "writable", "write"]

MAX_TEXT_BYTES = 2**28  # of text and JSON: enough for every pattern that can be made
PIECE = 2**20


# -- reading ---------------------------------------------------------------------------------------


@contextmanager
def opened(path: str | Path, limit: int = MAX_TEXT_BYTES) -> Iterator[BinaryIO]:
    """A regular file, open for reading.  Raises InputError if there is none, or a larger one.

    A pipe would wait for ever and a device never end, so that neither is opened.
    """
    where = shortened(path, 300)
    try:
        # Opening a pipe waits for its other end, unless told not to.
        number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise InputError("no such file", where) from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        raise InputError(f"cannot read: {_why(error)}", where) from None
    try:
        state = os.fstat(number)
        if not stat.S_ISREG(state.st_mode):
            kind = "a folder" if stat.S_ISDIR(state.st_mode) else "no regular file"
            raise InputError(
                f"cannot read: it is {kind}; expected a regular file, or '-' for standard input",
                where,
            )
        if state.st_size > limit:
            raise InputError(f"expected at most {limit} bytes, found {state.st_size}", where)
        with open(number, "rb", closefd=False) as stream:
            yield stream
    except OSError as error:
        raise InputError(f"cannot read: {_why(error)}", where) from error
    finally:
        os.close(number)


def read(path: str | Path, limit: int = MAX_TEXT_BYTES) -> bytes:
    """What a regular file holds, or standard input if the path is '-'.

    Raises InputError if it cannot be read or holds more than ``limit`` bytes.
    """
    if str(path) == "-":
        return read_stdin(limit)
    with opened(path, limit) as stream:
        return _pieces(stream, limit, shortened(path, 300))


def read_stdin(limit: int = MAX_TEXT_BYTES, stdin: IO[Any] | None = None) -> bytes:
    """What standard input (or the given binary or text stream) holds, at most ``limit`` bytes."""
    where = "standard input"
    if stdin is None:
        if sys.stdin is None:
            raise InputError("it is closed", where)
        stdin = sys.stdin.buffer
    try:
        return _pieces(stdin, limit, where)
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot read: {_why(error)}", where) from error


def _pieces(stream: IO[Any], limit: int, where: str) -> bytes:
    """The whole stream, never trusting a size that was told before."""
    found = []
    size = 0
    while piece := stream.read(PIECE):
        found.append(piece.encode("utf-8") if isinstance(piece, str) else piece)
        size += len(found[-1])
        if size > limit:
            raise InputError(f"expected at most {limit} bytes", where)
    return b"".join(found)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or shortened(error)


# -- writing ---------------------------------------------------------------------------------------


def writable(target: Path, where: str = "") -> Path:
    """The target's full name.  Raises InputError, naming ``where``, if no file can be put there."""
    if str(target) == "-":
        raise InputError("cannot write: expected the name of a file, found '-'", where)
    try:
        target = target.resolve()
        if not target.parent.is_dir():
            raise InputError(f"cannot write: no such folder: {quoted(str(target.parent))}", where)
        if target.exists() and not target.is_file():
            raise InputError(f"cannot write: not a regular file: {quoted(str(target))}", where)
    except (OSError, ValueError, RuntimeError) as error:  # RuntimeError: links in a circle
        if isinstance(error, InputError):
            raise
        raise InputError(f"cannot write: {_why(error)}", where) from error
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"cannot write: no right to write in {quoted(str(target.parent))}", where)
    return target


@contextmanager
def replacing(target: Path, where: str = "") -> Iterator[Path]:
    """A name to write to, which takes the target's place if all goes well and else goes away.

    The name ends as the target's does.  Raises InputError, naming ``where`` (the target if it is
    empty), if the file cannot be written.

    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "words", "--output") as name:
    ...     _ = name.write_text("whole")
    >>> [path.read_text() for path in folder.iterdir()]
    ['whole']
    """
    where = where or shortened(target, 300)
    target = writable(target, where)
    try:
        handle, text = tempfile.mkstemp(target.suffix, f".{target.stem[:30]}.", target.parent)
        os.close(handle)
        name = Path(text)
        try:
            yield name
            # A temporary file is private; the new file is as readable as any new file.
            mask = os.umask(0)
            os.umask(mask)
            name.chmod(0o666 & ~mask)
            name.replace(target)
        except BaseException:
            name.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise InputError(f"cannot write: {_why(error)}", where) from error


def write(target: str | Path, content: str | bytes, where: str = "") -> None:
    """Write a file (text as UTF-8) whole or not at all.  Raises InputError as ``replacing`` does.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "words")
    >>> write(path, "whole")
    >>> path.read_bytes()
    b'whole'
    """
    with replacing(Path(target), where) as name:
        name.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
