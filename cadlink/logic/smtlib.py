"""Formulas as SMT-LIB 2 scripts of real arithmetic, read and written.

Read: ``declare-const``, ``declare-fun`` without arguments, ``assert``, ``exists``, ``forall``,
``let``, ``and``, ``or``, ``not``, ``xor``, ``=>``, ``ite``, ``=``, ``distinct``, ``< <= > >=``,
``+ - * /``, integers and decimals (which are exact); ``set-logic``, ``set-option``, ``set-info``,
``check-sat``, ``get-model`` and ``exit`` are passed over.  Every sort is ``Real`` or ``Bool``.  A
script stands for the conjunction of its assertions, with the declared constants free.

Reference: C. Barrett, P. Fontaine, C. Tinelli, The SMT-LIB standard: version 2.6 (2017).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import NoReturn, TypeAlias

from cadlink.clock import UNLIMITED, Clock
from cadlink.errors import FormulaError
from cadlink.logic.formula import (
    FALSE,
    TRUE,
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
    free_variables,
    implies,
    negate,
)
from cadlink.logic.polynomial import Polynomial
from cadlink.logic.terms import Term, compare
from cadlink.logic.tokens import place

__all__ = ["Node", "expression", "from_smtlib", "read_nodes", "to_smtlib"]

MAX_DEPTH = 200

_TOKEN = re.compile(
    r"(?P<space>\s+|;[^\n]*)|(?P<mark>[()])|(?P<word>[A-Za-z0-9_.!+\-*/<>=^:|%&$@?~]+)"
    r'|(?P<string>"[^"]*")',
    re.ASCII,
)
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?", re.ASCII)
_PASSED_OVER = {"set-logic", "set-option", "set-info", "check-sat", "get-model", "exit"}
_RELATIONS = {"=": Rel.EQ, "<": Rel.LT, "<=": Rel.LE, ">": Rel.GT, ">=": Rel.GE}

Fail: TypeAlias = Callable[[str, str, int], NoReturn]


@dataclass(frozen=True)
class Node:
    """A word, or a pair of parentheses with its ``parts``; ``offset`` is its place in the text."""

    word: str
    parts: tuple[Node, ...]
    offset: int


def read_nodes(
    text: str, start: int, depth: int, fail: Fail, pattern: re.Pattern[str] = _TOKEN
) -> list[Node]:
    """The words and parenthesised expressions of ``text[start:]``; ``fail`` raises the errors."""
    stack: list[tuple[int, list[Node]]] = [(start, [])]
    offset = start
    while offset < len(text):
        match = pattern.match(text, offset)
        if match is None:
            fail(f"unexpected character {text[offset]!r}", text, offset)
        if match.group() == "(":
            stack.append((offset, []))
            if len(stack) > depth:
                fail(f"more than {depth} nested parentheses", text, offset)
        elif match.group() == ")":
            if len(stack) == 1:
                fail("a ')' too many", text, offset)
            opened, parts = stack.pop()
            stack[-1][1].append(Node("", tuple(parts), opened))
        elif match.lastgroup != "space":
            stack[-1][1].append(Node(match.group(), (), offset))
        offset = match.end()
    if len(stack) > 1:
        fail("it breaks off", text, len(text))
    return stack[0][1]


# ----------------------------------------------------------------------------- writing


def to_smtlib(f: Formula) -> str:
    """A script that declares the free variables and asserts f.

    >>> print(to_smtlib(Atom(Polynomial.variable("x") ** 2 - 2, Rel.NE)), end="")
    (set-logic QF_NRA)
    (declare-const x Real)
    (assert (not (= (+ (* x x) (- 2)) 0)))
    (check-sat)
    """
    written = expression(f)
    logic = "NRA" if "(exists (" in written or "(forall (" in written else "QF_NRA"
    declared = [f"(declare-const {name} Real)" for name in free_variables(f)]
    return "\n".join([f"(set-logic {logic})", *declared, f"(assert {written})", "(check-sat)", ""])


def expression(f: Formula, clock: Clock = UNLIMITED) -> str:
    """The formula as an SMT-LIB term; OutOfTime when the clock says so."""
    if isinstance(f, Truth):
        return "true" if f.value else "false"
    if isinstance(f, Atom):
        clock.check()
        if f.rel is Rel.NE:
            return f"(not (= {_polynomial(f.poly)} 0))"
        return f"({f.rel.value} {_polynomial(f.poly)} 0)"
    if isinstance(f, And | Or):
        word = "and" if isinstance(f, And) else "or"
        parts = " ".join(expression(part, clock) for part in f.args)
        return f"({word} {parts})" if parts else expression(Truth(word == "and"), clock)
    word = "exists" if isinstance(f, Exists) else "forall"
    bound = " ".join(f"({name} Real)" for name in f.names)
    return f"({word} ({bound}) {expression(f.body, clock)})"


def _polynomial(poly: Polynomial) -> str:
    terms = []
    for monomial, coefficient in poly.terms:
        factors = [name for name, exponent in monomial for _ in range(exponent)]
        if coefficient != 1 or not factors:
            number = str(abs(coefficient))
            factors.insert(0, number if coefficient > 0 else f"(- {number})")
        terms.append(factors[0] if len(factors) == 1 else f"(* {' '.join(factors)})")
    if len(terms) < 2:
        return terms[0] if terms else "0"
    return f"(+ {' '.join(terms)})"


# ----------------------------------------------------------------------------- reading


def from_smtlib(text: str) -> Formula:
    """The conjunction of the assertions of a script.  FormulaError names line and column.

    >>> from cadlink.logic.notation import to_text
    >>> script = "(declare-const a Real) (assert (exists ((x Real)) (= (* x x) (/ a 2.5))))"
    >>> to_text(from_smtlib(script))
    'exists x: -2*a + 5*x^2 = 0'
    """
    constants: dict[str, Term | Formula] = {}
    asserted: list[Formula] = []
    reader = _Reader(text)
    for command in read_nodes(text, 0, MAX_DEPTH, _fail):
        match [part.word for part in command.parts]:
            case ["declare-const", name, "Real"] if name:
                constants[name] = reader.variable(command.parts[1])
            case ["declare-fun", name, "", "Real"] if name and not command.parts[2].parts:
                constants[name] = reader.variable(command.parts[1])
            case ["declare-const" | "declare-fun", *_]:
                reader.fail("expected a constant of sort Real", command)
            case ["assert", _]:
                asserted.append(reader.formula(command.parts[1], constants))
            case [word, *_] if word in _PASSED_OVER:
                continue
            case _:
                reader.fail("expected declare-const, declare-fun or assert", command)
    if not asserted:
        raise FormulaError("an SMT-LIB script without an assert: expected at least one")
    return conj(*asserted)


def _fail(message: str, text: str, offset: int) -> NoReturn:
    line, column = place(text, offset)
    raise FormulaError(f"line {line}, column {column}: {message}")


Names: TypeAlias = Mapping[str, "Term | Formula"]


@dataclass(frozen=True)
class _Reader:
    text: str

    def fail(self, message: str, node: Node) -> NoReturn:
        _fail(message, self.text, node.offset)

    def variable(self, node: Node) -> Term:
        try:
            return Term.variable(node.word)
        except FormulaError as error:
            self.fail(str(error), node)

    def formula(self, node: Node, names: Names) -> Formula:
        found = self.value(node, names)
        if isinstance(found, Term):
            self.fail("expected a formula, found a term", node)
        return found

    def term(self, node: Node, names: Names) -> Term:
        found = self.value(node, names)
        if not isinstance(found, Term):
            self.fail("expected a term, found a formula", node)
        return found

    def value(self, node: Node, names: Names) -> Term | Formula:
        """A term or a formula, whichever the node is."""
        if not node.parts:
            return self.word(node, names)
        head, *rest = node.parts
        if head.word in ("exists", "forall", "let"):
            return self.binder(node, names)
        if head.word in ("and", "or", "not", "xor", "=>", "distinct", "ite", *_RELATIONS):
            return self.connective(node, head.word, rest, names)
        if head.word not in ("+", "-", "*", "/") or not rest:
            self.fail(f"{head.word[:40]!r}: expected an operation of real arithmetic", head)
        terms = [self.term(part, names) for part in rest]
        if head.word == "+":
            return Term.sum(terms)
        if head.word == "-":
            return -terms[0] if len(terms) == 1 else Term.sum([terms[0], *(-t for t in terms[1:])])
        found = terms[0]
        try:
            for factor in terms[1:]:
                found = found * factor if head.word == "*" else found / factor
        except FormulaError as error:
            self.fail(str(error), node)
        return found

    def word(self, node: Node, names: Names) -> Term | Formula:
        if node.word in names:
            return names[node.word]
        if node.word in ("true", "false"):
            return TRUE if node.word == "true" else FALSE
        if _NUMBER.fullmatch(node.word):
            try:
                return Term.number(node.word)
            except FormulaError as error:
                self.fail(str(error), node)
        self.fail(f"{node.word[:40]!r} is not declared", node)

    def binder(self, node: Node, names: Names) -> Term | Formula:
        if len(node.parts) != 3 or not node.parts[1].parts:
            self.fail("expected a list of variables and a body", node)
        kind, bindings, body = node.parts
        inside = dict(names)
        bound: list[str] = []
        for binding in bindings.parts:
            if len(binding.parts) != 2 or not binding.parts[0].word:
                self.fail("expected a pair of a name and a sort or value", binding)
            name, other = binding.parts
            if name.word in bound:
                self.fail(f"{name.word[:40]} is bound twice", name)
            bound.append(name.word)
            if kind.word == "let":
                inside[name.word] = self.value(other, names)
            elif other.word != "Real":
                self.fail(f"sort {other.word[:40]!r}: expected Real", other)
            else:
                inside[name.word] = self.variable(name)
        if kind.word == "let":
            return self.value(body, inside)
        return (Exists if kind.word == "exists" else ForAll)(
            tuple(bound), self.formula(body, inside)
        )

    def connective(self, node: Node, word: str, rest: list[Node], names: Names) -> Term | Formula:
        if word in _RELATIONS or word == "distinct":
            return self.relation(node, word, rest, names)
        parts = [self.formula(part, names) for part in rest]
        if word == "and":
            return And(tuple(parts))
        if word == "or":
            return Or(tuple(parts))
        if word == "not" and len(parts) == 1:
            return negate(parts[0])
        if word == "ite" and len(parts) == 3:
            return disj(conj(parts[0], parts[1]), conj(negate(parts[0]), parts[2]))
        if word in ("xor", "=>") and len(parts) >= 2:
            if word == "xor":
                found = parts[0]
                for part in parts[1:]:
                    found = disj(conj(found, negate(part)), conj(negate(found), part))
                return found
            found = parts[-1]
            for part in reversed(parts[:-1]):
                found = implies(part, found)
            return found
        self.fail(f"the wrong number of arguments of {word}", node)

    def relation(self, node: Node, word: str, rest: list[Node], names: Names) -> Formula:
        values = [self.value(part, names) for part in rest]
        if len(values) < 2:
            self.fail(f"the wrong number of arguments of {word}", node)
        terms = [value for value in values if isinstance(value, Term)]
        if len(terms) == len(values):
            if word == "distinct":
                return conj(*(compare(a, Rel.NE, b) for a, b in combinations(terms, 2)))
            return conj(*(compare(a, _RELATIONS[word], b) for a, b in pairwise(terms)))
        formulas = [value for value in values if not isinstance(value, Term)]
        if len(formulas) == len(values) and word == "=":
            return disj(conj(*formulas), conj(*map(negate, formulas)))
        self.fail(f"{word} between terms and formulas", node)
