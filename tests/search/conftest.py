"""Helpers: problems from text, and the kernel as the judge of whatever the search returns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cadlink.certificates.data import Certificate, Proof
from cadlink.certificates.kernel import check, points, problems, reader
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.search.model import Problem


def _problem(text: str) -> Problem:
    """A pattern if the text has ';' (masks of 0 and 1), else a group: '##/#. + .#/##'."""
    if ";" in text:
        return Pattern.of(text.split(";"))
    return Group.of(
        {
            (j, k)
            for j, row in enumerate(graph.strip().split("/"))
            for k, mark in enumerate(row)
            if mark == "#"
        }
        for graph in text.split("+")
    )


@pytest.fixture
def problem() -> Callable[[str], Problem]:
    return _problem


@pytest.fixture
def accept() -> Callable[[Problem, Proof | Mapping[str, Any]], None]:
    """Demand that the kernel accepts a curve step for a problem, from its JSON text."""

    def judge(problem: Problem, proof: Proof | Mapping[str, Any]) -> None:
        data = json.loads(json.dumps(dict(proof.data if isinstance(proof, Proof) else proof)))
        if isinstance(problem, Pattern):
            checked = check(Certificate(problem.to_json(), "not_closed", Proof("curve", data)))
            assert (checked.verdict, checked.assurance) == ("not_closed", "checked")
        else:  # a certificate starts from a pattern; a group may be what absorption left of one
            theirs = problems.Group.of(problem.neurons)
            found = points.curve(theirs, reader.Reader(data, "proof", reader.Budget()))
            assert (found.conclusion, found.holes) == (reader.NOT_CLOSED, ())

    return judge
