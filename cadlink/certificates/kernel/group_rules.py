"""The rules about groups.  Each docstring is the theorem and its proof.

R_i and C_i are the rows and columns of the graph G_i.  A group is *complete* when every G_i is
R_i x C_i: then A, put to 0 off the observed cells, is the full product X Y with the prescribed
supports, and rank arguments apply.  Rules that use the rank of A demand it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations

from cadlink.certificates.kernel.problems import Graph, Group, representatives
from cadlink.certificates.kernel.reader import (
    CLOSED,
    FREE,
    NOT_CLOSED,
    Found,
    Lemma,
    Needs,
    Outcome,
    Reader,
)

__all__ = [
    "absorb",
    "empty",
    "forcing",
    "general_position",
    "good_pairs",
    "lines",
    "matching",
    "merged_block",
    "merged_cross",
    "merged_two_blocks",
    "observe_their_blocks",
    "pinned_columns",
    "rank_peeling",
    "relabel",
    "restrict",
    "rigid_collision",
    "split",
    "star",
    "transpose",
    "transversal",
]


def transpose(group: Group, at: Reader) -> Outcome:
    """(x y^T)^T = y x^T."""
    return Needs((group.transpose(),))


def relabel(group: Group, at: Reader) -> Outcome:
    """Renaming rows and columns renames the entries of A, x_i and y_i."""
    maps = []
    for key, lines in (("rows", group.rows), ("cols", group.cols)):
        table: dict[int, int] = {}
        for pair in at.items(at.data[key], key, len(lines)):
            old, new = at.items(pair, "[old, new]", 2)
            at.demand(at.member(old, lines, f"one of the {key}") not in table, "each once", pair)
            table[old] = at.integer(new, "a new number", 0, 1 << 31)
        at.demand(len(set(table.values())) == len(table), f"different new {key}", at.data[key])
        maps.append(table)
    return Needs((group.map(lambda cell: (maps[0][cell[0]], maps[1][cell[1]])),))


def restrict(group: Group, at: Reader) -> Outcome:
    """The set of the restriction, padded with zeros, is the set intersected with the closed
    space of A that vanish off rows x cols: put the other entries of the x_i and y_i to zero."""
    rows = frozenset(at.ascending(at.data["rows"], group.rows, "row"))
    cols = frozenset(at.ascending(at.data["cols"], group.cols, "column"))
    kept = ({(j, k) for j, k in graph if j in rows and k in cols} for graph in group.neurons)
    return Needs((Group.of(kept),), "obstruction")


def split(group: Group, at: Reader) -> Outcome:
    """Neurons that share no cell, directly or through others, contribute to disjoint sets of
    cells with different parameters: the set is a product, closed (or everything) iff each is."""
    return Needs(tuple(group.components()), "all")


def empty(group: Group, at: Reader) -> Outcome:
    """No neuron, no observed cell."""
    at.demand(not group.neurons, "no neuron", f"{len(group.neurons)}")
    return Found(FREE)


def absorb(group: Group, at: Reader) -> Outcome:
    """Neurons Q that are free on the set F of their cells: whatever the others do, Q gives A
    any values on F.  So the set is R^F x (projection of the others' set to E \\ F), closed (or
    everything) iff that projection is; it is the set of the others with F removed from their
    graphs."""
    chosen = at.ascending(at.data["neurons"], range(len(group.neurons)), "neuron")
    free = Group.of(group.neurons[i] for i in chosen)
    gone = frozenset(chosen)
    others = [graph for i, graph in enumerate(group.neurons) if i not in gone]
    rest = Group.of(graph - free.cells for graph in others)
    return Needs((rest,), lemmas=(Lemma(free, at.data["proof"]),))


def _is_star(graph: Graph) -> bool:
    return len({j for j, _ in graph}) == 1 or len({k for _, k in graph}) == 1


def star(group: Group, at: Reader) -> Outcome:
    """Every graph is a star (cells in one row or in one column).  A neuron with 1 at its
    centre has any values on its cells; let each observed cell be served by one neuron covering
    it."""
    bad = [i for i, graph in enumerate(group.neurons) if not _is_star(graph)]
    at.demand(not bad, "stars only", f"neuron {bad[0]} is none" if bad else "")
    return Found(FREE)


def lines(group: Group, at: Reader) -> Outcome:
    """p neurons, all with the same graph; q different rows or columns (lines).  If q <= p and
    no cell is off the lines, or q < p and the cells off the lines form disjoint stars: free.

    Proof.  A neuron that is the indicator vector of a line on one side has any values on that
    line's cells and 0 elsewhere: one neuron per line.  In the second case one more neuron, 0 on the
    lines, 1 at the centre of every star, has any values on the cells off the lines; serve those
    first, then the lines."""
    at.demand(
        len(set(group.neurons)) == 1, "equal graphs, at least one", f"{len(set(group.neurons))}"
    )
    listed = at.items(at.data["lines"], "lines")
    rows, cols = set(), set()
    for line in listed:
        kind, number = at.items(line, "[row or col, number]", 2)
        at.demand(kind in ("row", "col"), "row or col", kind)
        if kind == "row":
            rows.add(at.member(number, group.rows, "row"))
        else:
            cols.add(at.member(number, group.cols, "column"))
    at.demand(len(rows) + len(cols) == len(listed), "different lines", listed)
    left = {(j, k) for j, k in group.cells if j not in rows and k not in cols}
    spare = len(group.neurons) - len(listed)
    at.demand(spare >= (1 if left else 0), "enough neurons for the lines", f"{len(group.neurons)}")
    at.demand(
        all(_is_star(part) for part in Group.of([left]).neurons), "stars off the lines", "others"
    )
    return Found(FREE)


def matching(group: Group, at: Reader) -> Outcome:
    """In column k join row j to neuron i when (j, k) is in G_i.  If in every column some
    matching saturates the rows: free.

    Proof.  Column k of A is M_k times the vector of the y_i(k), where M_k(j, i) = x_i(j) on the
    joined pairs, else 0.  By the matching some minor of M_k with all its rows is a nonzero
    polynomial in the x_i(j).  Choose X so that none of these minors vanishes; then every column is
    a solvable linear system, with unknowns of its own."""
    at.spend(200_000 * len(group.cols) + 1000 * group.ones)
    columns: dict[int, dict[int, list[int]]] = {}  # column: row: neurons
    for (j, k), neurons in sorted(group.owners().items()):
        columns.setdefault(k, {})[j] = neurons
    pairs: dict[int, dict[int, int]] = {}  # column: row: neuron
    for k, rows in sorted(columns.items()):
        found = representatives(list(rows.values()))
        at.demand(found is not None, "a matching of the rows in every column", f"none in {k}")
        pairs[k] = dict(zip(rows, found or (), strict=True))
    return Found(FREE, facts={"pairs": pairs})


def pinned_columns(group: Group, at: Reader) -> Outcome:
    """Pins (neuron a, columns P), no neuron and no column twice: the columns of P have the same
    observed rows D, a observes D x P, and if P has two columns or more no other neuron covers a
    cell of them.  x_i(j) is a variable unless i is pinned and j is in its D.  Every column k that
    is not pinned has its observed rows matched to neurons observing them (1) at variables, or (2)
    for one of the pins (a, P) and every row j of its D, at variables and perhaps at (j, a).  Then
    the set is { A : rank A[D, P] <= 1 for every pin }: closed, and everything if all P are single.

    Proof.  A[D, P] = x_a y_a^T where P has two columns.  Given A with these ranks, let x_a on D be
    a nonzero column v of A[D, P] for every pin; without one let these x_a(j) be variables as well.
    The columns of P are multiples of v: done by y_a, the other y_i being 0 there. Column k: the
    matrix M_k of the x_i(j), (j, k) in G_i, needs full row rank.  In (2) take a row j with v(j) !=
    0, if there is a v.  The minor of the matched neurons has the product of the matched variables
    with coefficient +-1, or, if (j, a) is used and no variable, +-v(j): a term of the determinant
    with all these variables has their places, which leave at most (j, a).  So the minor is a
    nonzero polynomial in the variables.  Choose them so that none of these minors vanishes."""
    at.spend(2 * group.cost)
    owners = group.owners()
    rows_of: dict[int, set[int]] = {}
    for j, k in group.cells:
        rows_of.setdefault(k, set()).add(j)
    pinned: dict[int, set[int]] = {}  # neuron: the rows of its pin
    done: set[int] = set()
    single = True
    for entry in at.items(at.data["pins"], "pins"):
        neuron, columns = at.items(entry, "[neuron, columns]", 2)
        a = at.member(neuron, range(len(group.neurons)), "neuron")
        cols = at.ascending(columns, group.cols, "column")
        at.demand(bool(cols) and a not in pinned and done.isdisjoint(cols), "each once", entry)
        rows = rows_of[cols[0]]
        for p in cols:
            whole = rows_of[p] == rows and all((j, p) in group.neurons[a] for j in rows)
            at.demand(whole, "the same rows in every column, all seen by the neuron", entry)
        if len(cols) > 1:
            single = False
            alone = all(owners[j, p] == [a] for j in rows for p in cols)
            at.demand(alone, "columns that no other neuron covers", entry)
        pinned[a] = rows
        done.update(cols)

    def served(k: int, extra: tuple[int, int] | None) -> bool:
        at.spend(200_000 + 1000 * sum(len(owners[j, k]) for j in rows_of[k]))
        sets = [
            [i for i in owners[j, k] if i not in pinned or j not in pinned[i] or extra == (j, i)]
            for j in sorted(rows_of[k])
        ]
        return representatives(sets) is not None

    for k in sorted(set(rows_of) - done):
        fine = served(k, None) or any(
            all(served(k, (j, a)) for j in rows) for a, rows in pinned.items()
        )
        at.demand(fine, "matchings in every column", f"none in {k}")
    return Found(FREE if single else CLOSED)


def rank_peeling(group: Group, at: Reader) -> Outcome:
    """n rows, m columns, every neuron observing all observed cells of its R_i x C_i; defects c_i =
    (n - |R_i|) + (m - |C_i|) in ascending order.  If c_i <= i - 1 for i = 1..min(n, m): free.  If
    that holds for all the neurons, and every cell is observed: closed.

    Proof.  If c_i <= i - 1 for i = 1..s, every n x m matrix A of rank <= s is a product of the
    first s neurons: let rank A = s (if less, drop neuron s).  On the row space W and the column
    space V of A the pairing <u^T A, A v> = u^T A v is well defined and perfect.  The x in V with
    support in R_s and the y in W with support in C_s form spaces of dimensions adding up to at
    least 2 s - c_s > s, so some of them have <y, x> = 1, x = A v.  A - x y kills the kernel of A
    (y is in W) and v (y v = 1): its rank is s - 1; go on with the other neurons.  Any A has rank
    <= min(n, m) (zeros in unobserved cells); products of r neurons have rank <= r, so in the
    second case the set is that of all matrices of rank <= r."""
    n, m = len(group.rows), len(group.cols)
    at.demand(bool(group.neurons), "at least one neuron", "none")
    defects = []
    observe_their_blocks(group, range(len(group.neurons)), at)
    for rows, cols in zip(group.row_sets, group.col_sets, strict=True):
        defects.append(n - len(rows) + m - len(cols))
    peeled = 0
    for defect in sorted(defects):
        if defect > peeled:
            break
        peeled += 1
    facts = {"defects": sorted(defects), "peeled": peeled}
    if peeled >= min(n, m):
        return Found(FREE, facts=facts)
    at.demand(peeled == len(defects), "defects c_i <= i - 1", f"{sorted(defects)}")
    at.demand(len(group.cells) == n * m, "every cell observed", f"{len(group.cells)}")
    return Found(CLOSED, facts=facts)


def transversal(group: Group, at: Reader) -> Outcome:
    """r neurons, n >= r rows, complete graphs, every C_i all columns; w_i = max(0, r - n + |R_i|).
    For every nonempty set J of neurons some w_i, i in J, is at least |J|, or some J' in J with at
    least two members has sum of w_i over J' - |intersection of the R_i| > (|J| - 1) (|J'| - 1).
    Then closed, and free if r = n.

    Proof.  The set is that of all A of rank <= r.  Let V, of dimension r, contain the columns of A,
    W_i = { v in V : v = 0 off R_i }, of dimension >= w_i, S = sum of the W_i over J, d = dim S.
    The intersection of the W_i over J' has dimension >= d - sum (d - w_i) and consists of vectors
    supported on the intersection of the R_i; so d (|J'| - 1) >= sum w_i - |intersection|, and d >
    |J| - 1 under the condition.  By Rado's theorem the W_i contain a basis x_1, .., x_r of V."""
    n, r = len(group.rows), len(group.neurons)
    at.demand(group.complete, "complete graphs", "a graph with an unobserved cell")
    at.demand(all(cols == group.cols for cols in group.col_sets), "all columns", "some columns")
    general_position(group.row_sets, n, at)
    return Found(FREE if r == n else CLOSED)


def general_position(sets: Sequence[frozenset[int]], n: int, at: Reader) -> None:
    """Demand the condition of ``transversal`` for these row sets, at most n of them, in n rows."""
    r = len(sets)
    at.demand(0 < r <= n, f"1 to {n} neurons", f"{r}")
    at.spend(500 * 3**r + 2**r * (2000 + 50 * r * n))
    width = [max(0, r - n + len(rows)) for rows in sets]
    excess = {
        part: sum(width[i] for i in part) - len(frozenset.intersection(*(sets[i] for i in part)))
        for size in range(2, r + 1)
        for part in combinations(range(r), size)
    }
    for size in range(1, r + 1):
        for chosen in combinations(range(r), size):
            enough = any(width[i] >= size for i in chosen) or any(
                excess[part] > (size - 1) * (smaller - 1)
                for smaller in range(2, size + 1)
                for part in combinations(chosen, smaller)
            )
            at.demand(enough, f"room for independent vectors in neurons {chosen}", "too little")


def observe_their_blocks(group: Group, neurons: Iterable[int], at: Reader) -> None:
    """Demand that each of these neurons observes all observed cells of its R_i x C_i."""
    seen: dict[int, set[int]] = {}  # the observed columns of every row
    for j, k in group.cells:
        seen.setdefault(j, set()).add(k)
    for i in neurons:
        rows, cols = group.row_sets[i], group.col_sets[i]
        at.spend(40 * len(rows) * len(cols))
        observed = sum(len(cols & seen[j]) for j in rows)
        at.demand(
            len(group.neurons[i]) == observed,
            f"all observed cells of its rows and columns in neuron {i}",
            "some",
        )


def good_pairs(group: Group, at: Reader) -> Outcome:
    """A complete group in which every two blocks a, b have no common row, or no common column,
    or are anti-nested (R_a inside R_b and C_a contains C_b, or the reverse), or have
    R_a = R_b = one row, or C_a = C_b = one column: closed.

    Proof.  (1) Absorb the one-row blocks; they are stars.  Any other block b that shares a cell
    with a one-row block a at row j is anti-nested with it, C_b inside C_a, and loses its whole row
    j; so it stays complete.  If blocks b, c with R_b inside R_c, C_c inside C_b are left, every row
    of b that c loses (to a, C_c inside C_a, so C_a meets C_b) is lost by b too: they stay
    anti-nested; the other kinds of pairs stay what they are likewise.  The same for one-column
    blocks; repeat. (2) Now all pairs are disjoint or anti-nested.  Write a <= b for R_a inside R_b,
    C_a containing C_b, on the classes of equal blocks, m_i the size of class i.  The classes with a
    given column k are closed downwards, and so are those below a class i, which all have C_i;
    incomparable ones among them have disjoint rows, so for the maximal ones strictly below i
    subspaces of their row spaces add up directly.  Let d_i = min(|R_i|, m_i + sum of d over the
    maximal ones below i). A is in the set iff there are subspaces V_i of R^{R_i} of dimension d_i,
    V_a inside V_i for a <= i, with A[R_i, k] in V_i for the maximal classes i having column k and 0
    in the other rows: given X, enlarge the spans V_i of { x_a : a <= i } from below; given the V_i,
    choose the m_i vectors of class i spanning V_i modulo the sum below.  This is a closed condition
    on A and a point of a product of Grassmannians, which is compact, so the projection to A is
    closed."""
    at.demand(group.complete, "complete graphs", "a graph with an unobserved cell")
    blocks = list(zip(group.row_sets, group.col_sets, strict=True))
    lines = sum(len(rows) + len(cols) for rows, cols in blocks)
    at.spend(len(blocks) * (1000 * len(blocks) + 100 * lines))
    for (a, (rows_a, cols_a)), (b, (rows_b, cols_b)) in combinations(enumerate(blocks), 2):
        good = (
            rows_a.isdisjoint(rows_b)
            or cols_a.isdisjoint(cols_b)
            or (rows_a <= rows_b and cols_a >= cols_b)
            or (rows_a >= rows_b and cols_a <= cols_b)
            or (rows_a == rows_b and len(rows_a) == 1)
            or (cols_a == cols_b and len(cols_a) == 1)
        )
        at.demand(good, "blocks that are disjoint, anti-nested or in one line", f"neurons {a}, {b}")
    return Found(CLOSED)


def forcing(group: Group, at: Reader) -> Outcome:
    """S = the neurons covering the cell (j*, k*); every i in S has a witness (j_i, k_i), j_i
    != j*, k_i != k*, such that (j*, k_i) and (j_i, k_i) are covered by i alone; for one of them, s
    = start, the cell (j_s, k*) is not observed by s, or is covered by another neuron h that is not
    in S or has its witness in row j_s.  Not closed.

    Missed: A(j_i, k_i) = 1 and A(j*, k_i) = 0 give y_i(k_i) != 0 and x_i(j*) = 0 for all i in S, so
    A(j*, k*) = 0; the limit has 1 there.  Reached: x_s = t at j*, 1 at j_s; y_s = 1 at k_s, 1/t at
    k*; this gives 1 at (j_s, k_s) and (j*, k*), t at (j*, k_s), and 1/t at (j_s, k*) if s observes
    it. Then x_h = 1 at j_s and y_h = -1/t at k* cancel it, with y_h = 1 at k_h if h is in S, giving
    the 1 at (j_h, k_h) = (j_s, k_h).  The other i of S: x_i = 1 at j_i, y_i = 1 at k_i.  Others
    0."""
    j, k = at.items(at.data["cell"], "cell", 2)
    at.member(j, group.rows, "row")
    at.member(k, group.cols, "column")
    owners = group.owners()
    covering = owners.get((j, k), [])
    team = frozenset(covering)
    witnesses: dict[int, tuple[int, int]] = {}
    for entry in at.items(at.data["witnesses"], "witnesses", len(covering)):
        i, row, col = at.items(entry, "[neuron, row, column]", 3)
        at.member(i, team, f"a neuron covering {(j, k)}")
        at.demand(i not in witnesses, "one witness for every neuron", i)
        at.demand(type(row) is int and row != j, f"a witness outside row {j}", entry)
        at.demand(type(col) is int and col != k, f"a witness outside column {k}", entry)
        for cell in ((j, col), (row, col)):
            at.demand(owners.get(cell) == [i], f"cell {cell} of neuron {i} alone", "not so")
        witnesses[i] = (row, col)
    start, helper = at.member(at.data["start"], covering, "start"), at.data["helper"]
    row = witnesses[start][0]
    if helper is None:
        at.demand((row, k) not in group.neurons[start], f"{(row, k)} unobserved", "observed")
        return Found(NOT_CLOSED)
    at.demand(
        at.member(helper, owners.get((row, k), []), f"helper at {(row, k)}") != start,
        "a helper other than start",
        helper,
    )
    agrees = helper not in witnesses or witnesses[helper][0] == row
    at.demand(agrees, f"a helper not covering {(j, k)} or with its witness in row {row}", helper)
    return Found(NOT_CLOSED)


def rigid_collision(group: Group, at: Reader) -> Outcome:
    """A complete group of r neurons, a != b, R_a meets R_b.  Distinct representatives exist
    for (i) the r column sets C_a u C_b, C_a n C_b, C_i (i != a, b); (ii) the r - 1 row sets R_b \\
    R_a, R_i \\ R_a (i != a, b); (iii) the same with a and b exchanged.  Not closed.

    Reached: x_a = x + t x'_a, x_b = x - t x'_b, y_a = z/t + w_a, y_b = -z/t + w_b tend to x (w_a +
    w_b)^T + (x'_a + x'_b) z^T: a neuron on (R_a n R_b) x (C_a u C_b) with x, and one on (R_a u R_b)
    x (C_a n C_b), with the others as before.  Missed, for generic values: let V be the span of x,
    x' and the x_i.  Outside R_a, x is 0 and by (ii) the other r - 1 are independent, so dim V = r
    and V n R^{R_a} is the line of x; by (iii) so is V n R^{R_b}.  By (i) A has rank r and column
    space V.  If A = X Y with r neurons, the columns of X are a basis of V, and two of them, in
    R^{R_a} and R^{R_b}, are on the line of x: a contradiction."""
    a, b = _distinct(group, at, "a", "b")
    rows, cols = group.row_sets, group.col_sets
    others = [i for i in range(len(group.neurons)) if i not in (a, b)]
    at.demand(not rows[a].isdisjoint(rows[b]), "a common row of a and b", "none")
    columns = [cols[a] | cols[b], cols[a] & cols[b], *(cols[i] for i in others)]
    facts = {"columns": representatives(columns)}
    at.demand(facts["columns"] is not None, "distinct representatives of the column sets", "none")
    for key, one, two in (("outside_a", a, b), ("outside_b", b, a)):
        facts[key] = representatives([rows[i] - rows[one] for i in (two, *others)])
        at.demand(facts[key] is not None, f"distinct representatives of rows outside {one}", "none")
    return Found(NOT_CLOSED, facts=facts)


def merged_block(group: Group, at: Reader) -> Outcome:
    """A complete group of r neurons, a != b, J inside R_a u R_b and K inside C_a n C_b
    nonempty; no neuron covers all of J x K; R_a n R_b, R_i (i != a, b) have distinct
    representatives j*, j_i outside J, and C_a u C_b, C_i have k*, k_i outside K.  Not closed.

    Let A = 1_J 1_K^T + e_j* e_k*^T + sum of e_j_i e_k_i^T, of rank r.  Reached (uncrossing): x_i =
    e_j_i, y_i = e_k_i; x_a = e_j* + t 1 on J n R_a, x_b = e_j* - t 1 on J \\ R_a; y_a = 1_K/t, y_b
    = -1_K/t, and e_k* added to y_a if k* is in C_a, else to y_b: the sum over a and b is 1_J 1_K^T
    + e_j* e_k*^T + O(t). Missed (merging): if A = X Y, then rank X = rank Y = r; the rows J of A
    are equal, and Y has independent rows, so the rows J of X are equal: X[J, i] != 0 only if J is
    inside R_i.  Likewise Y[i, K] != 0 only if K is inside C_i.  So no neuron can contribute to J x
    K, where A is 1."""
    a, b = _distinct(group, at, "a", "b")
    J, K = _lines(group, at, "J", "rows"), _lines(group, at, "K", "cols")
    _uncrossing(group, at, a, b, J, K)
    _covered(group, at, J, K, ())
    return Found(NOT_CLOSED, facts=_representatives(group, at, a, b, (), J, K))


def merged_cross(group: Group, at: Reader) -> Outcome:
    """A complete group of r neurons, a, b, i1 distinct, j0 in J, k0 in K; no neuron covers
    J x {k0}, none covers {j0} x K; J inside R_a u R_b, k0 in C_a n C_b; i1 covers J x (K \\ k0);
    distinct representatives as in merged_block for R_a n R_b, R_i (i != a, b, i1) outside J and for
    C_a u C_b, C_i outside K.  Not closed.

    Let A = 1_J 1_K^T + e_j* e_k*^T + sum of e_j_i e_k_i^T, of rank r - 1.  Reached as in
    merged_block, with a and b giving 1_J 1_k0^T + e_j* e_k*^T and x_i1 = 1_J, y_i1 = 1 on K \\ k0.
    Missed: if A = X Y then, by Sylvester, rank X + rank Y <= 2 r - 1, so X or Y has the rank of A.
    If X: X and A have the same column space, rows J of A are equal, so rows J of X are, and X[J, i]
    != 0 only if J is inside R_i; then nobody can give A(., k0) = 1 on J.  If Y: the same with
    columns K, and A(j0, .) on K."""
    a, b, i1 = _distinct(group, at, "a", "b", "i1")
    J, K = _lines(group, at, "J", "rows"), _lines(group, at, "K", "cols")
    j0, k0 = at.member(at.data["j0"], J, "j0 in J"), at.member(at.data["k0"], K, "k0 in K")
    _uncrossing(group, at, a, b, J, frozenset({k0}))
    _covered(group, at, J, frozenset({k0}), ())
    _covered(group, at, frozenset({j0}), K, ())
    covers = group.row_sets[i1] >= J and group.col_sets[i1] >= K - {k0}
    at.demand(covers, f"neuron {i1} to cover J x (K without k0)", "not so")
    return Found(NOT_CLOSED, facts=_representatives(group, at, a, b, (i1,), J, K))


def merged_two_blocks(group: Group, at: Reader) -> Outcome:
    """A complete group of r neurons, a, b, f distinct; J1, J2 disjoint, K1, K2 disjoint, all
    nonempty; J1 inside R_a u R_b, K1 inside C_a n C_b; f covers J2 x K2; no neuron but f covers
    J1 x K1, J1 x K2 or J2 x K2; distinct representatives as in merged_block for R_a n R_b, R_i
    (i != a, b, f) outside J1 u J2 and for C_a u C_b, C_i outside K1 u K2.  Not closed.

    Let A = 1_J1 1_K1^T + 1_J2 1_K2^T + e_j* e_k*^T + sum of e_j_i e_k_i^T, of rank r; reached as in
    merged_block.  Missed: if A = X Y then rows J1 and J2 of X and columns K1 and K2 of Y merge as
    there.  On J1 x K1 and J2 x K2 only f can give the 1, so x_f(J1) != 0 and y_f(K2) != 0; on
    J1 x K2 then only f contributes, and its product is not 0, but A is."""
    a, b, f = _distinct(group, at, "a", "b", "f")
    J1, J2 = _lines(group, at, "J1", "rows"), _lines(group, at, "J2", "rows")
    K1, K2 = _lines(group, at, "K1", "cols"), _lines(group, at, "K2", "cols")
    at.demand(J1.isdisjoint(J2) and K1.isdisjoint(K2), "disjoint blocks", "overlapping ones")
    _uncrossing(group, at, a, b, J1, K1)
    at.demand(group.row_sets[f] >= J2 and group.col_sets[f] >= K2, "f to cover J2 x K2", "not so")
    for J, K in ((J1, K1), (J1, K2), (J2, K2)):
        _covered(group, at, J, K, (f,))
    return Found(NOT_CLOSED, facts=_representatives(group, at, a, b, (f,), J1 | J2, K1 | K2))


def _distinct(group: Group, at: Reader, *keys: str) -> list[int]:
    """Distinct neurons of a complete group."""
    at.demand(group.complete, "complete graphs", "a graph with an unobserved cell")
    neurons = [at.member(at.data[key], range(len(group.neurons)), f"neuron {key}") for key in keys]
    at.demand(len(set(neurons)) == len(keys), f"different neurons {', '.join(keys)}", neurons)
    return neurons


def _lines(group: Group, at: Reader, key: str, kind: str) -> frozenset[int]:
    """A nonempty set of rows or columns of the group."""
    allowed = group.rows if kind == "rows" else group.cols
    return frozenset(at.ascending(at.data[key], allowed, f"{key} of {kind}"))


def _uncrossing(
    group: Group, at: Reader, a: int, b: int, J: frozenset[int], K: frozenset[int]
) -> None:
    rows, cols = group.row_sets, group.col_sets
    at.demand(rows[a] | rows[b] >= J, f"rows of a or b, {sorted(J)}", "others")
    at.demand(cols[a] & cols[b] >= K, f"columns of a and b, {sorted(K)}", "others")


def _covered(
    group: Group, at: Reader, J: frozenset[int], K: frozenset[int], but: tuple[int, ...]
) -> None:
    """No neuron covers J x K, these excepted."""
    sets = enumerate(zip(group.row_sets, group.col_sets, strict=True))
    found = [i for i, (rows, cols) in sets if rows >= J and cols >= K and i not in but]
    at.demand(not found, f"no neuron covering {sorted(J)} x {sorted(K)}", f"{found}")


def _representatives(
    group: Group,
    at: Reader,
    a: int,
    b: int,
    but: tuple[int, ...],
    J: frozenset[int],
    K: frozenset[int],
) -> dict[str, list[int]]:
    """Distinct representatives for R_a n R_b, R_i outside J and for C_a u C_b, C_i outside K, the
    neurons i in ascending order."""
    rows, cols = group.row_sets, group.col_sets
    others = [i for i in range(len(group.neurons)) if i not in (a, b, *but)]
    row_sets = [rows[a] & rows[b], *(rows[i] for i in others)]
    col_sets = [cols[a] | cols[b], *(cols[i] for i in others)]
    its_rows = representatives([s - J for s in row_sets])
    its_cols = representatives([s - K for s in col_sets])
    at.demand(its_rows is not None, "distinct rows outside J", "none")
    at.demand(its_cols is not None, "distinct columns outside K", "none")
    return {"rows": its_rows or [], "cols": its_cols or []}
