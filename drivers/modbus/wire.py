"""Asks questions over one line to Modbus equipment: with patience, pauses and retries; keeps the answer as bytes."""

import asyncio
import struct
from collections import Counter
from enum import StrEnum
from typing import NamedTuple

from pymodbus.framer import FramerRTU

from drivers.modbus.line import Line
from drivers.modbus.opening import opened
from drivers.modbus.patience import Patience, at_most
from drivers.modbus.question import REFUSED, Verdict
from drivers.modbus.settings import ModbusConnection
from drivers.plan import FUNCTION, Place, Read

_TCP = struct.Struct(">HHHBBHH")
_SERIAL = struct.Struct(">BBHH")
_LENGTH = 6  # of what follows the length in a question of Modbus TCP
_LAST_TRANSACTION = 0xFFFF


class Fault(StrEnum):
    """Why a read brought nothing."""

    SILENT = "silent"  # no answer in time
    LOST = "lost"  # the connection went away
    REJECTED = "rejected"  # something came that does not fit the question
    NO_PATH = "no path"  # exceptions 10, 11: the gateway in between cannot reach the unit
    CONFIG = "config"  # exceptions 1-3: the device does not have what the profile says
    BUSY = "busy"  # exceptions 5, 6 and the device's own troubles: later


_EXCEPTIONS = {
    1: (Fault.CONFIG, "function code not supported"),
    2: (Fault.CONFIG, "no such address"),
    3: (Fault.CONFIG, "request not accepted"),
    4: (Fault.BUSY, "device failure"),
    5: (Fault.BUSY, "device needs more time"),
    6: (Fault.BUSY, "device is busy"),
    8: (Fault.BUSY, "device memory error"),
    10: (Fault.NO_PATH, "gateway has no path to the device"),
    11: (Fault.NO_PATH, "device behind the gateway does not answer"),
}


class ReadError(Exception):
    """A read that brought no values; `reason` is for people."""

    def __init__(self, fault: Fault, reason: str, exception: int = 0) -> None:
        super().__init__(reason)
        self.fault, self.reason, self.exception = fault, reason, exception


class Request(NamedTuple):
    """What is asked of a unit; can be asked any number of times."""

    unit: int
    function: int
    address: int
    quantity: int


class Manners(NamedTuple):
    """How one device wants to be asked: how long it may take, and the pause that it needs before a request."""

    timeout_s: float
    gap_s: float


class Wire:
    """A connection that answers one question at a time. `counts` is shared with the driver's counters."""

    def __init__(self, connection: ModbusConnection, counts: Counter[str]) -> None:
        self._at, self._counts = connection, counts
        self._serial, self._silence_s = connection.is_rtu, connection.silence_s
        self._line: Line | None = None
        self._transaction = 0
        self._patiences: dict[float, Patience] = {}
        self._owing: dict[int, float] = {}  # serial units that owe an answer, and until when it may still come
        self.manners = Manners(connection.timeout, connection.gap)

    @classmethod
    def request(cls, unit: int, where: Read | Place) -> Request:
        """The question for a place or for a whole read."""
        count = where.width if isinstance(where, Place) else where.count
        return Request(unit, FUNCTION[where.table], where.address, count)

    @property
    def connected(self) -> bool:
        """Whether there is a connection that can be trusted."""
        return self._line is not None and self._line.sound

    async def connect(self) -> str:
        """Connect anew within the timeout. Returns what is in the way, nothing if we are connected."""
        self.close()
        self._transaction = 0
        self._owing.clear()
        try:
            async with at_most(self._at.timeout):
                line = await opened(self._at, self._counts)
        except TimeoutError:
            return f"no answer within {self._at.timeout:g} s"
        if isinstance(line, str):
            return line
        self._line = line
        await asyncio.sleep(self._at.settle)
        return ""

    def close(self) -> None:
        """Drop the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None

    async def read(self, request: Request, manners: Manners | None = None) -> bytes:
        """Ask, and return the data bytes of an answer that fits; raises ReadError."""
        manners = manners or self.manners
        for _ in range(self._at.retries):
            try:
                return await self._ask(request, manners)
            except ReadError as error:
                if error.fault is not Fault.SILENT:
                    raise
        return await self._ask(request, manners)

    async def _ask(self, request: Request, manners: Manners) -> bytes:
        if self._silence_s or manners.gap_s or self._owing:
            await asyncio.sleep(max(manners.gap_s, self._silence_s, self._owed_s(request.unit)))
        line = self._line
        if line is None or not line.sound:
            raise self._failure(manners)
        self._counts["requests"] += 1
        patience = self._patience(manners.timeout_s)
        answer = line.ask(self._frame(request))
        patience.begin()
        try:
            pdu = await answer
        finally:
            patience.end()
        if not pdu:
            if self._serial:
                self._owing[request.unit] = asyncio.get_running_loop().time() + manners.timeout_s
            raise self._failure(manners)
        if pdu[0] & REFUSED:
            self._counts["exceptions"] += 1
            fault, meaning = _EXCEPTIONS.get(pdu[1], (Fault.BUSY, "unknown exception"))
            raise ReadError(fault, f"{meaning} (exception {pdu[1]})", pdu[1])
        return pdu[2:]

    def _frame(self, request: Request) -> bytes:
        if self._serial:
            body = _SERIAL.pack(*request)
            return body + FramerRTU.compute_CRC(body).to_bytes(2)
        self._transaction = self._transaction % _LAST_TRANSACTION + 1
        return _TCP.pack(self._transaction, 0, _LENGTH, *request)

    def _patience(self, seconds: float) -> Patience:
        if (found := self._patiences.get(seconds)) is None:
            found = self._patiences[seconds] = Patience(seconds, self._stop_waiting)
        return found

    def _owed_s(self, unit: int) -> float:
        """How long to leave a serial unit alone whose last answer may still come.

        It would look like the answer to the next question of the same size: there are no numbers on a serial line.
        """
        until = self._owing.pop(unit, 0.0)
        return until - asyncio.get_running_loop().time() if until else 0.0

    def _stop_waiting(self) -> None:
        if self._line is not None:
            self._line.give_up()

    def _failure(self, manners: Manners) -> ReadError:
        """Say why the last request has no answer, and drop a connection whose bytes are in doubt."""
        line = self._line
        verdict, doubted = (line.verdict, line.doubted) if line is not None else (None, False)
        if doubted or verdict not in (None, Verdict.LATE, Verdict.ANSWER):
            self._counts["rejected"] += not doubted  # doubts were counted when they came
            if not self._serial:
                self.close()
            return ReadError(Fault.REJECTED, f"rejected: {verdict}")
        if not self.connected:
            self._counts["lost"] += 1
            return ReadError(Fault.LOST, "connection closed by the other side")
        self._counts["timeouts"] += 1
        return ReadError(Fault.SILENT, f"timed out after {manners.timeout_s:g} s")
