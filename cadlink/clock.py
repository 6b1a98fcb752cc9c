"""The time that is left, handed down from whoever has a limit to whatever may take long.

    clock = Clock.of(60)          a minute from now
    rule.find(group, clock.share(1/2))

A search calls ``check`` wherever it has done no more than some hundredths of a second of work since
the last time, and ``afford`` before a piece of work that cannot be interrupted.  Both raise
:class:`OutOfTime`, which whoever gave out the share catches: the next rule gets its turn.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

__all__ = ["UNLIMITED", "Clock", "OutOfTime"]


class OutOfTime(Exception):
    """The time given for a piece of work is over; never seen outside the package."""


@dataclass(frozen=True)
class Clock:
    """A deadline, a value of ``time.monotonic()``; without one the time never ends."""

    deadline: float = math.inf

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """So many seconds from now.

        >>> 0 < Clock.of(5).left() <= 5
        True
        """
        return cls(time.monotonic() + seconds)

    def left(self) -> float:
        """Seconds until the deadline, not negative."""
        return max(0.0, self.deadline - time.monotonic())

    def expired(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self.deadline

    def check(self) -> None:
        """Raise OutOfTime if the time is over."""
        if time.monotonic() >= self.deadline:
            raise OutOfTime

    def afford(self, seconds: float) -> None:
        """Raise OutOfTime unless so many seconds are left.

        >>> Clock.of(1).afford(3600)
        Traceback (most recent call last):
        cadlink.clock.OutOfTime
        """
        if time.monotonic() + seconds >= self.deadline:
            raise OutOfTime

    def share(self, fraction: float) -> Clock:
        """A part of what is left.

        >>> Clock.of(10).share(1/2).left() <= 5 and UNLIMITED.share(1/2) == UNLIMITED
        True
        """
        return self.at_most(fraction * self.left())

    def at_most(self, seconds: float) -> Clock:
        """The same, ending no later than so many seconds from now."""
        return Clock(min(self.deadline, time.monotonic() + seconds))


UNLIMITED = Clock()
