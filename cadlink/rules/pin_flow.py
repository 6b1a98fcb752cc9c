"""Pins in the first hidden layer as an integer program.

A pin i is lost to all columns that could use the unit, one dimension each, and gives back at most
v_i dimensions, the rank of the paths upwards from its heads, in all columns together.  For generic
kernels and v_i = all outputs a flow is all that is needed: it splits into matchings (König), each
with generic coefficients.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sp

from cadlink.clock import Clock
from cadlink.patterns.pattern import Mask
from cadlink.rules.modular import rank
from cadlink.rules.net import Marks, Net, Pins

__all__ = ["MOST_MISSING", "enough", "proposals"]

MARGINS = ((0, 3), (1, 3), (2, 4))  # spare dimensions per column; widest columns relative to R_k
FLOW_S = 10.0  # seconds for one integer program
MOST_MISSING = 130  # dimensions missing beyond which more margin will not help


def proposals(net: Net, clock: Clock) -> Iterator[Pins]:
    """Pins in the first hidden layer, by integer programs with growing margins."""
    rest = net.no_pins()[1:]
    up = net.upwards(net.no_pins())
    gain = np.array([rank(up[1][:, heads]) for heads in net.masks[1].T], dtype=np.float64)
    lack = np.array([rows.size - its.size for rows, its in zip(net.outputs, net.fed, strict=True)])
    if not enough(net.pattern.layers[0], lack, gain):
        return
    for turn, (margin, wide) in enumerate(MARGINS):
        found = _flow(net, gain, margin, wide, clock.at_most(FLOW_S), turn)
        if found is None:
            continue
        marks, short = found
        yield (marks, *rest)
        if short > MOST_MISSING:
            return


def enough(lower: Mask, lack: npt.NDArray[Any], gain: npt.NDArray[Any]) -> bool:
    """Whether all the pins that gain anything in the short columns together could do.

    ``lower`` is the first mask, ``lack`` what every column is short of, ``gain`` the v_i or more.
    Summing the inequalities over the short columns, a pin counts v_i less the short columns of it.
    """
    short = lack > 0
    lost = lower @ short.astype(np.int64)
    return bool(np.maximum(gain - lost, 0).sum() >= lack[short].sum())


def _flow(
    net: Net, gain: npt.NDArray[np.float64], margin: int, wide: int, clock: Clock, seed: int
) -> tuple[Marks, float] | None:
    """Pins p_i and flows f_ik >= 0 with, in every column k,

        |S_k| - sum of p_i + sum of f_ik + missing_k + slack_k >= |R_k| + margin,

    sums over i in S_k, slack_k <= margin; for every unit, sum over k of f_ik <= v_i p_i and
    f_ik <= min(v_i, |R_k|) p_i.  Few missing dimensions count most, then slack, then pins.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # late: slow to load

    units, inputs = net.masks[0].shape
    need = np.array([rows.size for rows in net.outputs])
    have = np.array([units_.size for units_ in net.fed])
    narrow = [k for k in range(inputs) if have[k] < wide * need[k]]
    if not narrow:
        return None
    unit = np.concatenate([net.fed[k] for k in narrow])
    column = np.repeat(narrow, have[narrow])
    flows = np.arange(unit.size)
    every_unit, every_column = net.masks[0].nonzero()
    size = units + unit.size + 2 * inputs
    short, slack = units + unit.size, units + unit.size + inputs
    parts = (  # rows, columns, values
        (column, units + flows, np.ones(unit.size)),
        (every_column, every_unit, -np.ones(every_unit.size)),
        (np.arange(inputs), short + np.arange(inputs), np.ones(inputs)),
        (np.arange(inputs), slack + np.arange(inputs), np.ones(inputs)),
        (inputs + unit, units + flows, np.ones(unit.size)),
        (inputs + np.arange(units), np.arange(units), -gain),
        (inputs + units + flows, units + flows, np.ones(unit.size)),
        (inputs + units + flows, unit, -np.minimum(gain[unit], need[column])),
    )
    rows, columns, values = (np.concatenate([part[n] for part in parts]) for n in range(3))
    matrix = sp.csr_array((values, (rows, columns)), shape=(inputs + units + unit.size, size))
    low = np.full(matrix.shape[0], -np.inf)
    high = np.zeros(matrix.shape[0])
    low[:inputs], high[:inputs] = need - have + margin, np.inf
    chance = np.random.default_rng(seed)
    cost = np.concatenate(
        (
            1e-4 * (1 + chance.random(units)),
            np.zeros(unit.size),
            np.ones(inputs),
            np.full(inputs, 0.02),
        )
    )
    most = np.full(size, float(need.max()))
    most[:units] = 1
    most[slack:] = margin
    clock.check()
    result = milp(
        cost,
        constraints=LinearConstraint(matrix, low, high),
        integrality=np.arange(size) < units,
        bounds=Bounds(0, most),
        options={"time_limit": min(clock.left(), FLOW_S), "mip_rel_gap": 0.3},
    )
    if result.x is None:
        return None
    return result.x[:units] > 0.5, float(result.x[short:slack].sum())
