"""Takes frames apart however their bytes arrive, and frames the answers: Modbus TCP, and RTU as on a serial line."""

import struct
from collections.abc import Iterator, Mapping
from typing import Protocol

from simulators.modbus_unit import NO_SUCH_UNIT, SimulatedUnit, exception

Units = Mapping[int, SimulatedUnit]

_HEADER = struct.Struct(">HHHB")
_LONGEST_PDU = 253
_SILENCE_S = 0.05
"""A pause after which what came before is no part of a frame any more; far longer than 3.5 characters."""
_FIXED_SIZES = dict.fromkeys(range(1, 7), 8) | {7: 4, 11: 4, 12: 4, 17: 4}
_COUNTED_AT = {15: 6, 16: 6}  # functions that carry data, and where it is said how many bytes


class NotModbusError(Exception):
    """What arrives is no Modbus, and nothing says where the next frame would begin."""


class Framing(Protocol):
    """One client's stream of requests."""

    def answers(self, data: bytes, now: float) -> Iterator[tuple[int, bytes]]:
        """The answers to what has arrived, in order, each with the size of its request. Raises `NotModbusError`."""
        ...


class Mbap:
    """Modbus TCP: a header with a transaction number. A unit that is not there is answered for, with exception 11."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._received = bytearray()

    def answers(self, data: bytes, now: float) -> Iterator[tuple[int, bytes]]:
        """The answers to what has arrived."""
        self._received += data
        while len(self._received) >= _HEADER.size:
            transaction, protocol, length, unit = _HEADER.unpack_from(self._received)
            if protocol != 0 or not 2 <= length <= _LONGEST_PDU + 1:
                raise NotModbusError
            end = _HEADER.size - 1 + length
            if len(self._received) < end:
                return
            pdu = bytes(self._received[_HEADER.size : end])
            del self._received[:end]
            asked = self._units.get(unit)
            answer = asked.answer(pdu) if asked else exception(pdu[0], NO_SUCH_UNIT)
            if answer is not None:
                yield end, _HEADER.pack(transaction, 0, len(answer) + 1, unit) + answer


class Rtu:
    """A serial line: no header but a checksum. Nobody answers for a unit that is not there."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._received = bytearray()
        self._heard_at = 0.0

    def answers(self, data: bytes, now: float) -> Iterator[tuple[int, bytes]]:
        """The answers to what has arrived."""
        if now - self._heard_at > _SILENCE_S:
            self._received.clear()
        self._heard_at = now
        self._received += data
        while len(self._received) >= 4:
            size = _size(self._received)
            if len(self._received) < size:
                return
            frame = bytes(self._received[:size])
            if crc(frame[:-2]) != frame[-2:]:
                del self._received[0]  # noise, or the traffic of others; a frame may begin at the next byte
                continue
            del self._received[:size]
            asked = self._units.get(frame[0])
            answer = asked.answer(frame[1:-2]) if asked else None
            if answer is not None:
                whole = frame[:1] + answer
                yield size, whole + crc(whole)


def _size(received: bytearray) -> int:
    """How long the request is that begins here; of a function that nobody knows, as long as what has arrived."""
    function = received[1]
    if at := _COUNTED_AT.get(function):
        return 9 + received[at] if len(received) > at else at + 1
    return _FIXED_SIZES.get(function, len(received))


def crc(data: bytes) -> bytes:
    """The checksum of a serial frame, Modbus over serial line 1.02 section 6.2.2."""
    register = 0xFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0xA001 if register & 1 else 0)
    return register.to_bytes(2, "little")
