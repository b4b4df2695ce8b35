"""A fitted model at work: levels in, three statistics out, each larger the stranger. No state, no scikit-learn."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from models.detector import Bools, Floats
from models.trained.forest import Forest
from models.trained.subspace import Subspace

STATISTICS = ("forest", "t2", "q")
"""Isolation forest, Hotelling's T² and Q of the principal components, in the order of every axis S."""
AT_ONCE = 512
"""Rows worked on at once: all trees' nodes of these fit in the cache."""
LEAST_KNOWN = 0.5
"""With fewer of its points known a device is unknown: what is left would be judged by guesses."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """Forest and subspace over the same F points."""

    forest: Forest
    subspace: Subspace

    @classmethod
    def of(cls, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """From the arrays of a bundle. Raises ValueError with what is wrong with them."""
        if wild := [name for name, array in arrays.items() if not np.isfinite(array).all()]:
            raise ValueError(f"{wild[0]} is not finite")
        subspace = Subspace.of(*(arrays[name] for name in ("mean", "scale", "loadings", "variances")))
        nodes = {name: arrays[name].astype(np.intp) for name in ("roots", "feature", "left", "right")}
        features = len(arrays["mean"])
        return cls(Forest.of(**nodes, threshold=arrays["threshold"], path=arrays["path"], features=features), subspace)

    def statistics(self, levels: Floats, settled: Bools) -> Floats:
        """[K, D, S] for levels[K, D, F]; NaN where too little is known or a device has not settled, settled[K, D]."""
        known = settled & ((~np.isnan(levels)).mean(axis=2) >= LEAST_KNOWN)
        statistics = np.full((*settled.shape, len(STATISTICS)), np.nan)
        rows = levels[known]
        parts = [self._rows(rows[first : first + AT_ONCE]) for first in range(0, len(rows), AT_ONCE)]
        if parts:
            statistics[known] = np.concatenate(parts)
        return statistics

    def _rows(self, levels: Floats) -> Floats:
        z = self.subspace.standard(levels)
        return np.stack([self.forest.score(z), *self.subspace.distances(z)], axis=1)
