"""No hypothesis is forgotten: for each, a proof that fails it and passes every other test.

Most were found by searching, with the test in question taken out of the kernel, for a proof that
the weakened kernel accepts.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from cadlink.certificates.kernel import check_proof
from cadlink.errors import CertificateError


def graphs(text: str) -> list[list[list[int]]]:
    """A group: '##/#.' for every neuron, separated by '; '."""
    return [
        [
            [j, k]
            for j, row in enumerate(picture.split("/"))
            for k, char in enumerate(row)
            if char == "#"
        ]
        for picture in text.split("; ")
    ]


def triangle(**changed: Any) -> dict[str, Any]:
    """LU: neuron 0 alone on three of the four cells."""
    return {
        "team": [0],
        "rows": [0, 1],
        "cols": [0, 1],
        "first": 0,
        "second": 1,
        "neuron": 0,
    } | changed


def plan(**changed: list[int]) -> dict[str, Any]:
    return {key: [] for key in ("N1", "G1", "G2", "P0", "P1", "P2")} | changed


def high(**changed: Any) -> dict[str, Any]:
    """Three neurons in a 3 x 3 square, sigma 1."""
    low = {"frame": changed.pop("frame", [0, 1]), "others": changed.pop("others", [2])}
    return {"sigma": 1, "low": low, "high": {**plan(N1=[0, 1, 2]), "I0": [], "I": []} | changed}


def made_whole(leaf: Any = "peeling", by: int | None = None, **changed: Any) -> dict[str, Any]:
    leaves = [leaf] if by is None else [leaf, leaf]
    return {"neurons": [0, 1], "by": by, "leaves": leaves} | changed


def aside(*proofs: Any, by: int = 1, **changed: Any) -> dict[str, Any]:
    return {"neurons": [0], "by": by, "proofs": list(proofs or (STAR, STAR))} | changed


def point(x: list[list[int]], y: list[list[int]], scale: int = 1) -> dict[str, Any]:
    return {"scale": scale, "x": x, "y": y}


STAR = {"rule": "star", "data": {}, "parts": []}
TRIANGLE = triangle(team=[0, 1], rows=[0, 1, 2], cols=[0, 1, 2], second=2, neuron=1)
TWO_AND_CORNER = plan(N1=[1], P0=[2], P1=[0])
SQUARE = "###/###/###; ###/###/###; ###/###/###"
CORNERS = "###/###/###; ###/###/...; ###/###/..."
RESTRICTED = "##./.../...; ##./.../...; #../#../...; .../.##/..#"
HIGH = high()

FAILING: list[tuple[str, str, dict[str, Any], str]] = [
    ("star", "##/##", {}, "stars only"),
    (  # row 1 has no cell beside (0, 1): it cannot be added to row 0
        "sections",
        "##/#.",
        {
            "tree": {
                "coordinate": "a_1_0",
                "shift": [],
                "zero": {
                    "x": [[[0, [[1, []]]]]],
                    "y": [[[0, [[1, [["a_0_0", 1]]]]], [1, [[1, [["a_0_1", 1]]]]]]],
                },
                "nonzero": {"rows": [1, 0], "clear": 0, "then": {}},
            }
        },
        "both or none of (1, 1) and (0, 1) in neuron 0",
    ),
    ("empty", "#", {}, "no neuron"),
    ("matching", "##/##", {}, "a matching of the rows in every column"),
    # relabelling two rows alike would make the corner a full block
    (
        "relabel",
        "##/#.",
        {"rows": [[0, 1], [1, 1]], "cols": [[0, 0], [1, 1]]},
        "different new rows",
    ),
    (
        "relabel",
        "##/#.",
        {"rows": [[0, 1], [1, 0]], "cols": [[0, 0], [1, 0]]},
        "different new cols",
    ),
    ("relabel", "##/#.", {"rows": [[0, 1], [0, 0]], "cols": [[0, 0], [1, 1]]}, "each once"),
    ("lines", "#.; ##", {"lines": [["row", 0]]}, "equal graphs"),
    ("lines", "###; ###", {"lines": [["row", 0], ["row", 0]]}, "different lines"),
    ("lines", "###; ###", {"lines": [["line", 0]]}, "row or col"),
    ("lines", ".##/###/###", {"lines": [["row", 0], ["row", 1]]}, "enough neurons"),
    ("lines", "###/###/###; ###/###/###", {"lines": [["row", 0]]}, "stars off the lines"),
    ("lines", "##/##", {"lines": [["row", 0]]}, "enough neurons"),
    ("full_factor", ".##/#.#; ..#/..#", {}, "defects c_i <= i - 1"),
    ("good_pairs", ".##/###/###; .../###/.##", {}, "complete graphs"),
    ("good_pairs", ".##/.../.##; ..#/.../...", {}, "disjoint, anti-nested or in one line"),
    ("good_pairs", "##/##/..; ../##/##", {}, "disjoint, anti-nested or in one line"),
    (
        "forcing",
        ".../#../##.; .../.../.##",
        {"cell": [2, 1], "witnesses": [[0, 1, 0], [0, 1, 0]], "start": 0, "helper": None},
        "one witness for every neuron",
    ),
    (
        "forcing",
        ".../#../##.; .../.../.##",
        {"cell": [2, 1], "witnesses": [[0, 1, 0]], "start": 0, "helper": None},
        "a list of 2 entries",
    ),
    (
        "forcing",  # one dense neuron
        "##/##",
        {"cell": [0, 1], "witnesses": [[0, 1, 0]], "start": 0, "helper": None},
        "(1, 1) unobserved",
    ),
    (
        "forcing",
        "##/##",
        {"cell": [0, 1], "witnesses": [[0, 1, 0]], "start": 0, "helper": 0},
        "a helper other than start",
    ),
    (
        "forcing",
        "##/##",
        {"cell": [0, 1], "witnesses": [[0, 0, 0]], "start": 0, "helper": None},
        "a witness outside row 0",
    ),
    (
        "forcing",
        "##/##",
        {"cell": [0, 1], "witnesses": [[0, 1, 1]], "start": 0, "helper": None},
        "a witness outside column 1",
    ),
    (
        "forcing",  # the square is free with the second neuron
        "##/#.; ##/#.",
        {"cell": [0, 1], "witnesses": [[0, 1, 0], [1, 1, 0]], "start": 0, "helper": None},
        "alone",
    ),
    (
        "owners",
        "#.#/.../#.#; ..#/.##/...",
        {"rows": [2], "cols": [0, 1], "row": 0, "col": 2, "neuron": 0, "helper": 1},
        "as many rows as columns",
    ),
    (
        "owners",
        ".##/###/###",
        {"rows": [1, 2], "cols": [1, 2], "row": 0, "col": 0, "neuron": 0, "helper": None},
        "2 neurons covering the block",
    ),
    (
        "owners",
        ".##/###/###; .../###/.##",
        {"rows": [0], "cols": [0], "row": 2, "col": 1, "neuron": 0, "helper": 1},
        "neuron 0 to observe all cells of the block",
    ),
    (
        "owners",
        ".../#../##.; .../.../.##",
        {"rows": [1], "cols": [2], "row": 2, "col": 1, "neuron": 1, "helper": 0},
        "a perfect matching of rows",
    ),
    (
        "owners",
        "##/..; ../.#",
        {"rows": [0], "cols": [0], "row": 1, "col": 1, "neuron": 0, "helper": None},
        "row 1 and column 1 in neuron 0",
    ),
    (
        "owners",
        "##/##",
        {"rows": [0], "cols": [0], "row": 1, "col": 1, "neuron": 0, "helper": 0},
        "a helper outside the block",
    ),
    (
        "owners",
        "##/##",
        {"rows": [0], "cols": [0], "row": 0, "col": 1, "neuron": 0, "helper": None},
        "row j outside the rows",
    ),
    (
        "owners",
        "##/##",
        {"rows": [0], "cols": [0], "row": 1, "col": 0, "neuron": 0, "helper": None},
        "column k outside the columns",
    ),
    (
        "forced_row",
        "##/##",
        {"rows": [0], "cols": [0], "row": 0, "col": 1, "neuron": 0},
        "row j outside the rows",
    ),
    (
        "forced_row",
        "##/##",
        {"rows": [0], "cols": [0], "row": 1, "col": 0, "neuron": 0},
        "column k outside the columns",
    ),
    (
        "forced_row",
        "##/##",
        {"rows": [0], "cols": [0], "row": 1, "col": 1, "neuron": 0},
        "a neuron outside the block covering (0, 1)",
    ),
    ("rigid_collision", "##./#.#/...; .../###/.##", {"a": 0, "b": 1}, "complete graphs"),
    ("rigid_collision", ".#/..; ../##", {"a": 0, "b": 1}, "a common row"),
    (
        "rigid_collision",
        ".#../..../..../.#..; ...#/...#/..../....; ..../..../...#/....",
        {"a": 0, "b": 1},
        "distinct representatives of the column sets",
    ),
    (
        "rigid_collision",
        "##/##; ##/##",
        {"a": 0, "b": 1},
        "distinct representatives of rows outside 0",
    ),
    ("rigid_collision", "##/##; ##/##", {"a": 0, "b": 0}, "different neurons a, b"),
    (
        "merged_block",
        "##./#.#/...; .../###/.##",
        {"a": 0, "b": 1, "J": [0, 2], "K": [0]},
        "complete graphs",
    ),
    ("merged_block", ".#/..; ../##", {"a": 0, "b": 1, "J": [0, 1], "K": [1]}, "distinct rows"),
    (
        "merged_block",
        "##/../##; ../##/##",
        {"a": 0, "b": 1, "J": [0, 1], "K": [0, 1]},
        "distinct columns outside K",
    ),
    ("merged_block", "##/##", {"a": 0, "b": 0, "J": [0], "K": [0]}, "different neurons a, b"),
    (
        "merged_block",
        "##/##; ##/##",
        {"a": 0, "b": 1, "J": [0], "K": [0]},
        "no neuron covering [0] x [0]",
    ),
    ("merged_block", "##/##; ##/##", {"a": 0, "b": 1, "J": [], "K": [0]}, "at least one"),
    (
        "merged_cross",
        "##.#/..../.###/#..#; ..../#..#/#..#/#.#.; ..../.##./..../.##.",
        {"a": 0, "b": 2, "J": [1, 2], "K": [0, 1], "i1": 1, "j0": 1, "k0": 1},
        "complete graphs",
    ),
    (
        "merged_cross",
        "#./..; ../##; ../.#",
        {"a": 1, "b": 2, "J": [0], "K": [1], "i1": 0, "j0": 0, "k0": 1},
        "rows of a or b",
    ),
    (
        "merged_cross",
        "#./..; #./#.; .#/..; ../##",
        {"a": 2, "b": 3, "J": [0, 1], "K": [0, 1], "i1": 1, "j0": 0, "k0": 1},
        "distinct rows outside J",
    ),
    (
        "merged_two_blocks",
        "#./../..; ../.#/..; ../../.#",
        {"a": 1, "b": 2, "J1": [1, 2], "K1": [1], "f": 0, "J2": [0], "K2": [0]},
        "distinct rows outside J",
    ),
    (
        "merged_two_blocks",
        "#./../..; ../.#/..; ../../.#",
        {"a": 1, "b": 2, "J1": [1, 2], "K1": [1], "f": 0, "J2": [2], "K2": [0]},
        "disjoint blocks",
    ),
    # pinning both neurons to one column, or one neuron to two, would fit any matrix
    ("pinned_columns", "##/##", {"pins": [[0, [0]], [0, [1]]]}, "each once"),
    ("pinned_columns", "##/##; ##/##", {"pins": [[0, [0]], [1, [0]]]}, "each once"),
    ("pinned_columns", "##/#.; #./##", {"pins": [[0, [1]]]}, "all seen by the neuron"),
    ("pinned_columns", "##/#.", {"pins": [[0, [0, 1]]]}, "the same rows in every column"),
    ("pinned_columns", "##/##; ##/##", {"pins": [[0, [0, 1]]]}, "no other neuron covers"),
    ("pinned_columns", "##/##", {"pins": [[0, [0]]]}, "matching"),
    ("transversal", "###/###/##.", {}, "complete graphs"),
    ("transversal", "##; ##", {}, "1 to 1 neurons"),
    ("transversal", "##/##/##; #./#./#.", {}, "all columns"),
    ("transversal", "##/##/..; ../##/##", {}, "room for independent vectors in neurons"),
    ("rank_peeling", "###/###/##.", {}, "every cell observed"),
    ("rank_peeling", "###/###/###; ##./##./...", {}, "defects c_i <= i - 1"),
    ("rank_peeling", "##./##.; ..#/..#", {}, "defects c_i <= i - 1"),
    ("rank_peeling", "##/##; ##/#.", {}, "all observed cells of its rows and columns in neuron"),
    ("absorb", "##/##; ##/#.", {"neurons": [1], "proof": None}, "a step"),
    ("rank_peeling", "", {}, "at least one neuron"),
    (
        "forcing",
        "##../##../##..; .###/.###/.###; ..../##../....",
        {"cell": [0, 1], "witnesses": [[0, 2, 0], [1, 1, 2]], "start": 0, "helper": 1},
        "a helper not covering (0, 1) or with its witness in row 2",
    ),
    (
        "forced_row",
        "###/###/###; .#./.../...; .../#.#/###",
        {"rows": [0, 1], "cols": [0], "row": 2, "col": 1, "neuron": 2},
        "as many rows as columns",
    ),
    (
        "forced_row",
        "###/###/###; .#./.../...; .../#.#/###",
        {"rows": [0], "cols": [0], "row": 2, "col": 1, "neuron": 2},
        "1 neurons covering the block",
    ),
    (
        "forced_row",
        "###/.../###; ##./.../...; .../..#/...",
        {"rows": [0, 1], "cols": [0, 1], "row": 2, "col": 2, "neuron": 0},
        "a perfect matching of rows and neurons",
    ),
    (
        "owners",
        "##./##./...; .##/.##/.##; .../.../..#",
        {"rows": [0, 1], "cols": [0, 1], "row": 2, "col": 2, "neuron": 1, "helper": None},
        "(2, 2) unobserved",
    ),
    (
        "merged_cross",
        "###./###./..../###.; ###./..../###./###.; .##./..../..../.##.; ..../.###/.###/.###",
        {"a": 0, "b": 1, "i1": 2, "J": [1, 2], "K": [0, 3], "j0": 1, "k0": 0},
        "neuron 2 to cover J x (K without k0)",
    ),
    (
        "merged_two_blocks",
        "###../###../###../###../###..; #.###/#.###/...../#.###/#.###;"
        " .#..#/...../.#..#/.#..#/.#..#; ...../##.##/##.##/##.##/.....",
        {"a": 1, "b": 2, "f": 3, "J1": [1, 2], "K1": [4], "J2": [0], "K2": [1, 3]},
        "f to cover J2 x K2",
    ),
    ("zero_submersion", "##/##", {"x": [[]], "y": [[]], "prime": 4}, "a prime number"),
    ("zero_submersion", "##/##", {"x": [[]], "y": [[]], "prime": 7}, "Jacobian of rank 4"),
    (
        "zero_submersion",
        "##/##",
        {"x": [[[0, 1]]], "y": [[[0, 1]]], "prime": 7},
        "a product that is 0 everywhere",
    ),
    (
        "curve",
        "##/#.",
        {
            "x": [[[0, [[0, 1]]]]],
            "y": [[[0, [[0, 1]]]]],
            "limit": [[0, 1, 1]],
            "refutation": {"propagation": True},
        },
        "the product tends to the limit at (0, 0)",
    ),
    ("claims", "##/##", {"method": "free", "claims": []}, "the claims ['free']"),
    # LU is such a triangle: neuron 0 alone on all cells but the corner (0, 1)
    ("triangle", "##/##; .#/..", triangle(rows=[0, 0]), "different rows"),
    ("triangle", "##/##; .#/..", triangle(cols=[0, 0]), "different columns"),
    ("triangle", ".#/##; .#/..", triangle(), "an observed cell (0, 0)"),
    ("triangle", "##/##; .#/#.", triangle(), "only neurons of the team at (1, 0)"),
    ("triangle", "##/##; .#/..", triangle(first=1), "first before second"),
    ("triangle", "##/##; .#/..", triangle(first=0, rows=[1, 0]), "only neurons of the team"),
    ("triangle", "##/##", triangle(), "a neuron outside the team covering (0, 1)"),
    ("triangle", "#./##; .#/##", triangle(team=[1], neuron=1), "only neurons of the team"),
    ("triangle", "##./###/###; #../.../...", TRIANGLE, "the other neurons matched"),
    ("triangle", "##./###/###; .../.#./...", TRIANGLE | {"neuron": 1}, "neuron 1 covering (0, 0)"),
    # closed, since the neuron with one cell can be absorbed; neuron 1 does not observe (1, 0)
    (
        "triangle",
        "#../##./##.; #.#/.../..#; ..#/.../...",
        TRIANGLE | {"second": 1, "neuron": 0},
        "to observe",
    ),
    ("two_frames", "##/##; ##/##", plan(N1=[0]), "2 different neurons"),
    ("two_frames", "##/##; ##/##", plan(N1=[0, 1], G1=[0], G2=[0]), "G1 and G2 apart"),
    ("two_frames", "##/##; ##/##", plan(N1=[0], P0=[1], G1=[1]), "G1 and G2 inside N1"),
    ("two_frames", "##/##; ##/..", plan(N1=[1], P0=[0]), "whole rows in P0"),
    ("two_frames", "##/..; ../##", plan(N1=[0, 1]), "condition (1)"),
    ("two_frames", "###/###/###; ###/###/###; ##./.../...", TWO_AND_CORNER, "condition (4)"),
    ("two_frames", "##/##; #./#.; #./#.", plan(N1=[1], P0=[2]), "condition (3)"),
    ("two_frames", "###/###; #../#..; #../#..", plan(N1=[0], P0=[1, 2]), "condition (2)"),
    # not closed; the neurons do not observe all observed cells of their blocks
    (
        "two_frames",
        "#.#/..#/.##; #../#.#/...; .../##./#..",
        plan(N1=[0, 1], G1=[0], P1=[2]),
        "all observed cells of its rows and columns in neuron",
    ),
    ("high_and_low_rank", "##/##; ##/##; ##/##", HIGH, "as many neurons as rows and columns"),
    ("high_and_low_rank", SQUARE, high(others=[]), "rank 1 reached"),
    ("high_and_low_rank", SQUARE, high(frame=[0, 1], others=[1]), "frame and others apart"),
    ("high_and_low_rank", SQUARE, high(frame=[0], others=[1]), "at least 2 neurons in the frame"),
    (
        "high_and_low_rank",
        "##./##./...; ##./##./...; ###/###/###",
        high(frame=[1, 2], others=[0]),
        "at most 2 neurons missing a row or column",
    ),
    (
        "high_and_low_rank",
        "###/###/###; ###/###/###; ##./##./...",
        high(),
        "a defect of at most 0",
    ),
    ("high_and_low_rank", SQUARE, high(N1=[0, 1]), "3 different neurons"),
    ("high_and_low_rank", SQUARE, high(I0=[0, 0]), "different neurons in I0"),
    ("high_and_low_rank", CORNERS, high(I0=[0, 1]), "disjoint missing rows in I0"),
    ("high_and_low_rank", SQUARE, high(I=[[0, [1]]]), "neuron of P1 or P2"),
    ("completion", "##/##; ##/#.", made_whole(), "all observed cells of its rows and columns"),
    ("completion", "##./##.; .##/.##", made_whole(), "defects c_i <= i - 1"),
    ("completion", "##./...; .../.##", made_whole("transversal"), "whole rows or columns"),
    ("completion", "##/##/..; ../##/##", made_whole("transversal"), "room for independent"),
    ("completion", "###/###/...; .../###/###", made_whole(STAR), "3 neurons"),
    ("completion", "##./##.; .##/.##", made_whole(None), "a step"),
    ("completion", "##/##; ##/##; ##/##", made_whole("peeling", by=1), "outside the team"),
    ("completion", "##/##/..; ../##/##; ../../#.", made_whole(by=2), "inside R and C inside C_2"),
    # not closed before, closed after; neuron 0 does not observe (1, 1)
    ("completion", "##/#./..; ../.#/##; ../../##", made_whole(by=2), "of its rows and columns"),
    # without row 0 neurons 1 and 2 are free on (1, 0), but they miss (1, 1)
    ("completion", RESTRICTED, made_whole(by=0, neurons=[1, 2], leaves=["peeling"]), "defects"),
    ("completion", RESTRICTED, made_whole(by=0, neurons=[1, 2], leaves=[STAR]), "cell covered"),
    ("relative_freeness", "##/##; ##/##", aside(by=0), "a neuron outside the team"),
    ("relative_freeness", "##/##/..; ../##/##", aside(), "R inside R_1"),
    # not closed, though closed without neuron 0; neuron 1 does not observe (0, 1)
    ("relative_freeness", "##/##/..; #./##/##", aside(), "to observe its whole block"),
    ("relative_freeness", "##/##; #./#.", aside(None, None), "a list of 1 entries"),
    (
        "relative_freeness",
        "##/##; .#/.#",
        aside(by=0, neurons=[1]),
        "the team on all cells without column 1",
    ),
    ("relative_freeness", "##/##; ##/##", aside(None, STAR), "a step"),
    ("relative_freeness", "#/.; #/#", aside(STAR), "no proof about no cells"),
    ("relative_freeness", "##/##; ##/##", aside(STAR, STAR, STAR), "a list of 2 entries"),
    ("approximate_zero", "##/##", point([[0, 0]], [[0, 0]]), "right inverse of the Jacobian"),
    ("approximate_zero", "#", point([[0]], [[1]], scale=0), "from 1 to"),
    ("approximate_zero", "#", point([[1 << 20]], [[1 << 20]], scale=1 << 20), "near enough to 0"),
    ("approximate_zero", "##/##", point([[1, 1]], [[1, 1]]), "right inverse of the Jacobian"),
]


@pytest.mark.parametrize(
    ("rule", "pictures", "data", "expected"), FAILING, ids=[f"{f[0]}: {f[3]}" for f in FAILING]
)
def test_a_failed_hypothesis_is_named(
    rule: str, pictures: str, data: dict[str, Any], expected: str
) -> None:
    group = graphs(pictures)
    smaller = ("relabel", "absorb", "completion", "relative_freeness")
    parts = [None] if rule in smaller else []
    with pytest.raises(CertificateError, match=re.escape(expected)):
        check_proof(group, {"rule": rule, "data": data, "parts": parts})


ENTRY: list[Any] = [1, [["a_0_0", 1]]]


def section(*values: Any, shift: Any = (), **changed: Any) -> dict[str, Any]:
    """Two factors of one entry; with ``nonzero`` for A(0, 0) + shift = 0."""
    leaf = {"factors": [[[0, 0, list(value)]] if value else [] for value in values]}
    if not changed:
        return {"tree": leaf}
    return {"tree": {"coordinate": "a_0_0", "shift": list(shift), "zero": leaf} | changed}


def value(*names: str) -> list[Any]:
    return [[1, [[name, 1] for name in names]]]


def entries(*cells: str) -> dict[str, Any]:
    """Two factors: A of two rows, some of its entries, times the identity."""
    given = [[int(cell[0]), int(cell[1]), value(f"a_{cell[0]}_{cell[1]}")] for cell in cells]
    inputs = sorted({int(cell[1]) for cell in cells})
    return {"factors": [[[k, k, value()] for k in inputs], given]}


def addition(lines: str, source: Any, target: Any, clear: Any, then: Any = None) -> dict[str, Any]:
    return {lines: [source, target], "clear": clear, "then": then}


def case(name: str, zero: Any, nonzero: Any, shift: Any = ()) -> dict[str, Any]:
    return {"coordinate": name, "shift": list(shift), "zero": zero, "nonzero": nonzero}


def column(added: dict[str, Any]) -> dict[str, Any]:
    """A column of two entries, the first of which clears."""
    return {"tree": case("a_0_0", entries("10"), added)}


MINOR = [[1, [["a_0_0", 1], ["a_1_1", 1]]], [-1, [["a_0_1", 1], ["a_1_0", 1]]]]
RANK_ONE = ["11", "1/1"]


def limits(tree: Any, *polynomials: list[Any]) -> dict[str, Any]:
    return {"polynomials": [MINOR, *polynomials], "tree": tree}


def over(*names: str) -> list[Any]:
    """Minus the product of all but the last, divided by that."""
    return [[-1, [*([name, 1] for name in names[:-1]), [names[-1], -1]]]]


def line(*cells: str) -> dict[str, Any]:
    """Two factors of rank one: a row or a column of A."""
    row, col = (int(index) for index in cells[0])
    if cells[0][0] == cells[1][0]:
        its = [[0, int(cell[1]), value(f"a_{cell[0]}_{cell[1]}")] for cell in cells]
        return {"factors": [its, [[row, 0, value()]]]}
    its = [[int(cell[0]), 0, value(f"a_{cell[0]}_{cell[1]}")] for cell in cells]
    return {"factors": [[[0, col, value()]], its]}


def corner(cell: str, nonzero: Any) -> dict[str, Any]:
    """Two rows and two columns of rank one: where a corner is 0, and where it is not."""
    row, col = cell
    other_row, other_col = str(1 - int(row)), str(1 - int(col))
    beside, below, far = row + other_col, other_row + col, other_row + other_col
    last = case(f"a_{below[0]}_{below[1]}", line(*sorted((beside, far))), {"vanishes": 0})
    zero = case(f"a_{beside[0]}_{beside[1]}", line(*sorted((below, far))), last)
    return case(f"a_{row}_{col}", zero, nonzero)


UPPER_LEAF = {
    "factors": [
        [[0, 0, value("a_0_0")], [0, 1, value("a_0_1")], [1, 1, value("a_1_1")]],
        [[0, 0, value()], [1, 1, value()]],
    ]
}
DRAWN = {"seed": 0, "prime": 2147483629}
STAR = {"rule": "star", "data": {}, "parts": []}
TILING = {"rule": "block_tiling", "data": {}, "parts": []}
CIRCUIT = ["110/011", "11/11", "11/11"]
HALL = {
    "layer": 1,
    "outputs": [0, 1],
    "inputs": [0, 1, 2],
    "tied": [0, 2],
    "short": [0, 1],
    **DRAWN,
}
COLLISION = ["101/101/010", "101/011/110", "100/010/001"]
ONE, TWO = [[0, 1]], [[0, 2]]
LOWER: list[Any] = [[0, 0, [[-1, 1]]], [0, 2, ONE], [1, 0, [[-1, -1]]], [2, 1, ONE]]
MIDDLE: list[Any] = [[0, 0, [[1, 1]]], [0, 2, ONE], [1, 1, [[1, -1]]], [1, 2, ONE]]
MIDDLE += [[2, 0, ONE], [2, 1, ONE]]
UPPER: list[Any] = [[0, 0, ONE], [1, 1, ONE], [2, 2, ONE]]


def sandwich(lower: list[Any] = LOWER, upper: list[Any] = UPPER, **changed: Any) -> dict[str, Any]:
    """The limit is 1 at rows 0, 1 of columns 0, 1 and at (2, 2)."""
    square = {"rows": [0, 1], "columns": [0, 1], "row": 0, "column": 0}
    return {"layer": 1, **square, "factors": [lower, MIDDLE, upper]} | changed


TRIANGLE = ["1" * n + "0" * (16 - n) for n in range(1, 17) for _ in range(2)]
WITH_PARTS = {
    "relabel",
    "restrict",
    "merge",
    "merge_layers",
    "two_factors",
    "absorb_edges",
    "cap_outputs",
}
CROSS = {"a": 0, "b": 1, "i1": 2, "J": [0, 1], "K": [0, 1], "j0": 0, "k0": 0}
CHAINS: list[tuple[str, list[str], dict[str, Any], str]] = [
    ("one_layer", ["1", "1"], {}, "one mask"),
    (
        "unique_cut",
        ["11/01", "10/11"],
        {"layer": 1, "unit": 0, "outputs": [0, 0], "inputs": [0, 1]},
        "two outputs, two inputs",
    ),
    ("claims", ["1"], {"method": "free_columns", "columns": [0], "claims": []}, "a group"),
    ("two_factors", ["1"], {}, "two masks"),
    ("matching", ["1"], {}, "two masks"),
    ("matching", ["11", "1/1"], {}, "a matching of the rows"),
    ("merged_cross", ["1"], CROSS, "two masks"),
    ("merged_cross", ["101/101/010", "101/011/110"], CROSS | {"b": 0}, "different units a, b, i1"),
    ("merged_cross", ["101/101/010", "101/001/110"], CROSS, "rows of a or b"),
    ("merged_cross", ["101/001/010", "101/011/110"], CROSS, "column 0 in a and b"),
    ("merged_cross", ["101/101/110", "101/011/110"], CROSS, "no unit covering J x k0"),
    ("merged_cross", ["111/101/010", "101/011/110"], CROSS, "no unit covering j0 x K"),
    ("merged_cross", ["101/101/001", "101/011/110"], CROSS, "unit 2 to cover J x (K without k0)"),
    ("merged_cross", ["101/101/010", "101/011/100"], CROSS, "distinct rows outside [0, 1]"),
    ("merged_cross", ["100/100/010", "101/011/110"], CROSS, "distinct columns outside [0, 1]"),
    ("dense_top", ["1"], {}, "at least two masks"),
    ("dense_top", ["11/01", "10/11"], {}, "all ones in mask 2"),
    ("dense_top", ["110/011", "11/11/11"], {}, "nested or disjoint rows"),
    ("block_tiling", ["11/00", "11"], {}, "a trimmed chain"),
    ("block_tiling", ["10", "1"], {}, "a trimmed chain"),
    ("block_tiling", ["11/01", "10/11"], {}, "at most one path per cell"),
    ("block_tiling", ["11/01", "10/01", "10/11"], {}, "at most one path per cell"),
    ("relabel", ["11/01", "10/11"], {"units": [[0, 0], [0, 1], [0, 1]]}, "a permutation"),
    ("relabel", ["11/01", "10/11"], {"units": [[0, 1], [0, 1], [0, 1.0]]}, "integers"),
    ("relabel", ["11/01", "10/11"], {"units": [[0, 1], [0, 1], [False, 1]]}, "an integer"),
    ("restrict", ["11/01", "10/11"], {"outputs": [0, 0], "inputs": [0]}, "ascending order"),
    ("restrict", ["11/01", "10/11"], {"outputs": [0], "inputs": [2]}, "input of the problem"),
    ("restrict", ["11/01", "10/11"], {"outputs": [0], "inputs": [-1]}, "input of the problem"),
    ("merge", ["11/01", "10/11"], {"layer": 0, "proof": None}, "from 1 to 1"),
    ("merge", ["11/01", "10/11"], {"layer": 2, "proof": None}, "from 1 to 1"),
    ("merge_layers", ["1", "1", "1"], {"layers": [0, 1], "proof": None}, "from 1 to 2"),
    ("merge_layers", ["1", "1", "1"], {"layers": [1, 3], "proof": None}, "from 1 to 2"),
    ("merge_layers", ["1", "1", "1"], {"layers": [2, 1], "proof": None}, "from 2 to 2"),
    # One unit between: closed, and of rank 1.
    ("merge_layers", ["11", "1/1", "11"], {"layers": [1, 1], "proof": TILING}, "a proof of free"),
    ("deep_matching", ["1"], DRAWN, "at least two masks"),
    ("deep_matching", ["11/01", "10/11"], DRAWN, "edges that leave the pins"),
    ("deep_matching", ["1", "1"], {"seed": 0, "prime": 9}, "a prime number"),
    ("deep_matching", ["1", "1"], {"seed": -1, "prime": 7}, "seed"),
    ("cut", ["1"], {"pins": [], **DRAWN}, "at least two masks"),
    ("cut", ["1", "1"], {"pins": [], **DRAWN}, "a list of 1 entries"),
    (
        "cut",
        ["11/10", "11/01/01", "101/001"],
        {"pins": [[0], [2]], **DRAWN},
        "rank 2 of the demands",
    ),
    ("absorb_edges", ["11/01", "10/11"], {"layer": 2, "units": [0], "proof": None}, "from 1 to 1"),
    ("absorb_edges", ["11/01", "10/11"], {"layer": 1, "units": [2], "proof": None}, "unit of the"),
    ("absorb_edges", ["11/11", "11/11"], {"layer": 1, "units": [0], "proof": STAR}, "stars only"),
    ("cap_outputs", ["1"], {"outputs": [[0]]}, "at least two masks"),
    (
        "cap_outputs",  # 16 sets of units, each in the next, of two outputs each
        ["/".join(["1" * 16] * 16), "/".join(TRIANGLE)],
        {"outputs": [[0]]},
        "count vectors",
    ),
    ("cap_outputs", ["11", "1/1"], {"outputs": []}, "at least one list"),
    ("cap_outputs", ["11", "1/1"], {"outputs": [[2]]}, "output of the problem"),
    # Of three outputs that see both units two can be independent.
    ("cap_outputs", ["11/11", "11/11/11"], {"outputs": [[1]]}, "every allowed choice"),
    # {0} lies in {0, 1}: two outputs of the larger class are allowed as well.
    ("cap_outputs", ["11/11", "10/11/11"], {"outputs": [[0, 1]]}, "every allowed choice"),
    ("hall_circuit", CIRCUIT, HALL | {"layer": 3}, "from 1 to 2"),
    ("hall_circuit", CIRCUIT, HALL | {"inputs": [0, 1]}, "3 inputs, one more than outputs"),
    ("hall_circuit", CIRCUIT, HALL | {"inputs": [0, 1, 1]}, "ascending order"),
    # A third unit sees the inputs.
    (
        "hall_circuit",
        ["110/011/001", "111/111", "11/11"],
        HALL,
        "2 units between inputs and outputs",
    ),
    ("hall_circuit", CIRCUIT, HALL | {"tied": [0, 3]}, "tied input of the problem"),
    # Inputs 0 and 1 share unit 0: the rows of Y can be independent and 0 over both.
    ("hall_circuit", CIRCUIT, HALL | {"tied": [0, 1]}, "room for less than 2 rows"),
    ("hall_circuit", CIRCUIT, HALL | {"short": [0]}, "room for less than 1 rows"),
    # Inputs 0 and 1 are dependent by themselves.
    ("hall_circuit", ["110/001", "11/11", "11/11"], HALL | {"tied": [0, 2]}, "rank 2 of the col"),
    # Unit 0 feeds one unit only: it does not send any vector.
    ("hall_circuit", ["110/011", "11/01", "11/11"], HALL, "rank 2 above unit 0"),
    ("hall_circuit", CIRCUIT, HALL | {"prime": 9}, "a prime number"),
    ("sandwich", COLLISION, sandwich(layer=3), "from 1 to 2"),
    ("sandwich", COLLISION, sandwich(rows=[1, 0]), "ascending order"),
    ("sandwich", COLLISION, sandwich(row=2), "row of the problem"),
    ("sandwich", COLLISION, sandwich(column=2), "column of the problem"),
    # Unit 2 has paths to both outputs: now also from input 0.
    ("sandwich", ["101/101/110", *COLLISION[1:]], sandwich(), "to all the rows and from the col"),
    # The same by way of the layer above it.
    ("sandwich", [*COLLISION[:2], "110/010/001"], sandwich(), "to all the rows and from the col"),
    ("sandwich", ["111/101/010", *COLLISION[1:]], sandwich(), "to the row and from all the col"),
    ("sandwich", COLLISION, sandwich(LOWER[:2] + LOWER[3:]), "no negative power of t at (2, 0)"),
    ("sandwich", COLLISION, sandwich([]), "other than 0 at the row and the column"),
    ("sandwich", COLLISION, sandwich(upper=[[0, 0, TWO], *UPPER[1:]]), "equal rows of the limit"),
    ("sandwich", COLLISION, sandwich([*LOWER[:3], [2, 1, TWO]]), "equal columns of the limit"),
    ("sandwich", COLLISION, sandwich([LOWER[0], *LOWER[2:]]), "a limit of rank 2 at least"),
    # A fourth unit on a path: the limit has two dimensions less.
    (
        "sandwich",
        ["101/101/010/001", "1010/0110/1101", COLLISION[2]],
        sandwich(),
        "a limit of rank 3 at least",
    ),
    ("sandwich", COLLISION, sandwich([[0, 1, ONE]]), "entries of factor 1 on the support"),
    ("sandwich", COLLISION, sandwich([[False, 0, ONE]]), "a row of factor 1: an integer"),
    ("sandwich", COLLISION, sandwich([*LOWER, LOWER[0]]), "every entry of factor 1 once"),
    (
        "sandwich",
        COLLISION,
        sandwich([LOWER[0], [0, 2, [[0, "1/2147483629"]]], *LOWER[2:]]),
        "denominators that 2147483629 does not divide",
    ),
    ("sections", ["1", "1"], section([[1, []]], [[2, [["a_0_0", 1]]]]), "the entry at (0, 0)"),
    ("sections", ["1", "1"], section([[1, [["a_0_0", -1]]]], [[1, [["a_0_0", 2]]]]), "no negative"),
    ("sections", ["1", "1"], section([[1, [["a_0_0", 0]]]], [ENTRY]), "no negative"),
    ("sections", ["1", "1"], section([[1, []]], [[1, [["a_0_0", 1]] * 2]]), "a_0_0 once"),
    ("sections", ["1", "1"], section([[1, []]], [[1, [["a_0_1", 1]]]]), "a coordinate"),
    ("sections", ["10", "1"], section([[1, []]], [[1, [["a_0_1", 1]]]]), "a coordinate"),
    # -A(0, 0) replaces A(0, 0), and nothing is known about it.
    ("sections", ["1", "1"], section([], [], shift=[ENTRY], nonzero=None), "a shift without a_0_0"),
    (
        "sections",
        ["1", "1"],
        section([[1, [["a_0_0", -1]]]], [], nonzero=section([], [])["tree"]),
        "no negative power of a_0_0",
    ),
    # Split again, the entry may be 0.
    (
        "sections",
        ["1", "1"],
        section(
            [],
            [],
            nonzero=case(
                "a_0_0",
                section([], [])["tree"],
                section([[1, [["a_0_0", -1]]]], [[1, [["a_0_0", 2]]]])["tree"],
                shift=[[1, []]],
            ),
        ),
        "the entry at (0, 0)",
    ),
    (
        "sections",
        ["1", "1"],
        section([], [], nonzero=section([], [])["tree"]),
        "the entry at (0, 0)",
    ),
    ("sections", ["10", "1"], {"tree": {"factors": [[[0, 1, [[1, []]]]], []]}}, "on the support"),
    ("sections", ["1", "1/1"], column(addition("rows", 0, 0, 0)), "two different lines"),
    ("sections", ["1", "1/1"], column(addition("rows", 0, 2, 0)), "a cell of the support to clear"),
    ("sections", ["1", "1/1"], column(addition("rows", 0, 1, 1)), "a cell of the support to clear"),
    ("sections", ["1", "1/1"], column(addition("rows", 1, 0, 0)), "an entry that is not 0"),
    ("sections", ["1", "1/1"], column(addition("rows", 2, 1, 0)), "an entry that is not 0"),
    ("sections", ["1", "1/1"], column(addition("rows", -1, 1, 0)), "an entry that is not 0"),
    ("sections", ["1", "1/1"], column(addition("rows", "0", 1, 0)), "a line: an integer"),
    ("sections", ["1", "1/1"], column({**addition("rows", 0, 1, 0), "columns": 0}), "an addition"),
    (  # what is cleared is 0 from there on
        "sections",
        ["1", "1/1"],
        column(addition("rows", 0, 1, 0, entries("00", "10"))),
        "the entry at (1, 0)",
    ),
    (  # and clears nothing
        "sections",
        ["1", "1/1"],
        column(addition("rows", 0, 1, 0, addition("rows", 1, 0, 0))),
        "an entry that is not 0",
    ),
    (
        "sections",
        ["1", "1/1"],
        {
            "tree": case(
                "a_0_0",
                {
                    "factors": [
                        [[0, 0, value()]],
                        [[0, 0, [[-1, [["a_1_0", 1]]]]], [1, 0, value("a_1_0")]],
                    ]
                },
                addition("rows", 0, 1, 0),
                value("a_1_0"),
            )
        },
        "entries that are 0 or their own coordinate",
    ),
    (  # lower times upper: only row 0 can be added to row 1
        "sections",
        ["11/01", "10/11"],
        {"tree": case("a_1_0", UPPER_LEAF, addition("rows", 1, 0, 0))},
        "rows: the mask's line 1 inside 0",
    ),
    (
        "sections",
        ["11/01", "10/11"],
        {"tree": case("a_0_1", entries("00", "10", "11"), addition("columns", 1, 0, 0))},
        "columns: the mask's line 1 inside 0",
    ),
    (  # a_1_1 may be 0 after the addition
        "sections",
        ["11/11", "11/11"],
        {
            "tree": case(
                "a_0_0",
                entries("01", "10", "11"),
                case(
                    "a_0_1",
                    entries("00", "10", "11"),
                    case(
                        "a_1_1",
                        entries("00", "01", "10"),
                        addition(
                            "rows", 0, 1, 0, {"factors": [[], [[1, 1, [[1, [["a_1_1", -1]]]]]]]}
                        ),
                    ),
                ),
            )
        },
        "no negative power of a_1_1",
    ),
    ("sections", RANK_ONE, limits({}, [ENTRY]), "polynomials that vanish on the set"),
    ("sections", RANK_ONE, {"tree": {"vanishes": 0}}, "a vanishing polynomial: an integer"),
    ("sections", RANK_ONE, limits({"vanishes": 0}), "one term that is not 0"),
    ("sections", RANK_ONE, limits(case("a_1_1", {"vanishes": 0}, {})), "one term that is not 0"),
    (  # it is 0 on the whole stratum
        "sections",
        RANK_ONE,
        limits(corner("11", case("a_0_0", {"vanishes": 0}, None, over("a_0_1", "a_1_0", "a_1_1")))),
        "one term that is not 0",
    ),
    (
        "sections",
        RANK_ONE,
        limits(corner("11", case("a_0_0", case("a_1_1", None, None), None, over("a_1_1")))),
        "no negative power of a_1_1 in the cells",
    ),
    (  # where a_0_1 is a_0_0 a_1_1 / a_1_0 it may be 0
        "sections",
        RANK_ONE,
        limits(
            corner(
                "01",
                corner(
                    "10",
                    case(
                        "a_0_1",
                        {"factors": [[[0, 0, [[1, [["a_0_1", -1]]]]]], []]},
                        None,
                        over("a_0_0", "a_1_1", "a_1_0"),
                    ),
                ),
            )
        ),
        "no negative power of a_0_1",
    ),
    ("sections", RANK_ONE, limits({"vanishes": 0, "then": {}}), "an addition with the keys"),
    ("sections", RANK_ONE, limits({"vanishes": 0, "coordinate": "a_0_0"}), "a leaf with the keys"),
]


@pytest.mark.parametrize(
    ("rule", "layers", "data", "expected"), CHAINS, ids=[f"{c[0]}: {c[3]}" for c in CHAINS]
)
def test_a_failed_hypothesis_on_chains_is_named(
    rule: str, layers: list[str], data: dict[str, Any], expected: str
) -> None:
    problem = {"layers": [layer.split("/") for layer in layers]}
    parts = [None] if rule in WITH_PARTS else []
    with pytest.raises(CertificateError, match=re.escape(expected)):
        check_proof(problem, {"rule": rule, "data": data, "parts": parts})


CUTS = [
    # the two paths at (1, 1) through units 0 and 1 are there, but another cell has a second path
    ("11/11", "10/11", "all through unit 0"),
    ("11/01", "11/11", "all through unit 0"),
    ("11/01", "10/10", "paths avoiding 0"),  # rank one: closed
    ("11/00", "10/11", "paths avoiding 0"),
    ("01/01", "10/11", "all through unit 0"),  # no path at (0, 0)
]


@pytest.mark.parametrize(("first", "second", "expected"), CUTS)
def test_a_cut_that_is_none(first: str, second: str, expected: str) -> None:
    problem = {"layers": [first.split("/"), second.split("/")]}
    data = {"layer": 1, "unit": 0, "outputs": [0, 1], "inputs": [0, 1]}
    with pytest.raises(CertificateError, match=expected):
        check_proof(problem, {"rule": "unique_cut", "data": data, "parts": []})
