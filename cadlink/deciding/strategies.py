"""Settling what the reductions leave open: known obstructions, sections, curves, then the
backends.

Every strategy takes a time slice and returns a proof or None; none of them guesses.  They are tried
in rounds of growing slices, so that a problem that is easy for one strategy is not kept waiting by
another, and the total limit is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import partial
from typing import Any, TypeAlias

from cadlink.backends import REGISTRY
from cadlink.backends.base import Outcome
from cadlink.backends.engine import Run
from cadlink.backends.preferences import Kind, preferred
from cadlink.certificates.data import Proof
from cadlink.clock import OutOfTime
from cadlink.deciding import deep_obstructions, known_obstructions
from cadlink.deciding.oracle import Contradiction, Desk, answer_of, by_claims, claim
from cadlink.errors import FormulaError
from cadlink.logic import encode
from cadlink.logic.formula import TRUE, ForAll, Formula, negate
from cadlink.logic.notation import to_json as formula_to_json
from cadlink.logic.simplify import relax
from cadlink.patterns.group import Cell, Group
from cadlink.rules.step import Problem
from cadlink.search import missed, nonclosed, sections, vanishing
from cadlink.search.model import Limit, limit_to_json

__all__ = ["by_sections", "settle"]

# Seconds given to each strategy in the first, second, ... round.
SLICES = (2.0, 8.0, 30.0, 120.0, 600.0)

# Terms of the product map beyond which backends are rarely quick: they come a round later.
FEW_TERMS = 16

# Terms of the product map beyond which no formula is written at all.
MOST_TERMS = 400


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
        self.sections_search: sections.Search | None = None

    # -- strategies ------------------------------------------------------------------------

    def obstruction(self, slice_s: float) -> Proof | None:
        """A restriction that is known not to be closed."""
        if self.searches:
            return None  # looking twice finds nothing new
        self.desk.say("looking for a known obstruction")
        clock = self.desk.clock.at_most(slice_s)
        with suppress(OutOfTime):
            if isinstance(self.problem, Group):
                return known_obstructions.find(self.problem, known_obstructions.known(), clock)
            return deep_obstructions.find(self.problem, clock)
        return None

    def curve(self, slice_s: float) -> Proof | None:
        """A curve in the set whose limit is refuted; fully checkable."""
        self.desk.say("searching for a curve that leaves the set")
        if self.sections_search is not None:
            slice_s /= 4  # sections lead to most curves sooner
        # A new seed each time: the same one would try the same curves again.
        self.searches += 1
        return nonclosed.find(
            self.problem,
            seed=self.desk.seed + self.searches - 1,
            clock=self.desk.clock.at_most(slice_s),
            starts=tuple(self.starts),
        )

    def sections(self, slice_s: float) -> Proof | None:
        """Parameters as Laurent polynomials of the product, case by case, or a curve to a matrix
        for which none were found; fully checkable."""
        self.desk.say("searching for sections")
        if self.sections_search is None:
            self.sections_search = sections.Search.of(
                self.problem, self.desk.seed, partial(self.vanishing, slice_s)
            )

        def not_closed(limit: Limit) -> Proof | None:
            clock = self.desk.clock.at_most(slice_s / 4)
            return nonclosed.find(self.problem, self.desk.seed, clock, starts=(limit,), trials=0)

        search = self.sections_search
        return None if search is None else search.run(self.desk.clock.at_most(slice_s), not_closed)

    def columns(self, slice_s: float) -> Proof | None:
        """Freeness by way of the few columns that no generic X serves, either way up."""
        if not isinstance(self.problem, Group) or self.not_free:
            return None
        for turned, group in ((False, self.problem), (True, self.problem.transpose())):
            hard, question = encode.columns_served(group)
            if len(hard) == len(group.cols):
                continue  # nothing gained over the whole question
            statement = f"the columns {list(hard)} can be served, the others being generic"
            found = self.desk.truth(statement, question, slice_s / 4, Kind.COLUMNS)
            if found is not None and not found[0]:
                continue  # its falsehood says nothing
            runs = found[1] if found is not None else None
            if runs is None and isinstance(question, ForAll):
                cells = [cell for cell in sorted(group.cells) if cell[1] in hard]
                runs = self.desk.truth_by_cases(statement, question.body, cells, 4 * slice_s)
            if runs is None:
                continue
            said = claim("columns_served", runs)
            proof = by_claims("free_columns", said, columns=list(hard))
            return Proof("transpose", {}, (proof,)) if turned else proof
        return None

    def free(self, slice_s: float) -> Proof | None:
        """No polynomial vanishes: is every matrix on the observed cells a product?"""
        if self.not_free:
            return None
        statement = "every matrix on the support is a product"
        question = encode.freeness(self.problem)
        found = self.desk.truth(statement, question, slice_s, Kind.FREE)
        if found is None:
            return None
        holds, runs = found
        self.not_free = not holds
        return by_claims("free", claim("free", runs)) if holds else None

    def image(self, slice_s: float) -> Proof | None:
        """An image formula all of whose relaxed solutions are solutions."""
        question = encode.image(self.problem)
        asked = {run.backend for run in self.images}
        for backend in preferred(Kind.FORMULA, self.desk.suited(question)):
            if backend in asked or not REGISTRY[backend].eliminates:
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
        """Polynomials vanish on the set, and all their common zeros are in it."""
        polynomials = self.vanishing(slice_s)
        if not polynomials:
            return None
        question = encode.variety_inside(self.problem, polynomials)
        statement = "every common zero of the vanishing polynomials is a product"
        found = self.desk.truth(statement, question, slice_s, Kind.VARIETY)
        if found is None or not found[0]:
            return None
        said = claim("variety_inside", found[1])
        return by_claims("variety", said, polynomials=polynomials)

    def witness(self, slice_s: float) -> Proof | None:
        """A model of the sentence is a starting point for a curve."""
        question = encode.sentence(self.problem, norm="max")
        for backend in preferred(Kind.SENTENCE, self.desk.suited(question)):
            if not REGISTRY[backend].finds_points:
                continue
            statement = "the sentence 'not closed', for a witness"
            run = self.desk.ask(question, backend, slice_s, statement)
            if run.answer is None or run.answer.formula != TRUE or run.answer.model is None:
                continue
            limit = encode.cells_of(run.answer.model)
            if limit not in self.starts:
                self.starts.append(limit)
                return self.curve(slice_s) or self._missed(limit, slice_s)
        return None

    def sentence(self, slice_s: float) -> Proof | None:
        """(S) itself, either answer."""
        question = encode.sentence(self.problem, norm="max")
        found = self.desk.truth("the set is not closed", question, slice_s, Kind.SENTENCE)
        if found is None:
            return None
        holds, runs = found
        name = "not_closed" if holds else "closed"
        return by_claims("sentence", claim(name, runs))

    # -- parts of strategies ---------------------------------------------------------------

    def vanishing(self, slice_s: float) -> list[Any]:
        """Polynomials that vanish on the set."""
        if self.polynomials is None:
            clock = self.desk.clock.at_most(slice_s)
            self.polynomials = vanishing.find(self.problem, self.desk.seed, clock)
        return self.polynomials

    def _compare_images(self, run: Run, slice_s: float) -> None:
        """Two image formulas must describe the same set."""
        for other in self.images:
            names = encode.cell_names(self.problem)
            differ = encode.differ(answer_of(run), answer_of(other), names)
            found = self.desk.truth("the two image formulas differ", differ, slice_s, Kind.POINT)
            if found is not None and found[0]:
                raise Contradiction("the set as a formula", other, run)

    def _from_formula(self, run: Run, slice_s: float) -> Proof | None:
        phi = answer_of(run)
        claims = [claim("image", [run])]
        if relax(phi) != phi:
            question = negate(encode.relaxed_implies(phi))
            found = self.desk.truth(
                "the relaxed formula has more solutions",
                question,
                slice_s,
                Kind.POINT,
            )
            if found is None:
                return None
            if found[0]:
                return self._look_beyond(phi, found[1], slice_s)
            claims.append(claim("relaxed_implies", found[1]))
        return by_claims("closed_formula", *claims, formula=formula_to_json(phi))

    def _look_beyond(self, phi: Formula, runs: Sequence[Run], slice_s: float) -> Proof | None:
        """Relaxed solutions that are no solutions are the natural candidates for missed points."""
        models = [run.answer.model for run in runs if run.answer and run.answer.model is not None]
        limits = [encode.cells_of(model) for model in models]
        clock = self.desk.clock.at_most(slice_s)
        limits += missed.points(self.problem, phi, self.desk.seed, clock)
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
            Kind.MEMBER,
        )
        if outside is None or outside[0]:
            return None
        near = self.desk.truth(
            "the candidate is a limit of products",
            encode.closure_at(self.problem, limit, norm="max"),
            slice_s,
            Kind.CLOSURE,
        )
        if near is None or not near[0]:
            return None
        said = claim("not_member", outside[1]), claim("in_closure", near[1])
        return by_claims("missed_point", *said, limit=limit_to_json(limit))


Strategy: TypeAlias = Callable[[float], "Proof | None"]


def by_sections(problem: Problem, desk: Desk) -> Proof | None:
    """A proof that rests on nobody's word, if sections give one within a slice of time.

    To be asked before a word from a file is taken; the other searches are rarely worth it where
    somebody has asked a backend.
    """
    return _Leaf(problem, desk).sections(SLICES[1])


def settle(problem: Problem, desk: Desk) -> Proof | None:
    """A proof about an open problem, or None when the deadline or every strategy is exhausted.

    Raises Contradiction when two backends give opposite answers.
    """
    leaf = _Leaf(problem, desk)
    searches: tuple[Strategy, ...] = (leaf.obstruction, leaf.sections, leaf.curve)
    slices: tuple[float, ...] = SLICES[:2]  # what is not found by then is rarely found later
    asked: tuple[Strategy, ...] = ()
    terms = encode.count_terms(problem)
    if terms <= MOST_TERMS and desk.engine.available():
        slices = SLICES
        asked = (leaf.columns, leaf.free, leaf.image, leaf.variety, leaf.witness, leaf.sentence)
    behind = int(terms > FEW_TERMS)
    rounds: list[tuple[Strategy, float]] = []
    for n, slice_s in enumerate(slices):
        rounds += [(strategy, slice_s) for strategy in searches]
        if n >= behind:
            rounds += [(strategy, slices[n - behind]) for strategy in asked]
    for strategy, slice_s in rounds:
        if desk.left() <= 0:
            return None
        try:
            proof = strategy(slice_s)
        except FormulaError:  # a question too long to be written: this strategy is silent
            continue
        if proof is not None:
            return proof
    return None
