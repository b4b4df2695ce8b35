"""How the line to the dispatch API stands, so that a dead receiver is probed gently and health can say since when."""

import logging
from dataclasses import dataclass, field
from typing import Literal

from gateway.delivery.receiver import Outcome, Reason, Result

log = logging.getLogger(__name__)

_FAILURES_UNTIL_DOWN = 3
_OUTAGE_S = 10.0
_AT_ONCE = {Reason.REFUSED, Reason.REDIRECTED}  # about the line whatever the message
_NEEDS_A_PERSON = {*_AT_ONCE, Reason.NOT_FOUND}

State = Literal["unknown", "up", "down", "refused"]


@dataclass(frozen=True, slots=True)
class LineHealth:
    """`refused` needs a person (token, address), `down` needs patience; `since` in wall seconds since 1970."""

    state: State = "unknown"
    reason: str = ""
    since: float = 0.0


@dataclass(slots=True)
class Line:
    """Consecutive failures of whatever message mean that the receiver is down, not the message bad.

    While it is down, tries are `rest_s` apart, all tickets together.
    """

    rest_s: float
    health: LineHealth = field(default_factory=LineHealth)
    _failures: int = 0
    _tried_at: float = 0.0

    def rest_needed_s(self, now: float) -> float:
        """Seconds to wait before the next try; a clock that was set back cannot lengthen it."""
        if self.health.state not in {"down", "refused"}:
            return 0.0
        return min(max(self._tried_at + self.rest_s - now, 0.0), self.rest_s)

    def tried(self, now: float) -> None:
        """A try begins."""
        self._tried_at = now

    def judged(self, result: Result, now: float) -> bool:
        """A try ended; True if an outage ended with it, so that all that waits should go now."""
        if result.delivered or result.outcome is Outcome.PERMANENT:
            self._failures = 0
            before = self._becomes("up", "", now)
            return before.state in {"down", "refused"} and now - before.since >= _OUTAGE_S
        self._failures += 1
        if result.reason in _AT_ONCE or self._failures >= _FAILURES_UNTIL_DOWN:
            state: State = "refused" if result.reason in _NEEDS_A_PERSON else "down"
            self._becomes(state, f"{result.reason}: {result.detail}", now)
        return False

    def _becomes(self, state: State, reason: str, now: float) -> LineHealth:
        before = self.health
        if state != before.state:
            self.health = LineHealth(state, reason, now)
            lasted_s = now - before.since if before.since else 0.0
            log.log(
                logging.INFO if state == "up" else logging.WARNING,
                "dispatch=%s reason=%r before=%s for_s=%.0f", state, reason[:256], before.state, lasted_s,
            )  # fmt: skip
        return before
