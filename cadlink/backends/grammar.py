"""The grammar in which QEPCAD and Redlog print quantifier-free formulas, and our writer for it.

    formula      = disjunction
    disjunction  = conjunction { OR conjunction }
    conjunction  = unit { AND unit }
    unit         = TRUE | FALSE | [ NOT ] OPEN disjunction CLOSE | atom
    atom         = polynomial relation 0
    polynomial   = [ "-" ] monomial { ( "+" | "-" ) monomial }
    monomial     = integer { TIMES power } | power { TIMES power }
    power        = name [ POWER integer ]

A ``Dialect`` says how the words in capitals are spelled.  This is all the programs were ever seen
to print; anything else is an error with its place, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from cadlink.clock import UNLIMITED, Clock
from cadlink.errors import AnswerError, FormulaError
from cadlink.logic.formula import (
    And,
    Atom,
    Exists,
    ForAll,
    Formula,
    Or,
    Rel,
    Truth,
    conj,
    disj,
    negate,
)
from cadlink.logic.polynomial import Monomial, Polynomial
from cadlink.logic.tokens import Tokens, place

__all__ = ["Dialect", "parse", "render", "render_polynomial"]

# Bounds on what is believed to be an answer; Python itself refuses integers of 4300 digits.
_MAX_DEPTH = 100
_MAX_DIGITS = 4000
_MAX_EXPONENT = 10_000


@dataclass(frozen=True)
class Dialect:
    """How one program spells the grammar.

    ``times`` is empty where a product is written by juxtaposition, ``negation`` where there is
    none.  ``mixing`` says whether "and" and "or" may stand in one bracket, "and" binding tighter.
    """

    backend: str
    conjunction: str
    disjunction: str
    negation: str
    opening: str
    closing: str
    times: str
    power: str
    relations: Mapping[str, Rel]
    constants: Mapping[str, Truth]
    mixing: bool

    def spelling(self, rel: Rel) -> str:
        """The program's sign for a relation."""
        return next(text for text, meaning in self.relations.items() if meaning is rel)


def _pattern(dialect: Dialect) -> re.Pattern[str]:
    d = dialect
    words = [d.conjunction, d.disjunction, d.negation, d.opening, d.closing, d.times, d.power]
    symbols = {w for w in [*words, *d.relations, "+", "-"] if w and not w.isalpha()}
    longest_first = sorted(symbols, key=len, reverse=True)
    return re.compile(
        r"(?P<space>\s+)"
        r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
        r"|(?P<integer>[0-9]+(?:\\\n[0-9]+)*)"  # REDUCE breaks long integers with a backslash
        rf"|(?P<symbol>{'|'.join(map(re.escape, longest_first))})",
        re.ASCII,
    )


