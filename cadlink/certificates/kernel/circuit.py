"""Inputs whose columns are dependent by a Hall circuit, and a limit that needs another relation."""

from __future__ import annotations

import numpy as np

from cadlink.certificates.kernel.drawn import chosen_prime, factor, rank, times
from cadlink.certificates.kernel.problems import Chain
from cadlink.certificates.kernel.reader import NOT_CLOSED, Found, Reader

__all__ = ["hall_circuit"]


def hall_circuit(chain: Chain, at: Reader) -> Found:
    """A hidden layer l, outputs R and inputs K with |R| = p, |K| = p + 1; U = the units of the
    layer on paths from K to R, |U| = p.  C_i in K are the inputs with a path to i in U.  Drawn
    integers (see ``drawn``) for X_1, ..., X_l give a Y0 = (X_l ... X_1)[U, K] of which any p
    columns are independent modulo a prime; those for X_{l+2}, ..., X_L a matrix (the identity if
    l + 1 = L) that has rank p on R x H_u for every u in U, H_u being the heads of u.  For T in K
    and J in U, both nonempty, let c be the number of connected components of the sets C_i meet T
    that are not empty, i in J: then |union of C_i over J| - c < |J|.  Not closed.

    Proof, for the restriction to R and K.  Missed: any A of rank p whose kernel is spanned by 1_T.
    If A = W Y through U, W is p x p and invertible, so the rows of Y are independent, row i
    supported on C_i with sum 0 over T.  Rows i in J lie in a sum of spaces of dimension |union| -
    c.  Reached: the kernel of Y0 is spanned by a nu0 without zero entries.  Let nu(t) be 1 on T and
    t off T, and Y(t) = Y0 diag(nu0 / nu(t)), which has kernel nu(t) and the supports of Y0 (scale
    the columns of X_1).  Let k be in T and A(t) be A with column k less t times the sum of the
    columns off T: A(t) nu(t) = 0 and A(t) tends to A.  So A(t) = W(t) Y(t) for some W(t), R x U.
    Column u of it is a value of X_{l+1}[H_u, u], by the rank on R x H_u; units of the layer outside
    U get zeros."""
    layer = at.integer(at.data["layer"], "hidden layer", 1, chain.depth)
    outputs = at.ascending(at.data["outputs"], range(chain.widths[-1]), "output")
    inputs = at.ascending(at.data["inputs"], range(chain.widths[0]), "input")
    p = len(outputs)
    at.demand(len(inputs) == p + 1, f"{p + 1} inputs, one more than outputs", f"{len(inputs)}")
    back = chain.transpose()
    height, width = chain.widths[-1], chain.widths[0]
    marked = np.isin(np.arange(width), inputs)
    up = back.reached(np.isin(np.arange(height), outputs), chain.depth - layer)[-1]
    units = np.flatnonzero(chain.reached(marked, layer)[-1] & up)
    at.demand(len(units) == p, f"{p} units between inputs and outputs", f"{len(units)}")
    at.spend(len(inputs) * chain.cost)
    reach = [chain.reached(np.arange(width) == k, layer)[-1][units] for k in inputs]
    sets = [frozenset(np.flatnonzero(column).tolist()) for column in np.array(reach).T]

    tied = set(at.ascending(at.data["tied"], inputs, "tied input"))
    short = at.ascending(at.data["short"], units.tolist(), "short unit")
    place = {int(unit): n for n, unit in enumerate(units)}
    ties = {n for n, k in enumerate(inputs) if k in tied}
    chosen = [sets[place[unit]] for unit in short]
    union = frozenset[int]().union(*chosen)
    components: list[frozenset[int]] = []
    for one in chosen:
        whole = one & ties
        if whole:
            touching = [other for other in components if other & whole]
            apart = [other for other in components if not other & whole]
            components = [*apart, whole.union(*touching)]
    room = len(union) - len(components)
    at.demand(room < len(short), f"room for less than {len(short)} rows", f"{room}")

    prime, seed = chosen_prime(at), at.integer(at.data["seed"], "seed", 0, 1 << 32)
    below = factor(chain, 1, seed, prime, at)[:, inputs]
    for number in range(2, layer + 1):
        below = times(factor(chain, number, seed, prime, at), below, prime, at)
    below = below[units]
    for n, k in enumerate(inputs):
        found = rank(np.delete(below, n, axis=1), prime, at)
        at.demand(found == p, f"rank {p} of the columns other than {k}", f"{found}")
    above = np.eye(height, dtype=np.int64)[outputs]
    for number in range(chain.depth, layer + 1, -1):
        above = times(above, factor(chain, number, seed, prime, at), prime, at)
    edges = chain.masks[layer]
    at.spend(p * (20_000 + len(edges.row)))
    for unit in units:
        found = rank(above[:, edges.row[edges.col == unit]], prime, at)
        at.demand(found == p, f"rank {p} above unit {unit}", f"{found}")
    return Found(NOT_CLOSED, facts={"units": units.tolist()})
