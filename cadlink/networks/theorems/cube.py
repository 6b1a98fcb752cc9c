"""R8: one hidden layer, closed on a cube in the uniform norm (question d).

f(x) = sum_i w_i relu(<a_i, x> + b_i) + c on the cube [-B, B]^d, unit i with outputs R_i and inputs
C_i; all biases free.  Call units i and j *compatible* if R_i and R_j are disjoint, or C_i and C_j
are, or they are anti-nested (R_i inside R_j and C_i contains C_j, or the other way round), or R_i =
R_j is one output.

**R8.**  If every two units are compatible, the set of functions is closed.  *Proof.*  Let f_n
converge uniformly to f; f_n has units l_i^n(x) = <a_i, x> + b_i, which we scale so that |(a_i,
b_i)| = 1 (a unit that vanishes on the cube is dropped), and weights w_i^n.  Pass to a subsequence
along which all (a_i, b_i) converge.  Let T be the units whose limit has a hyperplane meeting the
open cube, S those that are positive on it in the limit; the others vanish in the limit on the open
cube, and on compact subsets for large n.  On compact subsets of the open cube, which determine f,
units of S are affine for large n.  Group T by the limit hyperplane H = {l = 0}, orient l, write
units of the opposite orientation (T-) as relu(z) = z + relu(-z).  So, up to constants,

    f_n = sum_H sum_{i in T(H)} w_i relu(m_i) + sum_{i in S} w_i l_i - sum_{i in T-} w_i m_i,   m_i
-> l_H.

Off the hyperplanes H every m_i has a fixed sign for large n.  Comparing the affine pieces of f on
the two sides of H near a point of no other H: sum_{T(H)} w_i m_i converges to an affine map that
vanishes on H (f is continuous), so to v_H l_H.  Hence the remaining sum, over S and T-, converges
too.  v_H is supported on the union of the R_i, and l_H is supported on the C_i of all i in T(H),
being a limit of each m_i.

Units in one T(H) share an input, so by compatibility their outputs are nested or disjoint.  Choose
representatives: the maximal R_i, one unit for each set.  Their sets are disjoint, and for each
representative r, restricted to the rows R_r,  w_r m_r = v_H l_H - sum of w_i m_i over the other
units i inside R_r, up to o(1).  Substitute this where r is in T-: the affine part converges, is up
to constants and bounded multiples v_H|R_r l_H a combination sum w_i' l_i over S and the units of T
that are no representatives, and these units are pairwise compatible.  The set of their matrices
sum_i w_i a_i^T is closed, because every two blocks R_i x C_i are disjoint, anti-nested or the same
single row (``cadlink.rules.good_pairs``); so the limit is realised by the same units, made
active on the cube by large biases.  The representative r realises v_H|R_r relu(l_H), in the
orientation it had.  So f is realised.

**d = 1.**  With a single input the set is always closed.  *Proof.*  Now all m_i = t - tau_i with
limit t - tau, and affine parts are multiples of t and constants.  Keep for every unit its limit
kink and orientation, or that it is affine with slope 1.  Output by output, the jumps of slope v_H
and the slope of the affine part are linear functions of the weights with fixed coefficients 0, 1,
-1, so the limit, being a limit of values of a linear map of finite rank, is a value.

**Special cases.**  Every unit feeds all outputs, and there is one output or the C_i are pairwise
nested or disjoint; every unit sees all inputs, and the R_i are pairwise nested or disjoint.

That these functions are closed does not by itself give a best approximation of every function.
Outside these cases a set of matrices that is closed is no proof: with blocks {1,2} x {1,2} twice
and {2} x {2} the matrices are closed, and (x_2, x_1 + relu(x_1 + x_2)) is missed."""

from __future__ import annotations

from typing import Any

import numpy as np

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import on_paths

__all__ = ["closed"]

MAX_UNITS = 4_000


def closed(pattern: Pattern, clock: Clock = UNLIMITED) -> dict[str, Any] | None:
    """The witness that the functions on a cube form a closed set, or None.

    >>> closed(Pattern.of(["11/11", "11/11"]))["theorem"]
    'R8'
    >>> closed(Pattern.of(["11/11/01", "110/111"])) is None
    True
    """
    if pattern.depth != 2:
        return None
    units = on_paths(pattern)
    if units[1].size:
        part = pattern.select(units)
        one_input = part.widths[0] == 1
        if not one_input and (part.widths[1] > MAX_UNITS or not _compatible(part, clock)):
            return None
    return {"theorem": "R8", "claim": "cube_closed"}


def _compatible(part: Pattern, clock: Clock) -> bool:
    """Whether every two units are, by counting common inputs and outputs."""
    terms = sum(
        int((np.bincount(mask.indices).astype(np.int64) ** 2).sum())
        for mask in (part.layers[0], part.layers[1].T.tocsr())
    )
    clock.afford(1e-8 * (terms + 20 * part.widths[1] ** 2))
    below = part.layers[0].astype(np.int64)
    above = part.layers[1].T.tocsr().astype(np.int64)
    common_in, common_out = (below @ below.T).toarray(), (above @ above.T).toarray()
    fan_in, fan_out = np.diag(common_in), np.diag(common_out)
    outputs_inside = common_out == fan_out[:, None]  # [i, j]: R_i inside R_j
    inputs_around = common_in == fan_in[None, :]  # [i, j]: C_i contains C_j
    one_output = outputs_inside & outputs_inside.T & (fan_out[:, None] == 1)
    nested = outputs_inside & inputs_around
    good = (common_in == 0) | (common_out == 0) | nested | nested.T | one_output
    return bool(good.all())
