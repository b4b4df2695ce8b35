"""What one device has said so far: which of its samples are news, the row they make, and how the device stands."""

import logging
import math
from collections import Counter
from typing import Any

import numpy as np

from drivers.device import Batch, Health
from drivers.mqtt.link import Standing
from drivers.mqtt.settings import MqttDevice, MqttProfile
from drivers.payload import NAN, Layout, Refused

_log = logging.getLogger(__name__)

_QUIET_PERIODS = 3  # a device is stale after so many periods without news
_LOG_PAUSE_S = 60.0


class Feed:
    """One device. Times are seconds since 1970; `counts` is shared by the devices of a connection."""

    def __init__(self, device: MqttDevice, profile: MqttProfile, counts: Counter[str]) -> None:
        self._device = device
        self._profile = profile
        self._counts = counts
        self._layout = Layout(profile.points, profile.stamp, profile.samples)
        self._values = [NAN] * self._layout.width
        self._said_at = [-math.inf] * self._layout.width  # when a message last held the point
        self._time = -math.inf  # of the last batch
        self._heard_at = -math.inf  # arrival of the last news; a retained message was not sent at its arrival
        self._good_since = 0.0
        self._refusal = ""
        self._refused_since = -math.inf
        self._logged_at = -math.inf

    def take(self, message: Any, arrival: float, *, retained: bool) -> list[Batch]:
        """The news in one message, oldest first. What is refused is counted, and shows in the health."""
        try:
            samples = self._layout.samples(message)
        except Refused as refusal:
            self.refuse(refusal, arrival)
            return []
        batches = []
        for sample in samples:
            try:
                batch = self._news(sample, arrival, retained=retained)
            except Refused as refusal:
                self.refuse(refusal, arrival)
            else:
                batches += [batch] if batch else []
        return batches

    def refuse(self, refusal: Refused, arrival: float) -> None:
        """Note that a message could not be used; one line in the log, at most once a minute."""
        self._counts[f"refused_{refusal.kind}"] += 1
        if not self._refusal:
            self._refused_since = arrival
        self._refusal = str(refusal)
        if abs(arrival - self._logged_at) >= _LOG_PAUSE_S:
            self._logged_at = arrival
            _log.warning("event=message_refused device=%s kind=%s reason=%r", self._device.id, refusal.kind, refusal)

    def health(self, now: float, broker: Standing, denied: str | None) -> Health:
        """How the device stands at `now`, given how its broker stands and whether it denied us the topic."""
        limit_s = _QUIET_PERIODS * self._device.every
        silent_since = max(self._heard_at, broker.since) if self._heard_at == -math.inf else self._heard_at
        if not broker.connected:
            return Health("offline", broker.reason, broker.since)
        if denied is not None:
            return Health("offline", f"the broker denies the topic: {denied}", broker.since)
        if now - self._heard_at <= limit_s:
            return Health("good", since=self._good_since)
        if self._refusal:
            return Health("bad", f"last message refused: {self._refusal}", self._refused_since)
        if now - silent_since <= limit_s:
            return Health("unknown", "no message yet", broker.since)
        return Health("stale", f"no news for more than {limit_s:g} s", silent_since + limit_s)

    def _news(self, sample: Any, arrival: float, *, retained: bool) -> Batch | None:
        """The batch a sample makes; None if it says nothing new."""
        stamp = self._layout.stamp(sample)
        time = self._time_of(stamp, arrival)
        why = self._no_news(stamp, time, retained=retained)
        if why:
            self._counts[why] += 1
            return None
        row = self._layout.row(sample)
        if all(value is None for value in row):
            raise Refused("empty", "the message holds none of the profile's points")
        self._hold(row, time)
        self._heard(time if retained else arrival, arrival)
        self._time = time
        return Batch(self._device.id, time, np.array(self._values))

    def _time_of(self, stamp: float | None, arrival: float) -> float:
        if self._time > arrival + self._profile.stamp_window.future:
            self._time = -math.inf  # from before a clock was set back; it must not shut out what comes now
        if stamp is None:
            return max(arrival, math.nextafter(self._time, math.inf))
        self._check_window(stamp - arrival)
        return stamp

    def _no_news(self, stamp: float | None, time: float, *, retained: bool) -> str:
        """Under which count a sample is passed over; empty if it is news."""
        if stamp is not None:
            return "repeated" if time <= self._time else ""
        if retained:
            return "retained"
        return "unstamped" if self._profile.samples else ""

    def _check_window(self, ahead_s: float) -> None:
        window = self._profile.stamp_window
        if not -window.past <= ahead_s <= window.future:
            side = "behind" if ahead_s < 0 else "ahead of"
            raise Refused("stamp", f"the stamp is {abs(ahead_s):.0f} s {side} the site's time")

    def _hold(self, row: list[float | None], time: float) -> None:
        """Fill in what the message left out: the last value, as long as the profile lets it hold."""
        oldest = time - self._profile.hold
        for column, value in enumerate(row):
            if value is not None:
                self._values[column] = value
                self._said_at[column] = time
                self._counts["unknown_values"] += value != value  # noqa: PLR0124 - NaN is not itself
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
