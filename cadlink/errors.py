"""Every exception of cadlink; this module imports nothing of the package.

Each class is also the built-in exception a caller would expect, so that ``except ValueError``
catches bad input.  Messages are one line: what was wrong, where, what was expected, what to do
next.
"""

from __future__ import annotations

__all__ = [
    "AnswerError",
    "BackendError",
    "BackendMissing",
    "CacheWarning",
    "CadlinkError",
    "CertificateError",
    "FormulaError",
    "InputError",
]


class CadlinkError(Exception):
    """Base class of every error cadlink raises on purpose."""


class InputError(CadlinkError, ValueError):
    """A pattern, file or argument the caller can fix.

    ``where`` says where in the input (file, layer, row), or is empty.
    """

    def __init__(self, message: str, where: str = "") -> None:
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
        super().__init__(f"{path}: expected {expected}; found {found}")
        self.path = path
        self.expected = expected
        self.found = found

    def __reduce__(self) -> tuple[type[CertificateError], tuple[str, str, str]]:
        """Exceptions are pickled by their message alone, which is not how this one is made."""
        return type(self), (self.path, self.expected, self.found)


class CacheWarning(UserWarning):
    """Kept answers (the cache, a database) could not be used; the decision goes on without them."""
