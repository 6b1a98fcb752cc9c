"""Canonical forms: equal for isomorphic problems only, and proofs carried along."""

from __future__ import annotations

import itertools
import time

import numpy as np
import pytest

from cadlink.certificates import kernel
from cadlink.database.forms import form_of, normal_form_of, parse, standard
from cadlink.errors import InputError
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.pipeline import Tree, proof, reduce, verdict


def random_pattern(seed: int, *widths: int) -> Pattern:
    rng = np.random.default_rng(seed)
    return Pattern.of([rng.random((b, a)) < 0.6 for a, b in itertools.pairwise(widths)])


def groups(tree: Tree) -> list[Group]:
    own = [tree.problem] if isinstance(tree.problem, Group) and tree.problem.neurons else []
    return own + [group for part in tree.parts for group in groups(part)]


@pytest.mark.parametrize("widths", [(4, 4, 4), (3, 5, 2), (2, 3, 4), (2, 3, 2, 3)])
def test_renumbering_and_reversing_change_nothing(widths: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    for seed in range(20):
        pattern = random_pattern(seed, *widths)
        if not pattern.support().nnz:
            continue
        moved = pattern.permute([rng.permutation(width) for width in pattern.widths])
        assert form_of(moved) == form_of(pattern) == form_of(moved.transpose())


def test_different_classes_have_different_forms() -> None:
    masks = [
        [[a, b], [c, d]] for a, b, c, d in itertools.product((0, 1), repeat=4) if a | b | c | d
    ]
    patterns = [Pattern.of([lower, upper]) for lower in masks for upper in masks]
    patterns = [p for p in patterns if p.support().nnz]
    forms = {form_of(p) for p in patterns}
    trimmed = {standard(p).problem.digest for p in patterns}  # type: ignore[union-attr]
    assert len(forms) == len(trimmed)


def test_idle_units_do_not_matter() -> None:
    assert form_of(Pattern.of(["1100/0110/0000", "101/011/000"])) == form_of(
        Pattern.of(["110/011", "10/01"])
    )
    assert form_of(Pattern.of(["11", "0/0"])) == ""
    with pytest.raises(InputError, match="no unit"):
        standard(Pattern.of(["11", "0/0"]))


def test_proofs_are_carried_to_the_problem() -> None:
    carried = 0
    for seed in range(25):
        pattern = random_pattern(seed, 4, 3, 4)
        if not pattern.support().nnz:
            continue
        place = standard(pattern)
        assert parse(place.form) == place.problem
        tree = reduce(place.problem)
        if verdict(tree) is not None:
            kernel.check_proof(pattern, place.carry(proof(tree)))
            carried += 1
        for group in groups(tree):
            other = standard(group)
            assert parse(other.form) == other.problem
            inner = reduce(other.problem)
            if verdict(inner) is not None:
                cells = group.to_json()
                kernel.check_proof(cells, other.carry(proof(inner)))
                carried += 1
    assert carried > 20


def test_normal_forms_have_the_same_verdict() -> None:
    compared = 0
    for seed in range(40):
        pattern = random_pattern(seed, 3, 6, 3)
        form = normal_form_of(pattern)
        assert form is not None
        one, other = verdict(reduce(pattern)), verdict(reduce(parse(form)))
        if one is not None and other is not None:
            assert (one == "not_closed") == (other == "not_closed")
            compared += 1
    assert compared > 20


def test_fast_enough_for_look_ups() -> None:
    patterns = [random_pattern(seed, 4, 4, 4) for seed in range(50)]
    form_of(patterns[0])
    times = []
    for pattern in patterns:
        start = time.perf_counter()
        form_of(pattern)
        times.append(time.perf_counter() - start)
    assert sorted(times)[len(times) // 2] < 0.001
