"""A tree of case distinctions that shows a point not to be in the set.

The unknowns are the parameters, the equations say that every cell of the product has its value in
the limit.  At a leaf the equations and inequations on the path must be contradictory over the
reals; a case "POLY = 0 or POLY != 0" leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Mapping

from cadlink.certificates.kernel.claims import claim
from cadlink.certificates.kernel.polynomials import (
    Parametrisation,
    Polynomial,
    Sum,
    multiply,
    read_polynomial,
)
from cadlink.certificates.kernel.problems import Cell
from cadlink.certificates.kernel.reader import Number, Reader
from cadlink.certificates.read import shown
from cadlink.errors import CertificateError

__all__ = ["refute"]


def refute(
    tree: object, table: Parametrisation, limit: Mapping[Cell, Number], at: Reader
) -> tuple[str, ...]:
    """Check that no parameters give the limit; the holes this rests on."""
    return _refute(tree, table.equations(limit), [], table.names, at)


def _refute(
    tree: object,
    equations: list[Polynomial],
    inequations: list[Polynomial],
    names: Mapping[str, int],
    at: Reader,
) -> tuple[str, ...]:
    if not isinstance(tree, dict):
        raise CertificateError(at.path, "a refutation tree", shown(tree))
    shape = sorted(tree)
    at.spend(100 * (len(equations) + len(inequations)))
    if shape == ["case", "nonzero", "zero"]:
        case = read_polynomial(tree["case"], names, "a case", at)
        zero = _refute(tree["zero"], [*equations, case], inequations, names, at)
        return zero + _refute(tree["nonzero"], equations, [*inequations, case], names, at)
    if shape == ["propagation"] and tree["propagation"] is True:
        holds = _propagates(equations, inequations, at)
        at.demand(holds, "a contradiction by propagation", "none")
        return ()
    if shape == ["inequations", "multipliers"]:
        _nullstellensatz(tree, equations, inequations, names, at)
        return ()
    if shape == ["claim"]:
        return (claim(tree["claim"], "not_member", at),)
    raise CertificateError(
        at.path, "a refutation: case, propagation, multipliers or claim", shown(tree)
    )


def _nullstellensatz(
    leaf: Mapping[str, object],
    equations: list[Polynomial],
    inequations: list[Polynomial],
    names: Mapping[str, int],
    at: Reader,
) -> None:
    """sum of multiplier * equation = product of inequations: the left is 0 and the right is not."""
    total = Sum(at)
    for pair in at.items(leaf["multipliers"], "multipliers"):
        number, multiplier = at.items(pair, "[equation, multiplier]", 2)
        equation = equations[at.integer(number, "an equation", 0, len(equations))]
        total.add(multiply(read_polynomial(multiplier, names, "a multiplier", at), equation, at))
    product: Polynomial = {(): 1}
    for number in at.items(leaf["inequations"], "inequations"):
        factor = inequations[at.integer(number, "an inequation", 0, len(inequations))]
        product = multiply(product, factor, at)
        at.demand(all(len(m) < 1000 for m in product), "inequations of low degree", "high degree")
    at.demand(
        total.terms == product,
        "multipliers that give the product of the inequations",
        "another sum",
    )


def _propagates(equations: list[Polynomial], inequations: list[Polynomial], at: Reader) -> bool:
    """Whether propagation meets a contradiction.

    Every deduction holds for all real solutions: c * monomial = 0 with all unknowns but one nonzero
    makes that one 0, and cannot hold if all are nonzero (in particular if there are none);
    c * monomial = -d != 0 and c * monomial != 0 make all unknowns nonzero; 0 != 0 cannot hold.
    """
    zero: set[int] = set()
    nonzero: set[int] = set()
    while True:
        known = len(zero) + len(nonzero)
        at.spend(sum(1000 + 300 * len(poly) for poly in (*equations, *inequations)))
        equations = _without(zero, equations)
        for poly in equations:
            if len(poly) == 1:
                (monomial,) = poly
                unknown = set(monomial) - nonzero
                if not unknown:
                    return True
                if len(unknown) == 1:
                    zero |= unknown
            elif len(poly) == 2 and () in poly:
                nonzero.update(*poly)
        inequations = _without(zero, inequations)
        for poly in inequations:
            if not poly:
                return True
            if len(poly) == 1:
                nonzero.update(*poly)
        if zero & nonzero:
            return True
        if len(zero) + len(nonzero) == known:
            return False


def _without(zero: set[int], polynomials: list[Polynomial]) -> list[Polynomial]:
    """The polynomials with these unknowns set to 0."""
    return [{m: c for m, c in poly.items() if zero.isdisjoint(m)} for poly in polynomials]
