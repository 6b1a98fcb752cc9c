"""Every exception of cadlink; this module imports nothing of the package.

Each class is also the built-in exception a caller would expect, so that ``except ValueError``
catches bad input.  Messages are one line: what was wrong, where, what was expected, what to do
next.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = [
    "AnswerError",
    "BackendError",
    "BackendMissing",
    "BackendWarning",
    "CacheWarning",
    "CadlinkError",
    "CadlinkWarning",
    "CertificateError",
    "CheckOverdue",
    "FormulaError",
    "InputError",
    "TrainingWarning",
    "foreign",
    "quoted",
    "shortened",
]

MAX_QUOTE = 80  # characters of a foreign value
MAX_MESSAGE = 1000


def shortened(text: object, limit: int = MAX_QUOTE) -> str:
    """Foreign text as part of a message: one line, no control characters, at most ``limit`` long.

    >>> shortened("a\\x1b[2J b" + "c" * 9, 12)
    'a\\\\x1b[2J ...'
    """
    line = " ".join(str(text).splitlines())[: limit + 1]
    line = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    return line if len(line) <= limit else line[: limit - 3] + "..."


def quoted(value: object) -> str:
    """A foreign value as Python would write it, cut to MAX_QUOTE characters.

    >>> quoted("lu:" + "9" * 5000)[-6:], quoted([[1] * 10**6])
    ("99...'", '[[1, 1, 1, 1, 1, 1, ...]]')
    """
    if isinstance(value, str):
        cut = value if len(value) <= MAX_QUOTE else value[: MAX_QUOTE - 3] + "..."
        return ascii(cut) if not cut.isprintable() else repr(cut)
    return shortened(_QUOTER.repr(value))


class _Quoter(reprlib.Repr):
    """Looks at the beginning of a value only, however large the value is."""

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write more than 4300 digits, and takes quadratic time for them.
        return repr(x) if x.bit_length() < 1000 else f"<an integer of {x.bit_length()} bits>"


_QUOTER = _Quoter()
_QUOTER.maxstring = _QUOTER.maxother = MAX_QUOTE


class CadlinkError(Exception):
    """Base class of every error cadlink raises on purpose.

    Whatever a message quotes, it is one line of at most MAX_MESSAGE printable characters.
    """

    def __init__(self, message: object = "") -> None:
        super().__init__(shortened(message, MAX_MESSAGE))


class InputError(CadlinkError, ValueError):
    """A pattern, file or argument the caller can fix.

    ``where`` says where in the input (file, layer, row), or is empty.
    """

    def __init__(self, message: str, where: str = "") -> None:
        where = shortened(where, 300)
        super().__init__(f"{where}: {message}" if where else message)
        self.where = where


class FormulaError(CadlinkError, ValueError):
    """A first-order formula that is not well formed or not of the kind an operation needs."""


class BackendError(CadlinkError, RuntimeError):
    """A quantifier-elimination program failed in a way that is not a mere lack of an answer."""

    def __init__(self, message: str, backend: str = "", transcript: str = "") -> None:
        super().__init__(message)
        self.backend = backend
        self.transcript = transcript


class BackendMissing(BackendError, FileNotFoundError):
    """A backend that was asked for by name is not installed.

    The message says what was looked for, where, and the command that installs it.
    """


class AnswerError(BackendError, ValueError):
    """A program's output is not, as a whole, an answer in its documented grammar."""

    def __init__(
        self, message: str, backend: str = "", transcript: str = "", line: int = 0, column: int = 0
    ) -> None:
        place = f" (line {line}, column {column})" if line else ""
        super().__init__(message + place, backend, transcript)
        self.line = line
        self.column = column


class CertificateError(CadlinkError, ValueError):
    """The kernel rejected a certificate.

    ``path`` names the failing step, e.g. ``proof.parts[0].parts[1] (forcing)``; ``expected`` and
    ``found`` say what the theorem demands and what the certificate holds.
    """

    def __init__(self, path: str, expected: str, found: str) -> None:
        super().__init__(f"{path}: expected {expected}; found {shortened(found, 200)}")
        self.path = path
        self.expected = expected
        self.found = found

    def __reduce__(self) -> tuple[type[CertificateError], tuple[str, str, str]]:
        """Exceptions are pickled by their message alone, which is not how this one is made."""
        return type(self), (self.path, self.expected, self.found)


class CheckOverdue(CertificateError):
    """The kernel had no time left to check a certificate, which may be right."""


class CadlinkWarning(UserWarning):
    """Base class of every warning cadlink gives."""


class BackendWarning(CadlinkWarning):
    """A program the user named could not be used; the work goes on without it."""


class TrainingWarning(CadlinkWarning):
    """A training run shows the signs of a loss without an optimum."""


class CacheWarning(CadlinkWarning):
    """Kept answers (the cache, a database) could not be used; the decision goes on without them."""


@contextmanager
def foreign(what: str, where: str = "") -> Iterator[None]:
    """Around a library's look at data nobody vouches for: whatever it raises is an InputError.

    Keep it close around the call: a mistake of ours inside would look like bad data.

    >>> with foreign("not a number", "row 2"):
    ...     float("one")
    Traceback (most recent call last):
    cadlink.errors.InputError: row 2: not a number (could not convert string to float: 'one')
    """
    try:
        yield
    except CadlinkError:
        raise
    except Exception as error:  # libraries raise anything, MemoryError and RecursionError too
        raise InputError(f"{what} ({shortened(error) or type(error).__name__})", where) from error
