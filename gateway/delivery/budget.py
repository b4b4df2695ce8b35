"""Keeps a channel within what its provider allows, with room for red.

The times of the last messages are counted, not tokens: a bucket that was full lets twice the limit through in the first
minute, and DingTalk is deaf for ten minutes after one message too many.
"""

from collections.abc import Iterable, Sequence

from gateway.core.channel import Allowance
from gateway.core.types import Level

_MARGIN = 1.05
"""Windows are longer than the provider's, for messages that travel at different speeds."""


class Budget:
    """How many messages may go. Yellow may use half of it at most, so a red never finds it spent by yellow alone."""

    def __init__(self, allowances: Sequence[Allowance]) -> None:
        self._allowances = allowances
        self._spent: list[tuple[float, Level]] = []

    @property
    def memory_s(self) -> float:
        """For how long a message counts."""
        return max((each.within_s * _MARGIN for each in self._allowances), default=0.0)

    def wait_s(self, level: Level, now: float) -> float:
        """Seconds until a message of this level may go; 0 if it may go now."""
        # a clock that was set back makes no message count for longer than it should
        self._spent = [(min(at, now), each) for at, each in self._spent if at > now - self.memory_s]
        return max((self._wait_s(allowance, level, now) for allowance in self._allowances), default=0.0)

    def spend(self, level: Level, now: float) -> None:
        """A message goes now."""
        if self._allowances:
            self._spent.append((now, level))

    def resume(self, spent: Iterable[tuple[float, Level]]) -> None:
        """Count messages of an earlier run."""
        self._spent = sorted([*self._spent, *spent])

    def _wait_s(self, allowance: Allowance, level: Level, now: float) -> float:
        everything = [at for at, _ in self._spent]
        yellow = [at for at, each in self._spent if each is Level.YELLOW]
        waits = [_until_free(everything, allowance.messages, allowance, now)]
        if level is Level.YELLOW:
            waits.append(_until_free(yellow, max(allowance.messages // 2, 1), allowance, now))
        return max(waits)


def _until_free(times: list[float], most: int, allowance: Allowance, now: float) -> float:
    """Seconds until fewer than `most` of the times, which are in order, are within the window."""
    if len(times) < most:
        return 0.0
    return max(times[-most] + allowance.within_s * _MARGIN - now, 0.0)
