"""Whose turn it is: a grid of poll times per device, spread over the period; what is missed is skipped. Pure."""

import heapq
import math
import zlib
from collections.abc import Sequence

_SETTLE_S = 2.0  # however slow the polling, the first one comes within this time


class Rota:
    """Poll times of devices that share a connection; device i is row i.

    The earliest due goes first, so under overload the devices take turns. A device's phase depends only on its id.
    """

    def __init__(self, ids: Sequence[str], periods_s: Sequence[float]) -> None:
        self._phase = [zlib.crc32(name.encode()) / 2**32 for name in ids]
        self._period_s = periods_s
        self._due: list[tuple[float, int]] = []
        self._seen = -math.inf

    def start(self, now: float) -> None:
        """Begin afresh: all devices are due soon, but not at once."""
        first = [
            now + phase * min(period, _SETTLE_S) for phase, period in zip(self._phase, self._period_s, strict=True)
        ]
        self._due = [(due, row) for row, due in enumerate(first)]
        heapq.heapify(self._due)
        self._seen = now

    def wait_s(self, now: float) -> float:
        """Seconds until somebody is due. If the clock was set back, so is the plan."""
        if now < self._seen:
            self._due = [(due - (self._seen - now), row) for due, row in self._due]
        self._seen = now
        return self._due[0][0] - now

    def row(self) -> int:
        """The device whose turn it is."""
        return self._due[0][1]

    def done(self, now: float, pause_s: float | None = None) -> int:
        """Put the device whose turn it was back in: at its next time after `now`, or after a pause.

        Returns how many of its polls were skipped because they fell due before this one was over.
        """
        due, row = self._due[0]
        period = self._period_s[row]
        if pause_s is not None:
            heapq.heapreplace(self._due, (now + pause_s, row))
            return 0
        skipped = max(0, math.floor((now - due) / period))
        heapq.heapreplace(self._due, (due + (skipped + 1) * period, row))
        return skipped
