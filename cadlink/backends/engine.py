"""Asks backends: adapter and process put together, with limits, warm sessions and the cache.

One question to one backend makes one :class:`Run`, whatever became of it.  A missing answer is an
outcome, never an exception; and only what the adapter's strict grammar admits is an answer.
"""

from __future__ import annotations

import json
import math
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, cast

from cadlink.backends import REGISTRY
from cadlink.backends.base import (
    Adapter,
    Answer,
    NoAnswer,
    Outcome,
    Output,
    RetryingAdapter,
    Script,
    SessionAdapter,
)
from cadlink.backends.cache import Cache, Entry, cache_key, default_path, transcript_digest
from cadlink.backends.locate import Found, NotFound, find
from cadlink.backends.preferences import Kind, preferred
from cadlink.backends.process import Ended, Reason, Session, run
from cadlink.clock import UNLIMITED, Clock, OutOfTime
from cadlink.errors import (
    AnswerError,
    BackendMissing,
    BackendWarning,
    FormulaError,
    InputError,
)
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    Atom,
    Formula,
    Quantifier,
    Rel,
    Truth,
    atoms,
    conj,
    disj,
    evaluate,
    exists,
    forall,
    free_variables,
    negate,
    prenex,
    quantify,
)
from cadlink.logic.notation import from_json, normal_form, to_json, to_text
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.simplify import simplify

__all__ = ["Comparison", "Engine", "Run", "Smoke"]

KEPT = 20_000  # characters of the transcript that a run keeps
START_S = 15.0  # seconds in which a session must have started
WRITING_S = 0.2  # seconds in which a question is written, whatever its limit
SHORTEST_S = 0.05  # with less time left a session is not asked: it would have to be killed

# What our own limits mean; for the other reasons the adapter looks at the output.
_LIMITS: Mapping[Reason, tuple[Outcome, str]] = {
    Reason.TIMEOUT: (Outcome.TIMEOUT, "stopped at the time limit"),
    Reason.MEMORY: (Outcome.MEMORY, "stopped at the memory limit"),
    Reason.OVERFLOW: (Outcome.OVERFLOW, "stopped for printing far too much"),
    Reason.INTERRUPTED: (Outcome.CRASHED, "stopped from outside"),
}


