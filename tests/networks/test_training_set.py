"""Training sets: exact, in the box, checked by the kernel; the sequence really minimises."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cadlink import Limits, read
from cadlink.errors import CertificateError, InputError
from cadlink.networks import (
    NetworkAnswer,
    Question,
    TrainingSet,
    decide_network,
    training_set,
)
from cadlink.networks.experiments.sequence import minimising_sequence
from cadlink.networks.verdict import training_data

CASES = (
    ("lu:2", "R1", 5),
    ("lu:2", "R3", 4),
    ("lu:2", "N1", 9),
    ("lu:100", None, 4),
    ("lu:100", "N1", 9),
    ("dense:2-2-2", "R1", 5),
    ("dense:2-1-2-1", "R14", 15),
    ("dense:2-1-2-1", "R18", 19),
    ("dense:3-2-2-1", "R18", 100),
    ("dense:1-3-2-1", "R17", 30),
    ("dense:1-2-2-1", "R20", 18),
    ("dense:1-1-2-2", "R20", 8),
    ("110/011/111;110/011/101", "N1", 25),
    ("110/011/111;110/011/101", None, 4),
)


def made(source: str, theorem: str | None, box: float = 1.0) -> TrainingSet:
    return training_set(decide_network(source), theorem, box)


@pytest.mark.parametrize(("source", "theorem", "points"), CASES)
@pytest.mark.parametrize("box", [1.0, 0.3, 1000.0])
def test_sets(source: str, theorem: str | None, points: int, box: float) -> None:
    data = made(source, theorem, box)
    assert len(data) == points
    assert theorem in (None, data.theorem)
    assert max(abs(v) for x in data.X for v in x) <= Fraction(box)
    data.check()
    for exact, floats in zip((data.X, data.Y), data.to_numpy(), strict=True):
        assert [[Fraction(v) for v in row] for row in floats.tolist()] == [list(r) for r in exact]
    losses = [data.parameters(k).loss(data.X, data.Y) for k in (0, 4, 8, 12)]
    assert all(0 < late < early for early, late in pairwise(losses))
    assert losses[3] * 200 < losses[2]  # O(4^-k)
    assert data.parameters(30).largest > 2 * data.parameters(12).largest


def test_points_of_n1_are_in_general_position() -> None:
    data = made("lu:2", "N1")
    for a, b, c in combinations(data.X, 3):
        assert (b[0] - a[0]) * (c[1] - a[1]) != (b[1] - a[1]) * (c[0] - a[0])


def test_parameters_stay_on_the_masks_and_agree_with_torch() -> None:
    data = made("lu:3", "N1")
    xs, ys = data.to_torch()
    for k in (0, 3, 8):
        at = data.parameters(k)
        weights, biases = at.to_numpy()
        value = xs
        for layer, (weight, bias, mask) in enumerate(
            zip(weights, biases, data.pattern.layers, strict=True)
        ):
            assert not weight[~mask.toarray()].any()
            value = value @ torch.from_numpy(weight).T + torch.from_numpy(bias)
            value = torch.relu(value) if layer == 0 else value
        assert float(((value - ys) ** 2).sum()) == pytest.approx(float(at.loss(data.X, data.Y)))
        assert at.norm >= float(at.largest)


def test_the_kernel_notices_a_changed_target() -> None:
    data = made("lu:2", "N1")
    witness = {**data.witness, "Y": [[0, 0], *data.witness["Y"][1:]]}
    changed = replace(data, witness=witness)
    with pytest.raises(CertificateError):
        changed.check()


def test_minimising_sequence_of_the_verdict_itself() -> None:
    verdict = decide_network("lu:2")
    found = training_data(verdict)
    assert found is not None
    losses = [minimising_sequence(verdict, k).loss(*found) for k in range(6)]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] > 0
    for k in (-1, 10_000):
        with pytest.raises(InputError, match="expected a number from 0"):
            minimising_sequence(verdict, k)


def test_given_inputs_stay_as_they_are() -> None:
    line = [[0.0, 0.5], [1.0, 0.5], [2.0, 0.5], [4.0, 0.5]]
    verdict = decide_network("dense:2-2-2", Question.THESE_INPUTS, inputs=line)
    data = training_set(verdict)
    assert data.to_numpy()[0].tolist() == line
    with pytest.raises(InputError, match="rests on"):
        training_set(verdict, "N1")


@pytest.mark.parametrize("suffix", [".npz", ".csv", ".pt"])
def test_export(suffix: str, tmp_path: Path) -> None:
    data = made("110/011/111;110/011/101", "N1")
    path = tmp_path / f"data{suffix}"
    data.save(path)
    found: Any
    if suffix == ".npz":
        loaded = np.load(path, allow_pickle=False)
        found = loaded["X"], loaded["Y"]
    elif suffix == ".csv":
        table = np.loadtxt(path, delimiter=",", skiprows=1)
        found = table[:, :3], table[:, 3:]
    else:
        loaded = torch.load(path, weights_only=True)
        found = loaded["X"].numpy(), loaded["Y"].numpy()
    for kept, made_ in zip(found, data.to_numpy(), strict=True):
        assert (kept == made_).all()


def test_refusals(tmp_path: Path) -> None:
    verdict = decide_network("lu:2")
    with pytest.raises(InputError, match="R14 gives no explicit data"):
        training_set(verdict, "R14")
    with pytest.raises(InputError, match="expected one of"):
        training_set(verdict, "R99")
    with pytest.raises(InputError, match="positive"):
        training_set(verdict, box=float("nan"))
    with pytest.raises(InputError, match="optimum_guaranteed"):
        training_set(decide_network("dense:2-2-1"))
    with pytest.raises(InputError, match=r"\.npz, \.csv or \.pt"):
        training_set(verdict).save(tmp_path / "data.xls")


@pytest.mark.parametrize("bias", [[True, False], [False, True], [False, False]])
@pytest.mark.parametrize("source", ["lu:2", "110/011/111;110/011/101"])
def test_missing_biases_are_not_used(source: str, bias: list[bool]) -> None:
    """N1 needs none: near a suitable point all units are active, up to signs."""
    verdict = decide_network(source, bias=bias)
    for theorem in (None, "N1"):
        data = training_set(verdict, theorem)
        assert list(data.biases) == bias
        late, later = (data.parameters(k) for k in (10, 20))
        for has, values in zip(bias, late.biases, strict=True):
            assert has or not any(values.values())
        assert 0 < later.loss(data.X, data.Y) * 1000 < late.loss(data.X, data.Y) < 1
        assert max(abs(v) for x in data.X for v in x) <= 1


def test_a_deep_network_without_biases() -> None:
    data = training_set(decide_network("011/110;11/10/00;111/111", bias=False))
    assert (data.theorem, len(data), data.biases) == ("N1", 49, (False,) * 3)


def test_pattern_of_the_set() -> None:
    assert made("lu:2", None).pattern == read("lu:2")


def test_few_points_for_wide_triangular_masks() -> None:
    """Only two units see the second input of an upper triangular mask."""
    verdict = decide_network("lu:40")
    data = training_set(verdict)
    assert verdict.witness is not None
    assert (len(verdict.witness["X"]), len(data), data.theorem) == (5, 4, "R3")
    assert len(training_set(verdict, "N1")) == 9


@pytest.mark.parametrize("source", ["lu:2", "11;1/1;11", "dense:3-2-2-1", "dense:1-3-2-1"])
def test_cadlink_knows_its_own_data(source: str) -> None:
    """Scaled in any way that the theorem allows, and in any order; not with one target changed."""
    first = decide_network(source)
    for theorem in (None, first.theorem):
        xs, ys = training_set(first, theorem, 3.0).to_numpy()
        again = decide_network(source, "c", xs[::-1], ys[::-1])
        assert again.answer is NetworkAnswer.NO_OPTIMUM
        ys[1, 0] += 0.125
        assert decide_network(source, "c", xs, ys, limits=Limits(2)).answer in (
            NetworkAnswer.UNKNOWN,
            NetworkAnswer.OPTIMUM_GUARANTEED,
        )
