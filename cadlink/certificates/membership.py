"""Certificates about one matrix: it is a product with these masks, or a limit of such, or not.

The whole document is in ``SCHEMA.md``.  "Yes" is shown by factors that multiply to the matrix, or a
curve of factors whose product tends to it.  "No" is shown by a tree of refutations: each step says
of a problem (a chain of masks or a group, and the values of the matrix on its cells) that it has no
solution, or hands on problems of which each would have one.  Every rule is one function, its
docstring the theorem and the proof, its body the check of the hypotheses.

Throughout, A is the matrix and L the set of products of the problem; for "closure", A is the limit
of A_n in L, and only the rules whose proof covers that are allowed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import Any, TypeAlias

import numpy as np
from flint import fmpq, fmpq_mat
from numpy.typing import NDArray

from cadlink.certificates.data import Proof
from cadlink.certificates.kernel import chain_rules, prove, read_chain, same
from cadlink.certificates.kernel.claims import claim
from cadlink.certificates.kernel.drawn import rank_at_least
from cadlink.certificates.kernel.points import read_curve, tends_to
from cadlink.certificates.kernel.polynomials import Parametrisation
from cadlink.certificates.kernel.problems import Cell, Chain, Graph, Group, Mask, Problem
from cadlink.certificates.kernel.reader import (
    FREE,
    NOT_CLOSED,
    Budget,
    Found,
    Needs,
    Number,
    Reader,
)
from cadlink.certificates.kernel.refutation import refute
from cadlink.certificates.read import parse, proof_from, shown, through_json
from cadlink.errors import CertificateError
from cadlink.patterns.pattern import Pattern

__all__ = ["FORMAT", "SETS", "VERSION", "CheckedMembership", "check_membership"]

FORMAT = "cadlink-membership"
VERSION = 1
SETS = ("products", "closure")
KEYS = ("format", "version", "pattern", "matrix", "set", "answer", "proof")

Values: TypeAlias = Mapping[Cell, Number]


@dataclass(frozen=True)
class CheckedMembership:
    """An accepted certificate: whether the matrix is in the set ("products" or "closure"), and the
    statements of backends this rests on."""

    member: bool
    of: str
    holes: tuple[str, ...] = ()

    @property
    def assurance(self) -> str:
        return "trusted" if self.holes else "checked"


@dataclass(frozen=True)
class Case:
    """A problem and the values of A on its cells, zeros left out; ``limit``: A is only a limit."""

    problem: Problem
    values: Values
    limit: bool = False


@dataclass(frozen=True)
class Left:
    """The cases of which each would have a solution if the one at hand had one; the holes."""

    cases: tuple[Case, ...] = ()
    holes: tuple[str, ...] = ()


def check_membership(
    document: Mapping[str, Any] | str | bytes,
    pattern: Pattern | None = None,
    deadline: float = math.inf,
) -> CheckedMembership:
    """Check a certificate about a matrix, for ``pattern`` if given.

    Raises CertificateError, naming the failing step, unless every step is proved; CheckOverdue if
    that is not done when ``time.monotonic()`` reaches ``deadline``.

    >>> document = {"format": FORMAT, "version": 1, "pattern": {"layers": [["11"]]},
    ...     "matrix": {"shape": [1, 2], "entries": [[0, 1, "1/2"]]}, "set": "products",
    ...     "answer": "yes", "proof": {"rule": "factors", "parts": [],
    ...         "data": {"factors": [[[0, 1, "1/2"]]]}}}
    >>> check_membership(document)
    CheckedMembership(member=True, of='products', holes=())
    """
    plain = parse(document) if isinstance(document, str | bytes) else through_json(document)
    at = Reader({}, "certificate", Budget())
    at.keys(plain, KEYS, "an object")
    at.demand(plain["format"] == FORMAT, repr(FORMAT), plain["format"])
    at.demand(
        type(plain["version"]) is int and plain["version"] == VERSION,
        f"version {VERSION}",
        plain["version"],
    )
    at.demand(plain["set"] in SETS, f"a set, one of {', '.join(SETS)}", plain["set"])
    at.demand(plain["answer"] in ("yes", "no"), "the answer yes or no", plain["answer"])
    chain = read_chain(plain["pattern"])
    if pattern is not None and not same(chain, pattern):
        raise CertificateError("pattern", "the pattern in question", "another pattern")
    values = _read_matrix(plain["matrix"], chain, deadline)
    budget = Budget(10**9 + 10**4 * (chain.ones + len(values)), deadline)
    case = Case(chain, values, plain["set"] == "closure")
    proof = proof_from(plain["proof"], "proof")
    if plain["answer"] == "no":
        holes = _refuted(case, proof, "proof", budget)
    else:
        holes = _reached(case, proof, budget)
    return CheckedMembership(plain["answer"] == "yes", plain["set"], holes)


def _read_matrix(value: object, chain: Chain, deadline: float) -> dict[Cell, Number]:
    """The matrix, which must have the shape of the products."""
    rows, cols = chain.widths[-1], chain.widths[0]
    at = Reader({}, "matrix", Budget(10**9 + 10**4 * rows * cols, deadline))
    fields = at.keys(value, ("shape", "entries"), "a matrix")
    at.demand(
        at.items(fields["shape"], "shape", 2) == [rows, cols],
        f"shape [{rows}, {cols}]",
        fields["shape"],
    )
    return _entries(fields["entries"], rows, cols, at)


def _entries(value: object, rows: int, cols: int, at: Reader) -> dict[Cell, Number]:
    """[row, column, number] for different cells of a matrix."""
    found: dict[Cell, Number] = {}
    for entry in at.items(value, "entries"):
        at.spend(1000)
        i, j, number = at.items(entry, "[row, column, value]", 3)
        cell = (at.integer(i, "a row", 0, rows), at.integer(j, "a column", 0, cols))
        at.demand(cell not in found, "every entry once", entry)
        found[cell] = at.number(number, "an entry")
    return {cell: number for cell, number in found.items() if number}


# -- yes -------------------------------------------------------------------------------------------


def _reached(case: Case, proof: Proof, budget: Budget) -> tuple[str, ...]:
    chain = case.problem
    assert isinstance(chain, Chain)
    at = Reader(proof.data, f"proof ({proof.rule})", budget)
    at.demand(not proof.parts, "no parts", f"{len(proof.parts)}")
    if proof.rule == "factors":
        at.keys(proof.data, ("factors",), "data")
        _multiplies_to(chain, case.values, at)
        return ()
    if proof.rule == "curve" and case.limit:
        at.keys(proof.data, ("factors",), "data")
        table = Parametrisation.of(chain, at)
        outside = [cell for cell in case.values if cell not in table.cells]
        at.demand(not outside, "0 outside the support", f"a value at {outside[:1]}")
        tends_to(read_curve(chain, table, at), table, case.values, at)
        return ()
    if proof.rule == "free":
        at.keys(proof.data, ("proof",), "data")
        for col in sorted({col for _, col in case.values}):
            at.spend(chain.cost)
            reached = _reach(chain.masks, np.arange(chain.widths[0]) == col)
            stray = [cell for cell in case.values if cell[1] == col and cell[0] not in reached]
            at.demand(not stray, "0 outside the support", f"a value at {stray[:1]}")
        found = _shown(chain, at)
        at.demand(found.conclusion == FREE, "a proof that every matrix is a product", "another")
        return found.holes
    if proof.rule == "claim":
        at.keys(proof.data, ("claim",), "data")
        return (claim(proof.data["claim"], "in_closure" if case.limit else "member", at),)
    known = "factors, free, claim" + (" or curve" if case.limit else "")
    raise CertificateError("proof", known, shown(proof.rule))


def _multiplies_to(chain: Chain, values: Values, at: Reader) -> None:
    """The factors have their entries on the masks, and their product is A."""
    listed = at.items(at.data["factors"], "factors", chain.depth)
    product: dict[int, dict[int, int]] = {k: {k: 1} for k in range(chain.widths[0])}
    scale = 1  # of the product: the factors are multiplied by their denominators
    for number, (factor, mask) in enumerate(zip(listed, chain.masks, strict=True)):
        at.spend(200 * len(mask.row))
        support = set(zip(mask.row.tolist(), mask.col.tolist(), strict=True))
        entries = _entries(factor, mask.rows, mask.cols, at)
        common = 1
        for value in entries.values():
            at.spend(1000 + 20 * (common.bit_length() + value.denominator.bit_length()))
            common = lcm(common, value.denominator)
        scale *= common
        longer: dict[int, dict[int, int]] = {}
        for (i, j), value in entries.items():
            at.demand((i, j) in support, f"entries of factor {number} on its mask", f"({i}, {j})")
            row = product.get(j, {})
            whole = value.numerator * (common // value.denominator)
            bits = whole.bit_length() * (1 + scale.bit_length() // 64)
            at.spend(1000 + len(row) * (300 + bits // 8))
            target = longer.setdefault(i, {})
            for k, entry in row.items():
                target[k] = target.get(k, 0) + whole * entry
        product = longer
    found = {(i, k): v for i, row in product.items() for k, v in row.items() if v}
    at.spend(1000 * len(found))
    wrong = [
        cell
        for cell in found.keys() | values.keys()
        if found.get(cell, 0) != values.get(cell, 0) * scale
    ]
    at.demand(not wrong, "factors whose product is the matrix", f"another entry at {wrong[:1]}")


# -- no --------------------------------------------------------------------------------------------


def _refuted(case: Case, proof: Proof, path: str, budget: Budget) -> tuple[str, ...]:
    """The holes of a proof that A is not in the set."""
    rules = CHAIN_RULES if isinstance(case.problem, Chain) else GROUP_RULES
    known = [name for name, rule in rules.items() if not case.limit or rule[2]]
    if proof.rule not in known:
        raise CertificateError(path, f"one of {', '.join(known)}", shown(proof.rule))
    check, keys, _ = rules[proof.rule]
    at = Reader(proof.data, f"{path} ({proof.rule})", budget)
    at.spend(20_000 + case.problem.cost + 200 * len(case.values))
    at.keys(proof.data, keys, "data")
    left = check(case, at)
    at.demand(
        len(proof.parts) == len(left.cases), f"{len(left.cases)} parts", f"{len(proof.parts)}"
    )
    holes = left.holes
    for index, (part, sub) in enumerate(zip(left.cases, proof.parts, strict=True)):
        name = f"{path}.parts[{index}]"
        if sub is None:
            raise CertificateError(name, "a refutation", "null")
        holes += _refuted(part, sub, name, budget)
    return holes


def _chain(case: Case) -> Chain:
    assert isinstance(case.problem, Chain)
    return case.problem


def _group(case: Case) -> Group:
    assert isinstance(case.problem, Group)
    return case.problem


def outside(case: Case, at: Reader) -> Left:
    """A is not 0 at a cell where every product is: no path leads there, no neuron covers it."""
    row, col = (at.whole(v, "a row or column") for v in at.items(at.data["cell"], "cell", 2))
    at.demand(bool(case.values.get((row, col))), "a cell where the matrix is not 0", (row, col))
    if isinstance(case.problem, Group):
        covered = (row, col) in case.problem.cells
    else:
        mark = np.arange(case.problem.widths[0]) == col
        covered = row in _reach(case.problem.masks, mark)
    at.demand(not covered, "a cell where every product is 0", "one that products reach")
    return Left()


def _shown(chain: Chain, at: Reader) -> Found:
    """What the proof in the step's data shows about the pattern."""
    path = f"{at.path}.data.proof"
    return prove(chain, proof_from(at.data["proof"], path), path, at.budget).found


