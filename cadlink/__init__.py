"""cadlink: does a sparse matrix product, or a sparse network's training problem, have an optimum?

The public names; see README.md for what they answer.
"""

from typing import TYPE_CHECKING

from cadlink.late import late

if TYPE_CHECKING:
    from cadlink.certificates.data import Certificate
    from cadlink.certificates.kernel import check
    from cadlink.deciding.decider import Decider, decide
    from cadlink.deciding.decision import Assurance, Decision, Limits, UnknownReason, Verdict
    from cadlink.errors import CadlinkError
    from cadlink.membership.member import Belongs, Membership, member
    from cadlink.membership.nearest import Nearest, nearest
    from cadlink.patterns.masks import read
    from cadlink.patterns.pattern import Pattern
else:
    __getattr__ = late(
        __name__,
        {
            "cadlink.certificates.data": ["Certificate"],
            "cadlink.certificates.kernel": ["check"],
            "cadlink.deciding.decider": ["Decider", "decide"],
            "cadlink.deciding.decision": [
                "Assurance",
                "Decision",
                "Limits",
                "UnknownReason",
                "Verdict",
            ],
            "cadlink.errors": ["CadlinkError"],
            "cadlink.membership.member": ["Belongs", "Membership", "member"],
            "cadlink.membership.nearest": ["Nearest", "nearest"],
            "cadlink.patterns.masks": ["read"],
            "cadlink.patterns.pattern": ["Pattern"],
        },
    )

__all__ = [
    "Assurance",
    "Belongs",
    "CadlinkError",
    "Certificate",
    "Decider",
    "Decision",
    "Limits",
    "Membership",
    "Nearest",
    "Pattern",
    "UnknownReason",
    "Verdict",
    "check",
    "decide",
    "member",
    "nearest",
    "read",
]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
