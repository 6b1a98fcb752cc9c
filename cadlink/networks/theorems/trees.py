"""R13: networks that are trees up to the last hidden layer have an optimum for all finite data.

*Theorem.*  Drop the units on no path from an input to an output.  If every unit of all hidden
layers but the last feeds exactly one unit, and every connected component of the graph last hidden
layer - outputs has one unit or one output, then for every finite set of inputs the set of
prediction matrices is closed: every target has a best approximation in the squared loss.

*Proof.*  Fix P inputs.  By induction over the layers, the vectors in R^P that a hidden unit can
produce form a finite union of polyhedral cones.  A unit of the first layer: relu(<a, x> + b) over
all (a, b); fix which inputs are active, and both the parameters and their image are polyhedral
cones.  A later unit: the units it sees feed no other one, so their parameters are its own, and its
pre-activation is a sum of vectors +-h_j, h_j in finite unions of polyhedral cones, and of a
multiple of the vector of ones: again such a union; relu maps each cone of it, cut by the orthants,
to finitely many polyhedral cones.  The units of the last hidden layer depend on disjoint
parameters, so predictions of different components are independent.  A component with one output:
sums of +-h_i and constants, a finite union of polyhedral cones, closed.  A component with one unit:
modulo constants h w^T with h in a closed cone; take |h| = 1 or h = 0, so w stays bounded along a
convergent sequence, and the limit is of this form.

A unit without inputs is constant and is replaced by the biases of what it feeds (if they are free).
The proof does not need any bias, and holds for leaky ReLU and every other piecewise linear function
that is homogeneous on each side of 0.

With one hidden layer this is the safe side of R1, and with one output as well the theorem of Q.-T.
Le, E. Riccietti, R. Gribonval (NeurIPS 2023, arXiv 2306.02666) on one hidden layer and one output.
"""

from __future__ import annotations

from typing import Any

from cadlink.networks.obstacles import masks_are_safe
from cadlink.patterns.pattern import Pattern

__all__ = ["guaranteed"]


def guaranteed(pattern: Pattern, constant_units: bool = False) -> dict[str, Any] | None:
    """The witness that every finite training set has an optimum, or None.

    ``constant_units``: count units that see no input too (some layer has no bias).

    >>> guaranteed(Pattern.of(["1100/0011", "11", "1"]))["theorem"]
    'R13'
    >>> guaranteed(Pattern.of(["11/11", "11/11", "11"])) is None
    True
    """
    if pattern.depth == 2:
        return None  # that is R1
    safe = masks_are_safe(pattern, constant_units)
    return {"theorem": "R13", "claim": "closed"} if safe else None
