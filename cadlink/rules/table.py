"""All rules, in the order in which they are tried: cheap ones first.

The only list of rules outside the kernel; what they are is said in their modules.
"""

from __future__ import annotations

from cadlink.patterns.pattern import Pattern
from cadlink.rules import (
    absorb,
    absorb_edges,
    approximate_zero,
    block_tiling,
    cap_outputs,
    claims,
    completion,
    curve,
    cut,
    deep_matching,
    dense_top,
    empty,
    forced_row,
    forcing,
    frames,
    full_factor,
    good_pairs,
    group_split,
    hall_circuit,
    large_matching,
    lines,
    matching,
    merge,
    merge_layers,
    merged_block,
    merged_cross,
    merged_two_blocks,
    one_layer,
    owners,
    pendants,
    pinned_columns,
    rank_peeling,
    renaming,
    restrict,
    rigid_collision,
    sandwich,
    sections,
    split,
    star,
    transversal,
    triangle,
    trim,
    twins,
    two_factors,
    unique_cut,
    wide_cross,
    zero_submersion,
)
from cadlink.rules.rule import Rule
from cadlink.rules.step import Problem

__all__ = [
    "ACCOUNTS",
    "CHAIN_RULES",
    "GROUP_RULES",
    "RULES",
    "first_rules",
    "rule_of",
]

CHAIN_RULES = (
    trim.RULE,
    split.RULE,
    one_layer.RULE,
    large_matching.RULE,
    deep_matching.RULE,
    unique_cut.RULE,
    block_tiling.RULE,
    dense_top.RULE,
    wide_cross.RULE,
    sandwich.RULE,
    hall_circuit.RULE,
    cut.IN_LARGE,
    twins.RULE,
    pendants.RULE,
    merge.RULE,
    merge_layers.RULE,
    two_factors.RULE,
    absorb_edges.RULE,
    cut.RULE,
    cap_outputs.RULE,
)
GROUP_RULES = (
    empty.RULE,  # first: the others may take it that there is a neuron
    group_split.RULE,
    star.RULE,
    matching.RULE,
    rank_peeling.RULE,
    frames.TWO_FRAMES,
    transversal.RULE,
    pinned_columns.RULE,
    good_pairs.RULE,
    forcing.RULE,
    triangle.RULE,
    forced_row.RULE,
    merged_block.RULE,
    merged_cross.RULE,
    merged_two_blocks.RULE,
    absorb.RULE,
    frames.HIGH_AND_LOW_RANK,
    zero_submersion.RULE,
    approximate_zero.RULE,
    completion.COMPLETION,
    completion.RELATIVE_FREENESS,
)
SMALL = 12  # units of a layer up to which a pattern is small
# Steps of the pipeline and of the search, and rules found in old certificates only.
WITHOUT_SEARCH = (
    renaming.TRANSPOSE,
    renaming.RELABEL,
    restrict.RULE,
    curve.RULE,
    sections.RULE,
    claims.RULE,
    lines.RULE,
    full_factor.RULE,
    owners.RULE,
    rigid_collision.RULE,
)
RULES: tuple[Rule, ...] = (*CHAIN_RULES, *GROUP_RULES, *WITHOUT_SEARCH)

# The one line about every rule; where a name stands for two rules they say the same.
ACCOUNTS = {rule.name: rule.account for rule in RULES}


def first_rules(pattern: Pattern) -> tuple[Rule, ...]:
    """What to try first where many small two-layer patterns are decided.

    Most of the chain rules are about huge sparse masks; the rules for groups settle nearly every
    small pattern in a fraction of the time.
    """
    small = pattern.depth == 2 and max(pattern.widths) <= SMALL
    return (two_factors.RULE,) if small else ()


def rule_of(name: str, problem: Problem) -> Rule:
    """The rule of this name about such a problem.  Raises KeyError if there is none.

    >>> from cadlink.patterns.group import Group
    >>> rule_of("split", Group.of([])).title
    'independent groups'
    """
    for rule in RULES:
        if rule.name == name and isinstance(problem, rule.about):
            return rule
    raise KeyError(name)