@dataclass(frozen=True)
class Run:
    """One question to one backend, and how it ended.

    ``answer`` is there exactly when the outcome is ANSWERED; ``detail`` says why there is none.
    ``transcript_sha256`` is the digest of what the program printed (of nothing if not asked), and
    ``transcript`` the end of that text; ``script`` the text it was sent.
    """

    backend: str
    version: str
    outcome: Outcome
    seconds: float
    answer: Answer | None = None
    detail: str = ""
    transcript_sha256: str = ""
    cached: bool = False
    statement: str = ""
    transcript: str = field(default="", repr=False, compare=False)
    script: str = field(default="", repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The run as JSON values; the answer as text, rational model values as "p/q"."""
        model = None if self.answer is None else self.answer.model
        return {
            "backend": self.backend,
            "version": self.version,
            "statement": self.statement,
            "outcome": self.outcome.value,
            "seconds": self.seconds,
            "answer": None if self.answer is None else to_text(self.answer.formula),
            "model": None if model is None else {name: str(v) for name, v in model.items()},
            "detail": self.detail,
            "transcript": self.transcript_sha256,
            "cached": self.cached,
        }


@dataclass(frozen=True)
class Smoke:
    """Whether a backend answers two trivial questions correctly, and how long that took."""

    backend: str
    works: bool
    seconds: float
    detail: str


@dataclass(frozen=True)
class Comparison:
    """A cached answer beside the one given today.

    ``result`` is "same" (equal after simplification), "equivalent" (shown by a backend),
    "contradiction", "unclear" (different texts, no proof either way) or "unanswered".
    """

    backend: str
    result: Literal["same", "equivalent", "contradiction", "unclear", "unanswered"]
    question: str
    stored: str
    today: str


@dataclass(frozen=True)
class _Asked:
    """One attempt: what the program printed, and the answer or why there is none."""

    output: Output
    outcome: Outcome
    answer: Answer | None = None
    detail: str = ""
    own_words: bool = False  # the outcome is what the program itself reported
    starting_s: float = 0.0  # spent on starting a session


@dataclass
class _Warm:
    """A warm session and how many questions it has been asked."""

    session: Session
    memory_mib: int
    asked: int = 0

    @classmethod
    def limit(cls, memory_mib: int) -> int:
        """The memory of a session to be started: a little less, so that it outlives small changes
        of the limit.
        """
        return memory_mib - memory_mib // 8

    def fits(self, memory_mib: int) -> bool:
        """Alive, within the limit, and not far below what it could have."""
        return self.session.alive and self.memory_mib <= memory_mib <= 2 * self.memory_mib


class Engine:
    """Asks backends; owns their warm sessions and the cache.  A context manager.

    ``cache`` is a :class:`~cadlink.backends.cache.Cache`, None for none, or "default" for the
    user's.

    >>> x = Polynomial.variable("x")
    >>> with Engine(cache=None) as engine:
    ...     run = engine.ask(exists(["x"], Atom(x * x - 2, Rel.EQ)), "qepcad", 20, 1000)
    ...     run.outcome.value, to_text(run.answer.formula)
    ('answered', 'true')
    """

    def __init__(self, cache: Cache | Literal["default"] | None = "default") -> None:
        self.cache = Cache(default_path()) if cache == "default" else cache or Cache(None)
        self._found: dict[str, Found | NotFound] = {}
        self._warm: dict[str, _Warm] = {}
        self._locks = {name: threading.Lock() for name in REGISTRY}

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop the warm sessions and wait for their end; a later question would start new ones."""
        while self._warm:
            self._warm.popitem()[1].session.close()

    def find(self, backend: str) -> Found | NotFound:
        """Where the program is.  Raises InputError for a name cadlink does not know.

        Warns (BackendWarning) of a variable such as CADLINK_QEPCAD that names no such program.
        """
        if backend not in REGISTRY:
            raise InputError(f"backend {backend!r}: expected one of {', '.join(REGISTRY)}")
        if backend not in self._found:
            found = self._found[backend] = find(backend)
            if isinstance(found, NotFound) and found.wrong:
                warnings.warn(found.wrong, BackendWarning, stacklevel=1)  # so once a process
        return self._found[backend]

    def available(self) -> list[str]:
        """The names of the installed backends, in order of preference."""
        return [name for name in REGISTRY if isinstance(self.find(name), Found)]

    def ask(
        self,
        formula: Formula,
        backend: str,
        wall_s: float,
        memory_mib: int,
        statement: str = "",
        clock: Clock = UNLIMITED,
    ) -> Run:
        """One question: a formula equivalent to this one without quantifiers.

        ``wall_s`` bounds the question: writing it, waiting, a second attempt.  The start of a
        session is not charged to the question that happens to need it, but to ``clock``, which
        bounds everything; ``math.inf`` is no limit.  ``statement`` is a caption kept with the run.
        A formula in which no variable occurs is evaluated here; such a run bears the name of
        cadlink itself.

        Whatever the formula, the lack of an answer is an outcome.  Raises InputError for an unknown
        backend or limits that are none, BackendMissing for a backend that is not installed.
        """
        return self._ask(formula, backend, wall_s, memory_mib, statement, self.cache, clock)

    def _ask(
        self,
        formula: Formula,
        backend: str,
        wall_s: float,
        memory_mib: int,
        statement: str,
        cache: Cache,
        clock: Clock = UNLIMITED,
    ) -> Run:
        start = time.monotonic()
        _demand_limits(wall_s, memory_mib)
        question = clock.at_most(wall_s)
        found = self.find(backend)
        constant = not any(atom.poly.variables for atom in atoms(formula))
        if constant:
            return _evaluated(formula, statement)
        if isinstance(found, NotFound):
            raise BackendMissing(found.message(), backend)
        adapter = REGISTRY[backend]

        text = ""

        def record(asked: _Asked, cached: bool = False) -> Run:
            out, err = asked.output.stdout, asked.output.stderr
            return Run(
                backend,
                found.version,
                asked.outcome,
                time.monotonic() - start - asked.starting_s,
                asked.answer,
                asked.detail,
                transcript_digest(out, err),
                cached,
                statement,
                (out + err)[-KEPT:],
                text,
            )

        try:
            # However little time there is: the answer may be in the cache.
            script = adapter.write(formula, Clock(max(question.deadline, start + WRITING_S)))
        except NoAnswer as no:
            return record(_Asked(Output(""), no.outcome, detail=no.detail))
        except OutOfTime:
            detail = "the time limit was reached while the question was being written"
            return record(_Asked(Output(""), Outcome.TIMEOUT, detail=detail))
        except RecursionError:
            detail = "the formula is nested too deeply to be written"
            return record(_Asked(Output(""), Outcome.UNSUITED, detail=detail))
        except FormulaError as error:
            return record(_Asked(Output(""), Outcome.UNSUITED, detail=str(error)))
        text = script.text
        warm = _as_session(adapter)
        options = [] if warm is None else [warm.preamble()]
        key = cache_key(backend, found.version, script.text, options)
        kept = cache.get(key)
        if kept is not None:
            asked = _read(adapter, script, Output(kept.stdout, kept.stderr, kept.returncode))
            if asked.outcome is Outcome.ANSWERED:  # else a stricter reader: ask again
                return record(asked, cached=True)
        try:
            if warm is None:
                asked = _one_shot(adapter, found, script, question, memory_mib)
            else:
                asked = self._in_session(warm, found, script, question, clock, memory_mib)
        except OSError as error:
            asked = _Asked(Output(""), Outcome.MISSING, detail=f"could not be started: {error}")
        made = record(asked)
        if asked.outcome is Outcome.ANSWERED:
            _keep(cache, key, formula, made, asked.output)
        return made

    # -- warm sessions ---------------------------------------------------------------------

    def _in_session(
        self,
        adapter: SessionAdapter,
        found: Found,
        script: Script,
        question: Clock,
        clock: Clock,
        memory_mib: int,
    ) -> _Asked:
        """Ask in the warm session; after trouble in an old one, once more in a fresh one.

        Trouble may be what earlier questions left behind (a full memory, a confused reader).
        """
        patience = min(question.left(), threading.TIMEOUT_MAX)
        if not self._locks[adapter.name].acquire(timeout=patience):
            return _Asked(Output(""), Outcome.TIMEOUT, detail="another thread uses the session")
        try:
            if question.left() < SHORTEST_S:
                return _Asked(Output(""), Outcome.TIMEOUT, detail="no time was left")
            fresh = self._discard_unfit(adapter.name, memory_mib)
            asked = self._ask_warm(adapter, found, script, question, clock, memory_mib)
            trouble = (Outcome.MEMORY, Outcome.CRASHED, Outcome.GARBLED)
            if asked.outcome in trouble and not fresh and not question.expired():
                asked = self._ask_warm(adapter, found, script, question, clock, memory_mib)
            return asked
        finally:
            self._locks[adapter.name].release()

    def _discard_unfit(self, name: str, memory_mib: int) -> bool:
        """Drop a session that is dead or has other limits; whether the next one will be fresh."""
        warm = self._warm.get(name)
        if warm is not None and not warm.fits(memory_mib):
            self._warm.pop(name).session.close()
        return name not in self._warm

    def _ask_warm(
        self,
        adapter: SessionAdapter,
        found: Found,
        script: Script,
        question: Clock,
        clock: Clock,
        memory_mib: int,
    ) -> _Asked:
        """One question in the session, started if there is none; it survives only a sane reply."""
        started = 0.0
        if adapter.name not in self._warm:
            before = time.monotonic()
            failed = self._start(adapter, found, script, clock.at_most(START_S), memory_mib)
            started = time.monotonic() - before
            if failed is not None:
                return replace(failed, starting_s=started)
            question = Clock(min(question.deadline + started, clock.deadline))
        warm = self._warm[adapter.name]
        warm.asked += 1
        text, sentinel = adapter.question(script, warm.asked), adapter.sentinel(warm.asked)
        asked = _judge(adapter, script, warm.session.ask(text, sentinel, question.left()))
        if asked.outcome not in (Outcome.ANSWERED, Outcome.PARTIAL, Outcome.UNSURE):
            self._warm.pop(adapter.name).session.close()
        return replace(asked, starting_s=started)

    def _start(
        self, adapter: SessionAdapter, found: Found, script: Script, clock: Clock, memory_mib: int
    ) -> _Asked | None:
        """Start a session; what went wrong, or None."""
        limit = _Warm.limit(memory_mib)
        argv = _argv(found, adapter.argv(found.path, clock.left(), limit))
        session = Session(argv, environment=adapter.environment(found.path), memory_mib=limit)
        hello = session.ask(adapter.preamble(), adapter.sentinel(0), clock.left())
        if hello.reason is Reason.REPLIED:
            self._warm[adapter.name] = _Warm(session, limit)
            return None
        asked = _judge(adapter, script, hello)
        if asked.outcome is Outcome.ANSWERED:  # the program ended: nothing was asked yet
            asked = _Asked(asked.output, Outcome.CRASHED)
        return _Asked(asked.output, asked.outcome, detail=f"while starting: {asked.detail}")

    # -- checks ----------------------------------------------------------------------------

    def smoke_test(self, backend: str, wall_s: float = 30, memory_mib: int = 1024) -> Smoke:
        """Ask two questions whose answers are known; the cache is not used."""
        found = self.find(backend)
        if isinstance(found, NotFound):
            return Smoke(backend, False, 0.0, found.message())
        x = Polynomial.variable("x")
        start = time.monotonic()
        for question, expected in (
            (exists(["x"], Atom(x * x - 2, Rel.EQ)), TRUE),
            (forall(["x"], Atom(x * x, Rel.GT)), FALSE),
        ):
            made = self._ask(question, backend, wall_s, memory_mib, "", Cache(None))
            if made.answer is None or made.answer.formula != expected:
                said = made.detail if made.answer is None else to_text(made.answer.formula)
                detail = f"{to_text(question)}: {made.outcome.value}: {said}"
                return Smoke(backend, False, time.monotonic() - start, detail)
        return Smoke(backend, True, time.monotonic() - start, "")

    def verify_cache(
        self, sample: int = 20, wall_s: float = 60, memory_mib: int = 4096
    ) -> list[Comparison]:
        """Ask a random sample of the cached questions again, without the cache, and compare.

        Raises InputError if the cache cannot be read.
        """
        return [self._compare(kept, wall_s, memory_mib) for kept in self.cache.sample(sample)]

    def _compare(self, kept: Entry, wall_s: float, memory_mib: int) -> Comparison:
        formula = _question_from_json(json.loads(kept.question))

        def result(
            word: Literal["same", "equivalent", "contradiction", "unclear", "unanswered"],
            stored: str,
            today: str,
        ) -> Comparison:
            return Comparison(kept.backend, word, to_text(formula), stored, today)

        if not isinstance(self.find(kept.backend), Found):
            return result("unanswered", "", f"{kept.backend} is not installed")
        adapter = REGISTRY[kept.backend]
        output = Output(kept.stdout, kept.stderr, kept.returncode)
        old = _read(adapter, adapter.write(formula), output)
        new = self._ask(formula, kept.backend, wall_s, memory_mib, "", Cache(None))
        stored = old.detail if old.answer is None else to_text(old.answer.formula)
        today = new.detail if new.answer is None else to_text(new.answer.formula)
        if old.answer is None or new.answer is None:
            return result("unanswered", stored, today)
        one, other = simplify(old.answer.formula), simplify(new.answer.formula)
        if normal_form(one) == normal_form(other):
            return result("same", stored, today)
        apart = disj(conj(one, negate(other)), conj(other, negate(one)))
        question = exists(free_variables(apart), apart)
        if isinstance(one, Truth) and isinstance(other, Truth):
            return result("contradiction", stored, today)
        for name in preferred(Kind.POINT, self.available()):
            judge = self._ask(question, name, wall_s, memory_mib, "", Cache(None))
            if judge.answer is not None:
                equivalent = judge.answer.formula == FALSE
                return result("equivalent" if equivalent else "contradiction", stored, today)
        return result("unclear", stored, today)


def _as_session(adapter: Adapter) -> SessionAdapter | None:
    """The adapter as one of a warm program, if it is."""
    return cast(SessionAdapter, adapter) if hasattr(adapter, "preamble") else None


def _argv(found: Found, argv: Any) -> list[str]:
    """The command line, with the runtime that was found in place of its mere name."""
    first, *rest = argv
    return [first if found.runtime is None else str(found.runtime), *rest]


def _demand_limits(wall_s: object, memory_mib: object) -> None:
    """Limits that are none are the caller's mistake, not the lack of an answer."""
    if not isinstance(wall_s, int | float) or isinstance(wall_s, bool) or math.isnan(wall_s):
        raise InputError(f"time limit {wall_s!r:.40}: expected a number of seconds")
    if not isinstance(memory_mib, int) or isinstance(memory_mib, bool) or memory_mib <= 0:
        raise InputError(f"memory limit {memory_mib!r:.40}: expected a positive number of MiB")


def _evaluated(formula: Formula, statement: str) -> Run:
    """The run of a formula in which no variable occurs."""
    nothing = transcript_digest("", "")
    try:
        _, matrix = prenex(formula)
        answer = Answer(TRUE if evaluate(matrix, {}) else FALSE)
    except RecursionError:
        detail = "the formula is nested too deeply to be evaluated"
        return Run("cadlink", "-", Outcome.UNSUITED, 0.0, None, detail, nothing, False, statement)
    detail = "no variable occurs: evaluated without a program"
    return Run("cadlink", "-", Outcome.ANSWERED, 0.0, answer, detail, nothing, False, statement)


def _one_shot(
    adapter: Adapter, found: Found, script: Script, question: Clock, memory_mib: int
) -> _Asked:
    """One process for the question; a second one if a table of the program was too small."""
    argv = adapter.argv(found.path, question.left(), memory_mib)
    asked = _attempt(adapter, argv, found, script, question, memory_mib)
    if not hasattr(adapter, "retry_argv") or not asked.own_words or question.expired():
        return asked
    retrying = cast(RetryingAdapter, adapter)
    again = retrying.retry_argv(found.path, question.left(), memory_mib, asked.output)
    if again is None:
        return asked
    return _attempt(adapter, again, found, script, question, memory_mib)


def _attempt(
    adapter: Adapter,
    argv: Sequence[str],
    found: Found,
    script: Script,
    question: Clock,
    memory_mib: int,
) -> _Asked:
    left = question.left()
    if left <= 0:
        return _Asked(Output(""), Outcome.TIMEOUT, detail="no time was left")
    ended = run(
        _argv(found, argv),
        script.text,
        environment=adapter.environment(found.path),
        wall_s=left,
        memory_mib=memory_mib,
        limit_address_space=True,
    )
    return _judge(adapter, script, ended)


def _judge(adapter: Adapter, script: Script, ended: Ended) -> _Asked:
    """Our own limits first; then the adapter reads the output."""
    output = Output(ended.stdout, ended.stderr, ended.returncode)
    if ended.reason in _LIMITS:
        outcome, detail = _LIMITS[ended.reason]
        return _Asked(output, outcome, detail=detail)
    if ended.reason is Reason.SIGNAL and ended.returncode is None:
        return _Asked(output, Outcome.CRASHED, detail="its watchdog was killed")
    return _read(adapter, script, output)


def _read(adapter: Adapter, script: Script, output: Output) -> _Asked:
    try:
        return _Asked(output, Outcome.ANSWERED, adapter.read(script, output))
    except NoAnswer as no:
        return _Asked(output, no.outcome, detail=no.detail, own_words=True)
    except AnswerError as error:
        return _Asked(output, Outcome.GARBLED, detail=str(error))


def _keep(cache: Cache, key: str, formula: Formula, made: Run, output: Output) -> None:
    """The answer into the cache; a question nested too deeply for JSON is not kept."""
    try:
        question = json.dumps(_question_to_json(formula))
    except RecursionError:
        return
    out, err = output.stdout, output.stderr
    kept = Entry(made.backend, made.version, question, out, err, output.returncode, made.seconds)
    cache.put(key, kept)


def _question_to_json(formula: Formula) -> dict[str, Any]:
    """A formula in prenex form, as JSON values."""
    prefix, matrix = prenex(formula)
    return {"prefix": [[q.value, name] for q, name in prefix], "matrix": to_json(matrix)}


def _question_from_json(value: Any) -> Formula:
    formula = from_json(value["matrix"])
    for quantifier, name in reversed(value["prefix"]):
        formula = quantify(Quantifier(quantifier), [name], formula)
    return formula
