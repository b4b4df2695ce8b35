"""Values of one device that come in messages of their own: those that arrive together become one batch."""

from drivers.device import Batch
from drivers.mqtt.feed import Feed, Row
from drivers.mqtt.inbox import Old
from drivers.refused import Refused

_TOGETHER_S = 0.1


class Gathering:
    """One device. No value is ever overwritten before it was in a batch."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self._row: list[float | None] = []
        self._of: tuple[float | None, Old] = None, ""
        self._began = self._arrival = 0.0

    def add(self, stamp: float | None, row: Row, arrival: float, old: Old) -> list[Batch]:
        """Take values in; what was gathered before becomes a batch if they cannot be of the same moment."""
        if self.feed.stampless(stamp, old):
            return []
        done = self.close() if self._clash(stamp, row, arrival, old) else []
        if not self._row:
            self._row, self._of, self._began = [None] * len(row), (stamp, old), arrival
        self._row = [before if value is None else value for before, value in zip(self._row, row, strict=True)]
        self._arrival = arrival
        return done

    def close(self) -> list[Batch]:
        """The batch of what was gathered, if anything was and it is news."""
        if not self._row:
            return []
        row, (stamp, old), self._row = self._row, self._of, []
        try:
            batch = self.feed.take_part(stamp, row, self._arrival, old)
        except Refused as refusal:
            self.feed.refuse(refusal, self._arrival)
            return []
        return [batch] if batch else []

    def _clash(self, stamp: float | None, row: Row, arrival: float, old: Old) -> bool:
        if not self._row:
            return False
        twice = any(before is not None and value is not None for before, value in zip(self._row, row, strict=True))
        return twice or (stamp, old) != self._of or not 0.0 <= arrival - self._began <= _TOGETHER_S
