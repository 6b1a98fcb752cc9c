"""R23 (iv): parameters so near to an exact fit that there is one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from cadlink.networks.kernel.doubles import (
    LOST,
    UNIT,
    Array,
    Parameters,
    batches,
    enclosures,
    parameters_of,
)
from cadlink.networks.kernel.statement import Points
from cadlink.networks.kernel.witness import Network

__all__ = ["fit_nearby"]

MOST_ROWS = 2000  # points times outputs
MOST_ENTRIES = 30_000_000  # of the Jacobian; seven times as much is needed at once
SLACK = 1.0001  # sums of many terms that are at least 0 are rounded by much less


def fit_nearby(net: Network) -> tuple[str, ...]:
    """R23 (iv): a change of one layer's parameters fits the targets and moves no hidden unit to the
    other side of its kink.

    All that is rounded is bounded: ``x`` stands for a computed number or array, ``x_off`` for how
    far the exact one may be.
    """
    depth, widths = net.pattern.depth, net.pattern.widths
    net.demand(depth >= 2, "a hidden layer", depth)
    k = net.at.integer(net.witness.get("layer"), "a layer before the last", 0, depth - 1)
    xs, ys = _distinct(net)
    rows = len(xs) * widths[-1]
    mask = net.pattern.layers[k].tocoo()
    free = mask.nnz + widths[k + 1] * net.biases[k]
    net.demand(rows <= MOST_ROWS, f"at most {MOST_ROWS} targets", rows)
    net.demand(free >= rows, f"{rows} free parameters in layer {k}", free)
    net.demand(rows * free <= MOST_ENTRIES, f"at most {MOST_ENTRIES} derivatives", rows * free)
    net.at.spend(rows * rows * free // 1500)
    parameters = parameters_of(net, depth)
    (_, values, off), (_, targets, targets_off) = next(batches(xs)), next(batches(ys))
    received = list(enclosures(net, parameters, values, off))
    if k:
        z, z_off = received[k - 1]
        values, off = np.maximum(z, 0.0), np.where(z < -z_off, 0.0, z_off)
    predicted, predicted_off = received[-1]
    missing = (np.abs(targets - predicted) + targets_off + predicted_off).ravel() * SLACK + LOST
    net.demand(bool(np.isfinite(missing).all()), "targets within double precision", "larger ones")
    active = [z > 0 for z, _ in received[:-1]]
    jacobian, jacobian_off = _jacobian(net, parameters, active, k, values, off)
    net.tick("an exact fit nearby", 0.5)
    net.at.spend(0)  # which looks at the deadline
    # A right inverse B, from wherever: with row sums of |A B - 1| at most e < 1, the change
    # B (A B)^-1 r adds r to the predictions, and |(A B)^-1 r| <= |r| + e max |r| / (1 - e).
    try:
        q, r = np.linalg.qr(jacobian.T)
        net.at.spend(0)
        inverse = np.linalg.solve(r, q.T).T
    except np.linalg.LinAlgError:
        inverse = np.zeros_like(jacobian.T)
    finite = bool(np.isfinite(inverse).all())
    net.demand(finite, "independent changes of the predictions", "dependent ones")
    net.at.spend(0)
    size = np.abs(inverse)
    rounded = jacobian_off + (free + 3) * UNIT * np.abs(jacobian) + LOST
    error = np.abs(jacobian @ inverse - np.eye(rows)).sum(axis=1) + rounded @ size.sum(axis=1)
    e = float(error.max()) * SLACK + rows * free * LOST
    net.demand(e < 0.5, "independent changes of the predictions", "nearly dependent ones")
    change = size @ (missing + e / (1 - e) * missing.max() * SLACK) * SLACK + LOST
    moved = np.zeros(parameters.weights[k].shape)
    moved[mask.row, mask.col] = change[: mask.nnz]
    reach = (np.abs(values) + off) @ moved.T * SLACK
    if net.biases[k]:
        reach += change[mask.nnz :]
    for layer in range(k, depth - 1):
        z, z_off = received[layer]
        stays = bool(((reach * SLACK + LOST + z_off) * SLACK < np.abs(z)).all())
        net.demand(stays, f"units of layer {layer} that stay on their side", "one that may not")
        reach = (reach * active[layer]) @ np.abs(parameters.weights[layer + 1]).T * SLACK + LOST
    return ()


def _distinct(net: Network) -> tuple[Points, Points]:
    """The points of the statement with their targets, each pair once."""
    net.demand(len(net.inputs) <= MOST_ROWS, f"at most {MOST_ROWS} points", "more")
    pairs = dict.fromkeys(zip(net.inputs, net.targets, strict=True))
    return tuple(x for x, _ in pairs), tuple(y for _, y in pairs)


def _jacobian(
    net: Network,
    parameters: Parameters,
    active: list[npt.NDArray[np.bool_]],
    k: int,
    values: Array,
    off: Array,
) -> tuple[Array, Array]:
    """How the predictions (points x outputs) change with the weights on the mask of layer k and its
    biases, and how far the exact numbers may be; ``values`` are what the layer sees."""
    outputs = net.pattern.widths[-1]
    slopes = np.tile(parameters.weights[-1], (len(values), 1))  # by what unit i of a layer receives
    slopes_off = np.zeros_like(slopes)
    for layer in range(net.pattern.depth - 2, k - 1, -1):
        on = np.repeat(active[layer], outputs, axis=0)
        slopes, slopes_off = slopes * on, slopes_off * on
        if layer == k:
            break
        weight = parameters.weights[layer]
        terms = weight.shape[0] + 3
        slopes_off = terms * UNIT * np.abs(slopes) + slopes_off + LOST
        slopes_off = slopes_off @ np.abs(weight) * SLACK
        slopes_off += terms * LOST
        slopes = slopes @ weight
    mask = net.pattern.layers[k].tocoo()
    seen = np.repeat(values, outputs, axis=0)[:, mask.col]
    seen_off = np.repeat(np.broadcast_to(off, values.shape), outputs, axis=0)[:, mask.col]
    by, by_off = slopes[:, mask.row], slopes_off[:, mask.row]
    found = by * seen
    found_off = np.abs(by) * seen_off + by_off * (np.abs(seen) + seen_off) + UNIT * np.abs(found)
    found_off = found_off * SLACK + LOST
    if net.biases[k]:
        found = np.hstack((found, slopes))
        found_off = np.hstack((found_off, slopes_off))
    return found, found_off
