"""R23 (i), (ii): cross-entropy with hard labels has no optimum where the network separates them.

The loss is softmax cross-entropy of two classes or more, sum_p sum_k q_pk (log sum_j exp f_j(x_p) -
f_k(x_p)) with label weights q_pk >= 0, or the logistic loss of every output, sum_p sum_j log(1 +
exp(f_j)) - q_pj f_j with 0 <= q_pj <= 1.

*(i) Theorem.*  Let every label be hard: one positive weight for each point (0 or 1 for the logistic
loss).  Suppose some parameters put every point strictly on its side: the output of its class is
larger than all others (positive where the label is 1, negative where it is 0).  Then the infimum of
the loss is 0 and is not attained.  No penalty; the last weights and output biases are free, untied;
any masks, any activation.

*Proof.*  Multiply the last weights and output biases by s.  All differences of outputs that count
are multiplied by s, so they tend to infinity with s in the right direction, and the loss tends to
0. It is positive at all parameters: each of its terms is log(1 + something positive), of which at
least one counts.

The certificate is the parameters.  A softmax of one output has loss 0 always: two are needed.

*If all points have one label*, an output bias alone puts them on their side: for questions (a) and
(b), where labels are ours to choose, nothing else is needed.

*(ii) Theorem.*  Softmax of two classes with soft labels, both weights of every point positive.  Put
the two outputs' masks together: a unit feeds the new output if it feeds one of the two.  If this
network is safe by R13 (or R1), every training set with such labels has an optimum.

*Proof.*  The loss depends on d = f_1 - f_2 only, is continuous in d and tends to infinity with it,
as both weights are positive.  The vectors of d on the data are the predictions of the new network
(a weight or bias of d is the difference of two, of which one at least is free), which form a closed
set."""

from __future__ import annotations

from typing import Any

import numpy as np

from cadlink.networks.forward import floats, predictions
from cadlink.networks.obstacles import masks_are_safe
from cadlink.networks.theorems.theorem import Case, Found, parameters_json
from cadlink.patterns.pattern import Pattern

__all__ = ["separated", "two_soft_classes"]


def separated(case: Case) -> Found:
    """The weights at hand as a witness, if they classify every point right; or how many they miss.

    Whether the margins are larger than all roundings is the kernel's to say.
    """
    assert case.inputs is not None
    assert case.targets is not None
    labels = floats(case.targets)
    softmax = case.loss == "cross_entropy"
    hard = (labels > 0).sum(axis=1) == 1 if softmax else ((labels == 0) | (labels == 1)).all(axis=1)
    if not hard.all():
        return Found(why_not="is about hard labels, and some are soft")
    if case.parameters is None:
        return Found(
            why_not="is about data that some weights classify all right, and none are given: train"
            " to 100 % and give them (--weights)"
        )
    said = predictions(case.parameters, case.activation, floats(case.inputs), case.clock)
    if softmax:
        own = labels > 0
        margins = said[own] - np.where(own, -np.inf, said).max(axis=1, initial=-np.inf)
    else:
        margins = np.where(labels == 1, said, -said).min(axis=1)
    wrong = np.flatnonzero(~(margins > 0))
    if wrong.size:
        return Found(
            why_not="is about data that some weights classify all right: these miss"
            f" {wrong.size} of {len(said)} points (the first is point {wrong[0]}); others may not"
        )
    witness = {
        "theorem": "R23i",
        "claim": "not_attained",
        "parameters": parameters_json(case.parameters),
        "margin": f"{margins.min():.3g}",
    }
    return Found(witness, tentative=True)


def two_soft_classes(case: Case) -> dict[str, Any] | None:
    """The witness of (ii), or None."""
    *below, last = case.pattern.layers
    if last.shape[0] != 2:
        return None
    merged = last.toarray().any(axis=0, keepdims=True)
    safe = masks_are_safe(Pattern.of([*below, merged]), not all(case.biases))
    return {"theorem": "R23ii", "claim": "attained"} if safe else None
