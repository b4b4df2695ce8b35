"""What one device has said so far: which of its samples are news, the row they make, and how the device stands."""

import logging
import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from drivers.device import Batch, Health
from drivers.mqtt.inbox import Old
from drivers.mqtt.link import Standing
from drivers.mqtt.profile import MqttDevice, MqttProfile
from drivers.payload import NAN
from drivers.refused import Refused

_log = logging.getLogger(__name__)

Row = Sequence[float | None]
"""One entry per point, [P]: NaN where a message says null or nonsense, None where it says nothing."""

_QUIET_PERIODS = 3  # a device is stale after so many periods without news
_LOG_PAUSE_S = 60.0


class Feed:
    """One device. Times are seconds since 1970; `counts` is shared by the devices of a connection."""

    def __init__(self, device: MqttDevice, profile: MqttProfile, counts: Counter[str]) -> None:
        self._device = device
        self._window = profile.stamp_window
        self._hold_s = profile.hold
        self._needs_stamps = profile.samples is not None
        self._counts = counts
        width = len(profile.points)
        self._values = [NAN] * width
        self._last = [NAN] * width  # as it was said, even if it is not held any more
        self._said_at = [-math.inf] * width  # when a message last held the point
        self._time = -math.inf  # of the last batch
        self._said = -math.inf  # when its sample was taken: at its stamp, or its arrival
        self._heard_at = -math.inf  # arrival of the last news; a retained message was not sent at its arrival
        self._awaited_since = -math.inf
        self._good_since = 0.0
        self._gone = ""  # why the device is offline, in the words of its last will
        self._gone_since = -math.inf
        self._refusal = ""
        self._refused_since = -math.inf
        self._logged_at = -math.inf

    def take(self, stamp: float | None, row: Row, arrival: float, old: Old) -> Batch | None:
        """The batch that a sample with all its points makes, which must be later than the last one; None if no news.

        Another row with the same stamp is later too: many devices know whole seconds only. Raises Refused for a stamp
        outside the window, and for a row without any point.
        """
        self._forgive_clock(arrival)
        if self.stampless(stamp, old):
            return None
        if stamp is not None:
            self._check_window(stamp - arrival)
            if not (stamp > self._said or (stamp == self._said and not old and self._differs(row))):
                self._counts["repeated"] += 1
                return None
        return self._news(stamp, row, arrival, old)

    def take_part(self, stamp: float | None, row: Row, arrival: float, old: Old) -> Batch | None:
        """As `take`, for some of the points: each must be later than what was said of itself; the rest may be ahead."""
        self._forgive_clock(arrival)
        if self.stampless(stamp, old):
            return None
        if stamp is not None:
            self._check_window(stamp - arrival)
            then = zip(row, self._said_at, self._last, strict=True)
            later = [v if stamp > at or (stamp == at and not old and _other(v, was)) else None for v, at, was in then]
            if later != list(row) and all(value is None for value in later):
                self._counts["repeated"] += 1
                return None
            row = later
        return self._news(stamp, row, arrival, old)

    def stampless(self, stamp: float | None, old: Old) -> bool:
        """Whether a sample is passed over, for only a stamp could tell when it was taken."""
        if stamp is not None or not (old or self._needs_stamps):
            return False
        self._counts[old or "unstamped"] += 1
        return True

    def refuse(self, refusal: Refused, arrival: float) -> None:
        """Note that a message could not be used; one line in the log, at most once a minute."""
        self._counts[f"refused_{refusal.kind}"] += 1
        if not self._refusal:
            self._refused_since = arrival
        self._refusal = str(refusal)
        if abs(arrival - self._logged_at) >= _LOG_PAUSE_S:
            self._logged_at = arrival
            _log.warning("event=message_refused device=%s kind=%s reason=%r", self._device.id, refusal.kind, refusal)

    def leave(self, reason: str, at: float) -> list[Batch]:
        """The device is offline, until it says otherwise or has news. From its last batch on all is unknown."""
        already, self._gone = self._gone, reason
        if already:
            return []
        self._gone_since = at
        self._counts["departures"] += 1
        _log.warning("event=device_left device=%s reason=%r", self._device.id, reason)
        self._values = [NAN] * len(self._values)
        if self._time == -math.inf:
            return []
        self._time = math.nextafter(self._time, math.inf)  # not now: what it said before may still be on its way
        return [Batch(self._device.id, self._time, np.array(self._values))]

    def arrive(self, at: float) -> None:
        """The device is there again; whether it is well its news will show."""
        if self._gone:
            self._gone = ""
            self._heard_at, self._awaited_since = -math.inf, at

    def listen(self, arrival: float) -> None:
        """The device spoke, but of nothing that its profile holds; it is alive."""
        self._heard(arrival, arrival)

    def health(self, now: float, broker: Standing, denied: str | None) -> Health:
        """How the device stands at `now`, given how its broker stands and whether it denied us a topic."""
        if not broker.connected:
            return Health("offline", broker.reason, broker.since)
        if denied is not None:
            return Health("offline", f"the broker denies the topic {denied}", broker.since)
        if self._gone:
            return Health("offline", self._gone, self._gone_since)
        return self._by_what_it_says(now, max(self._awaited_since, broker.since))

    def _by_what_it_says(self, now: float, awaited_since: float) -> Health:
        limit_s = _QUIET_PERIODS * self._device.every
        if now - self._heard_at <= limit_s:
            return Health("good", since=self._good_since)
        if self._refusal:
            return Health("bad", f"last message refused: {self._refusal}", self._refused_since)
        silent_since = awaited_since if self._heard_at == -math.inf else self._heard_at
        if now - silent_since <= limit_s:
            return Health("unknown", "no message yet", awaited_since)
        return Health("stale", f"no news for more than {limit_s:g} s", silent_since + limit_s)

    def _news(self, stamp: float | None, row: Row, arrival: float, old: Old) -> Batch:
        said = [value for value in row if value is not None]
        if not said:
            raise Refused("empty", "the message holds none of the profile's points")
        said_at = arrival if stamp is None else stamp
        time = max(said_at, math.nextafter(self._time, math.inf))
        self._counts["unknown_values"] += sum(map(math.isnan, said))
        if len(said) == len(row):
            self._values, self._last, self._said_at = said, said.copy(), [said_at] * len(said)
        else:
            self._keep(row, said_at, time)
        self._heard(said_at if old else arrival, arrival)
        self._time, self._said = time, said_at
        return Batch(self._device.id, time, np.array(self._values))

    def _forgive_clock(self, arrival: float) -> None:
        """What is from before a clock was set back must not shut out what comes now."""
        latest = arrival + self._window.future
        if self._time > latest:
            self._time = self._said = -math.inf
            self._said_at = [-math.inf if at > latest else at for at in self._said_at]

    def _check_window(self, ahead_s: float) -> None:
        if not -self._window.past <= ahead_s <= self._window.future:
            side = "behind" if ahead_s < 0 else "ahead of"
            raise Refused("stamp", f"the stamp is {abs(ahead_s):.0f} s {side} the site's time")

    def _differs(self, row: Row) -> bool:
        return any(_other(value, was) for value, was in zip(row, self._last, strict=True))

    def _keep(self, row: Row, said_at: float, time: float) -> None:
        """Take over a row with gaps. What it leaves out keeps its last value, as long as the profile lets it hold."""
        oldest = time - self._hold_s
        for column, value in enumerate(row):
            if value is not None:
                self._values[column] = self._last[column] = value
                self._said_at[column] = said_at
            elif self._said_at[column] < oldest:
                self._values[column] = NAN

    def _heard(self, heard_at: float, arrival: float) -> None:
        limit_s = _QUIET_PERIODS * self._device.every
        if arrival - self._heard_at > limit_s:
            self._good_since = arrival
        if self._refusal:
            _log.info("event=device_understood device=%s after_s=%.0f", self._device.id, arrival - self._refused_since)
        self._refusal = ""
        self._heard_at = heard_at
        if heard_at >= self._gone_since:
            self._gone = ""


def _other(value: float | None, was: float) -> bool:
    """Whether a message says something else than the last one; NaN is no other than NaN."""
    return value is not None and value != was and not (math.isnan(value) and math.isnan(was))
