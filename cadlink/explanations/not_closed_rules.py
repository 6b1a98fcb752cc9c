"""The rules about groups that show a set not closed, one function each.

Each writes the curve down explicitly, and why its limit is missed.  The kernel's proofs take
generic vectors in ``owners`` and ``forced_row``; unit vectors along the matchings do as well, since
all that is needed of X[R, T] and Y[T, C] is that they are invertible.
"""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Any

from cadlink.explanations.curves import Series, curve_in_group
from cadlink.explanations.document import Block, Items, Math, Paragraph, joined
from cadlink.explanations.formulas import (
    NE,
    TIMES,
    a,
    cell,
    math,
    setof,
    sub,
    these,
    x,
    y,
)
from cadlink.explanations.summary import NOT_CLOSED, Account, matching
from cadlink.patterns.group import Group

__all__ = [
    "forced_row",
    "forcing",
    "merged_block",
    "merged_cross",
    "merged_two_blocks",
    "owners",
    "rigid_collision",
]

_ONE: Series = {0: Fraction(1)}
_T: Series = {1: Fraction(1)}
_UNDER: Series = {-1: Fraction(1)}
_MINUS: Series = {-1: Fraction(-1)}

_APPROACHED = "What is approached."
_MISSED = "What is missed."


class _Curve:
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
        return (Paragraph(words, _APPROACHED), *blocks)


def _add(
    entries: dict[tuple[int, int], Series], i: int, lines: Collection[int], value: Series
) -> None:
    for line in lines:
        at = entries.setdefault((i, line), {})
        for e, c in value.items():
            at[e] = at.get(e, Fraction(0)) + c


def forcing(group: Group, data: dict[str, Any]) -> Account:
    """Some zeros force another zero."""
    j, k = data["cell"]
    witnesses = {i: (row, col) for i, row, col in data["witnesses"]}
    start, helper = data["start"], data["helper"]
    one = len(witnesses) == 1
    curve = _Curve()
    for i, (row, col) in witnesses.items():
        curve.x(i, [row], _ONE)
        curve.y(i, [col], _ONE)
    curve.x(start, [j], _T)
    curve.y(start, [k], _UNDER)
    top = witnesses[start][0]
    if helper is not None:
        if helper not in witnesses:
            curve.x(helper, [top], _ONE)
        curve.y(helper, [k], _MINUS)
    forced = [
        f"neuron {i} is alone in observing the cells {cell(j, col)} and {cell(row, col)}. If"
        f" {a(row, col) + ' = ' + x(i, row) + ' ' + y(i, col) + NE + '0'} and"
        f" {a(j, col) + ' = ' + x(i, j) + ' ' + y(i, col) + ' = 0'}, then {x(i, j) + ' = 0'}."
        for i, (row, col) in witnesses.items()
    ]
    only = f"only neuron {next(iter(witnesses))}" if one else f"only {these('neuron', witnesses)}"
    zeros = joined([x(i, j) for i in witnesses])
    cancel = (
        f"Neuron {start} does not observe the cell {cell(top, k)}, so its entry 1/t there does not"
        " count."
        if helper is None
        else f"In the cell {cell(top, k)} neuron {helper} cancels the 1/t of neuron {start}."
    )
    ones = joined([a(row, col) for row, col in witnesses.values()])
    nils = joined([a(j, col) for _, col in witnesses.values()])
    blocks: tuple[Block, ...] = (
        Paragraph(
            f"To the cell {cell(j, k)} {only} can contribute. We show that certain zeros and"
            f" nonzeros elsewhere force {a(j, k) + ' = 0'}."
        ),
        Items(tuple(forced)),
        Paragraph(
            f"So if {ones} {'is' if one else 'are'} nonzero and {nils}"
            f" {'is' if one else 'are'} 0, then {zeros} {'is' if one else 'are'} 0, and"
            f" {a(j, k) + ' = 0'}.",
            _MISSED,
        ),
        *curve.shown(group, f"As t tends to 0, let all entries be 0 except as shown. {cancel}"),
        Paragraph(
            f"The limit has {a(j, k) + ' = 1'}, {ones + ' = 1'} and {nils + ' = 0'}, so it is"
            " missed."
        ),
    )
    return Account("a forced zero", blocks, conclusion=NOT_CLOSED)