def restrict(case: Case, at: Reader) -> Left:
    """A[J, K] is a product of the chain with these outputs and inputs alone: the sub-factors.
    Units on no path occur in no entry and go.  The same for limits."""
    chain = _chain(case)
    outputs = at.ascending(at.data["outputs"], range(chain.widths[-1]), "output")
    inputs = at.ascending(at.data["inputs"], range(chain.widths[0]), "input")
    at.spend(4 * chain.cost)
    part = chain.keep({0: np.array(inputs), chain.depth: np.array(outputs)})
    kept = part.on_paths()
    kept[0], kept[-1] = np.arange(len(inputs)), np.arange(len(outputs))
    row = {old: new for new, old in enumerate(outputs)}
    col = {old: new for new, old in enumerate(inputs)}
    values = {(row[i], col[j]): v for (i, j), v in case.values.items() if i in row and j in col}
    return Left((replace(case, problem=part.select(kept), values=values),))


def join(case: Case, at: Reader) -> Left:
    """At a hidden layer, X_L .. X_{l+1} and X_l .. X_1 are two factors, supported on the boolean
    products of the masks."""
    chain = _chain(case)
    layer = at.integer(at.data["layer"], "hidden layer", 1, chain.depth)
    at.demand(chain.depth > 2, "three masks or more", f"{chain.depth}")
    at.spend(2 * chain.cost * chain.depth)
    sides = chain.masks[:layer], chain.masks[layer:]
    both = Chain(tuple(chain_rules.boolean_product(masks, at) for masks in sides))
    return Left((replace(case, problem=both),))


