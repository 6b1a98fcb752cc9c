"""Curves in groups, X(t) Y(t), displayed with their limit."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from fractions import Fraction
from typing import Any, TypeAlias

from cadlink.patterns.group import Cell, Group
from cadlink.patterns.pattern import Pattern
from cadlink.writing.document import Block, Display, Items, Math, Matrix, Paragraph, joined
from cadlink.writing.draw import Problem
from cadlink.writing.formulas import a, factor, laurent, number, x, y

__all__ = [
    "APPROACHED",
    "MINUS",
    "MISSED",
    "ONE",
    "UNDER",
    "Curve",
    "Series",
    "T",
    "curve_in_chain",
    "curve_in_group",
    "factors_of",
    "limit_of",
    "series",
    "shown_limit",
    "shown_point",
]

Series: TypeAlias = "dict[int, Fraction]"  # exponent of t: coefficient

WIDEST = 10  # columns of matrices that are displayed
ONE: Series = {0: Fraction(1)}
T: Series = {1: Fraction(1)}
UNDER: Series = {-1: Fraction(1)}
MINUS: Series = {-1: Fraction(-1)}

APPROACHED = "What is approached."
MISSED = "What is missed."

DOT = Math(".", r"\cdot")
TENDS = Math("  ->  ", r"\;\longrightarrow\; ")


def _product(one: Series, other: Series) -> Series:
    """The product of two Laurent polynomials."""
    result: Series = {}
    for e, c in one.items():
        for f, d in other.items():
            result[e + f] = result.get(e + f, Fraction(0)) + c * d
    return {e: c for e, c in sorted(result.items()) if c}


def _formula(series: Series) -> Math:
    """A Laurent polynomial as a formula."""
    return laurent([[e, str(c)] for e, c in sorted(series.items())])


def _matrix(
    rows: Sequence[int],
    cols: Sequence[int],
    may: Callable[[int, int], bool],
    entry: Callable[[int, int], Math],
) -> Matrix:
    """The entries that may be nonzero, and dots."""
    return Matrix(tuple(tuple(entry(i, j) if may(i, j) else DOT for j in cols) for i in rows))


def _limit_matrix(
    rows: Sequence[int],
    cols: Sequence[int],
    observed: Callable[[int, int], bool],
    limit: Mapping[Cell, Fraction],
) -> tuple[Block, ...]:
    """The limit, with dots off the support."""
    if len(cols) <= 2 * WIDEST and len(rows) <= 40:
        shown = _matrix(rows, cols, observed, lambda j, k: number(limit.get((j, k), Fraction(0))))
        return (Display((Math("A = ", "A = "), shown)),)
    nonzero = [a(j, k) + " = " + number(value) for (j, k), value in sorted(limit.items()) if value]
    return (Items(tuple(str(one) for one in nonzero[:40])),)


def curve_in_group(
    group: Group,
    xs: Mapping[tuple[int, int], Series],
    ys: Mapping[tuple[int, int], Series],
) -> tuple[tuple[Block, ...], dict[Cell, Fraction]]:
    """X(t), Y(t), their product and its limit; ``xs`` by (neuron, row), ``ys`` by (neuron, column).

    Entries not given are zero.  The limit is returned as well.  Raises ValueError without one.
    """
    values: dict[Cell, Series] = {}
    for i, graph in enumerate(group.neurons):
        for j, k in graph:
            total = values.setdefault((j, k), {})
            for e, c in _product(xs.get((i, j), {}), ys.get((i, k), {})).items():
                total[e] = total.get(e, Fraction(0)) + c
    values = {at: {e: c for e, c in value.items() if c} for at, value in values.items()}
    if any(e < 0 for value in values.values() for e in value):
        raise ValueError(f"a curve whose product has no limit: {xs}, {ys}")
    limit = {at: value.get(0, Fraction(0)) for at, value in values.items()}
    rows, cols, neurons = group.rows, group.cols, range(len(group.neurons))
    if max(len(cols), len(neurons)) > WIDEST or len(rows) > 40:
        return (*_entries(xs, ys), *_limit_matrix(rows, cols, _observed(group), limit)), limit
    of_x = _matrix(
        rows,
        neurons,
        lambda j, i: j in group.supports[i][0],
        lambda j, i: _formula(xs.get((i, j), {})),
    )
    of_y = _matrix(
        neurons,
        cols,
        lambda i, k: k in group.supports[i][1],
        lambda i, k: _formula(ys.get((i, k), {})),
    )
    observed = _observed(group)
    whole = _matrix(rows, cols, observed, lambda j, k: _formula(values[j, k]))
    end = _matrix(rows, cols, observed, lambda j, k: number(limit[j, k]))
    factors = Display(
        (Math("X(t) = ", "X(t) = "), of_x, Math(",   Y(t) = ", r",\quad Y(t) = "), of_y)
    )
    if whole == end:
        limits = Display((Math("X(t) Y(t) = A = ", "X(t)\\,Y(t) = A = "), end))
    else:
        limits = Display((Math("X(t) Y(t) = ", "X(t)\\,Y(t) = "), whole, TENDS + "A = ", end))
    return (factors, limits), limit


def _observed(group: Group) -> Callable[[int, int], bool]:
    return lambda j, k: (j, k) in group.cells


def _entries(
    xs: Mapping[tuple[int, int], Series], ys: Mapping[tuple[int, int], Series]
) -> tuple[Block, ...]:
    """The nonzero entries, one line for every neuron, when matrices would be too wide."""
    lines: dict[int, list[str]] = {}
    for given, letter in ((xs, x), (ys, y)):
        for (i, line), value in sorted(given.items()):
            if value:
                lines.setdefault(i, []).append(str(letter(i, line) + " = " + _formula(value)))
    return (
        Paragraph("All entries are zero except"),
        Items(tuple(", ".join(listed) for _, listed in sorted(lines.items()))),
    )


def curve_in_chain(
    chain: Pattern,
    factors: Sequence[Mapping[tuple[int, int], Series]],
    limit: Mapping[Cell, Fraction],
) -> tuple[Block, ...]:
    """The factors, last one first, and the limit of their product."""
    support = chain.support()
    present = set(zip(*(index.tolist() for index in support.nonzero()), strict=True))
    end = _limit_matrix(
        range(support.shape[0]), range(support.shape[1]), lambda j, k: (j, k) in present, limit
    )
    if max(chain.widths) > WIDEST:
        lines = []
        for layer, given in enumerate(factors, start=1):
            shown = [
                str(factor(layer, i, j) + " = " + _formula(value))
                for (i, j), value in sorted(given.items())
                if any(value.values())
            ]
            lines.append(", ".join(shown) if shown else f"{factor(layer)} = 0")
        return (Paragraph("All entries are zero except"), Items(tuple(lines)), *end)
    blocks: list[Block] = []
    for layer in range(chain.depth, 0, -1):
        mask, given = chain.layers[layer - 1].toarray(), factors[layer - 1]
        shown_factor = _matrix(
            range(mask.shape[0]), range(mask.shape[1]), _true_in(mask), _entry_of(given)
        )
        blocks.append(Display((factor(layer) + "(t) = ", shown_factor)))
    return (*blocks, *_chain_product(chain, factors), *end)


def _chain_product(
    chain: Pattern, factors: Sequence[Mapping[tuple[int, int], Series]]
) -> tuple[Block, ...]:
    """The product of the factors, by rows."""
    total = dict(factors[0])
    for upper in factors[1:]:
        longer: dict[tuple[int, int], Series] = {}
        for (i, unit), left in upper.items():
            for (below, k), right in total.items():
                if below == unit:
                    at = longer.setdefault((i, k), {})
                    for e, c in _product(left, right).items():
                        at[e] = at.get(e, Fraction(0)) + c
        total = longer
    support = chain.support().toarray()
    rows, cols = range(support.shape[0]), range(support.shape[1])
    shown = _matrix(rows, cols, _true_in(support), _entry_of(total))
    names = joined([factor(layer) + "(t)" for layer in range(chain.depth, 0, -1)], Math(" ", r"\,"))
    return (Display((names + " = ", shown)),)


def _true_in(mask: Any) -> Callable[[int, int], bool]:
    return lambda i, j: bool(mask[i, j])


def _entry_of(given: Mapping[tuple[int, int], Series]) -> Callable[[int, int], Math]:
    return lambda i, j: _formula(given.get((i, j), {}))


def series(value: Sequence[Any]) -> Series:
    """LAURENT of a certificate."""
    return {exponent: Fraction(coefficient) for exponent, coefficient in value}


def factors_of(data: Mapping[str, Any]) -> list[dict[tuple[int, int], Series]]:
    """The field ``factors`` of a certificate about a chain, X_1 first."""
    return [{(i, j): series(value) for i, j, value in factor} for factor in data["factors"]]


def limit_of(data: Mapping[str, Any]) -> dict[Cell, Fraction]:
    """The field ``limit`` of a certificate."""
    return {(j, k): Fraction(value) for j, k, value in data["limit"]}


def shown_limit(problem: Problem, limit: Mapping[Cell, Fraction]) -> tuple[Block, ...]:
    """The limit alone."""
    if isinstance(problem, Pattern):
        support = problem.support()
        present = set(zip(*(index.tolist() for index in support.nonzero()), strict=True))
        rows: Sequence[int] = range(support.shape[0])
        cols: Sequence[int] = range(support.shape[1])
        return _limit_matrix(rows, cols, lambda j, k: (j, k) in present, limit)
    return _limit_matrix(problem.rows, problem.cols, _observed(problem), limit)


def shown_point(problem: Problem, data: Mapping[str, Any]) -> tuple[Block, ...]:
    """The integer parameters of a zero submersion."""
    if isinstance(problem, Pattern):
        blocks: list[Block] = []
        for layer in range(problem.depth, 0, -1):
            values = data["factors"][layer - 1]
            if len(values[0]) > 2 * WIDEST or len(values) > 40:
                return (Paragraph("(The factors are large; they are found in the certificate.)"),)
            rows = tuple(tuple(number(value) for value in row) for row in values)
            blocks.append(Display((factor(layer) + " = ", Matrix(rows))))
        return tuple(blocks)
    neurons = range(len(problem.neurons))
    if max(len(problem.cols), len(neurons)) > 2 * WIDEST or len(problem.rows) > 40:
        return (Paragraph("(The vectors are long; they are found in the certificate.)"),)
    xs = {(i, j): number(value) for i, listed in enumerate(data["x"]) for j, value in listed}
    ys = {(i, k): number(value) for i, listed in enumerate(data["y"]) for k, value in listed}
    zero = Math("0", "0")
    of_x = _matrix(
        problem.rows,
        neurons,
        lambda j, i: j in problem.supports[i][0],
        lambda j, i: xs.get((i, j), zero),
    )
    of_y = _matrix(
        neurons,
        problem.cols,
        lambda i, k: k in problem.supports[i][1],
        lambda i, k: ys.get((i, k), zero),
    )
    return (Display((Math("X = ", "X = "), of_x, Math(",   Y = ", r",\quad Y = "), of_y)),)


class Curve:
    """X(t) and Y(t) while they are written down."""

    def __init__(self) -> None:
        self.xs: dict[tuple[int, int], Series] = {}
        self.ys: dict[tuple[int, int], Series] = {}

    def x(self, i: int, rows: Collection[int], value: Series) -> None:
        _add(self.xs, i, rows, value)

    def y(self, i: int, cols: Collection[int], value: Series) -> None:
        _add(self.ys, i, cols, value)

    def shown(self, group: Group, words: str) -> tuple[Block, ...]:
        blocks, _ = curve_in_group(group, self.xs, self.ys)
        return (Paragraph(words, APPROACHED), *blocks)


def _add(
    entries: dict[tuple[int, int], Series], i: int, lines: Collection[int], value: Series
) -> None:
    for line in lines:
        at = entries.setdefault((i, line), {})
        for e, c in value.items():
            at[e] = at.get(e, Fraction(0)) + c
