"""``cadlink explain`` on patterns and on certificates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cadlink import decide, read
from cadlink.cli import status
from cadlink.cli.main import main


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    decision = decide(read("lu:2"))
    assert decision.certificate is not None
    file = tmp_path / "lu.json"
    file.write_text(json.dumps(decision.certificate.to_json()), encoding="utf-8")
    return file


def test_a_certificate_is_printed_as_a_proof(
    certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", str(certificate)]) == status.DECIDED
    shown = capsys.readouterr().out
    assert shown.startswith("Theorem. ")
    assert "[unique_cut]" in shown


def test_latex_fragment_and_document(certificate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(certificate), "--latex"]) == status.DECIDED
    fragment = capsys.readouterr().out
    assert r"\begin{bmatrix}" in fragment
    assert r"\documentclass" not in fragment
    assert main(["explain", str(certificate), "--standalone"]) == status.DECIDED
    document = capsys.readouterr().out
    assert document.startswith(r"\documentclass")
    assert document.endswith("\\end{document}\n")
    assert fragment in document


def test_a_pattern_is_decided_first(certificate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "lu:2", "--proof"]) == status.DECIDED
    decided = capsys.readouterr().out
    assert main(["explain", str(certificate)]) == status.DECIDED
    assert capsys.readouterr().out == decided


def test_a_false_certificate_is_not_explained(
    certificate: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(certificate.read_text(encoding="utf-8"))
    document["proof"]["data"]["unit"] = 1
    certificate.write_text(json.dumps(document), encoding="utf-8")
    assert main(["explain", str(certificate)]) == status.REJECTED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "proof (unique_cut)" in captured.err


def test_a_pattern_file_is_still_a_pattern(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "masks.json"
    file.write_text(json.dumps({"layers": [["11", "01"]]}), encoding="utf-8")
    assert main(["explain", str(file)]) == status.DECIDED
    assert "[one_layer]" in capsys.readouterr().out
    file.write_text("{", encoding="utf-8")
    assert main(["explain", str(file)]) == status.ERROR


def test_check_prints_the_same_proof(certificate: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", str(certificate)]) == status.DECIDED
    proof = capsys.readouterr().out
    assert main(["check", str(certificate), "--proof"]) == status.DECIDED
    assert capsys.readouterr().out == "accepted: not_closed, checked\n\n" + proof
