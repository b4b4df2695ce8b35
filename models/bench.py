"""The usual detector as the public benchmarks call it: one series, one row at a time, told nothing beforehand."""

import numpy as np

from models.detector import Floats
from models.settings import Settings
from models.usual import Usual

PACE_S = 60.0
"""Series sampled faster than this are told slower, so that the detector's paces span as many rows as on site."""
SETTINGS = Settings.model_validate({"step": "0s", "warm_up": "400m"})


class Series:
    """One benchmark series."""

    def __init__(self) -> None:
        self._detector: Usual | None = None
        self._first = self._stretch = 0.0

    def score_one(self, timestamp: float, values: Floats) -> float:
        """Score of one row of values[P]; 0 while the detector does not know."""
        if self._detector is None:
            self._detector = Usual(SETTINGS, [f"channel_{i}" for i in range(len(values))], 1)
            self._first = timestamp
        if self._stretch == 0.0 and timestamp > self._first:
            self._stretch = max(PACE_S / (timestamp - self._first), 1.0)
        time = self._first + (timestamp - self._first) * self._stretch
        block = values.astype(np.float64)[None, None, :]
        score = self._detector.update(np.array([time]), block, np.zeros_like(block), np.zeros(1, dtype=np.bool_))
        return float(np.nan_to_num(score[0, 0]))


def make() -> Series:
    """A fresh detector for one series."""
    return Series()
