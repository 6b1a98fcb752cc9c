"""A quick float guess whether a matrix is in the set: Levenberg-Marquardt from a few starts.

Only a filter in front of the exact search: "seems a member" saves the time of a hopeless
refutation, anything else proves nothing.
"""

from __future__ import annotations

import numpy as np

from cadlink.search.model import Limit, Model, full_limit

__all__ = ["seems_member"]


_STEPS = 60  # from one start


def seems_member(model: Model, limit: Limit, seed: int = 0, starts: int = 4) -> bool:
    """Whether some start reached the limit to 1e-12 with entries of at most 50.

    At a limit that is not in the set the entries must grow without bound: an error of t^p costs
    entries of some power of 1/t.
    """
    goal = np.array([float(v) for v in full_limit(model, limit).values()])
    paths = np.array([path for cell in model.cells for path in model.paths[cell]], dtype=np.int64)
    row = np.repeat(np.arange(len(model.cells)), [len(model.paths[c]) for c in model.cells])
    rng = np.random.default_rng(seed)
    for _ in range(starts):
        z = rng.standard_normal(len(model.unknowns))
        damping = 1e-2
        error = _residual(z, paths, row, goal)
        for _ in range(_STEPS):
            jacobian = np.zeros((len(goal), len(z)))
            for level in range(model.depth):
                rest = np.delete(paths, level, axis=1)
                np.add.at(jacobian, (row, paths[:, level]), z[rest].prod(axis=1))
            normal = jacobian @ jacobian.T + damping * np.eye(len(goal))
            try:
                moved = z - jacobian.T @ np.linalg.solve(normal, error)
            except np.linalg.LinAlgError:  # too little damping for a Jacobian of low rank
                damping *= 6
                continue
            after = _residual(moved, paths, row, goal)
            if after @ after < error @ error:
                z, error, damping = moved, after, max(damping / 8, 1e-14)
            else:
                damping *= 6
            if error @ error < 1e-25:
                if np.abs(z).max() < 50:
                    return True
                break
            if damping > 1e6:
                break
    return False


def _residual(
    z: np.typing.NDArray[np.float64],
    paths: np.typing.NDArray[np.int64],
    row: np.typing.NDArray[np.int64],
    goal: np.typing.NDArray[np.float64],
) -> np.typing.NDArray[np.float64]:
    values = np.bincount(row, weights=z[paths].prod(axis=1), minlength=len(goal))
    return np.asarray(values - goal, dtype=np.float64)
