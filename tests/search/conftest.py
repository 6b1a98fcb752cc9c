"""Helpers: problems from text, and the kernel as the judge of whatever the search returns."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cadlink.certificates.data import Proof
from cadlink.certificates.kernel import points, problems, reader
from cadlink.certificates.kernel.problems import Chain, Mask
from cadlink.pattern import Pattern
from cadlink.problem import Group
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
        data = proof.data if isinstance(proof, Proof) else proof
        theirs: problems.Problem
        if isinstance(problem, Group):
            theirs = problems.Group.of(problem.neurons)
        else:
            masks = []
            for layer in problem.layers:
                entries = layer.tocoo()
                masks.append(Mask(layer.shape[0], layer.shape[1], entries.row, entries.col))
            theirs = Chain(tuple(masks))
        at = reader.Reader(json.loads(json.dumps(dict(data))), "proof", reader.Budget())
        found = points.curve(theirs, at)
        assert found.conclusion == reader.NOT_CLOSED
        assert found.holes == ()

    return judge
