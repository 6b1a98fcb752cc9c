"""Reading formulas from text; the inverse of ``notation.to_text``.

    formula      = implication { ("iff" | "<=>") implication }
    implication  = disjunction [ ("implies" | "=>") implication ]
    disjunction  = conjunction { "or" conjunction }
    conjunction  = unit { "and" unit }
    unit         = "not" unit | "true" | "false" | "(" formula ")" | comparison
                 | ("exists" | "forall" | "for all") names (":" | ".") formula
    names        = name { [","] name }
    comparison   = term relation term { relation term }
    relation     = "=" | "==" | "!=" | "<>" | "<" | "<=" | ">" | ">="
    term         = ["-"] product { ("+" | "-") product }
    product      = power { ("*" | "/") power }
    power        = base [ ("^" | "**") integer ]
    base         = integer | name | "(" term ")" | "-" power

A name is a letter followed by letters, digits or underscores.  A quantifier reaches as far to the
right as it can.  Numbers are exact: 5/2, not 2.5; nothing is divided by a variable.
"""

from __future__ import annotations

import re
from typing import NoReturn

from cadlink.errors import FormulaError
from cadlink.logic.formula import (
    FALSE,
    TRUE,
    And,
    Exists,
    ForAll,
    Formula,
    Or,
    Rel,
    conj,
    disj,
    implies,
    negate,
)
from cadlink.logic.polynomial import check_name
from cadlink.logic.terms import Term, compare
from cadlink.logic.tokens import Tokens, place

__all__ = ["MAX_DEPTH", "from_text"]

MAX_DEPTH = 100  # of brackets, quantifiers and implications inside each other

_PATTERN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<name>[A-Za-z][A-Za-z0-9_]*)"
    r"|(?P<decimal>[0-9]*\.[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+[eE][+-]?[0-9]+)"
    r"|(?P<integer>[0-9]+)"
    r"|(?P<symbol><=>|<=|>=|<>|!=|==|=>|\*\*|[-+*/^()=<>,.:])",
    re.ASCII,
)
_RELATIONS = {
    "=": Rel.EQ,
    "==": Rel.EQ,
    "!=": Rel.NE,
    "<>": Rel.NE,
    "<": Rel.LT,
    "<=": Rel.LE,
    ">": Rel.GT,
    ">=": Rel.GE,
}
_WORDS = {"and", "or", "not", "implies", "iff", "true", "false", "exists", "forall"}
_TIGHTEST = 4
_LEVELS = {"iff": 1, "<=>": 1, "implies": 2, "=>": 2, "or": 3, "and": _TIGHTEST}


def from_text(text: str) -> Formula:
    """The formula that a text is.  FormulaError says what is wrong, with line and column.

    >>> from cadlink.logic.notation import to_text
    >>> to_text(from_text("exists x. a*x^2 + b*x = 1/2 and not (0 < x <= 1)"))
    'exists x: (2*a*x^2 + 2*b*x - 1 = 0 and (-x >= 0 or x - 1 > 0))'
    >>> from_text("exists x: x^2 = y +")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    cadlink.errors.FormulaError: line 1, column 20: expected a number, a variable or '(', found ...
    """
    return _Reader(text).whole()


