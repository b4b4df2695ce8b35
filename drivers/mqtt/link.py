"""The connection to one broker, kept up by a thread that only ever appends to the inbox.

paho's network functions are called from our own loop, because that loop can say *why* a broker is out of reach, wakes
at once when it is to stop, and has no limit of 1024 open files as paho's own loop has.
"""

import logging
import random
import selectors
import ssl
import struct
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt import MQTTException
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.reasoncodes import ReasonCode

from drivers.device import Clock
from drivers.mqtt.client import TlsRefused, arm, decrypted, new_client, words
from drivers.mqtt.inbox import Inbox, Old
from drivers.mqtt.publish import Message
from drivers.mqtt.settings import MqttConnection
from drivers.mqtt.sieve import PacketTooLarge

_log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 30.0
_KNOCK_S = 1.0, 4.0  # a broker that is not there costs a packet to ask, and must not be missed when it is back
_SETTLED_S = 10.0  # what ends sooner does not reset the pauses: two clients with one id kick each other out
_TURN_S = 0.2
_GLANCE_S = 0.01
_PATIENCE = 100  # glances, about a second
_TOPICS_AT_ONCE = 100
_MESSAGES_AT_ONCE = 200  # then there is a look at the inbox, and at `stop`
_NOT_MQTT = (struct.error, ValueError, IndexError, MQTTException)  # what paho raises on a broker's broken packets
_COUNTED = ("received", "bad_topics", "unknown_topics", "connections", "callback_errors")
_WORDS = {
    MQTTErrorCode.MQTT_ERR_CONN_LOST: "the broker closed the connection",
    MQTTErrorCode.MQTT_ERR_NO_CONN: "the broker did not answer in time",
    MQTTErrorCode.MQTT_ERR_PROTOCOL: "the broker does not speak MQTT",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the broker is there, and if not, why; `since` is site time."""

    connected: bool
    reason: str
    since: float


class Link:
    """One broker. `run` belongs to a thread of its own; everything else may be read from anywhere."""

    def __init__(
        self,
        name: str,
        settings: MqttConnection,
        topics: Sequence[str],
        knows: Callable[[str], bool],
        clock: Clock,
    ) -> None:
        self.inbox = Inbox()
        self.counts: Counter[str] = Counter(dict.fromkeys(_COUNTED, 0))
        self.standing = Standing(connected=False, reason="not connected yet", since=clock.now())
        self.denied: dict[str, str] = {}  # topic -> the broker's words
        self._name = name
        self._settings = settings
        self._topics = topics
        self._knows = knows
        self._clock = clock
        self._client = new_client(name, settings)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._patience = _PATIENCE
        self._refusal = ""
        self._armed = False
        self._asked: dict[int, Sequence[str]] = {}

    def run(self, stop: Event) -> None:
        """Connect, receive, reconnect until `stop` is set. Pauses are wall time: the network is not simulated."""
        failures = 0  # of a broker that is there
        while not stop.is_set():
            held_s = self._converse(stop)
            if held_s is None:
                pause_s = random.uniform(*_KNOCK_S)
            else:
                failures = 0 if held_s >= _SETTLED_S else failures + 1
                pause_s = random.uniform(1.0, min(_LONGEST_PAUSE_S, 2.0 ** (failures + 1)))
            stop.wait(pause_s)

    def _converse(self, stop: Event) -> float | None:
        """One connection from first byte to last; for how many seconds it was good, None if nobody was there."""
        client, there = self._client, False
        try:
            self._refusal = ""
            if not self._armed:
                arm(client, self._settings)
                self._armed = True
            client.reconnect()
            there = True
            reason = self._receive(stop)
        except OSError as error:
            reason = words(error)
            there = there or isinstance(error, ssl.SSLError)
        except (PacketTooLarge, TlsRefused) as error:
            reason = str(error)
        except _NOT_MQTT as error:
            reason = f"the broker sent a packet that is not MQTT ({type(error).__name__})"
        client.disconnect()
        held_s = self._clock.now() - self.standing.since if self.standing.connected else 0.0
        self._now_stands(connected=False, reason="stopped" if stop.is_set() else reason)
        return held_s if there else None

    def _receive(self, stop: Event) -> str:
        """Serve the open socket until it ends; returns why it ended."""
        client, code = self._client, MQTTErrorCode.MQTT_ERR_SUCCESS
        wire = client.socket()
        if wire is None:  # it ended before our first packet was out
            return _WORDS[MQTTErrorCode.MQTT_ERR_CONN_LOST]
        with selectors.DefaultSelector() as ready:
            ready.register(wire, selectors.EVENT_READ)
            while code == MQTTErrorCode.MQTT_ERR_SUCCESS and not stop.is_set():
                if client.want_write() and (code := client.loop_write()):
                    break
                self._let_others_catch_up(stop)
                if client.sieve.holds_bytes or decrypted(wire) or ready.select(_TURN_S):
                    code = client.loop_read()
                    if client.socket() is not None:  # as it is until the end
                        self._take_what_is_here()
                code = code or client.loop_misc()
        return self._refusal or _WORDS.get(code) or paho.error_string(code)

    def _take_what_is_here(self) -> None:
        """Take the messages that paho need not see; each would cost it more than all that we do with it."""
        for _ in range(_MESSAGES_AT_ONCE):
            message = self._client.sieve.message()
            if message is None:
                return
            self._on_message(self._client, None, message)

    def _let_others_catch_up(self, stop: Event) -> None:
        """While the inbox is crowded the broker waits too; but not for long, or it would take us for dead."""
        if not self.inbox.crowded:
            self._patience = _PATIENCE
        while self._patience and self.inbox.crowded and not stop.wait(_GLANCE_S):
            self._patience -= 1

    def _on_connect(self, client: paho.Client, _: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        if code.is_failure:
            self._refusal = f"the broker refuses this gateway: {str(code).lower()}"
            return
        self.denied = {}
        self._asked = {}
        for first in range(0, len(self._topics), _TOPICS_AT_ONCE):
            topics = self._topics[first : first + _TOPICS_AT_ONCE]
            qos: int = self._settings.qos
            _, number = client.subscribe([(topic, qos) for topic in topics])
            self._asked[number or 0] = topics

    def _on_subscribe(self, client: Any, _: Any, number: int, codes: Sequence[ReasonCode], properties: Any) -> None:
        topics = self._asked.pop(number, ())
        denied = {topic: str(code).lower() for topic, code in zip(topics, codes, strict=False) if code.is_failure}
        self.denied = self.denied | denied
        for topic, complaint in denied.items():
            _log.warning("event=subscription_denied connection=%s topic=%s reason=%r", self._name, topic, complaint)
        if not self._asked:  # only now can messages reach us
            self.counts["connections"] += 1
            self._now_stands(connected=True, reason="")

    def _on_disconnect(self, client: Any, _: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self._refusal = f"the broker ended the connection: {str(code).lower()}"

    def _on_message(self, client: Any, _: Any, message: paho.MQTTMessage | Message) -> None:
        self.counts["received"] += 1
        try:
            self._take(message)
        except Exception:  # noqa: BLE001 - one message may be lost through a fault of ours, never the reception of others
            self.counts["callback_errors"] += 1
            if self.counts["callback_errors"] == 1:
                _log.exception("event=callback_failed connection=%s", self._name)

    def _take(self, message: paho.MQTTMessage | Message) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self.counts["bad_topics"] += 1
            return
        if not self._knows(topic):  # left over from an older configuration in a session that the broker kept
            self.counts["unknown_topics"] += 1
            return
        old: Old = "retained" if message.retain else "repeated" if message.dup else ""
        self.inbox.put(topic, bytes(message.payload), self._clock.now(), old)

    def _now_stands(self, *, connected: bool, reason: str) -> None:
        before = self.standing
        if (connected, reason) == (before.connected, before.reason):
            return
        now = self._clock.now()
        since = before.since if connected == before.connected else now
        self.standing = Standing(connected, reason, since)
        if connected:
            _log.info("event=broker_connected connection=%s after_s=%.0f", self._name, now - before.since)
        elif reason != "stopped":
            _log.warning("event=broker_lost connection=%s reason=%r", self._name, reason)
