"""What every rule of the kernel gets and gives back: typed data, a work budget, an outcome."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from typing import Any, TypeAlias

from cadlink.certificates.kernel.problems import Problem
from cadlink.certificates.read import MAX_DIGITS, shown
from cadlink.errors import CertificateError, CheckOverdue

__all__ = [
    "CLOSED",
    "FREE",
    "NOT_CLOSED",
    "Budget",
    "Found",
    "Lemma",
    "Needs",
    "Number",
    "Outcome",
    "Reader",
]

FREE, CLOSED, NOT_CLOSED = "free", "closed", "not_closed"

Number: TypeAlias = "int | Fraction"

RATIONAL = re.compile(r"-?[0-9]+(/[0-9]+)?")


@dataclass(frozen=True)
class Found:
    """What a step has shown, and the statements of backends it rests on.

    ``facts`` is what the check computed and a reader of the proof wants to see, such as matchings;
    nothing rests on it.
    """

    conclusion: str  # FREE, CLOSED or NOT_CLOSED
    holes: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Lemma:
    """A problem whose set must be free, with the proof found in the step's data at ``place``."""

    problem: Problem
    proof: object
    place: str = "proof"


@dataclass(frozen=True)
class Needs:
    """What a step makes of its problem: subproblems, in the order of the step's parts.

    ``how`` is "same" (one part, same answer), "all" (free or closed iff all parts are), "closed"
    (closed iff all parts are, and then not known to be free) or "obstruction" (one part; if it is
    not closed, neither is the problem).  ``lemmas`` must be proved besides.  ``facts`` as in
    :class:`Found`.
    """

    parts: tuple[Problem, ...]
    how: str = "same"
    lemmas: tuple[Lemma, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


Outcome: TypeAlias = "Found | Needs"


class Budget:
    """Work left, in nanoseconds of an ordinary computer, and perhaps a time when all ends.

    A certificate that needs more is rejected, not endured.  Work is counted and not measured, so
    that the answer is the same everywhere: a second for any problem, and as much again for every
    100,000 entries, for a large problem needs passes over it.
    """

    def __init__(self, work: int = 10**9, deadline: float = math.inf) -> None:
        self.left = work
        self.deadline = deadline

    @classmethod
    def of(cls, problem: Problem, deadline: float = math.inf) -> Budget:
        """For a proof about this problem; ``deadline`` is a value of ``time.monotonic()``."""
        return cls(10**9 + 10**4 * problem.ones, deadline)

    def spend(self, work: int, path: str) -> None:
        """Take ``work`` off before it is done, or reject."""
        self.left -= work
        if self.left < 0:
            raise CertificateError(path, "a proof that is quick to check", "too much work")
        if time.monotonic() >= self.deadline:
            raise CheckOverdue(path, "a check before the deadline", "no time left")


class Reader:
    """The data of one step, read with the types its rule demands; ``path`` names the step."""

    def __init__(self, data: Mapping[str, Any], path: str, budget: Budget) -> None:
        self.data = data
        self.path = path
        self.budget = budget

    def demand(self, holds: bool, expected: str, found: object) -> None:
        """Reject the certificate unless the condition holds."""
        if not holds:
            text = found if isinstance(found, str) else shown(found)
            raise CertificateError(self.path, expected, text)

    def spend(self, work: int) -> None:
        """Account for work that is about to be done."""
        self.budget.spend(work, self.path)

    def keys(self, value: object, keys: Collection[str], what: str) -> dict[str, Any]:
        """An object with exactly these keys."""
        if not isinstance(value, dict) or set(value) != set(keys):
            found = sorted(value) if isinstance(value, dict) else value
            raise CertificateError(self.path, f"{what} with the keys {sorted(keys)}", shown(found))
        return value

    def items(self, value: object, what: str, length: int | None = None) -> list[Any]:
        """A list, of the given length if one is given."""
        if not isinstance(value, list) or (length is not None and len(value) != length):
            size = "a list" if length is None else f"a list of {length} entries"
            raise CertificateError(self.path, f"{what}: {size}", shown(value))
        return value

    def integer(self, value: object, what: str, low: int, high: int) -> int:
        """An integer (no bool) with low <= value < high."""
        if type(value) is not int or not low <= value < high:
            raise CertificateError(
                self.path, f"{what}: an integer from {low} to {high - 1}", shown(value)
            )
        return value

    def whole(self, value: object, what: str) -> int:
        """Any integer (no bool)."""
        if type(value) is not int:
            raise CertificateError(self.path, f"{what}: an integer", shown(value))
        return value

    def member(self, value: object, allowed: Collection[int], what: str) -> int:
        """An integer (no bool) out of a collection."""
        if type(value) is not int or value not in allowed:
            raise CertificateError(self.path, f"{what} of the problem", shown(value))
        return value

    def ascending(self, value: object, allowed: Collection[int], what: str) -> list[int]:
        """A strictly ascending, nonempty list of integers out of a collection."""
        numbers = [self.member(number, allowed, what) for number in self.items(value, what)]
        for small, large in pairwise(numbers):
            self.demand(small < large, f"{what}s in ascending order, each once", value)
        self.demand(bool(numbers), f"at least one {what}", value)
        return numbers

    def number(self, value: object, what: str) -> Number:
        """The same as ``rational``, an integer as such: its arithmetic is quicker.

        Charges nanoseconds for the greatest common divisor of a long fraction.
        """
        if isinstance(value, str):
            self.spend(200 * min(len(value), 2 * MAX_DIGITS))
        number = self.rational(value, what)
        return number.numerator if number.denominator == 1 else number

    def rational(self, value: object, what: str) -> Fraction:
        """An integer or a string "p/q"."""
        if type(value) is int:
            return Fraction(value)
        if (
            isinstance(value, str)
            and len(value) <= 2 * MAX_DIGITS
            and RATIONAL.fullmatch(value)
            and not re.search(r"/0+\Z", value)
        ):
            return Fraction(value)
        raise CertificateError(self.path, f'{what}: an integer or "p/q"', shown(value))
