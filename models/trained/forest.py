"""An isolation forest as flat arrays: how few random cuts set a row apart from the others.

Liu, Ting and Zhou, "Isolation Forest", 2008: a row that lies apart is alone after few cuts. Fitting is scikit-learn's;
this scores, and gives what its `score_samples` gives.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.detector import Floats
from models.trained.sums import total

DEEPEST = 64
"""Levels of a tree at most; trees over samples of 256 rows have 8."""

Nodes = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Forest:
    """All nodes of all trees, one after the other. A leaf is its own child on both sides."""

    roots: Nodes  # [trees]
    feature: Nodes  # [nodes] the column that a node looks at
    threshold: Floats  # [nodes] up to it a row goes left
    left: Nodes  # [nodes]
    right: Nodes  # [nodes]
    path: Floats  # [nodes] cuts up to a leaf and those that its rows would still need, in units of the usual number
    levels: int

    @classmethod
    def of(
        cls, roots: Nodes, feature: Nodes, threshold: Floats, left: Nodes, right: Nodes, path: Floats, features: int
    ) -> Self:
        """A forest that looks at `features` columns. Raises ValueError with what is wrong with it.

        Every child comes after its parent, so no walk can go round in a circle, and none is longer than DEEPEST.
        """
        nodes, here = len(feature), np.arange(len(feature))
        for name, array, below in (("roots", roots, nodes), ("feature", feature, features)):
            if array.size == 0 or array.min() < 0 or array.max() >= below:
                raise ValueError(f"{name} out of range")
        if path.min() < 0.0:
            raise ValueError("path out of range")
        leaf = (left == here) & (right == here)
        inner = (left > here) & (right > here) & (left < nodes) & (right < nodes)
        if not (leaf | inner).all():
            raise ValueError("a tree that is no tree")
        return cls(roots, feature, threshold, left, right, path, _levels(roots, left, right, leaf))

    def score(self, rows: Floats) -> Floats:
        """From 0 (deep inside) to 1 (alone after one cut) for rows[N, F]; scikit-learn compares in single precision."""
        single, row = rows.astype(np.float32), np.arange(len(rows))[:, None]
        at = np.broadcast_to(self.roots, (len(rows), len(self.roots)))
        for _ in range(self.levels):
            goes_left = single[row, self.feature[at]] <= self.threshold[at]
            at = np.where(goes_left, self.left[at], self.right[at])
        score: Floats = np.exp2(-total(self.path[at]) / len(self.roots))
        return score


def _levels(roots: Nodes, left: Nodes, right: Nodes, leaf: NDArray[np.bool_]) -> int:
    """Cuts on the longest way down."""
    at = np.unique(roots)
    for level in range(DEEPEST + 1):
        at = at[~leaf[at]]
        if not at.size:
            return level
        at = np.unique(np.concatenate((left[at], right[at])))
    raise ValueError(f"a tree of more than {DEEPEST} levels")
