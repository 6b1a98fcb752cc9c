"""Verdicts about networks, question by question."""

from __future__ import annotations

import json
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune
from torch.utils.data import DataLoader, TensorDataset

from cadlink import Limits
from cadlink.cli.main import main
from cadlink.errors import InputError
from cadlink.networks.deciding import decide_network
from cadlink.networks.kernel import check_witness
from cadlink.networks.verdict import NetworkAnswer, Question, training_data
from cadlink.networks.witness_file import check_document

LINE = [[0], [1], [2], [3]]
R3 = [[0, 0], [1, 0], [3, 1], [3, 2]]
R5 = [[0, "1/10"], [1, "-3/20"], [3, "11/10"], [3, "39/20"]]


@pytest.mark.parametrize(
    ("source", "question", "answer", "theorem"),
    [
        ("dense:2-2-2", "a", "no_optimum", "R1"),
        ("dense:2-2-2", "d", "closed_on_cube", "R8"),
        ("dense:7-5-1", "a", "optimum_guaranteed", "R1"),
        ("110/011;11", "a", "optimum_guaranteed", "R1"),
        ("11;1/1;11", "a", "no_optimum", "R14"),
        ("1111", "a", "optimum_guaranteed", "R13"),
        ("dense:784-300-100-10", "a", "no_optimum", "R17"),
        ("dense:3-2-1-2-1", "a", "no_optimum", "R18"),
        ("lu:2", "a", "no_optimum", "R1"),
        ("lu:2", "d", "not_closed_on_cube", "N1"),
        ("lu:100", "d", "not_closed_on_cube", "N1"),
        ("1100/0011;11;1", "a", "optimum_guaranteed", "R13"),
        ("011/110;11/10/00;111/111", "a", "no_optimum", "R20"),
        ("dense:2-2-2-2", "a", "no_optimum", "R20"),
        ("dense:1-1-4-1", "a", "optimum_guaranteed", "R20"),
        ("dense:2-2-2-2-1", "a", "not_excluded", ""),
        ("11/11/01;110/111", "d", "unknown", ""),
    ],
)
def test_questions_a_and_d(source: str, question: str, answer: str, theorem: str) -> None:
    verdict = decide_network(source, question, limits=Limits(20))
    assert (verdict.answer.value, verdict.theorem) == (answer, theorem)
    assert verdict.explanation
    assert verdict.assumptions
    if verdict.answer in (NetworkAnswer.NOT_EXCLUDED, NetworkAnswer.UNKNOWN):
        assert verdict.reason
    else:
        assert verdict.witness is not None
        assert verdict.statement is not None
        check_witness(verdict.statement, verdict.witness)
    json.dumps(verdict.to_json(), allow_nan=False)
    with pytest.raises(TypeError):
        bool(verdict)
    with pytest.raises(TypeError):
        bool(verdict.answer)


def test_five_points_on_a_line_for_dense_2_2_2() -> None:
    data = training_data(decide_network("dense:2-2-2"))
    assert data is not None
    assert len(data[0]) == 5
    assert [tuple(map(int, y)) for y in data[1]] == [(0, 0), (0, 0), (1, 0), (2, 1), (2, 2)]


@pytest.mark.parametrize("method", [prune.random_unstructured, prune.l1_unstructured])
def test_a_pruned_784_300_10_network_in_two_seconds(method: Any) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(784, 300), nn.ReLU(), nn.Linear(300, 10))
    for layer in (model[0], model[2]):
        method(layer, "weight", amount=0.95)
    start = time.monotonic()
    verdict = decide_network(model)
    assert time.monotonic() - start < 2
    assert verdict.answer is NetworkAnswer.NO_OPTIMUM
    assert verdict.witness is not None
    assert len(verdict.witness["X"]) <= 9


