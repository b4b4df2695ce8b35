"""Drains the inbox of one broker and turns its messages into batches."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import get_args

from drivers.device import Batch, Clock, Health
from drivers.mqtt.inbox import Old
from drivers.mqtt.link import Link
from drivers.mqtt.profile import MqttDevice, MqttProfile
from drivers.mqtt.routes import Routes
from drivers.mqtt.settings import MqttConnection
from drivers.refused import Ground

_DRAIN_S = 0.05  # waking the event loop for each message would cost more than reading it
_AT_ONCE = 500  # messages, 5 to 10 ms; then the other tasks have a turn
_STOP_S = 2.0
_COUNTED = (
    "batches",
    *(f"refused_{ground}" for ground in get_args(Ground)),
    *(old for old in get_args(Old) if old),
    "unstamped",
    "unknown_values",
    "departures",
    "sequence_gaps",
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
        self._routes = Routes(devices, profiles, self._counts)
        self._link = Link(name, connection, self._routes.topics, self._routes.knows, clock)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"mqtt-{name}")

    async def batches(self) -> AsyncGenerator[Batch]:
        """Yield what devices send, for ever; a device's times only grow. A broker that is away is not an error."""
        stop = Event()
        receiving = asyncio.get_running_loop().run_in_executor(self._thread, self._link.run, stop)
        try:
            while not receiving.done():
                messages = self._link.inbox.take(_AT_ONCE)
                for message in messages:
                    for batch in self._counted(self._routes.hear(message)):
                        yield batch
                for batch in self._counted(self._routes.close()):
                    yield batch
                await asyncio.sleep(0.0 if len(messages) == _AT_ONCE else _DRAIN_S)
            await receiving  # it ends by itself only through an error, which is for the supervisor
        finally:
            stop.set()
            await asyncio.wait({receiving}, timeout=_STOP_S)

    def health(self) -> Mapping[str, Health]:
        """How each device stands, by device id."""
        now, standing = self._clock.now(), self._link.standing
        return {device: feed.health(now, standing, self._denied(device)) for device, feed in self._routes.feeds.items()}

    def counters(self) -> Mapping[str, int]:
        """Monotone counts: messages received, refused by kind, repeated, dropped unread, batches made, and so on."""
        return {**self._counts, **self._link.counts, "dropped": self._link.inbox.dropped}

    def _counted(self, batches: Sequence[Batch]) -> Sequence[Batch]:
        self._counts["batches"] += len(batches)
        return batches

    def _denied(self, device: str) -> str | None:
        """The first of a device's topics that the broker denies, and the broker's words."""
        denied = self._link.denied
        topic = next((topic for topic in self._routes.filters[device] if topic in denied), None)
        return None if topic is None else f"{topic}: {denied[topic]}"
