"""R24: weight decay on all weights gives an optimum; the biases need none.

*Theorem (a).*  Add to the loss a continuous penalty on the weights of all layers that is at least 0
and tends to infinity with them, and none on the biases.  Let every layer above one with free biases
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
the others shrink, as if there were no penalty: see (c).

*Theorem (b).*  The same penalty and biases, the output biases free; the loss is softmax
cross-entropy of two classes or more with label weights at least 0, or the logistic loss of every
output with labels from 0 to 1.  An optimum exists iff every class has a positive weight at some
point (for the logistic loss: iff no output has the same label, 0 or 1, at all points).

*Proof.*  If class k has none, lowering its output bias makes every term smaller, whatever the
parameters (for the logistic loss: raising it, if all labels are 1): there is no minimum.  If all
classes occur, take a minimising sequence, with hidden biases bounded as in (a), so that <w, h> is
bounded in the outputs, too.  For softmax subtract from all output biases the largest one, which
changes no loss.  Let the bias of class k tend to -oo along a subsequence, while the largest stays
0: then the term of a point with weight on k tends to infinity, a contradiction.  For the logistic
loss an output bias that tends to infinity makes a term of a label other than 1 tend to infinity,
and one that tends to -oo one of a label other than 0.  So all is bounded, and the minimum exists.

*Theorem (c).*  Two layers or more; the weights of all layers but the last are penalised,
continuously, with 0 just where they are 0; the last weights are not, nor are any biases, which are
all free.  Then the infimum is that of the loss alone, and is attained iff constant predictions
attain it.  So there is no optimum as soon as some parameters lose less than the best constant:
for the squared error, softmax cross-entropy and the logistic loss, if for an input k and an output
j joined by a path, and some number t, the sum over the points of relu(x_k - t) (y_j - s ybar_j) is
not 0.  Here s is the sum of the point's label weights for softmax, else 1, and ybar_j = sum y_j /
sum s.

*Proof.*  Multiply the weights of the layers below the last by alpha > 0, the biases of layer l by
alpha^l, the last weights by alpha^(1 - L): the predictions stay, and the penalty tends to 0 with
alpha.  So the infimum is that of the loss alone.  Where it is attained the penalty is 0, so these
weights are 0 and the predictions constant; and constants are predictions with penalty 0.  The
network of one path predicts c + v relu(x_k - t) in output j, and the derivative of the loss in v at
v = 0 and the best constant (the mean; the logarithm of the class shares; the logit of the mean) is
the sum, but for a factor.  If no constant is best, none attains the infimum.

*Decoupled decay* (AdamW) is no penalty: it changes the steps, not the loss.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from cadlink.networks.forward import floats
from cadlink.networks.theorems.theorem import Case, Found
from cadlink.networks.verdict import Question
from cadlink.patterns.matrix import number_to_json

__all__ = ["every_label", "left_out"]

TERM_S = 3e-8  # seconds for a term of a product of sparse matrices


def every_label(case: Case) -> Found:
    """(b): whether every class occurs, so that there is an optimum, or not."""
    if case.question is not Question.THIS_DATA:
        soft = case.loss == "soft_cross_entropy"
        claim = "attained" if soft else "some_labels"
        return Found({"theorem": "R24b", "claim": claim})
    assert case.targets is not None
    labels = floats(case.targets)
    missing = (labels == 0).all(axis=0)
    if case.loss in ("logistic", "soft_logistic"):
        missing |= (labels == 1).all(axis=0)
    claim = "not_attained" if missing.any() else "attained"
    return Found({"theorem": "R24b", "claim": claim})


def left_out(case: Case) -> Found:
    """(c): an input and an output with a path between them, where a step beats the constants."""
    assert case.inputs is not None
    assert case.targets is not None
    xs, ys = floats(case.inputs), floats(case.targets)
    if case.loss in ("cross_entropy", "soft_cross_entropy"):
        shares = ys.sum(axis=1, keepdims=True)
        residual = ys - shares * (ys.sum(axis=0) / shares.sum())
    else:
        residual = ys - ys.mean(axis=0)
    joined = case.pattern.layers[0]
    for mask in case.pattern.layers[1:]:
        case.clock.afford(TERM_S * int(np.diff(joined.indptr)[mask.indices].sum()))
        joined = mask @ joined
    paths = joined.toarray()  # outputs x inputs
    for share in (0.0, 0.5, 0.25, 0.75):
        case.clock.check()
        places = np.quantile(xs, share, axis=0, method="lower")
        steps = np.maximum(xs - places, 0.0)
        sums = np.abs(residual.T @ steps) * paths
        sizes = np.abs(residual).T @ steps
        certain = np.divide(sums, sizes, out=np.zeros_like(sums), where=sizes > 0)
        j, k = np.unravel_index(int(certain.argmax()), certain.shape)
        if certain[j, k] > 1e-9:
            place = number_to_json(Fraction(float(places[k])))
            step = {"input": int(k), "place": place, "output": int(j)}
            witness = {"theorem": "R24c", "claim": "not_attained", "step": step}
            return Found(witness, tentative=True)
    return Found(
        why_not="is about targets that vary with some input, and none was found: perhaps constants"
        " are best"
    )
