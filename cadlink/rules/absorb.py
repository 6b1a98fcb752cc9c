"""Absorption: neurons that already realise everything on their cells can be forgotten.

*Theorem.*  Let the neurons Q, as a group of their own, be free on the set F of their cells.  Then
the set is closed (free) iff that of the other neurons observed on E \\ F only is.
*Proof.*  Let K be the set, pi the projection to the cells of E \\ F.  A is in K iff pi(A) is in
pi(K): given X, Y for pi(A), let the neurons of Q make up the difference on F.  So K = R^F x
pi(K).  On E \\ F the neurons of Q contribute nothing, so pi(K) is the set of the other neurons
with their graphs minus F; a graph that falls apart acts as one neuron per component
(``patterns/group.py``).

With exact tests of freeness the order does not matter: if Q1 and Q2 are free, what is left of Q2
after absorbing Q1 is free on F2 \\ F1, since R^F2 projects onto R^(F2 \\ F1).

Where Q comes from, in this order: the largest set free by matchings in the columns, then in the
rows (these contain every star); families of equal graphs free by lines; full factors and their
transposes.  The proof of freeness is part of the step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cadlink.certificates.data import Proof
from cadlink.patterns.group import Graph, Group
from cadlink.rules import full_factor, lines, matching, rank_peeling
from cadlink.rules.bits import View, bits
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = ["apply", "step"]


def step(group: Group, neurons: list[int], proof: Proof) -> Step:
    """Absorb these neurons, free by ``proof``."""
    data: dict[str, Any] = {"neurons": neurons, "proof": proof.to_json()}
    return Step("absorb", Conclusion.SAME, data, (group.absorb(neurons),))


def apply(problem: Problem) -> Step | None:
    """Absorb some neurons, if a free set of them is found.

    >>> lu = Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])
    >>> apply(lu).parts[0].picture()
    '##/#.'
    """
    if not isinstance(problem, Group) or not problem.neurons:
        return None
    for neurons, proof in _free_sets(problem):
        return step(problem, neurons, proof)
    return None


def _free_sets(group: Group) -> Iterator[tuple[list[int], Proof]]:
    view = View.of(group)
    turned = view.transpose()
    if chosen := matching.largest(view):
        yield list(bits(chosen)), Proof("matching")
    if chosen := matching.largest(turned):
        yield list(bits(chosen)), Proof("transpose", {}, (Proof("matching"),))
    same: dict[Graph, list[int]] = {}
    for i, graph in enumerate(group.neurons):
        same.setdefault(graph, []).append(i)
    for graph, neurons in same.items():
        deleted = lines.find(graph, len(neurons))
        if deleted is not None:
            yield neurons, Proof("lines", {"lines": [list(line) for line in deleted]})
    for chosen in full_factor.find(view):
        yield list(bits(chosen)), Proof("full_factor")
    for chosen in full_factor.find(turned):
        yield list(bits(chosen)), Proof("transpose", {}, (Proof("full_factor"),))
    for chosen in rank_peeling.find(view):
        yield list(bits(chosen)), Proof("rank_peeling")
