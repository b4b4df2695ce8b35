"""How one channel stands: working, out of reach, told to be silent, or refusing us until a person acts."""

import logging
from dataclasses import dataclass, field
from typing import Literal

from gateway.core.channel import Delivered, Outcome, Refused, Rejected, Retry, TooOften
from gateway.core.health import Part

log = logging.getLogger(__name__)

FAILURES_UNTIL_DOWN = 3
REST_WHILE_DOWN_S = 1.0
REST_WHILE_REFUSED_S = 30.0
_LONGEST_REASON = 256

State = Literal["ok", "down", "too often", "refused"]


@dataclass(slots=True)
class Standing:
    """Shared by both lanes of a channel."""

    channel: str
    state: State = "ok"
    reason: str = ""
    since: float | None = None
    _failures: int = 0
    _held: tuple[float, float] = field(default=(0.0, 0.0))  # from, for how many seconds

    def hold_s(self, now: float) -> float:
        """Seconds for which nothing should be sent; a clock that was set back cannot lengthen them."""
        begun, lasts_s = self._held
        return min(max(begun + lasts_s - now, 0.0), lasts_s)

    def note(self, outcome: Outcome, now: float) -> bool:
        """Take notice of an outcome; True if the channel works again after it did not."""
        was_ok = self.state == "ok"
        match outcome:
            case Delivered() | Rejected() if self.state == "too often" and self.hold_s(now):
                pass  # it was under way when the other lane was told to be silent
            case Delivered() | Rejected():
                self._failures = 0
                self._held = (0.0, 0.0)
                self._becomes("ok", "", now)
                return not was_ok
            case TooOften(reason, at_least_s):
                self._held = (now, at_least_s)
                self._becomes("too often", reason, now)
            case Refused(reason):
                self._held = (now, REST_WHILE_REFUSED_S)
                self._becomes("refused", reason, now)
            case Retry(reason, _):
                self._failures += 1
                if self._failures >= FAILURES_UNTIL_DOWN:
                    self._held = (now, REST_WHILE_DOWN_S)
                    self._becomes("down", reason, now)
        return False

    def health(self) -> Part:
        """The channel as a part of the daemon."""
        if self.state == "ok":
            return Part(f"channel {self.channel}")
        return Part(f"channel {self.channel}", "degraded", f"{self.state}: {self.reason}", self.since)

    def _becomes(self, state: State, reason: str, now: float) -> None:
        if state == self.state:
            return
        level = logging.INFO if state == "ok" else logging.WARNING
        log.log(level, "channel=%s state=%r reason=%r", self.channel, state, reason[:_LONGEST_REASON])
        self.since = None if state == "ok" else self.since or now
        self.state, self.reason = state, reason
