"""Steps that rest on the word of a quantifier-elimination program.

The kernel checks everything but the claims themselves: that they are the ones the method needs, and
that the method's own conditions hold.  Every claim used becomes a hole, one readable sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from cadlink.certificates.kernel.polynomials import (
    Parametrisation,
    read_limit,
    read_polynomial,
    read_vanishing,
)
from cadlink.certificates.kernel.problems import Group, Problem
from cadlink.certificates.kernel.reader import CLOSED, FREE, NOT_CLOSED, Found, Reader
from cadlink.certificates.read import shown
from cadlink.errors import CertificateError

__all__ = ["MEANING", "claim", "claims"]

MEANING = {
    "free": "every real matrix on the observed cells is in the set",
    "columns_served": "for all values in the recorded columns there are x_i with which these"
    " columns are products while every other column has a matrix of full row rank",
    "image": "the set is exactly the solution set of the recorded formula",
    "relaxed_implies": "the recorded formula follows from its relaxation",
    "variety_inside": "every real common zero of the recorded polynomials is in the set",
    "closed": "the sentence 'some limit is missed' is false",
    "not_closed": "the sentence 'some limit is missed' is true",
    "member": "the matrix is in the set",
    "not_member": "the recorded limit is not in the set",
    "not_in_closure": "the matrix is not in the closure of the set",
    "in_closure": "the recorded limit is in the closure of the set",
}

# The answer each statement stands for; "image" is answered by a formula.
ANSWERS = {
    "free": "true",
    "columns_served": "true",
    "relaxed_implies": "false",  # asked: does the relaxation have more solutions?
    "variety_inside": "true",
    "closed": "false",
    "not_closed": "true",
    "member": "true",
    "not_member": "false",  # asked: is the limit in the set?
    "not_in_closure": "false",  # asked: is it in the closure?
    "in_closure": "true",
}

METHODS = {
    "free": (FREE, ()),
    "free_columns": (FREE, ("columns",)),
    "closed_formula": (CLOSED, ("formula",)),
    "variety": (CLOSED, ("polynomials",)),
    "sentence": (CLOSED, ()),
    "missed_point": (NOT_CLOSED, ("limit",)),
}


def claim(value: object, statement: str, at: Reader) -> str:
    """The hole of one claim that must make this statement; other keys of the claim are notes."""
    if not isinstance(value, dict) or value.get("statement") != statement:
        raise CertificateError(at.path, f"a claim with statement {statement!r}", shown(value))
    who = []
    for answer in at.items(value.get("answers"), "the answers of a claim"):
        entry = at.keys(answer, ("backend", "version", "answer", "transcript"), "an answer")
        for key, text in entry.items():
            at.demand(isinstance(text, str) and text != "", f"{key}: a nonempty string", text)
        wanted = ANSWERS.get(statement)
        right = wanted in (None, entry["answer"])
        at.demand(right, f"the answer {wanted} for {statement}", entry["answer"])
        digest = entry["transcript"]
        at.demand(re.fullmatch("[0-9a-f]{64}", digest) is not None, "a SHA-256 transcript", digest)
        name = f"{entry['backend']} {entry['version']}"
        who.append(f"{name[:80]!a} answered {shown(entry['answer'])} (transcript {digest[:12]})")
    at.demand(bool(who), "at least one answer to a claim", "none")
    return f"{at.path}: {' and '.join(who)}, taken to mean: {MEANING[statement]} [{statement}]"


def claims(problem: Problem, at: Reader) -> Found:
    """One of the methods below, each true if its claims are.

    free: by definition.  free_columns (groups): with these x_i the other columns are solvable
    linear systems in unknowns of their own, so every A is a product.  closed_formula: the set
    is {A : F(A)}; the relaxation of F, every < > made <= >= and every != made true, describes a
    closed set containing it, so the set is closed if the relaxation implies F.  variety:
    polynomials vanishing on the set whose every real zero is in the set make it a variety, closed.
    sentence: by definition of the sentence. missed_point: a point of the closure that is not in the
    set."""
    method = at.data.get("method")
    if not isinstance(method, str) or method not in METHODS:
        raise CertificateError(at.path, f"a method among {sorted(METHODS)}", shown(method))
    conclusion, further = METHODS[method]
    at.keys(at.data, ("method", "claims", *further), f"method {method}")
    listed = at.items(at.data["claims"], "claims")
    given = [str(one.get("statement")) if isinstance(one, dict) else "" for one in listed]
    optional: list[str] = []
    if method == "free":
        needed = ["free"]
    elif method == "free_columns":
        needed = ["columns_served"]
        at.demand(isinstance(problem, Group), "a group", "a chain")
        columns = [k for _, k in getattr(problem, "cells", ())]
        at.ascending(at.data["columns"], frozenset(columns), "column")
    elif method == "closed_formula":
        needed, optional = ["image"], ["relaxed_implies"]
        names = Parametrisation.of(problem, at).cell_names
        if _read_formula(at.data["formula"], names, at):
            needed, optional = ["image", "relaxed_implies"], []
    elif method == "variety":
        needed = ["variety_inside"]
        read_vanishing(Parametrisation.of(problem, at), at.data["polynomials"], at)
    elif method == "sentence":
        needed = [NOT_CLOSED if given == [NOT_CLOSED] else CLOSED]
        conclusion = needed[0]
    else:
        needed = ["not_member", "in_closure"]
        read_limit(Parametrisation.of(problem, at).cells, at)
    right = all(given.count(s) == 1 for s in needed) and set(given) <= {*needed, *optional}
    at.demand(right and len(given) == len(set(given)), f"the claims {needed}", given)
    by_name = dict(zip(given, listed, strict=True))
    return Found(conclusion, tuple(claim(by_name[s], s, at) for s in needed))


def _read_formula(formula: object, names: Mapping[str, int], at: Reader) -> bool:
    """Check FORMULA of the schema; whether relaxing changes it (it has a <, > or !=)."""
    if isinstance(formula, bool):
        return False
    operands = at.items(formula, "a formula")
    head = operands[0] if operands else None
    if head in ("and", "or"):
        changed = False
        for operand in operands[1:]:
            changed = _read_formula(operand, names, at) or changed
        return changed
    at.demand(
        head in ("=", "!=", "<", "<=", ">", ">=") and len(operands) == 2, "a formula", formula
    )
    read_polynomial(operands[1], names, "a formula", at)
    return head in ("!=", "<", ">")
