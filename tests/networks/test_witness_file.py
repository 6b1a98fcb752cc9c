"""A network verdict's file is accepted by ``cadlink check`` as written, refused when altered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cadlink.cli.main import main
from cadlink.errors import CertificateError
from cadlink.networks.witness_file import check_document

SOURCES = [
    ("dense:2-2-2", "a", "no_optimum", "R1"),
    ("dense:2-2-1", "a", "optimum_guaranteed", "R1"),
    ("dense:2-1-2-1", "a", "no_optimum", "R14"),
    ("lu:2", "d", "not_closed_on_cube", "N1"),
    ("dense:2-2-2", "d", "closed_on_cube", "R8"),
    ("dense:2-2", "d", "closed_on_cube", "affine"),
]


def written(folder: Path, source: str, question: str, *more: str) -> Path:
    path = folder / "witness.json"
    command = ["network", source, "--question", question, "--certificate", str(path), *more]
    assert main(command) == 0
    return path


@pytest.mark.parametrize(("source", "question", "answer", "theorem"), SOURCES)
def test_check_accepts(
    source: str,
    question: str,
    answer: str,
    theorem: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = written(tmp_path, source, question)
    capsys.readouterr()
    assert main(["check", str(path)]) == 0
    shown = capsys.readouterr().out
    assert f"accepted: question ({question}), {answer}, {theorem}" in shown
    assert "assuming: free biases in every layer; activation: ReLU" in shown
    assert main(["check", str(path), "--pattern", source, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answer"] == answer
    assert main(["check", str(path), "--pattern", "111"]) == 5


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("version", 3, "version"),
        ("version", 1, "cadlink network --certificate"),
        ("version", True, "version"),
        ("answer", "optimum_guaranteed", "answer"),
        ("answer", ["no_optimum"], "answer"),
        ("question", "d", "answer"),
        ("question", "b", "inputs"),
        ("question", "c", "inputs"),
        ("question", {}, "question"),
        ("witness", None, "witness"),
        ("biases", [True], "biases"),
        ("biases", ["yes", "yes"], "biases"),
        ("biases", [False, True], "no bias in layer 0"),
        ("activation", "leaky_relu", "activation"),
        ("activation", "tanh", "activation"),
        ("loss", "crossentropy", "loss"),
        ("loss", None, "loss"),
        ("loss", [], "loss"),
        ("penalty", "all", "no penalty"),
        ("penalty", 1, "penalty"),
        ("inputs", [[0]], "inputs"),
        ("targets", [[0]], "targets"),
        ("pattern", {"layers": [["11", "11"], ["11"]]}, "witness"),
        ("pattern", {"layers": [["11", "11"], ["111"]]}, "pattern"),
        ("pattern", {"layers": 3}, "pattern"),
        ("pattern", "11/11", "pattern"),
        ("more", 1, "file"),
    ],
)
def test_check_refuses(
    key: str, value: Any, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, "dense:2-2-2", "a")
    document = json.loads(path.read_text())
    check_document(document)
    with pytest.raises(CertificateError, match=words):
        check_document({**document, key: value})
    path.write_text(json.dumps({**document, key: value}))
    capsys.readouterr()
    assert main(["check", str(path)]) == 5
    assert capsys.readouterr().err.count("\n") == 1


def test_with_and_without_a_penalty_are_two_statements(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = json.loads(written(tmp_path, "lu:2", "a").read_text())
    shown = capsys.readouterr().out
    assert "no penalty on the weights and biases" in " ".join(shown.split())
    decayed = json.loads(written(tmp_path, "lu:2", "a", "--decay", "all").read_text())
    shown = capsys.readouterr().out
    assert "a continuous penalty on all weights and biases" in " ".join(shown.split())
    check_document(plain)
    check_document(decayed)
    assert (plain["answer"], decayed["answer"]) == ("no_optimum", "optimum_guaranteed")
    for one, other in ((plain, decayed), (decayed, plain)):
        with pytest.raises(CertificateError, match=r"no penalty|a penalty|answer"):
            check_document({**one, "witness": other["witness"]})
        with pytest.raises(CertificateError, match="penalty"):
            check_document({**one, "penalty": other["penalty"]})


def test_no_answer_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "w.json"
    assert main(["network", "dense:2-2-2-2-1", "--certificate", str(path)]) == 3
    assert "not written" in capsys.readouterr().err
    assert not path.exists()


def test_no_proof_in_words_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "dense:2-2-2", "a")
    assert main(["check", str(path), "--proof"]) == 1
    assert "certificates of patterns" in capsys.readouterr().err
