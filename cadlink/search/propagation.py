"""Contradictions by propagation of zero and nonzero unknowns, as ``SCHEMA.md`` defines it.

To a fixpoint: (1) an equation c * monomial with exactly one unknown not known to be nonzero sets it
to 0 everywhere; all known nonzero: contradiction; (2) a nonzero constant equation is a
contradiction;
(3) an equation c * monomial + d, c and d nonzero numbers, makes every unknown of the monomial
nonzero;
(4) an inequation c * monomial makes its unknowns nonzero; an inequation that became 0 is a
contradiction.

The finder's own copy: the kernel does not trust this one.
"""

from __future__ import annotations

from collections.abc import Sequence

import flint

__all__ = ["contradictory"]


def contradictory(
    equations: Sequence[flint.fmpz_mpoly], inequations: Sequence[flint.fmpz_mpoly]
) -> bool:
    """Whether propagation finds that no point satisfies all equations and inequations.

    >>> context = flint.fmpz_mpoly_ctx.get(["x", "y"], "lex")
    >>> x, y = context.gens()
    >>> contradictory([x * y], [x, y]), contradictory([x * y], [x])
    (True, False)
    """
    zero: set[int] = set()
    nonzero: set[int] = set()
    # Only the supports of the monomials matter: distinct monomials stay distinct.
    equal = [_supports(poly) for poly in equations]
    unequal = [_supports(poly) for poly in inequations]
    while True:
        before = (len(zero), len(nonzero))
        for terms in equal:
            terms[:] = [term for term in terms if not term & zero]
            if len(terms) == 1:
                open_ = terms[0] - nonzero
                if not open_:
                    return True
                if len(open_) == 1:
                    zero |= open_
            elif len(terms) == 2 and (not terms[0] or not terms[1]):
                nonzero |= terms[0] | terms[1]
        for terms in unequal:
            terms[:] = [term for term in terms if not term & zero]
            if not terms:
                return True
            if len(terms) == 1:
                nonzero |= terms[0]
        if before == (len(zero), len(nonzero)):
            return False


def _supports(poly: flint.fmpz_mpoly) -> list[frozenset[int]]:
    return [frozenset(v for v, e in enumerate(m) if e) for m in poly.monoms()]
