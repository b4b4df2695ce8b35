"""Whether a score stands on one point alone: how much of it is left if that point is not believed.

An instrument that fails is a stranger among the others: put its point where the others say it is, and the device is as
it always was. A machine that fails takes along whatever hangs together with the ailing part. The point that is put
right is the one that leaves least: reconstruction along one axis (Dunia and Qin, 1998).
"""

import numpy as np

from models.detector import Bools, Floats
from models.relations import Relations

DOUBTED = 3
"""Only the points that lie farthest away are doubted: one that is put right is nearly always the foremost."""


def left_of(away: Floats, spread: Floats, judged: Bools, relations: Relations) -> Floats:
    """The largest deviation [D], in spreads, once the point that explains most is put right.

    away[D, P] and spread[D, P] are of the residuals, in the points' units; only judged[D, P] ones count.
    """
    unit = judged / spread
    doubted = np.argsort(np.abs(away) * unit, axis=1)[:, -DOUBTED:]  # [D, K]
    left = np.abs(away[:, None, :] + relations.owed_to(doubted, away)) * unit[:, None, :]
    np.put_along_axis(left, doubted[..., None], 0.0, axis=2)
    largest = np.where(np.take_along_axis(judged, doubted, axis=1), left.max(axis=2), np.inf)
    least = largest.min(axis=1)
    return np.where(judged.any(axis=1), least, 0.0)


def second(of: Floats, judged: Bools) -> Floats:
    """The second largest of what is judged[D, P], [D]; -inf if there is none."""
    ordered = np.sort(np.where(judged, of, -np.inf), axis=1)
    second: Floats = ordered[:, -2] if ordered.shape[1] > 1 else np.full(len(of), -np.inf)
    return second
