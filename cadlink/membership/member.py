"""``cadlink.member``: is this very matrix a product with these masks, or a limit of such products?

matrix -> the cheap exact ways (chains.py, groups.py) -> polynomial equations -> backends
       -> for limits: a curve, or a proof that the set is closed
       -> the certificate is re-checked (certificates/membership.py) -> answer
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any

from cadlink import qe
from cadlink.backends import REGISTRY
from cadlink.backends.engine import Engine, Run
from cadlink.backends.preferences import Kind
from cadlink.certificates.data import Proof
from cadlink.certificates.kernel import check_proof
from cadlink.certificates.kernel.reader import FREE
from cadlink.certificates.membership import FORMAT, VERSION, check_membership
from cadlink.clock import Clock, OutOfTime
from cadlink.deciding.decider import decide
from cadlink.deciding.decision import Assurance, Limits, UnknownReason, Verdict
from cadlink.deciding.oracle import Contradiction, Desk, claim, count_variables
from cadlink.errors import BackendMissing, CertificateError, CheckOverdue, FormulaError
from cadlink.json_text import MAX_DIGITS
from cadlink.logic import encode
from cadlink.logic.formula import FALSE, Exists
from cadlink.membership import chains
from cadlink.membership.answers import Answer, Asked, Factors, Search, Values
from cadlink.patterns.group import Cell
from cadlink.patterns.masks import read
from cadlink.patterns.matrix import Matrix, Source, exact, number_to_json
from cadlink.patterns.pattern import Pattern
from cadlink.search.curves import curve_through
from cadlink.search.model import Problem

__all__ = ["Belongs", "Membership", "member"]

# A Laurent polynomial in t for every entry of a factor: (exponent, coefficient) pairs.
Curve = tuple[Mapping[Cell, list[tuple[int, Fraction]]], ...]

MOST_TERMS = 400  # of the product map, beyond which no formula is written
PER_ENTRY = 1.5e-5  # seconds to write an entry into a certificate and to read it again


class Belongs(Enum):
    """Whether the matrix is in the set."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        raise TypeError("an answer has three values; compare with Belongs.YES or .NO")


@dataclass(frozen=True)
class Membership:
    """The answer about one matrix.

    ``of`` is "products" or "closure".  ``factors`` (outputs x inputs, in forward order) multiply to
    the matrix exactly: ``factors[-1] ... factors[0]``; ``curve``, for a limit that is no product,
    has for every factor the entries as Laurent polynomials in t, whose product tends to the matrix
    as t -> 0.  ``certificate`` is the JSON object that ``cadlink check`` accepts, present exactly
    when the answer is not UNKNOWN; ``reason`` and ``detail`` say why there is none.  ``matrix`` is
    None if there was no time to read it.
    """

    pattern: Pattern
    matrix: Matrix | None
    of: str
    answer: Belongs
    assurance: Assurance
    seconds: float
    factors: tuple[Matrix, ...] | None = None
    curve: Curve | None = None
    certificate: Mapping[str, Any] | None = field(default=None, repr=False)
    reason: UnknownReason | None = None
    detail: str = ""
    runs: tuple[Run, ...] = ()

    def __bool__(self) -> bool:
        raise TypeError("an answer has no truth value; look at .answer")

    def to_json(self) -> dict[str, Any]:
        """The object that ``cadlink member --json`` prints; matrix and factors are in the
        certificate."""
        return {
            "answer": self.answer.value,
            "of": self.of,
            "assurance": self.assurance.value,
            "reason": None if self.reason is None else self.reason.value,
            "detail": self.detail,
            "seconds": round(self.seconds, 6),
            "pattern": self.pattern.to_json(),
            "certificate": self.certificate,
            "runs": [run.to_json() for run in self.runs],
        }


