"""Completion and relative freeness: neurons replaced, or set aside, with the help of another one
(see ``group_rules``).

The kernel speaks of these neurons as the blocks R_i x C_i, of which they observe every observed
cell; that is demanded of every neuron named."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from cadlink.certificates.kernel.group_rules import general_position, observe_their_blocks
from cadlink.certificates.kernel.problems import Graph, Group
from cadlink.certificates.kernel.reader import Lemma, Needs, Outcome, Reader

__all__ = ["completion", "relative_freeness"]


def completion(group: Group, at: Reader) -> Outcome:
    """Neurons S, p of them; R, C the unions of their R_i, C_i; every matrix of rank <= p on R x C,
    restricted to the observed cells E, is a sum of theirs (*a leaf*, see below).  Then the set does
    not change when each of them is replaced by one that observes all of E on R x C: the sums of
    either family are the matrices of rank <= p there.

    Relative (``by`` is a neuron a, not in S): C inside C_a, R_a inside R, a observes all of E on
    R_a x C, and for every row j in R_a the neurons of S make every matrix of rank <= p on (R - j) x
    C.  The same conclusion.  Proof: let A = x_a y_a^T + B + the rest, B of rank <= p on R x C.  If
    x_a = 0 take x_a = e_j for some j in R_a and y_a = 0.  So let x_a(j) != 0.  With u = B_j /
    x_a(j) use y_a + u and B - x_a u^T instead, which has rank <= p, as x_a(j) u is a row of B, and
    row j zero: S makes it.

    A leaf for rows U and columns V, from the blocks (R_i n U) x C_i, any of: U is empty; the t-th
    smallest defect |U| - |R_i n U| + |V| - |C_i| is <= t - 1 for t up to min(p, |U|, |V|)
    (``rank_peeling``, "peeling"); all C_i are V and the R_i n U are in general position, or rows
    and columns exchanged (``transversal``); or p >= min(|U|, |V|), the cells of S are all of E
    on U x V, and S restricted to U is free (a proof)."""
    team = _team(group, at)
    rows = frozenset().union(*(group.row_sets[i] for i in team))
    cols = frozenset().union(*(group.col_sets[i] for i in team))
    if at.data["by"] is None:
        pieces = [rows]
    else:
        a = at.member(at.data["by"], range(len(group.neurons)), "neuron")
        at.demand(a not in team, "a neuron outside the team", a)
        inside = group.row_sets[a] <= rows and cols <= group.col_sets[a]
        at.demand(inside, f"R_{a} inside R and C inside C_{a}", "not so")
        _observes(group, at, a, group.row_sets[a], cols)
        pieces = [rows - {j} for j in sorted(group.row_sets[a])]
    leaves = at.items(at.data["leaves"], "leaves", len(pieces))
    at.spend(len(pieces) * group.cost)
    lemmas: list[Lemma] = []
    for n, (part, leaf) in enumerate(zip(pieces, leaves, strict=True)):
        lemmas += _leaf(group, at, team, part, cols, leaf, f"leaves[{n}]")
    block = {(j, k) for j, k in group.cells if j in rows and k in cols}
    others = [graph for i, graph in enumerate(group.neurons) if i not in team]
    whole = Group.of([*others, *([block] * len(team))])
    return Needs((whole,), lemmas=tuple(lemmas), facts={"rows": sorted(rows), "cols": sorted(cols)})


def relative_freeness(group: Group, at: Reader) -> Outcome:
    """Neurons Q, a neuron a not in Q; R the union of the R_i of Q, inside R_a; K that of their C_i
    and C_a; F = E on R x K; a observes all of E on R x C_a.  For every column k* in C_a the neurons
    Q, without that column, cover all of F without it and are free.  Then the set is R^F x that of
    the neurons but Q without the cells of F.

    Proof.  Q contributes on F only.  Given a solution on E - F: if y_a = 0, take y_a = e_k for some
    k in C_a and x_a = 0 off R.  (If G_a - F falls apart, put the x and y of its components
    together; a observes no other cell of their rows and columns off F.)  Choose k* with y_a(k*) !=
    0.  With y = 0 in k* for Q, the entries of x_a on R, which no cell off F sees, give column k* of
    F any values, and Q then any values on the rest of F."""
    team = _team(group, at)
    a = at.member(at.data["by"], range(len(group.neurons)), "neuron")
    at.demand(a not in team, "a neuron outside the team", a)
    rows = frozenset().union(*(group.row_sets[i] for i in team))
    cols = group.col_sets[a].union(*(group.col_sets[i] for i in team))
    at.demand(rows <= group.row_sets[a], f"R inside R_{a}", sorted(rows - group.row_sets[a]))
    _observes(group, at, a, rows, group.col_sets[a])
    gone = frozenset((j, k) for j, k in group.cells if j in rows and k in cols)
    columns = sorted(group.col_sets[a])
    proofs = at.items(at.data["proofs"], "proofs", len(columns))
    at.spend(len(columns) * (200 * len(gone) + group.cost))
    lemmas = []
    for n, (column, proof) in enumerate(zip(columns, proofs, strict=True)):
        rest = {cell for cell in gone if cell[1] != column}
        graphs = [{cell for cell in group.neurons[i] if cell[1] != column} for i in team]
        covered = set().union(*graphs) == rest
        at.demand(covered, f"the team on all cells without column {column}", "some")
        if rest:
            lemmas.append(Lemma(Group.of(graphs), proof, f"proofs[{n}]"))
        else:
            at.demand(proof is None, "no proof about no cells", "a proof")
    others = [graph for i, graph in enumerate(group.neurons) if i not in team]
    part = Group.of(graph - gone for graph in others)
    return Needs((part,), lemmas=tuple(lemmas), facts={"rows": sorted(rows)})


def _team(group: Group, at: Reader) -> list[int]:
    """Some neurons, each observing all observed cells of its R_i x C_i."""
    team = at.ascending(at.data["neurons"], range(len(group.neurons)), "neuron")
    at.spend(200 * len(group.cells))
    observe_their_blocks(group, team, at)
    return team


def _observes(
    group: Group, at: Reader, i: int, rows: Collection[int], cols: Collection[int]
) -> None:
    """Neuron i observes every observed cell of rows x cols."""
    block = {(j, k) for j, k in group.cells if j in rows and k in cols}
    at.demand(block <= group.neurons[i], f"neuron {i} to observe its whole block", "not so")


def _leaf(
    group: Group,
    at: Reader,
    team: Sequence[int],
    rows: frozenset[int],
    cols: frozenset[int],
    leaf: object,
    place: str,
) -> list[Lemma]:
    """A leaf of ``completion``: what remains to be proved."""
    if not rows:
        at.demand(leaf is None, f"{place}: nothing for no rows", leaf)
        return []
    blocks = [(group.row_sets[i] & rows, group.col_sets[i]) for i in team]
    n, m, p = len(rows), len(cols), len(team)
    if leaf == "peeling":
        defects = sorted(n - len(r) + m - len(c) for r, c in blocks)
        good = all(defects[t] <= t for t in range(min(p, n, m)))
        at.demand(good, f"{place}: defects c_i <= i - 1", defects)
        return []
    if leaf == "transversal":
        across = all(c == cols for _, c in blocks)
        if across:
            general_position([r for r, _ in blocks], n, at)
        else:
            at.demand(all(r == rows for r, _ in blocks), f"{place}: whole rows or columns", "none")
            general_position([c for _, c in blocks], m, at)
        return []
    at.demand(p >= min(n, m), f"{place}: {min(n, m)} neurons", p)
    graphs: list[Graph] = [
        frozenset(cell for cell in group.neurons[i] if cell[0] in rows) for i in team
    ]
    block = {(j, k) for j, k in group.cells if j in rows and k in cols}
    at.demand(frozenset().union(*graphs) == block, f"{place}: every cell covered", "some")
    if not block:
        at.demand(leaf is None, f"{place}: nothing for no cells", leaf)
        return []
    return [Lemma(Group.of(graphs), leaf, place)]
