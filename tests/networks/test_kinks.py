"""R17 and R20: targets with as many kinks on a line as the network can have, one of them a jump."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from stating import accepted

from cadlink import Pattern, read
from cadlink.errors import CertificateError
from cadlink.networks.deciding import decide_network
from cadlink.networks.theorems import narrow, saturated
from cadlink.networks.theorems.theorem import Case

HIDDEN = (True, True, False)  # free biases in the hidden layers is all the data need


def r17(source: str) -> dict[str, Any]:
    pattern = read(source)
    witness = saturated.some_data(Case.of(pattern, (True,) * (pattern.depth - 1) + (False,)))
    assert witness is not None
    return witness


def r20(source: str) -> dict[str, Any]:
    witness = narrow.some_data(Case.of(read(source), HIDDEN))
    assert witness is not None
    return witness


# -- what is accepted ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "points"),
    [
        ("dense:1-3-2-1", 30),
        ("dense:2-4-3-2", 57),
        ("dense:1-5-4-1", 87),
        ("dense:1-3-3-2-1", 120),
        ("dense:1-4-3-2-1", 150),
        ("dense:1-3-3-3-2-1", 480),
        ("111/111/111/000;1110/1110/0001;110", 30),  # a unit that is on no path to the output
        ("100/010/001/110;1111/1111/1111;011", 42),  # any first mask, one unit of no use
        ("1111/1111/1111/0001;1111/1111;11", 30),
    ],
)
def test_r17_without_an_output_bias(source: str, points: int) -> None:
    pattern = read(source)
    biases = (True,) * (pattern.depth - 1) + (False,)
    witness = r17(source)
    assert len(witness["X"]) == points
    accepted(pattern, witness, biases=biases)
    exists = saturated.existence(Case.of(pattern, biases))
    assert exists is not None
    accepted(pattern, exists, biases=biases)
    for missed in range(pattern.depth - 1):
        fewer = tuple(place != missed for place in range(pattern.depth))
        assert saturated.some_data(Case.of(pattern, fewer)) is None
        assert saturated.existence(Case.of(pattern, fewer)) is None
        with pytest.raises(CertificateError, match="bias"):
            accepted(pattern, witness, biases=fewer)
        with pytest.raises(CertificateError, match="free biases in all hidden layers"):
            accepted(pattern, exists, biases=fewer)


@pytest.mark.parametrize(
    ("source", "points"),
    [
        ("dense:1-2-2-1", 18),
        ("dense:3-2-5-2", 36),
        ("10/11;11/11/11;011/100", 18),
        ("111/011/100;110/110/011;110", 18),
        ("dense:1-1-2-2", 8),
        ("dense:2-1-7-3", 18),
        ("1;1/1/1/1;1100/0111", 12),
        ("01/10;10/11/01;110/011", 8),
    ],
)
def test_r20_without_an_output_bias(source: str, points: int) -> None:
    pattern = read(source)
    witness = r20(source)
    assert len(witness["X"]) == points
    accepted(pattern, witness, biases=HIDDEN)
    exists = narrow.existence(Case.of(pattern, HIDDEN))
    assert exists is not None
    accepted(pattern, exists, biases=HIDDEN)
    for missed in range(2):
        fewer = tuple(place != missed for place in range(3))
        assert narrow.existence(Case.of(pattern, fewer)) is None
        with pytest.raises(CertificateError, match="free biases in all hidden layers"):
            accepted(pattern, exists, biases=fewer)


def test_dense_networks_with_two_hidden_layers_are_all_decided() -> None:
    """d-n-N-m: an optimum for every training set iff N = 1 or d = n = m = 1."""
    for d, n, last, m in product((1, 2), (1, 2, 3, 4), (1, 2, 3), (1, 2)):
        verdict = decide_network(f"dense:{d}-{n}-{last}-{m}")
        safe = last == 1 or (d, n, m) == (1, 1, 1)
        assert verdict.answer.value == ("optimum_guaranteed" if safe else "no_optimum")


@pytest.mark.parametrize(
    ("source", "biases", "words"),
    [
        ("1;1/1;11", (True, True, True), ""),
        ("10;1/1;11/00", (True, True, True), ""),
        ("1;1/1;11", (True, True, False), "free biases in every layer"),
        ("1;1/1;11", (False, True, True), "free biases in every layer"),
        ("11;1/1;11", (True, True, True), "one input"),
        ("1/1;11/11;11", (True, True, True), "one first-layer unit"),
        ("1;1/1;11/01", (True, True, True), "one output"),
        ("1;1;1/1;11", (True, True, True, True), "three layers"),
    ],
)
def test_one_input_one_unit_one_output(source: str, biases: tuple[bool, ...], words: str) -> None:
    pattern, witness = read(source), {"theorem": "R20", "claim": "closed"}
    if words:
        with pytest.raises(CertificateError, match=words):
            accepted(pattern, witness, biases=biases)
        assert narrow.guaranteed(pattern, biases) is None
    else:
        accepted(pattern, witness, biases=biases)
        assert narrow.guaranteed(pattern, biases) == witness


# -- what is refused -------------------------------------------------------------------------------

R17_EXISTS = {"theorem": "R17", "claim": "some_targets", "inputs": [0], "output": 0}
R20_EXISTS = {"theorem": "R20", "claim": "some_targets", "inputs": [0], "outputs": [0]}
PAIR = {**R20_EXISTS, "outputs": [0, 1]}


@pytest.mark.parametrize(
    ("source", "witness", "words"),
    [
        ("dense:1-3-2-1", R17_EXISTS, ""),
        ("dense:1-2-2-1", R17_EXISTS, "3 units in hidden layer 1"),
        ("dense:1-3-1-1", R17_EXISTS, "2 units in hidden layer 2"),
        ("dense:1-3-2-2-1", R17_EXISTS, "3 units in hidden layer 2"),
        ("1/1/1;111/110;11", R17_EXISTS, "see all 3 of layer 1"),
        ("1/1/1;111/111;10", R17_EXISTS, "2 units in hidden layer 2"),
        ("10/10/01;111/111;11", R17_EXISTS, "3 units in hidden layer 1"),
        ("10/10/01;111/111;11", {**R17_EXISTS, "inputs": [0, 1]}, ""),
        ("dense:1-3-2-1", {**R17_EXISTS, "output": 1}, "an output"),
        ("dense:1-3-2-1", {**R17_EXISTS, "inputs": [1]}, "an input"),
        ("dense:1-3-2-1", {**R17_EXISTS, "inputs": []}, "3 units in hidden layer 1"),
        ("dense:1-3-2", R17_EXISTS, "three layers"),
        ("dense:1-2-2-1", R20_EXISTS, ""),
        ("dense:1-2-1-1", R20_EXISTS, "two units in hidden layer 2"),
        ("dense:1-3-2-1", R20_EXISTS, "units in hidden layer 1: 2"),
        ("1/1;11/10;11", R20_EXISTS, "see all 2 of layer 1"),
        ("dense:1-1-2-1", R20_EXISTS, "units in hidden layer 1: 2"),
        ("dense:1-2-2-2-1", R20_EXISTS, "three layers"),
        ("dense:1-1-2-2", PAIR, ""),
        ("dense:1-2-2-2", PAIR, "units in hidden layer 1: 1"),
        ("dense:1-1-1-2", PAIR, "two units in hidden layer 2"),
        ("1;1/1;10/01", PAIR, "feeds both"),
        ("1;1/1/1;100/111", PAIR, ""),
        ("1;1/1;11/11/11", {**PAIR, "outputs": [0, 1, 2]}, "one output or two"),
        ("1;1/1;11/11/11", {**PAIR, "outputs": [1, 1]}, "each once"),
        ("1;1/1;11/11/11", {**PAIR, "outputs": []}, "one output or two"),
    ],
)
def test_each_hypothesis_without_data(source: str, witness: dict[str, Any], words: str) -> None:
    if words:
        with pytest.raises(CertificateError, match=words):
            accepted(read(source), witness)
    else:
        accepted(read(source), witness)


@pytest.mark.parametrize(
    ("witness", "source", "words"),
    [
        (r17("dense:1-3-2-1"), "dense:1-4-2-1", "14 kinks"),
        (r17("dense:1-3-2-1"), "dense:1-3-3-1", "15 kinks"),
        (r17("dense:1-3-2-1"), "1/1/1/1;1110/1111;11", "the same units below"),
        (r20("dense:1-2-2-1"), "dense:1-3-2-1", "that vary: 2"),
        (r20("dense:1-2-2-1"), "dense:1-2-3-1", "7 windows"),
        (r20("dense:1-1-2-2"), "dense:1-2-2-2", "that vary: 1"),
        (r20("dense:1-1-2-2"), "dense:1-1-3-2", "4 bends"),
    ],
)
def test_a_network_that_has_more_kinks(witness: dict[str, Any], source: str, words: str) -> None:
    with pytest.raises(CertificateError, match=words):
        accepted(read(source), witness)


@pytest.mark.parametrize(
    ("witness", "change", "words"),
    [
        (r17("dense:1-3-2-1"), {"jump": 0}, "whose number 3 divides"),
        (r17("dense:1-3-2-1"), {"jump": 4}, "two kinks at the jump"),
        (r17("dense:1-3-2-1"), {"jump": None}, "a window"),
        (r20("dense:1-1-2-2"), {"jump": 4}, "on both sides"),
        (r20("dense:1-1-2-2"), {"bends": [1, 4]}, "3 bends"),
        (r20("dense:1-1-2-2"), {"bends": [3, 4, 6]}, "none at neighbours"),
        (r20("dense:1-1-2-2"), {"bends": [2, 4, 6]}, "a change of slope at each"),
        (r20("dense:1-1-2-2"), {"bends": [1, 4, 9]}, "a point"),
    ],
)
def test_wrong_places(witness: dict[str, Any], change: dict[str, Any], words: str) -> None:
    source = "dense:1-3-2-1" if witness["theorem"] == "R17" else "dense:1-1-2-2"
    with pytest.raises(CertificateError, match=words):
        accepted(read(source), {**witness, **change})


SMALL = [
    ("dense:1-3-2-1", r17("dense:1-3-2-1")),
    ("dense:1-4-2-1", r17("dense:1-4-2-1")),
    ("dense:1-2-2-1", r20("dense:1-2-2-1")),
    ("dense:1-1-3-2", r20("dense:1-1-3-2")),
]


@pytest.mark.parametrize(("source", "witness"), SMALL)
def test_every_change_of_one_target_is_refused(source: str, witness: dict[str, Any]) -> None:
    pattern = read(source)
    for row, values in enumerate(witness["Y"]):
        for place in range(len(values)):
            for step in (Fraction(1, 50), Fraction(-1, 7)):
                changed = copy.deepcopy(witness)
                changed["Y"][row][place] = str(Fraction(values[place]) + step)
                with pytest.raises(CertificateError):
                    accepted(pattern, changed)


@pytest.mark.parametrize(("source", "witness"), SMALL[:3])
def test_the_foot_of_the_jump_is_on_the_kink(source: str, witness: dict[str, Any]) -> None:
    """To the left of it another limit, to the right of it a network of all kinks that fits."""
    foot = 3 * (witness.get("jump", read(source).widths[2] + 1) + 1)
    for step, words in ((Fraction(-1, 10**6), "tend to"), (Fraction(1, 10**6), "one at")):
        moved = copy.deepcopy(witness)
        moved["X"][foot][0] = str(Fraction(moved["X"][foot][0]) + step)
        with pytest.raises(CertificateError, match=words):
            accepted(read(source), moved)


# -- realised data ---------------------------------------------------------------------------------

Layers = list[tuple[list[list[Fraction]], list[Fraction]]]


def network_of(pattern: Pattern, witness: dict[str, Any], eps: Fraction, chance: Any) -> Layers:
    """The network on the curve at eps, every parameter moved a little."""

    def value(series: Any) -> Fraction:
        total = sum((Fraction(c) * eps**e for e, c in series), Fraction(0))
        return total * (1 + Fraction(chance.randint(-9, 9), 400))

    layers = []
    for place, mask in enumerate(pattern.layers):
        height, width = mask.shape
        weight = [[Fraction(0)] * width for _ in range(height)]
        bias = [Fraction(0)] * height
        for i, j, series in witness["curve"]["weights"][place]:
            weight[i][j] = value(series)
        for i, series in witness["curve"]["biases"][place]:
            bias[i] = value(series)
        layers.append((weight, bias))
    return layers


def predictions(layers: Layers, t: Fraction) -> list[Fraction]:
    values = [t] * len(layers[0][0][0])
    for place, (weight, bias) in enumerate(layers):
        values = [
            sum((w * v for w, v in zip(row, values, strict=True)), b)
            for row, b in zip(weight, bias, strict=True)
        ]
        if place + 1 < len(layers):
            values = [max(v, Fraction(0)) for v in values]
    return values


def kinks(layers: Layers) -> list[tuple[Fraction, list[Fraction]]]:
    """Where the outputs bend on the line, and how: exact."""
    cuts = [Fraction(-1000), Fraction(1000)]
    for depth in range(1, len(layers)):
        part = layers[:depth]
        found = set(cuts)
        for s, t in pairwise(cuts):
            for a, b in zip(predictions(part, s), predictions(part, t), strict=True):
                if a * b < 0:
                    found.add(s + (t - s) * a / (a - b))
        cuts = sorted(found)
    slopes = [
        [
            (b - a) / (t - s)
            for a, b in zip(predictions(layers, s), predictions(layers, t), strict=True)
        ]
        for s, t in pairwise(cuts)
    ]
    bends = [[b - a for a, b in zip(low, high, strict=True)] for low, high in pairwise(slopes)]
    return [(t, bend) for t, bend in zip(cuts[1:-1], bends, strict=True) if any(bend)]


def frozen(witness: dict[str, Any], layers: Layers, times: Sequence[Fraction]) -> dict[str, Any]:
    """A witness with the network's own predictions, for a curve that does not move."""
    weights = [
        [[i, j, [[0, str(v)]]] for i, row in enumerate(w) for j, v in enumerate(row) if v]
        for w, _ in layers
    ]
    biases = [[[i, [[0, str(v)]]] for i, v in enumerate(b) if v] for _, b in layers]
    return {
        **witness,
        "X": [[str(t)] for t in times],
        "Y": [[str(v) for v in predictions(layers, t)] for t in times],
        "curve": {"weights": weights, "biases": biases},
    }


