"""What is done with the messages of one topic, whatever their layout."""

from collections.abc import Sequence
from typing import Any, Protocol

from drivers.device import Batch
from drivers.jsonpath import follow, steps
from drivers.mqtt.feed import Feed
from drivers.mqtt.gathering import Gathering
from drivers.mqtt.inbox import PAYLOAD_LIMIT, Arrived
from drivers.mqtt.profile import Availability, MqttProfile
from drivers.parsing import parse
from drivers.payload import Layout
from drivers.refused import Refused
from drivers.scalar import Values, parse_scalar


class Ear(Protocol):
    """Listens to one topic."""

    def hear(self, arrived: Arrived) -> Sequence[Batch]:
        """The batches that a message makes, oldest first. Never raises for what a message holds."""
        ...


class JsonEar:
    """JSON objects with the points of one device or of several; each message is parsed once."""

    def __init__(self) -> None:
        self._listeners: list[tuple[Feed, Layout]] = []

    def add(self, feed: Feed, profile: MqttProfile) -> None:
        """One more device whose points are in these messages."""
        layout = Layout(profile.points, profile.stamp, profile.samples, profile.stamp_unit)
        self._listeners.append((feed, layout))

    def hear(self, arrived: Arrived) -> Sequence[Batch]:
        """Each listener's news; a bad sample does not spoil the rest of its message."""
        try:
            message = parse(read(arrived))
        except Refused as refusal:
            for feed, _ in self._listeners:
                feed.refuse(refusal, arrived.time)
            return ()
        return [batch for feed, layout in self._listeners for batch in _news(feed, layout, message, arrived)]


class ScalarEar:
    """One value a message. What it says is in a batch as soon as its device's gathering is closed."""

    def __init__(self, gathering: Gathering, values: Values) -> None:
        self.gathering = gathering
        self._values = values

    def hear(self, arrived: Arrived) -> Sequence[Batch]:
        """What was gathered before, if this message is not of the same moment."""
        try:
            message = parse_scalar(read(arrived))
            stamp, row = self._values.stamp(message), self._values.row(message)
        except Refused as refusal:
            self.gathering.feed.refuse(refusal, arrived.time)
            return ()
        return self.gathering.add(stamp, row, arrived.time, arrived.old)


class AvailabilityEar:
    """A device's own word that it is there, and its last will. Kept by the broker or not: it is how things stand."""

    def __init__(self, feed: Feed, availability: Availability) -> None:
        self._feed = feed
        self._said = availability
        self._path = steps(availability.path or "")

    def hear(self, arrived: Arrived) -> Sequence[Batch]:
        """A device that is gone has no values; one that is there will send some. Any other word changes nothing."""
        try:
            payload = read(arrived)
            word = _text(follow(parse(payload), self._path)) if self._path else payload.decode().strip()
        except (Refused, UnicodeDecodeError):
            return ()
        if word == self._said.offline:
            return self._feed.leave(f"the device, or the broker as its last will, says {word}", arrived.time)
        if word == self._said.online:
            self._feed.arrive(arrived.time)
        return ()


def read(arrived: Arrived) -> bytes:
    """The payload; Refused if it was too large to keep."""
    if arrived.payload is None:
        raise Refused("size", f"larger than {PAYLOAD_LIMIT // 1024} KiB")
    return arrived.payload


def _news(feed: Feed, layout: Layout, message: Any, arrived: Arrived) -> list[Batch]:
    batches = []
    try:
        samples = layout.samples(message)
    except Refused as refusal:
        feed.refuse(refusal, arrived.time)
        return []
    for sample in samples:
        try:
            batch = feed.take(layout.stamp(sample), layout.row(sample), arrived.time, arrived.old)
        except Refused as refusal:
            feed.refuse(refusal, arrived.time)
        else:
            batches += [batch] if batch else []
    return batches


def _text(value: Any) -> str:
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else str(value)
