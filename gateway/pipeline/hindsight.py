"""Asks detectors about a row that they have left behind: a copy from before the block is shown it again up to there."""

from collections.abc import Mapping
from copy import deepcopy

import numpy as np

from gateway.core.types import Block
from models.detector import Bools, Detector


class Hindsight:
    """The detectors of a fleet as they were before a block. To copy them is cheap; to play them again is rare."""

    def __init__(self, detectors: Mapping[str, Detector], block: Block, frozen: Bools) -> None:
        self._detectors = deepcopy(detectors)
        self._block, self._frozen = block, frozen
        self._shown = 0

    def at(self, time: float) -> Mapping[str, Detector]:
        """The detectors after the row at `time` and before the next; ask in order of time."""
        block, until = self._block, int(np.searchsorted(self._block.times, time, side="right"))
        if until > self._shown:
            rows, self._shown = slice(self._shown, until), until
            for detector in self._detectors.values():
                detector.update(block.times[rows], block.values[rows], block.age[rows], self._frozen)
        return self._detectors
