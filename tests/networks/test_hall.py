"""R18: inputs that outnumber the first-layer units that see them, at any depth."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise, permutations, product
from typing import Any

import numpy as np
import pytest
from stating import accepted

from cadlink import Pattern, read
from cadlink.errors import CertificateError
from cadlink.networks.deciding import decide_network
from cadlink.networks.theorems import hall
from cadlink.networks.theorems.theorem import Case


def only(depth: int, layer: int) -> tuple[bool, ...]:
    """Biases in one layer (from 0)."""
    return tuple(place == layer for place in range(depth))


def random_pattern(seed: int, most: int = 4) -> Pattern:
    chance = np.random.default_rng(seed)
    depth = int(chance.integers(3, 5))
    widths = [int(chance.integers(1, most + 1)) for _ in range(depth + 1)]
    density = chance.choice([0.4, 0.6, 0.8, 1.0])
    layers = [chance.random((b, a)) < density for a, b in pairwise(widths)]
    return Pattern.of(layers)


def certificates(pattern: Pattern) -> Any:
    """Every possible certificate for a small network, most of them wrong."""
    inputs, units = range(pattern.widths[0]), range(pattern.widths[1])
    kinks = [[p, k] for p in range(2, pattern.depth) for k in range(pattern.widths[p])]
    for n in range(1, len(inputs)):
        for chosen in permutations(inputs, n + 1):
            for few in permutations(units, n):
                for kink in kinks:
                    yield {
                        "theorem": "R18",
                        "claim": "some_targets",
                        "inputs": list(chosen),
                        "units": list(few),
                        "kink": kink,
                    }


def applies(pattern: Pattern) -> bool:
    for witness in certificates(pattern):
        try:
            accepted(pattern, witness)
        except CertificateError:
            continue
        return True
    return False


def test_found_whenever_the_kernel_accepts_any_certificate() -> None:
    yes = 0
    for seed in range(100):
        pattern = random_pattern(seed, 3)
        found = hall.existence(Case.of(pattern))
        assert (found is not None) == applies(pattern), pattern
        yes += found is not None
    assert 10 < yes < 90


def test_random_networks_with_one_bias_only() -> None:
    """Certificate and data are accepted when only the unit k has a bias, or every unit."""
    seen, deep = 0, 0
    for seed in range(100):
        pattern = random_pattern(seed, 3)
        for biases in (*(only(pattern.depth, p) for p in range(pattern.depth)), (True,) * 5):
            biases = biases[: pattern.depth]
            exists = hall.existence(Case.of(pattern, biases))
            if exists is None:
                continue
            accepted(pattern, exists, biases=biases)
            deep += exists["kink"][0] > 2
            data = hall.some_data(Case.of(pattern, biases))
            if data is not None and len(data["X"]) < 400:
                accepted(pattern, data, biases=biases)
                seen += 1
    assert seen > 20
    assert deep > 2


GOOD: dict[str, Any] = {
    "theorem": "R18",
    "claim": "some_targets",
    "inputs": [2, 3],
    "units": [1],
    "kink": [2, 0],
}


@pytest.mark.parametrize(
    ("source", "change", "biases", "words"),
    [
        ("1110/0011;11/11;11", {}, None, "all units that see"),
        ("1100/0011;11/11;11", {}, (False, True, False), ""),
        ("1100/0011;11/11;11", {}, (True, False, True), "free biases in layer 1"),
        ("1100/0011;11/10;11", {}, None, "avoid unit 0"),
        ("1100/0011;10/11;11", {"kink": [2, 0]}, None, "a path from unit 1 to unit 0"),
        ("1100/0011;11/11;01", {}, None, "a path from unit 0 of layer 2 up"),
        ("1100/0011;11/11;11", {"kink": [1, 0]}, None, "a hidden layer after the first"),
        ("1100/0011;11/11;11", {"kink": [3, 0]}, None, "a hidden layer after the first"),
        ("1100/0011;11/11;11", {"kink": [2, 2]}, None, "a unit"),
        ("1100/0011;11/11;11", {"inputs": [1, 3]}, None, "all units that see"),
        ("1100/0011;11/11;11", {"inputs": [3, 3]}, None, "each once"),
        ("1100/0011;11/11;11", {"inputs": [3], "units": []}, None, "two inputs or more"),
        ("1100/0011;11/11;11", {"inputs": [2, 3, 0], "units": [1, 1]}, None, "each once"),
        ("1100/0011;11/11;11", {"inputs": [2, 3, 0], "units": [1, 0]}, None, ""),
        ("1100/0011;11/11;11", {"inputs": [2, 0, 3], "units": [1, 0]}, None, "seeing input 0"),
        ("1100/0011;11/11;11", {"inputs": [2, 0, 3], "units": [0, 1]}, None, "seeing input 2"),
        ("1100/0011;11/11", {}, None, "three layers"),
    ],
)
def test_each_hypothesis(
    source: str, change: dict[str, Any], biases: Sequence[bool] | None, words: str
) -> None:
    pattern = read(source)
    fields = {} if biases is None else {"biases": tuple(biases)}
    if words:
        with pytest.raises(CertificateError, match=words):
            accepted(pattern, {**GOOD, **change}, **fields)
    else:
        accepted(pattern, {**GOOD, **change}, **fields)


def test_units_that_reach_no_output_do_not_count() -> None:
    """A third first-layer unit sees the inputs, but nothing sees it."""
    accepted(read("1100/0011/1111;110/110;11"), GOOD)
    with pytest.raises(CertificateError, match="all units that see"):
        accepted(read("1100/0011/1111;110/111;11"), GOOD)


TWO = read("dense:3-2-2-1")


def test_every_change_of_one_target_is_refused() -> None:
    witness = hall.some_data(Case.of(TWO))
    assert witness is not None
    for row in range(len(witness["Y"])):
        for value in ("1/7", 0 if witness["Y"][row][0] != 0 else 1):
            changed = copy.deepcopy(witness)
            changed["Y"][row][0] = value
            with pytest.raises(CertificateError):
                accepted(TWO, changed)


def test_every_change_of_one_coordinate_is_refused() -> None:
    """Except of x_0 at x+ alone: any other point than x- there serves as well."""
    witness = hall.some_data(Case.of(TWO))
    assert witness is not None
    for row, place in product(range(0, len(witness["X"]), 7), range(3)):
        changed = copy.deepcopy(witness)
        changed["X"][row][place] = "1/7"
        with pytest.raises(CertificateError):
            accepted(TWO, changed)


def test_realised_data_are_refused() -> None:
    """The predictions of the curve's own networks: they have an optimum, which is 0."""
    for source in ("dense:2-1-2-1", "dense:3-2-2-1", "110/011;11/11;11"):
        pattern = read(source)
        witness = hall.some_data(Case.of(pattern))
        assert witness is not None
        for eps in (Fraction(1, 3), Fraction(1, 1000), Fraction(2), Fraction(-1, 5)):
            frozen = copy.deepcopy(witness)
            for layer in (*frozen["curve"]["weights"], *frozen["curve"]["biases"]):
                for entry in layer:
                    value = sum((Fraction(c) * eps**e for e, c in entry[-1]), Fraction(0))
                    entry[-1] = [[0, str(value)]] if value else []
            predict(pattern, frozen)
            with pytest.raises(CertificateError, match="target"):
                accepted(pattern, frozen)
            data = {**frozen, "theorem": "realised", "claim": "attained"}
            xs, ys = full(data, "X", pattern.widths[0]), full(data, "Y", pattern.widths[-1])
            accepted(pattern, data, question="c", inputs=xs, targets=ys)