def member(
    pattern: Pattern | str,
    matrix: Source,
    closure: bool = False,
    limits: Limits | None = None,
    engine: Engine | None = None,
    progress: Callable[[str], None] | None = None,
) -> Membership:
    """Is the matrix (outputs x inputs, exact numbers) a product with these masks?

    With ``closure``: is it a limit of such products?  ``pattern`` is one, or a source such as
    "lu:2"; the matrix an array, nested lists or a text, see :mod:`cadlink.patterns.matrix`; note
    that a float 0.1 is the binary fraction that it is, and the text "0.1" is 1/10.  ``limits`` as
    for :func:`cadlink.decide`.

    Raises InputError for what is no pattern, or no matrix of that shape.  No answer within the
    limits is a result, with ``reason`` and ``detail``.

    >>> found = member("lu:2", [["1", "2"], ["1/2", "0"]])
    >>> found.answer.value, found.assurance.value
    ('yes', 'checked')
    >>> upper, lower = (factor.to_numpy() for factor in found.factors)
    >>> (lower @ upper).tolist()
    [[1.0, 2.0], [0.5, 0.0]]
    >>> member("lu:2", "[[0, 1], [1, 0]]").answer.value
    'no'
    >>> member("lu:2", "[[0, 1], [1, 0]]", closure=True).answer.value
    'yes'
    """
    limits = limits or Limits()
    clock = Clock.of(limits.wall_s)
    masks = pattern if isinstance(pattern, Pattern) else read(pattern)
    try:
        target = exact(matrix, clock).fitting(masks)
    except OutOfTime:
        return Membership(
            masks,
            None,
            "closure" if closure else "products",
            Belongs.UNKNOWN,
            Assurance.NONE,
            limits.wall_s - clock.left(),
            reason=UnknownReason.TIME,
            detail="the time limit was reached while the matrix was read",
        )
    with ExitStack() as stack:
        engine = engine or stack.enter_context(Engine())
        desk = Desk(engine, clock, limits.memory_mib, progress)
        return _Asking(masks, target, closure, limits, desk).answer()