def around(bends: Sequence[Fraction], jump: int, chance: random.Random) -> list[Fraction]:
    """Three points between kinks, close to them or not, but kinks jump and jump + 1 together."""
    groups = [(t, t) for t in bends]
    groups[jump : jump + 2] = [(bends[jump], bends[jump + 1])]
    edges = [(bends[0] - 2,) * 2, *groups, (bends[-1] + 2,) * 2]
    times = []
    for (_, low), (high, _) in pairwise(edges):
        gap = high - low
        near, far = (Fraction(chance.randint(1, 7), chance.choice([16, 200])) for _ in range(2))
        times += [low + gap * near, low + gap / 2, high - gap * far]
    return times


@pytest.mark.parametrize("source", ["dense:1-3-2-1", "dense:1-2-2-1", "dense:1-2-3-1"])
def test_data_that_a_network_of_all_kinks_realises_are_refused(source: str) -> None:
    """For the networks beside the curve, which have as many kinks as the targets need.

    The curve does not move, so that the predictions are right, and only the check that the targets
    are missed can refuse.
    """
    pattern, chance = read(source), random.Random(3)
    first, last = pattern.widths[1:3]
    witness = r17(source) if first == 3 else r20(source)
    most = (first + 1) * (last + 1) - 1 if first == 3 else 2 * last + 2
    tried = 0
    for _ in range(150 if first == 3 else 50):
        eps = Fraction(1, chance.choice([20, 50, 300]))
        layers = network_of(pattern, witness, eps, chance)
        bends = kinks(layers)
        if len(bends) != most:
            continue
        places = [t for t, _ in bends]
        for jump in range(most - 1):
            if bends[jump][1][0] * bends[jump + 1][1][0] > 0:
                continue
            data = frozen(witness, layers, around(places, jump, chance))
            with pytest.raises(CertificateError) as caught:
                accepted(pattern, {**data, "jump": jump})
            assert "tend to" not in str(caught.value)
            tried += 1
    assert tried > 60


