"""Small certificates that try to keep the kernel busy: rejected, or done, within two seconds.

For every rule the shapes its work grows with: large blocks from short masks, many tiny neurons, one
huge neuron, wide layers that cost a few bytes to declare, many layers, long numbers, long sums of
fractions with coprime denominators, high powers.  All are at most 50 KB.  What is measured is the
processor's time, not the wall's, for other programs may run beside this one; even so it is
stretched by what they do to the memory, so the limit is stretched by how slow sets are just now.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from cadlink.certificates.kernel import CHAIN_RULES, GROUP_RULES, check, check_proof
from cadlink.clock import Clock
from cadlink.errors import CertificateError, CheckOverdue
from cadlink.patterns.families import build
from cadlink.rules.pipeline import reduce, verdict

MAX_BYTES = 50_000
MAX_SECONDS = 2.0
ORDINARY = 0.06  # seconds that ``slowness`` takes on an ordinary computer with nothing else to do

Proof = dict[str, Any]


def step(rule: str, data: dict[str, Any] | None = None, *parts: Any) -> Proof:
    return {"rule": rule, "data": data or {}, "parts": list(parts)}


def certificate(layers: list[Any], proof: Proof) -> str:
    head = {"format": "cadlink-certificate", "version": 1, "pattern": {"layers": layers}}
    return json.dumps({**head, "verdict": "closed", "proof": proof}, separators=(",", ":"))


def csr(rows: list[list[int]], width: int) -> dict[str, Any]:
    """A mask by the columns of every row."""
    ends = [0]
    for row in rows:
        ends.append(ends[-1] + len(row))
    return {
        "shape": [len(rows), width],
        "indptr": ends,
        "indices": [k for row in rows for k in row],
    }


def nested(rule: str, inner: Proof, times: int, data: dict[str, Any] | None = None) -> Proof:
    for _ in range(times):
        inner = step(rule, data, inner)
    return inner


STAR = step("star")

# -- patterns ------------------------------------------------------------------------------------


def wide() -> list[Any]:
    """A million inputs in a few bytes."""
    return [{"shape": [1, 10**6], "indptr": [0, 1], "indices": [0]}, ["1"]]


def tall() -> list[Any]:
    """Thousands of layers of one unit."""
    return [["1"]] * 5000


def scattered() -> list[Any]:
    """Thousands of units that nothing joins, and many layers."""
    empty = {"shape": [100, 100], "indptr": [0] * 101, "indices": []}
    return [empty] * 100


def one_block() -> list[Any]:
    """One hidden unit with 3,000 inputs and 3,000 outputs: nine million cells."""
    return [["1" * 3000], ["1"] * 3000]


def square() -> list[Any]:
    """One hidden unit with 900 inputs and 900 outputs."""
    return [["1" * 900], ["1"] * 900]


def dense(n: int = 120) -> list[Any]:
    """All ones."""
    return [["1" * n] * n, ["1" * n] * n]


def tiny() -> list[Any]:
    """A block of 60 x 60 under 1,500 neurons of one cell."""
    rows = [[*([0] if j < 60 else []), *range(1 + j, 1501, 120)] for j in range(120)]
    below = [list(range(60)), *([i % 60] for i in range(1500))]
    return [csr(below, 60), csr(rows, 1501)]


def stripes() -> list[Any]:
    """Neurons of one row and 60 columns each."""
    return [["1" * 60] * 120, ["0" * i + "1" + "0" * (119 - i) for i in range(120)]]


# -- proofs --------------------------------------------------------------------------------------

DRAWN = {"seed": 0, "prime": 2147483629}

# Data with which a rule gets as far as it can, on any of the patterns.
LEAVES: dict[str, dict[str, Any]] = {
    "one_layer": {},
    "unique_cut": {"layer": 1, "unit": 0, "outputs": [0, 1], "inputs": [0, 1]},
    "block_tiling": {},
    "dense_top": {},
    "matching": {},
    "empty": {},
    "star": {},
    "lines": {"lines": [["row", j] for j in range(400)]},
    "pinned_columns": {"pins": [[0, [0]]]},
    "full_factor": {},
    "transversal": {},
    "rank_peeling": {},
    "good_pairs": {},
    "forcing": {
        "cell": [0, 0],
        "witnesses": [[i, 1, 1] for i in range(140)],
        "start": 0,
        "helper": None,
    },
    "forced_row": {"rows": [*range(1, 60)], "cols": [*range(59)], "row": 0, "col": 59, "neuron": 0},
    "owners": {
        "rows": [*range(1, 60)],
        "cols": [*range(59)],
        "row": 0,
        "col": 59,
        "neuron": 0,
        "helper": None,
    },
    "rigid_collision": {"a": 0, "b": 1},
    "merged_block": {"a": 0, "b": 1, "J": [0], "K": [0]},
    "merged_cross": {"a": 0, "b": 1, "i1": 2, "J": [0], "K": [0], "j0": 0, "k0": 0},
    "merged_two_blocks": {"a": 0, "b": 1, "f": 2, "J1": [0], "K1": [0], "J2": [1], "K2": [1]},
    "claims": {"method": "variety", "claims": [], "polynomials": []},
    "deep_matching": DRAWN,
    "cut": {"pins": [[0]], **DRAWN},
    "hall_circuit": {
        "layer": 1,
        "outputs": [0],
        "inputs": [0, 1],
        "tied": [0],
        "short": [0],
        **DRAWN,
    },
    "sandwich": {
        "layer": 1,
        "rows": [0],
        "columns": [0],
        "row": 0,
        "column": 0,
        "factors": [[], []],
    },
    "triangle": {
        "team": [*range(59)],
        "rows": [*range(60)],
        "cols": [*range(60)],
        "first": 0,
        "second": 1,
        "neuron": 0,
    },
    "two_frames": {"N1": [*range(60)], "G1": [], "G2": [], "P0": [], "P1": [], "P2": []},
}


def leaves(kind: str) -> dict[str, Proof]:
    """One step of every rule without parts, for chains or for groups."""
    rules = CHAIN_RULES if kind == "chain" else GROUP_RULES
    found = {rule: step(rule, data) for rule, data in LEAVES.items() if rule in rules}
    keys = {"factors": [[], []]} if kind == "chain" else {"x": [], "y": []}
    found["zero_submersion"] = step("zero_submersion", {**keys, "prime": 2147483629})
    tree = {"propagation": True}
    found["curve"] = step("curve", {**keys, "limit": [], "refutation": tree})
    return found


def slowness() -> float:
    """How much slower than usual this computer is, at least 1."""
    start = time.process_time()
    sorted({(i, -i) for i in range(50_000)})
    return max(1.0, (time.process_time() - start) / ORDINARY)


def is_quick(text: str) -> None:
    """The kernel is done with it in time, whatever it says."""
    assert len(text) <= MAX_BYTES
    before = slowness()
    start = time.process_time()
    with suppress(CertificateError):
        check(text)
    assert time.process_time() - start < MAX_SECONDS * max(before, slowness())


def of_group(layers: list[Any], proof: Proof) -> str:
    return certificate(layers, step("two_factors", {}, proof))


@pytest.mark.parametrize("pattern", [tiny, stripes], ids=lambda pattern: pattern.__name__)
@pytest.mark.parametrize("kind", ["chain", "group"])
def test_every_rule_is_quick(kind: str, pattern: Callable[[], list[Any]]) -> None:
    layers = pattern()
    for leaf in leaves(kind).values():
        is_quick(certificate(layers, leaf) if kind == "chain" else of_group(layers, leaf))


@pytest.mark.parametrize("pattern", [wide, tall, scattered], ids=lambda pattern: pattern.__name__)
@pytest.mark.parametrize("rule", ["transpose", "trim", "split"])
def test_long_ways_are_quick(rule: str, pattern: Callable[[], list[Any]]) -> None:
    is_quick(certificate(pattern(), nested(rule, step("block_tiling"), 200)))


@pytest.mark.parametrize("rule", ["claims", "curve", "zero_submersion", "block_tiling", "merge"])
def test_large_blocks_are_quick(rule: str) -> None:
    leaf = {**leaves("chain"), "merge": step("merge", {"layer": 1, "proof": step("matching")})}
    is_quick(certificate(one_block(), leaf[rule]))
    is_quick(certificate(square(), leaf[rule]))


def no_ones(height: int, width: int) -> dict[str, Any]:
    return {"shape": [height, width], "indptr": [0] * (height + 1), "indices": []}


@pytest.mark.parametrize(
    "layers",
    [
        [["1" * 100], ["1"] * 1000],  # left kernels of a thousand rows
        [no_ones(1, 10**6), no_ones(1, 1)],
        [no_ones(1, 10**5), no_ones(5000, 1)],  # half a billion cells, none of them observed
    ],
    ids=["kernels", "inputs", "cells"],
)
def test_large_cuts_are_quick(layers: list[Any]) -> None:
    is_quick(certificate(layers, step("deep_matching", DRAWN)))


def test_large_absorbed_blocks_are_quick() -> None:
    data = {"layer": 1, "units": [0], "proof": STAR}
    is_quick(certificate([["1" * 2000], ["1"] * 2000], step("absorb_edges", data, None)))


def test_many_lists_of_outputs_are_quick() -> None:
    layers = [*dense(90), ["1" * 90] * 90]
    is_quick(certificate(layers, step("cap_outputs", {"outputs": [[0]] * 5000}, None)))


def test_many_choices_of_outputs_are_quick() -> None:
    units = 15
    pairs = [
        "".join("1" if i in (j, (j + 1) % units) else "0" for i in range(units))
        for j in range(units)
    ]
    lists = [[0]] * 5000 + [[j for j in range(units) if j != i] for i in range(units)]
    top = [*pairs, "1" * units]
    proof = step("cap_outputs", {"outputs": lists}, *[None] * len(lists))
    is_quick(certificate([["1"] * units, top], proof))
    is_quick(certificate([["1" * units] * units, top], proof))


def test_large_groups_are_quick() -> None:
    is_quick(of_group(one_block(), STAR))
    is_quick(of_group(square(), nested("transpose", step("rank_peeling"), 200)))


# -- numbers -------------------------------------------------------------------------------------

CORNER = [["11"], ["1", "1"]]  # one hidden unit
LONG = 10**389 + 1


def curve(factors: list[Any], tree: Any, limit: list[Any] | None = None) -> Proof:
    return step("curve", {"factors": factors, "limit": limit or [], "refutation": tree})


def zero_curve(tree: Any) -> str:
    """The zero curve, so that all depends on the refutation."""
    return certificate(CORNER, curve([[], []], tree))


def test_a_long_constant_case_is_quick() -> None:
    leaf = {"multipliers": [], "inequations": [0] * 1000}
    is_quick(zero_curve({"case": [[LONG, []]], "zero": leaf, "nonzero": leaf}))
    leaf = {"multipliers": [], "inequations": [0] * 6000}
    is_quick(zero_curve({"case": [[f"{LONG}/{LONG + 2}", []]], "zero": leaf, "nonzero": leaf}))


def test_long_polynomials_are_quick() -> None:
    sums = [[f"1/{10**30 + 2 * n + 1}", [["x_1_0_0", 1 + n % 60]]] for n in range(280)]
    leaf = {"multipliers": [[0, sums]], "inequations": [0] * 30}
    is_quick(zero_curve({"case": sums, "zero": leaf, "nonzero": leaf}))


def test_high_powers_are_quick() -> None:
    high = [[1, [["x_1_0_0", 64]] * 3000]]
    is_quick(zero_curve({"case": high, "zero": {"propagation": True}, "nonzero": {}}))
    power = [[1, [["a_0_0", 64]]]]
    data = {"method": "variety", "claims": [], "polynomials": [power]}
    is_quick(certificate(dense(40), step("claims", data)))


def test_long_laurent_polynomials_are_quick() -> None:
    x = [[n, f"1/{10**60 + 2 * n + 1}"] for n in range(300)]
    y = [[n, f"1/{10**60 + 2 * n + 999}"] for n in range(300)]
    is_quick(certificate(CORNER, curve([[[0, 0, x]], [[0, 0, y]]], {"propagation": True})))


def test_many_layers_of_long_numbers_are_quick() -> None:
    factors = [[[0, 0, [[0, LONG]]]]] * 100
    is_quick(certificate([["1"]] * 100, curve(factors, {"propagation": True})))
    data = {"factors": [[[LONG]]] * 100, "prime": 2147483629}
    is_quick(certificate([["1"]] * 100, step("zero_submersion", data)))


def test_deep_sections_are_quick() -> None:
    """Powers of powers, and then 0 for the coordinate that has them."""
    tree: Any = {}
    for n in reversed(range(5)):
        shift = [[-1, [[f"a_0_{n + 1}", 64]]]] if n < 4 else []
        tree = {"coordinate": f"a_0_{n}", "shift": shift, "zero": tree, "nonzero": {}}
    is_quick(certificate([["1" * 8], ["1"]], step("sections", {"tree": tree})))


def test_sections_nested_as_deep_as_can_be_read_are_quick() -> None:
    tree: Any = 0
    for _ in range(490):
        tree = {"coordinate": "a_0_0", "shift": [], "zero": tree, "nonzero": 0}
    is_quick(certificate([["1"], ["1"]], step("sections", {"tree": tree})))


def test_sections_of_many_cells_are_quick() -> None:
    is_quick(certificate([["1" * 100] * 100], step("sections", {"tree": {}})))


def test_a_difference_with_thousands_of_digits_is_not_printed() -> None:
    factors = [[[0, 0, [[0, LONG]]]]] * 20
    with pytest.raises(CertificateError, match="the product tends to the limit"):
        check(certificate([["1"]] * 20, curve(factors, {"propagation": True})))
    data = {"factors": [[[LONG]]] * 20, "prime": 2147483629}
    with pytest.raises(CertificateError, match="a product that is 0 everywhere"):
        check(certificate([["1"]] * 20, step("zero_submersion", data)))


@pytest.mark.parametrize("number", ["1e999999999", "1E9", "1.0", "0x10", "1_000", " 1", "1/0"])
def test_only_integers_and_fractions_are_numbers(number: str) -> None:
    tree = {"case": [[number, []]], "zero": {"propagation": True}, "nonzero": {}}
    with pytest.raises(CertificateError, match='an integer or "p/q"'):
        check(zero_curve(tree))


# -- the clock -----------------------------------------------------------------------------------


def test_the_deadline_is_kept() -> None:
    proof = step("matching")
    assert check_proof({"layers": dense(10)}, proof, time.monotonic() + 60).conclusion == "free"
    with pytest.raises(CheckOverdue, match="no time left"):
        check_proof({"layers": dense(10)}, proof, time.monotonic())


def test_a_large_problem_may_need_more_work_than_a_small_one() -> None:
    layers = [["1" * 300] * 300, ["1" * 300] * 300]
    assert check_proof({"layers": layers}, step("matching")).conclusion == "free"


# -- memory --------------------------------------------------------------------------------------


def test_the_memory_is_a_few_times_that_of_the_masks() -> None:
    pattern = build("random:512-2048-512,0.5,0")
    masks = sum(m.data.nbytes + m.indices.nbytes + m.indptr.nbytes for m in pattern.layers)
    tracemalloc.start()
    try:
        assert verdict(reduce(pattern, Clock.of(60))) == "free"
        reduced = tracemalloc.get_traced_memory()[1]
        tracemalloc.reset_peak()
        assert check_proof(pattern, step("matching")).conclusion == "free"
        checked = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert reduced < 4 * masks
    assert checked < 8 * masks
