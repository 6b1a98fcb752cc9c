"""Frames: as many nearly whole neurons as columns produce every matrix: free.

The two theorems and their proofs are in ``certificates/kernel/frames.py``: ``two_frames`` (any
matrix, by one plan) and ``high_and_low_rank`` (square groups; a plan for the matrices of nearly
full rank, peeling down to a generic frame for the others).

*Search.*  Seeded random plans: a few neurons with many whole rows and few missing columns go to G1
and G2, those with the fewest missing rows (up to noise) to N2, the others to N1; the conditions
decide.  Cost: tries times (neurons times matchings of the size of N2).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cadlink.clock import UNLIMITED, Clock
from cadlink.patterns.group import Group
from cadlink.rules.bits import View, bits, representatives
from cadlink.rules.rule import Rule, Told
from cadlink.rules.step import Conclusion, Step
from cadlink.writing.document import Blocks, Paragraph, sentence
from cadlink.writing.formulas import math, setof

__all__ = ["HIGH_AND_LOW_RANK", "TWO_FRAMES"]

_TRIES = 300
_MOST_SIGMA = 3


@dataclass(frozen=True)
class _Missing:
    """What the neurons miss: the rows and columns outside R_i and C_i, as bits."""

    rows: tuple[int, ...]
    cols: tuple[int, ...]
    width: int  # number of columns
    height: int

    @classmethod
    def of(cls, view: View) -> _Missing:
        every_row, every_col = (1 << len(view.rows)) - 1, (1 << len(view.cols)) - 1
        return cls(
            tuple(every_row & ~part for part in view.row_sets),
            tuple(every_col & ~part for part in view.col_sets),
            len(view.cols),
            len(view.rows),
        )

    def a(self, i: int) -> int:
        """How many rows neuron i misses."""
        return self.rows[i].bit_count()

    def b(self, i: int) -> int:
        """How many columns neuron i misses."""
        return self.cols[i].bit_count()


@dataclass
class _Plan:
    """The lists of the theorems."""

    n1: list[int]
    g1: list[int]
    g2: list[int]
    p0: list[int]
    p1: list[int]
    p2: list[int]
    apart: list[int] = field(default_factory=list)  # I0
    families: dict[int, list[int]] = field(default_factory=dict)  # I_t

    def to_json(self) -> dict[str, Any]:
        """As the kernel reads it, without I0 and I."""
        return {
            "N1": self.n1,
            "G1": self.g1,
            "G2": self.g2,
            "P0": self.p0,
            "P1": self.p1,
            "P2": self.p2,
        }

    def to_json_of_high_rank(self) -> dict[str, Any]:
        """As the kernel reads it, with I0 and I."""
        families = [[t, list(family)] for t, family in sorted(self.families.items())]
        return {**self.to_json(), "I0": self.apart, "I": families}


def _short(sizes: Collection[int], length: int) -> int:
    """The largest s < length for which fewer than s + 1 sizes are at most s, or -1."""
    for s in range(length - 1, -1, -1):
        if sum(1 for a in sizes if a <= s) < s + 1:
            return s
    return -1


def _disjoint(neurons: Iterable[int], missing: _Missing, taken: int, most: int) -> list[int]:
    """Neurons, in this order, that miss pairwise disjoint rows outside ``taken``."""
    found: list[int] = []
    for i in neurons:
        if len(found) == most:
            break
        if not missing.rows[i] & taken:
            found.append(i)
            taken |= missing.rows[i]
    return found


def _holds(plan: _Plan, missing: _Missing, least: int) -> bool:
    """Conditions (2) and (3), for a* >= least."""
    n2 = [*plan.p0, *plan.p1, *plan.p2]
    least = max([least, *(missing.a(t) for t in n2)])
    hidden = 0
    for g in plan.g1:
        hidden |= missing.cols[g]
    every = (1 << missing.width) - 1
    with_g1 = set(plan.p1)
    seen = {t: every & ~missing.cols[t] & ~(hidden if t in with_g1 else 0) for t in n2}
    g1, g2 = set(plan.g1), set(plan.g2)
    for i in plan.n1:
        allowed = [*plan.p0, *plan.p2] if i in g1 else [*plan.p0, *plan.p1] if i in g2 else n2
        columns = [
            sum(1 << place for place, t in enumerate(allowed) if seen[t] >> k & 1)
            for k in bits(missing.cols[i])
        ]
        if columns and representatives(columns) is None:
            return False
    sets = list(seen.values())
    return all(representatives([*sets, *([seen[i]] * least)]) is not None for i in n2)


def _any_rank(view: View, rng: random.Random, tries: int, clock: Clock) -> _Plan | None:
    """A plan for every matrix."""
    missing, m = _Missing.of(view), len(view.cols)
    if view.neurons < m:
        return None
    for _ in range(tries):
        clock.check()
        used = sorted(
            range(view.neurons), key=lambda i: missing.a(i) + missing.b(i) + 3 * rng.random()
        )[:m]
        whole = [i for i in used if not missing.a(i)]
        if not whole:
            return None
        rng.shuffle(whole)
        # One whole neuron begins G2, another one G1, unless P1 or P2 is to be empty.
        both = len(whole) > 1 and rng.random() < 0.5
        g1, g2 = ([whole[0]], [whole[1]]) if both else ([], [whole[0]])
        if not both and rng.random() < 0.3:
            g1, g2 = g2, g1
        noise = rng.choice((0, 1, 2, 4))
        rest = [i for i in used if i not in (*g1, *g2)]
        rest.sort(key=lambda i: missing.a(i) + noise * rng.random())
        most = max(missing.b(i) for i in used)
        size = rng.randint(0, min(m - 1, most + 6))
        n2, n1 = rest[:size], [*g1, *g2, *rest[size:]]
        if _short([missing.a(i) for i in n1], len(n1)) >= 0:
            continue
        others = [i for i in n2 if missing.a(i)]
        rng.shuffle(others)
        cut = rng.randint(0, len(others)) if both else len(others) if g1 else 0
        p1, p2 = others[:cut], others[cut:]
        pool = [i for i in n1 if i not in (*g1, *g2)]
        pool.sort(key=lambda i: missing.b(i) + noise * rng.random())
        filled = all(
            _fill(chosen, pool, missing, max((missing.a(t) for t in part), default=0))
            for chosen, part in ((g1, p1), (g2, p2))
        )
        if not filled:
            continue
        plan = _Plan(n1, g1 if p1 else [], g2, [i for i in n2 if not missing.a(i)], p1, p2)
        if _holds(plan, missing, 0):
            return plan
    return None


def _fill(chosen: list[int], pool: list[int], missing: _Missing, length: int) -> bool:
    """Move neurons from the pool to the chosen ones until the l-th misses fewer than l rows."""
    while len(chosen) < length:
        fitting = next((i for i in pool if missing.a(i) <= len(chosen)), None)
        if fitting is None:
            return False
        chosen.append(fitting)
        pool.remove(fitting)
    return True


def _low_rank(
    missing: _Missing, sigma: int, rng: random.Random, tries: int, clock: Clock
) -> tuple[list[int], list[int]] | None:
    """Frame and others for the ranks up to n - sigma, for ``sigma`` one more than in the kernel."""
    n = missing.height
    defect = [missing.a(i) + missing.b(i) for i in range(n)]
    for _ in range(tries):
        clock.check()
        mu = rng.randint(0, sigma)
        noise, want = rng.choice((0, 1, 2, 3, 5, 8)), rng.randint(sigma, n)
        in_rows, in_cols = [0] * n, [0] * n
        frame: list[int] = []
        for i in sorted(range(n), key=lambda i: defect[i] + noise * rng.random()):
            if len(frame) == want:
                break
            rows, cols = list(bits(missing.rows[i])), list(bits(missing.cols[i]))
            if all(in_rows[j] < mu for j in rows) and all(in_cols[k] < sigma - mu for k in cols):
                frame.append(i)
                for j in rows:
                    in_rows[j] += 1
                for k in cols:
                    in_cols[k] += 1
        rho = len(frame) - sigma
        others = sorted(set(range(n)) - set(frame), key=lambda i: defect[i])
        if rho >= 0 and all(defect[i] <= rho + t for t, i in enumerate(others)):
            return sorted(frame), others
    return None


def _high_rank(
    missing: _Missing, sigma: int, rng: random.Random, tries: int, clock: Clock
) -> _Plan | None:
    """A plan for the matrices of rank at least n - sigma."""
    n = missing.height
    median = sorted(missing.b(i) for i in range(n))[n // 2]
    for _ in range(tries):
        clock.check()
        size = rng.randint(2, min(n - 1, 2 * max(2, median) + 8))
        noise = rng.choice((0.5, 1, 2, 3))
        by_cols, by_rows = rng.choice((0.5, 1, 2)), rng.choice((0, 0.5, 1))
        weight = [
            by_cols * missing.b(i) + by_rows * missing.a(i) + noise * rng.random() for i in range(n)
        ]
        pool = sorted(range(n), key=weight.__getitem__)
        g1 = _disjoint(pool, missing, 0, rng.randint(0, 5 + sigma))
        hidden = 0
        for g in g1:
            hidden |= missing.cols[g]
        rest = [i for i in pool if i not in g1 and not missing.cols[i] & hidden]
        g2 = _disjoint(rest, missing, 0, rng.randint(1, 5 + sigma))
        others = [i for i in range(n) if i not in g1 and i not in g2]
        others.sort(key=lambda i: missing.a(i) + noise * rng.random())
        n2 = others[:size]
        n1 = [i for i in range(n) if i not in n2]
        plan = _Plan(n1, g1, g2, [i for i in n2 if not missing.a(i)], [], [])
        least = _shared_out(plan, [i for i in n2 if missing.a(i)], missing, sigma, rng)
        if least is None:
            continue
        short = _short([missing.a(i) for i in n1], len(n1))
        if short >= 0:
            order = sorted(n1, key=lambda i: missing.a(i) + rng.random())
            plan.apart = _disjoint(order, missing, 0, short + sigma + 2)
            if len(plan.apart) < short + sigma + 2:
                continue
            least = max(least, _largest(plan.apart, missing, sigma + 2))
        if _holds(plan, missing, least):
            return plan
    return None


def _largest(neurons: Iterable[int], missing: _Missing, count: int) -> int:
    """The sum of the largest numbers of missing rows."""
    return sum(sorted((missing.a(i) for i in neurons), reverse=True)[:count])


def _shared_out(
    plan: _Plan, neurons: list[int], missing: _Missing, sigma: int, rng: random.Random
) -> int | None:
    """Put every neuron into P1 or P2, with a family I_t where one is needed; the a* they need."""
    least = 0
    rng.shuffle(neurons)
    for t in neurons:
        served: list[tuple[list[int], list[int]]] = []
        for pool, part in ((plan.g1, plan.p1), (plan.g2, plan.p2)):
            short = _short([missing.a(i) for i in pool], missing.a(t))
            need = 0 if short < 0 else short + sigma + 1
            order = sorted(pool, key=missing.a)
            family = _disjoint(order, missing, missing.rows[t], need)
            if len(family) == need:
                served.append((family, part))
        if not served:
            return None
        family, part = min(served, key=lambda pair: len(pair[1]))
        part.append(t)
        if family:
            plan.families[t] = family
            least = max(least, missing.a(t) + _largest(family, missing, sigma + 1))
    return least


def two_frames(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf by one plan for all matrices, for this orientation.

    >>> whole = [(range(3), range(3))] * 2
    >>> two_frames(Group.of_blocks([*whole, ({0, 1}, {0, 1})])).rule
    'two_frames'
    >>> two_frames(Group.of_blocks([*whole, ({0}, {0, 1})])) is None
    True
    """
    plan = _any_rank(View.of(group), random.Random(0), _TRIES, clock)
    return None if plan is None else Step("two_frames", Conclusion.FREE, plan.to_json())


