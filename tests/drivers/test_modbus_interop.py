"""Servers that others wrote: pymodbus's own and libmodbus's hold known values, and every table is read right."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pymodbus.client.mixin import ModbusClientMixin
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from gateway.core.clock import SystemClock
from tests import needs
from tests.drivers.modbus_servers import device, driver, profile, until

SOURCE = Path(__file__).with_name("libmodbus_server.c")

EVERYTHING = profile(
    {"address": 0},
    {"address": 1, "type": "s16"},
    {"address": 2, "type": "f32"},
    {"address": 4, "type": "f32", "order": "DCBA"},
    {"address": 6, "type": "f32", "order": "BADC"},
    {"address": 8, "type": "f32", "order": "CDAB"},
    {"address": 10, "type": "s32", "scale": 0.5},
    {"address": 150, "type": "bool", "bit": 0},
    {"address": 150, "type": "bool", "bit": 1},
    {"address": 150, "type": "bool", "bit": 15},
    {"address": 7, "table": "input"},
    {"address": 8, "table": "coil", "type": "bool"},
    {"address": 9, "table": "coil", "type": "bool"},
    {"address": 17, "table": "discrete", "type": "bool"},
    {"address": 18, "table": "discrete", "type": "bool"},
)
EXPECTED = [4321, -1, 12.5, -3.25, 1e6, 0.125, -35000, 1, 0, 1, 777, 0, 1, 1, 0]


async def test_libmodbus_is_read_right(tmp_path: Path, unused_tcp_port: int) -> None:
    program = build(tmp_path / "server")
    server = await asyncio.create_subprocess_exec(program, str(unused_tcp_port), stdout=asyncio.subprocess.PIPE)
    try:
        assert server.stdout is not None
        assert await server.stdout.readline() == b"listening\n"
        line = driver(unused_tcp_port, EVERYTHING, device("plc"), clock=SystemClock(), timeout="1s")
        batches = await until(line, lambda got: len(got) >= 3)
    finally:
        server.kill()
        await server.wait()
    assert [batch.values.tolist() for batch in batches] == [EXPECTED] * len(batches)
    assert line.counters()["exceptions"] == line.counters()["rejected"] == 0


async def test_pymodbus_is_read_right(unused_tcp_port: int) -> None:
    async with pymodbus_server(unused_tcp_port):
        line = driver(unused_tcp_port, EVERYTHING, device("plc"), clock=SystemClock(), timeout="1s")
        batches = await until(line, lambda got: len(got) >= 3)
    assert [batch.values.tolist() for batch in batches] == [EXPECTED] * len(batches)


def build(server: Path) -> Path:
    """Compile the C server, or skip the test and say why."""
    command = [needs.program("gcc"), "-o", str(server), str(SOURCE), "-I/usr/include/modbus", "-lmodbus"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        needs.absent(f"libmodbus-dev is not installed: {done.stderr.splitlines()[0]}")
    return server


@asynccontextmanager
async def pymodbus_server(port: int) -> AsyncIterator[None]:
    """The same values as libmodbus_server.c, encoded by pymodbus."""
    words = [0] * 200

    def put(address: int, value: float, kind: ModbusClientMixin.DATATYPE) -> None:
        for i, word in enumerate(ModbusClientMixin.convert_to_registers(value, kind)):
            words[address + i] = word

    def swapped(word: int) -> int:
        return (word & 0xFF) << 8 | word >> 8

    kinds = ModbusClientMixin.DATATYPE
    put(0, 4321, kinds.UINT16)
    put(1, -1, kinds.INT16)
    for address, value in ((2, 12.5), (4, -3.25), (6, 1e6), (8, 0.125)):
        put(address, value, kinds.FLOAT32)
    words[4:6] = [swapped(words[5]), swapped(words[4])]
    words[6:8] = [swapped(words[6]), swapped(words[7])]
    words[8:10] = [words[9], words[8]]
    put(10, -70000, kinds.INT32)
    words[150] = 0x8001
    blocks = (
        [SimData(0, values=[i == 9 for i in range(32)], datatype=DataType.BITS)],
        [SimData(0, values=[i == 17 for i in range(32)], datatype=DataType.BITS)],
        [SimData(0, values=words, datatype=DataType.REGISTERS)],
        [SimData(0, values=[777 if i == 7 else 0 for i in range(32)], datatype=DataType.REGISTERS)],
    )
    server = ModbusTcpServer(SimDevice(1, simdata=blocks), address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]
