"""Strict reading of certificates: text that nobody vouches for becomes a ``Certificate`` or an
error.

Only JSON is read (``json_text``), nothing is evaluated, and reading always ends.  Refused besides:
NaN and infinities, numbers with a fraction or an exponent, and any key of a step that the schema
does not know.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cadlink.certificates.data import FORMAT, VERSION, Certificate, Proof
from cadlink.errors import CertificateError
from cadlink.errors import quoted as shown
from cadlink.json_text import MAX_DEPTH, MAX_DIGITS, NotJson, decode

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "MAX_DIGITS",
    "load",
    "parse",
    "proof_from",
    "shown",
    "through_json",
]

MAX_BYTES = 1 << 28  # enough for every pattern that can be made


def load(source: Certificate | Mapping[str, Any] | str | bytes) -> Certificate:
    """The certificate in a JSON text (bytes: UTF-8), a JSON value or an object already made.

    All go through the same strict reading, but the pattern of an object.  Raises CertificateError.

    >>> text = '{"format": "cadlink-certificate", "version": 1, "pattern": {"layers": [["1"]]},'
    >>> text += '"verdict": "closed", "proof": {"rule": "one_layer", "data": {}, "parts": []}}'
    >>> load(text).proof.rule
    'one_layer'
    """
    if isinstance(source, Certificate):
        # The kernel looks at the type of every value of a pattern anyway, and it may be large.
        document = {
            "format": FORMAT,
            "version": VERSION,
            "pattern": dict(source.pattern),
            "verdict": source.verdict,
            "proof": through_json(source.proof),
        }
    else:
        document = parse(source) if isinstance(source, (str, bytes)) else through_json(source)
    keys = {"format", "version", "pattern", "verdict", "proof"}
    if not isinstance(document, dict) or set(document) != keys:
        found = sorted(document) if isinstance(document, dict) else type(document).__name__
        raise CertificateError(
            "certificate", f"an object with the keys {sorted(keys)}", shown(found)
        )
    if document["format"] != FORMAT:
        raise CertificateError("format", repr(FORMAT), shown(document["format"]))
    if type(document["version"]) is not int or document["version"] != VERSION:
        raise CertificateError("version", f"{VERSION}", shown(document["version"]))
    if document["verdict"] not in ("closed", "not_closed"):
        raise CertificateError("verdict", "'closed' or 'not_closed'", shown(document["verdict"]))
    if not isinstance(document["pattern"], dict):
        raise CertificateError("pattern", "an object", shown(document["pattern"]))
    proof = proof_from(document["proof"], "proof")
    return Certificate(document["pattern"], document["verdict"], proof)


def proof_from(step: object, path: str) -> Proof:
    """The proof whose JSON object is ``step``; ``path`` names it in errors."""
    if not isinstance(step, dict) or set(step) != {"rule", "data", "parts"}:
        raise CertificateError(path, "a step with the keys rule, data, parts", shown(step))
    rule, data, parts = step["rule"], step["data"], step["parts"]
    if not isinstance(rule, str) or not isinstance(data, dict) or not isinstance(parts, list):
        raise CertificateError(path, "rule: string, data: object, parts: list", shown(step))
    proofs: list[Proof | None] = []
    for index, part in enumerate(parts):
        proofs.append(None if part is None else proof_from(part, f"{path}.parts[{index}]"))
    return Proof(rule, data, tuple(proofs))


def through_json(value: object) -> Any:
    """A value from memory, written as JSON and read back: there is one door for everything."""
    try:
        plain = value.to_json() if isinstance(value, (Certificate, Proof)) else value
        text = json.dumps(plain, allow_nan=False, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise CertificateError("certificate", "JSON values only", f"{error}") from error
    return parse(text)


def _plain(value: object) -> dict[str, Any]:
    """A read-only mapping as an object; any other kind of value is an error."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def parse(text: str | bytes) -> Any:
    """The JSON value, within the limits."""
    if len(text) > MAX_BYTES:
        raise CertificateError("certificate", f"at most {MAX_BYTES} bytes", f"{len(text)}")
    try:
        return decode(text.decode("utf-8") if isinstance(text, bytes) else text, floats=False)
    except UnicodeDecodeError as error:
        raise CertificateError("certificate", "JSON text", f"{error}") from error
    except NotJson as error:
        raise CertificateError("certificate", error.expected, error.found) from error
