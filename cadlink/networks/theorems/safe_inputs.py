"""R6: given inputs on which a network with one hidden layer is easy to decide.

One hidden layer, all biases free; unit i sees the inputs C_i and feeds the outputs R_i; P inputs
x_1, ..., x_P are given.  Units without inputs are constant and dropped.

*(i) Independent points.*  Suppose the points are affinely independent on every C_i: the matrix with
rows (x_p restricted to C_i, 1) has rank P.  Then the set of prediction matrices is closed iff the
products of the two masks with blocks R_i x {1, ..., P - 1} are closed.  *Proof.*  The
pre-activations of unit i on the P points are arbitrary, so its values are an arbitrary vector h_i
>= 0 in R^P.  The output bias makes predictions matter only modulo constant columns, that is in
R^(P-1), and there h_i is arbitrary: add a large constant.  So predictions modulo constants are the
sums of w_i y_i^T, w_i supported on R_i, y_i arbitrary in R^(P-1).  A set that contains the
constants is closed iff its quotient is.

*(ii) Enough units.*  Suppose every unit feeds all outputs, the points are pairwise different on
every C_i, and there are P - 1 units or more.  Then every target is realised: all losses have the
optimum 0. *Proof.*  Choose for every unit a linear form of C_i that separates the points.  The
functions 1 and relu(l_i - tau), all tau, span R^P (take tau at the points, in descending order).
So as long as 1 and the values of the units chosen so far do not span R^P, the next unit has a tau
whose values do not lie in their span.  After P - 1 units they span R^P; solve for the output
weights, which no mask restricts."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat, nmod_mat

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern, row

__all__ = ["block_pattern", "enough_units", "independent", "spanning"]

Points = Sequence[Sequence[Fraction]]
PRIME = (1 << 61) - 1
MAX_RANKS = 20_000_000  # entries of all matrices whose rank is computed


def independent(pattern: Pattern, points: Points, clock: Clock = UNLIMITED) -> bool:
    """Whether (i) applies.

    >>> line = [[Fraction(0)], [Fraction(1)]]
    >>> independent(Pattern.of(["1/1", "11/11"]), line)
    True
    """
    if pattern.depth != 2:
        return False
    below = pattern.layers[0]
    wanted = len(points)
    degrees = np.diff(below.indptr)
    if (degrees[degrees > 0] + 1 < wanted).any():
        return False
    if int((degrees + 1).sum()) * wanted > MAX_RANKS:
        return False
    for unit in np.flatnonzero(degrees).tolist():
        seen = row(below, unit).tolist()
        if _rank([[*(x[k] for k in seen), Fraction(1)] for x in points], clock) < wanted:
            return False
    return True


def _rank(rows: Points, clock: Clock) -> int:
    """The rank modulo a prime, where it can only be smaller; exactly if that cannot be said."""
    size = len(rows), len(rows[0])
    clock.afford(size[0] * size[1] * (2e-6 + 2e-9 * min(size)))
    try:
        residues = [v.numerator * pow(v.denominator, -1, PRIME) % PRIME for x in rows for v in x]
    except ValueError:  # a denominator that the prime divides
        return int(
            fmpq_mat(*size, [fmpq(v.numerator, v.denominator) for x in rows for v in x]).rank()
        )
    return int(nmod_mat(*size, residues, PRIME).rank())


def block_pattern(pattern: Pattern, size: int) -> Pattern | None:
    """The two masks with blocks R_i x {1, ..., size - 1}; None for a single point (closed)."""
    below, above = pattern.layers
    live = np.flatnonzero(np.diff(below.indptr))
    if size < 2 or not live.size:
        return None
    return Pattern.of([np.ones((live.size, size - 1)), above[:, live]])


def enough_units(pattern: Pattern, points: Points, clock: Clock = UNLIMITED) -> bool:
    """Whether (ii) applies.

    >>> line = [[Fraction(t)] for t in range(3)]
    >>> enough_units(Pattern.of(["1/1", "11/11"]), line)
    True
    """
    if pattern.depth != 2:
        return False
    below, above = pattern.layers
    live = np.flatnonzero(np.diff(below.indptr))
    if live.size < len(points) - 1 or above[:, live].nnz < live.size * above.shape[0]:
        return False
    for unit in live.tolist():
        clock.check()
        seen = row(below, unit).tolist()
        if len({tuple(x[k] for k in seen) for x in points}) < len(points):
            return False
    return True


def spanning(points: Points, affine: bool, clock: Clock = UNLIMITED) -> bool:
    """Whether the points span the input space, affinely (with an output bias) or linearly.

    Then a linear network's predictions determine its matrix, continuously.

    >>> spanning([[Fraction(0)], [Fraction(1)]], True)
    True
    """
    rows = [[*x, Fraction(1)] if affine else list(x) for x in points]
    return _rank(rows, clock) == len(rows[0])
