"""R8: one hidden layer, closed on a cube in the uniform norm; and no hidden layer."""

from __future__ import annotations

from itertools import combinations

from cadlink.errors import CertificateError
from cadlink.networks.kernel.witness import Network

__all__ = ["affine", "compatible"]


def affine(net: Network) -> tuple[str, ...]:
    """No hidden layer: the functions form a space of finite dimension."""
    net.demand(net.pattern.depth == 1, "no hidden layer", net.pattern.depth - 1)
    return ()


def compatible(net: Network) -> tuple[str, ...]:
    """One live input, or every two units disjoint, anti-nested or on the same output."""
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    outputs: dict[int, set[int]] = {}
    for j in range(net.pattern.widths[-1]):
        for unit in net.sees(1, j):
            if net.sees(0, unit):
                outputs.setdefault(unit, set()).add(j)
    sees = {unit: net.sees(0, unit) for unit in outputs}
    if len({k for seen in sees.values() for k in seen}) <= 1:
        return ()
    kinds = list({(frozenset(outputs[u]), frozenset(sees[u])) for u in outputs})
    largest = max(len(rows) + len(cols) for rows, cols in kinds)
    net.at.spend(len(kinds) ** 2 * (1 + largest // 16))
    for (rows, cols), (rows2, cols2) in combinations(kinds, 2):
        fits = (
            not rows & rows2
            or not cols & cols2
            or (rows <= rows2 and cols >= cols2)
            or (rows2 <= rows and cols2 >= cols)
            or (rows == rows2 and len(rows) == 1)
        )
        if not fits:
            raise CertificateError(
                net.at.path,
                "units of which every two are compatible",
                f"one with outputs {sorted(rows)[:5]}, one with {sorted(rows2)[:5]}, ...",
            )
    return ()
