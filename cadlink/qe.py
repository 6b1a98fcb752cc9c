"""Quantifier elimination over the real numbers, by QEPCAD, Redlog and z3, for any formula.

A formula is given as text (the grammar is that of :mod:`cadlink.logic.reader`), as an SMT-LIB 2
script, as a sympy Boolean, as JSON values (``to_json``), or as a ``Formula``.  Variables are real,
numbers exact.

>>> from cadlink import qe
>>> qe.eliminate("exists x. x^2 + b*x + c = 0").text
'b^2 - 4*c >= 0'
>>> qe.decide_sentence("forall x: exists y: y > x").truth
True
>>> qe.find_point("x*y = 1 and x + y > 2").point is None
False

What comes back rests on the word of the programs asked (``assurance`` trusted); ask several with
``backend="all"``.  Points are put into the formula, and so checked.

References: B. Caviness, J. Johnson (eds.), Quantifier elimination and cylindrical algebraic
decomposition, Springer 1998.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from cadlink.backends import REGISTRY
from cadlink.backends.base import NoAnswer, Outcome
from cadlink.backends.engine import Engine, Run
from cadlink.backends.preferences import Kind, preferred
from cadlink.clock import Clock
from cadlink.deciding.decision import Assurance, Limits
from cadlink.errors import BackendError, BackendMissing, FormulaError, InputError
from cadlink.logic.algebraic import Root, holds
from cadlink.logic.encode import QUESTIONS, differ, question
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    And,
    Atom,
    Exists,
    ForAll,
    Formula,
    Or,
    Truth,
    all_names,
    assign,
    conj,
    free_variables,
    is_quantifier_free,
    prenex,
)
from cadlink.logic.formula import exists as _exists
from cadlink.logic.formula import forall as _forall
from cadlink.logic.notation import from_json, normal_form, to_json, to_latex, to_text
from cadlink.logic.reader import from_text
from cadlink.logic.simplify import simplify
from cadlink.logic.smtlib import from_smtlib, to_smtlib
from cadlink.logic.symbolic import from_sympy, to_sympy
from cadlink.patterns.masks import read
from cadlink.patterns.matrix import Source, exact
from cadlink.patterns.pattern import Pattern

__all__ = [
    "FORMATS",
    "QUESTIONS",
    "Disagreement",
    "Elimination",
    "decide_sentence",
    "eliminate",
    "exists",
    "find_point",
    "forall",
    "formula",
    "formula_of_pattern",
    "from_json",
    "from_smtlib",
    "from_sympy",
    "from_text",
    "script",
    "to_json",
    "to_latex",
    "to_smtlib",
    "to_sympy",
    "to_text",
]

# Seconds given to each backend in the first, second, ... round; in the last one what is left.
SLICES = (2.0, 10.0, math.inf)

_SMTLIB = re.compile(r"\s*(?:;[^\n]*\n\s*)*\(\s*(?:set-|declare-|assert\b|check-sat)", re.ASCII)


class Disagreement(BackendError):
    """Two backends gave answers that contradict each other; ``runs`` are the two."""

    def __init__(self, one: Run, other: Run) -> None:
        answers = " and ".join(f"{run.backend} says {_said(run)}" for run in (one, other))
        text = "\n\n".join(f"--- {run.backend}\n{run.transcript}" for run in (one, other))
        super().__init__(f"a contradiction: {answers}", one.backend, text)
        self.runs = (one, other)


@dataclass(frozen=True)
class Elimination:
    """What became of a question.

    ``formula`` has no quantifier and agrees with the question (wherever the assumption holds); it
    is None if there is no answer, and ``detail`` says why.  ``runs`` lists who was asked what, the
    seconds and the digest of what it printed; ``agreed`` names the backends that gave this answer
    or an equivalent one.  ``point`` is a solution, where one was asked for: a Fraction for every
    variable, or a Root (``logic/algebraic.py``) where it is irrational.  ``assurance`` is
    CHECKED for what was computed here exactly, TRUSTED for what rests on a backend.
    """

    question: Formula
    formula: Formula | None
    assurance: Assurance
    seconds: float
    runs: tuple[Run, ...] = ()
    agreed: tuple[str, ...] = ()
    point: Mapping[str, Fraction | Root] | None = None
    detail: str = ""

    def __bool__(self) -> bool:
        raise TypeError("an elimination has no truth value; look at .formula or .truth")

    @property
    def truth(self) -> bool | None:
        """True or False if the question turned out so, else None."""
        return self.formula.value if isinstance(self.formula, Truth) else None

    @property
    def text(self) -> str | None:
        """The formula as text."""
        return None if self.formula is None else to_text(self.formula)

    def to_json(self) -> dict[str, Any]:
        """The object that ``cadlink eliminate --json`` prints."""
        point = self.point
        return {
            "question": to_text(self.question),
            "answer": self.text,
            "formula": None if self.formula is None else to_json(self.formula),
            "assurance": self.assurance.value,
            "agreed": list(self.agreed),
            "point": None if point is None else {name: str(v) for name, v in point.items()},
            "detail": self.detail,
            "seconds": round(self.seconds, 6),
            "runs": [run.to_json() for run in self.runs],
        }


def formula(source: Any) -> Formula:
    """The formula that a text, an SMT-LIB script, a sympy Boolean or JSON values stand for.

    Raises FormulaError saying what is wrong, in a text with its line and column.

    >>> to_text(formula("x > 1/2 implies x > 0"))
    '2*x - 1 <= 0 or x > 0'
    """
    if isinstance(source, Truth | Atom | And | Or | Exists | ForAll):
        return source
    if isinstance(source, str):
        return from_smtlib(source) if _SMTLIB.match(source) else from_text(source)
    if isinstance(source, list | bool):
        return from_json(source)
    return from_sympy(source)


def exists(names: str | Iterable[Any], body: Any) -> Formula:
    """``exists names: body`` for a body of any kind; a name is a text or a sympy symbol.

    >>> import sympy
    >>> x, a = sympy.symbols("x a")
    >>> to_text(exists(x, sympy.Eq(x**2, a)))
    'exists x: -a + x^2 = 0'
    """
    return _exists(_names(names), formula(body))


def forall(names: str | Iterable[Any], body: Any) -> Formula:
    """``for all names: body``; see :func:`exists`."""
    return _forall(_names(names), formula(body))


def _names(names: Any) -> list[str]:
    if isinstance(names, str):
        listed = names.replace(",", " ").split()
    else:
        listed = list(map(str, names if isinstance(names, Iterable) else [names]))
    if not listed:
        raise FormulaError("a quantifier without variables: expected at least one")
    return listed


def eliminate(
    source: Any,
    backend: str = "auto",
    limits: Limits | None = None,
    assuming: Any = None,
    engine: Engine | None = None,
    progress: Callable[[str], None] | None = None,
) -> Elimination:
    """A formula without quantifiers that agrees with the given one.

    ``backend``: "auto" asks one after the other, best first, until one answers; "all" asks every
    backend that can answer, and compares; or a name.  ``limits`` are the total wall time in seconds
    and the memory of each backend in MiB.  With ``assuming``, a condition without quantifiers, the
    answer need only agree wherever that holds, which may make it shorter and easier to find.

    Raises FormulaError for what is no formula, InputError for an unknown backend or a condition
    that makes no sense, BackendMissing if no backend that can answer is installed, Disagreement if
    two answers contradict each other.  No answer within the limits is a result, with ``detail``.

    >>> eliminate("exists x: a*x^2 + b*x + 1 = 0", assuming="a > 0").text
    '4*a - b^2 <= 0'
    """
    start = time.monotonic()
    limits = limits or Limits()
    clock = Clock.of(limits.wall_s)
    question = formula(source)
    condition = TRUE if assuming is None else _condition(formula(assuming), question)
    asked = question
    if condition != TRUE:
        asked = conj(condition, simplify(question, condition))

    def done(
        found: Formula | None, assurance: Assurance, detail: str = "", agreed: Iterable[str] = ()
    ) -> Elimination:
        short = None if found is None else simplify(found, condition)
        seconds = time.monotonic() - start
        return Elimination(
            question, short, assurance, seconds, tuple(runs), tuple(agreed), None, detail
        )

    runs: list[Run] = []
    with ExitStack() as stack:
        engine = engine or stack.enter_context(Engine())
        if backend not in ("auto", "all"):
            engine.find(backend)  # raises for a name that is none
        if is_quantifier_free(asked) and backend == "auto":
            return done(asked, Assurance.CHECKED)

        def ask(name: str, wall_s: float) -> Run:
            if progress is not None:
                progress(f"asking {name}")
            run = engine.ask(asked, name, wall_s, limits.memory_mib, "", clock)
            runs.append(run)
            return run

        if backend == "auto":
            _ask_in_turn(_able(engine, asked), ask, clock)
        elif backend == "all":
            names = _able(engine, asked)
            for place, name in enumerate(names):
                ask(name, clock.left() / (len(names) - place))
        else:
            ask(backend, clock.left())
        answered = [run for run in runs if run.answer is not None]
        if not answered:
            return done(None, Assurance.NONE, _why_not(runs))
        first, *others = answered
        if first.backend == "cadlink":  # no variable occurs
            return done(_formula_of(first), Assurance.CHECKED)
        agreed, doubts = [first.backend], []
        for other in others:
            same = _same(engine, _formula_of(first), _formula_of(other), limits, clock)
            if same is False:
                raise Disagreement(first, other)
            if same:
                agreed.append(other.backend)
            else:
                doubts.append(other.backend)
        detail = f"not compared with the answer of {', '.join(doubts)}" if doubts else ""
        return done(_formula_of(first), Assurance.TRUSTED, detail, agreed)


def decide_sentence(
    source: Any,
    backend: str = "auto",
    limits: Limits | None = None,
    engine: Engine | None = None,
    progress: Callable[[str], None] | None = None,
) -> Elimination:
    """Whether a formula without free variables holds; ``truth`` of the result says so.

    Raises FormulaError naming a free variable if there is one, else as :func:`eliminate`.
    """
    question = formula(source)
    free = free_variables(question)
    if free:
        raise FormulaError(
            f"the variable {free[0]} is free: expected a sentence; quantify it, or eliminate"
        )
    return eliminate(question, backend, limits, None, engine, progress)


def find_point(
    source: Any,
    limits: Limits | None = None,
    assuming: Any = None,
    engine: Engine | None = None,
    progress: Callable[[str], None] | None = None,
) -> Elimination:
    """Values of the free variables that satisfy a formula: rational, or algebraic if need be.

    ``point`` of the result holds them.  They were put into the formula: rational ones, and
    algebraic ones that stand alone in their atoms, exactly; what was left, if anything, was
    decided.  ``truth`` is False if there is no point at all, and None if none was found.

    Raises FormulaError if no variable is free, else as :func:`eliminate`.

    >>> sorted(find_point("2*x = 1 and y > x and y < 1 and 3*y = 2").point.items())
    [('x', Fraction(1, 2)), ('y', Fraction(2, 3))]
    >>> str(find_point("x^2 = 2 and x > 0").point["x"])
    'the root of x^2 - 2 between 1 and 2'
    """
    start = time.monotonic()
    limits = limits or Limits()
    clock = Clock.of(limits.wall_s)
    question = formula(source)
    if assuming is not None:
        question = conj(question, _condition(formula(assuming), question))
    names = free_variables(question)
    if not names:
        raise FormulaError("no variable is free: expected a formula whose solution is wanted")
    sentence = _exists(names, question)
    runs: list[Run] = []

    def done(
        truth: Truth | None,
        assurance: Assurance,
        point: Mapping[str, Fraction | Root] | None = None,
        detail: str = "",
    ) -> Elimination:
        seconds = time.monotonic() - start
        agreed = tuple(dict.fromkeys(run.backend for run in runs if run.answer is not None))
        return Elimination(question, truth, assurance, seconds, tuple(runs), agreed, point, detail)

    with ExitStack() as stack:
        engine = engine or stack.enter_context(Engine())
        finders = [name for name in engine.available() if REGISTRY[name].finds_points]
        if not finders:
            raise BackendMissing("no backend that finds points is installed: see cadlink backends")
        for name in preferred(Kind.POINT, finders):
            if progress is not None:
                progress(f"asking {name} for a point")
            run = engine.ask(sentence, name, clock.left(), limits.memory_mib, "", clock)
            runs.append(run)
            if run.answer is None:
                continue
            if run.answer.formula == FALSE:
                return done(FALSE, Assurance.TRUSTED)
            roots = run.answer.roots or {}
            model = run.answer.model or {}
            values = {n: model.get(n, Fraction(0)) for n in names if n not in roots}
            point = {name: roots[name] if name in roots else values[name] for name in names}
            rest = assign(question, values)
            known = holds(rest, roots)
            if known:
                return done(TRUE, Assurance.CHECKED, point)
            if known is None and clock.left() > 0:
                left = Limits(clock.left(), limits.memory_mib)
                there = [root.condition(name) for name, root in roots.items()]
                sentence = _exists(list(roots), conj(*there, rest))
                if decide_sentence(sentence, "auto", left, engine, progress).truth:
                    return done(TRUE, Assurance.TRUSTED, point)
            irrational = "there are points, but none was found that can be written down"
            return done(None, Assurance.NONE, None, irrational)
        return done(None, Assurance.NONE, None, _why_not(runs))


FORMATS = ("text", "json", "smt2", "sympy", "latex", *REGISTRY)


def script(source: Any, format: str) -> str:
    """The formula in another language: one of FORMATS; for a backend the exact text it is sent.

    Raises InputError for an unknown format, FormulaError for what the language cannot say.

    >>> print(script("exists x: x^2 = 2", "qepcad"), end="")
    []
    (v1)
    0
    (E v1)[v1^2 - 2 = 0].
    finish
    """
    question = formula(source)
    if format in REGISTRY:
        adapter = REGISTRY[format]
        try:
            text = adapter.write(question).text
        except NoAnswer as error:
            raise FormulaError(f"{format}: {error.detail}") from error
        return getattr(adapter, "preamble", str)() + text
    if format == "sympy":
        return f"{to_sympy(question)}\n"
    writers: Mapping[str, Callable[[Formula], str]] = {
        "text": to_text,
        "json": lambda f: json.dumps(to_json(f)),
        "smt2": to_smtlib,
        "latex": to_latex,
    }
    if format not in writers:
        raise InputError(f"format {format!r}: expected one of {', '.join(FORMATS)}")
    return writers[format](question).rstrip("\n") + "\n"


def formula_of_pattern(
    pattern: Pattern | str,
    what: str = "sentence",
    at: Source | None = None,
    norm: str = "euclidean",
) -> Formula:
    """A question (one of QUESTIONS, see :func:`cadlink.logic.encode.question`) about the products
    with a pattern's masks, as a formula.

    ``pattern`` is one, or a source such as "lu:2"; ``at`` a matrix as
    :func:`cadlink.patterns.matrix.exact` reads it, outputs x inputs.  Variables: ``a_{j}_{k}`` for
    the matrix, ``x_{l}_{i}_{j}`` for factor l = 1, 2, ..., ``eps`` for the distance.

    Raises InputError for what is no pattern, question or matrix of the right shape, FormulaError
    for a formula that would be too long.

    >>> image = formula_of_pattern("11/01;10/11", "image")
    >>> eliminate(image, backend="qepcad").text
    'a_0_0 != 0 or a_0_1 = 0 or a_1_0 = 0'
    """
    masks = pattern if isinstance(pattern, Pattern) else read(pattern)
    if at is None:
        return question(masks, what, None, norm)
    return question(masks, what, exact(at).fitting(masks).entries, norm)


def _condition(condition: Formula, question: Formula) -> Formula:
    """An assumption that makes sense."""
    if not is_quantifier_free(condition):
        raise InputError("an assumption has no quantifiers: expected a condition such as a > 0")
    bound = all_names(question) - set(free_variables(question))
    for name in free_variables(condition):
        if name in bound:
            raise InputError(
                f"the assumption speaks of {name}, which the formula quantifies: expected its free"
                " variables"
            )
    if simplify(condition) == FALSE:
        raise InputError("the assumption never holds: expected one that can")
    return condition


def _able(engine: Engine, question: Formula) -> list[str]:
    """The installed backends that can answer, best first; BackendMissing if there is none."""
    free = bool(free_variables(question))
    installed = engine.available()
    able = [name for name in installed if REGISTRY[name].eliminates or not free]
    if not able:
        raise BackendMissing("no installed backend can answer this: see cadlink backends")
    if free:
        return preferred(Kind.FORMULA, able)
    quantifiers = {quantifier for quantifier, _ in prenex(question)[0]}
    return preferred(Kind.POINT if len(quantifiers) == 1 else Kind.ALTERNATING, able)


def _ask_in_turn(names: list[str], ask: Callable[[str, float], Run], clock: Clock) -> None:
    """Ask in rounds of growing slices until one answers; who fails otherwise is not asked again."""
    for slice_s in SLICES:
        for place, name in enumerate(list(names)):
            if clock.expired():
                return
            left = clock.left() / (len(names) - place) if slice_s == math.inf else slice_s
            run = ask(name, left)
            if run.answer is not None:
                return
            if run.outcome is not Outcome.TIMEOUT:
                names = [other for other in names if other != name]


def _same(
    engine: Engine, one: Formula, other: Formula, limits: Limits, clock: Clock
) -> bool | None:
    """Whether two answers say the same; None if nobody knows."""
    f, g = simplify(one), simplify(other)
    if normal_form(f) == normal_form(g):
        return True
    if isinstance(f, Truth) and isinstance(g, Truth):
        return False
    apart = differ(f, g, dict.fromkeys(free_variables(f) + free_variables(g)))
    for name in preferred(Kind.POINT, engine.available()):
        run = engine.ask(apart, name, clock.left() / 2, limits.memory_mib, "", clock)
        if run.answer is not None:
            return run.answer.formula == FALSE
    return None


def _formula_of(run: Run) -> Formula:
    assert run.answer is not None
    return run.answer.formula


def _said(run: Run) -> str:
    return "nothing" if run.answer is None else f"{to_text(run.answer.formula):.200}"


def _why_not(runs: Iterable[Run]) -> str:
    """What became of each backend, its last run."""
    last = {run.backend: f"{run.backend}: {run.outcome.value}" for run in runs}
    details = {run.backend: run.detail for run in runs}
    said = [f"{text} ({details[name]})" for name, text in last.items()]
    return "; ".join(said) or "the time was over before any program was asked"
