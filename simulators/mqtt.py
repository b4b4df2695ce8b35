"""Publishes what simulated devices have to say, as a collector on site would: status at once, values at their pace."""

import asyncio
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from drivers.device import Clock

_log = logging.getLogger(__name__)

_EARLY_S = 0.5  # looks are never exactly apart; a message may be sent so much before its time
_WAITING = 1000  # messages kept for a broker that is away; the oldest outlive their stamp window anyway


@dataclass(slots=True)
class PublishedDevice:
    """One device: `payload` is asked at each look and gives the message as of that site time; None means silence."""

    topic: str
    every_s: float
    payload: Callable[[float], Any]
    _sent_at: float = field(default=-math.inf, init=False)
    _status: Any = field(default=None, init=False)

    def message(self, now: float) -> str | None:
        """The message that is due at `now`: on a change of `status`, and after `every_s` without one."""
        content = self.payload(now)
        if content is None:
            return None
        status = content.get("status") if isinstance(content, Mapping) else None
        if status == self._status and now - self._sent_at < self.every_s - _EARLY_S:
            return None
        self._sent_at, self._status = now, status
        return json.dumps(content, separators=(",", ":"))


async def publish(
    devices: Sequence[PublishedDevice],
    clock: Clock,
    host: str,
    port: int,
    *,
    username: str,
    password: str,
    look_s: float = 1.0,
) -> None:
    """Publish until cancelled, looking at each device every `look_s` of site time.

    A broker that is away is waited for; what was due meanwhile is lost, as on site.
    """
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="simulated-devices")
    if username:
        client.username_pw_set(username, password)
    client.max_queued_messages_set(_WAITING)
    client.reconnect_delay_set(1, 2)
    client.on_connect = _refusals_are_said
    client.connect_async(host, port)
    client.loop_start()
    try:
        while True:
            now = clock.now()
            for device in devices:
                message = device.message(now)
                if message is not None and client.is_connected():
                    client.publish(device.topic, message, qos=1)
            await clock.sleep(math.floor(now / look_s + 1.0) * look_s - now)
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)


def _refusals_are_said(*connack: Any) -> None:
    code = connack[3]  # client, userdata, flags, reason code, properties
    if code.is_failure:
        _log.error("event=publisher_refused reason=%r", str(code))
