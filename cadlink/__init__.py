"""cadlink: does a sparse matrix product, or a sparse network's training problem, have an optimum?

The public names; see README.md for what they answer.
"""

from cadlink.certificates.data import Certificate
from cadlink.certificates.kernel import check
from cadlink.decide import Decider, decide
from cadlink.decision import Assurance, Decision, Limits, UnknownReason, Verdict
from cadlink.errors import CadlinkError
from cadlink.masks import read
from cadlink.pattern import Pattern

__all__ = [
    "Assurance",
    "CadlinkError",
    "Certificate",
    "Decider",
    "Decision",
    "Limits",
    "Pattern",
    "UnknownReason",
    "Verdict",
    "check",
    "decide",
    "read",
]
