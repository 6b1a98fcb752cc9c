"""The kernel: re-checks a certificate from the statements of the theorems, with exact arithmetic.

It shares no code with the programs that find proofs.  Every rule is one function: its docstring is
the theorem with a proof, its body checks the hypotheses.  A rule either shows its problem to be
free, closed or not closed, or hands back the subproblems on which that depends; the kernel computes
every subproblem itself.  Anything that is not exactly as ``SCHEMA.md`` says is rejected.

Reading order: ``problems``, ``reader``, ``sweep``, ``chain_rules``, ``group_rules``,
``wide_cross``, ``forced_row``, ``triangle``, ``frames``, ``completion``, ``polynomials``,
``points``, ``sandwich``, ``sections``, ``approximate_zero``, ``refutation``, ``claims``, and this
file."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from cadlink.certificates.data import Certificate, Proof
from cadlink.certificates.kernel import chain_rules, group_rules, rewriting, wide_cross
from cadlink.certificates.kernel.approximate_zero import approximate_zero
from cadlink.certificates.kernel.circuit import hall_circuit
from cadlink.certificates.kernel.claims import claims
from cadlink.certificates.kernel.completion import completion, relative_freeness
from cadlink.certificates.kernel.cut import cut, deep_matching
from cadlink.certificates.kernel.forced_row import forced_row, owners
from cadlink.certificates.kernel.frames import PLAN, high_and_low_rank, two_frames
from cadlink.certificates.kernel.points import curve, zero_submersion
from cadlink.certificates.kernel.problems import Chain, Group, Mask, Problem
from cadlink.certificates.kernel.reader import (
    CLOSED,
    FREE,
    NOT_CLOSED,
    Budget,
    Found,
    Needs,
    Outcome,
    Reader,
)
from cadlink.certificates.kernel.sandwich import sandwich
from cadlink.certificates.kernel.sections import sections
from cadlink.certificates.kernel.triangle import triangle
from cadlink.certificates.read import load, proof_from, shown, through_json
from cadlink.errors import CertificateError
from cadlink.patterns.pattern import MAX_WIDTH, Pattern

__all__ = [
    "CHAIN_RULES",
    "GROUP_RULES",
    "Chain",
    "Checked",
    "Found",
    "Needs",
    "Problem",
    "Traced",
    "check",
    "check_proof",
    "load",
    "prove",
    "read_chain",
    "same",
    "trace",
]

Rule: TypeAlias = "tuple[Callable[[Any, Reader], Outcome], tuple[str, ...] | None]"

# The function and the keys of its data; None: the function looks at the keys itself.
CHAIN_RULES: dict[str, Rule] = {
    "transpose": (chain_rules.transpose, ()),
    "split": (chain_rules.split, ()),
    "restrict": (chain_rules.restrict, ("outputs", "inputs")),
    "relabel": (chain_rules.relabel, ("units",)),
    "trim": (chain_rules.trim, ()),
    "merge": (chain_rules.merge, ("layer", "proof")),
    "merge_layers": (chain_rules.merge_layers, ("layers", "proof")),
    "one_layer": (chain_rules.one_layer, ()),
    "unique_cut": (chain_rules.unique_cut, ("layer", "unit", "outputs", "inputs")),
    "block_tiling": (chain_rules.block_tiling, ()),
    "dense_top": (chain_rules.dense_top, ()),
    "matching": (chain_rules.matching, ()),
    "two_factors": (chain_rules.two_factors, ()),
    "merged_cross": (wide_cross.merged_cross, ("a", "b", "i1", "J", "K", "j0", "k0")),
    "deep_matching": (deep_matching, ("seed", "prime")),
    "cut": (cut, ("pins", "seed", "prime")),
    "twins": (rewriting.twins, ()),
    "pendants": (rewriting.pendants, ()),
    "absorb_edges": (rewriting.absorb_edges, ("layer", "units", "proof")),
    "cap_outputs": (rewriting.cap_outputs, ("outputs",)),
    "hall_circuit": (
        hall_circuit,
        ("layer", "outputs", "inputs", "tied", "short", "seed", "prime"),
    ),
    "sandwich": (sandwich, ("layer", "rows", "columns", "row", "column", "factors")),
    "zero_submersion": (zero_submersion, None),
    "curve": (curve, None),
    "sections": (sections, None),
    "claims": (claims, None),
}
GROUP_RULES: dict[str, Rule] = {
    "transpose": (group_rules.transpose, ()),
    "split": (group_rules.split, ()),
    "restrict": (group_rules.restrict, ("rows", "cols")),
    "relabel": (group_rules.relabel, ("rows", "cols")),
    "empty": (group_rules.empty, ()),
    "absorb": (group_rules.absorb, ("neurons", "proof")),
    "star": (group_rules.star, ()),
    "lines": (group_rules.lines, ("lines",)),
    "matching": (group_rules.matching, ()),
    "pinned_columns": (group_rules.pinned_columns, ("pins",)),
    "transversal": (group_rules.transversal, ()),
    "rank_peeling": (group_rules.rank_peeling, ()),
    "full_factor": (group_rules.rank_peeling, ()),  # the case of whole rows, in old certificates
    "good_pairs": (group_rules.good_pairs, ()),
    "forcing": (group_rules.forcing, ("cell", "witnesses", "start", "helper")),
    "forced_row": (forced_row, ("rows", "cols", "row", "col", "neuron")),
    "owners": (owners, ("rows", "cols", "row", "col", "neuron", "helper")),
    "rigid_collision": (group_rules.rigid_collision, ("a", "b")),
    "merged_block": (group_rules.merged_block, ("a", "b", "J", "K")),
    "merged_cross": (group_rules.merged_cross, ("a", "b", "i1", "J", "K", "j0", "k0")),
    "merged_two_blocks": (
        group_rules.merged_two_blocks,
        ("a", "b", "f", "J1", "K1", "J2", "K2"),
    ),
    "triangle": (triangle, ("team", "rows", "cols", "first", "second", "neuron")),
    "two_frames": (two_frames, PLAN),
    "high_and_low_rank": (high_and_low_rank, ("sigma", "low", "high")),
    "completion": (completion, ("neurons", "by", "leaves")),
    "relative_freeness": (relative_freeness, ("neurons", "by", "proofs")),
    "approximate_zero": (approximate_zero, ("scale", "x", "y")),
    "zero_submersion": (zero_submersion, None),
    "curve": (curve, None),
    "sections": (sections, None),
    "claims": (claims, None),
}


@dataclass(frozen=True)
class Checked:
    """An accepted certificate.  ``assurance`` is "checked", or "trusted" when it rests on the
    statements of backends listed in ``holes``."""

    verdict: str
    assurance: str
    holes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Traced:
    """A step the kernel has accepted: of which problem, what it made of it, and what it shows.

    ``parts`` has None where a part needed no proof; ``lemmas`` are the proofs in the step's data.
    """

    problem: Problem
    rule: str
    data: Mapping[str, Any]
    outcome: Outcome
    found: Found
    parts: tuple[Traced | None, ...] = ()
    lemmas: tuple[Traced, ...] = ()


def check(
    certificate: Certificate | Mapping[str, Any] | str | bytes,
    pattern: Pattern | None = None,
    deadline: float = math.inf,
) -> Checked:
    """Check a certificate (its JSON text, its JSON value, or the object), for ``pattern`` if given.

    Raises CertificateError, naming the failing step, unless every step is proved; CheckOverdue, a
    subclass, if that is not done when ``time.monotonic()`` reaches ``deadline``.

    >>> text = '{"format": "cadlink-certificate", "version": 1, "pattern": {"layers": [["1"]]},'
    >>> text += '"verdict": "closed", "proof": {"rule": "one_layer", "data": {}, "parts": []}}'
    >>> check(text)
    Checked(verdict='closed', assurance='checked', holes=())
    """
    document = load(certificate)
    chain = read_chain(document.pattern)
    if pattern is not None and not same(chain, pattern):
        raise CertificateError("pattern", "the pattern in question", "another pattern")
    found = prove(chain, document.proof, "proof", Budget.of(chain, deadline)).found
    verdict = NOT_CLOSED if found.conclusion == NOT_CLOSED else CLOSED
    if document.verdict != verdict:
        raise CertificateError("verdict", f"{verdict}, as the proof shows", document.verdict)
    return Checked(verdict, "trusted" if found.holes else "checked", found.holes)


def check_proof(
    problem: Pattern | object, proof: Proof | Mapping[str, Any], deadline: float = math.inf
) -> Found:
    """What a proof shows about a pattern, or about a part: {"layers": [...]} as in a pattern's JSON
    form, or a group, which is a list of neurons, each a list of cells [row, column].

    The conclusion is "free", "closed" or "not_closed".  Raises CertificateError, CheckOverdue as
    ``check`` does.

    >>> star = {"rule": "star", "data": {}, "parts": []}
    >>> check_proof([[[0, 0], [0, 1]], [[0, 1], [1, 1]]], star)
    Found(conclusion='free', holes=())
    """
    return trace(problem, proof, deadline).found


def trace(
    problem: Pattern | object, proof: Proof | Mapping[str, Any], deadline: float = math.inf
) -> Traced:
    """The same, step by step, for whoever prints the proof.  Raises CertificateError.

    >>> trace([[[0, 0], [0, 1]]], {"rule": "matching", "data": {}, "parts": []}).outcome.facts
    {'pairs': {0: {0: 0}, 1: {0: 0}}}
    """
    part = _part(problem)
    budget = Budget.of(part, deadline)
    return prove(part, proof_from(through_json(proof), "proof"), "proof", budget)


def _part(problem: object) -> Problem:
    """The kernel's picture of a problem given as an object or as JSON values."""
    if hasattr(problem, "layers"):  # a Pattern: its arrays are taken as they are, which is fast
        masks = []
        for layer in problem.layers:
            entries = layer.tocoo()
            ones, cols = entries.row.astype(np.int32), entries.col.astype(np.int32)
            masks.append(Mask(layer.shape[0], layer.shape[1], ones, cols))
        return Chain(tuple(masks))
    value = through_json(problem)
    return read_chain(value) if isinstance(value, dict) else _read_group(value)


