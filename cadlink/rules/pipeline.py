"""The rules in order, and the loop that applies them until nothing more is known.

``reduce`` builds a tree: a problem, the step that was taken, and the trees of its parts.  Cheap
rules come first, polynomial-time searches when those are silent.  A step whose part stays open
does not end the matter: the other rules still get their chance at the whole problem (absorption,
say, can turn a two-factor pattern into a group some theorems no longer speak about), and only
when all are silent is the step that leaves the smaller problem open kept.  A step to an
obstruction counts only when its part is proved not closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from cadlink.certificates.data import Proof
from cadlink.clock import UNLIMITED, Clock, OutOfTime
from cadlink.patterns.group import Group
from cadlink.patterns.pattern import Pattern
from cadlink.rules import restrict, two_factors
from cadlink.rules.paths import block_cells
from cadlink.rules.rule import FreeProof, Rule
from cadlink.rules.step import Conclusion, Problem, Step, follows, step_proof
from cadlink.rules.table import CHAIN_RULES, GROUP_RULES

__all__ = ["Tree", "open_leaves", "proof", "reduce", "taken", "verdict"]

Find: TypeAlias = Callable[[Any, Clock], "Step | None"]
Search: TypeAlias = "tuple[Rule, Find]"

# Cells of all blocks together up to which two adjacent masks are tried by the rules for groups.
MOST_PAIR_CELLS = 20_000
SHARE = 0.5  # of the time that is left, for one rule about one problem


@dataclass(frozen=True)
class Tree:
    """A problem, the step taken on it (None: an open leaf), and the trees of the step's parts."""

    problem: Problem
    step: Step | None
    parts: tuple[Tree, ...] = ()


def reduce(problem: Problem, clock: Clock = UNLIMITED, first: Sequence[Rule] = ()) -> Tree:
    """Apply the rules until every leaf is settled or open.

    ``first``: rules tried before all others on the whole problem (``table.first_rules``).  Never
    raises for lack of an answer or of time: that is an open leaf.

    >>> verdict(reduce(Group.of_blocks([({0, 1}, {0, 1}), ({1}, {1})])))
    'not_closed'
    """
    tree, _ = _tried(problem, clock, _searches(first, lemmas=False))
    if verdict(tree) is not None:
        return tree
    searches = _searches(_rules(problem))
    tree, silent = _tried(problem, clock, searches)
    if verdict(tree) is None:
        tree = _obstructed(tree, clock)
    if verdict(tree) is None and isinstance(problem, Pattern):
        # Which pair of layers is merged first can matter; the transpose begins at the other end.
        # Searches that have looked at it already say nothing else.
        fresh = [one for one in searches if not one[0].both_ways or one not in silent]
        turned, _ = _tried(problem.transpose(), clock, fresh)
        if verdict(turned) is not None:
            return Tree(problem, _transposing(turned.problem), (turned,))
    return tree


def _obstructed(tree: Tree, clock: Clock) -> Tree:
    """The tree with its open leaves answered by obstructions in them, where there are any."""
    if verdict(tree) is not None:
        return tree
    if tree.step is not None:
        return Tree(tree.problem, tree.step, tuple(_obstructed(p, clock) for p in tree.parts))

    def refuted(group: Group) -> bool:
        return verdict(_reduce(group, clock)) == "not_closed"

    try:
        step = restrict.search(tree.problem, refuted, clock)
    except OutOfTime:
        return tree
    if step is None:
        return tree
    return Tree(tree.problem, step, (_reduce(step.parts[0], clock),))


def _reduce(problem: Problem, clock: Clock, lemmas: bool = True) -> Tree:
    """What the rules find without looking at restrictions; without ``lemmas``, only those that
    need no other proof, so that proofs of lemmas do not call for lemmas without end."""
    return _tried(problem, clock, _searches(_rules(problem), lemmas), lemmas)[0]


def _rules(problem: Problem) -> tuple[Rule, ...]:
    return GROUP_RULES if isinstance(problem, Group) else CHAIN_RULES