def _dense(values: Values, rows: Sequence[int], cols: Sequence[int]) -> fmpq_mat:
    found = fmpq_mat(len(rows), len(cols))
    for i, row in enumerate(rows):
        for j, col in enumerate(cols):
            value = values.get((row, col))
            if value:
                found[i, j] = fmpq(value.numerator, value.denominator)
    return found


def _rank(values: Values, rows: Sequence[int], cols: Sequence[int], at: Reader) -> int:
    """The exact rank of A on rows x cols."""
    if not rows or not cols:
        return 0
    size = min(len(rows), len(cols))
    bits = max(
        (v.numerator.bit_length() + v.denominator.bit_length() for v in values.values()),
        default=0,
    )
    at.spend(len(rows) * len(cols) * (1500 + size * (20 + bits * size // 10)))
    return int(_dense(values, rows, cols).rank())


def _read_cut(chain: Chain, at: Reader) -> tuple[list[NDArray[np.bool_]], int]:
    """Units by layer, and how many they are."""
    marks, count = [], 0
    for layer, listed in enumerate(at.items(at.data["cut"], "cut", len(chain.widths))):
        mark = np.zeros(chain.widths[layer], dtype=np.bool_)
        if at.items(listed, "units"):
            mark[at.ascending(listed, range(chain.widths[layer]), "unit")] = True
        marks.append(mark)
        count += int(mark.sum())
    return marks, count


def _lines(value: object, width: int, what: str, at: Reader) -> list[int]:
    """Ascending numbers, possibly none."""
    return at.ascending(value, range(width), what) if at.items(value, what) else []


def _separates(
    chain: Chain, cut: list[NDArray[np.bool_]], outputs: list[int], inputs: list[int], at: Reader
) -> None:
    """Every path from these inputs to these outputs meets the cut."""
    at.spend(chain.cost)
    mark = np.zeros(chain.widths[0], dtype=np.bool_)
    mark[inputs] = True
    mark &= ~cut[0]
    for mask, gone in zip(chain.masks, cut[1:], strict=True):
        above = np.zeros(mask.rows, dtype=np.bool_)
        above[mask.row[mark[mask.col]]] = True
        mark = above & ~gone
    at.demand(not mark[outputs].any(), "a cut of all paths", "a path that avoids it")


def rank(case: Case, at: Reader) -> Left:
    """If units T meet every path from the inputs K to the outputs J, then rank A[J, K] <= |T|.

    Proof.  Divide every path at the first unit of T it meets: A[J, K] = B C, where C(t, k) is the
    sum over the paths from k to t that meet T in t only, and B(j, t) that over all paths from t to
    j.  B has |T| columns.  The rank of a limit is no larger than that of the A_n."""
    chain = _chain(case)
    rows = _lines(at.data["outputs"], chain.widths[-1], "output", at)
    cols = _lines(at.data["inputs"], chain.widths[0], "input", at)
    cut, count = _read_cut(chain, at)
    _separates(chain, cut, rows, cols, at)
    found = rank_at_least(case.values, rows, cols, at)
    at.demand(found > count, f"a block of rank more than {count}", f"rank {found}")
    return Left()


def sylvester(case: Case, at: Reader) -> Left:
    """Let units T meet every path from the inputs K' to the outputs J and every path from the
    inputs K to the outputs J', J inside J' and K inside K'.  Then

        rank A[J, K] >= rank A[J, K'] + rank A[J', K] - |T|.

    Proof.  With B and C as for ``rank``, A[J, K'] = B[J, T] C[T, K'], so rank A[J, K'] is at most
    rank B[J, T]; in the same way rank A[J', K] is at most rank C[T, K].  By Sylvester's inequality
    A[J, K] = B[J, T] C[T, K] has at least rank B[J, T] + rank C[T, K] - |T|.

    For LU this is the necessary and sufficient condition of P. Okunev and C. R. Johnson, Necessary
    and sufficient conditions for existence of the LU factorization of an arbitrary matrix
    (arXiv math/0506382)."""
    chain = _chain(case)
    outputs, inputs = chain.widths[-1], chain.widths[0]
    few_rows = _lines(at.data["outputs"], outputs, "output", at)
    few_cols = _lines(at.data["inputs"], inputs, "input", at)
    rows = _lines(at.data["more_outputs"], outputs, "output", at)
    cols = _lines(at.data["more_inputs"], inputs, "input", at)
    at.demand(set(few_rows) <= set(rows), "outputs among more_outputs", few_rows)
    at.demand(set(few_cols) <= set(cols), "inputs among more_inputs", few_cols)
    cut, count = _read_cut(chain, at)
    _separates(chain, cut, few_rows, cols, at)
    _separates(chain, cut, rows, few_cols, at)
    least = rank_at_least(case.values, few_rows, cols, at) - count
    least += rank_at_least(case.values, rows, few_cols, at)
    found = _rank(case.values, few_rows, few_cols, at)
    at.demand(found < least, f"a block of rank less than {least}", f"rank {found}")
    return Left()


def peel(case: Case, at: Reader) -> Left:
    """At a hidden layer l let the classes c of units with equal neighbours, above and below, have
    blocks R_c x C_c (the outputs they reach, the inputs that reach them) that are disjoint.  For
    every class choose at most |c| columns k in C_c.  Then the matrix U with the columns A[R_c, k],
    each at a unit of c of its own, and 0 elsewhere, is a product of the masks above l.  (``side``
    "below": rows instead of columns, the masks below.)

    Proof.  A = B C with B a product of the masks above, C below; A[R_c, C_c] = B[R_c, c] C[c, C_c]
    since no other class has cells there.  So U = B M, where M is block diagonal with blocks
    C[c, k] (filled up with 0), and B M is a product of the masks above again: X_{l+1} M has the
    support of X_{l+1}, the units of c having equal neighbours.  For limits A_n = B_n C_n and the
    columns U_n tend to U."""
    chain = _chain(case)
    layer = at.integer(at.data["layer"], "hidden layer", 1, chain.depth)
    above = at.data["side"] == "above"
    at.demand(above or at.data["side"] == "below", "the side above or below", at.data["side"])
    classes = _classes(chain, layer, at)
    _disjoint(classes, chain.widths[0], at)
    listed = at.items(at.data["lines"], "lines", len(classes))
    found: dict[Cell, Number] = {}
    for (units, rows, cols), chosen in zip(classes, listed, strict=True):
        lines = [
            at.member(v, cols if above else rows, "a line of the block")
            for v in at.items(chosen, "lines")
        ]
        at.demand(len(lines) <= len(units), f"at most {len(units)} lines for a class", len(lines))
        at.spend(300 * len(lines) * (len(rows) + len(cols)))
        for unit, line in zip(units, lines, strict=False):
            for other in rows if above else cols:
                value = case.values.get((other, line) if above else (line, other))
                if value:
                    found[(other, unit) if above else (unit, other)] = value
    masks = chain.masks[layer:] if above else chain.masks[:layer]
    return Left((replace(case, problem=Chain(masks), values=found),))


def _classes(chain: Chain, layer: int, at: Reader) -> list[tuple[list[int], list[int], list[int]]]:
    """Units with equal neighbours and a block, by the first unit; the block's rows and columns."""
    width = chain.widths[layer]
    at.spend(2000 * width)
    below, above = chain.masks[layer - 1 : layer + 1]
    keys: dict[tuple[bytes, bytes], list[int]] = {}
    for unit, key in enumerate(
        zip(below.neighbours(), above.transpose().neighbours(), strict=True)
    ):
        keys.setdefault(key, []).append(unit)
    back = chain.transpose()
    found = []
    for units in keys.values():
        at.spend(2 * chain.cost)
        start = np.zeros(width, dtype=np.bool_)
        start[units[0]] = True
        up = _reach(chain.masks[layer:], start)
        down = _reach(back.masks[chain.depth - layer :], start)
        if up and down:
            found.append((units, up, down))
    return found


def _reach(masks: Sequence[Mask], mark: NDArray[np.bool_]) -> list[int]:
    """The units that the marked ones reach through these masks."""
    return np.flatnonzero(Chain(tuple(masks)).reached(mark, len(masks))[-1]).tolist()


def _disjoint(
    classes: list[tuple[list[int], list[int], list[int]]], width: int, at: Reader
) -> None:
    """No two blocks share a cell."""
    taken: dict[int, int] = {}  # of every row, the columns, as bits
    for _, rows, cols in classes:
        at.spend(len(cols) * (100 + width // 50) + len(rows) * (200 + width // 50))
        bits = sum(1 << col for col in cols)
        for row in rows:
            at.demand(not taken.get(row, 0) & bits, "classes with disjoint blocks", f"row {row}")
            taken[row] = taken.get(row, 0) | bits


def two_factors(case: Case, at: Reader) -> Left:
    """Two masks: A is a sum of blocks x_i y_i^T, one for every hidden unit."""
    needs = chain_rules.two_factors(_chain(case), at)
    assert isinstance(needs, Needs)
    return Left((replace(case, problem=needs.parts[0]),))


def rows_and_columns(case: Case, at: Reader) -> Left:
    """The cells of some rows and columns alone, every graph restricted to them."""
    group = _group(case)
    rows = set(at.ascending(at.data["rows"], group.rows, "row"))
    cols = set(at.ascending(at.data["cols"], group.cols, "column"))
    part = Group.of({c for c in g if c[0] in rows and c[1] in cols} for g in group.neurons)
    values = {c: v for c, v in case.values.items() if c[0] in rows and c[1] in cols}
    return Left((replace(case, problem=part, values=values),))


def absorb(case: Case, at: Reader) -> Left:
    """Some neurons and their cells are left out: on the other cells A is the sum of the other
    neurons.  (If those left out are free on their cells, nothing is lost.)"""
    group = _group(case)
    gone = set(at.ascending(at.data["neurons"], range(len(group.neurons)), "neuron"))
    cells = frozenset().union(*(group.neurons[i] for i in gone))
    part = Group.of(g - cells for i, g in enumerate(group.neurons) if i not in gone)
    values = {cell: v for cell, v in case.values.items() if cell not in cells}
    return Left((replace(case, problem=part, values=values),))


def rank_of_cells(case: Case, at: Reader) -> Left:
    """J x K is observed, and every neuron observes whole blocks of it: then A[J, K] is the sum of a
    matrix of rank one for every neuron with a cell there.  The rank of a limit is no larger."""
    group = _group(case)
    rows = at.ascending(at.data["rows"], group.rows, "row")
    cols = at.ascending(at.data["cols"], group.cols, "column")
    at.demand(len(rows) * len(cols) <= len(group.cells), "observed cells", "too many")
    missing = [(j, k) for j in rows for k in cols if (j, k) not in group.cells]
    at.demand(not missing, "observed cells", f"{missing[:1]}")
    inside, count, among, beside = {(j, k) for j in rows for k in cols}, 0, set(rows), set(cols)
    for graph, its_rows, its_cols in zip(
        group.neurons, group.row_sets, group.col_sets, strict=True
    ):
        here = len(graph & inside)
        at.demand(
            here in (0, len(its_rows & among) * len(its_cols & beside)),
            "whole blocks",
            f"{here} cells",
        )
        count += here > 0
    found = rank_at_least(case.values, rows, cols, at)
    at.demand(found > count, f"a block of rank more than {count}", f"rank {found}")
    return Left()


def _own(group: Group, neuron: int, cells: Graph) -> bool:
    """Whether the neuron has these cells to itself."""
    others = (graph for i, graph in enumerate(group.neurons) if i != neuron)
    return cells <= group.neurons[neuron] and all(cells.isdisjoint(graph) for graph in others)


def _quotient(one: Number, other: Number) -> Number:
    found = Fraction(one) / other
    return found.numerator if found.denominator == 1 else found


def rank_one(case: Case, at: Reader) -> Left:
    """Neuron i has row j and column k of its block to itself (all cells (j', k), j' in R_i, and
    (j, k'), k' in C_i, are observed by it and by no other) and A(j, k) is not 0.  Then it
    contributes A(j', k) A(j, k') / A(j, k), and the others make the rest of A.

    Proof.  A(j', k) = x(j') y(k), A(j, k') = x(j) y(k'), A(j, k) = x(j) y(k).  For limits, the
    contributions of neuron i to the A_n converge."""
    group = _group(case)
    neuron = at.integer(at.data["neuron"], "neuron", 0, len(group.neurons))
    j, k = (at.whole(v, "a row or column") for v in at.items(at.data["cell"], "cell", 2))
    rows, cols = group.row_sets[neuron], group.col_sets[neuron]
    cross = frozenset((row, k) for row in rows) | frozenset((j, col) for col in cols)
    at.spend(200 * group.ones)
    at.demand(
        j in rows and k in cols and _own(group, neuron, cross),
        "a row and a column that the neuron has to itself",
        (j, k),
    )
    pivot = case.values.get((j, k), 0)
    at.demand(bool(pivot), "a cell where the matrix is not 0", (j, k))
    values = dict(case.values)
    at.spend(2000 * len(group.neurons[neuron]))
    for row, col in group.neurons[neuron]:
        one, other = case.values.get((row, k), 0), case.values.get((j, col), 0)
        if one and other:
            size = sum(
                v.numerator.bit_length() + v.denominator.bit_length() for v in (one, other, pivot)
            )
            at.spend(10 * size)
            left = values.get((row, col), 0) - _quotient(one * other, pivot)
            values[row, col] = left
    part = Group.of(graph for i, graph in enumerate(group.neurons) if i != neuron)
    return Left((replace(case, problem=part, values={c: v for c, v in values.items() if v}),))


def zero(case: Case, at: Reader) -> Left:
    """Neuron i alone covers cell (j, k), and A(j, k) = 0: then x_i(j) = 0, and the neuron does
    without row j, or y_i(k) = 0, and it does without column k.  (Not for limits.)"""
    group = _group(case)
    j, k = (at.whole(v, "a row or column") for v in at.items(at.data["cell"], "cell", 2))
    at.demand(not case.values.get((j, k)), "a cell where the matrix is 0", (j, k))
    who = group.covering((j, k))
    at.demand(len(who) == 1, "a cell of one neuron", f"neurons {who}")
    graph = group.neurons[who[0]]
    others = [g for i, g in enumerate(group.neurons) if i != who[0]]
    cases = []
    for line, side in ((j, 0), (k, 1)):
        rest = Group.of([*others, frozenset(cell for cell in graph if cell[side] != line)])
        cases.append(replace(case, problem=rest))
    return Left(tuple(cases))


def equations(case: Case, at: Reader) -> Left:
    """No parameters solve the equations "product = A": a tree of case distinctions, see
    ``kernel/refutation.py``.  (Not for limits.)"""
    table = Parametrisation.of(case.problem, at)
    values = {cell: v for cell, v in case.values.items() if cell in table.cells}
    return Left((), refute(at.data["refutation"], table, values, at))


def closed(case: Case, at: Reader) -> Left:
    """The set is closed, so that a limit of products is a product."""
    at.demand(case.limit, "a question about limits", "one about products")
    found = _shown(_chain(case), at)
    at.demand(found.conclusion != NOT_CLOSED, "a proof that the set is closed", "another")
    return Left((replace(case, limit=False),), found.holes)


def word(case: Case, at: Reader) -> Left:
    """A backend's word that A is not in the closure."""
    at.demand(case.limit, "a question about limits", "one about products")
    return Left((), (claim(at.data["claim"], "not_in_closure", at),))


# The function, the keys of its data, and whether it holds for limits.
Rule: TypeAlias = tuple[Callable[[Case, Reader], Left], tuple[str, ...], bool]

CHAIN_RULES: dict[str, Rule] = {
    "outside": (outside, ("cell",), True),
    "restrict": (restrict, ("outputs", "inputs"), True),
    "join": (join, ("layer",), True),
    "rank": (rank, ("outputs", "inputs", "cut"), True),
    "sylvester": (sylvester, ("outputs", "inputs", "more_outputs", "more_inputs", "cut"), False),
    "peel": (peel, ("layer", "side", "lines"), True),
    "two_factors": (two_factors, (), True),
    "equations": (equations, ("refutation",), False),
    "closed": (closed, ("proof",), True),
    "claim": (word, ("claim",), True),
}
GROUP_RULES: dict[str, Rule] = {
    "outside": (outside, ("cell",), True),
    "restrict": (rows_and_columns, ("rows", "cols"), True),
    "absorb": (absorb, ("neurons",), True),
    "rank": (rank_of_cells, ("rows", "cols"), True),
    "rank_one": (rank_one, ("neuron", "cell"), True),
    "zero": (zero, ("cell",), False),
    "equations": (equations, ("refutation",), False),
}