def _team(group: Group, block: set[tuple[int, int]]) -> list[int]:
    return [i for i, graph in enumerate(group.neurons) if not graph.isdisjoint(block)]


def _matched(
    group: Group, team: list[int], rows: list[int], cols: list[int]
) -> tuple[dict[int, int], dict[int, int]]:
    """For every neuron of the team a row and a column of its own."""
    of_rows = matching([group.supports[i][0] & set(rows) for i in team])
    of_cols = matching([group.supports[i][1] & set(cols) for i in team])
    return (
        {i: of_rows[place] for place, i in enumerate(team)},
        {i: of_cols[place] for place, i in enumerate(team)},
    )


def owners(group: Group, data: dict[str, Any]) -> Account:
    """p neurons alone on a square but for one corner."""
    rows, cols, j, k = data["rows"], data["cols"], data["row"], data["col"]
    first, helper = data["neuron"], data["helper"]
    block = {(r, c) for r in rows for c in (*cols, k)} | {(j, c) for c in cols}
    team = _team(group, block)
    row_of, col_of = _matched(group, team, rows, cols)
    curve = _Curve()
    for i in team:
        curve.x(i, [row_of[i]], _T if i == first else _ONE)
        curve.y(i, [col_of[i]], _ONE)
    curve.x(first, [j], _ONE)
    curve.y(first, [k], _UNDER)
    if helper is not None:
        curve.x(helper, [j], _ONE)
        curve.y(helper, [k], _MINUS)
    p = len(rows)
    corner = (
        f"nobody needs to look at the cell {cell(j, k)}, which neuron {first} does not observe"
        if helper is None
        else f"neuron {helper} cancels the 1/t of neuron {first} in the cell {cell(j, k)}"
    )
    R, C, T = setof(rows), setof(cols), setof(team)
    blocks: tuple[Block, ...] = (
        Paragraph(
            f"Let R = {R}, C = {C}, j = {j} and k = {k}. In the cells of"
            f" {math('R x (C + k)')} and"
            f" {math('{j} x C')} only the"
            f" {'neuron' if p == 1 else f'{p} neurons'} of T = {T} can contribute."
        ),
        Paragraph(
            "So if A is in the set,"
            f" {math('A[R, C + k] = X[R, T] Y[T, C + k]')}"
            f" and {math('A[R + j, C] = X[R + j, T] Y[T, C]')}"
            f" (zeros put in for unobserved entries). If both have rank {p}, the"
            f" {math(f'{p} x {p}')} matrices"
            f" {math('X[R, T]')} and {math('Y[T, C]')} are invertible, and so"
            f" is {math('A[R, C]')}, their product.",
            _MISSED,
        ),
        *curve.shown(group, f"Let all entries be 0 except as shown; {corner}."),
        Paragraph(
            f"In the limit {math('A[R, C + k]')} and"
            f" {math('A[R + j, C]')} have rank {p}, but"
            f" {math('A[R, C]')} has rank {p - 1}: it is missed."
        ),
    )
    return Account("a block that must stay invertible", blocks, conclusion=NOT_CLOSED)