def _tried(
    problem: Problem, clock: Clock, searches: Sequence[Search], lemmas: bool = True
) -> tuple[Tree, list[Search]]:
    """What these searches find while there is time, and those that came to their end and took no
    step; ``lemmas`` as for :func:`_reduce`, for the parts."""
    kept = Tree(problem, None)
    silent: list[Search] = []
    turned: list[Problem] = []  # the transposed problem, made once if it is needed
    for rule, find in searches:
        if clock.expired():
            break
        try:
            top = _found(rule, find, problem, clock.share(SHARE), turned)
        except OutOfTime:
            continue
        if top is None:
            silent.append((rule, find))
            continue
        tree = _with_parts(top, clock, lemmas)
        if verdict(tree) is not None:
            return tree, silent
        if kept.step is None:
            kept = tree
    return kept, silent


def _searches(rules: Sequence[Rule], lemmas: bool = True) -> list[Search]:
    """The searches of the rules, in their order; at last those that ask for lemmas."""
    found = [(rule, rule.find) for rule in rules if rule.find is not None]
    if lemmas:
        found += [(rule, _proving(rule.find_with)) for rule in rules if rule.find_with is not None]
    return found


def taken(rule: Rule, problem: Problem, clock: Clock = UNLIMITED) -> Tree | None:
    """The step of one rule about a problem, or about its transpose if the rule is tried both ways;
    None if it is silent.  Raises OutOfTime."""
    for _, find in _searches([rule]):
        found = _found(rule, find, problem, clock, [])
        if found is not None:
            return found
    return None


def _proving(find_with: Callable[[Any, Clock, FreeProof], Step | None]) -> Find:
    """A search that is given the means to prove what it needs."""
    return lambda problem, clock: find_with(problem, clock, _free_proof)


def _found(
    rule: Rule, find: Find, problem: Problem, clock: Clock, turned: list[Problem]
) -> Tree | None:
    """What one search of a rule finds, one way or the other; ``turned`` keeps the transposed
    problem."""
    step = find(problem, clock)
    if step is not None:
        return _opened(problem, step)
    if not rule.both_ways:
        return None
    if not turned:
        turned.append(problem.transpose())
    step = find(turned[0], clock)
    if step is None:
        return None
    return Tree(problem, _transposing(turned[0]), (_opened(turned[0], step),))


def _opened(problem: Problem, step: Step) -> Tree:
    return Tree(problem, step, tuple(Tree(part, None) for part in step.parts))


def _transposing(turned: Problem) -> Step:
    return Step("transpose", Conclusion.SAME, {}, (turned,))


def _with_parts(tree: Tree, clock: Clock, lemmas: bool = True) -> Tree:
    """The tree with its open leaves reduced, as far as they matter."""
    if tree.step is None:
        return _reduce(tree.problem, clock, lemmas)
    parts: list[Tree] = []
    settled = False
    for part in tree.parts:
        # One component that is not closed settles all of them.
        parts.append(part if settled else _with_parts(part, clock, lemmas))
        settled = settled or verdict(parts[-1]) == "not_closed"
    return Tree(tree.problem, tree.step, tuple(parts))


def _free_proof(problem: Problem, clock: Clock) -> Proof | None:
    """A proof that a group or a chain is free, by these rules; two masks of moderate size only."""
    if isinstance(problem, Group) or problem.depth > 2:
        tree = _reduce(problem, clock, lemmas=False)
    else:
        if block_cells(*problem.layers) > MOST_PAIR_CELLS:
            return None
        step = two_factors.find(problem)
        if step is None:
            return None
        tree = _with_parts(_opened(problem, step), clock, lemmas=False)
    return proof(tree) if verdict(tree) == "free" else None


def verdict(tree: Tree) -> str | None:
    """'free', 'closed', 'not_closed', or None when an open leaf decides."""
    if tree.step is None:
        return None
    return follows(tree.step.conclusion, [verdict(part) for part in tree.parts])


def proof(tree: Tree) -> Proof:
    """The tree as a certificate's proof; ValueError when the tree has no verdict."""
    answers = [verdict(part) for part in tree.parts]
    if tree.step is None or follows(tree.step.conclusion, answers) is None:
        raise ValueError("a tree with an open leaf proves nothing: settle open_leaves(tree) first")
    proofs = [
        None if answer is None else proof(part)
        for part, answer in zip(tree.parts, answers, strict=True)
    ]
    return step_proof(tree.step, answers, proofs)


def open_leaves(tree: Tree) -> Iterator[Tree]:
    """The leaves without a step, left to right; none below a tree that has a verdict."""
    if verdict(tree) is not None:
        return
    if tree.step is None:
        yield tree
    for part in tree.parts:
        yield from open_leaves(part)
