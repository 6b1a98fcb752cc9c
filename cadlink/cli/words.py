"""Answers in words for people who train networks and did not come for the mathematics."""

from __future__ import annotations

from cadlink.certificates.data import Certificate, Proof
from cadlink.deciding.decision import Assurance, Decision, Verdict
from cadlink.rules.claims import METHODS
from cadlink.rules.table import ACCOUNTS

__all__ = ["assurance", "verdict", "why"]

_VERDICTS = {
    Verdict.CLOSED: (
        "CLOSED. Whatever products with these masks can approach, they can reach: every matrix has"
        " a best approximation by such a product. (For a ReLU network with these masks, this alone"
        " guarantees nothing.)"
    ),
    Verdict.NOT_CLOSED: (
        "NOT CLOSED. Some matrix can be approached as closely as you like by products with these"
        " masks but never reached, and the weights grow without bound on the way. A ReLU network"
        " with these masks and free biases has a training set on which no weights are best."
    ),
    Verdict.UNKNOWN: "UNKNOWN:",
}


def verdict(decision: Decision) -> str:
    """The verdict in one or two sentences."""
    return f"{_VERDICTS[decision.verdict]} {decision.detail}".rstrip()


def assurance(decision: Decision) -> str:
    """How far the verdict is verified."""
    if decision.assurance is Assurance.CHECKED:
        return "an independent checker verified every step of the proof"
    if decision.assurance is Assurance.TRUSTED and decision.certificate is not None:
        names = ", ".join(sorted(_backends(decision.certificate.proof)))
        read = f", as written in {decision.source}" if decision.source else ""
        return f"every step of the proof was verified, except the word of {names}{read}"
    return "none"


def why(certificate: Certificate) -> list[str]:
    """The rules that end the branches of the proof, one line each."""
    found: list[str] = []

    def visit(step: Proof) -> None:
        for part in step.parts:
            if part is not None:
                visit(part)
        if not any(part is not None for part in step.parts):
            line = f"{ACCOUNTS[step.rule]} [{step.rule}]"
            if step.rule == "claims":
                line = f"{METHODS[step.data['method']]} [{step.data['method']}]"
            if line not in found:
                found.append(line)

    visit(certificate.proof)
    return found


def _backends(step: Proof) -> set[str]:
    """The backends whose answers the proof rests on."""
    found: set[str] = set()

    def visit(value: object) -> None:
        if isinstance(value, dict):
            if "backend" in value:
                found.add(str(value["backend"]))
            for item in value.values():
                visit(item)
        elif isinstance(value, list | tuple):
            for item in value:
                visit(item)

    visit(step.to_json())
    return found
