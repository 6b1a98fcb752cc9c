"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cadlink.errors import InputError

__all__ = ["replacing", "writable"]


def writable(target: Path, where: str) -> Path:
    """The target's full name.  Raises InputError, naming ``where``, if no file can be put there."""
    target = target.resolve()
    if not target.parent.is_dir():
        raise InputError(f"no such directory: {target.parent}", where)
    if target.exists() and not target.is_file():
        raise InputError(f"not a regular file: {target}", where)
    if not os.access(target.parent, os.W_OK):
        raise InputError(f"no right to write in {target.parent}", where)
    return target


@contextmanager
def replacing(target: Path, where: str) -> Iterator[Path]:
    """A name to write to, which takes the target's place if all goes well and else goes away.

    Raises InputError, naming ``where``, if the file cannot be written.

    >>> folder = Path(tempfile.mkdtemp())
    >>> with replacing(folder / "words", "--output") as name:
    ...     _ = name.write_text("whole")
    >>> [path.read_text() for path in folder.iterdir()]
    ['whole']
    """
    target = writable(target, where)
    try:
        handle, text = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
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
        raise InputError(f"cannot write {target}: {error.strerror or error}", where) from error
