"""R25: where parameters can be read off the functions, an input that is ignored stays so."""

from __future__ import annotations

import copy
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from stating import accepted, guarantee

from cadlink import Pattern, read
from cadlink.errors import CertificateError, InputError
from cadlink.networks.data import training_set
from cadlink.networks.deciding import decide_network
from cadlink.networks.kernel.identified import MOST_BIAS, Part, Severed, _modulo, part_of
from cadlink.networks.kernel.witness import PRIME
from cadlink.networks.theorems import identified
from cadlink.networks.theorems.theorem import Case
from cadlink.patterns.pattern import MAX_WIDTH
from cadlink.rules.paths import on_paths


def sparse(seed: int, widths: tuple[int, ...], density: float) -> Pattern:
    """Random masks without empty rows or columns."""
    chance = np.random.default_rng(seed)
    masks = []
    for below, above in pairwise(widths):
        mask = chance.random((above, below)) < density
        mask[np.arange(above), chance.integers(0, below, above)] = True
        mask[chance.integers(0, above, below), np.arange(below)] = True
        masks.append(mask)
    return Pattern.of(masks)


def without(pattern: Pattern, biases: Any, left_out: int, together: list[int]) -> Part:
    """Without one input, some others together."""
    others = [k for k in range(pattern.widths[0]) if k != left_out]
    return part_of(pattern, biases, on_paths(pattern, others), together)


def witness_of(pattern: Pattern, biases: tuple[bool, ...] | None = None) -> dict[str, Any]:
    found = identified.existence(Case.of(pattern, biases))
    assert found is not None, pattern
    return found


@pytest.mark.parametrize(
    ("widths", "density"),
    [
        ((3, 5, 5, 2), 0.7),
        ((4, 6, 6, 3), 0.5),
        ((6, 9, 9, 9, 4), 0.4),
        ((6, 9, 9, 9, 9, 1), 0.5),
        ((20, 40, 40, 5), 0.15),
    ],
)
def test_random_sparse_networks_have_a_witness(widths: tuple[int, ...], density: float) -> None:
    found = 0
    for seed in range(4):
        pattern = sparse(seed, widths, density)
        witness = identified.existence(Case.of(pattern))
        if witness is not None:
            found += 1
            assert accepted(pattern, witness).theorem == "R25"
    assert found >= 3


def functions(limit: Severed, parameters: Any, points: Any) -> Any:
    """g at the points, written down once more; there is no parameter for the severed weight."""
    part, used, values = limit.part, 0, points
    on: Any = None
    for layer, mask in enumerate(part.masks):
        shown = mask.copy()
        if layer == 1:
            shown[limit.severed, limit.unit] = False
        biased = part.biased if layer + 1 == len(part.masks) else np.ones(len(mask), dtype=bool)
        table, shift = np.zeros(mask.shape), np.zeros(len(mask))
        for into, where in ((table, shown), (shift, biased)):
            into[where] = parameters[used : used + int(where.sum())]
            used += int(where.sum())
        received = values @ table.T + shift
        active = received > 0
        if layer == 1:
            active[on[:, limit.unit], limit.severed] = False
        on = active
        values = received * active
    assert used == len(parameters)
    return received


