"""R24: weight decay on all weights gives an optimum; the biases need none.

*Theorem.*  Add to the loss a continuous penalty on the weights of all layers that is at least 0 and
tends to infinity with them, and none on the biases.  Let every layer above one with free biases
have free biases too, and let the loss be continuous, at least 0 and tend to infinity with the
predictions.  Then for every finite training set the sum has a minimum.  ReLU, leaky ReLU or no
activation; any masks.

*Proof.*  Take a minimising sequence.  Its weights W are bounded, by the penalty.  Change its
biases, layer by layer from below, so that they become bounded, too, and all predictions stay.  Say
that the values of the layer below are bounded on the data (at first these are the inputs); then
there is an R with |<w, h>| <= R for every unit and point.  A layer without biases keeps bounded
values.  A unit with a bias b < -R is at most 0 at all points: with bias -R it still is, and its
values change by the same constant at all points (0 for ReLU, s (b + R) for slope s).  One with b >
R is at least 0 at all points; with bias R it still is, and its values change by b - R at all
points.  Units without an activation take b = 0 in the same way.  Add the constants, times the
weights, to the biases of the units fed, which are free.  Now the layer's biases and values are
bounded.  At last the output biases: predictions and <w, h> are bounded, the predictions because the
loss is bounded along the sequence, so the biases are.  A bounded sequence has a convergent
subsequence, and the sum is continuous.

*Needed.*  An output bias: v relu(w x + b) with the target 1 and a penalty on v and w has infimum 0,
as b tends to infinity, and v = 0 does not fit.  A loss that grows: one that tends to 0 far away
drives the output bias there.  A penalty on all matrices: if one is left out, its weights grow while
the others shrink, as if there were no penalty.
"""

from __future__ import annotations

from typing import Any

__all__ = ["guaranteed"]


def guaranteed() -> dict[str, Any]:
    """The witness: the hypotheses are those of the statement alone."""
    return {"theorem": "R24", "claim": "attained"}