def test_two_outputs_that_a_network_of_all_kinks_realises_are_refused() -> None:
    """R20 (ii): whatever points are said to bend."""
    pattern, chance = read("dense:1-1-3-2"), random.Random(5)
    witness = r20("dense:1-1-3-2")
    tried = 0
    for _ in range(12):
        layers = network_of(pattern, witness, Fraction(1, chance.choice([4, 20, 100])), chance)
        times = [Fraction(chance.randint(-400, 1200), 100) for _ in range(12)]
        data = frozen(witness, layers, sorted({*times, *map(Fraction, range(-1, 9))}))
        size = len(data["X"])
        for jump in range(2, size - 2):
            others = [i for i in range(1, size - 1) if abs(i - jump) > 2]
            bends = sorted({jump - 1, jump + 1, *chance.sample(others, 2)})
            with pytest.raises(CertificateError) as caught:
                accepted(pattern, {**data, "bends": bends, "jump": jump})
            assert "tend to" not in str(caught.value)
            tried += 1
    assert tried > 150


def test_the_control_beside_the_jump_is_realised() -> None:
    """1-2-2-1 with the foot of the jump moved off the kink, along the targets' line: fitted exactly
    by two units with kinks left and right of the gap."""
    witness = r20("dense:1-2-2-1")
    times = [Fraction(x[0]) for x in witness["X"]]
    foot = times.index(Fraction(8))
    times[foot] = Fraction(8) + Fraction(1, 8)
    steep = 1 / (2 / (times[foot] - 8) + 1)  # z_1 reaches 0 a little before the foot
    layers: Layers = [
        ([[Fraction(1)], [Fraction(1)]], [Fraction(0), Fraction(-8)]),
        (
            [[Fraction(1), -1 / steep], [Fraction(-1), Fraction(2)]],
            [Fraction(-6), Fraction(1)],
        ),
        ([[Fraction(1), Fraction(1)]], [Fraction(0)]),
    ]
    data = frozen(witness, layers, times)
    assert data["Y"][:foot] == [[str(Fraction(y[0]))] for y in witness["Y"][:foot]]
    assert data["Y"][foot:] == [[str(Fraction(y[0]))] for y in witness["Y"][foot:]]
    with pytest.raises(CertificateError):
        accepted(read("dense:1-2-2-1"), data)


