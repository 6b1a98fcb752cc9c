"""Approximate zero: a point at which the product nearly vanishes and is open (see ``points``)."""

from __future__ import annotations

import math

import numpy as np
from flint import fmpz, fmpz_mat
from numpy.typing import NDArray

from cadlink.certificates.kernel.problems import Group
from cadlink.certificates.kernel.reader import FREE, Found, Outcome, Reader
from cadlink.errors import CertificateError

__all__ = ["approximate_zero"]

MOST_SIZE = 1000  # cells, and parameters, of a group
MOST_BITS = 40  # of the scale and of the entries
INVERSE_BITS = 40  # of the denominator of the approximate inverse


def approximate_zero(group: Group, at: Reader) -> Outcome:
    """Integers x_i on R_i and y_i on C_i, to be divided by ``scale``.  Let F be the product there,
    J its Jacobian, G some matrix, eta = |I - J G| < 1 and gamma = |G| (Frobenius norms).  If |F| <
    (1 - eta)^2 / (2 gamma^2): free.

    Proof.  At the point moved by h = (dx, dy) the product is F + J h + q(h), q(h) = the sums of the
    dx_i(j) dy_i(k), |q(h)| <= |dx| |dy| <= |h|^2 / 2.  For |b - F| <= (1 - eta)^2 / (2 gamma^2) the
    map u -> b - F - q(G u) + (I - J G) u takes the ball of radius (1 - eta) / gamma^2 into itself,
    since its value is at most (1 - eta)^2 / (2 gamma^2) + (1 - eta)^2 / (2 gamma^2) + eta (1 - eta)
    / gamma^2 = (1 - eta) / gamma^2.  By Brouwer it has a fixed point, at which F + J G u + q(G u) =
    b.  So the set contains all b near 0, and with b all its multiples.

    G is no part of the certificate: floating point proposes a right inverse of J, and what counts
    is computed with its entries, rounded to integers over a power of 2, exactly."""
    cells = sorted(group.cells)
    params = sum(len(part) for part in (*group.row_sets, *group.col_sets))
    small = 0 < len(cells) <= MOST_SIZE and params <= MOST_SIZE
    at.demand(small, f"at most {MOST_SIZE} cells and parameters", [len(cells), params])
    at.spend(20 * len(cells) * params * (len(cells) + params))
    scale = at.integer(at.data["scale"], "scale", 1, 1 << MOST_BITS)
    point: list[dict[int, int]] = []
    for key, sets in (("x", group.row_sets), ("y", group.col_sets)):
        listed = at.items(at.data[key], key, len(sets))
        for values, lines in zip(listed, sets, strict=True):
            entries = at.items(values, f"an entry of {key}", len(lines))
            high = 1 << MOST_BITS
            numbers = [at.integer(v, f"a number of {key}", -high, high) for v in entries]
            point.append(dict(zip(sorted(lines), numbers, strict=True)))
    place = {cell: row for row, cell in enumerate(cells)}
    first = np.cumsum([0, *(len(part) for part in point)]).tolist()
    column = [{line: first[n] + p for p, line in enumerate(part)} for n, part in enumerate(point)]
    product, jacobian = [0] * len(cells), [[0] * params for _ in cells]
    neurons = len(group.neurons)
    for i, graph in enumerate(group.neurons):
        x, y = point[i], point[neurons + i]
        for j, k in graph:
            row = place[j, k]
            product[row] += x[j] * y[k]
            jacobian[row][column[i][j]] += y[k]
            jacobian[row][column[neurons + i][k]] += x[j]
    inverse = _proposed(np.array(jacobian, dtype=np.float64) / scale)
    if inverse is None:
        raise CertificateError(at.path, "a Jacobian with a right inverse", "none found")
    # Everything below is a multiple of 1 / unit: J G exactly, eta rounded up.
    unit = scale << INVERSE_BITS
    error = fmpz_mat(jacobian) * inverse
    squares = sum(
        int((unit if a == b else 0) - error[a, b]) ** 2
        for a in range(len(cells))
        for b in range(len(cells))
    )
    eta = math.isqrt(squares) + 1
    at.demand(eta < unit, "an approximate right inverse of the Jacobian", "none found")
    gamma_squared = sum(int(v) ** 2 for v in inverse.entries())
    size = sum(v * v for v in product)
    close = 4 * size * gamma_squared**2 < (unit - eta) ** 4
    at.demand(close, "a product near enough to 0", "too large a product")
    facts = {
        "size": f"{max(math.sqrt(size) / scale**2, 1e-30) * 1.1:.1e}",
        "inverse": f"{math.sqrt(gamma_squared) / 2**INVERSE_BITS * 1.01:.1e}",
        "error": f"{max(eta / unit, 1e-9) * 1.1:.1e}",
        "reach": f"{(1 - eta / unit) ** 2 / (2 * gamma_squared / 4**INVERSE_BITS) * 0.99:.1e}",
    }
    return Found(FREE, facts=facts)


def _proposed(jacobian: NDArray[np.float64]) -> fmpz_mat | None:
    """An approximate right inverse, as numerators over 2^INVERSE_BITS."""
    try:
        found = np.linalg.pinv(jacobian)
    except np.linalg.LinAlgError:
        return None
    scaled = np.rint(found * 2.0**INVERSE_BITS)
    if not np.isfinite(scaled).all() or np.abs(scaled).max() > 2.0**100:
        return None
    return fmpz_mat([[fmpz(int(v)) for v in row] for row in scaled])
