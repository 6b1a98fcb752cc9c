"""R22: networks with a smooth activation, for question (a).  Existence: no data are written out.

**Bounded activations.**  *Theorem.*  Let the activation be tanh, or the logistic sigmoid with a
free bias in the last layer, and let there be a hidden layer and a path from an input to an output.
Then some finite training set on a line has infimum 0, not attained.  *Data.*  Inputs t = 1, ..., M
in the input of the path, 0 in the others; target t in the output of the path, 0 in the others.
*Approached.*  Weights 1/n, 1, ..., 1, n on the path, all others 0.  tanh x = x + O(x^3), so the
prediction n tanh(... tanh(t / n)) tends to t.  The sigmoid has a positive derivative, so the last
hidden unit is s + s' t / n + O(1 / n^2) with s' != 0; the weight n / s' and the bias -n s / s' of
the output make that t.  *Missed.*  The functions t -> f(t) - t, over all values of the parameters,
form one family definable in the ordered field of the reals with exp, which is o-minimal (A. Wilkie,
1996); so there is a K, for the masks only, such that each of them has at most K zeros or an
interval of zeros.  In the latter case f(t) = t for all t, as f is analytic; but f is bounded.  So M
> K points are enough.  (One hidden layer of N units on the line, tanh or sigmoid: M = 2^(N + 1).
Multiplied by the N denominators 1 + e^z, f(t) - t is a sum of at most 2^N exponentials with linear
coefficients, which has fewer zeros than 2 * 2^N.)  The idea that bounded activations do this is
from P. Petersen, M. Raslan, F. Voigtlaender, Found. Comput. Math. 2021.

**SiLU, softplus, GELU.**  *Theorem.*  One hidden layer with free biases, and two units that share
an input and an output.  Then some finite training set on a line has infimum 0, not attained.
*Data.*  Targets r'(t), r the activation, at t = 1, ..., M in the shared input and output, 0 in all
others.  *Approached.*  (r(t + eps) - r(t - eps)) / (2 eps).  *Missed.*  As above (exp, and for the
exact GELU the Pfaffian function erf, whose structure is o-minimal too, P. Speissegger, 1999), a
network that fits enough points equals r' on the whole line: r'(t) = c + sum_i w_i r(a_i t + b_i).
SiLU, r = x / (1 + e^-x), has simple poles only, so has the right side, but r' has double ones.  So
has the derivative of x (1 + tanh(g(x))) / 2, the GELU that is computed by tanh.  Softplus: the
derivative of the right side, a sum of sigmoids, has simple poles, that of r', the derivative of a
sigmoid, has double ones.  GELU, r = x Phi(x), has r'' = (2 - x^2) phi(x), so the second derivative
of the right side is a sum of w a^2 (2 - z^2) phi(z), z = a t + b, and that of r' is (t^3 - 4 t)
phi(t). Gaussians phi(z) with different z^2 are independent over the polynomials, so the terms with
z^2 = t^2 would give t^3 - 4 t, an odd polynomial, from multiples of 2 - t^2.  Contradiction.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np

from cadlink.networks.theorems.walk import edges_up
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import on_paths, reaching

__all__ = ["bounded", "derivative"]

MOST_UNITS = 200  # of which pairs are compared


def bounded(pattern: Pattern, activation: str, biases: Sequence[bool]) -> dict[str, Any] | None:
    """The witness for tanh and the sigmoid: a path, or None.

    >>> bounded(Pattern.of(["10/10", "01", "1"]), "tanh", (False, False, False))
    {'theorem': 'R22', 'claim': 'some_targets', 'path': [0, 1, 0, 0]}
    """
    if pattern.depth < 2 or (activation == "sigmoid" and not biases[-1]):
        return None
    inputs = on_paths(pattern)[0]
    if not len(inputs):
        return None
    edges = edges_up(pattern, int(inputs[0]), reaching(pattern, None))
    path = [edges[0][2], *(above for _, above, _ in edges)]
    return {"theorem": "R22", "claim": "some_targets", "path": path}


def derivative(pattern: Pattern, biases: Sequence[bool]) -> dict[str, Any] | None:
    """The witness for SiLU, softplus and GELU: two units with an input and an output, or None.

    >>> derivative(Pattern.of(["10/11", "11"]), (True, False))
    {'theorem': 'R22', 'claim': 'some_targets', 'units': [0, 1], 'input': 0, 'output': 0}
    """
    if pattern.depth != 2 or not biases[0]:
        return None
    live = on_paths(pattern)[1][:MOST_UNITS]
    sees = pattern.layers[0][live, :].toarray()
    feeds = pattern.layers[1][:, live].toarray().T
    for a, b in combinations(range(len(live)), 2):
        inputs, outputs = sees[a] & sees[b], feeds[a] & feeds[b]
        if inputs.any() and outputs.any():
            return {
                "theorem": "R22",
                "claim": "some_targets",
                "units": [int(live[a]), int(live[b])],
                "input": int(np.flatnonzero(inputs)[0]),
                "output": int(np.flatnonzero(outputs)[0]),
            }
    return None
