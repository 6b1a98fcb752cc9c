"""The obstructions that come with the package, derived from a database.

Of the reduced groups that are not closed, those that no rule settles and that contain no other
one: whatever the rules settle is found again wherever it appears, and a group that contains an
obstruction is settled by it (``deciding/known_obstructions.py``).  Only proofs without holes
count.  A group that is known already keeps its proof: that in the database was made from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from cadlink import files
from cadlink.certificates import kernel
from cadlink.database.queries import PatternDatabase
from cadlink.deciding.known_obstructions import Obstruction, find, known
from cadlink.rules.pipeline import reduce, verdict

__all__ = ["minimal_obstructions", "write"]


def minimal_obstructions(database: PatternDatabase) -> list[Obstruction]:
    """The minimal groups, small ones first.

    Raises CertificateError if a proof in the file is wrong.
    """
    groups = sorted(
        database.obstructions(),
        key=lambda item: (
            len(item[0].rows) + len(item[0].cols),
            len(item[0].cells),
            item[0].picture(),
        ),
    )
    already = {one.group: one.proof for one in known()}
    kept: list[Obstruction] = []
    for group, found in groups:
        if verdict(reduce(group)) is not None or find(group, kept) is not None:
            continue
        proof = already.get(group, found)
        kernel.check_proof(group.to_json(), proof)
        kept.append(Obstruction(group, proof))
    return kept


def write(obstructions: Iterable[Obstruction], target: Path) -> None:
    """Write the data file of ``deciding/known_obstructions.py``, one obstruction on a line."""
    lines = [json.dumps(one.to_json(), separators=(",", ":")) for one in obstructions]
    files.write(target, "[\n" + ",\n".join(lines) + "\n]\n", "obstructions")
