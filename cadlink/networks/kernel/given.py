"""R6: one hidden layer on the inputs of the statement."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from cadlink.certificates import kernel as matrix_kernel
from cadlink.networks.kernel.doubles import distinct
from cadlink.networks.kernel.witness import Network, full_rank
from cadlink.patterns.pattern import Pattern

__all__ = ["enough_units", "independent"]


def independent(net: Network) -> tuple[str, ...]:
    """R6 (i): points affinely independent on every unit's inputs; blocks R_i x (points - 1)."""
    live, xs = _live_units(net), distinct(net.inputs)
    for unit in live:
        seen = sorted(net.sees(0, unit))
        expected = f"independent points on the inputs of unit {unit}"
        net.demand(len(xs) <= len(seen) + 1, expected, f"{len(xs)} on {len(seen)} inputs")
        rows = [[*(x[k] for k in seen), Fraction(1)] for x in xs]
        net.demand(full_rank(net.at, rows), expected, "dependent ones")
    certificate = net.witness.get("certificate")
    closed = net.witness["claim"] == "closed"
    if len(xs) == 1 or not live:
        net.demand(closed and certificate is None, "one point: closed", "another claim")
        return ()
    blocks = np.ones((len(live), len(xs) - 1), dtype=np.bool_)
    pattern = Pattern.of([blocks, net.pattern.layers[1][:, live]])
    net.demand(isinstance(certificate, dict), "a certificate", certificate)
    checked = matrix_kernel.check(dict(certificate or {}), pattern, net.deadline)
    same = closed == (checked.verdict == "closed")
    net.demand(same, "a certificate of what is claimed", checked.verdict)
    return checked.holes


def enough_units(net: Network) -> tuple[str, ...]:
    """R6 (ii): full output masks, as many units as points but one, points distinct on each C_i."""
    live, xs = _live_units(net), distinct(net.inputs)
    net.demand(len(live) >= len(xs) - 1, f"{len(xs) - 1} hidden units", len(live))
    for j in range(net.pattern.widths[-1]):
        net.demand(net.sees(1, j) >= set(live), f"all units feeding output {j}", "not all")
    net.at.spend(net.pattern.layers[0].nnz * len(xs) // 4)
    for unit in live:
        seen = sorted(net.sees(0, unit))
        there = {tuple(x[k] for k in seen) for x in xs}
        net.demand(len(there) == len(xs), f"distinct points on the inputs of unit {unit}", "no")
    return ()


def _live_units(net: Network) -> list[int]:
    net.demand(net.pattern.depth == 2, "one hidden layer", net.pattern.depth)
    return [u for u in range(net.pattern.widths[1]) if net.sees(0, u)]
