"""What workers compute: functions of plain data, with no access to the store.

A worker keeps one Decider for each of its threads, so that backend sessions stay warm between
tasks; they end with the process (see ``watchdog.py``).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from cadlink.census.enumeration import (
    Classes,
    NormalForms,
    Shard,
    ThreeFactorClasses,
    TwoFactorClasses,
)
from cadlink.census.rows import sizes
from cadlink.certificates import kernel
from cadlink.certificates.data import Proof
from cadlink.database.forms import form_of, normal_form_of, parse, restrictions_of, standard
from cadlink.database.store import Answer, Record, expand, pack, unpack
from cadlink.deciding.decider import Decider, Settled
from cadlink.deciding.decision import Limits, leaf_rules
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules import unique_cut
from cadlink.rules.pipeline import Tree, open_leaves, proof, reduce, taken, verdict
from cadlink.rules.step import follows, step_proof
from cadlink.rules.table import first_rules

__all__ = [
    "Open",
    "Spec",
    "assemble",
    "finish",
    "reduce_forms",
    "reduce_shard",
    "restrictions",
    "settle",
    "start_local",
    "verdicts",
]


@dataclass(frozen=True)
class Spec:
    """One list of patterns: "two" with (outputs, inputs, hidden), "any" with (outputs, inputs),
    "three" with the four widths."""

    kind: str
    sizes: tuple[int, ...]

    def classes(self) -> Classes:
        """The list itself.  Raises InputError for sizes out of range."""
        if self.kind == "two":
            outputs, inputs, hidden = self.sizes
            return TwoFactorClasses(outputs, inputs, hidden)
        if self.kind == "any":
            outputs, inputs = self.sizes
            return NormalForms(outputs, inputs)
        return ThreeFactorClasses(self.sizes)

    @property
    def label(self) -> str:
        """For people."""
        if self.kind == "two":
            return "{} x {}, {} hidden".format(*self.sizes)
        if self.kind == "any":
            return "{} x {}, any hidden".format(*self.sizes)
        return "widths " + "-".join(map(str, self.sizes))


@dataclass(frozen=True)
class Open:
    """A pattern whose tree waits for the answers to these problems."""

    form: str
    normal: bool
    tree: Tree
    problems: tuple[str, ...]


class _Worker(threading.local):
    """What a worker's thread keeps between tasks."""

    def __init__(self) -> None:
        # Built from nothing but the patterns: no answer of another database goes into this one.
        self.decider = Decider(lookup=None)


_worker: _Worker | None = None  # made by the first task that needs it, in the worker's process


def _decider() -> Decider:
    global _worker
    if _worker is None:
        _worker = _Worker()
    return _worker.decider


