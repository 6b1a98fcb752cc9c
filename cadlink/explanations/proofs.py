"""A certificate as a written proof: theorem, numbered steps, conclusion.

What is written follows the kernel's trace of the steps it accepted: their problems, what they made
of them, and the facts it computed.  The words of a step are those of its rule
(``rules/table.py``).
"""

from __future__ import annotations

import json

from cadlink.certificates import kernel
from cadlink.certificates.data import Certificate, Proof
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.rule import Told
from cadlink.rules.step import Problem
from cadlink.rules.table import rule_of
from cadlink.writing.document import Block, Blocks, Math, Nested, Paragraph, joined
from cadlink.writing.draw import draw
from cadlink.writing.formulas import factor, these

__all__ = ["written", "written_proof"]

MOST_PARTS = 20  # different parts of a split that are written out

_SAYS = {
    "free": "contains every matrix on these cells; in particular it is closed",
    "closed": "is closed",
    "not_closed": "is not closed",
}


def written(certificate: Certificate) -> list[Block]:
    """The theorem with its proof.  Raises CertificateError if the kernel rejects it.

    >>> from cadlink.writing import text
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
            f"is {certificate.verdict.replace('_', ' ')}. (Rows, columns and units are numbered"
            " from 0.)"
        ),
        Paragraph(f"A = {names} is always a matrix of the set in question.", "Proof."),
    ]
    trace = kernel.trace(pattern, certificate.proof)
    end = f"So the set {_SAYS[trace.found.conclusion]}. This was to be shown."
    if trace.found.holes:
        end += " (What rests on the word of a program is named above; all else was checked.)"
    return [*blocks, *_steps(trace, ""), Paragraph(end)]


def written_proof(problem: Problem, proof: Proof) -> tuple[list[Block], str]:
    """The steps of a proof about a chain or a group, and what it shows ("free", "closed",
    "not_closed").  Raises CertificateError if the kernel rejects it."""
    asked = problem if isinstance(problem, Pattern) else problem.to_json()
    trace = kernel.trace(asked, proof)
    return _steps(trace, ""), trace.found.conclusion


def _ours(problem: kernel.Problem) -> Problem:
    """The problem in the kernel's step, as an object that can be drawn."""
    if isinstance(problem, kernel.Chain):
        return Pattern.of_masks([mask.csr() for mask in problem.masks])
    return Group(problem.neurons)


def _steps(trace: kernel.Traced, prefix: str) -> list[Block]:
    """The steps from this one on; their numbers have the prefix before them."""
    blocks: list[Block] = []
    number = 0
    problem = _ours(trace.problem)
    while True:
        number += 1
        name = f"{prefix}{number}"
        outcome = trace.outcome
        parts: tuple[Problem, ...] = ()
        if isinstance(outcome, kernel.Needs):
            parts = tuple(map(_ours, outcome.parts))
        rule = rule_of(trace.rule, problem)
        told = Told(trace.data, outcome.facts, parts, trace.found.conclusion)
        blocks += _headed(f"Step {name} ({rule.title}) [{rule.name}].", rule.explain(problem, told))
        for place, lemma in enumerate(trace.lemmas, start=1):
            numbered = name if len(trace.lemmas) == 1 else f"{name}.{place}"
            blocks.append(Nested(tuple(_lemma(lemma, numbered))))
        if not isinstance(outcome, kernel.Needs):
            return blocks
        if outcome.how == "all":
            return [*blocks, *_parts(trace, parts, name)]
        (problem,), (part,) = parts, trace.parts
        assert part is not None  # null is for parts of a split
        trace = part
        blocks += [Paragraph("We are left with"), *draw(problem)]


def _headed(label: str, blocks: Blocks) -> Blocks:
    """The blocks of a step, with a label before them."""
    first, *rest = blocks
    if isinstance(first, Paragraph) and not first.label:
        return (Paragraph(first.sentence, label), *rest)
    return (Paragraph("", label), *blocks)


def _lemma(trace: kernel.Traced, name: str) -> list[Block]:
    """A lemma that a set is everything."""
    problem = _ours(trace.problem)
    what = "products" if isinstance(problem, Pattern) else "sums of rank-one matrices"
    on = "the support of the product" if isinstance(problem, Pattern) else "the observed cells"
    return [
        Paragraph(f"Every matrix on {on} is among the {what} for", f"Lemma {name}."),
        *draw(problem),
        *_steps(trace, f"{name}."),
    ]


def _parts(trace: kernel.Traced, problems: tuple[Problem, ...], name: str) -> list[Block]:
    """The parts of a split; parts that look alike and are treated alike are written once."""
    blocks: list[Block] = []
    alike: dict[str, list[int]] = {}
    for place, (problem, part) in enumerate(zip(problems, trace.parts, strict=True), start=1):
        if part is not None:
            alike.setdefault(_key(problem, part), []).append(place)
    for first, *others in list(alike.values())[:MOST_PARTS]:
        part = trace.parts[first - 1]
        assert part is not None
        same = ""
        if others:
            verbs = "look the same and are" if others[1:] else "looks the same and is"
            same = f"; {these('part', others)} {verbs} treated in the same way"
        said = f"So the set of this part {_SAYS[part.found.conclusion]}."
        steps = _steps(part, f"{name}.{first}.")
        blocks += [
            Paragraph(f"(of {len(problems)}){same}:", f"Part {name}.{first}"),
            Nested((*draw(problems[first - 1]), *steps, Paragraph(said))),
        ]
    if len(alike) > MOST_PARTS:
        rest = len(alike) - MOST_PARTS
        blocks.append(Paragraph(f"({rest} more parts are treated in the certificate.)"))
    unneeded = [place for place, part in enumerate(trace.parts, start=1) if part is None]
    if unneeded and len(unneeded) <= 40:
        blocks.append(Paragraph(f"Nothing need be known about {these('part', unneeded)}."))
    return blocks


def _key(problem: Problem, trace: kernel.Traced) -> str:
    """Equal for parts that are drawn and proved alike."""
    drawn = problem.inline() if isinstance(problem, Pattern) else problem.picture()
    return drawn + "\n" + json.dumps(_said(trace))


def _said(trace: kernel.Traced) -> list[object]:
    return [
        trace.rule,
        dict(trace.data),
        [None if part is None else _said(part) for part in trace.parts],
    ]