def prove(problem: Problem, proof: Proof, path: str, budget: Budget) -> Traced:
    """What the proof shows about the problem; rejects the certificate if it shows nothing."""
    rules = CHAIN_RULES if isinstance(problem, Chain) else GROUP_RULES
    kind = "chain" if isinstance(problem, Chain) else "group"
    if proof.rule not in rules:
        raise CertificateError(path, f"a rule about a {kind}", shown(proof.rule))
    rule, keys = rules[proof.rule]
    here = f"{path} ({proof.rule})"
    at = Reader(proof.data, here, budget)
    at.spend(20_000 + problem.cost)
    if keys is not None:
        at.keys(proof.data, keys, "data")
    outcome = rule(problem, at)
    if isinstance(outcome, Found):
        at.demand(not proof.parts, "no parts", f"{len(proof.parts)}")
        return Traced(problem, proof.rule, proof.data, outcome, outcome)
    at.demand(
        len(proof.parts) == len(outcome.parts), f"{len(outcome.parts)} parts", f"{len(proof.parts)}"
    )
    lemmas = []
    for lemma in outcome.lemmas:
        place = f"{path}.data.{lemma.place}"
        proved = prove(lemma.problem, proof_from(lemma.proof, place), place, budget)
        shows = proved.found.conclusion
        at.demand(shows == FREE, f"a proof of free in data.{lemma.place}", shows)
        lemmas.append(proved)
    parts: list[Traced | None] = []
    for index, (part, sub) in enumerate(zip(outcome.parts, proof.parts, strict=True)):
        name = f"{path}.parts[{index}]"
        parts.append(None if sub is None else prove(part, sub, name, budget))
    answers = [None if part is None else part.found for part in parts]
    holes = tuple(hole for lemma in lemmas for hole in lemma.found.holes)
    found = _combined(outcome, answers, holes, at)
    return Traced(problem, proof.rule, proof.data, outcome, found, tuple(parts), tuple(lemmas))


