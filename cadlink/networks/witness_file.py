"""The file of ``cadlink network --certificate``: a statement and its witness, re-checked.

Imports the kernel only, nothing of what found the witness.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cadlink.certificates.read import shown
from cadlink.errors import CertificateError
from cadlink.networks.kernel import CheckedWitness, Statement, check_witness
from cadlink.networks.kernel.statement import FIELDS

__all__ = ["FORMAT", "VERSION", "check_document", "document_of"]

FORMAT = "cadlink-network-witness"
VERSION = 2


def document_of(statement: Statement, witness: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object of such a file."""
    return {
        "format": FORMAT,
        "version": VERSION,
        **statement.to_json(),
        "witness": dict(witness),
    }


def check_document(document: Mapping[str, Any]) -> tuple[Statement, CheckedWitness]:
    """What the JSON object of such a file states, and its checked witness.

    Raises CertificateError unless the witness holds and supports the answer given.

    >>> document = {"format": FORMAT, "version": 2, "pattern": {"layers": [["11"], ["1"]]},
    ...     "biases": [True, True], "activation": "relu", "loss": "squared", "penalty": "none",
    ...     "question": "a", "answer": "optimum_guaranteed", "inputs": None, "targets": None,
    ...     "witness": {"theorem": "R1", "claim": "closed"}}
    >>> check_document(document)[1].claim
    'closed'
    """
    if document.get("format") != FORMAT:
        raise CertificateError("format", repr(FORMAT), shown(document.get("format")))
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        known = "version 1 did not say what the answer depends on: write the file again with"
        text = f"{VERSION} ({known} cadlink network --certificate)" if version == 1 else VERSION
        raise CertificateError("version", f"{text}", shown(version))
    keys = {"format", "version", "witness", *FIELDS}
    if set(document) != keys:
        raise CertificateError("file", f"the keys {sorted(keys)}", shown(sorted(document)))
    if not isinstance(document["witness"], dict):
        raise CertificateError("witness", "an object", shown(document["witness"]))
    statement = Statement.read({field: document[field] for field in FIELDS})
    return statement, check_witness(statement, document["witness"])