def high_and_low_rank(group: Group, clock: Clock = UNLIMITED) -> Step | None:
    """A free leaf by two plans for a square group, for this orientation."""
    view = View.of(group)
    n = len(view.rows)
    if not 3 <= n == len(view.cols) == view.neurons:
        return None
    missing, rng = _Missing.of(view), random.Random(0)
    for sigma in range(1, min(_MOST_SIGMA, n - 1) + 1):
        low = _low_rank(missing, sigma + 1, rng, _TRIES, clock)
        if low is None:
            continue
        high = _high_rank(missing, sigma, rng, 5 * _TRIES, clock)
        if high is None:
            return None
        data = {
            "sigma": sigma,
            "low": {"frame": low[0], "others": low[1]},
            "high": high.to_json_of_high_rank(),
        }
        return Step("high_and_low_rank", Conclusion.FREE, data)
    return None


def _explain_plan(plan: Mapping[str, Any]) -> Blocks:
    """The argument of ``two_frames`` for its plan."""
    first, second = setof(plan["N1"]), setof([*plan["P0"], *plan["P1"], *plan["P2"]])
    parts = ", ".join(f"{key} = {setof(plan[key])}" for key in ("G1", "G2", "P0", "P1", "P2"))
    return (
        Paragraph(
            f"Let N1 = {first} and N2 = {second}; {parts}. Given A (with zeros in unobserved"
            f" cells), choose the {math('y_i')} of N2 generic on their columns. Modulo their span"
            " the rows of A live in a space of as many dimensions as N1 has neurons; for each i"
            " in N1 choose there a generic linear form that vanishes on the rows of A outside"
            f" {math('R_i')}. They are a basis, because few neurons of N1 miss many rows. Its dual"
            f" basis gives the {math('y_i')} of N1 up to combinations of those of N2, and the"
            f" forms give the {math('x_i')}, with their zeros where they should be."
        ),
        Paragraph(
            "The combinations are now chosen such that the other zeros appear: by generic linear"
            " systems, each solvable because certain columns have distinct representatives among"
            " the neurons of N2. For G1 the columns come first in the neurons of P0 and P2 and the"
            " rows then in P1, for G2 the rows in P2 first and the columns then in P0 and P1, so"
            " that no system undoes another. (The kernel has checked the counts; the proof in full"
            " is in its function two_frames.)"
        ),
    )


