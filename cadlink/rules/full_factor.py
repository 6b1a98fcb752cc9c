"""Full factor: the case of rank_peeling in which all neurons have all rows.

Nothing looks for it any more; proofs that use it are found in older certificates.
"""

from __future__ import annotations

from dataclasses import replace

from cadlink.rules import rank_peeling

__all__ = ["RULE"]

RULE = replace(
    rank_peeling.RULE,
    name="full_factor",
    find=None,
    cost="",
    account="as many hidden units as outputs, seeing enough inputs: anything is possible",
    title="one factor without zeros",
)
