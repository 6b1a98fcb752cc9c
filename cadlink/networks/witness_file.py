"""The file of ``cadlink network --certificate``: a verdict and its witness, re-checked.

Imports the kernel only, nothing of what found the witness.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cadlink.certificates.read import shown
from cadlink.errors import CertificateError
from cadlink.networks.kernel import CheckedWitness, check_witness

__all__ = ["FORMAT", "MEANINGS", "VERSION", "check_document"]

FORMAT = "cadlink-network-witness"
VERSION = 1

MEANINGS = {
    "not_closed": "on the data of the witness the loss has infimum 0 and no minimum",
    "some_targets": "for some inputs and targets the loss has infimum 0 and no minimum",
    "not_attained": "on the data of the witness the infimum of the loss is not attained",
    "closed": "for all targets the loss has a minimum",
    "attained": "on the data in question the loss has a minimum",
    "cube_closed": "the functions of the network on a cube are closed in the uniform norm",
    "cube_not_closed": "the functions of the network on a cube are not closed in the uniform norm",
}
# Which claims of a witness support an answer to a question.
SUPPORT = {
    ("a", "no_optimum"): ("not_closed", "some_targets"),
    ("b", "no_optimum"): ("not_closed", "some_targets"),
    ("c", "no_optimum"): ("not_closed", "not_attained"),
    ("a", "optimum_guaranteed"): ("closed", "attained"),
    ("b", "optimum_guaranteed"): ("closed", "attained"),
    ("c", "optimum_guaranteed"): ("closed", "attained"),
    ("d", "closed_on_cube"): ("cube_closed",),
    ("d", "not_closed_on_cube"): ("cube_not_closed", "not_closed"),
}
ALL_DATA = ("R1", "R13", "R16")  # theorems that guarantee an optimum whatever the data


def check_document(document: Mapping[str, Any]) -> CheckedWitness:
    """Check the JSON object of such a file; for questions (b) and (c) the data are the witness's.

    Raises CertificateError unless the witness holds and supports the answer given.

    >>> witness = {"theorem": "R1", "claim": "closed"}
    >>> check_document({"format": FORMAT, "version": 1, "pattern": {"layers": [["11"], ["1"]]},
    ...     "biases": [True, True], "question": "a", "answer": "optimum_guaranteed",
    ...     "witness": witness}).claim
    'closed'
    """
    keys = {"format", "version", "pattern", "biases", "question", "answer", "witness"}
    if set(document) != keys:
        raise CertificateError("file", f"the keys {sorted(keys)}", shown(sorted(document)))
    if document["format"] != FORMAT:
        raise CertificateError("format", repr(FORMAT), shown(document["format"]))
    if type(document["version"]) is not int or document["version"] != VERSION:
        raise CertificateError("version", f"{VERSION}", shown(document["version"]))
    for key, kind in (("pattern", dict), ("biases", list), ("witness", dict)):
        if not isinstance(document[key], kind):
            expected = {dict: "an object", list: "a list"}[kind]
            raise CertificateError(key, expected, shown(document[key]))
    if not all(isinstance(has, bool) for has in document["biases"]):
        raise CertificateError("biases", "truth values", shown(document["biases"]))
    checked = check_witness(document["pattern"], document["witness"], document["biases"])
    said = document["question"], document["answer"]
    support = SUPPORT.get(said, ()) if all(isinstance(part, str) for part in said) else ()
    if checked.claim not in support:
        raise CertificateError(
            "answer", f"an answer that a witness for {checked.claim!r} supports", shown(said)
        )
    if said == ("a", "optimum_guaranteed") and checked.theorem not in ALL_DATA:
        raise CertificateError(
            "answer", f"one of {', '.join(ALL_DATA)} for all data", checked.theorem
        )
    return checked
