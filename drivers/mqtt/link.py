"""The connection to one broker, kept up by a thread that only ever appends to the inbox.

paho's network functions are called from our own loop, because that loop can say *why* a broker is out of reach, wakes
at once when it is to stop, and has no limit of 1024 open files as paho's own loop has.
"""

import logging
import random
import selectors
import socket
import ssl
import struct
import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Event
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt import MQTTException
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from drivers.device import Clock
from drivers.mqtt.inbox import PAYLOAD_LIMIT, Inbox, Old
from drivers.mqtt.settings import MqttConnection
from drivers.mqtt.sieve import PacketTooLarge, Sieve

_log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 30.0
_KNOCK_S = 1.0, 4.0  # a broker that is not there costs a packet to ask, and must not be missed when it is back
_SETTLED_S = (
    10.0  # a connection that ends sooner does not reset the pauses: two clients with one id kick each other out
)
_TURN_S = 0.2
_TOPICS_AT_ONCE = 100
_NOT_MQTT = (struct.error, ValueError, IndexError, MQTTException)  # what paho raises on a broker's broken packets
_PROTOCOLS = {"v3.1.1": paho.MQTTv311, "v5": paho.MQTTv5}
_SESSION_S = 3600
_ALERT = "ALERT_"  # in the name of what a peer says as it ends a TLS connection
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

    def __init__(self, name: str, settings: MqttConnection, topics: Sequence[str], clock: Clock) -> None:
        self.inbox = Inbox()
        self.counts: Counter[str] = Counter(received=0, bad_topics=0, connections=0, callback_errors=0)
        self.standing = Standing(connected=False, reason="not connected yet", since=clock.now())
        self.denied: dict[str, str] = {}  # topic -> the broker's words
        self._name = name
        self._settings = settings
        self._topics = topics
        self._clock = clock
        self._client = self._new_client()
        self._refusal = ""
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
            client.sieve = Sieve()
            client.reconnect()
            there = True
            reason = self._receive(stop)
        except OSError as error:
            reason = _words(error)
            there = there or isinstance(error, ssl.SSLError)
        except (PacketTooLarge, _TlsRefused) as error:
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
        with selectors.DefaultSelector() as ready:
            ready.register(wire, selectors.EVENT_READ)  # type: ignore[arg-type]
            while code == MQTTErrorCode.MQTT_ERR_SUCCESS and not stop.is_set():
                if client.want_write() and (code := client.loop_write()):
                    break
                if client.sieve.holds_bytes or _decrypted(wire) or ready.select(_TURN_S):
                    code = client.loop_read()
                code = code or client.loop_misc()
        return self._refusal or _WORDS.get(code) or paho.error_string(code)

    def _new_client(self) -> "_Client":
        settings = self._settings
        client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id or _client_id(self._name),
            clean_session=not settings.keep_session if settings.version == "v3.1.1" else None,
            protocol=_PROTOCOLS[settings.version],
            reconnect_on_failure=False,  # also keeps paho from retrying under another protocol or name
        )
        client.suppress_exceptions = True  # an exception that escaped a callback would end all reception
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        if settings.username is not None:
            password = settings.password
            client.username_pw_set(settings.username, None if password is None else password.get_secret_value())
        if settings.tls:
            client.tls_set_context(_tls(settings))
        keepalive = int(settings.keepalive)
        if settings.version == "v5":
            start, properties = not settings.keep_session, _v5_properties(settings)
            client.connect_async(settings.host, settings.port, keepalive, clean_start=start, properties=properties)
        else:
            client.connect_async(settings.host, settings.port, keepalive)
        return client

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
        for topic, words in denied.items():
            _log.warning("event=subscription_denied connection=%s topic=%s reason=%r", self._name, topic, words)
        if not self._asked:  # only now can messages reach us
            self.counts["connections"] += 1
            self._now_stands(connected=True, reason="")

    def _on_disconnect(self, client: Any, _: Any, flags: Any, code: ReasonCode, properties: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self._refusal = f"the broker ended the connection: {str(code).lower()}"

    def _on_message(self, client: Any, _: Any, message: paho.MQTTMessage) -> None:
        self.counts["received"] += 1
        try:
            self._take(message)
        except Exception:  # noqa: BLE001 - one message may be lost through a fault of ours, never the reception of others
            self.counts["callback_errors"] += 1
            if self.counts["callback_errors"] == 1:
                _log.exception("event=callback_failed connection=%s", self._name)

    def _take(self, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self.counts["bad_topics"] += 1
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


class _TlsRefused(Exception):
    """The broker ended the TLS connection and said why; paho would pass over it."""


class _Client(paho.Client):
    """paho's client, which sees the broker's bytes through a sieve."""

    sieve = Sieve()

    def _sock_recv(self, bufsize: int) -> bytes:
        try:
            return self.sieve.read(bufsize, super()._sock_recv)
        except ssl.SSLError as error:  # since TLS 1.3 this is where a client learns that its certificate is refused
            if _ALERT not in (error.reason or ""):
                raise
            raise _TlsRefused(_words(error)) from error


def _client_id(name: str) -> str:
    """The same after every restart, different on every box: two gateways with one id would kick each other out."""
    return f"gateway-{name}-{zlib.crc32(socket.gethostname().encode()):08x}"


def _v5_properties(settings: MqttConnection) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = PAYLOAD_LIMIT + 2048  # with room for the topic; what is larger, the broker keeps
    properties.SessionExpiryInterval = _SESSION_S if settings.keep_session else 0
    return properties


def _tls(settings: MqttConnection) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.certificate is not None:
        context.load_cert_chain(settings.certificate, settings.key)
    return context


def _decrypted(wire: Any) -> bool:
    """Whether bytes wait inside the TLS layer, where no selector sees them."""
    return isinstance(wire, ssl.SSLSocket) and wire.pending() > 0


def _words(error: OSError) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and _ALERT in (error.reason or ""):
        said = error.reason.partition(_ALERT)[2].replace("_", " ").lower()
        return f"the broker refuses the TLS connection: {said}"
    return f"the broker cannot be reached: {error.strerror or type(error).__name__}".lower()
