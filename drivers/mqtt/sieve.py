"""Keeps huge packets out of the memory: paho would collect a packet whole before anybody can look at its size.

A message that is too large is cut short, so that it can still be counted against its topic and acknowledged (or the
broker would send it again for ever), and the rest of it is read and thrown away. Any other packet of that size is no
part of a conversation with us.
"""

from collections.abc import Callable

from drivers.mqtt.inbox import PAYLOAD_LIMIT
from drivers.mqtt.publish import Message, message_at

PACKET_LIMIT = PAYLOAD_LIMIT + 2 * 64 * 1024
"""Bytes of a packet that are let through: more than the payload limit, after the longest topic and its properties."""

_CHUNK = 32 * 1024
_CHUNKS_AT_ONCE = 64  # thrown away before others have a turn
_PUBLISH = 3
_LENGTH_BYTES = 4  # of the remaining length, seven bits each


class PacketTooLarge(Exception):
    """A packet that is no message and larger than any that a broker sends."""


class Sieve:
    """The bytes of one connection on their way to paho. `properties` are those that packets have since MQTT 5."""

    def __init__(self, *, properties: bool = False) -> None:
        self._properties = properties
        self._chunk = b""
        self._at = 0  # what of the chunk was given out
        self._head = bytearray()  # of the packet that begins: its type and its length
        self._ready = b""  # head to give out
        self._body = 0  # bytes of this packet to give out
        self._surplus = 0  # bytes of this packet to throw away

    @property
    def holds_bytes(self) -> bool:
        """Whether there is more to read although the socket may be silent."""
        return self._at < len(self._chunk) or bool(self._ready)

    def message(self) -> Message | None:
        """What comes next, if it is a plain message that is here already; paho is spared it."""
        if self._ready or self._body or self._surplus or self._head:  # in the middle of a packet
            return None
        found = message_at(self._at, self._chunk, properties=self._properties)
        if found is None:
            return None
        message, self._at = found
        return message

    def read(self, most: int, receive: Callable[[int], bytes]) -> bytes:
        """The next bytes, at most so many; none at the end of the stream. `receive` raises BlockingIOError to wait."""
        if not self._ready and not self._body and not self._begin(receive):
            return b""
        if self._ready:
            given, self._ready = self._ready[:most], self._ready[most:]
            return given
        given = self._next(min(most, self._body), receive)
        self._body -= len(given)
        return given

    def _begin(self, receive: Callable[[int], bytes]) -> bool:
        """Come to the next packet; False at the end of the stream."""
        for _ in range(_CHUNKS_AT_ONCE):
            if not self._surplus:
                break
            thrown = len(self._next(self._surplus, receive))
            if not thrown:
                return False
            self._surplus -= thrown
        else:
            raise BlockingIOError
        while not self._is_whole():
            byte = self._next(1, receive)
            if not byte:
                return False
            self._head += byte
        self._judge()
        return True

    def _is_whole(self) -> bool:
        length = self._head[1:]
        return bool(length) and (length[-1] < 0x80 or len(length) > _LENGTH_BYTES)

    def _judge(self) -> None:
        head, length = self._head, self._head[1:]
        size = sum((byte & 0x7F) << 7 * place for place, byte in enumerate(length))
        broken = len(length) > _LENGTH_BYTES  # paho sees it too, and says so
        if size > PACKET_LIMIT and not broken:
            if head[0] >> 4 != _PUBLISH:
                text = f"the broker sent a packet of {size / 1e6:.1f} MB; the limit is {PACKET_LIMIT / 1e6:.1f} MB"
                raise PacketTooLarge(text)
            self._surplus, size = size - PACKET_LIMIT, PACKET_LIMIT
            head = head[:1] + _length(size)
        self._ready, self._body = bytes(head), 0 if broken else size
        self._head = bytearray()

    def _next(self, most: int, receive: Callable[[int], bytes]) -> bytes:
        if self._at == len(self._chunk):
            self._chunk, self._at = b"", 0  # in this order: receive may raise
            self._chunk = receive(_CHUNK)
        given = self._chunk[self._at : self._at + most]
        self._at += len(given)
        return given


def _length(size: int) -> bytes:
    """A remaining length as MQTT writes it: seven bits a byte, lowest first."""
    places = -(-max(size.bit_length(), 1) // 7)
    return bytes((size >> 7 * place & 0x7F) | (0x80 if place < places - 1 else 0) for place in range(places))
