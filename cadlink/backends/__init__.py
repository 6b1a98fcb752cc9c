"""The programs cadlink can ask, in order of preference; each adapter is text in, text out.

QEPCAD first: its answers are the shortest, and its formulas show closed sets as such.
"""

from __future__ import annotations

from collections.abc import Mapping

from cadlink.backends.base import Adapter
from cadlink.backends.qepcad import Qepcad
from cadlink.backends.redlog import Redlog
from cadlink.backends.smt import Z3

__all__ = ["REGISTRY"]

REGISTRY: Mapping[str, Adapter] = {adapter.name: adapter for adapter in (Qepcad(), Redlog(), Z3())}
