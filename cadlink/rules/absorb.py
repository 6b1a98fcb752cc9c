"""Absorption: neurons that already realise everything on their cells can be forgotten.

Theorem and proof: kernel, absorb.  With exact tests of freeness the order does not matter: if Q1
and Q2 are free, what is left of Q2 after absorbing Q1 is free on F2 \\ F1, since R^F2 projects
onto R^(F2 \\ F1).

Where the free neurons come from, in this order: the largest set free by matchings in the columns,
then in the rows (these contain every star); nearly whole blocks.  The proof of freeness is part of
the step.
"""

from __future__ import annotations

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules import matching, rank_peeling
from cadlink.rules.bits import View, bits
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, sentence
from cadlink.writing.formulas import these

__all__ = ["RULE", "find"]


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """Absorb some neurons, if a free set of them is found.

    >>> lu = Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])
    >>> find(lu).parts[0].picture()
    '##/#.'
    """
    view = View.of(group)
    if chosen := matching.largest(view, clock):
        proof = Proof("matching")
    elif chosen := matching.largest(view.transpose(), clock):
        proof = Proof("transpose", {}, (Proof("matching"),))
    elif chosen := next(rank_peeling.free_sets(view, clock), 0):
        proof = Proof("rank_peeling")
    else:
        return None
    neurons = list(bits(chosen))
    data = {"neurons": neurons, "proof": proof.to_json()}
    return Step("absorb", Conclusion.SAME, data, (group.absorb(neurons),))


def explain(group: Group, told: Told) -> Blocks:
    """Free neurons set aside."""
    chosen = told.data["neurons"]
    its = "its" if len(chosen) == 1 else "their"
    makes = "makes" if len(chosen) == 1 else "make"
    return sentence(
        f"By the lemma below, {these('neuron', chosen)} alone {makes} every matrix on {its}"
        " cells F. Whatever the other neurons do, A can still be given any values on F. So"
        f" {these('neuron', chosen)} and the cells of F may be forgotten: the set is closed"
        " (all of the space) exactly if the set of the other neurons on the remaining cells"
        " is. (A graph that falls apart thereby acts as one neuron for each piece.)"
    )


RULE = Rule(
    name="absorb",
    about=Group,
    find=find,
    account="hidden units that can produce anything on their entries set aside",
    title="free neurons set aside",
    explain=explain,
    cost="that of matchings in all columns and rows",
)
