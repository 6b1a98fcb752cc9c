"""Certificates as plain data: a tree of named steps, written to and read from JSON.

Nothing here knows any mathematics.  ``SCHEMA.md`` beside this file lists the rules and their data;
``kernel.py`` says what each one proves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["FORMAT", "VERSION", "Certificate", "Proof"]

FORMAT = "cadlink-certificate"
VERSION = 1


@dataclass(frozen=True)
class Proof:
    """One step: the rule's name, its data (JSON values only), and the proofs of its subproblems.

    A part may be None where the rule allows it (an unproved component beside a non-closed one).
    """

    rule: str
    data: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[Proof | None, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The step as JSON values, the shape ``SCHEMA.md`` documents."""
        return {
            "rule": self.rule,
            "data": dict(self.data),
            "parts": [None if part is None else part.to_json() for part in self.parts],
        }


@dataclass(frozen=True)
class Certificate:
    """A pattern (its JSON form), the verdict claimed for it, and the proof."""

    pattern: Mapping[str, Any]
    verdict: str
    proof: Proof

    def to_json(self) -> dict[str, Any]:
        """The whole document, ready for ``json.dump``."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "pattern": dict(self.pattern),
            "verdict": self.verdict,
            "proof": self.proof.to_json(),
        }
