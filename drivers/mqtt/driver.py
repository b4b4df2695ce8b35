"""Drains the inbox of one broker and turns its messages into batches; parses each message once, whoever listens."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event

from drivers.device import Batch, Clock, Health
from drivers.mqtt.feed import Feed
from drivers.mqtt.inbox import PAYLOAD_LIMIT, Arrived
from drivers.mqtt.link import Link
from drivers.mqtt.settings import MqttConnection, MqttDevice, MqttProfile
from drivers.payload import Refused, parse

_DRAIN_S = 0.05  # waking the event loop for each message would cost more than reading it
_AT_ONCE = 500  # messages, about 10 ms; then the other tasks have a turn
_STOP_S = 2.0
_COUNTED = (
    "batches",
    "refused_size",
    "refused_json",
    "refused_stamp",
    "refused_empty",
    "repeated",
    "retained",
    "unstamped",
    "unknown_topics",
    "unknown_values",
)


class MqttDriver:
    """All devices of one broker. Iterate `batches()` to be connected; leave it to be disconnected."""

    def __init__(
        self,
        name: str,
        connection: MqttConnection,
        devices: Sequence[MqttDevice],
        profiles: Mapping[str, MqttProfile],
        clock: Clock,
    ) -> None:
        self._clock = clock
        self._counts = Counter(dict.fromkeys(_COUNTED, 0))
        self._feeds: dict[str, list[Feed]] = {}  # by topic
        self._device_feeds: dict[str, tuple[str, Feed]] = {}
        for device in devices:
            feed = Feed(device, profiles[device.profile], self._counts)
            self._feeds.setdefault(device.topic, []).append(feed)
            self._device_feeds[device.id] = device.topic, feed
        self._link = Link(name, connection, tuple(self._feeds), clock)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"mqtt-{name}")

    async def batches(self) -> AsyncGenerator[Batch]:
        """Yield what devices send, for ever; a device's times only grow. A broker that is away is not an error."""
        stop = Event()
        receiving = asyncio.get_running_loop().run_in_executor(self._thread, self._link.run, stop)
        try:
            while not receiving.done():
                messages = self._link.inbox.take(_AT_ONCE)
                for message in messages:
                    for batch in self._read(message):
                        yield batch
                await asyncio.sleep(0.0 if len(messages) == _AT_ONCE else _DRAIN_S)
            await receiving  # it ends by itself only through an error, which is for the supervisor
        finally:
            stop.set()
            await asyncio.wait({receiving}, timeout=_STOP_S)

    def health(self) -> Mapping[str, Health]:
        """How each device stands, by device id."""
        now, standing, denied = self._clock.now(), self._link.standing, self._link.denied
        return {
            device: feed.health(now, standing, denied.get(topic))
            for device, (topic, feed) in self._device_feeds.items()
        }

    def counters(self) -> Mapping[str, int]:
        """Monotone counts: messages received, refused by kind, repeated, dropped unread, batches made, and so on."""
        return {**self._counts, **self._link.counts, "dropped": self._link.inbox.dropped}

    def _read(self, arrived: Arrived) -> list[Batch]:
        feeds = self._feeds.get(arrived.topic)
        if feeds is None:  # left over from an older configuration in a session that the broker kept
            self._counts["unknown_topics"] += 1
            return []
        try:
            message = _parsed(arrived.payload)
        except Refused as refusal:
            for feed in feeds:
                feed.refuse(refusal, arrived.time)
            return []
        batches = [batch for feed in feeds for batch in feed.take(message, arrived.time, retained=arrived.retained)]
        self._counts["batches"] += len(batches)
        return batches


def _parsed(payload: bytes | None) -> object:
    if payload is None:
        raise Refused("size", f"larger than {PAYLOAD_LIMIT // 1024} KiB")
    return parse(payload)
