"""A training set on which the loss of a sparse ReLU network has infimum 0 and no minimum.

The theorems give such data (``cadlink.networks.theorems``): points on a line (R1, R3, R17, R20), on
a moment curve inside the inputs of an obstruction (N1), on a parabola (R14), in clusters (R18).
Here the smallest set is chosen, moved into a box, and made exactly representable in double
precision.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cadlink import files
from cadlink.deciding.decider import decide
from cadlink.deciding.decision import Decision
from cadlink.errors import CertificateError, InputError
from cadlink.networks.experiments.sequence import Parameters, eps_of, on_curve
from cadlink.networks.kernel import Statement, check_witness
from cadlink.networks.kernel.doubles import Array
from cadlink.networks.theorems.moving import moved
from cadlink.networks.theorems.table import THEOREMS, named
from cadlink.networks.theorems.theorem import Case
from cadlink.networks.verdict import (
    BAD,
    NetworkAnswer,
    NetworkVerdict,
    Question,
    data_in,
    training_data,
)
from cadlink.patterns.pattern import Pattern

__all__ = ["CHOICES", "TrainingSet", "training_set"]

Row = tuple[Fraction, ...]
Witness = Mapping[str, Any]

# Theorems that give data of our choice, by name.
CHOICES = {theorem.name: theorem for theorem in THEOREMS if theorem.data is not None}


@dataclass(frozen=True)
class TrainingSet:
    """Inputs X (points x inputs) and targets Y (points x outputs), exact and float64-exact.

    The squared loss of the networks with these masks has infimum 0 on it and no minimum.
    ``statement`` says so, for question (c) and with everything it depends on, and ``witness``
    proves it: see :meth:`check`.  ``words`` describe the data.
    """

    pattern: Pattern
    X: tuple[Row, ...] = field(repr=False)
    Y: tuple[Row, ...] = field(repr=False)
    theorem: str
    words: str
    statement: Statement = field(repr=False)
    witness: Witness = field(repr=False)

    @property
    def biases(self) -> tuple[bool, ...]:
        """Which layers have free biases."""
        return self.statement.biases

    def __len__(self) -> int:
        return len(self.X)

    def check(self) -> None:
        """Let the kernel re-check the witness; raises CertificateError if it does not hold."""
        check_witness(self.statement, self.witness)

    def parameters(self, k: int) -> Parameters:
        """theta_k of the minimising sequence for this very data: loss -> 0, norm -> infinity."""
        return on_curve(self.pattern, self.witness["curve"], eps_of(k))

    def to_numpy(self) -> tuple[Array, Array]:
        """X and Y as float64 arrays; no entry is rounded."""
        return _floats(self.X), _floats(self.Y)

    def to_torch(self) -> tuple[Any, Any]:
        """X and Y as float64 tensors; InputError if torch is not installed."""
        try:
            import torch
        except ImportError:
            raise InputError("torch is not installed: pip install 'cadlink[torch]'") from None
        xs, ys = self.to_numpy()
        return torch.from_numpy(xs), torch.from_numpy(ys)

    def save(self, path: str | Path) -> None:
        """Write the data: .npz (X, Y), .csv (columns x0.., y0..) or .pt (a dict of tensors).

        Raises InputError for another suffix, or if the file cannot be written.
        """
        target = Path(path)
        xs, ys = self.to_numpy()
        buffer = io.BytesIO()
        if target.suffix == ".npz":
            np.savez(buffer, X=xs, Y=ys)
        elif target.suffix == ".csv":
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            names = [f"x{k}" for k in range(xs.shape[1])]
            writer.writerow(names + [f"y{j}" for j in range(ys.shape[1])])
            # repr of a double is the shortest text that is read back as the same double
            writer.writerows([repr(float(v)) for v in row] for row in np.hstack((xs, ys)))
            buffer.write(text.getvalue().encode("ascii"))
        elif target.suffix == ".pt":
            x, y = self.to_torch()
            import torch

            torch.save({"X": x, "Y": y}, buffer)
        else:
            raise InputError("expected a file name ending in .npz, .csv or .pt", str(target))
        files.write(target, buffer.getvalue())


def training_set(
    verdict: NetworkVerdict, theorem: str | None = None, box: float = 1.0
) -> TrainingSet:
    """A finite training set without an optimum for the network of the verdict.

    Parameters
    ----------
    verdict : NetworkVerdict
        With answer NO_OPTIMUM, or NOT_CLOSED_ON_CUBE.
    theorem : str, optional
        Which theorem the data come from, a name in ``CHOICES``.  Default: the one that gives the
        fewest points.
    box : float
        All inputs lie in [-box, box].  For questions (b) and (c) the inputs are the caller's and
        stay as they are.

    Raises
    ------
    InputError
        If the verdict is another one, the theorem does not apply, no explicit data are known, or
        they need more than double precision.

    Examples
    --------
    >>> from cadlink.networks.deciding import decide_network
    >>> verdict = decide_network("lu:2")
    >>> data = training_set(verdict)
    >>> len(data), len(training_set(verdict, "N1")), float(data.to_numpy()[0].max())
    (4, 9, 0.75)
    """
    if verdict.answer not in BAD:
        raise InputError(
            f"no such training set is known: the answer to question ({verdict.question.value}) is"
            f" {verdict.answer.value}"
        )
    if not (math.isfinite(box) and box > 0):
        raise InputError(f"box {box!r}: expected a positive number")
    if theorem is not None and theorem not in CHOICES:
        raise InputError(f"theorem {theorem!r}: expected one of {', '.join(CHOICES)}")
    if verdict.question in (Question.THESE_INPUTS, Question.THIS_DATA):
        return _given(verdict, theorem)
    troubles = []
    for witness in _candidates(verdict, theorem):
        try:
            return _made(verdict, moved(witness, Fraction(box)))
        except (InputError, CertificateError) as error:
            troubles.append(str(error))
    if troubles:
        raise InputError(troubles[0])
    if theorem is None:
        raise InputError("no theorem gives explicit data for this network")
    raise InputError(f"theorem {theorem} gives no explicit data for this network")


def _given(verdict: NetworkVerdict, theorem: str | None) -> TrainingSet:
    """The data of a verdict about given inputs."""
    if theorem not in (None, verdict.theorem):
        raise InputError(f"this verdict rests on {verdict.theorem}, not on {theorem}")
    witness = verdict.witness
    if witness is None or "curve" not in witness or training_data(verdict) is None:
        raise InputError(
            f"theorem {verdict.theorem} shows that some targets fail for these inputs, but gives no"
            " explicit ones"
        )
    return _made(verdict, witness)


def _made(verdict: NetworkVerdict, witness: Witness) -> TrainingSet:
    """The training set of a witness, checked by the kernel."""
    assert verdict.statement is not None
    found = data_in(witness, verdict.pattern)
    assert found is not None
    words = named(witness["theorem"], NetworkAnswer.NO_OPTIMUM).points.format(
        points=len(found[0]), units=len(witness.get("units", ()))
    )
    statement = replace(
        verdict.statement,
        question="c",
        answer="no_optimum",
        loss="definite",
        inputs=found[0],
        targets=found[1],
    )
    data = TrainingSet(
        verdict.pattern,
        *found,
        witness["theorem"],
        f"{words[0].upper()}{words[1:]}. The infimum of the loss is 0 and is not attained.",
        statement,
        witness,
    )
    data.check()
    data.to_numpy()
    return data


def _floats(rows: Sequence[Row]) -> Array:
    """The rows in double precision; InputError when a number would be rounded."""
    found = np.array([[float(value) for value in row] for row in rows])
    for row, line in zip(rows, found.tolist(), strict=True):
        for exact, value in zip(row, line, strict=True):
            if Fraction(value) != exact:
                raise InputError(
                    f"the points need more than double precision ({exact}); choose another theorem"
                )
    return found


# -- which data ------------------------------------------------------------------------------------


def _candidates(verdict: NetworkVerdict, theorem: str | None) -> list[Witness]:
    """Witnesses with explicit data, fewest points first."""
    assert verdict.statement is not None
    case = Case(
        Question.SOME_DATA,
        verdict.pattern,
        verdict.statement.biases,
        verdict.statement.activation,
    )
    # A verdict about functions (N1 on the cube) comes with the data of its own theorem.
    cube = verdict.question is Question.CUBE
    wanted = theorem or (verdict.theorem if cube else None)
    able = [
        choice
        for choice in CHOICES.values()
        if wanted in (None, choice.name) and choice.fits(case.pattern) and not choice.missing(case)
    ]
    own = verdict.witness or {}
    mine = "curve" in own and wanted in (None, verdict.theorem)
    made = [own if mine else None, *(choice.data(case) for choice in able if choice.data)]
    if not any(made):
        made = [one.search(case, _decision(verdict)) for one in able if one.search is not None]
    return sorted(filter(None, made), key=lambda witness: len(witness["X"]))


def _decision(verdict: NetworkVerdict) -> Decision:
    """The decision about the products of the masks."""
    return decide(verdict.pattern) if verdict.decision is None else verdict.decision