def test_a_jump_exactly_as_steep_as_a_network_allows_is_refused() -> None:
    """R20 (i): the unit of the first kink has its peak at the last one before the jump, its other
    kink at d."""
    layers: Layers = [
        ([[Fraction(1)], [Fraction(-1)]], [Fraction(0), Fraction(12)]),
        ([[Fraction(-5), Fraction(-1)], [Fraction(2), Fraction(1)]], [Fraction(16), Fraction(-14)]),
        ([[Fraction(-1), Fraction(1)]], [Fraction(0)]),
    ]
    assert [t for t, _ in kinks(layers)] == [-4, -2, 0, 1, 2, 12]
    texts = "-7 -6 -5 -15/4 -3 -9/4 -7/4 -1 -1/4 1/4 1/2 1 2 5 10 14 15 16"
    data = frozen(r20("dense:1-2-2-1"), layers, [Fraction(text) for text in texts.split()])
    with pytest.raises(CertificateError, match="a jump steeper than the first kink allows"):
        accepted(read("dense:1-2-2-1"), data)


def test_large_networks_in_seconds() -> None:
    import time

    start = time.process_time()
    for source, claim in (
        ("dense:784-300-100-10", "some_targets"),
        ("dense:100-300-300-300-10", "some_targets"),
        ("dense:10-20-20-1", "not_closed"),
        ("dense:1-1000-2-1", "some_targets"),
    ):
        verdict = decide_network(source)
        assert verdict.theorem == "R17"
        assert verdict.witness is not None
        assert verdict.witness["claim"] == claim
    assert time.process_time() - start < 15


def test_single_inputs_make_smaller_sets() -> None:
    """All three inputs move 6 units, input 0 alone moves 3."""
    pattern = Pattern.of(["111/111/111/011/011/011", np.ones((2, 6)), "11"])
    witness = saturated.some_data(Case.of(pattern, HIDDEN))
    assert witness is not None
    assert (witness["inputs"], len(witness["X"])) == ([0], 30)
    accepted(pattern, witness, biases=HIDDEN)
