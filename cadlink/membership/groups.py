"""Two factors: the values on the observed cells as a sum of neurons, or a proof that they are none.

Steps that lose nothing come first: rows and columns of zeros, stars (which make whatever is left on
their cells), neurons with a row and a column to themselves (which are forced), unknowns that must
be 0.  What they leave is tried with drawn factors, solved as polynomial equations, or asked.

A neuron is known by its hidden unit: x and y map (unit, row) and (unit, column) to numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from flint import fmpq, fmpq_mat

from cadlink.certificates.data import Proof
from cadlink.clock import Clock
from cadlink.membership.answers import Entries, Search, Values
from cadlink.membership.linear import dense, fraction, product, rank_at_least, skeleton, solve
from cadlink.once import cached_property
from cadlink.patterns.group import Cell, Graph, Group, components
from cadlink.search import refutation
from cadlink.search.model import Model

__all__ = ["Vectors", "factor"]

# x by (unit, row) and y by (unit, column), zeros left out.
Vectors: TypeAlias = "tuple[Entries, Entries]"

MOST_PATHS = 150  # of polynomial equations
MOST_NODES = 400  # unknowns set to 0 one way or the other
DRAWS = 6
GUESSES = 2  # neurons of one group whose vectors are guessed
MOST_GUESSES = 300
MOST_UNKNOWNS = 60  # of a linear system that is drawn


@dataclass(frozen=True)
class _State:
    """Neurons with their units, in the order of the group that the checker makes of them."""

    neurons: tuple[tuple[int, Graph], ...]
    values: Values

    @classmethod
    def of(
        cls, graphs: Iterable[tuple[int, Iterable[Cell]]], values: Values, clock: Clock
    ) -> _State:
        first: dict[Cell, list[tuple[int, Graph]]] = {}  # most neurons differ in their first cell
        for unit, graph in graphs:
            clock.check()
            for part in _components(frozenset(graph)):
                first.setdefault(min(part), []).append((unit, part))
        alike = (first[cell] for cell in sorted(first))
        neurons = tuple(
            neuron
            for some in alike
            for neuron in (some if len(some) == 1 else sorted(some, key=lambda n: sorted(n[1])))
        )
        cells = frozenset().union(*(graph for _, graph in neurons))
        return cls(neurons, {c: v for c, v in values.items() if v and c in cells})

    @cached_property
    def owners(self) -> Mapping[Cell, list[int]]:
        found: dict[Cell, list[int]] = {}
        for i, (_, graph) in enumerate(self.neurons):
            for cell in graph:
                found.setdefault(cell, []).append(i)
        return found

    @cached_property
    def lines(self) -> tuple[list[int], list[int]]:
        """The rows and the columns with a cell."""
        return sorted({j for j, _ in self.owners}), sorted({k for _, k in self.owners})

    def without(self, neuron: int, values: Values) -> _State:
        """The other neurons, and these values on their cells."""
        others = self.neurons[:neuron] + self.neurons[neuron + 1 :]
        cells = frozenset().union(*(graph for _, graph in others))
        return _State(others, {c: v for c, v in values.items() if c in cells})

    @property
    def group(self) -> Group:
        return Group(tuple(graph for _, graph in self.neurons))

    def own(self, cell: Cell) -> bool:
        """Whether one neuron alone covers the cell."""
        return len(self.owners.get(cell, ())) == 1


def _components(graph: Graph) -> list[Graph]:
    """The components; a complete graph is one."""
    rows, cols = {j for j, _ in graph}, {k for _, k in graph}
    if graph and len(graph) == len(rows) * len(cols):
        return [graph]
    return components(graph)


def factor(
    graphs: Mapping[int, Iterable[Cell]], values: Values, search: Search
) -> Vectors | Proof | None:
    """Vectors of the units whose blocks these graphs are, or a refutation about their group.

    ``values`` are 0 outside the graphs.  Raises OutOfTime.
    """
    return _Groups(search).factor(_State.of(graphs.items(), values, search.clock))


class _Groups:
    def __init__(self, search: Search) -> None:
        self.search = search
        self.nodes = 0
        self.guesses = 0

    def factor(self, state: _State) -> Vectors | Proof | None:
        self.search.clock.check()
        if not state.neurons:
            return {}, {}
        for step in (self.lines, self.stars, self.forced, self.own_blocks, self.ranks):
            done, found = step(state)
            if done:
                return found
        found = self.drawn(state) or self.guessed(state)
        if found is not None:
            return found
        if not self.search.limit:
            done, found = self.zeros(state, forced=True)
            if done:
                return found
            found = self.equations(state)
            if found is not None:
                return found
            self.nodes += 1
            if self.nodes < MOST_NODES:
                done, found = self.zeros(state, forced=False)
                if found is not None:
                    return found
            return self.asked(state)
        return None

    # Each step says whether it applies, and then what came of it.

    def lines(self, state: _State) -> tuple[bool, Vectors | Proof | None]:
        """Rows and columns of zeros go."""
        rows = sorted({j for j, _ in state.values})
        cols = sorted({k for _, k in state.values})
        if not rows:
            return True, ({}, {})
        if rows == state.lines[0] and cols == state.lines[1]:
            return False, None
        keep, beside = set(rows), set(cols)
        part = _State.of(
            ((u, {c for c in g if c[0] in keep and c[1] in beside}) for u, g in state.neurons),
            state.values,
            self.search.clock,
        )
        found = self.factor(part)
        if isinstance(found, Proof):
            return True, Proof("restrict", {"rows": rows, "cols": cols}, (found,))
        return True, found

    def stars(self, state: _State) -> tuple[bool, Vectors | Proof | None]:
        """Neurons in one row or one column make what the others leave on their cells."""
        stars = [
            i
            for i, (_, graph) in enumerate(state.neurons)
            if min(len({j for j, _ in graph}), len({k for _, k in graph})) == 1
        ]
        if not stars:
            return False, None
        gone = frozenset().union(*(state.neurons[i][1] for i in stars))
        chosen = set(stars)
        rest = ((u, g - gone) for i, (u, g) in enumerate(state.neurons) if i not in chosen)
        found = self.factor(_State.of(rest, state.values, self.search.clock))
        if isinstance(found, Proof):
            return True, Proof("absorb", {"neurons": stars}, (found,))
        if found is None:
            return True, None
        x, y = found
        left = _left(state.values, gone, x, y, self.search.clock)
        for i in stars:
            unit, graph = state.neurons[i]
            in_row = len({j for j, _ in graph}) == 1
            for j, k in graph:
                value = left.pop((j, k), Fraction(0))
                if in_row:
                    x[unit, j] = Fraction(1)
                    y[unit, k] = value
                else:
                    y[unit, k] = Fraction(1)
                    x[unit, j] = value
        return True, (x, y)

    def ranks(self, state: _State) -> tuple[bool, Vectors | Proof | None]:
        """A block of higher rank than the neurons that meet it."""
        group = state.group
        blocks = dict.fromkeys(
            [
                (group.rows, group.cols),
                *((tuple(sorted(rows)), tuple(sorted(cols))) for rows, cols in group.supports),
            ]
        )
        for rows, cols in blocks:
            self.search.clock.check()
            inside = {(j, k) for j in rows for k in cols}
            if not inside <= group.cells:
                continue
            count = sum(1 for graph in group.neurons if not graph.isdisjoint(inside))
            if count < min(len(rows), len(cols)) and (
                rank_at_least(state.values, rows, cols, self.search.clock) > count
            ):
                return True, Proof("rank", {"rows": list(rows), "cols": list(cols)})
        return False, None

    def forced(self, state: _State) -> tuple[bool, Vectors | Proof | None]:
        """A neuron with a row and a column to itself and a value where they meet."""
        for i, (_, graph) in enumerate(state.neurons):
            rows, cols = {j for j, _ in graph}, {k for _, k in graph}
            self.search.clock.check()
            own = [cell for cell in graph if state.own(cell)]
            in_row, in_col = Counter(j for j, _ in own), Counter(k for _, k in own)
            own_rows = [j for j in rows if in_row[j] == len(cols)]
            own_cols = [k for k in cols if in_col[k] == len(rows)]
            for j in own_rows:
                for k in own_cols:
                    pivot = state.values.get((j, k))
                    if pivot:
                        return True, self.subtract(state, i, (j, k), pivot)
        return False, None

    def subtract(
        self, state: _State, neuron: int, cell: Cell, pivot: Fraction
    ) -> Vectors | Proof | None:
        unit, graph = state.neurons[neuron]
        j, k = cell
        x = {
            (unit, row): state.values[row, k] / pivot
            for row in {c[0] for c in graph}
            if (row, k) in state.values
        }
        y = {
            (unit, col): state.values[j, col]
            for col in {c[1] for c in graph}
            if (j, col) in state.values
        }
        left = _left(state.values, graph, x, y, self.search.clock, state.values)
        rest = state.without(neuron, left)
        uncovered = [c for c in left if c not in rest.owners]
        if uncovered:
            found: Vectors | Proof | None = Proof("outside", {"cell": list(min(uncovered))})
        else:
            found = self.factor(rest)
        if isinstance(found, Proof):
            return Proof("rank_one", {"neuron": neuron, "cell": [j, k]}, (found,))
        return None if found is None else ({**x, **found[0]}, {**y, **found[1]})

    def own_blocks(self, state: _State) -> tuple[bool, Vectors | Proof | None]:
        """Equal neurons with a whole block to themselves: any matrix of that rank."""
        for graph, count in Counter(graph for _, graph in state.neurons).items():
            rows, cols = sorted({j for j, _ in graph}), sorted({k for _, k in graph})
            if len(graph) < len(rows) * len(cols):
                continue
            if any(len(state.owners[cell]) > count for cell in graph):
                continue
            clock = self.search.clock
            if count < min(len(rows), len(cols)) and (
                rank_at_least(state.values, rows, cols, clock) > count
            ):
                return True, Proof("rank", {"rows": rows, "cols": cols})
            top, chosen, weight = skeleton(state.values, rows, cols, clock)
            if len(chosen) > count:
                return True, None  # the prime divides a minor: no such thing was met
            units = [unit for unit, other in state.neurons if other == graph]
            found = self.factor(
                _State.of(
                    (one for one in state.neurons if one[1] != graph),
                    {c: v for c, v in state.values.items() if c not in graph},
                    clock,
                )
            )
            if isinstance(found, Proof):
                gone = [i for i, one in enumerate(state.neurons) if one[1] == graph]
                return True, Proof("absorb", {"neurons": gone}, (found,))
            if found is None:
                return True, None
            left = dense(state.values, rows, chosen, clock)
            right = product(weight, dense(state.values, top, cols, clock), clock)
            x, y = found
            for unit, place in zip(units, range(len(chosen)), strict=False):
                x.update({(unit, j): fraction(left[i, place]) for i, j in enumerate(rows)})
                y.update({(unit, k): fraction(right[place, i]) for i, k in enumerate(cols)})
            return True, (x, y)
        return False, None

    def drawn(self, state: _State) -> Vectors | None:
        """Small x by chance, then y by linear systems; or the other way."""
        for trial in range(DRAWS):
            turned = trial % 2 == 1
            found = self.draw(state, turned)
            if found is not None:
                return found
        return None

    def draw(self, state: _State, turned: bool) -> Vectors | None:
        side = 1 if turned else 0
        fixed: Entries = {}
        for unit, graph in state.neurons:
            for line in {cell[side] for cell in graph}:
                fixed[unit, line] = Fraction(self.search.draw())
        by_line: dict[int, list[Cell]] = {}
        for cell in state.owners:
            by_line.setdefault(cell[1 - side], []).append(cell)
        solved: Entries = {}
        for line, cells in by_line.items():
            self.search.clock.check()
            around = sorted({i for cell in cells for i in state.owners[cell]})
            if len(around) > MOST_UNKNOWNS:
                return None
            if not any(cell in state.values for cell in cells):
                continue
            place = {i: n for n, i in enumerate(around)}
            matrix, right = fmpq_mat(len(cells), len(around)), fmpq_mat(len(cells), 1)
            for row, cell in enumerate(cells):
                for i in state.owners[cell]:
                    matrix[row, place[i]] = fixed[state.neurons[i][0], cell[side]].numerator
                value = state.values.get(cell, Fraction(0))
                right[row, 0] = fmpq(value.numerator, value.denominator)
            found = solve(matrix, right, self.search.clock)
            if found is None:
                return None
            for i, n in place.items():
                solved[state.neurons[i][0], line] = fraction(found[n, 0])
        return (solved, fixed) if turned else (fixed, solved)

    def guessed(self, state: _State) -> Vectors | None:
        """A neuron with a column, or a row, to itself: that fixes one vector but for its length; of
        the other what is free is drawn."""
        tried = 0
        for i, (unit, graph) in enumerate(state.neurons):
            for side in (1, 0):
                self.search.clock.check()
                shared = {cell[side] for cell in graph if not state.own(cell)}
                own = sorted({cell[side] for cell in graph} - shared)
                if not own or tried == GUESSES or self.guesses == MOST_GUESSES:
                    continue
                tried += 1
                self.guesses += 1
                along, across = self.guess(state, graph, side, own[0])
                x = {(unit, line): v for line, v in (along if side else across).items() if v}
                y = {(unit, line): v for line, v in (across if side else along).items() if v}
                left = _left(state.values, graph, x, y, self.search.clock, state.values)
                rest = state.without(i, left)
                if len(rest.values) < len(left):
                    continue  # something is left where no other neuron is
                found = self.factor(rest)
                if found is not None and not isinstance(found, Proof):
                    return {**x, **found[0]}, {**y, **found[1]}
        return None

    def guess(
        self, state: _State, graph: Graph, side: int, line: int
    ) -> tuple[dict[int, Fraction], dict[int, Fraction]]:
        """Values along a line (side 1: a column) and across."""
        zero = Fraction(0)
        known = {c[1 - side]: state.values.get(c, zero) for c in graph if c[side] == line}
        along = {cell[1 - side]: Fraction(self.search.draw()) for cell in graph}
        if any(known.values()):
            along.update(known)
        across = {cell[side]: Fraction(self.search.draw()) for cell in graph}
        for cell in graph:
            if along[cell[1 - side]] and state.own(cell):
                across[cell[side]] = state.values.get(cell, zero) / along[cell[1 - side]]
        return along, across

    def zeros(self, state: _State, forced: bool) -> tuple[bool, Vectors | Proof | None]:
        """A cell of one neuron with value 0: the unknown of its row or that of its column is 0.

        ``forced``: only where one of the two is known not to be 0.
        """
        for cell in sorted(state.owners):
            if cell in state.values or not state.own(cell):
                continue
            self.search.clock.check()
            i = state.owners[cell][0]
            ends = [self.needed(state, i, cell[side], side) for side in (0, 1)]
            if forced and ends == [None, None]:
                continue
            parts: list[Proof] = []
            hopeless = True
            for side in (0, 1):
                end = ends[side]
                if end is not None:
                    parts.append(Proof("outside", {"cell": list(end)}))
                    continue
                found = self.cut(state, i, cell[side], side)
                if found is None:
                    hopeless = False
                elif isinstance(found, Proof):
                    parts.append(found)
                else:
                    return True, found
            if not hopeless:
                return forced, None
            return True, Proof("zero", {"cell": list(cell)}, tuple(parts))
        return False, None

    def needed(self, state: _State, neuron: int, line: int, side: int) -> Cell | None:
        """A cell with a value in this row (side 0) or column that the neuron alone covers."""
        for cell in sorted(state.neurons[neuron][1]):
            if cell[side] == line and cell in state.values and state.own(cell):
                return cell
        return None

    def cut(self, state: _State, neuron: int, line: int, side: int) -> Vectors | Proof | None:
        """The neuron without a row or column, of which no cell with a value is its own."""
        return self.factor(
            _State.of(
                (
                    (unit, {c for c in graph if c[side] != line} if i == neuron else graph)
                    for i, (unit, graph) in enumerate(state.neurons)
                ),
                state.values,
                self.search.clock,
            )
        )

    def equations(self, state: _State) -> Vectors | Proof | None:
        if sum(len(graph) for _, graph in state.neurons) > MOST_PATHS:
            return None
        model = Model.of(state.group)
        clock = self.search.clock.share(0.3)
        found = refutation.solve(model or state.group, state.values, clock)
        if isinstance(found, refutation.Refuted):
            return Proof("equations", {"refutation": dict(found.tree)})
        return self.named(state, found.values) if isinstance(found, refutation.Member) else None

    def asked(self, state: _State) -> Vectors | Proof | None:
        if self.search.ask is None:
            return None
        found = self.search.ask(state.group, state.values)
        return found if found is None or isinstance(found, Proof) else self.named(state, found)

    def named(self, state: _State, values: Mapping[str, Fraction]) -> Vectors:
        """Vectors by their names x_{neuron}_{row}, y_{neuron}_{column}."""
        x: Entries = {}
        y: Entries = {}
        for name, value in values.items():
            letter, neuron, line = name.split("_")
            (x if letter == "x" else y)[state.neurons[int(neuron)][0], int(line)] = value
        return x, y


def _left(
    values: Values,
    cells: Iterable[Cell],
    x: Entries,
    y: Entries,
    clock: Clock,
    others: Values | None = None,
) -> Entries:
    """What x and y leave of the values on these cells, and ``others`` as they are."""
    by_row: dict[int, list[tuple[int, Fraction]]] = {}
    for (unit, j), value in x.items():
        by_row.setdefault(j, []).append((unit, value))
    left = dict(others or {})
    for j, k in cells:
        clock.check()
        made = sum((v * y.get((unit, k), 0) for unit, v in by_row.get(j, ())), Fraction(0))
        value = values.get((j, k), Fraction(0)) - made
        left.pop((j, k), None)
        if value:
            left[j, k] = value
    return left
