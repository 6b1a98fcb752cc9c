"""``cadlink check CERTIFICATE``: let the kernel re-check a certificate file, of a pattern
(``cadlink decide --certificate``), of a matrix (``cadlink member --certificate``) or of a network
(``cadlink network --certificate``)."""

from __future__ import annotations

import argparse
import json
from typing import Any

from cadlink import files
from cadlink.certificates import kernel, membership
from cadlink.certificates.read import MAX_BYTES, parse
from cadlink.cli import status
from cadlink.errors import CertificateError, InputError
from cadlink.explanations import proofs
from cadlink.networks import witness_file
from cadlink.networks.kernel import MEANINGS
from cadlink.patterns import masks
from cadlink.patterns.pattern import Pattern
from cadlink.writing import text

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommand's arguments."""
    parser.add_argument("file", metavar="CERTIFICATE", help="the file, or '-' for standard input")
    parser.add_argument(
        "--pattern", metavar="SOURCE", help="demand that the certificate is about this pattern"
    )
    shown = parser.add_mutually_exclusive_group()
    shown.add_argument("--json", action="store_true", help="print one JSON object")
    shown.add_argument(
        "--proof", action="store_true", help="print the proof, as cadlink explain does"
    )


def run(args: argparse.Namespace) -> int:
    """Status 0 if the kernel accepts the certificate; CertificateError, status 5, if not."""
    pattern = None if args.pattern is None else masks.read(args.pattern)
    data = files.read(args.file, MAX_BYTES)
    try:
        return _check(data, pattern, args)
    except CertificateError as error:
        where = "standard input" if args.file == "-" else args.file
        raise CertificateError(f"{where}: {error.path}", error.expected, error.found) from error


def _check(data: bytes, pattern: Pattern | None, args: argparse.Namespace) -> int:
    """The same, for what the file holds."""
    document = parse(data)
    if isinstance(document, dict) and document.get("format") == witness_file.FORMAT:
        return _network(document, pattern, args)
    if isinstance(document, dict) and document.get("format") == membership.FORMAT:
        return _membership(document, pattern, args)
    certificate = kernel.load(data)
    checked = kernel.check(certificate, pattern)
    if args.json:
        answer = {
            "verdict": checked.verdict,
            "assurance": checked.assurance,
            "holes": list(checked.holes),
        }
        print(json.dumps(answer))
        return status.DECIDED
    print(f"accepted: {checked.verdict}, {checked.assurance}")
    for hole in checked.holes:
        print(f"  on trust: {hole}")
    if args.proof:
        print()
        print(text.write(proofs.written(certificate)), end="")
    return status.DECIDED


def _membership(document: dict[str, Any], pattern: Pattern | None, args: argparse.Namespace) -> int:
    """The same for a matrix, which is a product (or a limit of products), or is not."""
    if args.proof:
        raise InputError("--proof is for certificates of patterns, this is one of a matrix")
    checked = membership.check_membership(document, pattern)
    answer = "yes" if checked.member else "no"
    if args.json:
        found = {
            "answer": answer,
            "of": checked.of,
            "assurance": checked.assurance,
            "holes": list(checked.holes),
        }
        print(json.dumps(found))
        return status.DECIDED
    place = "a product" if checked.of == "products" else "a limit of products"
    print(
        f"accepted: {answer}, the matrix is {'' if checked.member else 'not '}{place}, "
        f"{checked.assurance}"
    )
    for hole in checked.holes:
        print(f"  on trust: {hole}")
    return status.DECIDED


def _network(document: dict[str, Any], pattern: Pattern | None, args: argparse.Namespace) -> int:
    """The same for the witness of a network's verdict."""
    if args.proof:
        raise InputError("--proof is for certificates of patterns, this is one of a network")
    statement, checked = witness_file.check_document(document)
    if pattern is not None and statement.pattern != pattern:
        raise CertificateError("pattern", "the pattern demanded", "another one")
    if args.json:
        answer = {
            "question": statement.question,
            "answer": statement.answer,
            "theorem": checked.theorem,
            "claim": checked.claim,
            "hypotheses": list(statement.hypotheses),
            "holes": list(checked.holes),
        }
        print(json.dumps(answer))
        return status.DECIDED
    print(f"accepted: question ({statement.question}), {statement.answer}, {checked.theorem}")
    print(f"  shown: {MEANINGS[checked.claim]}")
    for hypothesis in statement.hypotheses:
        print(f"  assuming: {hypothesis}")
    for hole in checked.holes:
        print(f"  on trust: {hole}")
    return status.DECIDED
