import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import numpy as np
import pytest
from pymodbus.client import AsyncModbusTcpClient

from simulators.modbus import TcpLine, serve
from simulators.registers import RegisterMap
from simulators.site import Injection, SimulatedDevice, SimulatedSite

TIME = 1_773_446_400.0


@dataclass
class StoppedClock:
    time: float = TIME

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def site(property_devices: list[SimulatedDevice]) -> SimulatedSite:
    silence = Injection("silent-meter", "PM-3", TIME + 100.0, 0.5, 3600.0)
    return SimulatedSite(property_devices, seed=7, faults=[silence])


@pytest.fixture
async def port(site: SimulatedSite, clock: StoppedClock) -> AsyncIterator[int]:
    async with serve(site, clock, {"plant-room": TcpLine("127.0.0.1", 0)}) as opened:
        assert set(opened.ports) == {"plant-room"}
        yield opened.ports["plant-room"]


@pytest.fixture
async def client(port: int) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=0.3, retries=0)
    assert await client.connect()
    yield client
    client.close()


def value(site: SimulatedSite, device: str, point: str, time: float = TIME) -> float:
    return float(site.read(device, np.array([time]))[0, site.devices[device].profile.names.index(point)])


async def test_a_stranger_reads_what_the_plant_measures(client: AsyncModbusTcpClient, site: SimulatedSite) -> None:
    words = (await client.read_holding_registers(0, count=14, device_id=1)).registers
    types = client.DATATYPE
    assert words[1] * 0.001 == pytest.approx(value(site, "P-1", "pressure"), abs=0.0006)
    assert words[9] * 0.1 == pytest.approx(value(site, "P-1", "bearing_temp"), abs=0.06)
    flow = client.convert_from_registers(words[4:6], types.FLOAT32, word_order="little")
    assert flow == pytest.approx(value(site, "P-1", "flow"), rel=1e-6)
    starts = client.convert_from_registers(words[12:14], types.UINT32, word_order="little")
    assert starts == value(site, "P-1", "starts")
    assert (await client.read_discrete_inputs(0, count=1, device_id=1)).bits[0] is True
    volts = (await client.read_input_registers(0, count=2, device_id=11)).registers
    assert client.convert_from_registers(volts, types.FLOAT32) == pytest.approx(value(site, "PM-1", "u_a"), rel=1e-6)


async def test_values_follow_the_clock(client: AsyncModbusTcpClient, site: SimulatedSite, clock: StoppedClock) -> None:
    clock.time += 3600.4
    words = (await client.read_holding_registers(100, count=1, device_id=20)).registers
    assert words[0] * 0.1 == pytest.approx(value(site, "TR-1", "load", TIME + 3600.0), abs=0.06)


@pytest.mark.parametrize(
    ("pdu", "unit", "code"),
    [
        (struct.pack(">BHH", 6, 0, 1), 1, 1),  # write
        (struct.pack(">BHH", 3, 23, 2), 1, 2),  # beyond the end
        (struct.pack(">BHH", 3, 50, 1), 1, 2),  # a hole
        (struct.pack(">BHH", 1, 0, 1), 1, 2),  # a table that it lacks
        (struct.pack(">BHH", 4, 0, 81), 11, 3),  # more than this device allows
        (struct.pack(">BHH", 3, 0, 0), 1, 3),
        (struct.pack(">BH", 3, 0), 1, 3),
        (struct.pack(">BHH", 3, 0, 1), 99, 11),
    ],
)
async def test_refusals(port: int, pdu: bytes, unit: int, code: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(struct.pack(">HHHB", 7, 0, len(pdu) + 1, unit) + pdu)
    answer = await asyncio.wait_for(reader.readexactly(9), 1.0)
    assert answer == struct.pack(">HHHBBB", 7, 0, 3, unit, pdu[0] | 0x80, code)
    writer.close()


async def test_a_silent_device_says_nothing_while_its_neighbours_answer(port: int, clock: StoppedClock) -> None:
    clock.time += 200.0
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number, unit in ((1, 13), (2, 12)):
        writer.write(struct.pack(">HHHBBHH", number, 0, 6, unit, 4, 0, 2))
    assert (await asyncio.wait_for(reader.readexactly(13), 1.0))[:2] == b"\x00\x02"
    writer.close()


async def test_requests_may_come_in_pieces_or_all_at_once(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    frames = b"".join(struct.pack(">HHHBBHH", number, 0, 6, 1, 3, 0, 1) for number in range(50))
    for cut in (frames[:5], frames[5:17], frames[17:]):
        writer.write(cut)
        await writer.drain()
        await asyncio.sleep(0)
    answers = [await asyncio.wait_for(reader.readexactly(11), 1.0) for _ in range(50)]
    assert [int.from_bytes(answer[:2]) for answer in answers] == list(range(50))
    writer.close()


async def test_what_is_not_modbus_is_cut_off(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\n\r\n")
    assert await asyncio.wait_for(reader.read(), 1.0) == b""
    writer.close()


@pytest.mark.parametrize("kind", ["pump-set", "power-meter", "transformer"])
def test_an_unknown_value_is_shown_as_an_impossible_one(device: Callable[..., SimulatedDevice], kind: str) -> None:
    profile = device("X-1", kind).profile
    image = RegisterMap(profile).image([float("nan")] * len(profile.points))
    for point in profile.points:
        words = [image[point.table][point.address + i] for i in range(1 + (point.type in ("f32", "u32")))]
        if point.type in {"s16", "u16"}:
            assert words[0] * point.scale > point.high
        elif point.type == "u32":
            assert words == [0xFFFF, 0xFFFF]
