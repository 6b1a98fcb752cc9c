"""SMT-LIB 2 solvers, Z3 above all: true or false for sentences, with a witness where it has one.

An SMT solver decides satisfiability; it eliminates no quantifier.  So only sentences are asked.  A
sentence starting with "for all" is asked as its negation, so that every question starts with an
existential block, whose variables become constants: ``sat`` then means that the block has a
solution, and the model names one.

References: D. Jovanovic and L. de Moura, Solving non-linear arithmetic, IJCAR 2012; C. Barrett,
P. Fontaine and C. Tinelli, The SMT-LIB standard: version 2.6 (2017).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import groupby
from math import ceil
from pathlib import Path
from typing import NoReturn, TypeAlias

from cadlink.backends.base import Answer, NoAnswer, Outcome, Output, Script
from cadlink.backends.question import pose
from cadlink.clock import UNLIMITED, Clock
from cadlink.errors import AnswerError, FormulaError
from cadlink.logic.algebraic import Root
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    Formula,
    Quantifier,
    negate,
)
from cadlink.logic.smtlib import Node, expression, read_nodes
from cadlink.logic.tokens import place

__all__ = ["Z3"]

_ERROR = re.compile(r"\(error\b[^\n]*")
# Of all that SMT-LIB allows, what models of real variables consist of.
_TOKEN = re.compile(r"(?P<space>\s+)|(?P<mark>[()])|(?P<word>[A-Za-z0-9_.!+\-*/<>=^]+)", re.ASCII)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_LONGEST_S = 10**6
_MAX_DEPTH = 100
_MAX_DIGITS = 4000

SExpression: TypeAlias = "str | list[SExpression]"


class Z3:
    """The language of Z3 on its standard input."""

    name = "z3"
    eliminates = False
    finds_points = True
    most_variables = 80

    def argv(self, executable: Path, wall_s: float, memory_mib: int) -> Sequence[str]:
        """The command line; Z3 counts whole seconds, at least one."""
        seconds = max(1, ceil(min(wall_s, _LONGEST_S)))
        return [str(executable), "-in", "-smt2", f"-T:{seconds}", f"-memory:{memory_mib}"]

    def environment(self, executable: Path) -> Mapping[str, str | None]:
        """Nothing to set."""
        return {}

    def write(self, formula: Formula, clock: Clock = UNLIMITED) -> Script:
        """Declarations, one assertion, ``check-sat``.  NoAnswer(UNSUITED) if a variable is free."""
        question = pose(formula, clock)
        if question.free:
            raise NoAnswer(Outcome.UNSUITED, "a formula with free variables: z3 takes sentences")
        prefix, matrix = list(question.prefix), question.matrix
        if _is_universal(prefix):
            prefix = [(quantifier.dual, name) for quantifier, name in prefix]
            matrix = negate(matrix)
        (_, outermost), *blocks = (
            (quantifier, [name for _, name in group])
            for quantifier, group in groupby(prefix, key=lambda pair: pair[0])
        )
        body = expression(matrix, clock)
        for quantifier, names in reversed(blocks):
            declared = " ".join(f"({name} Real)" for name in names)
            body = f"({quantifier.value} ({declared}) {body})"
        lines = [
            "(set-option :dump-models true)",  # a model after sat, and no error after unsat
            f"(set-logic {'NRA' if blocks else 'QF_NRA'})",
            *(f"(declare-const {name} Real)" for name in outermost),
            f"(assert {body})",
            "(check-sat)",
        ]
        return Script("\n".join(lines) + "\n", question.names, formula)

    def read(self, script: Script, output: Output) -> Answer:
        """True or false; the model if the outermost block is existential."""
        text = output.stdout
        _refuse_failures(output)
        verdict, _, rest = text.partition("\n")
        asked_negation = _asks_negation(script)
        if verdict == "unsat" and not rest.strip():
            return Answer(TRUE if asked_negation else FALSE)
        if verdict != "sat":
            raise NoAnswer(Outcome.GARBLED, "expected sat and a model, unsat, or unknown")
        model, roots = _read_model(script, text, len("sat\n"))
        if asked_negation:
            return Answer(FALSE)
        return Answer(TRUE, model or None, roots or None)


def _is_universal(prefix: Sequence[tuple[Quantifier, str]]) -> bool:
    return prefix[0][0] is Quantifier.FORALL


def _asks_negation(script: Script) -> bool:
    """Whether ``write`` asked the negation of the script's formula."""
    return _is_universal(pose(script.formula).prefix)


