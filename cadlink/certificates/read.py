"""Strict reading of certificates: text that nobody vouches for becomes a ``Certificate`` or an
error.

Only JSON is read, nothing is evaluated.  Size, depth and the length of numbers are limited before
they can hurt, so reading always ends.  Refused besides ordinary syntax errors: a key given twice,
NaN and infinities, numbers with a fraction or an exponent, numbers of more than MAX_DIGITS digits,
and any key of a step that the schema does not know.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, NoReturn

from cadlink.certificates.data import FORMAT, VERSION, Certificate, Proof
from cadlink.errors import CertificateError
from cadlink.errors import quoted as shown

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
MAX_DEPTH = 500  # of brackets; a step inside a step costs two
MAX_DIGITS = 400

# A string (to the end of the text if it is not closed) or a bracket.
TOKEN = re.compile(r'"[^"\\]*(?:\\.?[^"\\]*)*(?:"|\Z)|[][{}]', re.DOTALL)
LONG = re.compile(f"[0-9]{{{MAX_DIGITS + 1}}}")


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
        text = text.decode("utf-8") if isinstance(text, bytes) else text
        _limit_depth(text)
        return json.loads(
            text,
            # Without the look-out for it, reading integers is several times faster.
            parse_int=_integer if LONG.search(text) else None,
            parse_float=_no_float,
            parse_constant=_no_float,
            object_pairs_hook=_object,
        )
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise CertificateError("certificate", "JSON text", f"{error}") from error


def _limit_depth(text: str) -> None:
    depth = 0
    for token in TOKEN.finditer(text):
        first = token.group()[0]
        depth += (first in "[{") - (first in "]}")
        if depth > MAX_DEPTH:
            raise CertificateError("certificate", f"at most {MAX_DEPTH} nested brackets", "more")


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise CertificateError(
            "certificate", f"integers of at most {MAX_DIGITS} digits", f"{len(digits)} digits"
        )
    return int(digits)


def _no_float(literal: str) -> NoReturn:
    raise CertificateError("certificate", 'integers and strings "p/q" only', shown(literal))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        twice = max(Counter(key for key, _ in pairs).items(), key=itemgetter(1))[0]
        raise CertificateError("certificate", "every key once", f"key {shown(twice)} twice")
    return result
