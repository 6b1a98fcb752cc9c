"""A certificate as a written proof: theorem, numbered steps, conclusion."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

from cadlink.certificates.data import Certificate, Proof
from cadlink.explanations import chain_rules, group_rules, not_closed_rules, points, trust
from cadlink.explanations.document import Block, Math, Nested, Paragraph, joined
from cadlink.explanations.draw import Problem, draw
from cadlink.explanations.formulas import factor, these
from cadlink.explanations.summary import CLOSED, FREE, NOT_CLOSED, Account
from cadlink.patterns.pattern import Pattern

__all__ = ["CHAIN_RULES", "GROUP_RULES", "written", "written_proof"]

Rule: TypeAlias = "Callable[[Any, dict[str, Any]], Account]"

CHAIN_RULES: dict[str, Rule] = {
    "transpose": chain_rules.transpose,
    "split": chain_rules.split,
    "restrict": chain_rules.restrict,
    "relabel": chain_rules.relabel,
    "trim": chain_rules.trim,
    "merge": chain_rules.merge,
    "one_layer": chain_rules.one_layer,
    "unique_cut": chain_rules.unique_cut,
    "block_tiling": chain_rules.block_tiling,
    "dense_top": chain_rules.dense_top,
    "matching": chain_rules.matchings,
    "two_factors": chain_rules.two_factors,
    "zero_submersion": points.zero_submersion,
    "curve": points.curve,
    "claims": trust.claims,
}
GROUP_RULES: dict[str, Rule] = {
    "transpose": group_rules.transpose,
    "split": group_rules.split,
    "restrict": group_rules.restrict,
    "relabel": group_rules.relabel,
    "empty": group_rules.empty,
    "absorb": group_rules.absorb,
    "star": group_rules.star,
    "lines": group_rules.lines,
    "matching": group_rules.matchings,
    "pinned_columns": group_rules.pinned_columns,
    "transversal": group_rules.transversal,
    "full_factor": group_rules.full_factor,
    "rank_peeling": group_rules.rank_peeling,
    "good_pairs": group_rules.good_pairs,
    "forcing": not_closed_rules.forcing,
    "forced_row": not_closed_rules.forced_row,
    "owners": not_closed_rules.owners,
    "rigid_collision": not_closed_rules.rigid_collision,
    "merged_block": not_closed_rules.merged_block,
    "merged_cross": not_closed_rules.merged_cross,
    "merged_two_blocks": not_closed_rules.merged_two_blocks,
    "zero_submersion": points.zero_submersion,
    "curve": points.curve,
    "claims": trust.claims,
}

MOST_PARTS = 20  # different parts of a split that are written out

_SAYS = {
    FREE: "contains every matrix on these cells; in particular it is closed",
    CLOSED: "is closed",
    NOT_CLOSED: "is not closed",
}


def written(certificate: Certificate) -> list[Block]:
    """The theorem with its proof, for a certificate that the kernel has accepted.

    >>> from cadlink.explanations import text
    >>> pattern = Pattern.of(["11"])
    >>> print(text.write(written(Certificate(pattern.to_json(), "closed", Proof("one_layer")))))
    Theorem. The set of all real matrices X_1 with zeros at the dots
    <BLANKLINE>
        X_1
        ##
    <BLANKLINE>
    is closed. (Rows, columns and units are numbered from 0.)
    <BLANKLINE>
    Proof. A = X_1 is always a matrix of the set in question.
    <BLANKLINE>
    Step 1 (a single factor) [one_layer]. There is only one factor: the set is the linear
    space of its mask.
    <BLANKLINE>
    So the set contains every matrix on these cells; in particular it is closed. This was to
    be shown.
    <BLANKLINE>
    """
    pattern = Pattern.from_json(certificate.pattern)
    names = joined([factor(layer) for layer in range(pattern.depth, 0, -1)], Math(" ", ""))
    several = pattern.depth > 1
    if pattern.depth > 6:
        names = factor(pattern.depth) + Math(" ... ", r" \cdots ") + factor(1)
    blocks: list[Block] = [
        Paragraph(
            f"The set of all {'products' if several else 'real matrices'} {names}"
            f"{' of real matrices' if several else ''} with zeros at the dots",
            "Theorem.",
        ),
        *draw(pattern),
        Paragraph(
            f"is {'not closed' if certificate.verdict == NOT_CLOSED else 'closed'}. (Rows, columns"
            " and units are numbered from 0.)"
        ),
        Paragraph(f"A = {names} is always a matrix of the set in question.", "Proof."),
    ]
    steps, conclusion = written_proof(pattern, certificate.proof)
    end = f"So the set {_SAYS[conclusion]}. This was to be shown."
    if _on_trust(certificate.proof.to_json()):
        end += " (What rests on the word of a program is named above; all else was checked.)"
    return [*blocks, *steps, Paragraph(end)]


def _on_trust(value: object) -> bool:
    """Whether a proof uses the answers of a backend."""
    if isinstance(value, dict):
        return "answers" in value or any(map(_on_trust, value.values()))
    return isinstance(value, list) and any(map(_on_trust, value))


def written_proof(problem: Problem, proof: Proof, prefix: str = "") -> tuple[list[Block], str]:
    """The steps of a proof about a chain or a group, and what it shows ("free", "closed",
    "not_closed").  Steps are numbered with the prefix before."""
    blocks: list[Block] = []
    number = 0
    restricted = False
    while True:
        number += 1
        name = f"{prefix}{number}"
        rules = CHAIN_RULES if isinstance(problem, Pattern) else GROUP_RULES
        account = rules[proof.rule](problem, dict(proof.data))
        blocks += _headed(name, account, proof.rule)
        if account.lemma is not None:
            blocks.append(Nested(tuple(_lemma(account.lemma, name))))
        if not account.parts:
            return blocks, account.conclusion
        if account.how == "all":
            more, conclusion = _parts(account, proof, name)
            return [*blocks, *more], conclusion
        restricted = restricted or account.how == "obstruction"
        (problem,), (part,) = account.parts, proof.parts
        if part is None:
            raise ValueError(f"step {name} ({proof.rule}): its part has no proof")
        proof = part
        blocks += [Paragraph("We are left with"), *draw(problem)]


def _headed(name: str, account: Account, rule: str) -> list[Block]:
    """The blocks of a step, with its number, its title and the rule's name before them."""
    first, *rest = account.blocks
    label = f"Step {name} ({account.title}) [{rule}]."
    if isinstance(first, Paragraph) and not first.label:
        return [Paragraph(first.sentence, label), *rest]
    return [Paragraph("", label), *account.blocks]


