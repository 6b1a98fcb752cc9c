"""Hostile and careless input: every text is a certificate or one clear error, and quickly."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cadlink.certificates import read
from cadlink.certificates.data import Certificate, Proof
from cadlink.certificates.kernel import check, check_proof, load
from cadlink.errors import CertificateError

GOOD: dict[str, Any] = {
    "format": "cadlink-certificate",
    "version": 1,
    "pattern": {"layers": [["11", "01"]]},
    "verdict": "closed",
    "proof": {"rule": "one_layer", "data": {}, "parts": []},
}
TEXT = json.dumps(GOOD)


def test_good_certificate_in_every_form() -> None:
    checked = check(TEXT)
    assert (checked.verdict, checked.assurance, checked.holes) == ("closed", "checked", ())
    certificate = Certificate(GOOD["pattern"], "closed", Proof("one_layer"))
    for source in (TEXT.encode(), GOOD, certificate, load(TEXT)):
        assert check(source) == checked


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "JSON text"),
        ("{", "JSON text"),
        (TEXT + "x", "JSON text"),
        (TEXT.encode() + b"\xff", "JSON text"),
        (b"\xef\xbb\xbf" + TEXT.encode(), "JSON text"),
        ("[" * 10**6, "nested brackets"),
        ('{"a":' * 10**5, "nested brackets"),
        ('"' + '\\"' * 10**6, "JSON text"),
        (TEXT.replace("1,", "NaN,", 1), "integers and strings"),
        (TEXT.replace("1,", "-Infinity,", 1), "integers and strings"),
        (TEXT.replace("1,", "1.0,", 1), "integers and strings"),
        (TEXT.replace("1,", "1e999999,", 1), "integers and strings"),
        (TEXT.replace("1,", "1" * 10**6 + ",", 1), "digits"),
        (TEXT.replace('"version": 1', '"version": true'), "version"),
        (TEXT.replace('"version": 1', '"version": 2'), "version"),
        (TEXT.replace('"version": 1', '"version": 1, "version": 1'), "twice"),
        (TEXT.replace('"data": {}', '"data": {"a": 1, "a": 1}'), "twice"),
        (TEXT.replace('"data": {}', '"data": {"a": 1}'), "keys"),
        (TEXT.replace('"data": {}', '"data": []'), "data: object"),
        (TEXT.replace('"parts": []', '"parts": {}'), "parts: list"),
        (TEXT.replace('"parts": []', '"parts": [null]'), "no parts"),
        (TEXT.replace("one_layer", "one_layer\\u0000"), "a rule about a chain"),
        (TEXT.replace("one_layer", "__import__('os')"), "a rule about a chain"),
        (TEXT.replace('"closed"', '"unknown"'), "verdict"),
        (TEXT.replace('"closed"', '"not_closed"'), "as the proof shows"),
        (TEXT.replace("cadlink-", "other-"), "format"),
        ("null", "an object"),
        ("[]", "an object"),
    ],
)
def test_bad_text_is_one_clear_error(text: str | bytes, complaint: str) -> None:
    with pytest.raises(CertificateError, match=complaint) as caught:
        check(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    "mask",
    [
        [],
        [""],
        ["11", "1"],
        ["12"],
        ["1 "],
        ["\u0661"],
        [["1"]],
        [1],
        "11",
        None,
        {"shape": [1, 2], "indptr": [0, 1], "indices": [0], "extra": 0},
        {"shape": [1, 2], "indptr": [0, 1]},
        {"shape": [1, 2, 3], "indptr": [0, 1], "indices": [0]},
        {"shape": [0, 2], "indptr": [0], "indices": []},
        {"shape": [1, 0], "indptr": [0, 0], "indices": []},
        {"shape": [1, 10**12], "indptr": [0, 1], "indices": [0]},
        {"shape": [True, 2], "indptr": [0, 1], "indices": [0]},
        {"shape": [1, 2], "indptr": [0, 2], "indices": [0]},
        {"shape": [1, 2], "indptr": [1, 1], "indices": [0]},
        {"shape": [1, 2], "indptr": [0, 1], "indices": [2]},
        {"shape": [1, 2], "indptr": [0, 1], "indices": [-1]},
        {"shape": [1, 2], "indptr": [0, 1], "indices": [True]},
        {"shape": [1, 2], "indptr": [0, 2], "indices": [1, 0]},
        {"shape": [1, 2], "indptr": [0, 2], "indices": [1, 1]},
        {"shape": [2, 2], "indptr": [0, 2, 1], "indices": [0]},
        {"shape": [2, 2], "indptr": [0, 1], "indices": [0]},
    ],
)
def test_bad_mask_is_rejected(mask: Any) -> None:
    with pytest.raises(CertificateError, match="pattern"):
        check({**GOOD, "pattern": {"layers": [mask]}})


def test_both_kinds_of_mask_are_the_same() -> None:
    mask = {"shape": [2, 2], "indptr": [0, 2, 3], "indices": [0, 1, 1]}
    cut = {"layer": 1, "unit": 0, "outputs": [0, 1], "inputs": [0, 1]}
    proof = {"rule": "unique_cut", "data": cut, "parts": []}
    for first in (mask, ["11", "01"]):
        assert check_proof({"layers": [first, ["10", "11"]]}, proof).conclusion == "not_closed"


def test_layers_must_fit() -> None:
    with pytest.raises(CertificateError, match="3 columns in layer 1"):
        check({**GOOD, "pattern": {"layers": [["1", "1", "1"], ["11"]]}})
    with pytest.raises(CertificateError, match="at least one layer"):
        check({**GOOD, "pattern": {"layers": []}})


@pytest.mark.parametrize("value", [1.5, float("nan"), {1, 2}, b"1", object()])
def test_values_in_memory_must_be_json(value: object) -> None:
    with pytest.raises(CertificateError, match=r"JSON values only|integers and strings"):
        check({**GOOD, "verdict": value})


def test_circular_value_is_rejected() -> None:
    value: dict[str, Any] = dict(GOOD)
    value["proof"] = value
    with pytest.raises(CertificateError, match="JSON values only"):
        check(value)


def nested(depth: int) -> dict[str, Any]:
    proof = GOOD["proof"]
    for _ in range(depth):
        proof = {"rule": "transpose", "data": {}, "parts": [proof]}
    return {**GOOD, "proof": proof}


def test_depth_of_proofs() -> None:
    assert check(nested(240)).verdict == "closed"
    with pytest.raises(CertificateError, match="nested brackets"):
        check(nested(260))
    certificate = Certificate(GOOD["pattern"], "closed", Proof("one_layer"))
    for _ in range(10**4):
        certificate = Certificate(
            GOOD["pattern"], "closed", Proof("transpose", {}, (certificate.proof,))
        )
    with pytest.raises(CertificateError, match="JSON values only"):
        check(certificate)


def test_size_is_limited() -> None:
    with pytest.raises(CertificateError, match="bytes"):
        check(b" " * (read.MAX_BYTES + 1))


@pytest.mark.parametrize("group", [{}, 1, [1], [[1]], [[[0]]], [[[0, -1]]], [[[0, True]]]])
def test_bad_group_is_rejected(group: Any) -> None:
    with pytest.raises(CertificateError):
        check_proof(group, {"rule": "split", "data": {}, "parts": []})
