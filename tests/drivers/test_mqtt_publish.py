"""Messages that go past paho, against the same bytes when all of them go through it."""

import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import Event, Thread
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.mqtt import MqttConnection
from drivers.mqtt.inbox import Old
from drivers.mqtt.link import Link
from drivers.mqtt.publish import Message, message_at
from drivers.mqtt.sieve import Sieve
from gateway.core.clock import SystemClock
from tests.drivers.mqtt_bytes import varint

CONNACK = {"v3.1.1": b"\x20\x02\x00\x00", "v5": b"\x20\x03\x00\x00\x00"}
NO_LENGTH, DISCONNECT = b"\x30\xff\xff\xff\xff\xff", b"\xe0\x02\x8b\x00"
Heard = tuple[list[tuple[str, bytes | None, Old]], dict[str, int], str]


class Once(Event):
    """A stop that comes with the first pause."""

    def wait(self, timeout: float | None = None) -> bool:
        self.set()
        return True


@contextmanager
def broker(sent: bytes) -> Iterator[int]:
    """The port of one that accepts a single connection and sends all this at once."""

    def serve() -> None:
        wire, _ = server.accept()
        with wire, suppress(OSError):  # the other side may hang up before it has read all
            wire.recv(4096)
            wire.sendall(sent)
            wire.shutdown(socket.SHUT_WR)
            while wire.recv(4096):
                pass

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def conversation(version: str, sent: bytes) -> Heard:
    """What a link makes of the bytes: its inbox, its counts, and why it ended."""
    with broker(CONNACK[version] + sent) as port:
        written = {"driver": "mqtt", "url": f"mqtt://127.0.0.1:{port}", "version": version}
        link = Link("b", MqttConnection.model_validate(written), ["p/1"], lambda topic: topic[0] == "p", SystemClock())
        link.run(Once())
    inbox = [(arrived.topic, arrived.payload, arrived.old) for arrived in link.inbox.take(10_000)]
    return inbox, dict(link.counts), link.standing.reason


def packet(first: int, body: bytes) -> bytes:
    return bytes([first]) + varint(len(body)) + body


def published(first: int, topic: bytes, properties: bytes, payload: bytes) -> bytes:
    number = struct.pack("!H", 7) if first & 0b110 else b""
    return packet(first, struct.pack("!H", len(topic)) + topic + number + properties + payload)


TINY = b"\x30\x05\x00\x03p/1"  # a message that must not be seen within another one
EXPIRY, MALFORMED = b"\x05\x02\x00\x00\x00\x09", b"\x03\xff"
topics = st.sampled_from([b"p/1", b"p/1", b"p/1", b"p/\xc3\xa9", b"p/\xff", b"q", b"p", b"", b"p" * 200])
pieces = st.tuples(st.sampled_from([b"x", b"\0", b"{}", TINY]), st.sampled_from([0, 1, 1, 113, 6_000]))
bodies = pieces.map(lambda times: times[0] * times[1]) | st.binary(max_size=9)
messages = st.builds(
    published, st.integers(0x30, 0x3F), topics, st.sampled_from([b"", b"\0", EXPIRY, MALFORMED]), bodies
)
plain = st.builds(published, st.sampled_from([0x30, 0x30, 0x31, 0x38]), topics, st.sampled_from([b"", b"\0"]), bodies)
others = st.sampled_from(
    [
        *[b"\xd0\x00", b"\x62\x02\x00\x07", b"\xe0\x00", DISCONNECT, b"\x00\x00", NO_LENGTH],
        *[b"\x30\x00", b"\x30\x01\x00", b"\x30\x02\x00\x00", b"\x30\x04\x00\x05ab", b"\x30\x85\x00\x00\x03p/1"],
        *[b"\x30\x85\x80\x00\x00\x03p/1", b"\x30\x86\x00\x00\x03p/1\x00", b"\x30\x05\x00\x03p/1", b"\x30"],
    ]
)
streams = st.lists(plain | messages | others, max_size=12) | st.lists(plain, max_size=30)


@pytest.mark.parametrize("version", CONNACK)
@settings(deadline=None)
@given(packets=streams, rest=st.binary(max_size=20))
def test_what_goes_past_paho_is_what_paho_would_have_said(version: str, packets: Sequence[bytes], rest: bytes) -> None:
    sent = b"".join(packets) + rest
    with patch.object(Sieve, "message", return_value=None):
        through_paho = conversation(version, sent)
    assert conversation(version, sent) == through_paho


@pytest.mark.parametrize("end", [NO_LENGTH, DISCONNECT, b"\x30\x00"])
@pytest.mark.parametrize("version", CONNACK)
def test_nothing_is_heard_after_the_end(version: str, end: bytes) -> None:
    before, after = (published(0x30, b"p/1", b"\0" * (version == "v5"), payload) for payload in (b"before", b"after"))
    inbox, *_ = conversation(version, before * 3 + end + after)
    assert [payload for _, payload, _ in inbox] == [b"before"] * 3


@pytest.mark.parametrize("size", [0, 1, 113, 114, 122, 123, 16_000, 16_378])
@pytest.mark.parametrize("properties", [False, True])
def test_a_short_plain_message_need_not_pass_through_paho(size: int, *, properties: bool) -> None:
    payload = b"x" * (size - properties) if size else b""
    sent = published(0x30, b"p/1", b"\0" * properties, payload)
    expected = Message(b"p/1", payload, dup=False, retain=False), 2 + len(sent)
    assert message_at(2, b"??" + sent + b"\x30", properties=properties) == expected
    assert all(
        message_at(2, b"??" + sent[:end], properties=properties) is None for end in {0, 1, 2, 3, 4, len(sent) - 1}
    )
