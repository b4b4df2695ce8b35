"""What leaves the daemon for equipment, byte by byte: questions that read, and nothing else, whatever goes wrong."""

import asyncio
import copy
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.cli.demo import stage
from tests.drivers.rtu_lines import crc
from tests.listening import listening
from tests.ports import free_port
from tests.whole.conftest import Build
from tests.whole.house import SEED, House, Site, config_of, eventually, plan, write_site

SPEED = 60.0
TCP_FRAME, RTU_FRAME = 12, 8
READS = {1, 2, 3, 4}


@dataclass
class Tap:
    """A way to a port that keeps all bytes that go there, by connection."""

    port: int
    far: int
    sent: list[bytearray] = field(default_factory=list)
    _open: list[asyncio.StreamWriter] = field(default_factory=list)

    def cut(self) -> None:
        """Drop every connection."""
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.sent.append(kept := bytearray())
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far)
        self._open += [writer, far_writer]
        try:
            await asyncio.gather(_pass(reader, far_writer, kept), _pass(far_reader, writer, bytearray()))
        finally:
            far_writer.transport.abort()

    def frames(self, size: int) -> list[bytes]:
        """The frames of all connections, each of this size; a connection that carries anything else fails."""
        assert all(len(kept) % size == 0 for kept in self.sent)
        return [bytes(kept[at : at + size]) for kept in self.sent for at in range(0, len(kept), size)]


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, kept: bytearray) -> None:
    while data := await reader.read(4096):
        kept += data
        writer.write(data)
    writer.close()


@asynccontextmanager
async def tapped(port: int, far: int) -> AsyncIterator[Tap]:
    tap = Tap(port, far)
    async with listening(tap.carry, port=port):
        yield tap


@asynccontextmanager
async def equipment(house: House, site: Site, folder: Path) -> AsyncIterator[dict[str, Tap]]:
    """`gateway simulate` behind a tap for each connection; devices whose id ends in -x are not there."""
    theirs = copy.deepcopy(site)
    theirs["devices"] = [device for device in theirs["devices"] if not device["id"].endswith("-x")]
    for connection in theirs["connections"].values():
        connection["url"] = f"{connection['url'].rpartition(':')[0]}:{free_port()}"
    part = replace(house.stage, config_file=write_site(folder, theirs), folder=folder)
    config = config_of(part.config_file)
    async with stage.process("property", part.property(SEED), folder) as child, AsyncExitStack() as stack:
        await stage.until_listening("property", child, stage.wire_ports(config), folder)
        yield {
            name: await stack.enter_async_context(tapped(_port(site, name), _port(theirs, name)))
            for name in theirs["connections"]
        }


def _port(site: Site, connection: str) -> int:
    return int(site["connections"][connection]["url"].rpartition(":")[2])


async def test_nothing_but_function_codes_1_to_4_ever_leaves(build: Build, tmp_path: Path) -> None:
    site = plan("P-1", "P-2", "PM-2")
    riser = site["connections"]["riser-room"]
    riser["url"] = f"rtu+{riser['url']}"
    pump, _, meter = site["devices"]
    more: list[Site] = [
        {**pump, "id": "gone-x", "unit": 9},  # behind a gateway that says so
        {**meter, "id": "mistaken-x", "on": "pump-room", "unit": 1},  # another machine than we were told: it refuses
        {**meter, "id": "silent-x", "unit": 9},
        {**pump, "id": "refusing-x", "on": "riser-room", "unit": 1, "every": "5s"},
    ]
    site["devices"] += [copy.deepcopy(device) for device in more]
    house = build(site, SPEED)
    folder = tmp_path / "equipment"
    folder.mkdir()
    async with house.api, equipment(house, site, folder) as taps, house.daemon():
        tcp, rtu = taps["pump-room"], taps["riser-room"]
        await eventually(lambda: _asked(tcp, TCP_FRAME, 6) >= {1, 2, 9}, 20, "questions to all units over TCP")
        await eventually(lambda: _asked(rtu, RTU_FRAME, 0) >= {1, 9}, 20, "questions to all units over RTU")
        for tap in taps.values():
            tap.cut()
        await eventually(
            lambda: all(len(tap.sent) > 1 and tap.sent[-1] for tap in taps.values()), 20, "new connections"
        )
        await eventually(lambda: _bytes(tcp) > 100 * TCP_FRAME and _bytes(rtu) > 100 * RTU_FRAME, 30, "many questions")
    asked = tcp.frames(TCP_FRAME)
    assert all((frame[2:6], frame[7] in READS) == (b"\0\0\0\6", True) for frame in asked)
    serial = rtu.frames(RTU_FRAME)
    assert all((crc(frame[:-2]), frame[1] in READS) == (frame[-2:], True) for frame in serial)


def _bytes(tap: Tap) -> int:
    return sum(map(len, tap.sent))


def _asked(tap: Tap, size: int, unit_at: int) -> set[int]:
    """The units that have been asked so far."""
    whole = [kept[: len(kept) // size * size] for kept in tap.sent]
    return {kept[at + unit_at] for kept in whole for at in range(0, len(kept), size)}