def test_these_inputs() -> None:
    assert decide_network("dense:1-2-2", "b", LINE).theorem == "R3"
    assert decide_network("dense:1-2-2", "b", LINE[:3]).answer is NetworkAnswer.OPTIMUM_GUARANTEED
    four = decide_network("dense:1-3-2", "b", LINE)
    assert (four.answer.value, four.theorem) == ("optimum_guaranteed", "R6")
    seven = decide_network("dense:1-3-2", "b", [[t * t] for t in range(7)])
    assert (seven.answer.value, seven.theorem) == ("no_optimum", "R2")
    # off the line: the fifth point comes along
    plane = [[0, 0], [1, 1], [2, 2], [3, 3], [1, 0], [0.5, 7]]
    assert decide_network("dense:2-2-2", "b", plane).theorem == "R3"
    # affinely independent points, blocks {1,2} x .., {2,3} x ..: products are not closed
    square = np.eye(3)
    verdict = decide_network("111/111;10/11/01", "b", square)
    assert (verdict.answer.value, verdict.theorem) == ("no_optimum", "R6")
    moment = [[s, s * s] for s in range(-4, 5)]
    assert decide_network("lu:2", "b", moment).theorem == "N1"
    assert decide_network("lu:2", "b", moment[1:]).answer is NetworkAnswer.NOT_EXCLUDED
    nested = decide_network("111/111;11/11/01", "b", square)
    assert (nested.answer.value, nested.theorem) == ("optimum_guaranteed", "R6")


def test_r3_and_r5_exactly() -> None:
    missed = decide_network("dense:1-2-2", "c", LINE, R3)
    assert (missed.answer.value, missed.theorem) == ("no_optimum", "R3")
    noisy = decide_network("dense:1-2-2", "c", LINE, R5)
    assert (noisy.answer.value, noisy.theorem) == ("no_optimum", "exact")
    assert noisy.witness is not None
    assert noisy.witness["infimum"] == "9/200"
    assert len(noisy.holes) == 10  # pairs of segments, each the word of a backend
    shuffled = [3, 0, 2, 1]
    turned = decide_network(
        "dense:1-2-2", "c", [LINE[i] for i in shuffled], [R3[i] for i in shuffled]
    )
    assert turned.answer is NetworkAnswer.NO_OPTIMUM


def test_this_data_realised_or_unknown() -> None:
    hinge = [[0, 0], [0, 0], [1, 2], [2, 4]]
    verdict = decide_network("dense:1-2-2", "c", LINE, hinge)
    assert (verdict.answer.value, verdict.theorem) == ("optimum_guaranteed", "realised")
    wild = decide_network("dense:1-2-2", "c", LINE, [[0, 1], [1, 5], [0, 2], [7, 3]])
    assert wild.answer is NetworkAnswer.UNKNOWN
    assert wild.reason
    witness = decide_network("11;1/1;11").witness
    assert witness is not None
    again = decide_network("11;1/1;11", "c", witness["X"], witness["Y"])
    assert (again.answer.value, again.theorem) == ("no_optimum", "R14")


def test_exact_witness_is_bound_to_its_data() -> None:
    verdict = decide_network("dense:1-2-2", "c", LINE, R5)
    witness = dict(verdict.witness or {})
    statement = verdict.statement
    assert statement is not None
    assert check_witness(statement, witness).claim == "not_attained"
    for change in (
        {"infimum": "1/23"},
        {"claims": witness["claims"][:-1]},
        {"Y": [[0, 0], *witness["Y"][1:]]},
        {"limit": witness["Y"]},
        {"claims": [{**witness["claims"][0], "answers": []}, *witness["claims"][1:]]},
    ):
        with pytest.raises(ValueError, match="witness"):
            check_witness(statement, {**witness, **change})


def test_regularised_and_without_biases() -> None:
    assert decide_network("lu:2", penalty="all").theorem == "R16"
    assert decide_network("dense:2-2-2", bias=False).theorem == "R1"
    assert decide_network("dense:1-2-2", bias=False).answer is NetworkAnswer.NOT_EXCLUDED
    assert decide_network("11;1/1;11", bias=[True, True, False]).theorem == "R14"
    assert decide_network("11;1/1;11", bias=False).answer is NetworkAnswer.NOT_EXCLUDED
    assert decide_network("dense:2-2-1", bias=False).answer is NetworkAnswer.OPTIMUM_GUARANTEED


