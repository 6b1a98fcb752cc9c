"""How a model is to be read, said on the command line; what was read is shown and in the JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from networks.readers.zoo import EXPECTED, MASKS, convolutional, renamed, state

from cadlink.cli.main import main
from cadlink.patterns.pattern import Pattern

PARTS = "classifier.0,classifier.2,classifier.4"


@pytest.fixture
def files(tmp_path: Path) -> Path:
    torch.save(state(), tmp_path / "plain.pt")
    torch.save(state(convolutional()), tmp_path / "conv.pt")
    torch.save({"model": state(), "ema": state()}, tmp_path / "two.pt")
    torch.save(renamed(("inp", "mid", "out")), tmp_path / "words.pt")
    np.savez(tmp_path / "masks.npz", *[np.ones(mask.shape) for mask in MASKS])
    return tmp_path


def of_json(pattern: dict[str, object]) -> Pattern:
    return Pattern.from_json(pattern)


@pytest.mark.parametrize("command", ["network", "decide"])
@pytest.mark.parametrize(
    "rest", [["plain.pt"], ["conv.pt", "--layers", PARTS], ["two.pt", "--key", "ema"]]
)
def test_read_shown_and_in_the_json(
    command: str, rest: list[str], files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [command, str(files / rest[0]), *rest[1:], "--limit", "30"]
    assert main(arguments) in (0, 3)
    text = capsys.readouterr().out
    assert "5 x 4" in text
    assert "relu ASSUMED" in text
    assert main([*arguments, "--json"]) in (0, 3)
    found = json.loads(capsys.readouterr().out)
    assert [layer["outputs"] for layer in found["model"]["layers"]] == [5, 3, 2]
    assert of_json(found["pattern"]) == EXPECTED


def test_masks_of_a_file(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(files / "plain.pt"), "--masks", str(files / "masks.npz"), "--json"]
    assert main(["network", *arguments]) in (0, 3)
    found = json.loads(capsys.readouterr().out)
    assert [layer["density"] for layer in found["model"]["layers"]] == [1, 1, 1]


def test_refusals_say_what_to_type(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("network", "decide", "demo", "repair"):
        assert main([command, str(files / "words.pt")]) == 1
        said = capsys.readouterr().err
        assert "--layers with some of inp (5 x 4), mid (3 x 5), out (2 x 3)" in said
        assert said.count("\n") == 1


def test_what_no_theorem_covers(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tanh = [str(files / "plain.pt"), "--activation", "tanh"]
    assert main(["network", *tanh, "--question", "d"]) == 3
    assert "no theorem about this question covers tanh" in capsys.readouterr().out
    assert main(["repair", *tanh]) == 1
    assert "a penalty on all weights and biases does (R16)" in capsys.readouterr().err
    assert main(["decide", *tanh]) == 0
    assert "tanh ASSUMED" in capsys.readouterr().out


def test_without_biases(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["network", "lu:2", "--no-bias", "--json"]) in (0, 3)
    found = json.loads(capsys.readouterr().out)
    assert [layer["bias"] for layer in found["model"]["layers"]] == ["none", "none"]


def test_a_pattern_has_no_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["network", "lu:2", "--layers", "0,1"]) == 1
    assert "the layers of a pattern have no names" in capsys.readouterr().err
