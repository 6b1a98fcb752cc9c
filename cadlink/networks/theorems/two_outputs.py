"""R19: three last hidden units that see the same units and feed two outputs, whatever is below.

*Theorem.*  Let there be two hidden layers or more, with free biases in the last.  Let p, q be two
outputs and U the last hidden units that feed one of them; let |U| >= 3, let all of U see the same
set B of units, one of which is on a path from an input, let a in U feed both p and q, and b in U,
b != a, feed p.  Then some finite training set on a line has infimum 0, not attained.

*Kinks.*  Consider all parameters of the lower layers and all lines on which h, the vector of values
of B, is not constant.  Let k(h) be the number of kinks of h on the line, and c(h) the most zeros
inside affine pieces, with a change of sign, of a function z in span(1, h).  A unit of U is relu of
such a z, so it bends at kinks of h and at c(h) points besides: the pair (f_p, f_q) has at
most k(h) + |U| c(h) kinks, and on every line at most K, the maximum of these numbers (finite:
activation patterns; and if h is constant there are none).

*Approached.*  Take h and a line with the maximum.  c(h) >= 1, as h is not constant and U has
biases.  The z with c(h) such zeros form an open set; take one that bends at every kink of h and is
not 0 there.  As eps -> 0 let a = relu(z + eps), b = relu(z - eps), with output weights
e_p / eps + e_q and -e_p / eps, and the other units relu(+-(z + eta_u)) with small distinct eta_u,
at least one with - , and generic weights on an output that they feed.  The limit is F = (2, 1, 0
where z >, =, < 0) e_p + relu(z) e_q + sum_u w_u relu(+-(z + eta_u)).  Where h bends, F bends: on
z > 0 and on z < 0 some units are active, with generic weights.  F also bends at the (|U| - 2) c(h)
zeros of the others, all distinct.

*Data.*  Three points around each of these kinks, in disjoint intervals: the change of slope at the
middle one is not 0.  Around each zero of z five equidistant points x_0, ..., x_4 with x_2 on
the zero: as all else is affine there, the changes of slope of F at x_1, x_2, x_3 are parallel to
e_p, not parallel to e_p, parallel to e_p, as in R1.  *Missed.*  The intervals of the former kinks,
(x_0, x_2) and (x_2, x_4) are disjoint, K in number, and hold a kink each; so each holds exactly
one, and there are no others.  Those in (x_0, x_2) and (x_2, x_4) bend the outputs p, q along e_p,
and no others bear on the change of slope at x_2.  Contradiction.

The lower masks and biases are arbitrary; which h has the maximum need not be known, so the data
are not written out.
"""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np

from cadlink.networks.theorems.theorem import Case
from cadlink.patterns.pattern import row
from cadlink.rules.paths import on_paths

__all__ = ["existence"]

MOST_OUTPUTS = 30  # of which pairs are tried


def existence(case: Case) -> dict[str, Any] | None:
    """The witness without data, or None when the theorem does not apply.

    >>> from cadlink import Pattern
    >>> masks = Pattern.of(["1/1", "11", "1/1/1", "111/111"])
    >>> existence(Case.of(masks, (False, False, True, False)))
    {'theorem': 'R19', 'claim': 'some_targets', 'outputs': [0, 1], 'units': [0, 1]}
    """
    pattern = case.pattern
    if pattern.depth < 3 or not case.biases[-2]:
        return None
    live = on_paths(pattern)
    below, above = pattern.layers[-2], pattern.layers[-1]
    feeding = {j: set(row(above, j).tolist()) for j in live[-1][:MOST_OUTPUTS].tolist()}
    moving = np.zeros(pattern.widths[-3], dtype=bool)
    moving[live[-3]] = True
    for p, q in permutations(feeding, 2):
        case.clock.check()
        units = feeding[p] | feeding[q]
        both = feeding[p] & feeding[q]
        if len(units) < 3 or not both or len(feeding[p]) < 2:
            continue
        seen = below[sorted(units), :].toarray()
        if (seen == seen[0]).all() and (seen[0] & moving).any():
            a = min(both)
            b = min(feeding[p] - {a})
            return {
                "theorem": "R19",
                "claim": "some_targets",
                "outputs": [p, q],
                "units": [a, b],
            }
    return None
