"""Which patterns are minimal obstructions: not closed, though all their proper restrictions are.

It is enough to leave out one output or one input: every proper restriction is a restriction of
one of these, and restrictions of closed patterns are closed (T4, ``rules/restrict.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from cadlink.census.pool import Crew, Job
from cadlink.census.tasks import restrictions, verdicts
from cadlink.census.writer import Writer
from cadlink.deciding.decision import Limits

__all__ = ["find_minimal"]

BATCH = 2000  # patterns whose restrictions are looked at in one go


def find_minimal(
    writer: Writer, crew: Crew, limits: Limits, progress: Callable[[int, int], None]
) -> None:
    """Find out which patterns of the file are minimal, where that is not known.

    Restrictions that are not in the file are decided for the purpose, within the limits.
    ``progress`` is told how many are done, and of how many.
    """
    total = writer.count_undecided_minimal()
    seen: dict[str, str] = {}
    last = done = 0
    while rows := writer.undecided_minimal(last, BATCH):
        last = rows[-1][0]
        jobs = [Job(restrictions, (part,)) for part in _cut([form for _, form in rows], 100)]
        listed = [item for part in crew.gather(jobs) for item in part]
        _learn(writer, crew, limits, listed, seen)
        found: list[tuple[int, int | None]] = []
        for (number, _), parts in zip(rows, listed, strict=True):
            words = {seen[form] for form, _ in parts}
            minimal = 0 if "not_closed" in words else None if "unknown" in words else 1
            found.append((number, minimal))
        writer.set_minimal(found)
        done += len(rows)
        progress(done, total)


def _learn(
    writer: Writer,
    crew: Crew,
    limits: Limits,
    listed: Iterable[Sequence[tuple[str, str | None]]],
    seen: dict[str, str],
) -> None:
    """The verdicts of these patterns, from the file or decided now."""
    missing = []
    for form, normal in sorted({pair for parts in listed for pair in parts}, key=str):
        if form in seen:
            continue
        known = writer.verdict(form, normal)
        if known is None:
            missing.append(form)
        else:
            seen[form] = known
    parts = _cut(missing, 10)
    results = crew.gather([Job(verdicts, (part, limits)) for part in parts])
    for part, words in zip(parts, results, strict=True):
        seen.update(zip(part, words, strict=True))


def _cut(items: list[str], size: int) -> list[list[str]]:
    return [items[low : low + size] for low in range(0, len(items), size)]
