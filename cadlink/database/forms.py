"""The canonical form of a problem, written as text: the key under which a store keeps it.

A pattern's form is its canonical pattern as it is typed on a command line; a group's is the picture
of its canonical group.  Small two-factor problems get the form of ``symmetry.py``, which depends on
nothing but this package; others that of the canonical labelling library, which may differ between
its versions (a look-up then misses; it never finds a wrong problem, because the form is the whole
problem).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from cadlink.certificates.data import Proof
from cadlink.database.normal import lines, normal_form
from cadlink.database.symmetry import Form, canonical, small
from cadlink.errors import InputError
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules import trim
from cadlink.rules.step import Problem

__all__ = [
    "Standard",
    "form_of",
    "normal_form_of",
    "parse",
    "restrictions_of",
    "size_of",
    "standard",
]

# (rows, columns) of each hidden unit, as bit sets.
Blocks: TypeAlias = tuple[tuple[int, int], ...]
KEPT = 10_000  # forms remembered: the restrictions of many patterns are few


@dataclass(frozen=True)
class Standard:
    """A canonical problem, its form, and the steps from a given problem to it, outermost first."""

    problem: Problem
    form: str
    steps: tuple[tuple[str, dict[str, Any]], ...]

    def carry(self, proof: Proof) -> Proof:
        """A proof about the given problem, from one about the canonical problem."""
        for rule, data in reversed(self.steps):
            proof = Proof(rule, data, (proof,))
        return proof


def parse(form: str) -> Problem:
    """The problem that a form stands for; a group's form has '#' or '.' in it.

    >>> parse("11/01;10/11").widths, parse("##/#.").cells == {(0, 0), (0, 1), (1, 0)}
    ((2, 2, 2), True)
    """
    if "#" not in form and "." not in form:
        return Pattern.of([layer.split("/") for layer in form.split(";")])
    return Group.of(
        {
            (j, k)
            for j, line in enumerate(picture.split("/"))
            for k, mark in enumerate(line)
            if mark == "#"
        }
        for picture in form.split(" + ")
    )


def form_of(pattern: Pattern) -> str:
    """The form of a pattern, idle units left out; '' if nothing is left.

    >>> form_of(Pattern.of(["11/01", "10/11"])) == form_of(Pattern.of(["01/11", "01/11"]))
    True
    """
    if pattern.depth != 2:
        return standard(pattern).form
    found = _trimmed(_blocks(pattern))
    if found is None:
        return ""
    return _form(*found) if small(*found[1:]) else standard(pattern).form


def size_of(pattern: Pattern) -> tuple[int, int]:
    """(most outputs or inputs, most hidden units of a layer), idle units left out; (0, 0) for none.

    >>> size_of(Pattern.of(["1100/0110/0000", "101/011/000"]))
    (3, 2)
    """
    if pattern.depth == 2:
        found = _trimmed(_blocks(pattern))
        return (0, 0) if found is None else (max(found[1:]), len(found[0]))
    step = trim.find(pattern)
    part = pattern if step is None else step.parts[0]
    assert isinstance(part, Pattern)
    return max(part.widths[0], part.widths[-1]), max(part.widths[1:-1], default=0)


def normal_form_of(pattern: Pattern) -> str | None:
    """The form of a two-factor pattern's normal form (``normal.py``); None for other patterns.

    Of the two ways to write the free cells that with fewer hidden units is taken, so that a
    pattern and its transpose get one form.
    """
    found = _trimmed(_blocks(pattern)) if pattern.depth == 2 else None
    if found is None or not small(found[1], found[2]):
        return None
    return _normal_form(*found)


def restrictions_of(pattern: Pattern) -> list[tuple[str, str | None]]:
    """The forms of the pattern without one output or input, as :func:`form_of` and
    :func:`normal_form_of` give them, each once.

    Every proper restriction is a restriction of one of these, and restrictions of closed patterns
    are closed.  Where nothing is left there is only the zero matrix: closed, and not listed.

    >>> restrictions_of(Pattern.of(["11/01", "10/11"]))
    [('10/11;11', '11;1'), ('11;1', '11;1')]
    """
    blocks = _blocks(pattern) if pattern.depth == 2 else ()
    outputs, inputs = range(pattern.widths[-1]), range(pattern.widths[0])
    parts = [([x for x in outputs if x != j], list(inputs)) for j in outputs]
    parts += [(list(outputs), [x for x in inputs if x != k]) for k in inputs]
    listed: set[tuple[str, str | None]] = set()
    for rows, cols in parts:
        if not rows or not cols:
            continue
        row_bits, col_bits = sum(1 << j for j in rows), sum(1 << k for k in cols)
        found = _trimmed([(r & row_bits, c & col_bits) for r, c in blocks])
        if found is not None and small(*found[1:]):
            listed.add((_form(*found), _normal_form(*found)))
        elif found is not None or pattern.depth != 2:
            smaller = pattern.restrict(rows, cols)
            if smaller.support().nnz:
                listed.add((form_of(smaller), normal_form_of(smaller)))
    return sorted(listed, key=str)


def standard(problem: Problem) -> Standard:
    """The canonical problem and the way to it.  Raises InputError if no unit is on a path."""
    if isinstance(problem, Group):
        return _standard_group(problem)
    step = trim.find(problem)
    if step is not None:
        part = step.parts[0]
        assert isinstance(part, Pattern)
        if 0 in part.widths:
            raise InputError("no unit lies on a path from an input to an output")
        inner = _standard_pattern(part)
        return Standard(inner.problem, inner.form, ((step.rule, dict(step.data)), *inner.steps))
    return _standard_pattern(problem)


def _standard_pattern(pattern: Pattern) -> Standard:
    steps: list[tuple[str, dict[str, Any]]] = []
    outputs, inputs = pattern.widths[-1], pattern.widths[0]
    if pattern.depth == 2 and small(outputs, inputs):
        form = canonical(_cells(_blocks(pattern), inputs), outputs, inputs)
        turned = form.turned
        upright = pattern.transpose() if turned else pattern
        units = _hidden_order(upright, form)
    else:
        turned, chosen = pattern.canonical_units()
        upright = pattern.transpose() if turned else pattern
        units = [list_.tolist() for list_ in chosen]
    if turned:
        steps.append(("transpose", {}))
    if any(list_ != list(range(len(list_))) for list_ in units):
        steps.append(("relabel", {"units": units}))
    found = upright.permute(units)
    return Standard(found, found.inline(), tuple(steps))


def _hidden_order(pattern: Pattern, form: Form) -> list[list[int]]:
    """The renumbering that makes the canonical pattern: new unit p is old unit list[p]."""
    inputs = sorted(range(len(form.cols)), key=lambda k: form.cols[k])
    outputs = sorted(range(len(form.rows)), key=lambda j: form.rows[j])
    moved = []
    for its_rows, its_cols in _blocks(pattern):
        rows = sum(1 << form.rows[j] for j in range(len(form.rows)) if its_rows >> j & 1)
        cols = sum(1 << form.cols[k] for k in range(len(form.cols)) if its_cols >> k & 1)
        moved.append(_cells([(rows, cols)], len(form.cols))[0])
    hidden = sorted(range(len(moved)), key=lambda i: moved[i])
    return [inputs, hidden, outputs]


def _standard_group(group: Group) -> Standard:
    rows, cols = group.rows, group.cols
    if rows and small(len(rows), len(cols)):
        row_place = {j: place for place, j in enumerate(rows)}
        col_place = {k: place for place, k in enumerate(cols)}
        width = len(cols)
        neurons = [
            sum(1 << row_place[j] * width + col_place[k] for j, k in graph)
            for graph in group.neurons
        ]
        form = canonical(neurons, len(rows), width)
        turned = form.turned
        source = group.transpose() if turned else group
        row_map = {old: form.rows[place] for place, old in enumerate(source.rows)}
        col_map = {old: form.cols[place] for place, old in enumerate(source.cols)}
    else:
        flipped = group.transpose()
        pictures = [g.canonical().picture() for g in (group, flipped)]
        turned = pictures[1] < pictures[0]
        source = flipped if turned else group
        row_map, col_map = source.canonical_maps()
    found = source.relabel(row_map, col_map)
    steps: list[tuple[str, dict[str, Any]]] = [("transpose", {})] if turned else []
    if found != source:
        data = {
            "rows": [[old, new] for old, new in sorted(row_map.items())],
            "cols": [[old, new] for old, new in sorted(col_map.items())],
        }
        steps.append(("relabel", data))
    return Standard(found, found.picture(), tuple(steps))


# -- patterns as bit sets --------------------------------------------------------------------


def _blocks(pattern: Pattern) -> Blocks:
    """(R_i, C_i) for every hidden unit of a two-factor pattern."""
    lower, upper = pattern.layers
    ends, seen = lower.indptr.tolist(), lower.indices.tolist()
    cols = [sum(1 << k for k in seen[ends[i] : ends[i + 1]]) for i in range(pattern.widths[1])]
    rows = [0] * pattern.widths[1]
    ends, seen = upper.indptr.tolist(), upper.indices.tolist()
    for j in range(pattern.widths[2]):
        for i in seen[ends[j] : ends[j + 1]]:
            rows[i] |= 1 << j
    return tuple(zip(rows, cols, strict=True))


def _trimmed(blocks: Iterable[tuple[int, int]]) -> tuple[Blocks, int, int] | None:
    """The blocks without empty ones, in order, on the rows and columns they cover; and how many
    those are."""
    kept = [(rows, cols) for rows, cols in blocks if rows and cols]
    if not kept:
        return None
    all_rows = all_cols = 0
    for rows, cols in kept:
        all_rows |= rows
        all_cols |= cols
    n, m = all_rows.bit_count(), all_cols.bit_count()
    if all_rows != (1 << n) - 1 or all_cols != (1 << m) - 1:
        kept = [(_compress(rows, all_rows), _compress(cols, all_cols)) for rows, cols in kept]
    return tuple(sorted(kept)), n, m


@lru_cache(maxsize=KEPT)
def _form(blocks: Blocks, rows: int, cols: int) -> str:
    return _text(canonical(_cells(blocks, cols), rows, cols))


@lru_cache(maxsize=KEPT)
def _normal_form(blocks: Blocks, rows: int, cols: int) -> str:
    """The shorter way to write the normal form."""
    normal = normal_form(_cells(blocks, cols), rows, cols)
    ways = [normal.blocks(by_rows=True), normal.blocks(by_rows=False)]
    texts = [(len(way), _text(canonical(way, rows, cols))) for way in ways]
    return min(texts)[1]


def _compress(bits: int, places: int) -> int:
    found = position = 0
    while places:
        lowest = places & -places
        found |= bool(bits & lowest) << position
        position += 1
        places ^= lowest
    return found


def _cells(blocks: Iterable[tuple[int, int]], width: int) -> list[int]:
    """The cells R x C of every block."""
    found = []
    for rows, cols in blocks:
        cells = 0
        row = 0
        while rows >> row:
            if rows >> row & 1:
                cells |= cols << row * width
            row += 1
        found.append(cells)
    return found


def _text(form: Form) -> str:
    """The canonical pattern as text."""
    n, m = form.shape
    blocks: Sequence[tuple[int, int]] = [lines(cells, n, m) for cells in form.neurons]
    lower = "/".join("".join("1" if c >> k & 1 else "0" for k in range(m)) for _, c in blocks)
    upper = "/".join("".join("1" if r >> j & 1 else "0" for r, _ in blocks) for j in range(n))
    return f"{lower};{upper}"