def forced_row(group: Group, data: dict[str, Any]) -> Account:
    """p neurons alone on p + 1 rows and p columns."""
    rows, cols, j, k, s = data["rows"], data["cols"], data["row"], data["col"], data["neuron"]
    block = {(r, c) for r in (*rows, j) for c in cols} | {(j, k)}
    team = _team(group, block)
    row_of, col_of = _matched(group, team, rows, cols)
    curve = _Curve()
    for i in team:
        curve.x(i, [row_of[i]], _ONE)
        curve.y(i, [col_of[i]], _ONE)
    curve.x(s, [j], _T)
    curve.y(s, [k], _UNDER)
    top = row_of[s]
    words = "Let all entries be 0 except as shown."
    if (top, k) in group.neurons[s]:
        helper = next(i for i in group.owners[top, k] if i not in team)
        curve.x(helper, [top], _MINUS)
        curve.y(helper, [k], _ONE)
        words += f" Neuron {helper} cancels the 1/t of neuron {s} in the cell {cell(top, k)}."
    else:
        words += f" Neuron {s} does not observe the cell {cell(top, k)}."
    p = len(rows)
    blocks: tuple[Block, ...] = (
        Paragraph(
            f"Let R = {setof(rows)}, C = {setof(cols)}, j = {j} and k = {k}. In the cells of"
            f" {math('(R + j) x C')} and in {cell(j, k)} only the"
            f" {'neuron' if p == 1 else f'{p} neurons'} of T = {setof(team)} can contribute."
        ),
        Paragraph(
            f"So if A is in the set, {math('A[R, C] = X[R, T] Y[T, C]')}"
            f" and {math('A[j, C] = X[j, T] Y[T, C]')} (zeros put in"
            f" for unobserved entries). If {math('A[R, C]')} is invertible,"
            f" {math('Y[T, C]')} is; if moreover"
            f" {math('A[j, C] = 0')}, then {math('X[j, T] = 0')}, and"
            f" {a(j, k) + ' = 0'}.",
            _MISSED,
        ),
        *curve.shown(group, words),
        Paragraph(
            f"In the limit {math('A[R, C]')} is invertible,"
            f" {math('A[j, C] = 0')} and {a(j, k) + ' = 1'}: it is missed."
        ),
    )
    return Account("a forced row", blocks, conclusion=NOT_CLOSED)


def rigid_collision(group: Group, data: dict[str, Any]) -> Account:
    """Two neurons that must share a direction."""
    one, two = data["a"], data["b"]
    (rows_a, cols_a), (rows_b, cols_b) = group.supports[one], group.supports[two]
    others = [i for i in range(len(group.neurons)) if i not in (one, two)]
    r = len(group.neurons)
    columns = matching([cols_a | cols_b, cols_a & cols_b, *(group.supports[i][1] for i in others)])
    outside = [
        matching([group.supports[i][0] - group.supports[base][0] for i in (other, *others)])
        for base, other in ((one, two), (two, one))
    ]
    rest = f" The other neurons, {these('neuron', others)}, stay as they are." if others else ""
    meet, join = setof(rows_a & rows_b), setof(rows_a | rows_b)
    cols_join, cols_meet = setof(cols_a | cols_b), setof(cols_a & cols_b)
    lines = [
        f"{_those('column', columns)} for the sets of columns {cols_join}, {cols_meet}"
        + (" and those of the others" if others else ""),
        f"{_those('row', outside[0])} outside {sub('R', one)}, one for each neuron but {one}",
        f"{_those('row', outside[1])} outside {sub('R', two)}, one for each neuron but {two}",
    ]
    V, X, A = Math("V", "V"), Math("X", "X"), Math("A", "A")
    blocks: tuple[Block, ...] = (
        Paragraph(
            f"Let neurons {one} and {two} collide, that is, become parallel. Let a vector u live on"
            f" their common rows {meet}, u' and u'' on the rows of neuron {one} and of neuron"
            f" {two}, z on the common columns {cols_meet}, w' and w'' on the columns of the two."
            " With"
        ),
        Items(
            (
                f"{sub('x', one)} = u + t u', {sub('y', one)} = w' + z/t",
                f"{sub('x', two)} = u - t u'', {sub('y', two)} = w'' - z/t",
            )
        ),
        Paragraph(
            f"The two contribute {_UNCROSSED} plus terms that tend to 0 with t. In the limit"
            f" there is one rank-one matrix on {meet + TIMES + cols_join} and one on"
            f" {join + TIMES + cols_meet} instead.{rest}",
            _APPROACHED,
        ),
        Paragraph(
            "Take all these vectors generic. There are distinct representatives, which make the"
            " minors in question nonzero:"
        ),
        Items(tuple(lines)),
        Paragraph(
            f"Let {V} be the span of u, u' + u'' and the other x. By the second line the {r - 1} of"
            f" them without u are independent outside {sub('R', one)}, so dim {V} = {r}, and the"
            f" vectors of {V} supported in {sub('R', one)} are the multiples of u; by the third"
            f" line likewise for {sub('R', two)}. By the first line the limit {A} has rank {r} and"
            f" column space {V}. If {A} were a product XY, the {r} columns of {X} would be a basis"
            f" of {V}; but columns {one} and {two} of {X} are supported in {sub('R', one)} and"
            f" {sub('R', two)}, so both are multiples of u, a contradiction.",
            _MISSED,
        ),
    )
    return Account("a rigid collision", blocks, conclusion=NOT_CLOSED)


