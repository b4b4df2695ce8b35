"""A message of QoS 0, read from the bytes of its packet: the one packet that takes no part in a session."""

from typing import NamedTuple

_KIND_AND_QOS = 0b1111_0110
_PUBLISH_QOS_0 = 0b0011_0000
_DUP, _RETAIN = 0b1000, 0b0001
_SHORTEST = 5  # bytes: its type, its length, and a topic of one letter
_LONGEST = 0x3FFF  # what two bytes of seven bits can say


class Message(NamedTuple):
    """As much of a message as we look at, under paho's names."""

    name: bytes
    payload: bytes
    dup: bool
    retain: bool

    @property
    def topic(self) -> str:
        """Raises UnicodeDecodeError, as paho's does."""
        return self.name.decode()


def message_at(start: int, chunk: bytes, *, properties: bool) -> tuple[Message, int] | None:
    """The message that begins there, and where it ends. `properties` are those that packets have since MQTT 5.

    None for whatever is not short, whole, well-formed, of QoS 0 and without any property: all that is paho's.
    """
    if len(chunk) - start < _SHORTEST or chunk[start] & _KIND_AND_QOS != _PUBLISH_QOS_0:
        return None
    size, at = chunk[start + 1], start + 2
    if size > 0x7F:
        size, at = size & 0x7F | chunk[at] << 7, at + 1
    topic = at + 2
    rest, end = topic + (chunk[at] << 8 | chunk[at + 1]), at + size
    here = size <= _LONGEST and end <= len(chunk)
    sound = topic < rest <= end - properties  # since MQTT 5 a byte says that there are no properties
    if not here or not sound or (properties and chunk[rest]):
        return None
    flags = chunk[start]
    return Message(chunk[topic:rest], chunk[rest + properties : end], bool(flags & _DUP), bool(flags & _RETAIN)), end
