"""Small chains that are not closed, found as restrictions of others; the kernel has the word."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest

from cadlink.certificates.kernel import check_proof
from cadlink.clock import UNLIMITED, Clock, OutOfTime
from cadlink.deciding.deep_obstructions import find, known
from cadlink.patterns.masks import read
from cadlink.patterns.pattern import Pattern


def shuffled(width: int, rng: random.Random) -> Sequence[int]:
    return rng.sample(range(width), width)


@pytest.mark.parametrize("place", range(len(known())))
def test_every_isomorphic_chain_is_found(place: int) -> None:
    core, proof = known()[place]
    assert check_proof(core, proof).conclusion == "not_closed"
    rng = random.Random(0)
    for turned in (False, True):
        for _ in range(5):
            moved = core.permute([np.array(shuffled(width, rng)) for width in core.widths])
            moved = moved.transpose() if turned else moved
            found = find(moved, UNLIMITED)
            assert found is not None
            assert check_proof(moved, found).conclusion == "not_closed"


@pytest.mark.parametrize(
    "source",
    [
        "kronecker:1,2,2,2;2,3,2,1;1,2,2,3",
        "kronecker:1,2,2,3;1,2,3,2;2,3,2,1",
        "kronecker:1,2,2,3;1,3,3,2;1,2,2,3",
        "kronecker:1,2,2,3;2,3,3,1;1,2,2,3",
    ],
)
def test_wider_chains_contain_it(source: str) -> None:
    pattern = read(source)
    found = find(pattern, UNLIMITED)
    assert found is not None
    assert check_proof(pattern, found).conclusion == "not_closed"


def test_closed_chains_do_not_contain_it() -> None:
    rng = np.random.default_rng(0)
    for source in ("butterfly:4", "dense:4-4-4-4", "lu:4"):
        assert find(read(source), UNLIMITED) is None
    core = known()[0][0]
    for layer, mask in enumerate(core.layers):  # one edge more, and every block may be full
        ones = mask.toarray()
        free = np.argwhere(~ones)
        ones[tuple(free[rng.integers(len(free))])] = True
        masks = [m.toarray() for m in core.layers]
        masks[layer] = ones
        assert find(Pattern.of(masks), UNLIMITED) is None


def test_the_time_is_kept() -> None:
    with pytest.raises(OutOfTime):
        find(read("dense:6-4-4-6"), Clock.of(0.0))
