"""What pymodbus does with broken answers, which is why the line is ours. A failure here tells of a change there."""

import asyncio
import struct
from collections import deque
from collections.abc import Awaitable, Callable
from inspect import signature

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from tests.drivers.modbus_servers import FaultServer, serving
from tests.drivers.test_modbus_interop import pymodbus_server
from tests.listening import listening

Reading = Callable[[AsyncModbusTcpClient], Awaitable[list[int]]]


async def read(mode: str) -> list[int]:
    """Two registers, from a server that answers in a certain way."""
    async with serving(FaultServer(script=deque([mode]))) as server:
        client = AsyncModbusTcpClient("127.0.0.1", port=server.port, timeout=0.2, retries=0)
        await client.connect()
        try:
            answer = await client.read_holding_registers(0, count=2)
            return list(answer.registers)
        finally:
            client.close()


@pytest.mark.parametrize(
    ("mode", "taken"),
    [
        pytest.param("wrongfc", 2, id="another function code"),
        pytest.param("short", 1, id="fewer registers"),
        pytest.param("long", 6, id="more registers"),
        pytest.param("zerotid", 2, id="transaction 0"),
    ],
)
async def test_what_is_taken_for_an_answer(mode: str, taken: int) -> None:
    assert len(await read(mode)) == taken


async def test_a_byte_count_that_lies_raises_inside_the_event_loop() -> None:
    raised: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: raised.append(str(what.get("exception"))))
    with pytest.raises(ModbusIOException):
        await read("bytecountlie")
    assert raised


def test_a_silent_device_holds_a_call_for_twelve_seconds() -> None:
    defaults = signature(AsyncModbusTcpClient.__init__).parameters
    assert defaults["timeout"].default * (1 + defaults["retries"].default) == 12


async def test_more_than_an_answer_can_have_is_forgotten_silently() -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(12)
        writer.write(bytes(300))
        question = await reader.readexactly(12)
        writer.write(question[:4] + b"\0\7" + question[6:8] + b"\4\0\5\0\6")
        await reader.read()

    async with listening(flood) as port:
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=0.2, retries=0)
        await client.connect()
        with pytest.raises(ModbusIOException):
            await client.read_holding_registers(0, count=2)
        answer = await client.read_holding_registers(0, count=2)
        client.close()
    assert answer.registers == [5, 6]


async def test_why_a_connection_failed_is_not_told(unused_tcp_port: int) -> None:
    client = AsyncModbusTcpClient("127.0.0.1", port=unused_tcp_port, timeout=0.2, retries=0, reconnect_delay=0)
    assert await client.connect() is False


async def test_its_server_answers_the_first_of_eight_questions_in_one_segment(unused_tcp_port: int) -> None:
    async with pymodbus_server(unused_tcp_port):
        reader, writer = await asyncio.open_connection("127.0.0.1", unused_tcp_port)
        writer.write(b"".join(struct.pack(">HHHBBHH", number, 0, 6, 1, 3, 0, 2) for number in range(1, 9)))
        first = await reader.readexactly(13)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.readexactly(1), 0.3)
        writer.close()
    assert first[:2] == b"\0\1"
