"""Which units of a network the trouble is about: what a picture of the masks highlights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cadlink.networks.verdict import NetworkVerdict
from cadlink.patterns.pattern import Pattern
from cadlink.rules.paths import on_paths

__all__ = ["Obstruction", "obstruction_of"]


@dataclass(frozen=True)
class Obstruction:
    """Per unit layer, inputs first, the units concerned, ascending."""

    units: tuple[tuple[int, ...], ...]

    @property
    def words(self) -> str:
        """The units in one line.

        >>> Obstruction(((0, 3), (1,), (0, 1))).words
        'inputs 0, 3; unit 1 of hidden layer 1; outputs 0, 1'
        """
        names = []
        last = len(self.units) - 1
        for layer, units in enumerate(self.units):
            many = "" if len(units) == 1 else "s"
            what = {0: f"input{many}", last: f"output{many}"}.get(layer, f"unit{many}")
            shown = ", ".join(map(str, units[:8]))
            more = f" and {len(units) - 8} more" if len(units) > 8 else ""
            place = "" if layer in (0, last) else f" of hidden layer {layer}"
            names.append(f"{what} {shown}{more}{place}")
        return "; ".join(names)


def obstruction_of(
    pattern: Pattern, witness: NetworkVerdict | Mapping[str, Any] | None
) -> Obstruction | None:
    """The units that a verdict (or the witness of one) is about; None when it names none.

    R1, R2, R3: two outputs and the hidden units that vary on the line; N1 by a unique cut: the unit
    that owns three of four entries, with their outputs and inputs; others: every unit on a path.

    >>> from cadlink.networks.deciding import decide_network
    >>> verdict = decide_network("dense:2-2-2")
    >>> obstruction_of(verdict.pattern, verdict).units
    ((0,), (0, 1), (0, 1))
    """
    if isinstance(witness, NetworkVerdict):
        witness = witness.witness
    if witness is None or "X" not in witness or "outputs" not in witness:
        return None
    inputs = sorted(witness["inputs"])
    outputs = sorted(witness.get("pair", witness["outputs"]))
    if "units" in witness and pattern.depth == 2:
        return Obstruction((tuple(inputs), tuple(sorted(witness["units"])), tuple(outputs)))
    units = [tuple(layer.tolist()) for layer in on_paths(pattern, inputs, outputs)]
    missed = witness.get("missed", {})
    if "unit" in missed:
        units[missed["layer"]] = (missed["unit"],)
    return Obstruction((tuple(inputs), *units[1:-1], tuple(outputs)))
