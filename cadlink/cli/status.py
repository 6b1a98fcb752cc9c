"""The exit statuses of every subcommand: a contract other programs rely on."""

from __future__ import annotations

__all__ = [
    "BACKEND_MISSING",
    "BROKEN_PIPE",
    "DECIDED",
    "ERROR",
    "INTERNAL",
    "INTERRUPTED",
    "REJECTED",
    "TERMINATED",
    "UNKNOWN",
    "USAGE",
]

DECIDED = 0  # decided, either way; other subcommands: done
ERROR = 1  # an error the caller can fix
USAGE = 2  # the command line is wrong
UNKNOWN = 3  # no verdict within the limits
BACKEND_MISSING = 4  # a needed backend is not installed
REJECTED = 5  # a certificate was rejected
INTERNAL = 70  # a mistake in cadlink
INTERRUPTED = 130  # Ctrl-C
BROKEN_PIPE = 141  # the reader of our output went away: what a shell reports for SIGPIPE
TERMINATED = 143  # SIGTERM
