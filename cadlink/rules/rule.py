"""What one rule is: a declaration that the pipeline, the command line and printed proofs read.

The module of a rule ends with ``RULE = Rule(...)``, and ``table.py`` gives the order.  The kernel's
function of the same name is the other half (statement, proof, check); it shares nothing with this
one but the name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, TypeAlias

from cadlink.certificates.data import Proof
from cadlink.clock import Clock
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.step import Problem, Step
from cadlink.writing.document import Blocks

__all__ = ["FreeProof", "Rule", "Told"]

# A proof that a problem (a trimmed chain, or a group) is free, or None.
FreeProof: TypeAlias = "Callable[[Problem, Clock], Proof | None]"


@dataclass(frozen=True)
class Told:
    """What the kernel says about an accepted step: the data it read, the facts it computed (see its
    function of that name), the parts it made of the problem, and what is shown in the end: "free",
    "closed" or "not_closed"."""

    data: Mapping[str, Any]
    facts: Mapping[str, Any]
    parts: tuple[Problem, ...]
    conclusion: str


@dataclass(frozen=True)
class Rule:
    """A rule about groups, about chains of masks, or about both.

    Attributes
    ----------
    name
        That of the kernel's rule, and of the row in ``certificates/SCHEMA.md``.
    about
        ``Group``, ``Pattern``, or ``Problem`` for both.
    account
        One line in plain words for the command line.
    title
        Of the step in a printed proof.
    explain
        From the problem and what the kernel told about the step, the step's argument.
    find
        From a problem and a clock, a step with this name, or None; it may raise OutOfTime.  Without
        it nothing looks for the rule: steps of the pipeline or of the search, and rules of the past
        that old certificates use.
    find_with
        The same with a third argument, a way to prove that a smaller problem is free, by all rules;
        these searches come when all others are silent.
    both_ways
        Whether the transposed problem is tried too: yes, unless the theorem is its own transpose.
    cost
        What ``find`` costs, in words.
    """

    name: str
    about: type[Group] | type[Pattern] | UnionType
    account: str
    title: str
    explain: Callable[[Any, Told], Blocks]
    find: Callable[[Any, Clock], Step | None] | None = None
    find_with: Callable[[Any, Clock, FreeProof], Step | None] | None = None
    both_ways: bool = False
    cost: str = ""
