"""Which patterns are minimal obstructions: not closed, though all their proper restrictions are.

It is enough to leave out one output or one input: every proper restriction is a restriction of
one of these, and restrictions of closed patterns are closed (``rules/restrict.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cadlink.census.pool import Crew, Job
from cadlink.census.tasks import restrictions, verdicts
from cadlink.census.writer import Writer
from cadlink.deciding.decision import Limits

__all__ = ["Flags", "find_minimal"]

BATCH = 2000  # patterns whose restrictions are looked at in one go


def find_minimal(
    writer: Writer, crew: Crew, limits: Limits, progress: Callable[[int, int], None]
) -> None:
    """Find out which patterns of the file are minimal, where that is not known.

    ``progress`` is told how many are done, and of how many.
    """
    total = writer.count_undecided_minimal()
    flags = Flags(crew, limits, writer.verdict)
    last = done = 0
    while rows := writer.undecided_minimal(last, BATCH):
        last = rows[-1][0]
        found = flags.of([form for _, form in rows])
        writer.set_minimal(zip((number for number, _ in rows), found, strict=True))
        done += len(rows)
        progress(done, total)


class Flags:
    """Says of patterns that are not closed whether they are minimal.

    ``verdict`` gives the verdict of a pattern that is known by one of some forms, or None; such
    restrictions are decided for the purpose, within the limits, and remembered.
    """

    def __init__(
        self, crew: Crew, limits: Limits, verdict: Callable[[str, str | None], str | None]
    ) -> None:
        self._crew, self._limits, self._verdict = crew, limits, verdict
        self._seen: dict[str, str] = {}

    def of(self, forms: list[str]) -> list[int | None]:
        """1, 0, or None for not known, of each; nothing else may be running."""
        jobs = [Job(restrictions, (part,)) for part in _cut(forms, 100)]
        listed = [item for part in self._crew.gather(jobs) for item in part]
        self._learn(listed)
        found: list[int | None] = []
        for parts in listed:
            words = {self._seen[form] for form, _ in parts}
            found.append(0 if "not_closed" in words else None if "unknown" in words else 1)
        return found

    def _learn(self, listed: Iterable[Sequence[tuple[str, str | None]]]) -> None:
        """The verdicts of these patterns, known or decided now."""
        missing = []
        for form, normal in sorted({pair for parts in listed for pair in parts}, key=str):
            if form in self._seen:
                continue
            known = self._verdict(form, normal)
            if known is None:
                missing.append(form)
            else:
                self._seen[form] = known
        parts = _cut(missing, 10)
        results = self._crew.gather([Job(verdicts, (part, self._limits)) for part in parts])
        for part, words in zip(parts, results, strict=True):
            self._seen.update(zip(part, words, strict=True))


def _cut(items: list[str], size: int) -> list[list[str]]:
    return [items[low : low + size] for low in range(0, len(items), size)]
