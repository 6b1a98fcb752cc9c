"""The enumeration against Burnside's formula and against brute force."""

from __future__ import annotations

import itertools
import math

import pytest

from cadlink.census.enumeration import NormalForms, ThreeFactorClasses, TwoFactorClasses
from cadlink.census.tasks import reduce_forms
from cadlink.database.forms import form_of, normal_form_of
from cadlink.database.store import Record
from cadlink.deciding.decision import leaf_rules
from cadlink.errors import InputError
from cadlink.patterns.pattern import Pattern
from cadlink.rules.pipeline import proof, reduce, verdict
from cadlink.rules.table import first_rules


def cycle_types(n: int) -> list[tuple[list[int], int]]:
    """Every cycle type of S_n, with the number of permutations that have it."""

    def partitions(total: int, most: int) -> list[list[int]]:
        if total == 0:
            return [[]]
        return [
            [part, *rest]
            for part in range(min(total, most), 0, -1)
            for rest in partitions(total - part, part)
        ]

    found = []
    for parts in partitions(n, n):
        size = math.factorial(n)
        for length in set(parts):
            size //= length ** parts.count(length) * math.factorial(parts.count(length))
        found.append((parts, size))
    return found


def burnside(outputs: int, hidden: int, inputs: int) -> int:
    """Pairs of 0/1 masks outputs x hidden, hidden x inputs up to permuting all three layers."""
    total = 0
    for (a, a_size), (b, b_size), (c, c_size) in itertools.product(
        cycle_types(outputs), cycle_types(hidden), cycle_types(inputs)
    ):
        cycles = sum(math.gcd(p, q) for p in a for q in b) + sum(
            math.gcd(p, q) for p in b for q in c
        )
        total += a_size * b_size * c_size * 2**cycles
    return total // (math.factorial(outputs) * math.factorial(hidden) * math.factorial(inputs))


@pytest.mark.parametrize(
    ("outputs", "hidden", "inputs"),
    [(1, 1, 1), (2, 2, 2), (2, 3, 2), (3, 2, 2), (3, 2, 3), (3, 3, 3), (2, 4, 3)],
)
def test_counts_agree_with_burnside(outputs: int, hidden: int, inputs: int) -> None:
    classes = TwoFactorClasses(outputs, inputs, hidden, trimmed=False, transpose=False)
    assert sum(1 for _ in classes) == burnside(outputs, hidden, inputs)


def test_burnside_gives_the_known_counts() -> None:
    assert burnside(2, 2, 2) == 58
    assert burnside(2, 3, 2) == 291
    assert burnside(3, 3, 3) == 2804
    assert burnside(3, 4, 3) == 33963
    assert burnside(4, 4, 4) == 687123


def burnside_chain(widths: tuple[int, ...]) -> int:
    """Chains of 0/1 masks with these widths up to permuting every layer."""
    types = [cycle_types(width) for width in widths]
    total = 0
    for chosen in itertools.product(*types):
        cycles = sum(
            math.gcd(p, q) for (a, _), (b, _) in itertools.pairwise(chosen) for p in a for q in b
        )
        total += math.prod(size for _, size in chosen) * 2**cycles
    return total // math.prod(math.factorial(width) for width in widths)


@pytest.mark.parametrize("widths", [(1, 1, 1, 1), (2, 2, 2, 2), (2, 3, 1, 2), (2, 2, 3, 2)])
def test_three_factors_agree_with_burnside(widths: tuple[int, ...]) -> None:
    classes = ThreeFactorClasses(widths, trimmed=False, reverse=False)
    found = [pattern for shard in classes.shards() for pattern in classes.patterns(shard)]
    assert len(found) == burnside_chain(widths) == classes.count()


@pytest.mark.parametrize("widths", [(2, 2, 1, 2), (2, 2, 2, 2), (1, 2, 2, 1)])
def test_three_factors_every_class_exactly_once(widths: tuple[int, ...]) -> None:
    """Against all patterns of these widths whose units are all on paths, by their digests."""
    shapes = list(itertools.pairwise(widths))
    sizes = [a * b for a, b in shapes]
    everything = set()
    for bits in range(1 << sum(sizes)):
        layers = []
        for (cols, rows), size in zip(shapes, sizes, strict=True):
            layers.append([[bits >> (i * cols + k) & 1 for k in range(cols)] for i in range(rows)])
            bits >>= size
        if all(
            all(map(any, layer)) and all(map(any, zip(*layer, strict=True))) for layer in layers
        ):
            everything.add(Pattern.of(layers).digest)
    classes = ThreeFactorClasses(widths)
    found = [pattern.digest for shard in classes.shards() for pattern in classes.patterns(shard)]
    assert len(found) == len(set(found))
    assert set(found) == everything


