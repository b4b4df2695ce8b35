"""paho's client as we want it: by the settings of a connection, and with eyes for what it would pass over."""

import socket
import ssl
import zlib
from contextlib import suppress
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from drivers.mqtt.inbox import PAYLOAD_LIMIT
from drivers.mqtt.settings import MqttConnection
from drivers.mqtt.sieve import Sieve
from drivers.tls import UselessFiles, client_context

_PROTOCOLS = {"v3.1.1": paho.MQTTv311, "v5": paho.MQTTv5}
_SESSION_S = 3600
_ALERT = "ALERT_"  # in the name of what a peer says as it ends a TLS connection


class TlsRefused(Exception):
    """The broker ended the TLS connection and said why; paho would pass over it."""


class _Wire(ssl.SSLSocket):
    """A socket that is closed when the broker's certificate is not accepted; paho would leave it to the collector."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as it is declared
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


class Client(paho.Client):
    """paho's client, which sees the broker's bytes through a sieve."""

    sieve: Sieve

    def reconnect(self) -> MQTTErrorCode:
        """Connect, with a sieve of this connection's own: what an earlier one has left in it is nobody's."""
        self.sieve = Sieve(properties=self.protocol == paho.MQTTv5)
        return super().reconnect()

    def _sock_recv(self, bufsize: int) -> bytes:
        return self.sieve.read(bufsize, self._receive)

    def _sock_send(self, buf: bytes | bytearray) -> int:
        try:
            return super()._sock_send(buf)
        except BlockingIOError:
            raise
        except OSError:
            with suppress(OSError):
                self._receive(1)  # a broker that hung up may have said why
            raise

    def _receive(self, size: int) -> bytes:
        try:
            return super()._sock_recv(size)
        except ssl.SSLError as error:  # since TLS 1.3 this is where a client learns that its certificate is refused
            if _ALERT not in (error.reason or ""):
                raise
            raise TlsRefused(words(error)) from error


def new_client(name: str, settings: MqttConnection) -> Client:
    """A client of paho's that is not connected yet, and never reconnects by itself."""
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=settings.client_id or _client_id(name),
        clean_session=not settings.keep_session if settings.version == "v3.1.1" else None,
        protocol=_PROTOCOLS[settings.version],
        reconnect_on_failure=False,  # also keeps paho from retrying under another protocol or name
    )
    client.suppress_exceptions = True  # an exception that escaped a callback would end all reception
    if settings.username is not None:
        password = settings.password
        client.username_pw_set(settings.username, None if password is None else password.get_secret_value())
    keepalive = int(settings.keepalive)
    if settings.version == "v5":
        start, properties = not settings.keep_session, _v5_properties(settings)
        client.connect_async(settings.host, settings.port, keepalive, clean_start=start, properties=properties)
    else:
        client.connect_async(settings.host, settings.port, keepalive)
    return client


def arm(client: Client, settings: MqttConnection) -> None:
    """Give the client what TLS needs; paho takes it once. Raises UselessFiles."""
    if settings.tls:
        context = client_context(settings.ca, settings.certificate, settings.key)
        context.sslsocket_class = _Wire
        client.tls_set_context(context)


def decrypted(wire: Any) -> bool:
    """Whether bytes wait inside the TLS layer, where no selector sees them."""
    return isinstance(wire, ssl.SSLSocket) and wire.pending() > 0


def words(error: OSError) -> str:
    """Why the broker cannot be talked to, for people."""
    if isinstance(error, UselessFiles):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the broker's certificate is not accepted: {error.verify_message}"
    if isinstance(error, ssl.SSLError) and _ALERT in (error.reason or ""):
        said = error.reason.partition(_ALERT)[2].replace("_", " ").lower()
        return f"the broker refuses the TLS connection: {said}"
    return f"the broker cannot be reached: {error.strerror or type(error).__name__}".lower()


def _client_id(name: str) -> str:
    """The same after every restart, different on every box: two gateways with one id would kick each other out."""
    return f"gateway-{name}-{zlib.crc32(socket.gethostname().encode()):08x}"


def _v5_properties(settings: MqttConnection) -> Properties:
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.MaximumPacketSize = PAYLOAD_LIMIT + 2048  # with room for the topic; what is larger, the broker keeps
    properties.SessionExpiryInterval = _SESSION_S if settings.keep_session else 0
    return properties
