"""``cadlink member``: the contract of every subcommand, and certificates that are accepted."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cadlink.cli.main import main

SWAP = "[[0, 1], [1, 0]]"


Told = tuple[int, str, str]


@pytest.fixture
def cadlink(capsys: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """The command: its status, what it printed, what it said on stderr."""

    def run(*arguments: str) -> Told:
        code = main(arguments)
        out, err = capsys.readouterr()
        return code, out, err

    return run


def one_line(told: Told, status: int, *words: str) -> None:
    """Nothing on stdout, one line on stderr with these words."""
    code, out, err = told
    assert (code, out, err.count("\n")) == (status, "", 1)
    assert err.startswith("cadlink: ")
    for word in words:
        assert word in err


def test_yes_with_factors() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cadlink", "member", "lu:2", "-"],
        input=b"1 2\n1/2 0.1\n",
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert text.startswith("YES. The matrix is a product with these masks.\n\nX_2\n    1  .\n")
    assert "\nX_1\n  1      2\n  .  -9/10\n" in text
    assert "multiplied the factors, exactly" in text


def test_no_with_a_reason_and_yes_with_a_curve(cadlink: Callable[..., Told]) -> None:
    text = cadlink("member", "lu:2", SWAP)[1]
    assert text.startswith("NO. The matrix is no product with these masks.\nwhy    a block has a")
    text = cadlink("member", "lu:2", SWAP, "--closure")[1]
    assert text.startswith("YES. The matrix is a limit of products with these masks.\n\nX_2\n")
    assert "\nand t tends to 0\n" in text


@pytest.mark.parametrize(
    ("arguments", "answer", "accepted"),
    [
        (("lu:2", SWAP), "no", "accepted: no, the matrix is not a product, checked\n"),
        (
            ("lu:2", SWAP, "--closure"),
            "yes",
            "accepted: yes, the matrix is a limit of products, checked\n",
        ),
        (("11;1", "[[2, 1/3]]"), "yes", "accepted: yes, the matrix is a product, checked\n"),
    ],
)
def test_certificates_are_accepted(
    cadlink: Callable[..., Told],
    tmp_path: Path,
    arguments: tuple[str, ...],
    answer: str,
    accepted: str,
) -> None:
    target = tmp_path / "proof.json"
    code, out, err = cadlink("member", *arguments, "--json", "--certificate", str(target))
    assert (code, err, out.count("\n")) == (0, "", 1)
    found = json.loads(out)
    assert found["answer"] == answer
    assert found["certificate"] == json.loads(target.read_text())
    assert cadlink("check", str(target), "--pattern", arguments[0]) == (0, accepted, "")
    one_line(cadlink("check", str(target), "--pattern", "dense:3-1-1"), 5, "the pattern")
    one_line(cadlink("check", str(target), "--proof"), 1, "--proof")
    told = json.loads(cadlink("check", str(target), "--json")[1])
    assert (told["answer"], told["assurance"], told["holes"]) == (answer, "checked", [])
    lie = json.loads(target.read_text())
    lie["answer"] = {"yes": "no", "no": "yes"}[answer]
    target.write_text(json.dumps(lie))
    one_line(cadlink("check", str(target)), 5, "proof")


def test_the_nearest_product_comes_with_a_warning(cadlink: Callable[..., Told]) -> None:
    code, out, err = cadlink("member", "lu:2", SWAP, "--nearest", "--limit", "6")
    assert (code, err) == (0, "")
    assert float(out.split()[2]) < 0.01
    assert "some matrices have no best approximation" in out.replace("\n       ", " ")
    code, out, err = cadlink("member", "dense:2-1-2", SWAP, "--nearest", "--json")
    assert json.loads(out)["best_exists"] == "closed"
    one_line(cadlink("member", "lu:2", SWAP, "--nearest", "--certificate", "x"), 1, "--nearest")


def test_unknown_is_status_3_and_nothing_is_written(
    cadlink: Callable[..., Told], tmp_path: Path
) -> None:
    matrix = tmp_path / "a.npy"
    np.save(matrix, np.random.default_rng(1).integers(-3, 4, (8, 8)))
    target = tmp_path / "proof.json"
    arguments = ("member", "random:8-8-8,0.6,1", str(matrix), "--limit", "0.000001")
    code, out, err = cadlink(*arguments, "--certificate", str(target))
    assert (code, out[:9]) == (3, "UNKNOWN: ")
    assert "was not written" in err
    assert not target.exists()


def test_what_is_wrong_is_one_line(cadlink: Callable[..., Told], tmp_path: Path) -> None:
    (tmp_path / "text.npy").write_text("1 2")
    (tmp_path / "long.txt").write_text("1 2\n3 4 5\n")
    for arguments, words in (
        (("lu:2", "[[1, 2]]"), ["expected 2 x 2", "found 1 x 2"]),
        (("lu:2", "[[1, 2], [3, pi]]"), ["expected a file"]),
        (("lu:2", "[[1, 2], [3, nan]]"), ["expected a file"]),
        (("lu:2", "[[1, 2], [3, 1/0]]"), ["row 1, column 1", "'1/0'"]),
        (("lu:2", str(tmp_path / "text.npy")), ["text.npy", "not an npy array"]),
        (("lu:2", str(tmp_path / "long.txt")), ["row 1: expected 2 numbers"]),
        (("lu:2", str(tmp_path / "none.txt")), ["none.txt", "no such file"]),
        (("lu:x", SWAP), ["digits"]),
        (("lu:2", SWAP, "--limit", "0"), ["positive number of seconds"]),
        (("lu:2", SWAP, "--certificate", f"{tmp_path}/none/x"), ["no such folder"]),
    ):
        one_line(cadlink("member", *arguments), 1, *words)