def _lemma(lemma: tuple[Problem, Proof], name: str) -> list[Block]:
    """A lemma that a set is everything."""
    problem, proof = lemma
    what = "products" if isinstance(problem, Pattern) else "sums of rank-one matrices"
    on = "the support of the product" if isinstance(problem, Pattern) else "the observed cells"
    steps, _ = written_proof(problem, proof, f"{name}.")
    return [
        Paragraph(f"Every matrix on {on} is among the {what} for", f"Lemma {name}."),
        *draw(problem),
        *steps,
    ]


def _parts(account: Account, proof: Proof, name: str) -> tuple[list[Block], str]:
    """The parts of a split; parts that look alike and are treated alike are written once."""
    blocks: list[Block] = []
    conclusions: list[str] = []
    alike: dict[str, list[int]] = {}
    for place, (problem, part) in enumerate(zip(account.parts, proof.parts, strict=True), start=1):
        if part is not None:
            alike.setdefault(_key(problem, part), []).append(place)
    unneeded = [place for place, part in enumerate(proof.parts, start=1) if part is None]
    for count, places in enumerate(alike.values(), start=1):
        first = places[0]
        problem, part = account.parts[first - 1], proof.parts[first - 1]
        if part is None:
            continue
        steps, conclusion = written_proof(problem, part, f"{name}.{first}.")
        conclusions.append(conclusion)
        if count > MOST_PARTS:
            continue
        same = ""
        if places[1:]:
            verbs = "looks the same and is" if len(places) == 2 else "look the same and are"
            same = f"; {these('part', places[1:])} {verbs} treated in the same way"
        blocks += [
            Paragraph(f"(of {len(account.parts)}){same}:", f"Part {name}.{first}"),
        ]
        blocks.append(
            Nested(
                (*draw(problem), *steps, Paragraph(f"So the set of this part {_SAYS[conclusion]}."))
            )
        )
    if len(alike) > MOST_PARTS:
        rest = len(alike) - MOST_PARTS
        blocks.append(Paragraph(f"({rest} more parts are treated in the certificate.)"))
    if unneeded and len(unneeded) <= 40:
        blocks.append(Paragraph(f"Nothing need be known about {these('part', unneeded)}."))
    for strongest in (NOT_CLOSED, CLOSED):
        if strongest in conclusions:
            return blocks, strongest
    return blocks, FREE


def _key(problem: Problem, proof: Proof) -> str:
    """Equal for parts that are drawn and proved alike."""
    drawn = problem.inline() if isinstance(problem, Pattern) else problem.picture()
    return drawn + "\n" + json.dumps(proof.to_json())