class _Asking:
    """One question, and what was learnt about it so far."""

    def __init__(
        self, pattern: Pattern, matrix: Matrix, closure: bool, limits: Limits, desk: Desk
    ) -> None:
        self.pattern = pattern
        self.matrix = matrix
        self.closure = closure
        self.limits = limits
        self.desk = desk
        self.irrational = False
        self.overdue = False
        self.factors: Factors | None = None
        self.curve: Curve | None = None

    def answer(self) -> Membership:
        try:
            proof = self.limit() if self.closure else self.product()
            if proof is not None:
                return self.proved(*proof)
            reason, detail = self.silence()
        except Contradiction as error:
            reason, detail = UnknownReason.CONTRADICTION, str(error)
        except (CheckOverdue, OutOfTime):
            reason, detail = UnknownReason.TIME, "the time limit was reached while checking"
        except CertificateError as error:
            reason = UnknownReason.REJECTED
            detail = f"the checker rejected what was found, which is a bug in cadlink: {error}"
        return self.done(Belongs.UNKNOWN, Assurance.NONE, reason=reason, detail=detail)

    def done(self, answer: Belongs, assurance: Assurance, **others: Any) -> Membership:
        seconds = self.limits.wall_s - (self.desk.clock.deadline - time.monotonic())
        return Membership(
            self.pattern,
            self.matrix,
            "closure" if self.closure else "products",
            answer,
            assurance,
            seconds,
            runs=tuple(self.desk.runs),
            **others,
        )

    def proved(self, answer: Belongs, proof: Proof) -> Membership:
        """The answer, once the checker has accepted its certificate."""
        self.desk.say("checking the certificate")
        made = 0 if self.factors is None else sum(map(len, self.factors))
        self.desk.clock.afford(PER_ENTRY * (len(self.matrix.entries) + made))
        document = {
            "format": FORMAT,
            "version": VERSION,
            "pattern": self.pattern.to_json(),
            "matrix": self.matrix.to_json(),
            "set": "closure" if self.closure else "products",
            "answer": answer.value,
            "proof": proof.to_json(),
        }
        checked = check_membership(document, self.pattern, self.desk.clock.deadline)
        factors = None
        if self.factors is not None and answer is Belongs.YES:
            factors = tuple(
                Matrix(rows, cols, {cell: v for cell, v in entries.items() if v})
                for entries, rows, cols in zip(
                    self.factors, self.pattern.widths[1:], self.pattern.widths, strict=False
                )
            )
        return self.done(
            answer,
            Assurance.TRUSTED if checked.holes else Assurance.CHECKED,
            factors=factors,
            curve=self.curve if factors is None and answer is Belongs.YES else None,
            certificate=document,
        )

    def silence(self) -> tuple[UnknownReason, str]:
        """Why nobody knows, and the same in words."""
        if self.desk.left() <= 0 or self.overdue:
            return UnknownReason.TIME, "the time limit was reached; a larger one may help"
        if not self.desk.engine.available():
            return (
                UnknownReason.NO_BACKEND,
                "neither factors nor a refutation was found, and no backend is installed; see"
                " 'cadlink backends'",
            )
        detail = "neither factors nor a refutation was found, and no backend answered"
        if self.irrational:
            detail = "a part of it has factors, but none with rational entries was found"
        return UnknownReason.BACKENDS_FAILED, detail

    # -- products --------------------------------------------------------------------------

    def product(self) -> tuple[Belongs, Proof] | None:
        """Whether the matrix is a product, with a proof."""
        self.desk.say("looking for factors")
        found = self.search(limit=False, share=0.7)
        if found is None and not self.closure:
            return self.free() or self.word()
        return self.told(found)

    def search(self, limit: bool, share: float) -> Answer:
        search = Search(self.desk.clock.share(share), limit, None if limit else self.ask)
        try:
            found = chains.factor(self.pattern, self.matrix.entries, search)
        except OutOfTime:
            self.overdue = True
            return None
        if isinstance(found, list) and any(map(_too_long, found)):
            return None
        return found

    def told(self, found: Answer) -> tuple[Belongs, Proof] | None:
        if isinstance(found, list):
            self.factors = found
            data = [
                [[i, j, number_to_json(v)] for (i, j), v in sorted(entries.items()) if v]
                for entries in found
            ]
            return Belongs.YES, Proof("factors", {"factors": data})
        return None if found is None else (Belongs.NO, found)

    def ask(self, problem: Problem, values: Values) -> Asked:
        """A backend's values of the unknowns, or its word that there are none."""
        if encode.count_terms(problem) > MOST_TERMS or not self.desk.engine.available():
            return None
        sentence = encode.membership(problem, values)
        finders = [name for name in self.desk.suited(sentence) if REGISTRY[name].finds_points]
        if not isinstance(sentence, Exists) or not finders:
            return None
        left = Limits(max(self.desk.left() / 2, 0.001), self.limits.memory_mib)
        try:
            found = qe.find_point(
                sentence.body, left, engine=self.desk.engine, progress=self.desk.progress
            )
        except BackendMissing:
            return None
        self.desk.runs.extend(found.runs)
        rational = {n: v for n, v in (found.point or {}).items() if isinstance(v, Fraction)}
        if found.point is not None and len(rational) == len(found.point):
            return rational
        if found.truth is False:
            runs = [r for r in found.runs if r.answer is not None and r.answer.formula == FALSE]
            return Proof("equations", {"refutation": {"claim": claim("not_member", runs)}})
        self.irrational = self.irrational or any(run.answer is not None for run in found.runs)
        return None

    def free(self) -> tuple[Belongs, Proof] | None:
        """Every matrix on the support is a product: then this one is."""
        self.desk.say("deciding the pattern")
        decision = self.decided(0.5)
        support = self.pattern.support().toarray()
        if decision is None or not all(support[cell] for cell in self.matrix.entries):
            return None
        if check_proof(self.pattern, decision, self.desk.clock.deadline).conclusion != FREE:
            return None  # it is closed and not free
        return Belongs.YES, Proof("free", {"proof": decision.to_json()})

    def decided(self, share: float) -> Proof | None:
        """A proof that the set is closed."""
        left = self.desk.left() * share
        if left <= 0:
            return None
        decision = decide(
            self.pattern,
            Limits(left, self.limits.memory_mib),
            engine=self.desk.engine,
            progress=self.desk.progress,
        )
        if decision.verdict is not Verdict.CLOSED or decision.certificate is None:
            return None
        return decision.certificate.proof

    def word(self) -> tuple[Belongs, Proof] | None:
        """A backend's word about the whole sentence."""
        statement = "the matrix is a limit of products" if self.closure else "it is a product"
        if encode.count_terms(self.pattern) > MOST_TERMS or self.desk.left() <= 0:
            return None
        try:
            if self.closure:
                question = encode.closure_at(self.pattern, self.matrix.entries)
            else:
                question = encode.membership(self.pattern, self.matrix.entries)
        except FormulaError:
            return None
        if count_variables(question) == 0:
            return None
        kind = Kind.CLOSURE if self.closure else Kind.MEMBER
        found = self.desk.truth(statement, question, self.desk.left(), kind)
        if found is None:
            return None
        holds, runs = found
        if self.closure:
            name = "in_closure" if holds else "not_in_closure"
        else:
            name = "member" if holds else "not_member"
        said = claim(name, runs)
        if not holds and not self.closure:
            return Belongs.NO, Proof("equations", {"refutation": {"claim": said}})
        return (Belongs.YES if holds else Belongs.NO), Proof("claim", {"claim": said})

    # -- limits ----------------------------------------------------------------------------

    def limit(self) -> tuple[Belongs, Proof] | None:
        """Whether the matrix is a limit of products, with a proof."""
        inside = self.product()
        if inside is not None and inside[0] is Belongs.YES:
            return inside
        self.desk.say("looking for a refutation that holds for limits")
        found = self.told(self.search(limit=True, share=0.3))
        if found is not None:
            return found
        self.desk.say("searching for a curve")
        curve = self.curved()
        if curve is not None:
            return curve
        self.desk.say("deciding the pattern")
        closed = self.decided(0.5)
        if closed is not None and inside is not None:
            return Belongs.NO, Proof("closed", {"proof": closed.to_json()}, (inside[1],))
        return self.word()

    def curved(self) -> tuple[Belongs, Proof] | None:
        """A curve of factors for every component."""
        made: list[dict[Cell, list[tuple[int, Fraction]]]] = [{} for _ in self.pattern.layers]
        clock = self.desk.clock.share(0.4)
        for piece in chains.pieces(self.pattern, self.matrix.entries):
            entries: list[tuple[int, Cell, list[tuple[int, Fraction]]]] = []
            try:
                found = chains.factor(piece.pattern, piece.values, Search(clock.share(0.3), True))
            except OutOfTime:
                found = None
            if isinstance(found, list):
                entries += [
                    (layer, cell, [(0, v)])
                    for layer, factor in enumerate(found)
                    for cell, v in factor.items()
                    if v
                ]
            else:
                curve = curve_through(piece.pattern, piece.values, clock=clock)
                if curve is None:
                    return None
                for number, series in curve.entries.items():
                    unknown = curve.model.unknowns[number]
                    terms = [(e, Fraction(c)) for e, c in sorted(series.items())]
                    entries.append((unknown.level, unknown.place, terms))
            for layer, (i, j), terms in entries:
                cell = (piece.units[layer + 1][i], piece.units[layer][j])
                made[layer][cell] = terms
        self.curve = tuple(made)
        data = [
            [
                [i, j, [[e, number_to_json(c)] for e, c in terms]]
                for (i, j), terms in sorted(one.items())
            ]
            for one in made
        ]
        return Belongs.YES, Proof("curve", {"factors": data})


def _too_long(entries: Values) -> bool:
    """Whether some number is longer than those of a certificate."""
    return any(
        max(abs(value.numerator), value.denominator) >= 10**MAX_DIGITS for value in entries.values()
    )
