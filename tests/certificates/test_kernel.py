"""The kernel as others use it: what it imports, says and takes; its chain rules held together."""

from __future__ import annotations

import ast
import random
import time
from itertools import pairwise, permutations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from flint import nmod_mat

import cadlink.certificates.kernel as kernel
from cadlink.certificates.kernel import check, check_proof
from cadlink.certificates.kernel.claims import ANSWERS, claim
from cadlink.certificates.kernel.reader import Budget, Reader
from cadlink.errors import CertificateError
from cadlink.patterns.pattern import Pattern


def step(rule: str, data: dict[str, Any] | None = None, *parts: Any) -> dict[str, Any]:
    return {"rule": rule, "data": data or {}, "parts": list(parts)}


def certificate(layers: list[Any], verdict: str, proof: dict[str, Any]) -> dict[str, Any]:
    head = {"format": "cadlink-certificate", "version": 1, "pattern": {"layers": layers}}
    return {**head, "verdict": verdict, "proof": proof}


CUT = step("unique_cut", {"layer": 1, "unit": 0, "outputs": [0, 1], "inputs": [0, 1]})
LU = [["11", "01"], ["10", "11"]]


def test_imports_nothing_it_is_meant_to_check() -> None:
    allowed = {
        "cadlink.errors",
        "cadlink.json_text",
        "cadlink.patterns.pattern",
        "cadlink.certificates.data",
    }
    own = ("cadlink.certificates.kernel", "cadlink.certificates.read")
    folder = Path(kernel.__file__).parent
    files = [*folder.glob("*.py"), folder.parent / "read.py", folder.parent / "data.py"]
    assert len(files) >= 9
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{file.name}: relative import"
                names = [node.module or ""]
                if names == ["cadlink.certificates"]:
                    names = [f"cadlink.certificates.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            for name in names:
                if name.partition(".")[0] == "cadlink":
                    assert name in allowed or name.startswith(own), f"{file.name} imports {name}"
                assert name.partition(".")[0] not in {"pickle", "importlib", "marshal", "sympy"}
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in {"eval", "exec", "compile", "__import__"}


def test_pattern_must_be_the_one_asked_about() -> None:
    good = certificate(LU, "not_closed", CUT)
    assert check(good, Pattern.of(LU)).verdict == "not_closed"
    other = Pattern.of([["11", "11"], ["10", "11"]])
    for pattern in (other, Pattern.of([["11", "01"]]), Pattern.of([["11", "01"]] * 2)):
        with pytest.raises(CertificateError, match="the pattern in question"):
            check(good, pattern)


def test_error_names_the_step() -> None:
    bad = step("transpose", None, step("trim", None, step("one_layer")))
    with pytest.raises(CertificateError) as caught:
        check(certificate(LU, "closed", bad))
    assert caught.value.path == "proof.parts[0].parts[0] (one_layer)"
    assert (caught.value.expected, caught.value.found) == ("one mask", "2")
    lemma = step("merge", {"layer": 1, "proof": step("star")}, step("one_layer"))
    with pytest.raises(CertificateError) as caught:
        check(certificate(LU, "closed", lemma))
    assert caught.value.path == "proof.data.proof"


def claims(method: str, *statements: str, **more: Any) -> dict[str, Any]:
    listed = []
    for statement in statements:
        said = ANSWERS.get(statement, "a_0_0 = 0")
        answers = [
            {"backend": "qepcad", "version": "1.74", "answer": said, "transcript": "0a" * 32},
            {"backend": "redlog", "version": "3.2", "answer": said, "transcript": "0b" * 32},
        ]
        listed.append({"statement": statement, "answers": answers})
    return step("claims", {"method": method, "claims": listed, **more})


def test_holes_are_named() -> None:
    checked = check(certificate(LU, "not_closed", claims("sentence", "not_closed")))
    assert (checked.verdict, checked.assurance) == ("not_closed", "trusted")
    (hole,) = checked.holes
    for text in ("proof (claims)", "qepcad 1.74", "redlog 3.2", "missed", "[not_closed]"):
        assert text in hole


@pytest.mark.parametrize("statement", sorted(ANSWERS))
def test_an_answer_must_say_what_it_is_taken_to_mean(statement: str) -> None:
    with pytest.raises(CertificateError, match="the answer"):
        claim(
            {
                "statement": statement,
                "answers": [
                    {
                        "backend": "z3",
                        "version": "4",
                        "answer": {"true": "false", "false": "true"}[ANSWERS[statement]],
                        "transcript": "0c" * 32,
                    }
                ],
            },
            statement,
            Reader({}, "here", Budget()),
        )


def test_a_checked_part_beats_a_trusted_one() -> None:
    twice = [["1100", "0100", "0011", "0001"], ["1000", "1100", "0010", "0011"]]
    trusted = claims("sentence", "not_closed")
    for parts in ((CUT, trusted), (trusted, CUT), (CUT, None)):
        assert check(certificate(twice, "not_closed", step("split", None, *parts))).holes == ()
    both = check(certificate(twice, "not_closed", step("split", None, trusted, None)))
    assert both.assurance == "trusted"


def test_missing_part_is_not_closed_over() -> None:
    layers = [["10", "01"]]
    whole = step("split", None, step("one_layer"), step("one_layer"))
    assert check(certificate(layers, "closed", whole)).verdict == "closed"
    with pytest.raises(CertificateError, match="every part"):
        check(certificate(layers, "closed", step("split", None, step("one_layer"), None)))


def test_restriction_proves_nothing_but_not_closed() -> None:
    proof = step("restrict", {"outputs": [0], "inputs": [0]}, step("matching"))
    with pytest.raises(CertificateError, match="a part that is not closed"):
        check(certificate(LU, "closed", proof))


def test_lemma_must_be_free_not_merely_closed() -> None:
    layers = [["11"], ["1", "1"], ["11", "11"]]
    for proof in ("block_tiling", "dense_top"):
        with pytest.raises(CertificateError, match="a proof of free"):
            check_proof(
                {"layers": layers}, step("merge", {"layer": 1, "proof": step(proof)}, step("star"))
            )


def test_pattern_without_paths() -> None:
    empty = [["10", "00"], ["01"]]
    for proof in (
        step("trim", None, step("split")),
        step("two_factors", None, step("empty")),
        step("matching"),
    ):
        assert check(certificate(empty, "closed", proof)).assurance == "checked"


def test_modulus_must_be_prime() -> None:
    star = [[[0, 0], [0, 1]]]
    for prime, good in ((7, True), (1, False), (0, False), (-7, False), (9, False), (561, False)):
        proof = step("zero_submersion", {"x": [[[0, 1]]], "y": [[]], "prime": prime})
        if good:
            assert check_proof(star, proof).conclusion == "free"
        else:
            with pytest.raises(CertificateError, match="prime"):
                check_proof(star, proof)


PROPAGATE = {"propagation": True}


def curve(x: list[Any], y: list[Any], limit: list[Any], tree: Any = PROPAGATE) -> dict[str, Any]:
    return step("curve", {"x": [x], "y": [y], "limit": limit, "refutation": tree})


@pytest.mark.parametrize(
    ("proof", "complaint"),
    [
        (curve([[0, [[0, 1]]]], [[0, [[-1, 1]]]], []), "tends to the limit"),
        (curve([[0, [[0, 1]]]], [[0, [[0, 2]]]], [[0, 0, 1]]), "tends to the limit"),
        (curve([[0, [[0, 1]]]], [[0, [[0, 1]]]], [[0, 0, 1]]), "a contradiction"),
        (curve([[0, [[0, 1]]]], [[0, [[0, 1]]]], [[0, 0, 1], [0, 0, 1]]), "once"),
        (curve([[0, [[0, 1]]]], [[0, [[0, 1]]]], [[0, 0, 1], [1, 1, 0]]), "support"),
        (curve([[0, [[0, 1]]]], [[0, [[0, 1]]]], [[0, 0, "1/0"]]), "p/q"),
        (curve([[0, [[0, 1]]]], [[0, [[0, 1]]]], [[0, 0, "1e3"]]), "p/q"),
        (curve([[0, [[0, 1]]]], [[0, [[0, 1]]]], [[False, 0, 1]]), "integer row"),
        (curve([[0, [[0, 1]]], [0, [[0, 1]]]], [], []), "once"),
        (curve([[False, [[0, 1]]]], [], []), "on the support"),
        (curve([[2, [[0, 1]]]], [], []), "on the support"),
        (curve([[-1, [[0, 1]]]], [], []), "on the support"),
        (curve([[0, [[1, 1], [0, 1]]]], [], []), "ascending"),
        (curve([[0, [[0, 1], [0, 1]]]], [], []), "ascending"),
        (curve([[0, [[10**9, 1]]]], [], []), "ascending"),
        (curve([], [], [], {}), "a refutation"),
        (curve([], [], [], {"propagation": False}), "a refutation"),
        (curve([], [], [], {"propagation": 1}), "a refutation"),
        (curve([], [], [], {"multipliers": [], "inequations": []}), "multipliers that give"),
        (curve([], [], [], {"multipliers": [], "inequations": [0]}), "an inequation"),
        (curve([], [], [], {"multipliers": [[3, []]], "inequations": []}), "an equation"),
        (curve([], [], [], {"multipliers": [[-1, []]], "inequations": []}), "an equation"),
        (curve([], [], [], {"case": [], "zero": PROPAGATE}), "a refutation"),
        (curve([], [], [], {"case": [], "zero": PROPAGATE, "nonzero": PROPAGATE}), "contradiction"),
        (
            curve([], [], [], {"case": [[1, [["z", 1]]]], "zero": {}, "nonzero": {}}),
            "a variable",
        ),
        (
            curve([], [], [], {"case": [[1, [["x_0_0", 0]]]], "zero": {}, "nonzero": {}}),
            "an exponent",
        ),
        (
            curve([], [], [], {"case": [[1, [["x_0_0", -1]]]], "zero": {}, "nonzero": {}}),
            "an exponent",
        ),
        (
            curve([], [], [], {"case": [[1, [["x_0_0", 10**6]]]], "zero": {}, "nonzero": {}}),
            "an exponent",
        ),
    ],
)
def test_wrong_curve_is_rejected(proof: dict[str, Any], complaint: str) -> None:
    corner = [[[0, 0], [0, 1], [1, 0]]]
    with pytest.raises(CertificateError, match=complaint):
        check_proof(corner, proof)


def test_work_is_limited() -> None:
    dense = [[[j, k] for j in range(8) for k in range(8)]] * 8
    power = [[[1, [["a_0_0", 64]]]]]  # the power of a sum of eight terms
    proof = claims("variety", "variety_inside", polynomials=power)
    with pytest.raises(CertificateError, match="too much work"):
        check_proof(dense, proof)
    deep = {"layers": [["1" * 9] * 9] * 12}  # 9^13 paths
    with pytest.raises(CertificateError, match="too much work"):
        check_proof(deep, step("curve", {"factors": [], "limit": [], "refutation": {}}))


def test_wide_but_empty_masks_do_not_fill_the_memory() -> None:
    wide = {"shape": [1, 10**6], "indptr": [0, 1], "indices": [0]}
    for proof in (step("split"), step("curve", {"factors": [], "limit": [], "refutation": {}})):
        with pytest.raises(CertificateError, match="too much work"):
            check_proof({"layers": [wide]}, proof)
    with pytest.raises(CertificateError, match="number of columns"):
        check_proof({"layers": [{**wide, "shape": [1, 10**7]}]}, step("one_layer"))


def test_transcripts_and_degrees_are_checked() -> None:
    wrong = claims("free", "free")
    wrong["data"]["claims"][0]["answers"][0]["transcript"] = "0A" * 32
    with pytest.raises(CertificateError, match="SHA-256"):
        check_proof([], wrong)
    many = [[1, [["a_0_0", 40]] * 2]]
    with pytest.raises(CertificateError, match="degree"):
        check_proof([[[0, 0]]], claims("variety", "variety_inside", polynomials=[many]))
    with pytest.raises(CertificateError, match="a group"):
        check_proof({"layers": LU}, claims("free_columns", "columns_served", columns=[0]))


# Chains: rules against each other


def random_layers(rng: random.Random, depth: int) -> list[list[str]]:
    widths = [rng.randint(2, 3) for _ in range(depth + 1)]
    density = rng.choice([0.6, 0.8])
    return [
        ["".join(str(int(rng.random() < density)) for _ in range(cols)) for _ in range(rows)]
        for cols, rows in pairwise(widths)
    ]


def shows(layers: list[list[str]], proof: dict[str, Any]) -> bool:
    try:
        check_proof({"layers": layers}, proof)
    except CertificateError:
        return False
    return True


def cuts(layers: list[list[str]]) -> bool:
    """Whether some unique cut proves the chain not closed."""
    for layer in range(1, len(layers)):
        for unit, outputs, inputs in product(
            range(len(layers[layer - 1])),
            permutations(range(len(layers[-1])), 2),
            permutations(range(len(layers[0][0])), 2),
        ):
            data = {"layer": layer, "unit": unit, "outputs": [*outputs], "inputs": [*inputs]}
            if shows(layers, step("unique_cut", data)):
                return True
    return False


@pytest.mark.parametrize("depth", [2, 3])
def test_no_chain_is_closed_and_not_closed(depth: int) -> None:
    rng = random.Random(depth)
    seen = {True: 0, False: 0}
    for _ in range(150):
        layers = random_layers(rng, depth)
        tiled = shows(layers, step("trim", None, step("block_tiling")))
        topped = shows(layers, step("dense_top"))
        matched = depth == 2 and shows(layers, step("matching"))
        if depth == 2:
            assert matched == shows(layers, step("two_factors", None, step("matching")))
        cut = cuts(layers)
        assert not (cut and (tiled or topped or matched)), layers
        seen[cut] += 1
    assert min(seen.values()) > 5


def test_tiled_chains_have_the_dimension_of_their_rank_conditions() -> None:
    """dim { rank A[R_g, C_g] <= p_g } for butterflies, against the rank of a random Jacobian."""
    prime = 1_000_003
    rng = random.Random(0)
    first = ["1100", "1100", "0011", "0011"]
    second = ["1010", "0101", "1010", "0101"]
    assert shows([first, second], step("block_tiling"))
    edges = [(1, i, j) for i, j in product(range(4), range(4)) if first[i][j] == "1"]
    edges += [(2, i, j) for i, j in product(range(4), range(4)) if second[i][j] == "1"]
    value = {edge: rng.randrange(1, prime) for edge in edges}
    matrix = nmod_mat(16, len(edges), prime)
    for n, (number, i, j) in enumerate(edges):
        for other in range(4):
            if number == 1 and (2, other, i) in value:
                matrix[4 * other + j, n] = value[2, other, i]
            if number == 2 and (1, j, other) in value:
                matrix[4 * i + other, n] = value[1, j, other]
    assert matrix.rank() == 4 * 3  # four 2 x 2 blocks of rank 1


def csr(matrix: Any) -> dict[str, Any]:
    matrix = sp.csr_array(matrix)
    matrix.sort_indices()
    head = {"shape": list(matrix.shape), "indptr": matrix.indptr.tolist()}
    return {**head, "indices": matrix.indices.tolist()}


def butterfly(size: int) -> list[dict[str, Any]]:
    pair = np.ones((2, 2))
    steps = range(size.bit_length() - 1)
    return [
        csr(sp.kron(sp.kron(sp.eye_array(size >> (n + 1)), pair), sp.eye_array(1 << n)))
        for n in steps
    ]


def test_large_masks_are_quick() -> None:
    size, band = 10_000, 100
    lower = sp.diags_array(
        [np.ones(size - n) for n in range(band)], offsets=[-n for n in range(band)]
    )
    big = certificate([csr(lower.T), csr(lower)], "not_closed", CUT)  # a million ones each
    flies = certificate(butterfly(1024), "closed", step("trim", None, step("block_tiling")))
    dense = csr(np.ones((1000, 1000)))
    tops = [certificate([dense, dense], "closed", step(rule)) for rule in ("dense_top", "matching")]
    for document in (big, flies, *tops):
        started = time.perf_counter()
        assert check(document).assurance == "checked"
        assert time.perf_counter() - started < 20  # about one second on an idle machine


def test_components_come_in_order() -> None:
    # units of three components interleaved; the middle one is not closed
    order = [2, 0, 1]
    layers = []
    for lu in (np.triu(np.ones((2, 2))), np.tril(np.ones((2, 2)))):
        whole = np.zeros((6, 6), dtype=int)
        for place, kind in enumerate(order):
            piece = lu if kind == 0 else np.eye(2)
            units = [place, place + 3]
            whole[np.ix_(units, units)] = piece
        layers.append(["".join(map(str, row)) for row in whole])
    one = step("matching")
    # places 0 and 2 are two single paths each
    proof = step("split", None, one, CUT, one, one, one)
    assert check_proof({"layers": layers}, proof).conclusion == "not_closed"
    for place in (0, 2, 3, 4):
        parts = [one] * 5
        parts[place] = CUT
        with pytest.raises(CertificateError):
            check_proof({"layers": layers}, step("split", None, *parts))
