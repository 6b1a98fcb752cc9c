"""The obstructions that come with the package: true, needed, minimal, found in larger groups."""

from __future__ import annotations

import pytest

from cadlink import Decider
from cadlink.backends.engine import Engine
from cadlink.certificates.data import Proof
from cadlink.certificates.kernel import check_proof
from cadlink.deciding.known_obstructions import Obstruction, Obstructions, find, known
from cadlink.patterns.group import Group
from cadlink.rules.pipeline import reduce, verdict


def conclusion(group: Group, proof: Proof) -> str:
    cells = group.to_json()
    found = check_proof(cells, proof)
    assert found.holes == ()
    return found.conclusion


KNOWN = list(known())


@pytest.mark.parametrize("one", KNOWN[::10], ids=lambda one: one.group.picture())
def test_each_is_not_closed_and_needed(one: Obstruction) -> None:
    assert conclusion(one.group, one.proof) == "not_closed"
    assert verdict(reduce(one.group)) is None  # the rules alone do not know
    others = Obstructions(other for other in KNOWN if other != one)
    assert find(one.group, others) is None  # and no other one is inside
    assert find(one.group, known()) == one.proof  # its form is canonical


@pytest.mark.parametrize("turned", [False, True])
def test_found_inside_a_larger_group(turned: bool) -> None:
    one = KNOWN[0]
    n, m = len(one.group.rows), len(one.group.cols)
    # One more row and column, on which every neuron is observed where it has support.
    graphs = [
        set(graph) | {(n, k) for k in cols} | {(j, m) for j in rows} | {(n, m)}
        for graph, (rows, cols) in zip(one.group.neurons, one.group.supports, strict=True)
    ]
    larger = Group.of(graphs).relabel(
        {j: (2 * j + 1) % (n + 1) + 3 for j in range(n + 1)}
        if (n + 1) % 2
        else {j: n - j for j in range(n + 1)},
        {k: m - k for k in range(m + 1)},
    )
    larger = larger.transpose() if turned else larger
    proof = find(larger, known())
    assert proof is not None
    assert conclusion(larger, proof) == "not_closed"


def test_settling_needs_neither_search_nor_backend(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QEPCAD", "REDLOG", "Z3"):
        monkeypatch.setenv(f"CADLINK_{name}", "off")
    with Decider(Engine(cache=None)) as alone:
        settled = alone.settle(KNOWN[-1].group)
    assert settled.conclusion == "not_closed"
    assert settled.runs == ()


def test_closed_groups_contain_none() -> None:
    assert find(Group.of_blocks([(range(4), range(4))] * 3), known()) is None
    assert find(Group.of([]), known()) is None