def _refuse_failures(output: Output) -> None:
    both = f"{output.stdout}\n{output.stderr}"
    error = _ERROR.search(both)
    if error:
        full = "out of memory" in error.group()
        raise NoAnswer(Outcome.MEMORY if full else Outcome.CRASHED, error.group())
    last = output.stdout.strip().rpartition("\n")[2]
    if last == "timeout":
        raise NoAnswer(Outcome.TIMEOUT, "z3 reached its time limit")
    if output.returncode != 0:
        raise NoAnswer(Outcome.CRASHED, f"exit status {output.returncode}, expected 0")
    if output.stdout.strip() == "unknown":
        raise NoAnswer(Outcome.PARTIAL, "z3 answers unknown")


# ----------------------------------------------------------------------------- the model


def _fail(message: str, text: str, offset: int) -> NoReturn:
    raise AnswerError(f"z3's model: {message}", "z3", text, *place(text, offset))


def _plain(node: Node) -> SExpression:
    return node.word or list(map(_plain, node.parts))


def _read_model(
    script: Script, text: str, start: int
) -> tuple[dict[str, Fraction], dict[str, Root]]:
    """The rational values and the algebraic ones (``root-obj``)."""
    nodes = read_nodes(text, start, _MAX_DEPTH, _fail, _TOKEN)
    if len(nodes) != 1 or nodes[0].word:
        second = nodes[1].offset if len(nodes) > 1 else start
        _fail("expected one parenthesised model", text, second)
    definitions = list(map(_plain, nodes[0].parts))
    if definitions[:1] == ["model"]:  # older Z3
        del definitions[0]
    constants = set(re.findall(r"^\(declare-const (\w+) Real\)$", script.text, re.MULTILINE))
    model: dict[str, Fraction] = {}
    roots: dict[str, Root] = {}
    defined: set[str] = set()
    for definition in definitions:
        match definition:
            case ["define-fun", str(name), [], "Real", value] if name in constants - defined:
                defined.add(name)
                number = _rational(value)
                root = _root(value) if number is None else None
                if number is not None:
                    model[script.names[name]] = number
                elif root is not None:
                    roots[script.names[name]] = root
            case ["define-fun", "/0", [[_, "Real"], [_, "Real"]], "Real", _] if "/0" not in defined:
                defined.add("/0")  # how z3 divides by zero inside; no question of ours divides
            case _:
                _fail("a definition that is not of one declared constant", text, start)
    return model, roots


def _root(value: SExpression) -> Root | None:
    """``(root-obj polynomial number)``: the real root of this number of a polynomial in x."""
    match value:
        case ["root-obj", polynomial, str(number)] if number.isdigit() and len(number) < 4:
            terms = polynomial[1:] if polynomial[:1] == ["+"] else [polynomial]
            coefficients: dict[int, int] = {}
            for term in terms:
                found = _term(term)
                if found is None:
                    return None
                coefficients[found[0]] = coefficients.get(found[0], 0) + found[1]
            listed = [coefficients.get(e, 0) for e in range(max(coefficients, default=0) + 1)]
            try:
                return Root.of(listed, int(number))
            except FormulaError:
                return None
    return None


def _term(value: SExpression) -> tuple[int, int] | None:
    """Exponent and coefficient of one term in x; None if it is none."""
    match value:
        case "x":
            return 1, 1
        case ["^", "x", str(digits)] if digits.isdigit() and len(digits) < 4:
            return int(digits), 1
        case ["*", scale, power]:
            factor, rest = _rational(scale), _term(power)
            if factor is None or factor.denominator != 1 or rest is None:
                return None
            return rest[0], rest[1] * factor.numerator
        case ["-", inner]:
            rest = _term(inner)
            return None if rest is None else (rest[0], -rest[1])
    number = _rational(value)
    return None if number is None or number.denominator != 1 else (0, number.numerator)


def _rational(value: SExpression) -> Fraction | None:
    match value:
        case str(digits) if _NUMBER.fullmatch(digits) and len(digits) <= _MAX_DIGITS:
            return Fraction(digits)
        case ["-", inner]:
            number = _rational(inner)
            return None if number is None else -number
        case ["/", above, below]:
            numerator, denominator = _rational(above), _rational(below)
            if numerator is None or not denominator:
                return None
            return numerator / denominator
    return None
