"""A bounded queue between the main path and one writer thread: putting never waits and never fails."""

import threading

from gateway.core.types import Fresh

MAX_WAITING = 4_000_000
"""Most values (not readings) that wait for a writer: 32 MiB, or 40 s of a site with 100,000 values a second."""


class Intake:
    """Fresh readings on their way to a writer. When it is full the newest are dropped and counted."""

    def __init__(self, enough: int, limit: int = MAX_WAITING) -> None:
        self._enough = enough
        self._limit = limit
        self._waiting: list[Fresh] = []
        self._values = 0
        self._changed = threading.Condition()
        self._hurried = False
        self._taken = 0
        self._done = 0
        self.closed = False
        self.dropped = 0
        """Readings that were refused because the writer was behind, or gone."""

    def put(self, fresh: Fresh) -> None:
        """Hand over readings; takes microseconds, whatever the writer does."""
        if not len(fresh.rows):
            return
        with self._changed:
            if self.closed or self._values + fresh.values.size > self._limit:
                self.dropped += len(fresh.rows)
                return
            self._waiting.append(fresh)
            self._values += fresh.values.size
            if self._values >= self._enough:
                self._changed.notify_all()

    def take(self, timeout_s: float) -> list[Fresh]:
        """Wait until enough values are there, or the time has passed, or someone hurries; take all there is."""
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._hurried or self._values >= self._enough, timeout_s)
            taken, self._waiting, self._values, self._hurried = self._waiting, [], 0, False
            self._taken += 1
            return taken

    def done(self) -> None:
        """The writer has put away what it took last."""
        with self._changed:
            self._done = self._taken
            self._changed.notify_all()

    def settle(self, timeout_s: float) -> bool:
        """Wait until the writer has put away all that is here now; False if it did not in that time."""
        with self._changed:
            wanted, self._hurried = self._taken + 1, True
            self._changed.notify_all()
            return self._changed.wait_for(lambda: self._done >= wanted, timeout_s)

    def close(self) -> None:
        """Refuse more readings and wake the writer."""
        with self._changed:
            self.closed = True
            self._changed.notify_all()
