"""Steps that exhibit parameters: a zero of full rank, or a curve whose limit is missed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from typing import TypeVar

from flint import fmpz, nmod_mat

from cadlink.certificates.kernel.polynomials import (
    Laurent,
    Parametrisation,
    Sum,
    laurent_product,
    read_laurent,
    read_limit,
)
from cadlink.certificates.kernel.problems import Cell, Chain, Problem
from cadlink.certificates.kernel.reader import FREE, NOT_CLOSED, Found, Number, Reader
from cadlink.certificates.kernel.refutation import refute

__all__ = ["curve", "read_curve", "read_point", "tends_to", "zero_submersion"]

MAX_JACOBIAN = 2 * 10**7

Value = TypeVar("Value")


def zero_submersion(problem: Problem, at: Reader) -> Found:
    """Integer parameters with product exactly 0 on E where the product map has a Jacobian of
    rank |E|: the set is all of R^E.

    Proof.  By the inverse function theorem the image contains a ball about 0; scaling one factor
    shows that it is a cone.  An |E| x |E| minor that is nonzero modulo a prime is nonzero.
    """
    table = Parametrisation.of(problem, at)
    if isinstance(problem, Chain):
        point = _dense_factors(problem, table, at)
    else:
        at.keys(at.data, ("x", "y", "prime"), "data")
        vectors = {letter: at.data[letter] for letter in ("x", "y")}
        point = read_point(problem, vectors, table, at, lambda v: at.whole(v, "an entry"))
    prime = at.integer(at.data["prime"], "prime", 2, 1 << 31)
    at.demand(bool(fmpz(prime).is_prime()), "a prime number", prime)
    parameters = {number: column for column, number in enumerate(table.names.values())}
    size = len(table.cells) * len(parameters)
    at.demand(size <= MAX_JACOBIAN, f"a Jacobian of at most {MAX_JACOBIAN} entries", size)
    at.spend(size * (20 + min(len(table.cells), len(parameters)) // 2))
    jacobian = nmod_mat(len(table.cells), len(parameters), prime)
    for row, (cell, monomials) in enumerate(table.cells.items()):
        at.spend(5000)
        entry, gradient = 0, dict[int, int]()
        for monomial in monomials:  # no variable occurs twice: one for every factor
            values = [point.get(v, 0) for v in monomial]
            bits = sum(value.bit_length() for value in values)
            at.spend(len(values) * (1000 + 200 * len(values)) + bits * (10 + bits // 500))
            entry += prod(values)
            rests = [value % prime for value in values]
            for place, v in enumerate(monomial):
                others = prod(rests[:place]) * prod(rests[place + 1 :]) % prime
                gradient[v] = gradient.get(v, 0) + others
        at.demand(entry == 0, "a product that is 0 everywhere", f"another at {cell}")
        for v, derivative in gradient.items():
            jacobian[row, parameters[v]] = derivative % prime
    rank = jacobian.rank() if table.cells else 0
    at.demand(rank == len(table.cells), f"Jacobian of rank {len(table.cells)}", f"rank {rank}")
    return Found(FREE)


def curve(problem: Problem, at: Reader) -> Found:
    """Factors over Q[t, 1/t] with the right supports, whose product has no negative power of
    t and constant term A, and a refutation of "A is in the set": not closed.

    Proof.  The real matrices at t -> 0 have products in the set that tend to A.
    """
    names = ("factors",) if isinstance(problem, Chain) else ("x", "y")
    at.keys(at.data, (*names, "limit", "refutation"), "data")
    table = Parametrisation.of(problem, at)
    point = read_curve(problem, table, at)
    limit = read_limit(table.cells, at)
    tends_to(point, table, limit, at)
    return Found(NOT_CLOSED, refute(at.data["refutation"], table, limit, at))


def read_curve(problem: Problem, table: Parametrisation, at: Reader) -> dict[int, Laurent]:
    """The Laurent polynomials for the parameters: the field ``factors``, or ``x`` and ``y``."""
    names = ("factors",) if isinstance(problem, Chain) else ("x", "y")
    return read_point(
        problem, {name: at.data[name] for name in names}, table, at, partial(read_laurent, at=at)
    )


def tends_to(
    point: Mapping[int, Laurent], table: Parametrisation, limit: Mapping[Cell, Number], at: Reader
) -> None:
    """Demand that the product has no negative power of t and the limit for constant term."""
    for cell, monomials in table.cells.items():
        at.spend(10_000 + 5000 * len(monomials))
        entry = Sum(at)
        entry.add({0: -limit.get(cell, 0)})
        for monomial in monomials:
            entry.add(laurent_product([point.get(v, {}) for v in monomial], at))
        wrong = sorted(e for e in entry.terms if e <= 0)
        off = f"a difference of order {wrong[:1]}"
        at.demand(not wrong, f"the product tends to the limit at {cell}", off)


def _int(value: object) -> object:
    """The value if it is an integer; booleans must not pass as 0 and 1."""
    return value if type(value) is int else "?"


def _put(
    point: dict[int, Value], table: Parametrisation, name: str, value: Value, at: Reader
) -> None:
    at.demand(name in table.names, "entries on the support", name)
    at.demand(table.names[name] not in point, "every entry once", name)
    point[table.names[name]] = value


def read_point(
    problem: Problem,
    given: object,
    table: Parametrisation,
    at: Reader,
    read: Callable[[object], Value],
) -> dict[int, Value]:
    """Values of some parameters, by number: {"factors": for every factor a list of [row, column,
    value]} of a chain; {"x": for every neuron a list of [row, value], "y": with columns} of a
    group."""
    point: dict[int, Value] = {}
    if isinstance(problem, Chain):
        factors = at.keys(given, ("factors",), "parameters")["factors"]
        for number, entries in enumerate(at.items(factors, "factors", problem.depth), start=1):
            for entry in at.items(entries, "a factor"):
                i, j, value = at.items(entry, "[row, column, value]", 3)
                _put(point, table, f"x_{number}_{_int(i)}_{_int(j)}", read(value), at)
        return point
    vectors = at.keys(given, ("x", "y"), "parameters")
    for letter in ("x", "y"):
        listed = at.items(vectors[letter], letter, len(problem.neurons))
        for i, vector in enumerate(listed):
            for entry in at.items(vector, f"a vector of {letter}"):
                line, value = at.items(entry, "[row or column, value]", 2)
                _put(point, table, f"{letter}_{i}_{_int(line)}", read(value), at)
    return point


def _dense_factors(chain: Chain, table: Parametrisation, at: Reader) -> dict[int, int]:
    """The field ``factors`` of a zero submersion: full integer matrices, 0 off the support."""
    at.keys(at.data, ("factors", "prime"), "data")
    point: dict[int, int] = {}
    factors = at.items(at.data["factors"], "factors", chain.depth)
    for number, (factor, mask) in enumerate(zip(factors, chain.masks, strict=True), start=1):
        for i, row in enumerate(at.items(factor, f"factor {number}", mask.rows)):
            for j, value in enumerate(at.items(row, "a row", mask.cols)):
                if at.whole(value, "an entry"):
                    _put(point, table, f"x_{number}_{i}_{j}", value, at)
    return point
