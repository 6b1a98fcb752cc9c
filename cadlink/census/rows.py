"""Whether a row of a database says no more than its proof shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from cadlink.certificates import kernel
from cadlink.certificates.data import Proof
from cadlink.database.forms import form_of, parse
from cadlink.database.queries import Entry, PatternDatabase
from cadlink.database.store import expand, unpack
from cadlink.database.symmetry import small
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.step import Problem

__all__ = ["Packed", "Row", "check_entry", "check_rows", "complaint", "sizes"]


@dataclass(frozen=True)
class Row:
    """What a row of ``patterns`` or ``problems`` says.

    ``verdict`` is a pattern's verdict, or a problem's conclusion; "unknown" for none.  ``sizes`` of
    a pattern are those of :func:`sizes`, empty for a problem.
    """

    form: str
    kind: str  # "pattern", "chain" or "group"
    verdict: str
    assurance: str
    sizes: tuple[int, ...] = ()


# A row, its packed proof, and the (form, packed proof) of the problems that may refer to.
Packed: TypeAlias = tuple[Row, "bytes | None", tuple[tuple[str, bytes], ...]]


def sizes(pattern: Pattern) -> tuple[int, int, int, int, int]:
    """Layers, outputs, inputs, hidden units, edges."""
    widths = pattern.widths
    return pattern.depth, widths[-1], widths[0], sum(widths[1:-1]), pattern.nnz


def check_rows(rows: Sequence[Packed]) -> list[str]:
    """What is wrong with these rows: nothing, or a line for every bad one."""
    found = []
    for row, packed, parts in rows:
        known = dict(parts)

        def proof(packed: bytes | None = packed, known: dict[str, bytes] = known) -> Proof | None:
            return None if packed is None else expand(unpack(packed), lambda p: unpack(known[p]))

        words = complaint(row, proof)
        if words:
            found.append(f"{row.form}: {words}")
    return found


def check_entry(database: PatternDatabase, entry: Entry) -> str:
    """'' if the row describes its pattern and the kernel accepts its proof, else what is wrong."""
    said = (entry.layers, entry.outputs, entry.inputs, entry.hidden, entry.nonzeros)
    row = Row(entry.form, "pattern", entry.verdict, entry.assurance, said)
    return complaint(row, lambda: database.proof(entry))


def complaint(row: Row, proof: Callable[[], Proof | None]) -> str:
    """'' if the row describes its form and the kernel accepts its proof, else what is wrong.

    >>> complaint(Row("##/#.", "group", "closed", "checked"), lambda: None)
    'the row says closed, checked, but there is no proof'
    """
    try:
        problem = parse(row.form)
        return _misdescribed(row, problem) or _unproved(row, problem, proof())
    except Exception as error:  # whatever is in the file, it is this row's fault
        return f"{type(error).__name__}: {error}"


def _misdescribed(row: Row, problem: Problem) -> str:
    kind = "group" if isinstance(problem, Group) else "chain"
    if kind != ("chain" if row.kind == "pattern" else row.kind):
        return f"the row says it is a {row.kind}"
    if isinstance(problem, Pattern) and row.kind == "pattern":
        if row.sizes != sizes(problem):
            return f"the row gives the sizes {row.sizes}, the pattern has {sizes(problem)}"
        # Other forms depend on the version of the labelling library.
        lasting = problem.depth == 2 and small(problem.widths[2], problem.widths[0])
        if lasting and form_of(problem) != row.form:
            return f"the canonical form of this pattern is {form_of(problem)}"
    return ""


def _unproved(row: Row, problem: Problem, proof: Proof | None) -> str:
    said = f"the row says {row.verdict}, {row.assurance}"
    if (row.verdict == "unknown") != (row.assurance == "none"):
        return f"{said}, which contradicts itself"
    if row.verdict == "unknown":
        return "" if proof is None else f"{said}, but there is a proof"
    if proof is None:
        return f"{said}, but there is no proof"
    # The kernel knows none of our classes but the pattern.
    about = problem if isinstance(problem, Pattern) else problem.to_json()
    found = kernel.check_proof(about, proof)
    shown = found.conclusion
    if shown == "free" and row.verdict != "free":
        shown = "closed"
    assurance = "trusted" if found.holes else "checked"
    if (shown, assurance) != (row.verdict, row.assurance):
        return f"{said}, the proof shows {shown}, {assurance}"
    return ""