def test_leaky_relu_and_linear_networks() -> None:
    leaky = nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(), nn.Linear(2, 2))
    assert decide_network(leaky).answer is NetworkAnswer.NO_OPTIMUM
    one = nn.Sequential(nn.Linear(2, 2), nn.LeakyReLU(), nn.Linear(2, 1))
    assert decide_network(one).answer is NetworkAnswer.OPTIMUM_GUARANTEED
    linear = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    assert decide_network(linear).answer is NetworkAnswer.NOT_EXCLUDED
    simplex = [[0, 0], [1, 0], [0, 1]]
    assert decide_network(linear, "b", simplex).answer is NetworkAnswer.OPTIMUM_GUARANTEED
    with torch.no_grad():
        linear[0].weight[1, 0] = 0
        linear[1].weight[0, 1] = 0
    assert decide_network(linear).answer is NetworkAnswer.NO_OPTIMUM
    assert decide_network(linear, "b", simplex).answer is NetworkAnswer.NO_OPTIMUM


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"question": "e"}, "expected 'a'"),
        ({"question": "b"}, "needs inputs"),
        ({"question": "c", "inputs": LINE}, "needs targets"),
        ({"question": "a", "inputs": LINE}, "takes no inputs"),
        ({"question": "b", "inputs": [[1, 2]]}, "inputs, row 0: expected 1 entries, found 2"),
        (
            {"question": "b", "inputs": [[float("nan")]]},
            "inputs, row 0, entry 0: expected a finite number, found nan",
        ),
        (
            {"weights": [np.ones((2, 1)), np.ones(2), np.ones((2, 2)), np.ones(2)]},
            r"weights: question \(a\) is about no data",
        ),
        ({"question": "c", "inputs": LINE, "targets": R3[:2]}, "as many targets as inputs"),
        ({"bias": [True]}, "expected 2 truth values"),
        ({"question": "d", "penalty": "all"}, "drop 'penalty'"),
        ({"penalty": "some"}, "expected one of none, weights, all-but-last, all"),
    ],
)
def test_bad_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        decide_network("dense:1-2-2", **arguments)


def test_the_command(capsys: Any, tmp_path: Any) -> None:
    (tmp_path / "x.csv").write_text("0\n1\n2\n3\n")
    (tmp_path / "y.csv").write_text("0,1/10\n1,-3/20\n3,11/10\n3,39/20\n")
    np.save(tmp_path / "x.npy", np.arange(4.0)[:, None])
    kept = tmp_path / "w.json"
    data = ["--inputs", str(tmp_path / "x.npy"), "--targets", str(tmp_path / "y.csv")]
    command = ["network", "dense:1-2-2", "--question", "c", *data]
    assert main([*command, "--certificate", str(kept)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert "NO OPTIMUM. On this training set" in shown
    assert "sum of squared errors is 9/200." in shown
    assert "0 | 0 1/10 1 | 1 -3/20" in shown
    written = json.loads(kept.read_text())
    assert check_document(written)[1].holes
    assert main(["network", "dense:2-2-2-2-1", "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["answer"] == "not_excluded"
    assert main(["network", "dense:2-2-1", "--no-bias"]) == 0
    assert main(["network", "lu:2", "--decay", "all"]) == 0
    assert main(["network", "dense:2-2-2-2-1", "--decay", "weights", "--no-bias"]) == 0
    capsys.readouterr()
    assert main(["network", str(tmp_path / "absent.pt")]) == 1
    assert capsys.readouterr().err == f"cadlink: {tmp_path / 'absent.pt'}: no such file\n"
    assert main(["network", "lu:2", "--question", "b", "--inputs", str(tmp_path / "x.txt")]) == 1


def test_a_loader_in_place_of_arrays() -> None:
    xs, ys = torch.randn(6, 3).double(), torch.randn(6, 2).double()
    loader = DataLoader(TensorDataset(xs, ys), batch_size=4, shuffle=True)
    both = decide_network("dense:3-6-2", None, loader)
    assert (both.question, both.theorem) == (Question.THIS_DATA, "R6")
    assert both.statement is not None
    points = {tuple(map(Fraction, row)) for row in xs.tolist()}
    assert set(both.statement.inputs or ()) == points
    assert decide_network("dense:3-6-2", "b", loader).question is Question.THESE_INPUTS
    labelled = DataLoader(TensorDataset(xs, torch.arange(6) % 2), batch_size=2)
    said = decide_network("dense:3-6-2", None, labelled, loss="cross_entropy", penalty="weights")
    assert said.theorem == "R24b"
    with pytest.raises(InputError, match="brings its own targets"):
        decide_network("dense:3-6-2", None, loader, ys)
    with pytest.raises(InputError, match="pairs of inputs and targets"):
        decide_network("dense:3-6-2", None, DataLoader(TensorDataset(xs)))
    many = TensorDataset(torch.randn(60, 3), torch.randn(60, 2))
    dropped = DataLoader(many, batch_size=32, shuffle=True, drop_last=True)
    with pytest.raises(InputError, match="other points in every pass"):
        decide_network("dense:3-6-2", None, dropped)
