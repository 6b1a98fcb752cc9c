"""Settling what the reductions leave open: search for a curve, then ask the backends.

Every strategy takes the open problem and a :class:`Desk` and returns a proof or None; none of them
guesses.  They are tried in rounds of growing time slices, so that a problem that is easy for one
strategy is not kept waiting by another, and the total limit is kept.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeAlias

from cadlink import encode, torus
from cadlink.backends.base import Outcome
from cadlink.certificates.data import Proof
from cadlink.engine import Engine, Run
from cadlink.formula import FALSE, TRUE, ForAll, Formula, free_variables, negate, prenex
from cadlink.notation import to_json as formula_to_json
from cadlink.notation import to_text
from cadlink.problem import Cell, Group
from cadlink.reductions.step import Problem
from cadlink.search import missed, nonclosed, vanishing
from cadlink.simplify import relax

__all__ = ["Contradiction", "Desk", "settle"]

# Seconds given to each strategy in the first, second, ... round; the last one repeats.
SLICES = (4.0, 10.0, 30.0, 120.0, 600.0)

# Number of variables beyond which a program has never answered in our measurements; asking it
# anyway only burns the user's time limit.
QEPCAD_VARIABLES = 18
REDLOG_VARIABLES = 34
Z3_VARIABLES = 80
# Cells up to which "for all A" is split into cases, two for every cell.
MOST_CASE_CELLS = 9
# Terms of the product map beyond which no formula is written at all.
MOST_TERMS = 400


class Contradiction(Exception):
    """Two backends gave opposite answers to one question; carries the two runs."""

    def __init__(self, statement: str, one: Run, other: Run) -> None:
        super().__init__(f"{one.backend} and {other.backend} contradict each other: {statement}")
        self.runs = (one, other)


@dataclass
class Desk:
    """What the strategies share: the engine, the deadline, the record of all runs."""

    engine: Engine
    deadline: float  # time.monotonic() value
    memory_mib: int
    progress: Callable[[str], None] | None = None
    seed: int = 0
    runs: list[Run] = field(default_factory=list)

    def left(self) -> float:
        """Seconds until the deadline, not negative."""
        return max(0.0, self.deadline - time.monotonic())

    def say(self, what: str) -> None:
        if self.progress is not None:
            self.progress(what)

    def suited(self, formula: Formula) -> list[str]:
        """The installed backends for which a question of this size is not hopeless."""
        size = count_variables(formula)
        most = {"qepcad": QEPCAD_VARIABLES, "redlog": REDLOG_VARIABLES, "z3": Z3_VARIABLES}
        return [name for name in self.engine.available() if size <= most.get(name, 0)]

    def ask(self, formula: Formula, backend: str, wall_s: float, statement: str) -> Run:
        """One question to one backend, recorded."""
        self.say(f"asking {backend}: {statement}")
        run = self.engine.ask(
            formula,
            backend,
            wall_s=max(0.1, min(wall_s, self.left())),
            memory_mib=self.memory_mib,
            statement=statement,
        )
        self.runs.append(run)
        return run

    def truth(
        self, statement: str, formula: Formula, wall_s: float, order: Sequence[str]
    ) -> tuple[bool, list[Run]] | None:
        """Whether a sentence holds, by the first backend that answers and, if one can, a second.

        Raises Contradiction if the two disagree.  None if nobody answers.
        """
        suited = self.suited(formula)
        agreed: list[Run] = []
        for backend in [name for name in order if name in suited]:
            # A corroborating answer is welcome, but not at the price of the whole slice; a cold
            # start of Redlog must fit in.
            run = self.ask(
                formula, backend, wall_s if not agreed else max(wall_s / 2, 5.0), statement
            )
            if run.outcome is not Outcome.ANSWERED or run.answer is None:
                continue
            if run.answer.formula not in (TRUE, FALSE):
                continue
            if agreed and run.answer.formula != _said(agreed[0]):
                raise Contradiction(statement, agreed[0], run)
            agreed.append(run)
            if len(agreed) == 2:
                break
        if not agreed:
            return None
        return _said(agreed[0]) == TRUE, agreed

    def truth_by_cases(
        self,
        statement: str,
        body: Formula,
        cells: Sequence[Cell],
        wall_s: float,
        order: Sequence[str],
    ) -> list[Run] | None:
        """One run that sums up each backend's answers if "body for all values of the cells" holds
        in every case of ``torus.cases``; None otherwise.

        Raises Contradiction if two backends disagree about a case.
        """
        if len(cells) > MOST_CASE_CELLS:
            return None
        questions = list(torus.cases(body, cells))
        said: dict[int, Run] = {}
        sums: list[Run] = []
        for backend in order:
            if backend not in self.engine.available():
                continue
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
                if number in said and run.answer.formula != _said(said[number]):
                    raise Contradiction(caption, said[number], run)
                said[number] = run
                if run.answer.formula == FALSE:
                    return None
                answers.append(run)
            if len(answers) == len(questions):
                sums.append(_sum(statement, answers))
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


def _said(run: Run) -> Formula:
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
                "answer": to_text(_said(run)),
                "transcript": run.transcript_sha256,
            }
            for run in runs
        ],
        **data,
    }


def limit_to_json(limit: Mapping[Cell, Fraction]) -> list[list[Any]]:
    """[[row, col, value], ...] in order, zeros left out, integers as integers."""
    return [
        [j, k, int(value) if value.denominator == 1 else str(value)]
        for (j, k), value in sorted(limit.items())
        if value
    ]


class _Leaf:
    """One open problem while it is being settled, with what was learnt about it so far."""

    def __init__(self, problem: Problem, desk: Desk) -> None:
        self.problem = problem
        self.desk = desk
        self.images: list[Run] = []
        self.starts: list[Mapping[Cell, Fraction]] = []
        self.not_free = False
        self.searches = 0
        self.polynomials: list[Any] | None = None

    # -- strategies ------------------------------------------------------------------------

    def curve(self, slice_s: float) -> Proof | None:
        """T18-T20: a curve in the set whose limit is refuted; fully checkable."""
        self.desk.say("searching for a curve that leaves the set")
        deadline = time.monotonic() + min(slice_s, self.desk.left())
        # A new seed each time: the same one would try the same curves again.
        self.searches += 1
        return nonclosed.find(
            self.problem,
            seed=self.desk.seed + self.searches - 1,
            deadline=deadline,
            starts=tuple(self.starts),
        )

    def columns(self, slice_s: float) -> Proof | None:
        """Freeness by way of the few columns that no generic X serves, either way up."""
        if not isinstance(self.problem, Group) or self.not_free:
            return None
        for turned, group in ((False, self.problem), (True, self.problem.transpose())):
            hard, question = encode.columns_served(group)
            if len(hard) == len(group.cols):
                continue  # nothing gained over the whole question
            statement = f"the columns {list(hard)} can be served, the others being generic"
            order = ("z3", "qepcad", "redlog")
            found = self.desk.truth(statement, question, slice_s / 4, order)
            if found is not None and not found[0]:
                continue  # its falsehood says nothing
            runs = found[1] if found is not None else None
            if runs is None and isinstance(question, ForAll):
                cells = [cell for cell in sorted(group.cells) if cell[1] in hard]
                runs = self.desk.truth_by_cases(
                    statement, question.body, cells, 4 * slice_s, ("z3", "redlog")
                )
            if runs is None:
                continue
            proof = Proof(
                "claims",
                {
                    "method": "free_columns",
                    "columns": list(hard),
                    "claims": [claim("columns_served", runs)],
                },
            )
            return Proof("transpose", {}, (proof,)) if turned else proof
        return None

    def free(self, slice_s: float) -> Proof | None:
        """T16 without polynomials: is every matrix on the observed cells a product?"""
        if self.not_free:
            return None
        statement = "every matrix on the support is a product"
        question = encode.freeness(self.problem)
        found = self.desk.truth(statement, question, slice_s, ("z3", "redlog", "qepcad"))
        if found is None:
            return None
        holds, runs = found
        self.not_free = not holds
        if not holds:
            return None
        return Proof("claims", {"method": "free", "claims": [claim("free", runs)]})

    def image(self, slice_s: float) -> Proof | None:
        """T17: an image formula all of whose relaxed solutions are solutions."""
        question = encode.image(self.problem)
        asked = {run.backend for run in self.images}
        for backend in self.desk.suited(question):
            if backend == "z3" or backend in asked:
                continue
            run = self.desk.ask(question, backend, slice_s, "the set as a formula")
            if run.outcome is not Outcome.ANSWERED:
                continue
            self._compare_images(run, slice_s)
            self.images.append(run)
        for run in self.images:
            proof = self._from_formula(run, slice_s)
            if proof is not None:
                return proof
        return None

    def variety(self, slice_s: float) -> Proof | None:
        """T16: polynomials vanish on the set, and all their common zeros are in it."""
        if self.polynomials is None:
            deadline = time.monotonic() + min(slice_s, self.desk.left())
            self.polynomials = vanishing.find(self.problem, seed=self.desk.seed, deadline=deadline)
        if not self.polynomials:
            return None
        question = encode.variety_inside(self.problem, self.polynomials)
        statement = "every common zero of the vanishing polynomials is a product"
        found = self.desk.truth(statement, question, slice_s, ("redlog", "qepcad", "z3"))
        if found is None or not found[0]:
            return None
        return Proof(
            "claims",
            {
                "method": "variety",
                "polynomials": self.polynomials,
                "claims": [claim("variety_inside", found[1])],
            },
        )

    def witness(self, slice_s: float) -> Proof | None:
        """T23: z3's model of the sentence is a starting point for a curve."""
        if "z3" not in self.desk.engine.available():
            return None
        question = encode.sentence(self.problem, norm="max")
        if count_variables(question) > Z3_VARIABLES:
            return None
        run = self.desk.ask(question, "z3", slice_s, "the sentence 'not closed', for a witness")
        if run.outcome is not Outcome.ANSWERED or run.answer is None:
            return None
        if run.answer.formula != TRUE or run.answer.model is None:
            return None
        limit = encode.cells_of(run.answer.model)
        if limit in self.starts:
            return None
        self.starts.append(limit)
        return self.curve(slice_s) or self._missed(limit, slice_s)

    def sentence(self, slice_s: float) -> Proof | None:
        """(S) itself, either answer."""
        question = encode.sentence(self.problem, norm="max")
        found = self.desk.truth(
            "the set is not closed", question, slice_s, ("z3", "redlog", "qepcad")
        )
        if found is None:
            return None
        holds, runs = found
        name = "not_closed" if holds else "closed"
        return Proof("claims", {"method": "sentence", "claims": [claim(name, runs)]})

    # -- parts of strategies ---------------------------------------------------------------

    def _compare_images(self, run: Run, slice_s: float) -> None:
        """Two image formulas must describe the same set."""
        for other in self.images:
            names = encode.cell_names(self.problem)
            differ = encode.differ(_said(run), _said(other), names)
            found = self.desk.truth(
                "the two image formulas differ", differ, slice_s, ("z3", "qepcad", "redlog")
            )
            if found is not None and found[0]:
                raise Contradiction("the set as a formula", other, run)

    def _from_formula(self, run: Run, slice_s: float) -> Proof | None:
        phi = _said(run)
        claims = [claim("image", [run])]
        if relax(phi) != phi:
            question = negate(encode.relaxed_implies(phi))
            found = self.desk.truth(
                "the relaxed formula has more solutions",
                question,
                slice_s,
                ("z3", "qepcad", "redlog"),
            )
            if found is None:
                return None
            if found[0]:
                return self._look_beyond(phi, found[1], slice_s)
            claims.append(claim("relaxed_implies", found[1]))
        return Proof(
            "claims",
            {"method": "closed_formula", "formula": formula_to_json(phi), "claims": claims},
        )

    def _look_beyond(self, phi: Formula, runs: Sequence[Run], slice_s: float) -> Proof | None:
        """Relaxed solutions that are no solutions are the natural candidates for missed points."""
        models = [run.answer.model for run in runs if run.answer and run.answer.model is not None]
        limits = [encode.cells_of(model) for model in models]
        deadline = time.monotonic() + min(slice_s, self.desk.left())
        limits += missed.points(self.problem, phi, seed=self.desk.seed, deadline=deadline)
        fresh = [limit for limit in limits if limit not in self.starts]
        self.starts.extend(fresh)
        if fresh:
            proof = self.curve(slice_s)
            if proof is not None:
                return proof
        for limit in fresh[:3]:
            proof = self._missed(limit, slice_s)
            if proof is not None:
                return proof
        return None

    def _missed(self, limit: Mapping[Cell, Fraction], slice_s: float) -> Proof | None:
        """A point that backends say is in the closure and not in the set."""
        outside = self.desk.truth(
            "the candidate is a product",
            encode.membership(self.problem, limit),
            slice_s,
            ("z3", "redlog", "qepcad"),
        )
        if outside is None or outside[0]:
            return None
        near = self.desk.truth(
            "the candidate is a limit of products",
            encode.closure_at(self.problem, limit, norm="max"),
            slice_s,
            ("z3", "qepcad", "redlog"),
        )
        if near is None or not near[0]:
            return None
        return Proof(
            "claims",
            {
                "method": "missed_point",
                "limit": limit_to_json(limit),
                "claims": [claim("not_member", outside[1]), claim("in_closure", near[1])],
            },
        )


Strategy: TypeAlias = Callable[[float], "Proof | None"]


def settle(problem: Problem, desk: Desk) -> Proof | None:
    """A proof about an open problem, or None when the deadline or every strategy is exhausted.

    Raises Contradiction when two backends give opposite answers.
    """
    leaf = _Leaf(problem, desk)
    strategies: tuple[Strategy, ...] = (leaf.curve,)
    slices: tuple[float, ...] = SLICES[:2]  # a curve not found by then is rarely found later
    if encode.count_terms(problem) <= MOST_TERMS and desk.engine.available():
        slices = SLICES
        strategies += (
            leaf.columns,
            leaf.free,
            leaf.image,
            leaf.variety,
            leaf.witness,
            leaf.sentence,
        )
    for slice_s in slices:
        for strategy in strategies:
            if desk.left() <= 0:
                return None
            proof = strategy(slice_s)
            if proof is not None:
                return proof
    return None
