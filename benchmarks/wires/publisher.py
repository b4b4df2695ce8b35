"""A stand-in for a broker, as a program: whoever subscribes gets the same JSON messages for ever, as fast as it reads.

It speaks as much of MQTT 3.1.1 as that takes, with QoS 0. Prints its port as a line of JSON and serves until its
standard input ends.
"""

import asyncio
import json
import sys
from contextlib import suppress
from itertools import cycle

import numpy as np

from benchmarks.equipment import IMAGES, MEAN, NOISE
from benchmarks.window import runner

_CONNECT, _SUBSCRIBE, _PING = 1, 8, 12
_AT_ONCE = 50
_SETTLE_S = 0.5
"""From the first subscription to the first message, so that the other subscriptions are heard."""


def topic(device: int) -> str:
    """What the device publishes on."""
    return f"bench/device-{device:05d}"


def payload(values: list[float]) -> bytes:
    """A message as a collector sends it."""
    return json.dumps({f"p{i}": round(value, 3) for i, value in enumerate(values)}).encode()


def packets(devices: int, points: int) -> list[bytes]:
    """A PUBLISH of each device in turn, several times over."""
    values = np.random.default_rng(7).normal(MEAN, NOISE, (IMAGES, points))
    bodies = [payload(row) for row in values.tolist()]
    return [_publish(topic(i % devices).encode(), bodies[i % IMAGES]) for i in range(devices * IMAGES)]


def _publish(name: bytes, body: bytes) -> bytes:
    rest = len(name).to_bytes(2, "big") + name + body
    return b"\x30" + _length(len(rest)) + rest


def _length(number: int) -> bytes:
    """As MQTT writes it: seven bits a byte, the lowest first."""
    low, high = number & 127, number >> 7
    return bytes([low | 128]) + _length(high) if high else bytes([low])


async def _read(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Kind and body of one packet."""
    kind, size, shift = (await reader.readexactly(1))[0] >> 4, 0, 0
    while True:
        digit = (await reader.readexactly(1))[0]
        size |= (digit & 127) << shift
        shift += 7
        if digit < 128:
            return kind, await reader.readexactly(size)


def _granted(body: bytes) -> bytes:
    """The SUBACK: QoS 0 for every topic of a SUBSCRIBE."""
    place, topics = 2, 0
    while place < len(body):
        place += 3 + int.from_bytes(body[place : place + 2], "big")
        topics += 1
    return b"\x90" + _length(2 + topics) + body[:2] + bytes(topics)


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, messages: list[bytes]) -> None:
    """One client, from CONNECT until it goes."""
    flood: asyncio.Task[None] | None = None
    with suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            kind, body = await _read(reader)
            if kind == _CONNECT:
                writer.write(b"\x20\2\0\0")
            elif kind == _SUBSCRIBE:
                writer.write(_granted(body))
                flood = flood or asyncio.create_task(_flood(writer, messages))
            elif kind == _PING:
                writer.write(b"\xd0\0")
    if flood is not None:
        flood.cancel()
    writer.close()


async def _flood(writer: asyncio.StreamWriter, messages: list[bytes]) -> None:
    await asyncio.sleep(_SETTLE_S)
    parts = [b"".join(messages[i : i + _AT_ONCE]) for i in range(0, len(messages), _AT_ONCE)]
    with suppress(ConnectionError):
        for part in cycle(parts):
            writer.write(part)
            await writer.drain()


async def serve(devices: int, points: int) -> None:
    """Listen on a free port of the loopback, say which, and go on until standard input ends."""
    messages = packets(devices, points)

    async def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await converse(reader, writer, messages)

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    print(json.dumps([server.sockets[0].getsockname()[1]]), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    with runner() as loop:
        loop.run(serve(int(sys.argv[1]), int(sys.argv[2])))
