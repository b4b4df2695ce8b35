"""Notices as JSON on an MQTT topic: for programs, so each notice is a message of its own and none is digested."""

import selectors
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from threading import Event
from typing import Annotated, Any, Literal

from paho.mqtt import MQTTException
from paho.mqtt.enums import MQTTErrorCode
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from drivers.mqtt.client import Client, TlsRefused, arm, decrypted, new_client, words
from drivers.mqtt.settings import Broker, MqttConnection
from drivers.mqtt.sieve import PacketTooLarge
from drivers.tls import UselessFiles
from gateway.core.casework import Notice
from gateway.core.channel import (
    Allowance,
    ChannelPlugin,
    ChannelSettings,
    Delivered,
    Outcome,
    Refused,
    Retry,
    Sender,
)
from gateway.delivery.channels.aside import aside
from gateway.delivery.rows import canonical

DEADLINE_S = 10.0
_KEEPALIVE = "10s"  # also the longest that paho waits for a TLS handshake
_TURN_S = 0.05
_LONGEST_TOPIC_BYTES = 65_535
_BROKEN = (OSError, PacketTooLarge, TlsRefused, MQTTException, ValueError, LookupError)
"""What a conversation with a broker, or with something that is none, can end with."""


def _publishable(topic: str) -> str:
    if any(char in topic for char in "+#\0") or len(topic.encode()) > _LONGEST_TOPIC_BYTES:
        raise PydanticCustomError("bad_notice_topic", "a topic to publish on has no + and no #", {})
    return topic


class MqttSettings(ChannelSettings, Broker):
    """A broker to which every notice goes, with QoS 1. Left out, the topic is gateway/SITE/tickets."""

    channel: Literal["mqtt"] = "mqtt"
    topic: Annotated[str, AfterValidator(_publishable)] = ""


class MqttChannel:
    """One broker. Every message has a connection of its own; delivered is what the broker has acknowledged."""

    digests = False
    allowances: Sequence[Allowance] = ()

    def __init__(self, settings: MqttSettings, sender: Sender, deadline_s: float = DEADLINE_S) -> None:
        broker = {name: getattr(settings, name) for name in Broker.model_fields}
        self._broker = MqttConnection(**broker, keepalive=_KEEPALIVE)  # type: ignore[arg-type] # as it is written
        self._topic = settings.topic or f"gateway/{sender.site}/tickets"
        self._sender = sender
        self._deadline_s = deadline_s

    async def send(self, notices: Sequence[Notice]) -> Outcome:
        """See Channel.send."""
        stop = Event()
        payload = canonical(event(notices[0], self._sender.site))
        try:
            return await aside(lambda: self._publish(payload, stop))
        finally:
            stop.set()

    def _publish(self, payload: bytes, stop: Event) -> Outcome:
        """One conversation with the broker, in a thread of its own."""
        conversation = _Conversation(new_client(f"channel-{self._sender.name}", self._broker))
        try:
            arm(conversation.client, self._broker)
            conversation.client.reconnect()
            return conversation.run(self._topic, payload, time.monotonic() + self._deadline_s, stop)
        except UselessFiles as error:
            return Refused(words(error))
        except _BROKEN as error:
            return Retry(words(error) if isinstance(error, OSError) else f"no MQTT broker: {type(error).__name__}")
        finally:
            conversation.client.disconnect()


class _Conversation:
    """Waits for the broker's welcome, publishes once, and waits for the acknowledgement."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._outcome: Outcome | None = None
        self._message: tuple[str, bytes] = ("", b"")
        client.on_connect = self._on_connect
        client.on_publish = self._on_publish

    def run(self, topic: str, payload: bytes, until: float, stop: Event) -> Outcome:
        """Serve the open socket until the outcome is known or the time (of the monotonic clock) is over."""
        self._message = topic, payload
        client, code = self.client, MQTTErrorCode.MQTT_ERR_SUCCESS
        wire = client.socket()
        with selectors.DefaultSelector() as ready:
            if wire is not None:
                ready.register(wire, selectors.EVENT_READ)
            while wire is not None and self._outcome is None and not code and not stop.is_set():
                if time.monotonic() > until:
                    return Retry("the broker did not acknowledge in time")
                if client.want_write():
                    code = client.loop_write()
                if client.sieve.holds_bytes or decrypted(wire) or ready.select(_TURN_S):
                    code = code or client.loop_read()
        return self._outcome or Retry("the broker closed the connection")

    def _on_connect(self, client: Any, _: Any, flags: Any, code: Any, properties: Any) -> None:
        if code.is_failure:
            self._outcome = Refused(f"the broker refuses this gateway: {str(code).lower()}")
        else:
            client.publish(*self._message, qos=1)

    def _on_publish(self, client: Any, _: Any, number: int, code: Any, properties: Any) -> None:
        failed = code is not None and code.is_failure
        said = str(code).lower()
        self._outcome = Refused(f"the broker refuses the topic: {said}") if failed else Delivered(f"puback {number}")


def event(notice: Notice, site: str) -> Mapping[str, Any]:
    """The notice as a CloudEvent. `source` and `id` are the same whenever it is sent again."""
    return {
        "specversion": "1.0",
        "id": notice.key,
        "source": f"gateway/{site}",
        "type": "ticket.notice",
        "subject": notice.ticket,
        "time": datetime.fromtimestamp(notice.created_at, UTC).isoformat(timespec="milliseconds"),
        "datacontenttype": "application/json",
        "data": {"ticket": notice.ticket, "level": notice.level, "title": notice.title, "text": notice.text},
    }


PLUGIN = ChannelPlugin("mqtt", MqttSettings, MqttChannel)
