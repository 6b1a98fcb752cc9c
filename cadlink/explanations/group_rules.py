"""The rules about groups that reduce them, or show them free or closed, one function each."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from cadlink.certificates.read import proof_from
from cadlink.explanations.document import Block, Items, Math, Paragraph, joined
from cadlink.explanations.draw import parts_of
from cadlink.explanations.formulas import INSIDE, TIMES, cells, many, math, setof, sub, these
from cadlink.explanations.summary import CLOSED, FREE, Account, matching, sentence
from cadlink.patterns.group import Group

__all__ = [
    "absorb",
    "empty",
    "full_factor",
    "good_pairs",
    "lines",
    "matchings",
    "pinned_columns",
    "rank_peeling",
    "relabel",
    "restrict",
    "split",
    "star",
    "transpose",
    "transversal",
]

MOST = 16  # lines of a list


def transpose(group: Group, data: dict[str, Any]) -> Account:
    """Rows and columns exchanged."""
    return Account(
        "transposition",
        sentence("Exchange rows and columns, and with them the roles of the x and the y."),
        (group.transpose(),),
    )


def relabel(group: Group, data: dict[str, Any]) -> Account:
    """Renaming."""
    moves = []
    for key, word in (("rows", "row"), ("cols", "column")):
        changed = [f"{word} {old} is now {new}" for old, new in data[key] if old != new]
        moves += changed[:MOST]
    what = ": " + ", ".join(moves) if moves else ""
    return Account(
        "renumbering",
        sentence(f"Rows and columns get other numbers, which changes nothing of interest{what}."),
        (group.relabel(dict(data["rows"]), dict(data["cols"])),),
    )


def restrict(group: Group, data: dict[str, Any]) -> Account:
    """Fewer rows and columns."""
    rows, cols = data["rows"], data["cols"]
    return Account(
        "restriction",
        sentence(
            f"Look at {these('row', rows)} and {these('column', cols)} only. The restricted set,"
            " padded with zeros, is the intersection of our set with the linear space of the A"
            " that vanish elsewhere: for such an A put the other entries of all x and y to zero."
            " That space is closed, so if the restricted set is not closed, neither is ours."
        ),
        (group.restrict(rows, cols),),
        "obstruction",
    )


def split(group: Group, data: dict[str, Any]) -> Account:
    """Groups without common cells."""
    parts = tuple(parts_of(group))
    return Account(
        "independent groups",
        sentence(
            f"The neurons fall into {len(parts)} groups that share no cell. They have different"
            " parameters, so the set is the product of the sets of these groups, and closed (all"
            " of the space) exactly if each of them is."
        ),
        parts,
        "all",
    )


def empty(group: Group, data: dict[str, Any]) -> Account:
    """Nothing left."""
    return Account(
        "nothing left",
        sentence("There is no neuron and no observed cell left: nothing remains to be shown."),
        conclusion=FREE,
    )


def absorb(group: Group, data: dict[str, Any]) -> Account:
    """Free neurons set aside."""
    chosen = data["neurons"]
    its = "its" if len(chosen) == 1 else "their"
    makes = "makes" if len(chosen) == 1 else "make"
    return Account(
        "free neurons set aside",
        sentence(
            f"By the lemma below, {these('neuron', chosen)} alone {makes} every matrix on {its}"
            " cells F. Whatever the other neurons do, A can still be given any values on F. So"
            f" {these('neuron', chosen)} and the cells of F may be forgotten: the set is closed"
            " (all of the space) exactly if the set of the other neurons on the remaining cells"
            " is. (A graph that falls apart thereby acts as one neuron for each piece.)"
        ),
        (group.absorb(chosen),),
        "same",
        (group.subgroup(chosen), proof_from(data["proof"], "proof")),
    )


def _centre(group: Group, i: int) -> str:
    """The row or column in which a star lies."""
    rows, cols = group.supports[i]
    word, line = ("row", rows) if len(rows) == 1 else ("column", cols)
    return f"neuron {i} in {word} {next(iter(line))}"


def star(group: Group, data: dict[str, Any]) -> Account:
    """Each graph in one row or column."""
    places = [_centre(group, i) for i in range(min(len(group.neurons), MOST))]
    if len(group.neurons) > MOST:
        places.append(f"... ({len(group.neurons)} neurons)")
    return Account(
        "stars",
        sentence(
            "Every graph lies in a single row or a single column: " + ", ".join(places) + ". With"
            " the entry 1 there, a neuron has arbitrary values on its cells; let every observed"
            " cell be served by one neuron that observes it, and by no other."
        ),
        conclusion=FREE,
    )


def lines(group: Group, data: dict[str, Any]) -> Account:
    """Equal graphs that few lines break into stars."""
    rows = [n for kind, n in data["lines"] if kind == "row"]
    cols = [n for kind, n in data["lines"] if kind == "col"]
    named = [these("row", rows)] * bool(rows) + [these("column", cols)] * bool(cols)
    left = [(j, k) for j, k in sorted(group.cells) if j not in rows and k not in cols]
    total = len(group.neurons)
    words = [f"All {total} neurons have the same graph." if total > 1 else "There is one neuron."]
    if named:
        words.append(
            f"Let {'one neuron' if len(data['lines']) == 1 else 'one neuron for each'} serve"
            f" {' and '.join(named)}: with the unit vector of that line on one side it has"
            " arbitrary values on the line and 0 elsewhere."
        )
    if left:
        shown = f" ({cells(left)})" if len(left) <= MOST else ""
        words.append(
            f"The cells that are left{shown} form stars in different rows and columns. One more"
            " neuron, with 1 at the centre of every star and 0 on the lines above, has arbitrary"
            " values on them. Serve these cells first, and the lines afterwards."
        )
    else:
        words.append("No other cell is observed.")
    return Account("lines", sentence(*words), conclusion=FREE)


def matchings(group: Group, data: dict[str, Any]) -> Account:
    """Matchings in every column."""
    blocks: list[Block] = [
        Paragraph(
            "In every column k of A join the observed rows j to the neurons i that observe (j, k)."
            " Each time the rows can be matched to different neurons. Column k of A is the matrix"
            f" {math('M_k')} with the entries {x_ij()} at the joined pairs, 0 elsewhere,"
            f" times the vector of the {math('y_i(k)')}; by the matching,"
            f" {math('M_k')} has a minor with all its rows that is not the zero polynomial"
            " in the x. Choose the x such that none of these minors vanishes. Then every column of"
            " A is a solvable linear system in unknowns of its own."
        )
    ]
    if len(group.cols) <= MOST and len(group.rows) <= MOST:
        blocks.append(Items(tuple(_matched(group))))
    return Account("matchings in every column", tuple(blocks), conclusion=FREE)


def x_ij() -> Math:
    return Math("x_i(j)", "x_i(j)")


def _matched(group: Group) -> list[str]:
    """The matchings; columns with the same one together."""
    alike: dict[str, list[int]] = {}
    for k in group.cols:
        rows = [j for j in group.rows if (j, k) in group.cells]
        found = matching([group.owners[j, k] for j in rows])
        pairs = ", ".join(f"row {rows[place]} to neuron {i}" for place, i in found.items())
        alike.setdefault(pairs, []).append(k)
    return [f"{these('column', columns)}: {pairs}" for pairs, columns in alike.items()]


def pinned_columns(group: Group, data: dict[str, Any]) -> Account:
    """Neurons that copy a column of A."""
    pins = data["pins"]
    rows_of = {k: sorted(j for j in group.rows if (j, k) in group.cells) for k in group.cols}
    listed = [
        f"neuron {i} copies {these('column', columns)}, with the rows {setof(rows_of[columns[0]])}"
        for i, columns in pins
    ]
    single = all(len(columns) == 1 for _, columns in pins)
    blocks: list[Block] = [
        Paragraph("Some neurons are pinned to columns of the wanted matrix A:"),
        Items(tuple(listed)),
    ]
    if not single:
        wide = joined(
            [
                Math("rank A[", r"\operatorname{rank} A[")
                + setof(rows_of[columns[0]])
                + ", "
                + setof(columns)
                + "]"
                + Math(" <= 1", r" \le 1")
                for _, columns in pins
                if len(columns) > 1
            ]
        )
        blocks.append(
            Paragraph(
                "No other neuron observes a cell of a pin with two columns or more, so every A in"
                f" the set satisfies {wide}. We show that nothing else is"
                " required; these are closed conditions."
            )
        )
    blocks.append(
        Paragraph(
            f"Given {'any' if single else 'such an'} A, let the x of a pinned neuron be a nonzero"
            " column of A among those it copies (if they are all zero, any vector), on the rows of"
            " these columns; then its y makes these columns, the others being 0 there. All other"
            " entries of the x are variables. In every other column the observed rows"
            " can be matched to neurons that observe them there, at variables; or else, for some"
            " pin and every row j of it, at variables and perhaps at the one place of the pinned"
            " vector in row j. In the second case take a row j where the pinned vector is not 0."
            " Either way the minor of the"
            " matched places has the product of the matched variables with a nonzero coefficient,"
            " so it is not the zero polynomial. Choose the variables such that none of these"
            " minors vanishes: the remaining columns are solvable linear systems in unknowns of"
            " their own."
        )
    )
    return Account("pinned columns", tuple(blocks), conclusion=FREE if single else CLOSED)


def rank_peeling(group: Group, data: dict[str, Any]) -> Account:
    """Nearly whole blocks."""
    n, m = len(group.rows), len(group.cols)
    defects = sorted((n - len(r)) + (m - len(c)) for r, c in group.supports)
    fit = 0
    for defect in defects:
        if defect > fit:
            break
        fit += 1
    free = fit >= min(n, m)
    s, V, W = Math("s", "s"), Math("V", "V"), Math("W", "W")
    end = (
        "Every matrix here (zeros put in unobserved cells) has rank at most"
        f" {min(n, m)}, so every one is reached."
        if free
        else f"A sum of {len(defects)} products has rank at most {len(defects)}, and all cells are"
        f" observed: the set is the closed set of all matrices of rank at most {len(defects)}."
    )
    shown = ", ".join(map(str, defects[:MOST])) + (", ..." if len(defects) > MOST else "")
    return Account(
        "peeling off ranks",
        (
            Paragraph(
                f"There are {n} rows and {m} columns, and each neuron observes all observed cells"
                " of its block. Let the defect of a neuron be the number of rows it lacks plus the"
                f" number of columns it lacks; in ascending order the defects are {shown}, and the"
                f" i-th smallest is at most i - 1, for i up to {fit if not free else min(n, m)}."
            ),
            Paragraph(
                f"Then the first {s} of them make every A of rank at most {s}, by induction. Let"
                f" rank A = {s} (if it is less, drop a neuron), with column space {V} and row space"
                f" {W}. For A v in {V} and {math('u^T A')} in {W} the pairing"
                f" {math('<u^T A, A v> = u^T A v')} is"
                f" well defined and perfect. The vectors of {V} that vanish in the rows neuron {s}"
                f" lacks, and those of {W} that vanish in the columns it lacks, form spaces of"
                f" dimensions adding up to at least 2s minus the defect, more than {s}; so they are"
                " not orthogonal, and contain x = A v and y with"
                f" {math('<y, x> = 1')}. Now"
                f" {math('A - x y')} kills the kernel of A and v besides: its rank is"
                f" {math('s - 1')}, and the other neurons make it."
            ),
            Paragraph(end),
        ),
        conclusion=FREE if free else CLOSED,
    )


def transversal(group: Group, data: dict[str, Any]) -> Account:
    """All columns, and row sets in general position."""
    n, r = len(group.rows), len(group.neurons)
    width = [max(0, r - n + len(rows)) for rows, _ in group.supports]
    shown = ", ".join(f"w_{i} = {value}" for i, value in enumerate(width[:MOST]))
    d, J, V = math("d"), math("J"), math("V")
    inner = math("J'")
    blocks = (
        Paragraph(
            f"There are {many(n, 'row')}, and {many(r, 'neuron')} observing whole blocks with all"
            f" columns. We show that every A of rank at most {r} is in the set. Let {V}, of"
            f" dimension {r}, contain the columns of A. The vectors of {V} that vanish outside the"
            f" rows {sub('R', 'i')} of neuron i form a space {sub('W', 'i')}, of dimension at least"
            f" {math(f'w_i = max(0, {r} - {n} + |R_i|)')}; these numbers are {shown}."
        ),
        Paragraph(
            f"For every set {J} of neurons, the sum of their spaces has a dimension {d} of at least"
            f" the size of {J}: either one of the {sub('w', 'i')} alone is so large, or it follows"
            f" from some {inner}{INSIDE}{J} of at least two neurons. For the intersection of the"
            f" {sub('W', 'i')} over {inner} has dimension at least {d} minus the sum of the"
            f" {math('d - w_i')}, and its vectors vanish outside the rows common to all neurons of"
            f" {inner}. So {math(f'(|J{chr(39)}| - 1) d')} is at least the sum of the"
            f" {sub('w', 'i')} minus the number of these common rows, and this exceeds"
            f" {math(f'(|J{chr(39)}| - 1) (|J| - 1)')}; that was checked for all {J}."
        ),
        Paragraph(
            f"By Rado's theorem the {sub('W', 'i')} contain a basis of {V}, one vector"
            f" {sub('x', 'i')} from each, and the columns of A are combinations of these: A = XY."
            + (
                f" Every A here has rank at most {n}, so every one is reached."
                if r == n
                else f" Conversely, products have rank at most {r}: the set is the closed set of"
                f" all matrices of rank at most {r}."
            )
        ),
    )
    return Account("row sets in general position", blocks, conclusion=FREE if r == n else CLOSED)


def full_factor(group: Group, data: dict[str, Any]) -> Account:
    """As many neurons as rows, all of them with all rows."""
    n = len(group.rows)
    outside = [len(group.cols) - len(c) for _, c in group.supports]
    listed = ", ".join(f"{sub('m', i)} = {value}" for i, value in enumerate(outside[:MOST]))
    return Account(
        "one factor without zeros",
        (
            Paragraph(
                f"There are {many(n, 'row')} and as many neurons, each with all rows and all"
                f" observed cells of its columns {sub('C', 'i')}. The numbers {sub('m', 'i')} of"
                f" columns that neuron i lacks are {listed}: for d = 1, ..., {n}, at most"
                f" {math(f'{n} - d')} of them are d or more."
            ),
            Paragraph(
                "Extend A by zeros to all cells. The row vectors z with zA = 0 on the columns"
                f" outside {sub('C', 'i')} form a space of dimension at least"
                f" {math(f'{n} - m_i')}. Any s of the neurons include one with"
                f" {math(f'm_i <= {n} - s')}, so any s of these spaces span at"
                " least s dimensions, and by Rado's theorem one can choose from them linearly"
                f" independent {sub('z', 'i')}. Let Z be the invertible matrix with these rows:"
                f" {math('X = Z^-1')} has no prescribed zeros, the rows of Y = ZA"
                f" have the prescribed ones, and XY = A."
            ),
        ),
        conclusion=FREE,
    )


def _relation(group: Group, one: int, other: int) -> str:
    """Why two blocks are a good pair."""
    (rows_a, cols_a), (rows_b, cols_b) = group.supports[one], group.supports[other]
    if rows_a.isdisjoint(rows_b):
        return "no common row"
    if cols_a.isdisjoint(cols_b):
        return "no common column"
    if (rows_a, cols_a) == (rows_b, cols_b):
        return "equal"
    if rows_a <= rows_b and cols_a >= cols_b:
        r = sub("R", one) + INSIDE + sub("R", other)
        return f"{r} and {sub('C', other) + INSIDE + sub('C', one)}"
    if rows_a >= rows_b and cols_a <= cols_b:
        return _relation(group, other, one)
    if rows_a == rows_b:
        return "the same single row"
    return "the same single column"


def good_pairs(group: Group, data: dict[str, Any]) -> Account:
    """Blocks that are disjoint or nested the opposite ways."""
    total = len(group.neurons)
    if total == 1:
        rows, cols = group.supports[0]
        return Account(
            "one block",
            sentence(
                f"A single neuron observes the whole block {setof(rows) + TIMES + setof(cols)}: the"
                " set is that of all matrices of rank at most 1 there, given by the vanishing of"
                " all 2 x 2 minors."
            ),
            conclusion=CLOSED,
        )
    if len(set(group.neurons)) == 1:
        rows, cols = group.supports[0]
        return Account(
            "equal blocks",
            sentence(
                f"All {total} neurons observe the same whole block"
                f" {setof(rows) + TIMES + setof(cols)}: the set is that of all matrices of rank at"
                f" most {total} there, given by the vanishing of minors."
            ),
            conclusion=CLOSED,
        )
    pairs = [
        f"neurons {i} and {j}: {_relation(group, i, j)}" for i, j in combinations(range(total), 2)
    ]
    blocks: list[Block] = [
        Paragraph(
            f"Every graph is a whole block {sub('R', 'i') + TIMES + sub('C', 'i')}, and every two"
            " blocks have no common row, or no common column, or the same single row or column, or"
            " are nested in opposite ways (the one with fewer rows has more columns):"
        )
    ]
    if len(pairs) <= MOST:
        blocks.append(Items(tuple(pairs)))
    else:
        blocks.append(Paragraph(f"({len(pairs)} pairs, checked one by one.)"))
    below = math("a <= b")
    d = math("d_i = min(|R_i|, m_i + sum of d)")
    blocks.append(
        Paragraph(
            "First set aside the neurons with a single row or column: they have arbitrary values"
            " on their cells, and what remains are again whole blocks, disjoint or oppositely"
            f" nested. Write {below} for {sub('R', 'a') + INSIDE + sub('R', 'b')} and"
            f" {sub('C', 'b') + INSIDE + sub('C', 'a')}, and let {sub('m', 'i')} neurons have the"
            f" block i. Put {d}, the sum over the maximal blocks strictly below i; these have"
            " disjoint rows. Then A is in the set exactly if there are subspaces"
            f" {sub('V', 'i')} of {math('R^R_i')}, of dimension {sub('d', 'i')}, each"
            " containing those of the blocks below, such that in every column k the part of A in"
            f" rows {sub('R', 'i')} is in {sub('V', 'i')}, for the maximal blocks i having column"
            " k, and the other rows are 0. For, given the x, enlarge their spans from below; and"
            f" given the {sub('V', 'i')}, choose {sub('m', 'i')} vectors that span {sub('V', 'i')}"
            " together with the spaces below. This is a closed condition on A and a point of a"
            " compact product of Grassmannians, so its projection to A is closed."
        )
    )
    return Account("oppositely nested blocks", tuple(blocks), conclusion=CLOSED)
