"""The rules against each other on random small groups, with every possible choice of their data.

A group that some chain of steps shows to be closed must have no proof that it is not; a hypothesis
left out of a rule would soon show up here.  Freeness is held against an independent necessary
condition: the product map of a free group has a Jacobian of full rank at a random point.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from itertools import combinations, permutations, product
from typing import Any

import pytest
from flint import nmod_mat

from cadlink.certificates.kernel import GROUP_RULES
from cadlink.certificates.kernel.problems import Group
from cadlink.certificates.kernel.reader import Budget, Found, Needs, Reader
from cadlink.errors import CertificateError


def apply(group: Group, rule: str, data: dict[str, Any]) -> Found | Needs | None:
    try:
        return GROUP_RULES[rule][0](group, Reader(data, "test", Budget()))
    except CertificateError:
        return None


def subsets(items: Any, least: int = 1, most: int = 9) -> Iterator[list[int]]:
    items = sorted(items)
    for size in range(least, min(most, len(items)) + 1):
        yield from map(list, combinations(items, size))


def lines_data(group: Group) -> Iterator[dict[str, Any]]:
    every = [["row", j] for j in sorted(group.rows)] + [["col", k] for k in sorted(group.cols)]
    for size in range(min(len(every), len(group.neurons)) + 1):
        yield from ({"lines": list(chosen)} for chosen in combinations(every, size))


def forcing_data(group: Group) -> Iterator[dict[str, Any]]:
    everyone = [None, *range(len(group.neurons))]
    for cell in sorted(group.cells):
        team = group.covering(cell)
        choices = [
            [[i, j, k] for j, k in sorted(group.neurons[i]) if group.covering((j, k)) == [i]]
            for i in team
        ]
        for witnesses in product(*choices):
            for start, helper in product(team, everyone):
                yield {
                    "cell": list(cell),
                    "witnesses": list(witnesses),
                    "start": start,
                    "helper": helper,
                }


def owners_data(group: Group) -> Iterator[dict[str, Any]]:
    everyone = [None, *range(len(group.neurons))]
    for rows, cols in product(subsets(group.rows), subsets(group.cols)):
        if len(rows) != len(cols):
            continue
        corners = product(group.rows - set(rows), group.cols - set(cols))
        for (j, k), i, h in product(corners, everyone[1:], everyone):
            yield {"rows": rows, "cols": cols, "row": j, "col": k, "neuron": i, "helper": h}


def forced_row_data(group: Group) -> Iterator[dict[str, Any]]:
    for rows, cols in product(subsets(group.rows), subsets(group.cols)):
        corners = product(group.rows - set(rows), group.cols - set(cols))
        for (j, k), s in product(corners, range(len(group.neurons))):
            yield {"rows": rows, "cols": cols, "row": j, "col": k, "neuron": s}


def pins_data(group: Group) -> Iterator[dict[str, Any]]:
    every = list(product(range(len(group.neurons)), subsets(group.cols, 1, 2)))
    for size in range(3):
        yield from ({"pins": [[*pin] for pin in pins]} for pins in combinations(every, size))


def pair_data(group: Group) -> Iterator[dict[str, Any]]:
    yield from ({"a": a, "b": b} for a, b in combinations(range(len(group.neurons)), 2))


def block_data(group: Group) -> Iterator[dict[str, Any]]:
    for pair, J, K in product(pair_data(group), subsets(group.rows), subsets(group.cols)):
        yield {**pair, "J": J, "K": K}


def cross_data(group: Group) -> Iterator[dict[str, Any]]:
    for data, i in product(block_data(group), range(len(group.neurons))):
        for j0, k0 in product(data["J"], data["K"]):
            yield {**data, "i1": i, "j0": j0, "k0": k0}


def two_blocks_data(group: Group) -> Iterator[dict[str, Any]]:
    for data, f in product(block_data(group), range(len(group.neurons))):
        rows, cols = group.rows - set(data["J"]), group.cols - set(data["K"])
        for J2, K2 in product(subsets(rows, 1, 2), subsets(cols, 1, 2)):
            one = {"a": data["a"], "b": data["b"], "J1": data["J"], "K1": data["K"]}
            yield {**one, "f": f, "J2": J2, "K2": K2}


def triangle_data(group: Group) -> Iterator[dict[str, Any]]:
    for team in subsets(range(len(group.neurons)), most=2):
        size = len(team) + 1
        for rows in permutations(sorted(group.rows), size):
            for cols in permutations(sorted(group.cols), size):
                for first, second in combinations(range(size), 2):
                    for neuron in team:
                        yield {
                            "team": team,
                            "rows": list(rows),
                            "cols": list(cols),
                            "first": first,
                            "second": second,
                            "neuron": neuron,
                        }


def plans(group: Group) -> Iterator[dict[str, Any]]:
    """Every plan: a part for each of as many neurons as there are columns."""
    parts = ("N1", "G1", "G2", "P0", "P1", "P2")
    for chosen in combinations(range(len(group.neurons)), len(group.cols)):
        for where in product(parts, repeat=len(chosen)):
            plan: dict[str, Any] = {part: [] for part in parts}
            for i, part in zip(chosen, where, strict=True):
                plan[part].append(i)
            plan["N1"] = [*plan["N1"], *plan["G1"], *plan["G2"]]
            yield plan


FREE_RULES: dict[str, Any] = {
    "empty": lambda group: [{}],
    "star": lambda group: [{}],
    "matching": lambda group: [{}],
    "full_factor": lambda group: [{}],
    "lines": lines_data,
    "pinned_columns": pins_data,
    "rank_peeling": lambda group: [{}],
    "transversal": lambda group: [{}],
    "two_frames": plans,
}
CLOSED_RULES: dict[str, Any] = {
    "good_pairs": lambda group: [{}],
    "pinned_columns": pins_data,
    "rank_peeling": lambda group: [{}],
    "transversal": lambda group: [{}],
}
REFUTING_RULES = {
    "triangle": triangle_data,
    "forcing": forcing_data,
    "owners": owners_data,
    "forced_row": forced_row_data,
    "rigid_collision": pair_data,
    "merged_block": block_data,
    "merged_cross": cross_data,
    "merged_two_blocks": two_blocks_data,
}


@cache
def free(group: Group) -> bool:
    """Whether some leaf shows the group or its transpose to be free."""
    return any(
        apply(one, rule, data) == Found("free")
        for one in (group, group.transpose())
        for rule, choices in FREE_RULES.items()
        for data in choices(one)
    )


@cache
def rests(group: Group) -> list[Group]:
    """What absorption leaves, for every free set of neurons."""
    found = []
    for chosen in subsets(range(len(group.neurons))):
        needs = apply(group, "absorb", {"neurons": chosen, "proof": None})
        assert isinstance(needs, Needs)
        (lemma,) = needs.lemmas
        if free(lemma.problem):
            found.append(needs.parts[0])
    return found


def completions(group: Group) -> Iterator[dict[str, Any]]:
    for team in subsets(range(len(group.neurons)), least=2):
        for by in (None, *range(len(group.neurons))):
            count = 1 if by is None else len(group.row_sets[by])
            for leaves in product(("peeling", "transversal", None, {}), repeat=count):
                yield {"neurons": team, "by": by, "leaves": list(leaves)}


def set_aside(group: Group) -> Iterator[dict[str, Any]]:
    for team in subsets(range(len(group.neurons))):
        for by in range(len(group.neurons)):
            for proof in (None, {}):
                proofs = [proof] * len(group.col_sets[by])
                yield {"neurons": team, "by": by, "proofs": proofs}


REWRITING_RULES = {"completion": completions, "relative_freeness": set_aside}


@cache
def rewritten(group: Group) -> list[Group]:
    """What completion and relative freeness make of the group: the same answer is due."""
    found = []
    for rule, choices in REWRITING_RULES.items():
        for data in choices(group):
            needs = apply(group, rule, data)
            if isinstance(needs, Needs) and all(free(lemma.problem) for lemma in needs.lemmas):
                found.append(needs.parts[0])
    fewer = [part for part in dict.fromkeys(found) if len(part.neurons) <= len(group.neurons)]
    return [part for part in fewer if part != group]


@cache
def closed(group: Group) -> bool:
    """Whether some proof by absorption, splitting and leaves shows the group to be closed."""
    if free(group):
        return True
    for one in (group, group.transpose()):
        for rule, choices in CLOSED_RULES.items():
            if any(apply(one, rule, data) is not None for data in choices(one)):
                return True
    parts = group.components()
    if len(parts) > 1:
        return all(closed(part) for part in parts)
    return any(closed(rest) for rest in rests(group))


@cache
def refuting(group: Group) -> str:
    """The leaf, if there is one, that shows the group or its transpose not to be closed."""
    for one in (group, group.transpose()):
        for rule, choices in REFUTING_RULES.items():
            for data in choices(one):
                if apply(one, rule, data) is not None:
                    return f"{rule} {data}"
    return ""


def random_group(rng: random.Random, height: int, width: int, count: int, density: float) -> Group:
    def some(size: int) -> list[int]:
        return [n for n in range(size) if rng.random() < density]

    blocks = [{(j, k) for j in some(height) for k in some(width)} for _ in range(count)]
    if rng.random() < 0.5:  # forget some cells, as absorption does
        gone = {(j, k) for j in range(height) for k in range(width) if rng.random() < 0.15}
        blocks = [block - gone for block in blocks]
    return Group.of(blocks)


def full_rank(group: Group, rng: random.Random) -> bool:
    """Whether the Jacobian at a random point has rank |E| modulo a prime."""
    prime, names = 1_000_003, dict[tuple[str, int, int], int]()
    for i in range(len(group.neurons)):
        for letter, lines in (("x", group.row_sets[i]), ("y", group.col_sets[i])):
            names.update(
                {(letter, i, line): len(names) + n for n, line in enumerate(sorted(lines))}
            )
    value = [rng.randrange(1, prime) for _ in names]
    matrix = nmod_mat(len(group.cells), len(names), prime)
    for row, (j, k) in enumerate(sorted(group.cells)):
        for i in group.covering((j, k)):
            x, y = names["x", i, j], names["y", i, k]
            matrix[row, x], matrix[row, y] = value[y], value[x]
    return bool(matrix.rank() == len(group.cells))


@pytest.mark.parametrize("seed", range(4))
def test_no_group_is_closed_and_not_closed(seed: int) -> None:
    rng = random.Random(seed)
    shown = {"free": 0, "closed": 0, "not_closed": 0}
    for _ in range(60):
        group = random_group(rng, 3, 3, rng.choice([1, 2, 3]), rng.choice([0.6, 0.75, 0.9]))
        if not group.neurons:
            continue
        if free(group):
            shown["free"] += 1
            assert full_rank(group, rng), group
        if closed(group):
            shown["closed"] += 1
            for rows, cols in product(subsets(group.rows), subsets(group.cols)):
                part = apply(group, "restrict", {"rows": rows, "cols": cols})
                assert isinstance(part, Needs)
                assert refuting(part.parts[0]) == "", (group, rows, cols)
            smaller = (*rests(group), *rewritten(group))
            assert [refuting(rest) for rest in smaller if refuting(rest)] == []
        elif refuting(group):
            shown["not_closed"] += 1
            assert not any(closed(rest) for rest in (*rests(group), *rewritten(group)))
    assert min(shown.values()) > 5
