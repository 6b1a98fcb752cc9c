"""Which theorem supports which answer, and under which hypotheses.

This is the kernel's own table; the finders keep another (``cadlink.networks.theorems``), and what
they find is held against this one.  ``cadlink/networks/THEOREMS.md`` has the statements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from cadlink.networks.kernel import (
    cube,
    depth,
    given,
    identified,
    kinks,
    labels,
    matrices,
    nearby,
    rank,
    safe,
    slopes,
    smooth,
    this_data,
)
from cadlink.networks.kernel.losses import LOSSES, within
from cadlink.networks.kernel.statement import PENALTIES, SMOOTH, Statement
from cadlink.networks.kernel.witness import Network

__all__ = ["MEANINGS", "TABLE", "Biases", "Row", "unmet"]

MEANINGS = {
    "not_closed": "on the data of the witness the loss has infimum 0 and no minimum",
    "some_targets": "for some inputs and targets the loss has infimum 0 and no minimum",
    "not_attained": "on the data of the witness the infimum of the loss is not attained",
    "some_labels": "if all points (one, for some data) have one label, the infimum of the loss is"
    " not attained",
    "closed": "for all targets the loss has a minimum",
    "attained": "on the data in question the loss has a minimum",
    "cube_closed": "the functions of the network on a cube are closed in the uniform norm",
    "cube_not_closed": "the functions of the network on a cube are not closed in the uniform norm",
}


@dataclass(frozen=True)
class Biases:
    """Which layers must have free biases."""

    words: str
    hold: Callable[[tuple[bool, ...]], bool]


ANY = Biases("any biases or none", lambda biases: True)
FIRST = Biases("free biases in the first layer", lambda biases: biases[0])
ALL = Biases("free biases in every layer", all)
LAST = Biases(
    "free biases in the last layer, or none at all", lambda biases: biases[-1] or not any(biases)
)
OUTPUT = Biases("free biases in the last layer", lambda biases: biases[-1])
FROM_SOME_LAYER = Biases(
    "free biases in the last layer, and in all layers above one that has them",
    lambda biases: biases[-1] and sorted(biases) == [*biases],
)
UPWARDS = Biases(
    "free biases in all layers above one that has them", lambda biases: sorted(biases) == [*biases]
)


@dataclass(frozen=True)
class Row:
    """A theorem and what it claims: the answers it supports, its hypotheses, its check.

    ``answers``: pairs of question and answer.  ``loss``: the widest class of losses (LOSSES) it is
    about, for question (d) None.  ``check`` looks at everything else: masks, data, curve.
    """

    answers: tuple[tuple[str, str], ...]
    activations: tuple[str, ...]
    biases: Biases
    loss: str | None
    penalty: str
    check: Callable[[Network], tuple[str, ...]]


RELU, LEAKY, LINEAR = "relu", "leaky_relu", "linear"
NO, YES = "no_optimum", "optimum_guaranteed"
A_NO, B_NO, C_NO = ("a", NO), ("b", NO), ("c", NO)
A_YES, B_YES, C_YES = ("a", YES), ("b", YES), ("c", YES)
D_YES, D_NO = ("d", "closed_on_cube"), ("d", "not_closed_on_cube")
ALL_YES = (A_YES, B_YES, C_YES)
HOMOGENEOUS = (RELU, LEAKY, LINEAR)  # on each side of 0

Key: TypeAlias = tuple[str, str]
TABLE: dict[Key, Row] = {
    # whatever the data
    ("R1", "closed"): Row(ALL_YES, HOMOGENEOUS, ANY, "growing", "none", safe.components),
    ("R13", "closed"): Row(ALL_YES, HOMOGENEOUS, ANY, "growing", "none", safe.trees),
    ("R20", "closed"): Row(ALL_YES, (RELU,), ALL, "growing", "none", safe.one_by_one),
    ("R16", "attained"): Row(
        ALL_YES, (*HOMOGENEOUS, *SMOOTH), ANY, "continuous", "all", safe.regularised
    ),
    ("R24", "attained"): Row(ALL_YES, HOMOGENEOUS, UPWARDS, "growing", "weights", safe.regularised),
    # one hidden layer
    ("R1", "not_closed"): Row((A_NO, C_NO), (RELU,), ANY, "definite", "none", slopes.collinear),
    ("R1", "some_targets"): Row((A_NO,), (RELU, LEAKY), ANY, "definite", "none", slopes.sharing),
    ("R2", "not_closed"): Row((B_NO, C_NO), (RELU,), ANY, "definite", "none", slopes.collinear),
    ("R3", "not_closed"): Row(
        (A_NO, B_NO, C_NO), (RELU,), ANY, "definite", "none", slopes.collinear
    ),
    ("R6", "closed"): Row((B_YES, C_YES), (RELU,), ALL, "growing", "none", given.independent),
    ("R6", "some_targets"): Row((B_NO,), (RELU,), ALL, "definite", "none", given.independent),
    # not "definite": a point may be there twice, with two targets
    ("R6", "attained"): Row((B_YES, C_YES), (RELU,), ALL, "attaining", "none", given.enough_units),
    # two hidden layers or more
    ("R14", "not_closed"): Row((A_NO, C_NO), (RELU,), ANY, "definite", "none", depth.one_form),
    ("R17", "not_closed"): Row((A_NO, C_NO), (RELU,), ANY, "definite", "none", kinks.saturated),
    ("R17", "some_targets"): Row((A_NO,), (RELU,), ANY, "definite", "none", kinks.saturated_exists),
    ("R25", "some_targets"): Row((A_NO,), (RELU,), ANY, "definite", "none", identified.identified),
    ("R19", "some_targets"): Row((A_NO,), (RELU,), ANY, "definite", "none", kinks.two_outputs),
    ("R20", "not_closed"): Row((A_NO, C_NO), (RELU,), ANY, "definite", "none", kinks.narrow),
    ("R20", "some_targets"): Row((A_NO,), (RELU,), ANY, "definite", "none", kinks.narrow_exists),
    ("R18", "not_closed"): Row((A_NO, C_NO), (RELU,), ANY, "definite", "none", depth.hall),
    ("R18", "some_targets"): Row((A_NO,), (RELU,), ANY, "definite", "none", depth.hall_exists),
    # smooth activations
    ("R22", "some_targets"): Row((A_NO,), SMOOTH, ANY, "definite", "none", smooth.smooth),
    # products of the masks
    ("N1", "not_closed"): Row(
        (A_NO, B_NO, C_NO), (RELU, LEAKY), ANY, "definite", "none", matrices.linear_part
    ),
    ("N1", "some_targets"): Row(
        (A_NO,), (RELU, LEAKY), ANY, "definite", "none", matrices.not_closed
    ),
    ("N1", "cube_not_closed"): Row(
        (D_NO,), (RELU, LEAKY), FIRST, None, "none", matrices.not_closed
    ),
    ("linear", "some_targets"): Row(
        (A_NO,), (LINEAR,), LAST, "definite", "none", matrices.not_closed
    ),
    ("linear", "not_closed"): Row(
        (B_NO,), (LINEAR,), LAST, "definite", "none", matrices.linear_closed
    ),
    ("linear", "closed"): Row(
        (B_YES, C_YES), (LINEAR,), LAST, "growing", "none", matrices.linear_closed
    ),
    # one training set
    ("realised", "attained"): Row(
        (C_YES,), (RELU, LEAKY), ANY, "definite", "none", this_data.realised
    ),
    ("exact", "not_attained"): Row(
        (C_NO,), (RELU,), ALL, "squared", "none", this_data.not_attained
    ),
    # labels
    ("R23i", "not_attained"): Row((C_NO,), (RELU, LINEAR), ANY, "labels", "none", labels.separated),
    ("R23i", "some_labels"): Row(
        (A_NO, B_NO), HOMOGENEOUS, OUTPUT, "labels", "none", labels.one_label
    ),
    ("R23ii", "attained"): Row(
        ALL_YES, HOMOGENEOUS, ANY, "soft_cross_entropy", "none", labels.two_soft_classes
    ),
    ("R24b", "attained"): Row(
        ALL_YES, HOMOGENEOUS, FROM_SOME_LAYER, "labels", "weights", labels.every_label
    ),
    ("R24b", "not_attained"): Row(
        (C_NO,), HOMOGENEOUS, OUTPUT, "labels", "weights", labels.every_label
    ),
    ("R24b", "some_labels"): Row(
        (A_NO, B_NO), HOMOGENEOUS, OUTPUT, "labels", "weights", labels.one_label
    ),
    # many units; a penalty in part
    ("R23iii", "attained"): Row(
        (B_YES, C_YES), (RELU,), ANY, "attaining", "none", rank.full_features
    ),
    ("R23iv", "attained"): Row((C_YES,), (RELU,), ANY, "definite", "none", nearby.fit_nearby),
    ("R24c", "not_attained"): Row(
        (C_NO,), (RELU,), ALL, "averaging", "all-but-last", labels.penalised_in_part
    ),
    # functions on a cube
    ("R8", "cube_closed"): Row((D_YES,), (RELU,), ALL, None, "none", cube.compatible),
    ("affine", "cube_closed"): Row((D_YES,), HOMOGENEOUS, ANY, None, "none", cube.affine),
}


def unmet(row: Row, statement: Statement) -> tuple[str, str] | None:
    """The first hypothesis of the theorem that the statement lacks: expected and found."""
    if statement.activation not in row.activations:
        return f"activation {' or '.join(row.activations)}", statement.activation
    if not row.biases.hold(statement.biases):
        layers = [layer for layer, has in enumerate(statement.biases) if has]
        return row.biases.words, f"biases in the layers {layers}, counted from 0"
    loss = statement.loss
    if loss is not None and row.loss is not None and not within(loss, row.loss, statement.question):
        return LOSSES[row.loss].words, LOSSES[loss].words
    if statement.penalty != row.penalty:
        return PENALTIES[row.penalty], PENALTIES[statement.penalty]
    return None
