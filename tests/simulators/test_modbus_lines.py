"""Lines of every kind, read by the product's own driver: TCP, RTU on a TCP port, RTU on a pseudo-terminal."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import serial

from drivers.modbus import PLUGIN
from gateway.core.clock import ManualClock
from gateway.core.library import BUILT_IN
from gateway.core.yamlfile import read
from simulators.modbus import SerialLine, TcpLine, serve
from simulators.modbus_frames import Rtu, crc
from simulators.site import Injection, SimulatedDevice, SimulatedSite

TIME = 1_773_446_400.0
READ = bytes((3, 0, 0, 0, 1))  # one holding register at 0
TANK = {
    "profile": "tank",
    "driver": "modbus",
    "order": "CDAB",
    "address_base": 1,
    "texts": [{"name": "model", "address": 40, "registers": 4}],
    "points": [
        {"name": "decimals", "address": 1, "type": "u16", "low": 0, "high": 4},
        {"name": "level", "unit": "m", "low": 0, "high": 8, "address": 2, "type": "s16"}
        | {"scale_from": {"point": "decimals", "as": "decimals"}},
        {"name": "volume", "unit": "m³", "low": 0, "high": 1e6, "address": 3, "type": "bcd32", "scale": 0.1},
        {"name": "mode", "address": 5, "type": "u16", "bits": "4-7", "map": {1: 10, 2: 20}},
        {"name": "alarm", "address": 5, "type": "bool", "bit": 0},
        {"name": "pump", "address": 9, "table": "coil", "type": "bool"},
        {"name": "total", "unit": "kWh", "low": 0, "high": 1e9, "table": "input", "address": 10, "type": "u64"}
        | {"order": "EFGHABCD"},
    ],
}  # fmt: skip
PROFILES = [path for path in sorted(BUILT_IN.glob("*.yaml")) if read(path).at(("driver",)) == "modbus"]
PROFILE = PLUGIN.profile.model_validate(TANK)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(TIME)


@pytest.fixture
def site() -> SimulatedSite:
    """Units 1 and 2 are tanks; the second one will fall silent."""
    tanks = [SimulatedDevice(f"T-{unit}", PROFILE, "tank", "bus", unit=unit) for unit in (1, 2)]
    return SimulatedSite(tanks, seed=7, faults=[Injection("silent-meter", "T-2", TIME + 100.0, 0.5, 600.0)])


async def first_batch(url: str, clock: ManualClock, profile: Any = PROFILE, unit: int = 1, **line: Any) -> Any:
    """What the driver reads in its first poll, and how the device stands."""
    name = profile.profile
    device = PLUGIN.device.model_validate({"id": "X-1", "profile": name, "on": "bus", "unit": unit, "every": "1s"})
    connection = PLUGIN.connection.model_validate({"driver": "modbus", "url": url, "timeout": "5s", **line})
    driver = PLUGIN.open("bus", connection, [device], {name: profile}, clock)
    batches = driver.batches()
    try:
        batch = await anext(batches)
    finally:
        await batches.aclose()
    assert driver.counters()["exceptions"] == 0
    return batch.values, driver.health()["X-1"]


@asynccontextmanager
async def line_of(
    kind: str, site: SimulatedSite, clock: ManualClock, folder: Path, byte_s: float = 0.0
) -> AsyncIterator[str]:
    """The url of a line of some kind."""
    path = str(folder / "ttyBus")
    line = SerialLine(path, byte_s) if kind == "rtu" else TcpLine("127.0.0.1", 0, kind == "rtu+tcp", byte_s)
    async with serve(site, clock, {"bus": line}) as opened:
        yield f"rtu://{path}" if kind == "rtu" else f"{kind}://127.0.0.1:{opened.ports['bus']}"


@pytest.mark.parametrize("kind", ["tcp", "rtu+tcp", "rtu"])
async def test_the_driver_reads_what_the_machine_measures(
    kind: str, site: SimulatedSite, clock: ManualClock, tmp_path: Path
) -> None:
    async with line_of(kind, site, clock, tmp_path) as url:
        values, health = await first_batch(url, clock)
    truth = site.read("T-1", np.array([TIME]))[0]
    np.testing.assert_allclose(values, truth, rtol=1e-12)
    assert not np.isnan(values).any()
    assert health.about == "model tank"


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.stem)
async def test_every_profile_that_comes_with_the_drivers_on_a_serial_line(
    path: Path, clock: ManualClock, tmp_path: Path
) -> None:
    profile = PLUGIN.profile.model_validate(read(path).data)
    device = SimulatedDevice("X-1", profile, "a kind without a plant of its own", "bus", unit=1)
    site = SimulatedSite([device], seed=3)
    async with line_of("rtu", site, clock, tmp_path) as url:
        values, _ = await first_batch(url, clock, profile)
    truth = site.read("X-1", np.array([np.floor(clock.now())]))[0]
    np.testing.assert_allclose(values, truth, rtol=1e-12)


async def test_two_drivers_one_after_the_other_on_the_same_terminal(
    site: SimulatedSite, clock: ManualClock, tmp_path: Path
) -> None:
    async with line_of("rtu", site, clock, tmp_path) as url:
        first, _ = await first_batch(url, clock)
        second, _ = await first_batch(url, clock, baud=115200, stop_bits=2)
    np.testing.assert_array_equal(first, second)


class Terminal:
    """A client that writes and reads bytes."""

    def __init__(self, path: str) -> None:
        self._port = serial.Serial(path, timeout=0)

    async def ask(self, data: bytes, expected: int) -> bytes:
        self._port.write(data)
        found = b""
        async with asyncio.timeout(5.0):
            while len(found) < expected:
                found += self._port.read(256)
                await asyncio.sleep(0.001)
        return found

    def close(self) -> None:
        self._port.close()


@contextmanager
def terminal(path: str) -> Iterator[Terminal]:
    client = Terminal(path)
    yield client
    client.close()


def framed(unit: int, pdu: bytes) -> bytes:
    return bytes((unit,)) + pdu + crc(bytes((unit,)) + pdu)


async def test_on_a_serial_line_nobody_answers_for_what_is_not_there_or_silent(
    site: SimulatedSite, clock: ManualClock, tmp_path: Path
) -> None:
    clock.time += 200.0
    async with line_of("rtu", site, clock, tmp_path) as url:
        with terminal(url.removeprefix("rtu://")) as client:
            asked = [framed(99, READ), framed(2, READ), framed(0, READ), framed(1, READ)]
            answer = await client.ask(b"".join(asked), 7)
    assert answer[:3] == bytes((1, 3, 2))
    assert crc(answer[:-2]) == answer[-2:]


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (bytes((3, 0x40, 0, 0, 1)), 2),
        (bytes((6, 0, 0, 0, 1)), 1),
        (bytes((16, 0, 0, 0, 1, 2, 0, 5)), 1),
        (bytes((3, 0, 0, 0, 126)), 3),
        (bytes((99, 1, 2)), 1),
    ],
)
async def test_refusals_on_a_serial_line(
    pdu: bytes, code: int, site: SimulatedSite, clock: ManualClock, tmp_path: Path
) -> None:
    async with line_of("rtu", site, clock, tmp_path) as url:
        with terminal(url.removeprefix("rtu://")) as client:
            assert await client.ask(framed(1, pdu), 5) == framed(1, bytes((pdu[0] | 0x80, code)))


class Unit:
    """A unit that answers with what it was asked."""

    def answer(self, pdu: bytes) -> bytes:
        return pdu


def rtu(*pieces: tuple[float, bytes]) -> list[bytes]:
    """The answers to pieces that arrive at given seconds."""
    framing = Rtu({1: Unit()})  # type: ignore[dict-item] # only its answer is asked for
    return [answer for now, piece in pieces for _, answer in framing.answers(piece, now)]


def test_serial_frames_may_come_in_pieces_with_noise_and_all_at_once() -> None:
    frame = framed(1, READ)
    assert rtu(*[(1.0 + 0.001 * i, frame[i : i + 1]) for i in range(len(frame))]) == [frame]
    assert rtu((1.0, frame + framed(7, READ) + frame)) == [frame, frame]
    assert rtu((1.0, b"\xff\x00\x03" + frame)) == [frame]
    assert rtu((1.0, frame[:-1] + b"\x00" + frame)) == [frame]


def test_a_pause_ends_what_was_not_finished() -> None:
    frame = framed(1, READ)
    begun = framed(1, bytes((16, 0, 0, 0, 100, 200)))[:8]  # two hundred bytes would follow
    assert rtu((1.0, begun), (1.01, frame)) == []
    assert rtu((1.0, begun), (2.0, frame)) == [frame]


def test_the_checksum_of_the_specification() -> None:
    assert crc(b"\x02\x07") == b"\x41\x12"


@pytest.mark.parametrize("kind", ["rtu", "rtu+tcp"])
async def test_a_paced_line_takes_its_time(kind: str, site: SimulatedSite, clock: ManualClock, tmp_path: Path) -> None:
    byte_s = 0.002
    async with line_of(kind, site, clock, tmp_path, byte_s) as url:
        loop = asyncio.get_running_loop()
        began = loop.time()
        if kind == "rtu":
            with terminal(url.removeprefix("rtu://")) as client:
                await client.ask(framed(1, READ) * 2, 14)
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
            writer.write(framed(1, READ) * 2)
            await reader.readexactly(14)
            writer.close()
    assert loop.time() - began >= 2 * (8 + 7) * byte_s


async def test_the_link_is_there_for_as_long_as_the_line(
    site: SimulatedSite, clock: ManualClock, tmp_path: Path
) -> None:
    path = tmp_path / "ttyBus"
    async with serve(site, clock, {"bus": SerialLine(str(path))}) as opened:
        assert str(path.readlink()) == opened.serial["bus"]
    assert not path.is_symlink()


async def test_what_is_there_already_is_left_alone(site: SimulatedSite, clock: ManualClock, tmp_path: Path) -> None:
    path = tmp_path / "ttyBus"
    path.write_text("a port", "utf-8")
    async with serve(site, clock, {"bus": SerialLine(str(path))}) as opened:
        values, _ = await first_batch(f"rtu://{opened.serial['bus']}", clock)
        assert not np.isnan(values).any()
    assert path.read_text("utf-8") == "a port"


@pytest.mark.parametrize("target", ["elsewhere", "/dev/pts/999999"])
async def test_only_a_link_that_a_killed_run_left_is_replaced(
    target: str, site: SimulatedSite, clock: ManualClock, tmp_path: Path
) -> None:
    path = tmp_path / "ttyBus"
    path.symlink_to(target)
    async with serve(site, clock, {"bus": SerialLine(str(path))}) as opened:
        assert str(path.readlink()) == (target if target == "elsewhere" else opened.serial["bus"])
    assert path.is_symlink() == (target == "elsewhere")


async def test_a_folder_that_is_not_there_has_no_link(site: SimulatedSite, clock: ManualClock, tmp_path: Path) -> None:
    async with serve(site, clock, {"bus": SerialLine(str(tmp_path / "by-id" / "usb"))}) as opened:
        values, _ = await first_batch(f"rtu://{opened.serial['bus']}", clock)
    assert not np.isnan(values).any()
    assert not (tmp_path / "by-id").is_dir()
