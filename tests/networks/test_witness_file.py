"""A network verdict's file is accepted by ``cadlink check`` as written, refused when altered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cadlink.cli.main import main
from cadlink.errors import CertificateError
from cadlink.networks.witness_file import MEANINGS, SUPPORT, check_document

SOURCES = [
    ("dense:2-2-2", "a", "no_optimum", "R1"),
    ("dense:2-2-1", "a", "optimum_guaranteed", "R1"),
    ("dense:2-1-2-1", "a", "no_optimum", "R14"),
    ("lu:2", "d", "not_closed_on_cube", "N1"),
    ("dense:2-2-2", "d", "closed_on_cube", "R9"),
]


def written(folder: Path, source: str, question: str) -> Path:
    path = folder / "witness.json"
    command = ["network", source, "--question", question, "--certificate", str(path)]
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
    assert f"accepted: question ({question}), {answer}, {theorem}" in capsys.readouterr().out
    assert main(["check", str(path), "--pattern", source, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["answer"] == answer
    assert main(["check", str(path), "--pattern", "11/11"]) == 5


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("version", 2, "version"),
        ("version", True, "version"),
        ("answer", "optimum_guaranteed", "answer"),
        ("answer", ["no_optimum"], "answer"),
        ("question", "d", "answer"),
        ("witness", None, "witness"),
        ("biases", [True], "biases"),
        ("biases", ["yes", "yes"], "biases"),
        ("pattern", {"layers": [["11", "11"], ["11"]]}, "witness"),
        ("more", 1, "file"),
    ],
)
def test_check_refuses(key: str, value: Any, words: str, tmp_path: Path) -> None:
    document = json.loads(written(tmp_path, "dense:2-2-2", "a").read_text())
    check_document(document)
    with pytest.raises(CertificateError, match=words):
        check_document({**document, key: value})


def test_a_guarantee_for_some_data_is_none_for_all(tmp_path: Path) -> None:
    data = {"inputs": [[1], [2]], "targets": [[1], [1]]}
    files = []
    for name, rows in data.items():
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps([[r[0]] * 2 for r in rows]))
    path = tmp_path / "w.json"
    command = ["network", "dense:2-2-2", "--question", "c", "--inputs", str(files[0])]
    assert main([*command, "--targets", str(files[1]), "--certificate", str(path)]) == 0
    document = json.loads(path.read_text())
    check_document(document)
    with pytest.raises(CertificateError, match="for all data"):
        check_document({**document, "question": "a"})


def test_every_claim_is_put_in_words() -> None:
    assert {claim for claims in SUPPORT.values() for claim in claims} == set(MEANINGS)


def test_no_proof_in_words_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, "dense:2-2-2", "a")
    assert main(["check", str(path), "--proof"]) == 1
    assert "certificates of patterns" in capsys.readouterr().err
