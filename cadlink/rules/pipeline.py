"""The rules in order, and the loop that applies them until nothing more is known.

``reduce`` builds a tree: a problem, the step that was taken, and the trees of its parts.  Cheap
rules come first, polynomial-time searches when those are silent.  A step whose part stays open
does not end the matter: the other rules still get their chance at the whole problem (absorption,
say, can turn a two-factor pattern into a group some theorems no longer speak about), and only
when all are silent is the step that leaves the smaller problem open kept.  A step to an
obstruction counts only when its part is proved not closed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from cadlink.certificates.data import Proof
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules import (
    absorb,
    block_tiling,
    dense_top,
    empty,
    forced_row,
    forcing,
    full_factor,
    good_pairs,
    group_split,
    large_matching,
    lines,
    matching,
    merge,
    merged_block,
    merged_cross,
    merged_two_blocks,
    one_layer,
    owners,
    pinned_columns,
    rank_peeling,
    restrict,
    rigid_collision,
    split,
    star,
    transversal,
    trim,
    two_factors,
    unique_cut,
    zero_submersion,
)
from cadlink.rules.step import Conclusion, Problem, Step

__all__ = [
    "CHAIN_RULES",
    "GROUP_RULES",
    "Rule",
    "Tree",
    "open_leaves",
    "proof",
    "reduce",
    "verdict",
]

Rule: TypeAlias = Callable[[Problem], "Step | None"]

# Cells of all blocks together up to which two adjacent masks are tried by the rules for groups.
MOST_PAIR_CELLS = 20_000

CHAIN_RULES: tuple[Rule, ...] = (
    trim.apply,  # drop the units on no input-output path
    split.apply,  # connected components are independent
    one_layer.apply,  # one mask: everything on it
    large_matching.apply,  # two masks, matchings in every column: free, masks of any size
    unique_cut.apply,  # four paths of which one unit owns three: not closed
    block_tiling.apply,  # at most one path per cell, up to twin units (butterfly, Monarch): closed
    dense_top.apply,  # dense masks above a laminar one: closed
    merge.apply,  # two adjacent masks that are free together are one mask
    two_factors.apply,  # two masks: the group of the hidden units' blocks
    lambda problem: merge.apply(problem, _free_proof),  # the same, free by any rule for groups
)

GROUP_RULES: tuple[Rule, ...] = (
    empty.apply,  # no neuron left: free
    group_split.apply,  # neurons without common cells are independent
    star.apply,  # every graph a star: free
    matching.apply,  # every column (row) has matchings saturating it: free
    lines.apply,  # equal graphs that few deleted lines break into stars: free
    full_factor.apply,  # n neurons on all n rows with few columns missing: free (QR)
    rank_peeling.apply,  # nearly whole blocks: all matrices of rank up to their number
    transversal.apply,  # all columns, row sets in general position: all matrices of that rank
    pinned_columns.apply,  # the same as matching, with neurons that copy a column of A: free
    good_pairs.apply,  # every two blocks fit together: closed
    forcing.apply,  # a cell forced to vanish (unique owners, LU): not closed
    owners.apply,  # p neurons alone on a square but for one corner: not closed
    forced_row.apply,  # p neurons alone on p + 1 rows, and on a cell that must vanish: not closed
    rigid_collision.apply,  # two neurons that must share a direction: not closed
    merged_block.apply,  # equal rows and columns leave a block to no neuron: not closed
    merged_cross.apply,  # the same with three neurons, as many neurons as rows: not closed
    merged_two_blocks.apply,  # three products one neuron cannot have at once: not closed
    absorb.apply,  # forget neurons that are free on their own cells
    zero_submersion.apply,  # a zero of the product at which it is open: free
)


@dataclass(frozen=True)
class Tree:
    """A problem, the step taken on it (None: an open leaf), and the trees of the step's parts."""

    problem: Problem
    step: Step | None
    parts: tuple[Tree, ...] = ()


def reduce(problem: Problem, deadline: float | None = None) -> Tree:
    """Apply the rules until every leaf is settled or open.

    ``deadline`` is a value of ``time.monotonic()``; it is looked at between rules, so one rule may
    overrun it.  Never raises for lack of an answer: that is an open leaf.

    >>> verdict(reduce(Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])))
    'not_closed'
    """
    tree = _reduce(problem, deadline)
    if verdict(tree) is None:
        tree = _obstructed(tree, deadline)
    if verdict(tree) is None and isinstance(problem, Pattern):
        # Which pair of layers is merged first can matter; the transpose begins at the other end.
        turned = _reduce(problem.transpose(), deadline)
        if verdict(turned) is not None:
            return Tree(
                problem, Step("transpose", Conclusion.SAME, {}, (turned.problem,)), (turned,)
            )
    return tree