@pytest.mark.parametrize("size", [(2, 2, 2), (2, 3, 3), (3, 3, 3), (3, 3, 2), (1, 4, 2)])
@pytest.mark.parametrize("transpose", [True, False])
def test_counts_of_trimmed_classes(size: tuple[int, int, int], transpose: bool) -> None:
    classes = TwoFactorClasses(*size, transpose=transpose)
    assert classes.count() == sum(1 for _ in classes)


def test_normal_forms_are_complete_and_apart() -> None:
    """Every 2 x 3 pattern with up to three hidden units, and some larger ones, has its form."""
    classes = NormalForms(2, 3)
    listed = [normal_form_of(p) for shard in classes.shards() for p in classes.patterns(shard)]
    assert len(listed) == len(set(listed)) == 33
    for hidden in (1, 2, 3, 4):
        patterns = TwoFactorClasses(2, 3, hidden)
        for blocks in patterns:
            pattern = patterns.pattern(blocks)
            assert normal_form_of(pattern) in listed
            assert normal_form_of(pattern.transpose()) == normal_form_of(pattern)


def test_normal_form_of_a_normal_form() -> None:
    classes = NormalForms(3, 3)
    shards = [shard for shard in classes.shards() if shard[0].bit_count() == 4]
    patterns = [pattern for shard in shards for pattern in classes.patterns(shard)]
    forms = [normal_form_of(pattern) for pattern in patterns]
    assert len(set(forms)) == len(forms) > 100
    for form in forms:
        assert form is not None
        assert normal_form_of(Pattern.of(form.split(";"))) == form
        assert form_of(Pattern.of(form.split(";"))) == form


def test_classes_up_to_three() -> None:
    sizes = [(n, m, r) for n in (1, 2, 3) for m in range(n, 4) for r in (1, 2, 3)]
    assert sum(sum(1 for _ in TwoFactorClasses(*size)) for size in sizes) == 600


def test_every_class_exactly_once() -> None:
    """All 2 x 2 x 2 patterns, sorted into classes by their digests."""
    masks = [[[a, b], [c, d]] for a, b, c, d in itertools.product((0, 1), repeat=4)]
    everything = {Pattern.of([lower, upper]).digest for lower in masks for upper in masks}
    classes = TwoFactorClasses(2, 2, 2, trimmed=False, transpose=True)
    found = [classes.pattern(blocks).digest for blocks in classes]
    assert len(found) == len(set(found))
    assert set(found) == everything


def test_shards_make_up_the_whole_in_order() -> None:
    classes = TwoFactorClasses(3, 3, 3)
    pieces = [blocks for prefix in classes.prefixes(2) for blocks in classes.shard(prefix)]
    assert pieces == list(classes)


def test_sizes_out_of_range() -> None:
    with pytest.raises(InputError, match="expected positive sizes"):
        TwoFactorClasses(0, 2, 2)
    with pytest.raises(InputError, match="up to 5 x 5"):
        TwoFactorClasses(7, 7, 2)


def test_rules_that_come_first_change_no_verdict() -> None:
    """Faster, with the same answers, and still ``unique_cut`` wherever all rules would say so."""
    cuts = 0
    for sizes in ((2, 3, 2), (3, 3, 2), (3, 3, 3)):
        for blocks in TwoFactorClasses(*sizes):
            pattern = TwoFactorClasses(*sizes).pattern(blocks)
            all_, fast = reduce(pattern), reduce(pattern, first=first_rules(pattern))
            said, told = verdict(all_), verdict(fast)
            assert (said is None, said == "not_closed") == (told is None, told == "not_closed")
            if said == "not_closed" and leaf_rules(proof(all_)) == "unique_cut":
                (record,) = reduce_forms([(form_of(pattern), False)])
                assert isinstance(record, Record)
                assert record.method == "unique_cut"
                cuts += 1
    assert cuts > 50
    assert first_rules(Pattern.of([["1" * 50] * 2, ["11"]])) == ()
