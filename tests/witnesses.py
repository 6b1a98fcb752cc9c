"""A real witness of every theorem and claim that the kernel of network witnesses knows."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
from stating import stated

from cadlink import Decider, Limits, decide, read
from cadlink.clock import Clock
from cadlink.networks import decide_network
from cadlink.networks.kernel import Statement
from cadlink.networks.readers.layers import Model
from cadlink.networks.theorems import (
    depth,
    hall,
    identified,
    linear_part,
    narrow,
    one_hidden_layer,
    saturated,
    smooth,
    two_outputs,
)
from cadlink.networks.theorems.theorem import Case

__all__ = ["data_for", "proved"]

LINE = [[t] for t in range(4)]
# Output 0 is 1, output 1 is 2 relu(x - 1): on the side of the labels 0, 0, 1, 1 at 0, 1, 2, 3.
STEP = [
    np.array([[1.0], [0.0]]),
    np.array([-1.0, 0.0]),
    np.array([[0.0, 0.0], [2.0, 0.0]]),
    np.array([1.0, 0.0]),
]
R5 = [[0, "1/10"], [1, "-3/20"], [3, "11/10"], [3, "39/20"]]


@cache
def proved() -> tuple[tuple[Statement, dict[str, Any]], ...]:
    """(statement, witness) pairs that the kernel accepts."""
    linear = Model(read("lu:2"), (True, True), "none")
    safe = Model(read("dense:2-2-2"), (True, True), "none")
    simplex = [[0, 0], [1, 0], [0, 1]]
    asked: list[tuple[Any, ...]] = [
        ("dense:2-2-2",),
        ("dense:2-2-1",),
        ("11;1;1",),
        ("dense:1-1-2-1",),
        ("lu:2", "a", None, None, None, "all"),
        ("lu:2", "a", None, None, None, "weights"),
        ("dense:1-3-2", "b", [[t * t] for t in range(7)]),
        ("dense:1-2-2", "b", LINE),
        ("dense:1-3-2", "b", LINE),
        ("dense:1-2-2", "b", LINE[:1]),
        ("111/111;10/11/01", "b", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("111/111;11/11/01", "b", [[1, 0, 0], [0, 1, 0], [0, 0, 1]]),
        ("lu:2", "a", None, None, [False, False]),
        ("lu:2", "b", [[s, s * s] for s in range(-4, 5)]),
        (linear,),
        (linear, "b", simplex),
        (safe, "b", simplex),
        ("dense:1-2-2", "c", LINE, [[0, 0], [0, 0], [1, 2], [2, 4]]),
        ("dense:1-2-2", "c", LINE, R5),
        ("dense:2-3-2", "d"),
        ("dense:2-2", "d"),
        ("lu:2", "d"),
    ]
    labelled: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        (("dense:1-2-2", "c", LINE, [0, 0, 1, 1]), {"weights": STEP}),
        (("dense:1-2-2",), {}),
        (("dense:1-2-2", "b", LINE), {}),
        (("dense:1-2-2", "c", LINE, [[1, 2]] * 4), {}),
        (("dense:1-2-2", "c", LINE, [0, 0, 1, 1], None, "weights"), {}),
        (("dense:1-2-2", "c", LINE, [0, 0, 0, 0], None, "weights"), {}),
        (("dense:1-2-2", "a", None, None, None, "weights"), {}),
        (("dense:1-2-2", "c", LINE, [0, 0, 1, 1], None, "all-but-last"), {}),
    ]
    found = []
    with Decider() as decider:
        for network, more in [
            *((network, {}) for network in asked),
            *((network, {"loss": "cross_entropy", **more}) for network, more in labelled),
            (("dense:1-2-3-2", "b", LINE), {}),
        ]:
            options: dict[str, Any] = {"limits": Limits(60), "decider": decider, **more}
            verdict = decide_network(*network, **options)
            assert verdict.statement is not None, verdict.reason
            found.append((verdict.statement, dict(verdict.witness or {})))
    small, lu, deep = read("dense:2-2-2"), read("lu:2"), read("11;1/1;11")
    three, two, pair = read("dense:1-3-2-1"), read("dense:1-2-2-1"), read("dense:1-1-2-2")
    top, wide = read("dense:1-2-3-2"), read("dense:3-4-4-2")
    forced = read("011/110;11/10/00;111/111")
    for pattern, witness in (
        (small, one_hidden_layer.some_data(Case.of(small), four=True)),
        (small, one_hidden_layer.some_data(Case.of(small, (False, True)))),
        (small, one_hidden_layer.existence(Case.of(small))),
        (lu, linear_part.by_cut(lu)),
        (lu, linear_part.some_targets(decide(lu, Limits(20)))),
        (forced, linear_part.by_search(forced, decide(forced, Limits(20)), Clock.of(20))),
        (deep, depth.some_data(Case.of(deep))),
        (deep, hall.some_data(Case.of(deep))),
        (deep, hall.existence(Case.of(deep))),
        (three, saturated.some_data(Case.of(three))),
        (three, saturated.existence(Case.of(three))),
        (two, narrow.some_data(Case.of(two))),
        (two, narrow.existence(Case.of(two))),
        (pair, narrow.some_data(Case.of(pair))),
        (top, two_outputs.existence(Case.of(top))),
        (wide, identified.existence(Case.of(wide))),
    ):
        assert witness is not None
        biases = (witness.get("hidden_bias", True),) + (True,) * (pattern.depth - 1)
        found.append((stated(pattern, witness["claim"], biases=biases), witness))
    for activation, witness in (
        ("tanh", smooth.bounded(deep, "tanh", (True,) * 3)),
        ("gelu", smooth.derivative(small, (True,) * 2)),
    ):
        assert witness is not None
        pattern = small if "units" in witness else deep
        found.append((stated(pattern, "some_targets", activation=activation), witness))
    xs = np.random.default_rng(6).integers(-4, 5, size=(10, 4)).tolist()
    near = decide_network("dense:4-8-2", "c", xs, [[x * y, z - t * t] for x, y, z, t in xs])
    assert near.statement is not None, near.reason
    found.append((near.statement, dict(near.witness or {})))
    return tuple(found)


def data_for(question: str, statement: Statement, witness: dict[str, Any]) -> tuple[Any, Any]:
    """Inputs and targets for the statement's network: its own, the witness's, or one zero."""
    widths = statement.pattern.widths
    xs = statement.inputs or _rows(witness, "X", "inputs", widths[0])
    ys = statement.targets or _rows(witness, "Y", "outputs", widths[-1])
    if len(ys) != len(xs):
        ys = ((Fraction(0),) * widths[-1],) * len(xs)
    return (xs if question in "bc" else None), (ys if question == "c" else None)


def _rows(witness: dict[str, Any], name: str, places: str, width: int) -> Any:
    if name not in witness:
        return ((Fraction(0),) * width,)
    rows = []
    for row in witness[name]:
        values = dict(zip(witness[places], row, strict=True))
        rows.append(tuple(Fraction(values.get(k, 0)) for k in range(width)))
    return tuple(rows)