def _combined(
    outcome: Needs, found: list[Found | None], holes: tuple[str, ...], at: Reader
) -> Found:
    """The answer to a problem from the answers to its parts; ``holes`` are those of the lemmas."""
    if outcome.how in ("all", "closed"):
        missed = [part for part in found if part is not None and part.conclusion == NOT_CLOSED]
        if missed:  # one is enough; take the one that rests on the fewest claims
            return min(missed, key=lambda part: len(part.holes))
    parts = [part for part in found if part is not None]
    at.demand(len(parts) == len(found), "a proof of every part", "null")
    holes += tuple(hole for part in parts for hole in part.holes)
    if outcome.how == "closed":
        return Found(CLOSED, holes)
    if outcome.how == "all":
        return Found(FREE if all(part.conclusion == FREE for part in parts) else CLOSED, holes)
    if outcome.how == "obstruction":
        at.demand(
            parts[0].conclusion == NOT_CLOSED, "a part that is not closed", parts[0].conclusion
        )
    return Found(parts[0].conclusion, holes)


def read_chain(value: object) -> Chain:
    """PATTERN of the schema."""
    at = Reader({}, "pattern", Budget())
    listed = at.items(at.keys(value, ("layers",), "pattern")["layers"], "layers")
    at.demand(bool(listed), "at least one layer", "none")
    masks = [_read_mask(mask, at) for mask in listed]
    for number, (below, above) in enumerate(pairwise(masks), start=1):
        at.demand(above.cols == below.rows, f"{below.rows} columns in layer {number}", above.cols)
    return Chain(tuple(masks))