def start_local() -> None:
    """For the start of a local worker, which must neither die before its builder nor survive it.

    Ctrl-C is for the builder, which then stops the workers; and if the builder is killed, nobody
    else would.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def follow() -> None:
            parent.join()
            os._exit(1)

        threading.Thread(target=follow, daemon=True).start()


def verdicts(forms: Sequence[str], limits: Limits) -> list[str]:
    """The verdicts of patterns, nothing else kept."""
    found = []
    for form in forms:
        pattern = parse(form)
        assert isinstance(pattern, Pattern)
        found.append(_decider().decide(pattern, limits).verdict.value)
    return found


@lru_cache(maxsize=4)
def _classes(spec: Spec) -> Classes:
    return spec.classes()


def reduce_shard(spec: Spec, shard: Shard) -> list[Record | Open]:
    """The patterns of a shard, decided if the rules suffice."""
    found: list[Record | Open] = []
    for pattern in _classes(spec).patterns(shard):
        if spec.kind == "any":
            form = normal_form_of(pattern)
            assert form is not None
            found.append(_reduced(form, True))
        else:
            found.append(_reduced(form_of(pattern), False))
    return found


def reduce_forms(forms: Sequence[tuple[str, bool]]) -> list[Record | Open]:
    """The same for patterns given by their forms."""
    return [_reduced(form, normal) for form, normal in forms]


def _reduced(form: str, normal: bool) -> Record | Open:
    pattern = parse(form)
    assert isinstance(pattern, Pattern)
    tree = reduce(pattern, first=first_rules(pattern))
    if verdict(tree) == "not_closed":
        # The proof that is read most easily, where there is one.
        tree = taken(unique_cut.RULE, pattern) or tree
    if verdict(tree) is not None:
        return _record(form, normal, pattern, proof(tree), {})
    waiting = sorted({standard(leaf.problem).form for leaf in open_leaves(tree)})
    return Open(form, normal, tree, tuple(waiting))


def settle(form: str, limits: Limits) -> Answer:
    """The answer to a reduced problem."""
    problem = parse(form)
    kind = "group" if isinstance(problem, Group) else "chain"
    found: Settled = _decider().settle(problem, limits)
    return Answer(
        form,
        kind,
        found.conclusion,
        bool(found.holes),
        "" if found.reason is None else found.reason.value,
        found.detail,
        "" if found.proof is None else leaf_rules(found.proof),
        found.seconds,
        None if found.proof is None else pack(found.proof),
        tuple(
            (
                run.backend,
                run.version,
                run.outcome.value,
                run.seconds,
                run.statement,
                run.transcript_sha256,
            )
            for run in found.runs
        ),
    )


def finish(waiting: Sequence[Open], answers: Mapping[str, Answer]) -> list[Record]:
    """The patterns that waited, with the answers they waited for, checked by the kernel."""
    found = []
    for item in waiting:
        pattern = item.tree.problem
        assert isinstance(pattern, Pattern)
        whole = assemble(item.tree, answers)
        if whole is None:
            reasons = sorted({answers[form].reason for form in item.problems} - {""})
            found.append(_unknown(item, pattern, reasons[0] if reasons else ""))
        else:
            found.append(_record(item.form, item.normal, pattern, whole[1], answers))
    return found


def assemble(tree: Tree, answers: Mapping[str, Answer]) -> tuple[str, Proof] | None:
    """(conclusion, proof with ``stored`` steps) of a tree whose leaves have answers, or None."""
    known = verdict(tree)
    if known is not None:
        return known, proof(tree)
    if tree.step is None:
        leaf = standard(tree.problem)
        answer = answers[leaf.form]
        if answer.conclusion is None:
            return None
        return answer.conclusion, leaf.carry(Proof("stored", {"problem": leaf.form}))
    step = tree.step
    parts = [assemble(part, answers) or (None, None) for part in tree.parts]
    found = [conclusion for conclusion, _ in parts]
    conclusion = follows(step.conclusion, found)
    if conclusion is None:
        return None
    return conclusion, step_proof(step, found, [part for _, part in parts])


def _record(
    form: str, normal: bool, pattern: Pattern, found: Proof, answers: Mapping[str, Answer]
) -> Record:
    """A decided pattern: the kernel is asked about the whole proof."""

    def known(problem: str) -> Proof:
        packed = answers[problem].proof
        assert packed is not None
        return unpack(packed)

    whole = expand(found, known)
    checked = kernel.check_proof(pattern, whole)
    return Record(
        form,
        *sizes(pattern),
        normal,
        "not_closed" if checked.conclusion == "not_closed" else "closed",
        "trusted" if checked.holes else "checked",
        "",
        leaf_rules(whole),
        pack(found),
        tuple(sorted(_stored(found))),
    )


def _unknown(item: Open, pattern: Pattern, reason: str) -> Record:
    return Record(
        item.form,
        *sizes(pattern),
        item.normal,
        "unknown",
        "none",
        reason,
        "",
        None,
        item.problems,
    )


def _stored(found: Proof) -> set[str]:
    if found.rule == "stored":
        return {str(found.data["problem"])}
    return {form for part in found.parts if part is not None for form in _stored(part)}


def restrictions(forms: Sequence[str]) -> list[list[tuple[str, str | None]]]:
    """For every pattern what :func:`restrictions_of` gives."""
    found = []
    for form in forms:
        pattern = parse(form)
        assert isinstance(pattern, Pattern)
        found.append(restrictions_of(pattern))
    return found
