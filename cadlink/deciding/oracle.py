"""The desk at which backends are asked: limits kept, every run recorded, answers compared.

A question goes to the first suited backend that answers it, and then to a second one if that is
cheap.  Two answers that disagree are a :class:`Contradiction`, never a choice.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from cadlink.backends import REGISTRY
from cadlink.backends.base import Outcome
from cadlink.backends.engine import Engine, Run
from cadlink.backends.preferences import Kind, preferred
from cadlink.certificates.data import Proof
from cadlink.clock import Clock
from cadlink.logic import scaling
from cadlink.logic.formula import FALSE, TRUE, Formula, free_variables, prenex
from cadlink.logic.notation import to_text
from cadlink.patterns.group import Cell

__all__ = ["Contradiction", "Desk", "answer_of", "by_claims", "claim", "count_variables"]

# Cells up to which "for all A" is split into cases, two for every cell.
MOST_CASE_CELLS = 9


class Contradiction(Exception):
    """Two backends gave opposite answers to one question; carries the two runs."""

    def __init__(self, statement: str, one: Run, other: Run) -> None:
        super().__init__(f"{one.backend} and {other.backend} contradict each other: {statement}")
        self.runs = (one, other)


@dataclass
class Desk:
    """What the strategies share: the engine, the time, the record of all runs."""

    engine: Engine
    clock: Clock
    memory_mib: int
    progress: Callable[[str], None] | None = None
    seed: int = 0
    runs: list[Run] = field(default_factory=list)

    def left(self) -> float:
        """Seconds until the deadline, not negative."""
        return self.clock.left()

    def say(self, what: str) -> None:
        if self.progress is not None:
            self.progress(what)

    def suited(self, formula: Formula) -> list[str]:
        """The installed backends for which a question of this size is not hopeless.

        Asking the others would only burn the user's time.
        """
        size = count_variables(formula)
        installed = self.engine.available()
        return [name for name in installed if size <= REGISTRY[name].most_variables]

    def ask(self, formula: Formula, backend: str, wall_s: float, statement: str) -> Run:
        """One question to one backend, recorded."""
        self.say(f"asking {backend}: {statement}")
        run = self.engine.ask(formula, backend, wall_s, self.memory_mib, statement, self.clock)
        self.runs.append(run)
        return run

    def truth(
        self, statement: str, formula: Formula, wall_s: float, kind: Kind
    ) -> tuple[bool, list[Run]] | None:
        """Whether a sentence holds, by the first backend that answers and, if one can, a second.

        Raises Contradiction if the two disagree.  None if nobody answers.
        """
        agreed: list[Run] = []
        for backend in preferred(kind, self.suited(formula)):
            # A corroborating answer is welcome, but not at the price of the whole slice; a short
            # slice must leave it a chance.
            share = wall_s if not agreed else max(wall_s / 2, 5.0)
            run = self.ask(formula, backend, share, statement)
            if run.outcome is not Outcome.ANSWERED or run.answer is None:
                continue
            if run.answer.formula not in (TRUE, FALSE):
                continue
            if agreed and run.answer.formula != answer_of(agreed[0]):
                raise Contradiction(statement, agreed[0], run)
            agreed.append(run)
            if len(agreed) == 2:
                break
        if not agreed:
            return None
        return answer_of(agreed[0]) == TRUE, agreed

    def truth_by_cases(
        self,
        statement: str,
        body: Formula,
        cells: Sequence[Cell],
        wall_s: float,
    ) -> list[Run] | None:
        """One run that sums up each backend's answers if "body for all values of the cells" holds
        in every case of ``scaling.cases``; None otherwise.

        Raises Contradiction if two backends disagree about a case.
        """
        if len(cells) > MOST_CASE_CELLS:
            return None
        questions = list(scaling.cases(body, cells))
        said: dict[int, Run] = {}
        sums: list[Run] = []
        for backend in preferred(Kind.CASES, self.engine.available()):
            # A second opinion is welcome, but not at the price of the first one's time.
            share = wall_s if not sums else wall_s / 4
            stop = time.monotonic() + min(share, self.left())
            answers: list[Run] = []
            for number, question in enumerate(questions):
                left = stop - time.monotonic()
                caption = f"{statement} (case {number + 1} of {len(questions)})"
                run = self.ask(question, backend, left, caption) if left > 0 else None
                if run is None or run.answer is None or run.answer.formula not in (TRUE, FALSE):
                    break
                if number in said and run.answer.formula != answer_of(said[number]):
                    raise Contradiction(caption, said[number], run)
                said[number] = run
                if run.answer.formula == FALSE:
                    return None
                answers.append(run)
            if len(answers) == len(questions):
                sums.append(_sum(statement, answers))
            if len(sums) == 2:
                break
        return sums or None


def count_variables(formula: Formula) -> int:
    """Free and bound variables, counted in the prenex form the programs are sent."""
    prefix, _ = prenex(formula)
    return len(prefix) + len(free_variables(formula))


def _sum(statement: str, answers: Sequence[Run]) -> Run:
    """Many "true"s of one backend as one run; its digest is that of all their digests."""
    asked = [run for run in answers if run.backend != "cadlink"] or list(answers)
    digests = "".join(run.transcript_sha256 for run in answers)
    return replace(
        asked[0],
        seconds=sum(run.seconds for run in answers),
        transcript_sha256=hashlib.sha256(digests.encode()).hexdigest(),
        statement=f"{statement} ({len(answers)} cases)",
    )


def answer_of(run: Run) -> Formula:
    """The formula a run answered with; ValueError if it did not answer."""
    if run.answer is None:
        raise ValueError("a run without an answer has no formula")
    return run.answer.formula


def claim(statement: str, runs: Sequence[Run], **data: Any) -> dict[str, Any]:
    """A CLAIM of the certificate schema: what these backends answered."""
    return {
        "statement": statement,
        "answers": [
            {
                "backend": run.backend,
                "version": run.version,
                "answer": to_text(answer_of(run)),
                "transcript": run.transcript_sha256,
            }
            for run in runs
        ],
        **data,
    }


def by_claims(method: str, *claims: dict[str, Any], **data: Any) -> Proof:
    """A step that rests on claims, by a method of the certificate schema and its data."""
    return Proof("claims", {"method": method, **data, "claims": list(claims)})
