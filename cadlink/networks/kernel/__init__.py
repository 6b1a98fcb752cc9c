"""Re-checks the witness of a network verdict from the statement of its theorem, exactly.

Uses nothing of ``cadlink.networks.theorems``, which find witnesses; the proofs are in the
docstrings there.  Integers, rationals, and doubles that are exact or whose errors are bounded.
What is checked, in this order: that the theorem
supports this answer to this question (``table``); that activation, biases, loss and penalty are
those it needs; that the data of the witness are those of the statement; and the rest of its
hypotheses (a module for each family).  Data whose infimum is 0 and not attained are checked in two
halves: the predictions along the curve of parameters really tend to the targets
(``witness.limit_is``), and the hypotheses under which the targets are missed hold.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cadlink.certificates.kernel.reader import Budget, Reader
from cadlink.certificates.read import shown, through_json
from cadlink.errors import CertificateError
from cadlink.networks.kernel.losses import LOSSES
from cadlink.networks.kernel.statement import PENALTIES, Statement, hypotheses
from cadlink.networks.kernel.table import MEANINGS, TABLE, unmet
from cadlink.networks.kernel.witness import Network, Tick, silent

__all__ = [
    "LOSSES",
    "MEANINGS",
    "PENALTIES",
    "CheckedWitness",
    "Statement",
    "check_witness",
    "hypotheses",
]

# Work, at about a microsecond each: less than two seconds for 50 KB.  Honest checks take time
# proportional to points times curve, or to the cube of the points, and stay below.
WORK, WORK_PER_BYTE = 800_000, 15


@dataclass(frozen=True)
class CheckedWitness:
    """An accepted witness: its theorem, what it shows, and the backends' statements it rests on."""

    theorem: str
    claim: str
    holes: tuple[str, ...] = ()


def check_witness(
    statement: Statement,
    witness: Mapping[str, Any],
    tick: Tick = silent,
    deadline: float = math.inf,
) -> CheckedWitness:
    """Check that the witness proves the statement; ``tick`` is told how far the check is.

    Raises CertificateError naming what is missing; CheckOverdue, a subclass, if the check is not
    done when ``time.monotonic()`` reaches ``deadline``.

    >>> from cadlink.patterns.pattern import Pattern
    >>> safe = Statement(Pattern.of(["11/11", "11"]), (True, True), "relu", "squared", "none",
    ...     "a", "optimum_guaranteed")
    >>> check_witness(safe, {"theorem": "R1", "claim": "closed"})
    CheckedWitness(theorem='R1', claim='closed', holes=())
    """
    data = through_json(witness)
    if not isinstance(data, dict):
        raise CertificateError("witness", "an object", shown(data))
    theorem, claim = data.get("theorem"), data.get("claim")
    if not isinstance(theorem, str) or not isinstance(claim, str) or (theorem, claim) not in TABLE:
        raise CertificateError("witness", "a theorem and what it claims", shown([theorem, claim]))
    said, row = (statement.question, statement.answer), TABLE[theorem, claim]
    if said not in row.answers:
        able = sorted({name for (name, _), other in TABLE.items() if said in other.answers})
        raise CertificateError(
            "answer",
            f"a theorem about question ({said[0]}), {said[1]}: {', '.join(able)}",
            f"{theorem}, claim {claim!r}",
        )
    missing = unmet(row, statement)
    if missing is not None:
        raise CertificateError(f"hypotheses of {theorem}", *missing)
    widths, points = statement.pattern.widths, len(statement.inputs or ())
    numbers = points * (widths[0] + widths[-1])
    size = len(json.dumps(data)) + 4 * numbers
    work = WORK + WORK_PER_BYTE * size + statement.pattern.nnz
    at = Reader(data, f"witness ({theorem})", Budget(work, deadline))
    return CheckedWitness(theorem, claim, row.check(Network(statement, at, tick)))
