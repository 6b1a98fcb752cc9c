"""Zero submersion: free because the product map is open at a zero of it.

Theorem and proof: kernel, zero_submersion.

*Test.*  The Jacobian maps (dX, dY) to dX Y + X dY.  In column k the second summand fills the
column space of X_k (observed rows x neurons); let L_k be a basis of its left kernel.  The rank is
|E| iff dX -> (L_k (dX Y)_k)_k is onto.  A column in which X_k has full row rank asks for nothing.

Where zeros are looked for:

- *Monomial zeros* (small groups): every neuron has x_i generic on rows P_i and y_i generic on
  columns Q_i, 0 elsewhere, with no observed cell in P_i x Q_i.  These contain stars, lines and
  matchings.
- *Structured zeros*: the columns where X_k cannot have full row rank are put into groups; in
  group c all columns of Y are the same vector v_c, supported on the neurons that all columns of
  the group see; the other columns of Y are 0. Row j of X is generic subject to x . v_c = 0 for
  every group c with an observed cell in row j. Then transposed.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import islice, product

import flint
import numpy as np

from cadlink.clock import UNLIMITED, Clock
from cadlink.modular import PRIME, right_kernel
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules.bits import View, bits, crowded, mask
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Problem, Step
from cadlink.writing.curves import shown_point
from cadlink.writing.document import Block, Blocks, Paragraph

__all__ = ["RULE", "Zero", "find", "is_submersion", "search"]

_SMALL = 60  # observed cells up to which monomial zeros are tried
_MONOMIAL = 400  # monomial zeros tried
_ROUNDS = 3  # times a grouping is repaired
_JACOBIAN = 20_000_000  # entries, observed cells times parameters, that are too many

# Seconds for an entry of a matrix, for a step of an elimination modulo PRIME, of a reduction (LLL).
_ENTRY_S, _RANK_S, _LATTICE_S = 1e-6, 3e-10, 3e-8

Zero = tuple[list[dict[int, int]], list[dict[int, int]]]
"""x_i as {row position: value} and y_i as {column position: value}, for every neuron."""


def is_submersion(view: View, zero: Zero, clock: Clock = UNLIMITED) -> bool:
    """Whether the product is 0 on E (over the integers) and the Jacobian has rank |E| mod PRIME."""
    x, y = zero
    for p, q in _cells(view):
        if sum(x[i].get(p, 0) * y[i].get(q, 0) for i in bits(view.covers(p, q))):
            return False
    return not _short(view, zero, clock)


def _cells(view: View) -> Iterator[tuple[int, int]]:
    for p, cols in enumerate(view.observed):
        for q in bits(cols):
            yield p, q


def _short(view: View, zero: Zero, clock: Clock) -> list[int]:
    """Empty when the Jacobian has full rank mod PRIME; else the columns that ask for something."""
    x, y = zero
    demands: list[dict[tuple[int, int], int]] = []
    asking = []
    for q, rows in enumerate(view.seen_in_col):
        clock.check()
        places = list(bits(rows))
        neurons = list(bits(view.in_col[q]))
        kernel = _kernel([[x[i].get(p, 0) for p in places] for i in neurons], len(places))
        if kernel:
            asking.append(q)
        live = [(i, y[i][q]) for i in neurons if y[i].get(q)]
        for vector in kernel:
            demand = {}
            for p, value in zip(places, vector, strict=True):
                if value:
                    for i, factor in live:
                        if view.row_sets[i] >> p & 1:
                            demand[p, i] = value * factor % PRIME
            if not demand:
                return asking
            demands.append(demand)
    if not demands:
        return []
    variables = {v: n for n, v in enumerate(dict.fromkeys(v for d in demands for v in d))}
    if len(variables) < len(demands):
        return asking
    size = len(demands) * len(variables)
    clock.afford(_ENTRY_S * size + _RANK_S * size * len(demands))
    table = [[0] * len(variables) for _ in demands]
    for line, demand in zip(table, demands, strict=True):
        for variable, value in demand.items():
            line[variables[variable]] = value
    return [] if flint.nmod_mat(table, PRIME).rank() == len(demands) else asking


def _kernel(lines: Sequence[Sequence[int]], width: int) -> list[list[int]]:
    """A basis of the vectors v mod PRIME with line . v = 0 for every line."""
    table = np.array([[v % PRIME for v in line] for line in lines], dtype=np.int64)
    found: list[list[int]] = right_kernel(table.reshape(len(lines), width)).T.tolist()
    return found


def search(view: View, clock: Clock = UNLIMITED) -> Zero | None:
    """A zero that is a submersion, or None."""
    chance = random.Random(0)
    if sum(cols.bit_count() for cols in view.observed) <= _SMALL:
        for zero in _monomial(view, chance):
            if is_submersion(view, zero, clock):
                return zero
    if not _worth_it(view):
        return None
    structured = _structured(view, chance, clock)
    if structured is not None:
        return structured
    turned = _structured(view.transpose(), chance, clock)
    return None if turned is None else (turned[1], turned[0])


def _worth_it(view: View) -> bool:
    """Whether structured zeros are affordable and can add anything to matchings.

    Let all n x m cells be observed.  At a submersion rank X = n or rank Y = m: if u X = 0 and
    Y v = 0, then u (dX Y + X dY) v = 0 always.  In the first case the columns of Y lie in the
    kernel of X, of dimension r - n, so the rank is at most n (r - n) + sum over the columns of
    |T_k|, T_k the neurons in column k; r = n means Y = 0, a matching.  Likewise the second case.
    """
    n, m, r = len(view.rows), len(view.cols), view.neurons
    cells = sum(cols.bit_count() for cols in view.observed)
    parameters = sum(s.bit_count() for s in (*view.row_sets, *view.col_sets))
    # Scaling a neuron's x and y against each other makes r parameters idle.
    if cells > parameters - r or cells * parameters > _JACOBIAN:
        return False
    if any(cols.bit_count() < m for cols in view.observed):
        return True
    by_cols = sum(neurons.bit_count() for neurons in view.in_col)
    by_rows = sum(neurons.bit_count() for neurons in view.in_row)
    return (r > n and by_cols + n * (r - n) >= n * m) or (r > m and by_rows + m * (r - m) >= n * m)


def _monomial(view: View, chance: random.Random) -> Iterator[Zero]:
    """Zeros with no observed cell in P_i x Q_i; all maximal choices, or some at random."""
    choices = [_sides(view, i) for i in range(view.neurons)]
    count = 1
    for options in choices:
        count *= len(options)
    if count <= _MONOMIAL:
        picks: Iterator[tuple[tuple[int, int], ...]] = product(*choices)
    else:
        picks = (tuple(map(chance.choice, choices)) for _ in range(_MONOMIAL))
    for pick in picks:
        x = [{p: chance.randint(1, 50) for p in bits(rows)} for rows, _ in pick]
        y = [{q: chance.randint(1, 50) for q in bits(cols)} for _, cols in pick]
        yield x, y


def _sides(view: View, neuron: int) -> list[tuple[int, int]]:
    """The maximal (P, Q) without an observed cell of the neuron in P x Q."""
    rows, cols = view.row_sets[neuron], view.col_sets[neuron]
    found: dict[tuple[int, int], None] = {}
    members = list(bits(rows))
    subsets = islice(product((False, True), repeat=len(members)), 256)
    for keep in subsets:
        chosen = mask(p for p, k in zip(members, keep, strict=True) if k)
        free_cols = cols
        for p in bits(chosen):
            free_cols &= ~view.observed[p]
        free_rows = rows
        for q in bits(free_cols):
            free_rows &= ~view.seen_in_col[q]
        found[free_rows, free_cols] = None
    return list(found)


def _structured(view: View, chance: random.Random, clock: Clock) -> Zero | None:
    """A zero with grouped columns (module docstring), or None."""
    failing = [
        q
        for q, rows in enumerate(view.seen_in_col)
        if crowded([view.in_row[p] & view.in_col[q] for p in bits(rows)], clock)
    ]
    tried: set[tuple[tuple[int, ...], ...]] = set()
    for share in (1, 0.75, 0.5, 0.34, 0):
        columns = list(failing)
        for _ in range(_ROUNDS):
            size = max(1, round(share * len(columns)))
            groups = _grouped(view, columns, size, clock)
            key = tuple(sorted(tuple(cols) for cols, _ in groups))
            if key in tried:
                break
            tried.add(key)
            vectors = [
                {i: chance.choice((-3, -2, -1, 1, 2, 3)) for i in bits(neurons)}
                for _, neurons in groups
            ]
            asking = _short(
                view, _complete(view, groups, vectors, chance, clock, exact=False), clock
            )
            if not asking:
                zero = _complete(view, groups, vectors, chance, clock, exact=True)
                if is_submersion(view, zero, clock):
                    return zero
            # Columns that lost their rank by the constraints join the groups.
            columns = sorted(set(columns) | set(asking))
    return None


def _grouped(
    view: View, columns: list[int], size: int, clock: Clock
) -> list[tuple[list[int], int]]:
    """The columns in at most ``size`` groups if possible, each with the neurons common to it."""
    groups = [([q], view.in_col[q]) for q in columns]
    while len(groups) > size:
        clock.check()
        best, pair = 0, None
        for b, (_, neurons_b) in enumerate(groups):
            for a in range(b):
                common = (groups[a][1] & neurons_b).bit_count()
                if common > best:
                    best, pair = common, (a, b)
        if pair is None:
            break
        a, b = pair
        cols, neurons = groups.pop(b)
        groups[a] = (groups[a][0] + cols, groups[a][1] & neurons)
    return groups


def _complete(
    view: View,
    groups: list[tuple[list[int], int]],
    vectors: list[dict[int, int]],
    chance: random.Random,
    clock: Clock,
    exact: bool,
) -> Zero:
    """The zero for these groups: over the integers, or modulo PRIME (much faster)."""
    x: list[dict[int, int]] = [{} for _ in range(view.neurons)]
    y: list[dict[int, int]] = [{} for _ in range(view.neurons)]
    for (cols, _), vector in zip(groups, vectors, strict=True):
        for q in cols:
            scale = chance.randint(1, 9)
            for i, value in vector.items():
                y[i][q] = scale * value
    members = [mask(cols) for cols, _ in groups]
    for p, observed in enumerate(view.observed):
        neurons = list(bits(view.in_row[p]))
        clock.afford(_LATTICE_S * len(neurons) ** 3 if exact else 0)
        lines = [
            [vector.get(i, 0) for i in neurons]
            for cols, vector in zip(members, vectors, strict=True)
            if cols & observed
        ]
        basis = _integer_kernel(lines, len(neurons)) if exact else _kernel(lines, len(neurons))
        row = [0] * len(neurons)
        for vector_ in basis:
            weight = chance.randint(-9, 9) if exact else chance.randrange(PRIME)
            row = [value + weight * part for value, part in zip(row, vector_, strict=True)]
        for i, value in zip(neurons, row, strict=True):
            if value:
                x[i][p] = value
    return x, y


def _integer_kernel(lines: list[list[int]], width: int) -> list[list[int]]:
    """An integer basis of the vectors orthogonal to the lines, with small entries (LLL)."""
    if not lines:
        return [[int(p == q) for q in range(width)] for p in range(width)]
    basis, nullity = flint.fmpz_mat(lines).nullspace()
    count = int(nullity)
    if not count:
        return []
    table = flint.fmpz_mat(basis.transpose().tolist()[:count]).lll()
    return [[int(v) for v in line] for line in table.tolist()]


def find(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf when such a zero is found.

    >>> find(Group.of_blocks([({0, 1}, {0, 1}), ({0}, {0, 1})])).rule
    'zero_submersion'
    """
    view = View.of(group)
    zero = search(view, clock)
    if zero is None:
        return None
    x, y = zero
    data = {
        "x": [[[view.rows[p], v] for p, v in sorted(part.items())] for part in x],
        "y": [[[view.cols[q], v] for q, v in sorted(part.items())] for part in y],
        "prime": PRIME,
    }
    return Step("zero_submersion", Conclusion.FREE, data)


def explain(problem: Problem, told: Told) -> Blocks:
    """A zero of the product where its derivative is onto."""
    count = problem.support().nnz if isinstance(problem, Pattern) else len(problem.cells)
    blocks: list[Block] = [
        Paragraph("At the following parameters the product is 0 in every cell of the support.")
    ]
    blocks += shown_point(problem, told.data)
    blocks.append(
        Paragraph(
            f"The derivative of the product map there has rank {count}, the number of these cells"
            f" (already modulo the prime {told.data['prime']}), so the map is open at this point:"
            " all matrices near 0 are products. Scaling one factor scales the product, so all"
            " matrices are."
        )
    )
    return tuple(blocks)


RULE = Rule(
    name="zero_submersion",
    about=Problem,
    find=find,  # for groups
    account="near the zero matrix, every direction can be reached: every matrix can",
    title="open at a zero",
    explain=explain,
    cost="ranks of some Jacobians",
)
