"""The words in which cadlink answers: verdict, assurance, reason, limits, decision."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum
from typing import Any

from cadlink.backends.engine import Run
from cadlink.certificates.data import Certificate, Proof
from cadlink.errors import InputError
from cadlink.patterns.pattern import Pattern

__all__ = ["Assurance", "Decision", "Limits", "UnknownReason", "Verdict"]


class Verdict(Enum):
    """Whether the set of matrix products with these supports is closed."""

    CLOSED = "closed"
    NOT_CLOSED = "not_closed"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError("a verdict has three values; compare with Verdict.CLOSED or .NOT_CLOSED")


class Assurance(Enum):
    """How far the verdict is verified."""

    CHECKED = "checked"  # the kernel re-checked every step
    TRUSTED = "trusted"  # every step but the answers of the backends the certificate names
    NONE = "none"  # no verdict


class UnknownReason(Enum):
    """Why there is no verdict."""

    TIME = "time"  # the wall limit was reached
    MEMORY = "memory"  # a backend ran out of memory, and nothing else answered
    NO_BACKEND = "no_backend"  # the rules were silent and no backend is installed
    BACKENDS_FAILED = "backends_failed"  # rules, search and every backend asked were silent
    CONTRADICTION = "contradiction"  # two backends gave opposite answers
    REJECTED = "rejected"  # the kernel refused our own certificate: a bug, please report it


@dataclass(frozen=True)
class Limits:
    """Limits of one decision: total wall time in seconds, memory of each backend in MiB.

    Raises InputError unless both are positive and finite.
    """

    wall_s: float = 60.0
    memory_mib: int = 4096

    def __post_init__(self) -> None:
        if not (math.isfinite(self.wall_s) and self.wall_s > 0):
            raise InputError(f"wall limit {self.wall_s!r}: expected a positive number of seconds")
        if self.memory_mib < 64:
            raise InputError(f"memory limit {self.memory_mib!r}: expected at least 64 MiB")


@dataclass(frozen=True)
class Decision:
    """The answer about one pattern.

    ``certificate`` is present exactly when the verdict is not UNKNOWN, and the kernel has accepted
    it.  ``reason`` and ``detail`` say why there is no verdict.  ``runs`` lists every question put
    to a backend, answered or not.  ``source`` names the file in which a backend's word was read
    that the verdict rests on; it is empty if there is none.  A decision has no truth value:
    ``bool(decision)`` raises TypeError.
    """

    pattern: Pattern
    verdict: Verdict
    assurance: Assurance
    method: str
    seconds: float
    reason: UnknownReason | None = None
    detail: str = ""
    certificate: Certificate | None = None
    runs: tuple[Run, ...] = ()
    source: str = ""

    def __bool__(self) -> bool:
        raise TypeError("a decision has no truth value; look at decision.verdict")

    def to_json(self) -> dict[str, Any]:
        """The object that ``cadlink decide --json`` prints."""
        return {
            "verdict": self.verdict.value,
            "assurance": self.assurance.value,
            "reason": None if self.reason is None else self.reason.value,
            "detail": self.detail,
            "method": self.method,
            "seconds": round(self.seconds, 6),
            "pattern": self.pattern.to_json(),
            "certificate": None if self.certificate is None else self.certificate.to_json(),
            "runs": [run.to_json() for run in self.runs],
            "source": self.source or None,
        }


def leaf_rules(proof: Proof) -> str:
    """The rules at the leaves of a proof, each once, in the order of the tree.

    >>> leaf_rules(Proof("split", {}, (Proof("star"), None, Proof("good_pairs"))))
    'star, good_pairs'
    """
    found: list[str] = []

    def visit(step: Proof) -> None:
        if not any(step.parts) and step.rule not in found:
            found.append(step.rule)
        for part in step.parts:
            if part is not None:
                visit(part)

    visit(proof)
    return ", ".join(found)