_UNCROSSED = Math("u (w' + w'')^T + (u' + u'') z^T", "u (w' + w'')^{T} + (u' + u'') z^{T}")


def _those(word: str, found: dict[int, int]) -> str:
    return f"{word}{'s' if len(found) > 1 else ''} {', '.join(map(str, found.values()))}"


def _collide(
    group: Group,
    pair: tuple[int, int],
    but: tuple[int, ...],
    target: tuple[list[int], list[int]],
    avoid: tuple[list[int], list[int]],
) -> tuple[_Curve, dict[int, int], dict[int, int]]:
    """The uncrossing of a and b to 1_J 1_K^T, with representatives outside the sets to avoid."""
    one, two = pair
    J, K = target
    rows = [r for r, _ in group.supports]
    cols = [c for _, c in group.supports]
    others = [i for i in range(len(rows)) if i not in (*pair, *but)]
    found_rows = matching(
        [s - set(avoid[0]) for s in (rows[one] & rows[two], *(rows[i] for i in others))]
    )
    found_cols = matching(
        [s - set(avoid[1]) for s in (cols[one] | cols[two], *(cols[i] for i in others))]
    )
    curve = _Curve()
    for i in pair:
        curve.x(i, [found_rows[0]], _ONE)
    curve.x(one, [j for j in J if j in rows[one]], _T)
    curve.x(two, [j for j in J if j not in rows[one]], {1: Fraction(-1)})
    curve.y(one, K, _UNDER)
    curve.y(two, K, _MINUS)
    curve.y(one if found_cols[0] in cols[one] else two, [found_cols[0]], _ONE)
    for place, i in enumerate(others, start=1):
        curve.x(i, [found_rows[place]], _ONE)
        curve.y(i, [found_cols[place]], _ONE)
    return curve, found_rows, found_cols


_COLLIDE = "Let the neurons {a} and {b} collide: with all entries 0 except as shown,"


def merged_block(group: Group, data: dict[str, Any]) -> Account:
    """A block that no neuron covers is filled with ones."""
    one, two, J, K = data["a"], data["b"], data["J"], data["K"]
    curve, _, _ = _collide(group, (one, two), (), (J, K), (J, K))
    r = len(group.neurons)
    blocks = (
        *curve.shown(group, _COLLIDE.format(a=one, b=two)),
        Paragraph(
            f"The limit A has rank {r}, which is the number of neurons, and is 1 on"
            f" {setof(J) + TIMES + setof(K)}, a block that no neuron covers. Suppose A = XY. Then X"
            f" and Y have rank {r}, too. {_merging(J, K)} So every entry of A in this block would"
            " be 0, because a neuron nonzero there would cover the block: a contradiction.",
            _MISSED,
        ),
    )
    return Account("two neurons collide", blocks, conclusion=NOT_CLOSED)


