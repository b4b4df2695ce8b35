"""Fits isolation forest and principal components to levels. Only this file knows scikit-learn; the daemon does not.

Importing scikit-learn takes a second and a hundred megabytes, which an edge box has not to spare.
"""

import sys
from typing import Any

import numpy as np
import sklearn
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest

from models.detector import Floats

VERSIONS = {"python": sys.version.split()[0], "numpy": np.__version__, "scikit-learn": sklearn.__version__}
SEED = 0
"""The same data make the same model."""
TREES, ROWS_A_TREE = 100, 256
"""As Liu, Ting and Zhou (2008) found enough on all their data."""
EXPLAINED = 0.9
"""The plane takes up this share of the variance; what is left is noise, or a relation that can break."""
EULER = 0.5772156649015329
OUTERMOST = 0.001
"""Share of the rows beyond the usual range of a point, on each side."""


def fit(levels: Floats) -> dict[str, NDArray[Any]]:
    """The arrays of a bundle (see `bundle.LAYOUT`) for rows of levels[N, F], of which NaN is unknown; F at least 2."""
    mean, scale = np.nanmean(levels, axis=0), np.nanstd(levels, axis=0)
    z = np.nan_to_num((levels - mean) / scale)
    low, high = np.nanquantile(levels, [OUTERMOST, 1.0 - OUTERMOST], axis=0)
    return {"mean": mean, "scale": scale, "low": low, "high": high, **_plane(z), **_forest(z)}


def _plane(z: Floats) -> dict[str, NDArray[Any]]:
    """At least one direction is left to be off the plane."""
    fitted = PCA(svd_solver="full").fit(z)
    enough = int(np.searchsorted(np.cumsum(fitted.explained_variance_ratio_), EXPLAINED)) + 1
    axes = min(enough, z.shape[1] - 1)
    variances = np.maximum(fitted.explained_variance_[:axes], np.finfo(np.float64).eps)
    return {"loadings": fitted.components_[:axes].T, "variances": variances}


def _forest(z: Floats) -> dict[str, NDArray[Any]]:
    """All trees' nodes in one array, shifted by where each tree begins."""
    rows = min(ROWS_A_TREE, len(z))
    fitted = IsolationForest(n_estimators=TREES, max_samples=rows, random_state=SEED).fit(z)
    trees = [estimator.tree_ for estimator in fitted.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    parts = [_tree(tree, root) for tree, root in zip(trees, roots.tolist(), strict=True)]
    names = ("feature", "threshold", "left", "right", "path")
    nodes = {name: np.concatenate(arrays) for name, arrays in zip(names, zip(*parts, strict=True), strict=True)}
    nodes["path"] = nodes["path"] / _usual_cuts(np.array([rows]))
    return {"roots": roots, **nodes}


def _tree(tree: Any, root: int) -> tuple[NDArray[Any], ...]:
    here, leaf = np.arange(tree.node_count), tree.children_left < 0
    left = np.where(leaf, here, tree.children_left) + root
    right = np.where(leaf, here, tree.children_right) + root
    depth = np.zeros(tree.node_count)
    for node in np.flatnonzero(~leaf).tolist():  # parents come before their children
        depth[[tree.children_left[node], tree.children_right[node]]] = depth[node] + 1.0
    path = np.where(leaf, depth + _usual_cuts(tree.n_node_samples), 0.0)
    return np.where(leaf, 0, tree.feature), np.where(leaf, 0.0, tree.threshold), left, right, path


def _usual_cuts(rows: NDArray[Any]) -> Floats:
    """Mean number of cuts until one of so many rows is alone (the mean path of an unsuccessful search)."""
    many = np.maximum(rows, 3).astype(np.float64)
    cuts = 2.0 * (np.log(many - 1.0) + EULER) - 2.0 * (many - 1.0) / many
    return np.where(rows > 2, cuts, np.where(rows == 2, 1.0, 0.0))
