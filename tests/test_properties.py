"""What must not change a verdict does not, whatever the pattern; an open answer fits with any."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from cadlink import Decider, Limits, Pattern, Verdict
from cadlink.certificates.kernel import check_proof
from cadlink.patterns.families import build
from cadlink.rules.pipeline import proof, reduce, verdict

# No clock decides about a test, and every run tries the same examples.
QUIET = settings(
    deadline=None,
    derandomize=True,
    max_examples=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
LU = build("lu:2")


@st.composite
def patterns(
    draw: DrawFn, depths: tuple[int, int] = (1, 3), most: int = 4, least: int = 1
) -> Pattern:
    """Chains of dense arrays, ones more frequent than zeros."""
    depth = draw(st.integers(*depths))
    widths = draw(st.lists(st.integers(least, most), min_size=depth + 1, max_size=depth + 1))
    one = st.sampled_from([True, True, False])
    layers = []
    for below, above in pairwise(widths):
        row = st.lists(one, min_size=below, max_size=below)
        layers.append(draw(st.lists(row, min_size=above, max_size=above)))
    return Pattern.of(layers)


def two_factors() -> SearchStrategy[Pattern]:
    return patterns(depths=(2, 2), least=2)


def arrays(pattern: Pattern) -> list[np.ndarray]:
    return [np.asarray(mask.toarray(), dtype=bool) for mask in pattern.layers]


def rules(pattern: Pattern) -> str | None:
    """'closed', 'not_closed' or None by the rules alone; what they say, the kernel confirms."""
    tree = reduce(pattern)
    found = verdict(tree)
    if found is None:
        return None
    assert check_proof(pattern, proof(tree)).conclusion == found
    return "not_closed" if found == "not_closed" else "closed"


def agree(*patterns_: Pattern) -> None:
    """All verdicts that are there are the same."""
    said = {pattern.inline(): rules(pattern) for pattern in patterns_}
    assert len(set(said.values()) - {None}) <= 1, said


@QUIET
@given(patterns(), st.randoms(use_true_random=False))
def test_permuted_units(pattern: Pattern, chance: object) -> None:
    units = [list(range(width)) for width in pattern.widths]
    for order in units:
        chance.shuffle(order)  # type: ignore[attr-defined]
    agree(pattern, pattern.permute(units))


@QUIET
@given(patterns())
@example(LU)
def test_transposed(pattern: Pattern) -> None:
    agree(pattern, pattern.transpose())


@QUIET
@given(patterns(depths=(2, 3)), st.data())
@example(LU, None)
def test_dead_units(pattern: Pattern, data: st.DataObject | None) -> None:
    """A unit without inputs, or without outputs, may be wired on its other side as it likes."""
    masks = arrays(pattern)
    layer = 1 if data is None else data.draw(st.integers(1, pattern.depth - 1), "layer")
    reads = True if data is None else data.draw(st.booleans(), "no outputs")
    below, above = masks[layer - 1], masks[layer]
    row, col = np.zeros((1, below.shape[1]), bool), np.zeros((above.shape[0], 1), bool)
    wired = row if reads else col
    wired[:] = True
    if data is not None:
        flat = data.draw(st.lists(st.booleans(), min_size=wired.size, max_size=wired.size))
        wired[:] = np.reshape(flat, wired.shape)
    masks[layer - 1] = np.concatenate([below, row], axis=0)
    masks[layer] = np.concatenate([above, col], axis=1)
    agree(pattern, Pattern.of(masks))


@QUIET
@given(two_factors(), st.integers(0, 3))
@example(build("dense:2-2-2"), 0)
def test_one_copy_too_many(pattern: Pattern, number: int) -> None:
    """A block R x C matters at most min(|R|, |C|) times: then it is every matrix there is on it."""
    lower, upper = arrays(pattern)
    unit = number % pattern.widths[1]
    most = min(lower[unit].sum(), upper[:, unit].sum())
    assume(most > 0)

    def copies(count: int) -> Pattern:
        return Pattern.of(
            [
                np.concatenate([lower, *[lower[unit : unit + 1]] * count], axis=0),
                np.concatenate([upper, *[upper[:, unit : unit + 1]] * count], axis=1),
            ]
        )

    agree(copies(most - 1), copies(most), copies(most + 2))


@QUIET
@given(patterns(), st.integers(0, 4), st.integers(0, 4))
@example(LU, 1, 0)
def test_rows_and_columns_of_zeros(pattern: Pattern, row: int, col: int) -> None:
    masks = arrays(pattern)
    masks[-1] = np.insert(masks[-1], min(row, len(masks[-1])), False, axis=0)
    masks[0] = np.insert(masks[0], min(col, masks[0].shape[1]), False, axis=1)
    agree(pattern, Pattern.of(masks))


@QUIET
@given(patterns(depths=(2, 3)), st.data())
def test_restrictions_of_closed_sets_are_closed(pattern: Pattern, data: st.DataObject) -> None:
    outputs, inputs = (
        sorted(data.draw(st.sets(st.integers(0, width - 1), min_size=1)))
        for width in (pattern.widths[-1], pattern.widths[0])
    )
    part = pattern.restrict(outputs, inputs)
    assert (rules(part), rules(pattern)) != ("not_closed", "closed"), part.inline()


@QUIET
@given(patterns(depths=(1, 3)), st.integers(0, 3))
@example(LU, 1)
def test_diagonal_masks_change_nothing(pattern: Pattern, place: int) -> None:
    """A diagonal factor can be put into either of its neighbours, and taken out as the identity."""
    place = min(place, pattern.depth)
    masks = arrays(pattern)
    masks.insert(place, np.eye(pattern.widths[place], dtype=bool))
    agree(pattern, Pattern.of(masks))


@QUIET
@given(patterns(depths=(2, 2), most=3), patterns(depths=(2, 2), most=3))
@example(LU, build("dense:2-1-2"))
def test_a_direct_sum_is_closed_iff_both_are(one: Pattern, other: Pattern) -> None:
    both = []
    for first, second in zip(arrays(one), arrays(other), strict=True):
        upper = np.concatenate([first, np.zeros((len(first), second.shape[1]), bool)], axis=1)
        lower = np.concatenate([np.zeros((len(second), first.shape[1]), bool), second], axis=1)
        both.append(np.concatenate([upper, lower], axis=0))
    said, parts = rules(Pattern.of(both)), {rules(one), rules(other)}
    if "not_closed" in parts:
        assert said == "not_closed"
    elif parts == {"closed"}:
        assert said == "closed"


def test_the_rules_say_enough_for_these_tests() -> None:
    """Were they silent, everything above would hold for nothing."""
    chance = np.random.default_rng(0)
    said = []
    for _ in range(60):
        widths = chance.integers(2, 5, size=3)
        masks = [chance.random((b, a)) < 2 / 3 for a, b in pairwise(widths)]
        said.append(rules(Pattern.of(masks)))
    assert said.count("closed") >= 15
    assert said.count("not_closed") >= 10


@pytest.fixture(scope="module")
def decider() -> Iterator[Decider]:
    with Decider() as one:
        yield one


# The second is left open by the rules: search and backends are in it too.
OPEN = (
    "110/110/101;110/101/111",
    "110/101/110;111/110/001",
)


@pytest.mark.parametrize("source", OPEN)
def test_decisions_about_equivalent_patterns(source: str, decider: Decider) -> None:
    pattern = Pattern.of(source.split(";"))
    masks = arrays(pattern)
    padded = [np.pad(masks[0], ((0, 1), (1, 0))), np.pad(masks[1], ((1, 0), (0, 1)))]
    units = [list(reversed(range(width))) for width in pattern.widths]
    found = {
        decider.decide(same, Limits(wall_s=60)).verdict
        for same in (pattern, pattern.transpose(), pattern.permute(units), Pattern.of(padded))
    }
    assert len(found - {Verdict.UNKNOWN}) == 1, found  # at least one of them is decided