class _Parser(Tokens):
    def __init__(
        self, transcript: str, start: int, end: int, dialect: Dialect, names: Mapping[str, str]
    ) -> None:
        self.dialect = dialect
        self.names = names
        self.depth = 0
        super().__init__(transcript, start, end, _pattern(dialect))

    def fail(self, message: str, offset: int) -> NoReturn:
        backend = self.dialect.backend
        raise AnswerError(
            f"{backend}'s answer: {message}", backend, self.text, *place(self.text, offset)
        )

    def formula(self) -> Formula:
        found = self.disjunction()
        if self.token.kind != "end":
            self.unexpected("the end of the answer")
        return found

    def disjunction(self) -> Formula:
        parts, conjunctions = [], 0
        while True:
            units = [self.unit()]
            while self.take(self.dialect.conjunction):
                units.append(self.unit())
            conjunctions += len(units) > 1
            parts.append(conj(*units))
            if conjunctions and len(parts) > 1 and not self.dialect.mixing:
                self.fail("'and' and 'or' in one bracket", self.token.offset)
            if not self.take(self.dialect.disjunction):
                return disj(*parts)

    def unit(self) -> Formula:
        word = self.token
        if word.text in self.dialect.constants:
            self.position += 1
            return self.dialect.constants[word.text]
        if self.take(self.dialect.negation):
            if self.token.text != self.dialect.opening:
                self.unexpected(f"{self.dialect.opening!r} after {self.dialect.negation!r}")
            return negate(self.unit())
        if not self.take(self.dialect.opening):
            return self.atom()
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            self.fail(f"more than {_MAX_DEPTH} nested brackets", word.offset)
        inside = self.disjunction()
        self.depth -= 1
        if not self.take(self.dialect.closing):
            self.unexpected(f"{self.dialect.closing!r}")
        return inside

    def atom(self) -> Formula:
        poly = self.polynomial()
        rel = self.dialect.relations.get(self.token.text)
        if rel is None:
            self.unexpected("a relation")
        self.position += 1
        if self.token.kind != "integer" or self.token.text != "0":
            self.unexpected("0 on the right-hand side")
        self.position += 1
        return Atom(poly, rel)

    def polynomial(self) -> Polynomial:
        sign = -1 if self.take("-") else 1
        terms = []
        while True:
            monomial, coefficient = self.monomial()
            terms.append((monomial, sign * coefficient))
            if self.take("+"):
                sign = 1
            elif self.take("-"):
                sign = -1
            else:
                return Polynomial.of(terms)

    def monomial(self) -> tuple[Monomial, int]:
        coefficient, powers = 1, []
        if self.token.kind == "integer":
            coefficient = self.integer()
        else:
            powers.append(self.power())
        while self.factor_follows():
            powers.append(self.power())
        return tuple(powers), coefficient

    def factor_follows(self) -> bool:
        if self.dialect.times:
            return self.take(self.dialect.times)
        return self.token.kind == "name" and self.token.text not in self.dialect.constants

    def power(self) -> tuple[str, int]:
        if self.token.kind != "name":
            self.unexpected("a variable or a number")
        if self.token.text not in self.names:
            self.fail(f"{self.token.text!r} is no free variable of the question", self.token.offset)
        name = self.names[self.token.text]
        self.position += 1
        if not self.take(self.dialect.power):
            return name, 1
        place = self.token.offset
        if self.token.kind != "integer":
            self.unexpected("an exponent")
        exponent = self.integer()
        if not 1 <= exponent <= _MAX_EXPONENT:
            self.fail(f"an exponent outside 1..{_MAX_EXPONENT}", place)
        return name, exponent

    def integer(self) -> int:
        digits = self.token.text.replace("\\\n", "")
        if len(digits) > _MAX_DIGITS:
            self.fail(f"an integer of more than {_MAX_DIGITS} digits", self.token.offset)
        self.position += 1
        return int(digits)


def parse(
    transcript: str, start: int, end: int, dialect: Dialect, names: Mapping[str, str]
) -> Formula:
    """The formula that ``transcript[start:end]`` is, as a whole, in the names ``names`` leads to.

    Raises AnswerError with the line and column in the transcript, also for a variable that is not
    in ``names``.
    """
    return _Parser(transcript, start, end, dialect, names).formula()


def render_polynomial(poly: Polynomial, dialect: Dialect) -> str:
    """The polynomial in the dialect, for example ``27 v3^2 - 18 v1 v2 + 1``."""
    return str(poly).replace("*", dialect.times or " ").replace("^", dialect.power)


def render(formula: Formula, dialect: Dialect, clock: Clock = UNLIMITED) -> str:
    """A quantifier-free formula in the dialect, with brackets around every part of it.

    Raises FormulaError if it has a quantifier, OutOfTime when the clock says so.
    """
    if isinstance(formula, Atom):
        clock.check()
        relation = dialect.spelling(formula.rel)
        return f"{render_polynomial(formula.poly, dialect)} {relation} 0"
    if isinstance(formula, And | Or) and formula.args:
        word = dialect.conjunction if isinstance(formula, And) else dialect.disjunction
        parts = [render(f, dialect, clock) for f in formula.args]
        return f" {word} ".join(f"{dialect.opening}{part}{dialect.closing}" for part in parts)
    if isinstance(formula, Exists | ForAll):
        raise FormulaError("a formula with quantifiers: expected its matrix")
    # A constant; QEPCAD has no word for it in its input.
    value = formula.value if isinstance(formula, Truth) else isinstance(formula, And)
    return f"0 {dialect.spelling(Rel.EQ if value else Rel.NE)} 0"