def _explain_two_frames(group: Group, told: Told) -> Blocks:
    """One plan for all matrices."""
    return _explain_plan(told.data)


def _explain_high_and_low_rank(group: Group, told: Told) -> Blocks:
    """One plan for the high ranks, one for the low ones."""
    n, sigma = len(group.rows), told.data["sigma"]
    frame, others = told.data["low"]["frame"], told.data["low"]["others"]
    return (
        *sentence(
            f"Let A be any {n} x {n} matrix (with zeros in unobserved cells). If its rank is at"
            f" most {n - sigma - 1}: the neurons {setof(others)} lower the rank by one each, as"
            " long as there is something to lower, since their blocks lack few rows and columns."
            f" What is left is U V with {len(frame) - sigma - 1} columns in U, and the neurons"
            f" {setof(frame)} make it: of these, rows and columns are missing in so few that"
            " generic combinations leave room for all prescribed zeros."
        ),
        *sentence(f"If its rank is at least {n - sigma}:"),
        *_explain_plan(told.data["high"]),
    )


_COST = f"{_TRIES} random plans, a matching of size r for each neuron in the good ones"

TWO_FRAMES = Rule(
    name="two_frames",
    about=Group,
    both_ways=True,
    find=two_frames,
    account="as many nearly whole hidden units as inputs, in two families that make up for what"
    " the other one lacks: anything is possible",
    title="two frames",
    explain=_explain_two_frames,
    cost=_COST,
)
HIGH_AND_LOW_RANK = Rule(
    name="high_and_low_rank",
    about=Group,
    both_ways=True,
    find=high_and_low_rank,
    account="nearly whole hidden units make all matrices of nearly full rank in one way and all"
    " others in another",
    title="high and low rank",
    explain=_explain_high_and_low_rank,
    cost=_COST,
)