class _Reader(Tokens):
    def __init__(self, text: str) -> None:
        super().__init__(text, 0, len(text), _PATTERN)
        self.depth = 0
        self.logical = self._logical_brackets()

    def fail(self, message: str, offset: int) -> NoReturn:
        line, column = place(self.text, offset)
        raise FormulaError(f"line {line}, column {column}: {message}")

    def _logical_brackets(self) -> set[int]:
        """The offsets of those "(" that hold a formula and not a term."""
        found: set[int] = set()
        waiting: list[int] = []
        for token in self.tokens:
            if token.text == "(":
                waiting.append(token.offset)
            elif token.text == ")" and waiting:
                inner = waiting.pop()
                if inner in found and waiting:
                    found.add(waiting[-1])
            elif waiting and (token.text in _RELATIONS or token.text in _WORDS):
                found.add(waiting[-1])
        # What is never closed is an error anyway, and best said from inside.
        for inner, outer in zip(waiting[::-1], waiting[-2::-1], strict=False):
            if inner in found:
                found.add(outer)
        return found

    # -- formulas --------------------------------------------------------------------------

    def whole(self) -> Formula:
        if self.token.kind == "end":
            self.fail("an empty text: expected a formula", self.token.offset)
        found = self.formula(1)
        if self.token.kind != "end":
            self.unexpected("'and', 'or', a relation or the end")
        return found

    def formula(self, level: int) -> Formula:
        """A formula whose connectives bind at least as tightly as this level."""
        found = self.unit()
        while True:
            word = self.token.text
            here = _LEVELS.get(word, 0)
            if here < level:
                return found
            parts = [found]
            if here == 2:
                self.position += 1
                found = implies(found, self.nested(here))  # to the right
                continue
            while self.token.text == word:
                self.position += 1
                parts.append(self.formula(here + 1) if here < _TIGHTEST else self.unit())
            if word == "and":
                found = And(tuple(parts))
            elif word == "or":
                found = Or(tuple(parts))
            else:
                found = _equivalent(parts)

    def nested(self, level: int) -> Formula:
        """A formula one step further inside."""
        self.deeper()
        found = self.formula(level)
        self.depth -= 1
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"nested deeper than {MAX_DEPTH} levels", self.token.offset)

    def unit(self) -> Formula:
        negated = False
        while self.take("not"):
            negated = not negated
        found = self.positive()
        return negate(found) if negated else found

    def positive(self) -> Formula:
        start = self.token
        if self.take("true"):
            return TRUE
        if self.take("false"):
            return FALSE
        if start.text in ("exists", "forall", "for"):
            return self.quantified()
        if start.text == "(" and start.offset in self.logical:
            self.position += 1
            inside = self.nested(1)
            if not self.take(")"):
                self.unexpected("')'")
            return inside
        return self.comparison()

    def quantified(self) -> Formula:
        kind = Exists if self.token.text == "exists" else ForAll
        if self.take("for"):
            if self.token.text != "all":
                self.unexpected("'all' after 'for'")
            self.position += 1
        else:
            self.position += 1
        first = self.token.offset
        names = [self.variable()]
        while self.take(",") or self.token.kind == "name":
            names.append(self.variable())
        if not self.take(":") and not self.take("."):
            self.unexpected("',', ':' or '.' after the variables of a quantifier")
        if len(set(names)) < len(names):
            self.fail("a variable twice in one quantifier", first)
        return kind(tuple(names), self.nested(1))

    def variable(self) -> str:
        token = self.token
        if token.kind != "name" or token.text in _WORDS:
            self.unexpected("a variable")
        self.position += 1
        try:
            return check_name(token.text)
        except FormulaError as error:
            self.fail(str(error), token.offset)

    # -- terms -----------------------------------------------------------------------------

    def comparison(self) -> Formula:
        left, atoms = self.term(), []
        while self.token.text in _RELATIONS:
            rel = _RELATIONS[self.token.text]
            self.position += 1
            right = self.term()
            atoms.append(compare(left, rel, right))
            left = right
        if not atoms:
            product = self.token.kind == "name" and self.token.text not in _WORDS
            self.unexpected("a relation", "; a product is written with '*'" if product else "")
        return atoms[0] if len(atoms) == 1 else And(tuple(atoms))

    def term(self) -> Term:
        parts = [self.product()]
        while self.token.text in ("+", "-"):
            negative = self.token.text == "-"
            self.position += 1
            part = self.product()
            parts.append(-part if negative else part)
        return parts[0] if len(parts) == 1 else Term.sum(parts)

    def product(self) -> Term:
        negative = False
        while self.take("-"):
            negative = not negative
        found = self.power()
        while self.token.text in ("*", "/"):
            sign = self.token
            self.position += 1
            factor = self.power()
            try:
                found = found * factor if sign.text == "*" else found / factor
            except FormulaError as error:
                self.fail(str(error), sign.offset)
        return -found if negative else found

    def power(self) -> Term:
        base = self.base()
        if self.token.text in ("^", "**"):
            sign = self.token
            self.position += 1
            if self.token.kind != "integer":
                self.unexpected("an exponent such as 2")
            try:
                base = base ** int(self.token.text[:9])
            except FormulaError as error:
                self.fail(str(error), sign.offset)
            self.position += 1
        return base

    def base(self) -> Term:
        token = self.token
        if token.kind == "integer":
            self.position += 1
            try:
                return Term.number(token.text)
            except FormulaError as error:
                self.fail(str(error), token.offset)
        if token.kind == "decimal":
            self.fail(f"expected an exact number such as 5/2, found {token.text:.40}", token.offset)
        if token.kind == "name" and token.text not in _WORDS:
            name = self.variable()
            if self.token.text == "(":
                self.fail(
                    f"{name:.40}(...): expected polynomials, which have no functions", token.offset
                )
            return Term.variable(name)
        if self.take("-"):
            self.deeper()
            inside = -self.power()
            self.depth -= 1
            return inside
        if not self.take("("):
            self.unexpected("a number, a variable or '('")
        self.deeper()
        inside = self.term()
        self.depth -= 1
        if not self.take(")"):
            self.unexpected("')'")
        return inside


def _equivalent(parts: list[Formula]) -> Formula:
    """``a iff b iff c``: each neighbouring pair alike, read from the left."""
    found = parts[0]
    for part in parts[1:]:
        found = disj(conj(found, part), conj(negate(found), negate(part)))
    return found
