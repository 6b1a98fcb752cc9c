"""Lines: neurons with one and the same graph, free by deleting lines until stars are left.

Nothing looks for it any more, matchings and rank peeling find all of it; proofs that use it are
found in older certificates.  Theorem and proof: kernel, lines.
"""

from __future__ import annotations

from cadlink.patterns.group import Group
from cadlink.rules.rule import Rule, Told
from cadlink.writing.document import MOST_ITEMS, Blocks, sentence
from cadlink.writing.formulas import cells, these

__all__ = ["RULE"]


def explain(group: Group, told: Told) -> Blocks:
    """Equal graphs that few lines break into stars."""
    rows = [n for kind, n in told.data["lines"] if kind == "row"]
    cols = [n for kind, n in told.data["lines"] if kind == "col"]
    named = [these("row", rows)] * bool(rows) + [these("column", cols)] * bool(cols)
    left = [(j, k) for j, k in sorted(group.cells) if j not in rows and k not in cols]
    total = len(group.neurons)
    words = [f"All {total} neurons have the same graph." if total > 1 else "There is one neuron."]
    if named:
        words.append(
            f"Let {'one neuron' if len(told.data['lines']) == 1 else 'one neuron for each'} serve"
            f" {' and '.join(named)}: with the unit vector of that line on one side it has"
            " arbitrary values on the line and 0 elsewhere."
        )
    if left:
        shown = f" ({cells(left)})" if len(left) <= MOST_ITEMS else ""
        words.append(
            f"The cells that are left{shown} form stars in different rows and columns. One more"
            " neuron, with 1 at the centre of every star and 0 on the lines above, has arbitrary"
            " values on them. Serve these cells first, and the lines afterwards."
        )
    else:
        words.append("No other cell is observed.")
    return sentence(*words)


RULE = Rule(
    name="lines",
    about=Group,
    account="after a few rows and columns only independent rows or columns of entries are left:"
    " anything is possible",
    title="lines",
    explain=explain,
)
