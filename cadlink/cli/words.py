"""Answers in words for people who train networks and did not come for the mathematics."""

from __future__ import annotations

from cadlink.certificates.data import Certificate, Proof
from cadlink.deciding.decision import Assurance, Decision, Verdict

__all__ = ["METHODS", "RULES", "assurance", "verdict", "why"]

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

# What each rule of a proof says; the rules are listed in certificates/SCHEMA.md.
RULES = {
    "transpose": "inputs and outputs exchanged",
    "split": "the network falls into parts that share nothing",
    "restrict": "looking at some of the inputs and outputs is enough",
    "relabel": "units renumbered",
    "zero_submersion": "near the zero matrix, every direction can be reached: every matrix can",
    "curve": "an explicit curve of products runs to a matrix that is shown not to be a product",
    "claims": "answers of quantifier-elimination programs",
    "trim": "units on no path from an input to an output dropped",
    "merge": "two layers replaced by one, because their product can be any matrix on its support",
    "one_layer": "a single layer can be any matrix on its mask",
    "unique_cut": "in some 2 x 2 block of the product one hidden unit alone carries three entries"
    " and shares the fourth: if both neighbours of the corner are nonzero, so is the corner, but"
    " not in the limit",
    "block_tiling": "up to copies of units there is at most one path between an input and an"
    " output, so products are exactly the matrices with certain blocks of bounded rank",
    "dense_top": "all layers but the first are dense, and the inputs the first layer's units see"
    " are nested or disjoint",
    "two_factors": "two layers, written as a sum of rank-one blocks, one for each hidden unit",
    "empty": "nothing is left to decide",
    "absorb": "hidden units that can produce anything on their entries set aside",
    "star": "each hidden unit is left with one row or one column of entries: anything is possible",
    "lines": "after a few rows and columns only independent rows or columns of entries are left:"
    " anything is possible",
    "matching": "in every column each entry has a hidden unit of its own: anything is possible",
    "pinned_columns": "some units copy columns of the wanted matrix and the others suffice for the"
    " rest: anything is possible, up to ranks at most one",
    "rank_peeling": "the hidden units see nearly everything, so the products are all matrices of"
    " rank up to their number",
    "transversal": "the hidden units see every input and enough different outputs, so the products"
    " are all matrices of rank up to their number",
    "full_factor": "as many hidden units as outputs, seeing enough inputs: anything is possible",
    "good_pairs": "every two hidden units are disjoint or nested the opposite ways, so that"
    " products are exactly the matrices compatible with some choice of subspaces",
    "forcing": "some zero entries force a weight of every hidden unit behind one entry to zero, so"
    " this entry cannot be nonzero, though it can in the limit",
    "owners": "a few hidden units alone carry a block of entries, which must stay invertible,"
    " though in the limit it need not",
    "forced_row": "a few hidden units alone carry some rows and columns of entries, and one row"
    " cannot vanish beside a certain nonzero entry, though it does in the limit",
    "rigid_collision": "two hidden units that become parallel produce in the limit what no"
    " weights produce",
    "merged_block": "two colliding hidden units fill a block of entries that no unit covers",
    "merged_cross": "two colliding hidden units fill a cross of entries that no unit covers",
    "merged_two_blocks": "two colliding hidden units fill a block of entries that contradicts"
    " another one",
}

# The methods of the rule "claims".
METHODS = {
    "free": "every matrix on the support is a product",
    "free_columns": "a few columns can be made whatever they are, and the others follow",
    "closed_formula": "the set was written as equations and weak inequalities",
    "variety": "the set is all common zeros of polynomials",
    "sentence": "the whole question was answered as one logical sentence",
    "missed_point": "a certain matrix is a limit of products and not a product",
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
        return f"every step of the proof was verified, except the word of {names}"
    return "none"


def why(certificate: Certificate) -> list[str]:
    """The rules that end the branches of the proof, one line each."""
    found: list[str] = []

    def visit(step: Proof) -> None:
        for part in step.parts:
            if part is not None:
                visit(part)
        if not any(part is not None for part in step.parts):
            line = f"{RULES[step.rule]} [{step.rule}]"
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