def _obstructed(tree: Tree, deadline: float | None) -> Tree:
    """The tree with its open leaves answered by obstructions in them, where there are any."""
    if verdict(tree) is not None:
        return tree
    if tree.step is not None:
        return Tree(tree.problem, tree.step, tuple(_obstructed(p, deadline) for p in tree.parts))

    def refuted(group: Group) -> bool:
        return verdict(_reduce(group, deadline)) == "not_closed"

    step = restrict.apply(tree.problem, refuted, deadline)
    if step is None:
        return tree
    return Tree(tree.problem, step, (_reduce(step.parts[0], deadline),))


def _reduce(problem: Problem, deadline: float | None) -> Tree:
    """What the rules find without looking at restrictions."""
    rules = GROUP_RULES if isinstance(problem, Group) else CHAIN_RULES
    kept = Tree(problem, None)
    for rule in rules:
        if deadline is not None and time.monotonic() > deadline:
            break
        tree = _apply(rule, problem, deadline)
        if tree is None:
            continue
        if verdict(tree) is not None:
            return tree
        if kept.step is None and tree.step is not None:
            obstruction = tree.step.conclusion is Conclusion.OBSTRUCTION
            kept = kept if obstruction else tree
    return kept


def _free_proof(pair: Pattern) -> dict[str, Any] | None:
    """A proof that a two-mask pattern is free, by the rules for groups, or None."""
    lower, upper = (mask.astype(int) for mask in pair.layers)
    if int(lower.sum(axis=1) @ upper.sum(axis=0)) > MOST_PAIR_CELLS:
        return None
    tree = Tree(pair, two_factors.apply(pair))
    if tree.step is None:
        return None
    tree = Tree(pair, tree.step, (_reduce(tree.step.parts[0], None),))
    return proof(tree).to_json() if verdict(tree) == "free" else None


def _apply(rule: Rule, problem: Problem, deadline: float | None) -> Tree | None:
    step = rule(problem)
    if step is None:
        return None
    if step.rule == "transpose":
        # The rule that asked for it answers it, at once; nobody may transpose back.
        inner = _direct(rule, step.parts[0], deadline)
        return None if inner is None else Tree(problem, step, (inner,))
    return Tree(problem, step, _parts(step, deadline))


def _direct(rule: Rule, problem: Problem, deadline: float | None) -> Tree | None:
    step = rule(problem)
    if step is None or step.rule == "transpose":
        return None
    return Tree(problem, step, _parts(step, deadline))


def _parts(step: Step, deadline: float | None) -> tuple[Tree, ...]:
    trees: list[Tree] = []
    settled = False
    for part in step.parts:
        # One component that is not closed settles all of them.
        trees.append(Tree(part, None) if settled else _reduce(part, deadline))
        settled = settled or verdict(trees[-1]) == "not_closed"
    return tuple(trees)


def verdict(tree: Tree) -> str | None:
    """'free', 'closed', 'not_closed', or None when an open leaf decides."""
    if tree.step is None:
        return None
    parts = [verdict(part) for part in tree.parts]
    conclusion = tree.step.conclusion
    if conclusion is Conclusion.SAME:
        return parts[0]
    if conclusion is Conclusion.OBSTRUCTION:
        return "not_closed" if parts[0] == "not_closed" else None
    if conclusion is Conclusion.ALL:
        if "not_closed" in parts:
            return "not_closed"
        if None in parts:
            return None
        return "free" if all(part == "free" for part in parts) else "closed"
    return str(conclusion.value)


def proof(tree: Tree) -> Proof:
    """The tree as a certificate's proof; ValueError when the tree has no verdict."""
    found = verdict(tree)
    if found is None or tree.step is None:
        raise ValueError("a tree with an open leaf proves nothing: settle open_leaves(tree) first")
    parts: list[Proof | None] = []
    for part in tree.parts:
        # Beside a component that is not closed, the others need no proof.
        skip = tree.step.conclusion is Conclusion.ALL and found == "not_closed"
        parts.append(None if skip and verdict(part) != "not_closed" else proof(part))
    return Proof(tree.step.rule, dict(tree.step.data), tuple(parts))


def open_leaves(tree: Tree) -> Iterator[Tree]:
    """The leaves without a step, left to right; none below a tree that has a verdict."""
    if verdict(tree) is not None:
        return
    if tree.step is None:
        yield tree
    for part in tree.parts:
        yield from open_leaves(part)