def predict(pattern: Pattern, witness: dict[str, Any]) -> None:
    """Replace the targets by the predictions of the constant curve."""
    for row, x in enumerate(witness["X"]):
        values = {k: Fraction(v) for k, v in zip(witness["inputs"], x, strict=True)}
        for place in range(pattern.depth):
            new = {i: Fraction(s[0][1]) for i, s in witness["curve"]["biases"][place] if s}
            for i, j, series in witness["curve"]["weights"][place]:
                weight = Fraction(series[0][1]) if series else Fraction(0)
                new[i] = new.get(i, Fraction(0)) + weight * values.get(j, 0)
            last = place + 1 == pattern.depth
            values = new if last else {i: max(v, Fraction(0)) for i, v in new.items()}
        witness["Y"][row] = [str(values.get(j, 0)) for j in witness["outputs"]]


def full(witness: dict[str, Any], name: str, width: int) -> Any:
    places = witness["inputs" if name == "X" else "outputs"]
    return tuple(
        tuple(Fraction(dict(zip(places, row, strict=True)).get(k, 0)) for k in range(width))
        for row in witness[name]
    )


def test_fewer_points_than_the_pieces_need_are_refused() -> None:
    witness = hall.some_data(Case.of(TWO))
    assert witness is not None
    size = (len(witness["X"]) - 2) // 2
    for drop in ([2, 2 + size], [1 + size, 1 + 2 * size]):
        fewer = copy.deepcopy(witness)
        for row in sorted(drop, reverse=True):
            del fewer["X"][row], fewer["Y"][row]
        with pytest.raises(CertificateError, match="points"):
            accepted(TWO, fewer)


def test_dense_networks_narrower_than_their_inputs() -> None:
    """With N_1 < N_0: an optimum for every training set iff all later hidden layers have one unit.

    R13 and R18 (or R14) never contradict each other.
    """
    for widths in product((2, 3), (1, 2), (1, 2, 3), (1, 2), (1, 2)):
        for net in (widths, widths[:3] + widths[4:]):
            if net[1] >= net[0]:
                continue
            verdict = decide_network("dense:" + "-".join(map(str, net)))
            safe = all(width == 1 for width in net[2:-1])
            assert verdict.answer.value == ("optimum_guaranteed" if safe else "no_optimum"), net


def test_large_networks_get_a_certificate_in_seconds() -> None:
    import time

    chance = np.random.default_rng(0)
    widths = (784, 300, 100, 10)
    pruned = Pattern.of([chance.random((b, a)) < 0.2 for a, b in pairwise(widths)])
    start = time.process_time()
    for model in (pruned, "dense:784-300-2-2-10"):
        verdict = decide_network(model)
        assert verdict.theorem == "R18"
        assert verdict.witness is not None
        assert verdict.witness["claim"] == "some_targets"
        assert "too many" in verdict.explanation
    assert time.process_time() - start < 10
