"""Deep matchings: in every column disjoint paths lead from the first hidden layer to the outputs.

Theorem and proof: kernel, deep_matching.  The factors above the first are drawn modulo a prime, and
one rank is computed for every input, those that feed the fewest units first.  The ranks of small
matrices, for inputs that reach few outputs, are computed together from a few of the units.
"""

from __future__ import annotations

import numpy as np

from cadlink.clock import UNLIMITED, Clock
from cadlink.modular import PRIME, drawn, product, rank
from cadlink.patterns.pattern import Pattern, row
from cadlink.rules.net import ENTRY_S, affordable, served
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, Paragraph
from cadlink.writing.formulas import factor

__all__ = ["RULE", "find", "holds"]

PIECES = 16, 256  # inputs that are looked at first, and then, before all others


def holds(pattern: Pattern, clock: Clock = UNLIMITED) -> bool:
    """Whether the drawn factors serve every column; raises OutOfTime.

    >>> holds(Pattern.of(["11/11", "11/11", "11/11"])), holds(Pattern.of(["11/01", "10/11"]))
    (True, False)
    """
    if not affordable(pattern):
        return False
    fed = np.bincount(pattern.layers[0].indices, minlength=pattern.widths[0])
    support = pattern.support(clock.afford)
    if (fed < np.bincount(support.indices, minlength=pattern.widths[0])).any():
        return False
    clock.afford(ENTRY_S * sum(mask.shape[0] * mask.shape[1] for mask in pattern.layers[1:]))
    above = drawn(pattern.layers[-1], pattern.depth, 0)
    for number in range(pattern.depth - 1, 1, -1):
        above = product(above, drawn(pattern.layers[number - 1], number, 0), clock)
    heads, outputs = pattern.layers[0].T.tocsr(), support.T.tocsr()  # row k: those of input k
    narrowest = np.argsort(np.diff(heads.indptr) - np.diff(outputs.indptr), kind="stable")
    for inputs in np.split(narrowest, PIECES):
        left = ~served(above, heads[inputs, :], outputs[inputs, :], clock)
        for k in inputs[left].tolist():
            its = above[np.ix_(row(outputs, k), row(heads, k))]
            clock.afford(1e-8 * its.size * (10 + len(its) / 20))
            if rank(its) < len(its):
                return False
    return True


def find(pattern: Pattern, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf when the drawn factors serve every column.

    >>> find(Pattern.of(["11/11", "11/11", "11/11"])).rule
    'deep_matching'
    """
    # With two masks these are the matchings of large_matching.
    if pattern.depth == 2 or not holds(pattern, clock):
        return None
    return Step("deep_matching", Conclusion.FREE, {"seed": 0, "prime": PRIME})


def explain(chain: Pattern, told: Told) -> Blocks:
    """Ranks with fixed upper factors."""
    upper = factor(2) if chain.depth == 2 else f"the product of the factors above {factor(1)}"
    return (
        Paragraph(
            f"Column k of A is {upper} times column k of {factor(1)}. With integers drawn from the"
            f" seed {told.data['seed']} in all factors but {factor(1)}, the columns of that product"
            " at the units fed by input k have full row rank on the outputs that k reaches, for"
            f" every k: this was computed modulo the prime {told.data['prime']}, where a rank can"
            " only be smaller. So every column of a matrix on the support is a solvable linear"
            " system in unknowns of its own."
        ),
    )


RULE = Rule(
    name="deep_matching",
    about=Pattern,
    both_ways=True,
    find=find,
    account="disjoint paths serve the entries of every column: anything is possible",
    title="disjoint paths in every column",
    explain=explain,
    cost="a rank for every input",
)
