"""Surplus outputs: of outputs with the same hidden units only as many matter as there are units.

Theorem and proof: kernel, cap_outputs.  Either one list of outputs, the first ones of every class,
or all maximal choices where sets of hidden units contain each other, if they are few.
"""

from __future__ import annotations

from itertools import product
from math import prod

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.pattern import Pattern, row
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence
from cadlink.writing.formulas import these

__all__ = ["RULE", "choices", "find"]

MOST_COUNTS = 5000  # count vectors that are enumerated
MANY = 20  # classes, of which at most one allows nothing: they have too many count vectors
MOST_PARTS = 4  # restrictions that one step may ask for


def choices(pattern: Pattern) -> list[list[int]]:
    """Lists of outputs, the maximal allowed ones; the list of all if nothing is surplus.

    >>> choices(Pattern.of(["11/11", "10/10/11/11/11"]))
    [[0, 2], [2, 3]]
    """
    last = pattern.layers[-1]
    least = min(pattern.widths[:-1])
    members: dict[bytes, list[int]] = {}
    for j in range(last.shape[0]):
        members.setdefault(row(last, j).tobytes(), []).append(j)
    classes = sorted(members.values(), key=lambda its: row(last, its[0]).size)
    bound = [min(row(last, its[0]).size, least) for its in classes]
    most = tuple(min(len(its), b) for its, b in zip(classes, bound, strict=True))
    vectors = []
    if prod(1 + n for n in most[:MANY]) <= MOST_COUNTS:
        sets = [frozenset(row(last, its[0]).tolist()) for its in classes]
        vectors = _maximal(sets, bound, most)
    return [
        sorted(j for its, n in zip(classes, vector, strict=True) for j in its[:n])
        for vector in vectors or [most]
    ]


def _maximal(
    classes: list[frozenset[int]], bound: list[int], most: tuple[int, ...]
) -> list[tuple[int, ...]]:
    """The maximal allowed count vectors; none when they are too many to use."""
    smaller = [[b for b in range(a) if classes[b] < classes[a]] for a in range(len(classes))]
    allowed: list[tuple[int, ...]] = []
    for vector in product(*(range(limit, -1, -1) for limit in most)):
        heaviest: list[int] = []
        for n, its in zip(vector, smaller, strict=True):
            heaviest.append(n + max((heaviest[b] for b in its), default=0))
        fits = all(weight <= b for weight, b in zip(heaviest, bound, strict=True))
        # Larger vectors come first, so whatever contains this one has been seen.
        if fits and not any(all(a >= b for a, b in zip(o, vector, strict=True)) for o in allowed):
            allowed.append(vector)
            if len(allowed) > MOST_PARTS:
                return []
    return allowed


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A step to the restrictions that decide, or None when no output is surplus.

    >>> find(Pattern.of(["11", "1/1"])).data["outputs"]
    [[0]]
    """
    if pattern.depth < 2 or 0 in pattern.widths:
        return None
    clock.check()
    lists = choices(pattern)
    if any(len(outputs) == pattern.widths[-1] or not outputs for outputs in lists):
        return None
    parts = tuple(pattern.restrict(outputs, range(pattern.widths[0])) for outputs in lists)
    return Step("cap_outputs", Conclusion.CLOSED_IF_ALL, {"outputs": lists}, parts)


def explain(chain: Pattern, told: Told) -> Blocks:
    """Surplus outputs dropped."""
    listed = "; ".join(str(these("output", outputs)) for outputs in told.data["outputs"])
    return sentence(
        "In a limit of products, outputs fed by the same hidden units, or by some of them, have"
        " rows of a rank at most the number of these units. So from rows with small sets to rows"
        " with large ones enough of them can be chosen that the others are combinations of chosen"
        " rows with smaller or equal sets; if the chosen rows are those of a product, so are all,"
        f" with the same lower factors. The choices that can occur lie, up to twins, in: {listed}."
        " So the set is closed if and only if these restrictions are."
    )


RULE = Rule(
    name="cap_outputs",
    about=Pattern,
    both_ways=True,
    find=find,
    account="rows that depend on others whatever the weights are left out",
    title="surplus outputs",
    explain=explain,
    cost="some thousand count vectors",
)