@pytest.mark.parametrize("output_bias", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_the_functions_have_the_dimension_that_the_proof_counts(
    seed: int, output_bias: bool
) -> None:
    """The rank of the derivative near the points of the witness, by differences."""
    pattern = sparse(seed, (4, 6, 6, 3), 0.5)
    biases = (True, True, output_bias)
    witness = witness_of(pattern, biases)
    part = without(pattern, biases, witness["input"], witness["together"])
    unit = part.units[1].tolist().index(witness["unit"])
    severed = part.units[2].tolist().index(witness["severed"])
    given = [np.array(row, dtype=float) for row in witness["biases"]]
    limit = Severed(part, unit, severed, witness["seed"], given)
    numbers: list[float] = []
    for layer, (weights, mask) in enumerate(zip(limit.weights, part.masks, strict=True)):
        shown = mask.copy()
        if layer == 1:
            shown[severed, unit] = False
        numbers += weights[shown].tolist()
        last = layer + 1 == len(part.masks)
        numbers += [1.0] * int(part.biased.sum()) if last else given[layer].tolist()
    near = np.random.default_rng(seed).uniform(-1e-2, 1e-2, (8, part.masks[0].shape[1]))
    points = np.vstack(
        [
            np.array(start) + step * np.array(direction) + near
            for start, direction, steps in witness["lines"]
            for step in steps
        ]
    )
    here = functions(limit, np.array(numbers), points)
    slopes = []
    for place in range(len(numbers)):  # in one parameter the functions are affine nearby
        moved = np.array(numbers)
        moved[place] += 1e-6
        slopes.append(1e6 * (functions(limit, moved, points) - here).ravel())
    table = np.array(slopes)
    table /= np.linalg.norm(table, axis=1, keepdims=True)
    rank = int(np.linalg.matrix_rank(table, rtol=1e-5))
    assert rank == len(numbers) - sum(part.hidden)  # n - 1 - H


def test_a_verdict_that_names_it() -> None:
    pattern = sparse(3, (6, 9, 9, 9, 4), 0.4)
    verdict = decide_network(pattern)
    assert (verdict.answer.value, verdict.theorem) == ("no_optimum", "R25")
    assert "how many points force the weights was not computed" in verdict.explanation
    with pytest.raises(InputError, match="no theorem gives explicit data"):
        training_set(verdict)
    assert decide_network(pattern, bias=[False, True, True, True]).theorem != "R25"
    assert decide_network(pattern, bias=[True, True, True, False]).theorem == "R25"


def test_nothing_is_found_where_every_training_set_has_an_optimum() -> None:
    """R13 and R20: small networks, and some that are not so small."""
    chance = np.random.default_rng(0)
    safe = 0
    for _ in range(150):
        depth = int(chance.integers(3, 5))
        widths = chance.integers(1, 4, depth + 1).tolist()
        layers = [chance.random((b, a)) < 0.6 for a, b in pairwise(widths)]
        pattern = Pattern.of(layers)
        if guarantee(pattern):
            safe += 1
            assert identified.existence(Case.of(pattern)) is None, pattern
    assert safe > 40
    for source in ("dense:6-8-1-5", "dense:9-9-1-1", "dense:1-1-7-1"):
        assert identified.existence(Case.of(read(source))) is None


def test_an_output_that_a_constant_unit_feeds_has_as_good_as_a_bias() -> None:
    """Without output biases a last hidden unit without inputs adds any constant."""
    plain = sparse(1, (4, 6, 6, 2), 0.6)
    layers = [layer.toarray() for layer in plain.layers]
    layers[1] = np.vstack((layers[1], np.zeros((1, 6), dtype=bool)))
    layers[2] = np.column_stack((layers[2], [True, False]))
    pattern = Pattern.of(layers)
    biases = (True, True, False)
    assert without(pattern, biases, 0, [1]).biased.tolist() == [True, False]
    assert without(plain, biases, 0, [1]).biased.tolist() == [False, False]
    assert accepted(pattern, witness_of(pattern, biases), biases=biases).theorem == "R25"


# -- every hypothesis ------------------------------------------------------------------------------

DEEP = sparse(3, (6, 9, 9, 9, 4), 0.4)


@pytest.fixture(scope="module")
def witness() -> dict[str, Any]:
    return witness_of(DEEP)


def refused(pattern: Pattern, witness: dict[str, Any], words: str, **fields: Any) -> None:
    with pytest.raises(CertificateError, match=words):
        accepted(pattern, witness, **fields)


def test_it_is_about_hidden_biases_and_two_hidden_layers(witness: dict[str, Any]) -> None:
    accepted(DEEP, witness)
    for layer in range(3):
        biases = tuple(place != layer for place in range(4))
        refused(DEEP, witness, "free biases in all hidden layers", biases=biases)
    refused(Pattern.of(["111/111", "11"]), witness, "three layers or more")
    refused(DEEP, witness, "activation", activation="leaky_relu")


def test_inputs_and_units_must_be_what_they_are_said_to_be(witness: dict[str, Any]) -> None:
    left_out, together = witness["input"], witness["together"]
    seeing = DEEP.layers[0][:, [left_out]].toarray().ravel()
    covering = DEEP.layers[0][:, together].toarray().any(axis=1)
    assert covering[seeing].all()
    alone = next(
        k
        for k in range(6)
        if k != left_out and (~DEEP.layers[0][:, [k]].toarray().ravel() & seeing).any()
    )
    refused(DEEP, {**witness, "together": [alone]}, "see one of the others")
    refused(DEEP, {**witness, "together": sorted({left_out, *together})}, "inputs other than")
    refused(DEEP, {**witness, "together": []}, "at least one input")
    other = int(np.flatnonzero(~seeing)[0])
    refused(DEEP, {**witness, "unit": other}, "a unit on input")
    fed = DEEP.layers[1][:, [witness["unit"]]].toarray().ravel()
    other = int(np.flatnonzero(~fed)[0])
    refused(DEEP, {**witness, "severed": other}, f"unit {other} seeing unit")


def test_the_point_must_be_one_where_the_limit_jumps(witness: dict[str, Any]) -> None:
    unit = witness["unit"]
    seen = int(DEEP.layers[0][[unit], :].indices[0])
    part = without(DEEP, (True,) * 4, witness["input"], witness["together"])
    joined = seen == witness["input"] or seen in witness["together"]
    column = 0 if joined else 1 + part.units[0].tolist().index(seen)
    moved = copy.deepcopy(witness)
    moved["point"][column] += 2
    refused(DEEP, moved, "a point where the unit, and no other, receives 0")
    off = copy.deepcopy(witness)
    off["biases"][1][part.units[2].tolist().index(witness["severed"])] = -(10**9)
    refused(DEEP, off, "the severed unit being on there")
    dull = copy.deepcopy(witness)
    dull["biases"][2] = [-(10**9)] * len(dull["biases"][2])
    refused(DEEP, dull, "outputs that depend on the severed unit")


def test_every_unit_must_be_known(witness: dict[str, Any]) -> None:
    refused(DEEP, {**witness, "lines": []}, "changes of one unit")
    refused(DEEP, {**witness, "lines": witness["lines"][:1]}, "that show|being known")
    words = set()
    for number, line in enumerate(witness["lines"]):
        for step in line[2]:
            fewer = copy.deepcopy(witness)
            fewer["lines"][number][2].remove(step)
            if not fewer["lines"][number][2]:
                continue
            try:
                accepted(DEEP, fewer)
            except CertificateError as error:
                words.add(error.expected.split(" ", 4)[-1])
    assert any("that show" in text for text in words), words
    assert any("being known" in text for text in words), words


def test_no_unit_may_receive_zero_and_no_number_may_be_rounded(witness: dict[str, Any]) -> None:
    place = next(i for i, line in enumerate(witness["lines"]) if len(line[2]) >= 2)
    start, direction, steps = witness["lines"][place]
    # alpha on a line: there the unit receives 0
    through = [*witness["lines"], [witness["point"], [0] * len(start), [0, 1]]]
    refused(DEEP, {**witness, "lines": through}, "points where no unit receives 0")
    far = [[[1 << 39] * len(start), direction, steps], *witness["lines"]]
    huge = copy.deepcopy(witness)
    huge["lines"] = far
    huge["biases"][2][0] = 1 << 39
    huge["lines"][0][0] = [1 << 39] * len(start)
    huge["lines"][0][1] = [1 << 39] * len(start)
    huge["lines"][0][2] = [(1 << 39) - 1, 1 << 39]
    refused(DEEP, huge, "values below 2\\^53")


def test_the_last_layer_must_be_known(witness: dict[str, Any]) -> None:
    part = without(DEEP, (True,) * 4, witness["input"], witness["together"])
    given = [np.array(row, dtype=float) for row in witness["biases"]]
    limit = Severed(part, 0, 0, 0, given)
    chance = np.random.default_rng(0)
    values = chance.integers(1, 1000, (part.hidden[-1], 60)).astype(float)
    assert limit.outputs_known(values)
    feeding = np.flatnonzero(part.masks[-1].any(axis=0))
    values[feeding[0]] = 0  # a unit that is never on
    assert not limit.outputs_known(values)
    values[feeding[0]] = 1  # or constant, beside a bias
    assert not limit.outputs_known(values)


def test_weights_are_on_the_masks_small_and_not_zero(witness: dict[str, Any]) -> None:
    part = without(DEEP, (True,) * 4, witness["input"], witness["together"])
    given = [np.array(row, dtype=float) for row in witness["biases"]]
    limit = Severed(part, 0, int(np.flatnonzero(part.masks[1][:, 0])[0]), 5, given)
    for layer, (weights, mask) in enumerate(zip(limit.weights, part.masks, strict=True)):
        shown = mask.copy()
        if layer == 1:
            shown[limit.severed, limit.unit] = False
        assert (weights[~shown] == 0).all()
        assert set(np.abs(weights[shown])) <= {1, 2, 3}
    assert len({weight for weights in limit.weights for weight in weights.ravel()}) == 7


# -- files that are made to be slow ----------------------------------------------------------------


def jumping(pattern: Pattern, lines: list[Any]) -> dict[str, Any]:
    """A witness whose point, all 0, is as it must be, and with these lines."""
    part = without(pattern, (True,) * pattern.depth, 0, [1])
    given = [np.full(width, 1 + 100.0 ** (layer + 1)) for layer, width in enumerate(part.hidden)]
    given[0][0] = 0
    point = np.zeros((1, part.masks[0].shape[1]))
    for seed in range(100):
        limit = Severed(part, 0, 0, seed, given)
        if limit.derivatives(limit.activity(point)[0])[1][0, 0]:
            break
    return {
        "theorem": "R25",
        "claim": "some_targets",
        "input": 0,
        "together": [1],
        "unit": 0,
        "severed": 0,
        "seed": seed,
        "biases": [row.astype(int).tolist() for row in given],
        "point": [0] * point.size,
        "lines": lines,
    }


def test_the_check_takes_no_longer_than_it_says() -> None:
    """Masks cost what they are large, however few edges they have; and so do points."""
    wide = np.eye(700, dtype=bool)
    wide[0, :2] = True
    first = np.ones((700, 3), dtype=bool)
    first[2:, 0] = False
    pattern = Pattern.of([first, wide, wide, np.ones((1, 700), dtype=bool)])
    few = jumping(pattern, [[[2, 2], [0, 0], [0]]])
    refused(pattern, few, "changes of one unit")
    refused(pattern, {**few, "lines": few["lines"] * 2000}, "quick to check")
    wide = np.ones((3, 20_000), dtype=bool)
    pattern = Pattern.of([wide, np.ones((3, 3), dtype=bool), ["111"]])
    few = jumping(pattern, [[[2] * 19_999, [0] * 19_999, [0]]])
    refused(pattern, few, "changes of one unit")
    few["lines"][0][2] = list(range(50_000))  # 8 GB of coordinates
    refused(pattern, few, "quick to check")


def test_outputs_with_the_same_units_are_known_together() -> None:
    """The last layer is checked once for each kind of output, not once for each."""
    pattern = read("dense:12-20-20-900")
    assert accepted(pattern, witness_of(pattern)).theorem == "R25"


def test_residues_are_exact_up_to_the_last_integer() -> None:
    chance, most = np.random.default_rng(0), 2**53 - 2**31
    assert most > 3 * MAX_WIDTH * PRIME + MOST_BIAS  # all that comes
    numbers = [
        *chance.integers(-most, most + 1, 2000).tolist(),
        *(sign * (most - k) for sign in (1, -1) for k in range(50)),
        *(k * PRIME + d for k in range(-(2**21), 2**21, 2**16) for d in (-1, 0, 1)),
    ]
    found = _modulo(np.array(numbers, dtype=np.float64))
    assert found.tolist() == [number % PRIME for number in numbers]
