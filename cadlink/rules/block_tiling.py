"""Block tiling: dense chains, butterflies, Monarch matrices and their kin are closed.

Merge the *twins* of a trimmed pattern (units of one layer with the same in- and out-neighbours) to
classes; class g has p_g units.  R_g and C_g are the outputs and inputs joined to g by a path.

*Theorem.*  If the quotient has at most one path from each input class to each output class, then

    L_I = { A supported on the boolean product : rank A[R_g, C_g] <= p_g for every class g of every
            hidden layer },

which is closed.

*Proof.*  Rank conditions and zeros are closed conditions.  "Inside": for j in R_g and k in C_g the
only quotient path from k to j is the one through g, so A[R_g, C_g] is a product through p_g units.

"Contains", by induction on L; L = 1 has no hidden layer and is clear.  The blocks R_h x C_h of the
classes h of the first hidden layer tile the support: a path goes through exactly one h, and there
is one path. Let A satisfy the conditions.  As rank A[R_h, C_h] <= p_h, write A[R_h, C_h] = B_h Y_h
with p_h columns in B_h, all in the column space of A[R_h, C_h].  The rows of X_1 for the units of
h may be anything on C_h: take Y_h.  Let B have the columns of B_h, supported on R_h, at the units
of h.  Then A = B X_1, and B is supported on the boolean product of the upper masks.  The upper
chain is trimmed, its hidden layers have the same classes, and it has at most one quotient path per
pair (two from h to j would give two from any input of h).  Its rank conditions hold: let g be a
class of a later layer.  For every h below g, R_g lies in R_h and C_h in C_g, so the columns of
B[R_g, units of h] lie in the column space of A[R_g, C_h], inside that of A[R_g, C_g], of dimension
at most p_g.  By induction B is in the set of the upper chain.

References: butterfly factorisation, Le, Riccietti, Gribonval, "Spurious valleys, NP-hardness, and
tractability of sparse matrix factorization with fixed support", arXiv 2112.00386.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cadlink.patterns.pattern import Mask, Pattern
from cadlink.rules.paths import is_trimmed
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["MAX_PATHS", "apply", "has_one_path_per_cell"]

MAX_PATHS = 25_000_000  # from the inputs to all layers: whoever checks the step counts them too
BLOCK = 4_000_000  # entries of a partial product held at once


def has_one_path_per_cell(layers: tuple[Mask, ...]) -> bool:
    """Whether no input has two paths to one output; every unit must be on a path.

    Partial products are looked at from the outputs down: two paths from a unit to an output give
    two from any input of that unit.  Before a product is made its number of terms is compared with
    the room there is, so the work is bounded by the number of cells.
    """
    outputs = layers[-1].shape[0]
    inputs = [mask.shape[1] for mask in layers]
    paths = np.ones(inputs[0])
    total = 0.0
    for mask in layers:
        paths = mask.astype(np.float64) @ paths  # to every unit of the layer; in doubles, no wrap
        total += paths.sum()
        if paths.sum() > mask.shape[0] * inputs[0] or total > MAX_PATHS:
            return False
    step = max(1, BLOCK // max(inputs))
    for start in range(0, outputs, step):
        product = layers[-1][start : start + step, :].astype(np.int32)
        for mask in reversed(layers[:-1]):
            terms = int(np.diff(mask.indptr)[product.indices].sum(dtype=np.int64))
            if terms > product.shape[0] * mask.shape[1]:
                return False
            product = product @ mask.astype(np.int32)
            if product.nnz and int(product.data.max()) > 1:
                return False
    return True


def apply(problem: Problem) -> Step | None:
    """A closed leaf when the trimmed pattern's quotient has at most one path per cell.

    >>> apply(Pattern.of(["1100/1100/0011/0011", "1010/0101/1010/0101"])).conclusion.value
    'closed'
    >>> apply(Pattern.of(["11/01", "10/11"])) is None
    True
    """
    if not isinstance(problem, Pattern) or not is_trimmed(problem):
        return None
    firsts: list[npt.NDArray[np.int64]] = []
    for labels in problem.twins():
        firsts.append(np.unique(labels, return_index=True)[1])
    quotient = problem.select([np.sort(first) for first in firsts])
    if 0 not in quotient.widths and not has_one_path_per_cell(quotient.layers):
        return None
    return Step("block_tiling", Conclusion.CLOSED)