def _merging(J: Collection[int], K: Collection[int]) -> str:
    """Why only neurons covering the block are nonzero on it."""
    return (
        f"The {these('row', J)} of A {'are equal' if len(J) > 1 else 'is one row'}, and Y has"
        " independent rows; so these rows of X are equal as well, and a neuron that is nonzero in"
        f" one of them is nonzero in all, hence has all rows {setof(J)}. In the same way it has"
        f" all columns {setof(K)} if it is nonzero in one of them."
    )


def merged_cross(group: Group, data: dict[str, Any]) -> Account:
    """The same with three neurons."""
    one, two, third = data["a"], data["b"], data["i1"]
    J, K, j0, k0 = data["J"], data["K"], data["j0"], data["k0"]
    curve, _, _ = _collide(group, (one, two), (third,), (J, [k0]), (J, K))
    curve.x(third, J, _ONE)
    curve.y(third, [k for k in K if k != k0], _ONE)
    r = len(group.neurons)
    blocks = (
        *curve.shown(group, _COLLIDE.format(a=one, b=two)),
        Paragraph(
            f"The limit A has rank {r - 1} and is 1 on {setof(J) + TIMES + setof(K)}. No neuron"
            f" covers {setof(J) + TIMES + setof([k0])}, and none {setof([j0]) + TIMES + setof(K)}."
            f" Suppose A = XY. By Sylvester's inequality the ranks of X and Y add up to at most"
            f" {2 * r - 1}, so one of them has the rank {r - 1} of A.",
            _MISSED,
        ),
        Items(
            (
                f"If X has, it has the column space of A, in which the entries"
                f" of {these('row', J)} are equal; so a neuron nonzero in one of these rows has all"
                f" of them, and none can make column {k0} of A nonzero in them, although it is 1.",
                f"If Y has, it has the row space of A, and in the same way no neuron can make row"
                f" {j0} of A nonzero in {these('column', K)}, although it is 1.",
            )
        ),
    )
    return Account("two neurons collide beside a third", blocks, conclusion=NOT_CLOSED)


def merged_two_blocks(group: Group, data: dict[str, Any]) -> Account:
    """Three blocks that one neuron cannot serve at once."""
    one, two, f = data["a"], data["b"], data["f"]
    J1, K1, J2, K2 = data["J1"], data["K1"], data["J2"], data["K2"]
    curve, _, _ = _collide(group, (one, two), (f,), (J1, K1), (J1 + J2, K1 + K2))
    curve.x(f, J2, _ONE)
    curve.y(f, K2, _ONE)
    r = len(group.neurons)
    b11, b12 = setof(J1) + TIMES + setof(K1), setof(J1) + TIMES + setof(K2)
    b22 = setof(J2) + TIMES + setof(K2)
    blocks = (
        *curve.shown(group, _COLLIDE.format(a=one, b=two)),
        Paragraph(
            f"The limit A has rank {r}, the number of neurons; it is 1 on {b11} and on {b22}, and 0"
            f" on {b12}. No neuron but {f} covers one of these three blocks. Suppose A = XY; then X"
            f" and Y have rank {r}, too. Rows {setof(J1)} of A are equal, and Y has independent"
            " rows; so these rows of X are equal, and a neuron that is nonzero in one of them is"
            f" nonzero in all. The same holds for rows {setof(J2)}, columns {setof(K1)} and"
            f" columns {setof(K2)}. So in these three blocks only neuron {f} can contribute. As A"
            f" is 1 on {b11} and {b22}, {sub('x', f)} is nonzero on {setof(J1)} and {sub('y', f)}"
            f" on {setof(K2)}. But then A is nonzero on {b12}: a contradiction.",
            _MISSED,
        ),
    )
    return Account(
        "two neurons collide, and a third would be needed twice", blocks, conclusion=NOT_CLOSED
    )
