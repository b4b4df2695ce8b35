"""Sparkplug B payloads written byte by byte, so that they share nothing with the library that reads them."""

import struct

from tests.drivers.mqtt_bytes import varint

NAME, ALIAS, TIMESTAMP, DATATYPE, HISTORICAL, NULL = 1, 2, 3, 4, 5, 7
INT, LONG, FLOAT, DOUBLE, BOOLEAN, STRING, DATASET = 10, 11, 12, 13, 14, 15, 17


def field(number: int, value: float | str | bytes) -> bytes:
    if number == FLOAT:
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if number == DOUBLE:
        return varint(number << 3 | 1) + struct.pack("<d", value)
    if isinstance(value, str | bytes):
        body = value.encode() if isinstance(value, str) else value
        return varint(number << 3 | 2) + varint(len(body)) + body
    return varint(number << 3) + varint(int(value))


def metric(*fields: tuple[int, float | str | bytes]) -> bytes:
    return b"".join(field(number, value) for number, value in fields)


def payload(*metrics: bytes, seq: int | None = None, stamp: float | None = None, uuid: str = "") -> bytes:
    """`stamp` in seconds since 1970, as a payload's own time."""
    out = b"" if stamp is None else field(1, round(stamp * 1000))
    out += b"".join(varint(2 << 3 | 2) + varint(len(each)) + each for each in metrics)
    out += b"" if seq is None else field(3, seq)
    return out + (field(4, uuid) if uuid else b"")
