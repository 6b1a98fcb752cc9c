"""Factors with these masks that multiply to a matrix, or a proof that there are none.

Steps that lose nothing come first: lines of zeros, components, and hidden layers whose blocks are
disjoint (the layers of butterflies and Monarch matrices), where the matrix falls into a product of
two, one for the masks above and one for those below.  Two factors are taken neuron by neuron
(``groups.py``), or, if there are as many units as the rank, as a basis and its dual (``bases.py``).
What is left is tried: bounds of ranks, factors drawn by chance but for one, two factors in place of
many, polynomial equations.

References: Q.-T. Le, L. Zheng, E. Riccietti, R. Gribonval, "Fast learning of fast transforms, with
guarantees" (arXiv 2110.01235) and "Butterfly factorization with error guarantees" (arXiv
2411.04506), for the hierarchical factorisation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import scipy.sparse as sp
from flint import fmpq_mat

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock
from cadlink.membership import bases, groups
from cadlink.membership.answers import Answer, Entries, Factors, Search, Values
from cadlink.membership.linear import (
    dense,
    fraction,
    product,
    rank,
    rank_at_least,
    skeleton,
    solve,
)
from cadlink.patterns.group import Cell
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import block_cells, components, on_paths
from cadlink.search import refutation
from cadlink.search.model import Model

__all__ = ["Piece", "disjoint_classes", "factor", "pieces"]

MOST_BLOCKS = 400_000  # cells of the blocks of two factors taken neuron by neuron
MOST_NEURONS = 150  # of a group: a step for each is nested in the one before
MOST_CUTS = 400  # bounds of ranks that are tried
MOST_ROWS = 80  # of a matrix whose factors are drawn
MOST_PATHS = 150  # of polynomial equations
DRAWS = 4


def factor(pattern: Pattern, values: Values, search: Search) -> Answer:
    """Factors, a refutation about this chain, or None.  Raises OutOfTime.

    >>> from cadlink.clock import UNLIMITED
    >>> lu = Pattern.of(["11/01", "10/11"])
    >>> lower, upper = factor(lu, {(0, 0): Fraction(2), (1, 1): Fraction(1)}, Search(UNLIMITED))
    >>> lower[0, 0] * upper[0, 0]
    Fraction(2, 1)
    >>> factor(lu, {(0, 1): Fraction(1), (1, 0): Fraction(1)}, Search(UNLIMITED)).rule
    'sylvester'
    """
    search.clock.check()
    support = pattern.support().toarray()
    stray = min((cell for cell in values if not support[cell]), default=None)
    if stray is not None:
        return Proof("outside", {"cell": list(stray)})
    if not values:
        return [{} for _ in pattern.layers]
    if pattern.depth == 1:
        return [dict(values)]
    parts = list(pieces(pattern, values))
    if len(parts) == 1 and all(
        len(units) == width for units, width in zip(parts[0].units, pattern.widths, strict=True)
    ):
        return _connected(pattern, values, search)
    made: Factors = [{} for _ in pattern.layers]
    unknown = False
    for piece in parts:
        found = _connected(piece.pattern, piece.values, search)
        if isinstance(found, Proof):
            rows, cols = piece.units[-1], piece.units[0]
            return Proof("restrict", {"outputs": rows, "inputs": cols}, (found,))
        unknown = unknown or found is None
        for layer, entries in enumerate(found or ()):
            above, below = piece.units[layer + 1], piece.units[layer]
            made[layer].update({(above[i], below[j]): v for (i, j), v in entries.items()})
    return None if unknown else made


@dataclass(frozen=True)
class Piece:
    """The chain on some units of every layer, all of them on paths, and the matrix there."""

    pattern: Pattern
    values: Values
    units: list[list[int]]


def pieces(pattern: Pattern, values: Values) -> Iterator[Piece]:
    """The components that are left without the rows and columns of zeros."""
    hidden = [np.arange(width) for width in pattern.widths[1:-1]]
    rows, cols = sorted({i for i, _ in values}), sorted({j for _, j in values})
    chosen = [np.array(cols), *hidden, np.array(rows)]
    kept = [units[on] for units, on in zip(chosen, on_paths(pattern.select(chosen)), strict=True)]
    part = pattern.select(kept)
    count, labels = components(part)
    for label in range(count):
        mine = [np.flatnonzero(layer == label) for layer in labels]
        units = [old[new].tolist() for old, new in zip(kept, mine, strict=True)]
        row = {old: new for new, old in enumerate(units[-1])}
        col = {old: new for new, old in enumerate(units[0])}
        inside = {(row[i], col[j]): v for (i, j), v in values.items() if i in row and j in col}
        yield Piece(part.select(mine), inside, units)


def _connected(pattern: Pattern, values: Values, search: Search) -> Answer:
    """The answer about a connected chain without rows or columns of zeros."""
    search.clock.check()
    if pattern.depth == 1:
        return [dict(values)]
    middle = pattern.depth / 2
    for layer in sorted(range(1, pattern.depth), key=lambda layer: abs(layer - middle)):
        classes = disjoint_classes(pattern, layer, search.clock)
        if classes is not None:
            return _peeled(pattern, values, layer, classes, search)
    found: Answer = _bounded(pattern, values, search)
    if found is not None:
        return found
    if pattern.depth == 2:
        made = None if search.limit else bases.factor(pattern, values, search)
        return made or _two_factors(pattern, values, search)
    for trial in range(DRAWS):
        drawn = _drawn(pattern, values, trial % 2 == 1, search)
        if drawn is not None:
            return drawn
    for layer in range(1, pattern.depth):
        found = _joined(pattern, values, layer, search)
        if found is not None:
            return found
    return None if search.limit else _equations(pattern, values, search)


# -- hidden layers with disjoint blocks ------------------------------------------------------------


@dataclass(frozen=True)
class _Class:
    """Units of one layer with equal neighbours; the outputs and inputs of their block."""

    units: list[int]
    rows: list[int]
    cols: list[int]


def _classes(pattern: Pattern, layer: int, clock: Clock) -> list[_Class]:
    labels = pattern.twins()[layer].tolist()
    up = pattern.part(layer, pattern.depth).support().T.tocsr()
    down = pattern.part(0, layer).support()
    members: dict[int, list[int]] = {}
    for unit, label in enumerate(labels):
        members.setdefault(label, []).append(unit)
    found = []
    for units in members.values():
        clock.check()
        rows, cols = up[[units[0]]].indices.tolist(), down[[units[0]]].indices.tolist()
        found.append(_Class(units, sorted(rows), sorted(cols)))
    return found


def disjoint_classes(pattern: Pattern, layer: int, clock: Clock = UNLIMITED) -> list[_Class] | None:
    """The classes of a layer if their blocks are disjoint.  Raises OutOfTime."""
    classes = _classes(pattern, layer, clock)
    taken: dict[int, int] = {}
    for one in classes:
        clock.check()
        bits = sum(1 << col for col in one.cols)
        for row in one.rows:
            if taken.get(row, 0) & bits:
                return None
            taken[row] = taken.get(row, 0) | bits
    return classes


def _peeled(
    pattern: Pattern, values: Values, layer: int, classes: Sequence[_Class], search: Search
) -> Answer:
    """A = U W V: in the block of each class, columns of A, an invertible matrix, rows of A.

    Factors exist iff no block has a higher rank than its class has units, U is a product of the
    masks above and V of those below (checker, peel); W goes into the mask above, whose support the
    twins share.
    """
    upper: Entries = {}
    lower: Entries = {}
    weights: list[fmpq_mat] = []
    columns: list[list[int]] = []
    rows: list[list[int]] = []
    for one in classes:
        search.clock.check()
        most = len(one.units)
        if most < min(len(one.rows), len(one.cols)) and (
            rank_at_least(values, one.rows, one.cols, search.clock) > most
        ):
            cut: list[list[int]] = [[] for _ in pattern.widths]
            cut[layer] = one.units
            return Proof("rank", {"outputs": one.rows, "inputs": one.cols, "cut": cut})
        top, left, weight = skeleton(values, one.rows, one.cols, search.clock)
        if len(left) > most:
            return None  # the prime divides a minor: no such thing was met
        rows.append(top)
        columns.append(left)
        weights.append(weight)
        for unit, col in zip(one.units, columns[-1], strict=False):
            upper.update({(i, unit): values[i, col] for i in one.rows if (i, col) in values})
        for unit, row in zip(one.units, rows[-1], strict=False):
            lower.update({(unit, j): values[row, j] for j in one.cols if (row, j) in values})
    above = factor(pattern.part(layer, pattern.depth), upper, search)
    if isinstance(above, Proof):
        data = {"layer": layer, "side": "above", "lines": columns}
        return Proof("peel", data, (above,))
    below = factor(pattern.part(0, layer), lower, search)
    if isinstance(below, Proof):
        return Proof("peel", {"layer": layer, "side": "below", "lines": rows}, (below,))
    if above is None or below is None:
        return None
    return [*below, _weighted(above[0], classes, weights, search.clock), *above[1:]]


def _weighted(
    entries: Entries, classes: Sequence[_Class], weights: Sequence[fmpq_mat], clock: Clock
) -> Entries:
    """The first factor above times the block diagonal matrix of the weights."""
    by_unit: dict[int, list[int]] = {}
    for i, unit in entries:
        by_unit.setdefault(unit, []).append(i)
    found: Entries = {}
    for one, weight in zip(classes, weights, strict=True):
        units = one.units[: weight.nrows()]
        rows = sorted({i for unit in units for i in by_unit.get(unit, ())})
        if rows:
            made = product(dense(entries, rows, units, clock), weight, clock)
            for place, i in enumerate(rows):
                clock.check()
                for other, unit in enumerate(units):
                    if made[place, other]:
                        found[i, unit] = fraction(made[place, other])
    return found


# -- bounds of ranks -------------------------------------------------------------------------------


def _bounded(pattern: Pattern, values: Values, search: Search) -> Proof | None:
    """A block of higher rank than a cut allows, or of lower rank than its neighbours leave it."""
    all_rows, all_cols = list(range(pattern.widths[-1])), list(range(pattern.widths[0]))
    ups = [
        pattern.part(layer, pattern.depth).support().astype(np.int64)
        for layer in range(1, pattern.depth)
    ]
    downs = [pattern.part(0, layer).support().astype(np.int64) for layer in range(1, pattern.depth)]
    tried = 0
    for layer, (up, down) in enumerate(zip(ups, downs, strict=True), start=1):
        reach = [frozenset(up[[j]].indices.tolist()) for j in all_rows]
        fed = [frozenset(column.indices.tolist()) for column in _columns(down)]
        for rows, cols, units in _blocks(reach, fed, up.shape[1]):
            search.clock.check()
            tried += 1
            if tried > MOST_CUTS:
                return None
            if len(units) < min(len(rows), len(cols)) and (
                rank_at_least(values, rows, cols, search.clock) > len(units)
            ):
                cut: list[list[int]] = [[] for _ in pattern.widths]
                cut[layer] = sorted(units)
                return Proof("rank", {"outputs": rows, "inputs": cols, "cut": cut})
        if search.limit:
            continue
        for chosen in dict.fromkeys([*reach, *fed]):
            search.clock.check()
            rows = [j for j in all_rows if reach[j] <= chosen]
            cols = [k for k in all_cols if fed[k] <= chosen]
            least = rank_at_least(values, rows, all_cols, search.clock) - len(chosen)
            least += rank_at_least(values, all_rows, cols, search.clock)
            if (
                least > 0
                and rank_at_least(values, rows, cols, search.clock) < least
                and rank(values, rows, cols, search.clock) < least
            ):
                cut = [[] for _ in pattern.widths]
                cut[layer] = sorted(chosen)
                return Proof(
                    "sylvester",
                    {
                        "outputs": rows,
                        "inputs": cols,
                        "more_outputs": all_rows,
                        "more_inputs": all_cols,
                        "cut": cut,
                    },
                )
    return None


def _columns(matrix: sp.csr_array) -> list[sp.csr_array]:
    turned = matrix.T.tocsr()
    return [turned[[k]] for k in range(turned.shape[0])]


def _blocks(
    reach: Sequence[frozenset[int]], fed: Sequence[frozenset[int]], width: int
) -> Iterator[tuple[list[int], list[int], frozenset[int]]]:
    """Rows, columns and the units between them: everything, what the units of a set of rows or
    columns are alone in, and the block of each unit."""
    rows, cols = range(len(reach)), range(len(fed))
    yield list(rows), list(cols), frozenset(range(width))
    for chosen in dict.fromkeys(reach):
        yield [j for j in rows if reach[j] <= chosen], list(cols), chosen
    for chosen in dict.fromkeys(fed):
        yield list(rows), [k for k in cols if fed[k] <= chosen], chosen
    for unit in range(width):
        its_rows = [j for j in rows if unit in reach[j]]
        its_cols = [k for k in cols if unit in fed[k]]
        above = frozenset().union(*(reach[j] for j in its_rows))
        below = frozenset().union(*(fed[k] for k in its_cols))
        yield its_rows, its_cols, above & below


# -- two factors -----------------------------------------------------------------------------------


def _two_factors(pattern: Pattern, values: Values, search: Search) -> Answer:
    lower, upper = pattern.layers
    if block_cells(lower, upper) > MOST_BLOCKS or pattern.widths[1] > MOST_NEURONS:
        return None
    columns = upper.tocsc()
    graphs: dict[int, set[Cell]] = {}
    for unit in range(pattern.widths[1]):
        search.clock.check()
        rows = columns[:, [unit]].tocoo().row.tolist()
        cols = lower[[unit]].indices.tolist()
        graphs[unit] = {(j, k) for j in rows for k in cols}
    found = groups.factor(graphs, values, search)
    if isinstance(found, Proof):
        return Proof("two_factors", {}, (found,))
    if found is None:
        return None
    x, y = found
    return [
        {(unit, k): v for (unit, k), v in y.items() if v},
        {(j, unit): v for (unit, j), v in x.items() if v},
    ]


def _joined(pattern: Pattern, values: Values, layer: int, search: Search) -> Answer:
    """Two factors with the products of the masks above and below; then each of them."""
    both = Pattern.of_masks(
        [pattern.part(0, layer).support(), pattern.part(layer, pattern.depth).support()]
    )
    found = _connected(both, values, search)
    if isinstance(found, Proof):
        return Proof("join", {"layer": layer}, (found,))
    if found is None:
        return None
    below = factor(pattern.part(0, layer), found[0], search)
    if not isinstance(below, list):
        return None  # other factors of the two might do
    above = factor(pattern.part(layer, pattern.depth), found[1], search)
    return [*below, *above] if isinstance(above, list) else None


# -- what is only tried ----------------------------------------------------------------------------


def _drawn(pattern: Pattern, values: Values, turned: bool, search: Search) -> Factors | None:
    """All factors but the first (turned: the last) drawn by chance, that one solved for."""
    if turned:
        found = _drawn(
            pattern.transpose(), {(j, i): v for (i, j), v in values.items()}, False, search
        )
        if found is None:
            return None
        return [{(j, i): v for (i, j), v in entries.items()} for entries in reversed(found)]
    if max(pattern.widths) > MOST_ROWS:
        return None
    drawn: Factors = []
    made: fmpq_mat | None = None
    for mask in pattern.layers[1:]:
        edges = mask.tocoo()
        cells = zip(edges.row.tolist(), edges.col.tolist(), strict=True)
        drawn.append({cell: Fraction(search.draw()) for cell in cells})
        matrix = dense(drawn[-1], range(mask.shape[0]), range(mask.shape[1]), search.clock)
        made = matrix if made is None else product(matrix, made, search.clock)
    assert made is not None
    first = pattern.layers[0].tocsc()
    outputs = range(pattern.widths[-1])
    alike: dict[tuple[int, ...], list[int]] = {}
    for k in range(pattern.widths[0]):
        alike.setdefault(tuple(first[:, [k]].tocoo().row.tolist()), []).append(k)
    entries: Entries = {}
    for units, cols in alike.items():
        search.clock.check()
        matrix = fmpq_mat(len(outputs), len(units))
        for i in outputs:
            for n, unit in enumerate(units):
                matrix[i, n] = made[i, unit]
        solved = solve(matrix, dense(values, outputs, cols, search.clock), search.clock)
        if solved is None:
            return None
        for n, unit in enumerate(units):
            for place, k in enumerate(cols):
                if solved[n, place]:
                    entries[unit, k] = fraction(solved[n, place])
    return [entries, *drawn]


def _equations(pattern: Pattern, values: Values, search: Search) -> Answer:
    model = Model.of(pattern)
    if model is None:
        return None
    if sum(map(len, model.paths.values())) <= MOST_PATHS:
        found = refutation.solve(model, values, search.clock.share(0.3))
        if isinstance(found, refutation.Refuted):
            return Proof("equations", {"refutation": dict(found.tree)})
        if isinstance(found, refutation.Member):
            return _named(pattern, found.values)
    asked = None if search.ask is None else search.ask(pattern, values)
    return asked if asked is None or isinstance(asked, Proof) else _named(pattern, asked)


def _named(pattern: Pattern, values: Mapping[str, Fraction]) -> Factors:
    """Factors from the names x_{l}_{i}_{j}."""
    found: Factors = [{} for _ in pattern.layers]
    for name, value in values.items():
        layer, i, j = map(int, name.split("_")[1:])
        if value:
            found[layer - 1][i, j] = value
    return found
