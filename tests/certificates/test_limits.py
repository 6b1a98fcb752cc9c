"""The limits in the docstrings of the rules B3 and G6-G8 are reached: their curves, exactly.

Only "is reached" is checked here, by the kernel's own rule for curves; that the limits are missed
is left to a claim (z3 confirms it for these four points in a fraction of a second).
"""

from __future__ import annotations

from typing import Any

import pytest

from cadlink.certificates.kernel import check_proof

Blocks = list[tuple[set[int], set[int]]]


def blocks(*pairs: tuple[str, str]) -> Blocks:
    return [({*map(int, rows)}, {*map(int, cols)}) for rows, cols in pairs]


def representatives(sets: list[set[int]], used: frozenset[int] = frozenset()) -> list[int] | None:
    if not sets:
        return []
    for value in sorted(sets[0] - used):
        rest = representatives(sets[1:], used | {value})
        if rest is not None:
            return [value, *rest]
    return None


def accepted(group: Blocks, x: list[Any], y: list[Any], limit: dict[tuple[int, int], int]) -> bool:
    answer = {"backend": "z3", "version": "4", "answer": "false", "transcript": "0" * 64}
    data = {
        "x": [[[j, list(map(list, s))] for j, s in vector.items()] for vector in x],
        "y": [[[k, list(map(list, s))] for k, s in vector.items()] for vector in y],
        "limit": [[j, k, value] for (j, k), value in limit.items()],
        "refutation": {"claim": {"statement": "not_member", "answers": [answer]}},
    }
    cells = [[[j, k] for j in rows for k in cols] for rows, cols in group]
    proof = {"rule": "curve", "data": data, "parts": []}
    return check_proof(cells, proof).conclusion == "not_closed"


@pytest.mark.parametrize(
    ("group", "a", "b", "covered"),
    [
        # (neuron or None for a and b together, J, K)
        (
            blocks(("023", "23"), ("123", "0123"), ("23", "03")),
            0,
            1,
            [(None, {0, 1}, {2})],
        ),
        (
            blocks(("013", "012"), ("023", "012"), ("03", "12"), ("123", "123")),
            0,
            1,
            [(None, {1, 2}, {0}), (3, {1, 2}, {3})],
        ),
        (
            blocks(("01234", "012"), ("0134", "0234"), ("0234", "14"), ("123", "0134")),
            1,
            2,
            [(None, {1, 2}, {4}), (3, {3}, {1, 3})],
        ),
    ],
    ids=["merged_block", "merged_cross", "merged_two_blocks"],
)
def test_merged_point_is_a_limit(group: Blocks, a: int, b: int, covered: list[Any]) -> None:
    x: list[dict[int, Any]] = [{} for _ in group]
    y: list[dict[int, Any]] = [{} for _ in group]
    limit = {(j, k): 1 for _, J, K in covered for j in J for k in K}
    all_rows, all_cols = (
        set().union(*(c[1] for c in covered)),
        set().union(*(c[2] for c in covered)),
    )
    others = [i for i in range(len(group)) if i not in (a, b, *(c[0] for c in covered))]
    row_sets = [group[a][0] & group[b][0], *(group[i][0] for i in others)]
    col_sets = [group[a][1] | group[b][1], *(group[i][1] for i in others)]
    rows = representatives([s - all_rows for s in row_sets])
    cols = representatives([s - all_cols for s in col_sets])
    assert rows is not None
    assert cols is not None
    limit.update(dict.fromkeys(zip(rows, cols, strict=True), 1))
    for i, j, k in zip(others, rows[1:], cols[1:], strict=True):
        x[i][j] = y[i][k] = [(0, 1)]
    for neuron, J, K in covered:
        if neuron is not None:
            x[neuron] = {j: [(0, 1)] for j in J}
            y[neuron] = {k: [(0, 1)] for k in K}
            continue
        x[a] = {rows[0]: [(0, 1)], **{j: [(1, 1)] for j in J & group[a][0]}}
        x[b] = {rows[0]: [(0, 1)], **{j: [(1, -1)] for j in J - group[a][0]}}
        y[a], y[b] = {k: [(-1, 1)] for k in K}, {k: [(-1, -1)] for k in K}
        y[a if cols[0] in group[a][1] else b][cols[0]] = [(0, 1)]
    assert accepted(group, x, y, limit)


def test_uncrossed_point_is_a_limit() -> None:
    group = blocks(("02", "02"), ("12", "01"))  # common row 2, common column 0
    # x = e_2, z = e_0; x' = w = (1, 2, 3) = (1, 0, 3) for the first + (0, 2, 0) for the second
    x = [{2: [(0, 1), (1, 3)], 0: [(1, 1)]}, {2: [(0, 1)], 1: [(1, -2)]}]
    y = [{0: [(-1, 1), (0, 1)], 2: [(0, 3)]}, {0: [(-1, -1)], 1: [(0, 2)]}]
    limit = {(2, 0): 4, (2, 1): 2, (2, 2): 3, (0, 0): 1, (1, 0): 2}
    assert accepted(group, x, y, limit)