def _read_mask(value: object, at: Reader) -> Mask:
    """MASK of the schema: strings of 0 and 1, or CSR."""
    if isinstance(value, list):
        width = len(value[0]) if value and isinstance(value[0], str) else 0
        for row in value:
            right = isinstance(row, str) and len(row) == width and set(row) <= {"0", "1"}
            at.demand(right, f"strings of {width} times 0 or 1", row)
        at.demand(width > 0, "a mask with rows and columns", value)
        digits = np.frombuffer("".join(value).encode("ascii"), dtype=np.uint8)
        ones, cols = np.nonzero(digits.reshape(len(value), width) == ord("1"))
        return Mask(len(value), width, ones.astype(np.int32), cols.astype(np.int32))
    fields = at.keys(value, ("shape", "indptr", "indices"), "a mask")
    height, width = at.items(fields["shape"], "shape", 2)
    height = at.integer(height, "number of rows", 1, MAX_WIDTH + 1)
    width = at.integer(width, "number of columns", 1, MAX_WIDTH + 1)
    ends = at.items(fields["indptr"], "indptr", height + 1)
    indices = at.items(fields["indices"], "indices")
    for numbers, high in ((ends, len(indices) + 1), (indices, width)):
        right = all(type(number) is int and 0 <= number < high for number in numbers)
        at.demand(right, f"integers from 0 to {high - 1} in CSR", numbers[:10])
    indptr, cols = np.array(ends, dtype=np.int64), np.array(indices, dtype=np.int32)
    growing = ends[0] == 0 and ends[-1] == len(indices) and bool((np.diff(indptr) >= 0).all())
    at.demand(growing, "indptr from 0 to the number of indices, ascending", ends[:10])
    rows = np.repeat(np.arange(height, dtype=np.int32), np.diff(indptr))
    ascending = bool(((np.diff(rows) > 0) | (np.diff(cols) > 0)).all())
    at.demand(ascending, "indices ascending in every row", indices[:10])
    return Mask(height, width, rows, cols)


def _read_group(value: object) -> Group:
    """A list of neurons, each a list of cells."""
    at = Reader({}, "group", Budget())
    graphs = []
    for neuron in at.items(value, "neurons"):
        cells = [tuple(at.items(cell, "a cell", 2)) for cell in at.items(neuron, "a neuron")]
        for number in (number for cell in cells for number in cell):
            at.integer(number, "a row or column", 0, 1 << 31)
        graphs.append(set(cells))
    return Group.of(graphs)


def same(chain: Chain, pattern: Pattern) -> bool:
    """Whether the chain read from the certificate is this pattern."""
    if len(chain.masks) != len(pattern.layers):
        return False
    for mask, layer in zip(chain.masks, pattern.layers, strict=True):
        ours, theirs = mask.csr(), layer.copy()
        theirs.sort_indices()
        if ours.shape != theirs.shape or ours.nnz != theirs.nnz:
            return False
        if (ours.indptr != theirs.indptr).any() or (ours.indices != theirs.indices).any():
            return False
    return True
