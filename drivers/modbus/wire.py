"""One line to Modbus equipment: asks with pymodbus, keeps the answer as bytes, trusts nothing unchecked."""

import asyncio
from collections import Counter
from enum import StrEnum
from typing import ClassVar, NamedTuple

from pymodbus.client.base import ModbusBaseClient
from pymodbus.exceptions import ModbusException
from pymodbus.pdu import ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from drivers.modbus.patience import Patience, at_most
from drivers.modbus.question import DOUBTS, Question, Verdict
from drivers.modbus.question_rtu import SerialQuestion
from drivers.modbus.settings import ModbusConnection
from drivers.modbus.transport import connect, new_client
from drivers.plan import Place, Read, Table


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


class _Answer(ModbusPDU):
    """An answer kept as it came. pymodbus prints every answer for its debug log, so printing must cost nothing."""

    data = b""
    rtu_byte_count_pos = 2

    def decode(self, data: bytes) -> None:
        self.data = data[1:]  # without the byte count

    def __str__(self) -> str:
        return "answer"


def _answer(function: int) -> type[_Answer]:
    return type(f"Answer{function}", (_Answer,), {"function_code": function})


_ANSWERS = tuple(_answer(function) for function in (1, 2, 3, 4))


class Manners(NamedTuple):
    """How one device wants to be asked: how long it may take, and the pause that it needs before a request."""

    timeout_s: float
    gap_s: float


class Wire:
    """A connection that answers one question at a time. `counts` is shared with the driver's counters."""

    _requests: ClassVar[dict[Table, type[ModbusPDU]]] = {
        "coil": ReadCoilsRequest,
        "discrete": ReadDiscreteInputsRequest,
        "holding": ReadHoldingRegistersRequest,
        "input": ReadInputRegistersRequest,
    }

    def __init__(self, connection: ModbusConnection, counts: Counter[str]) -> None:
        self._at, self._counts = connection, counts
        self._question_of = SerialQuestion if connection.is_rtu else Question
        self._doubts = frozenset[Verdict]() if connection.is_rtu else DOUBTS
        self._client: ModbusBaseClient | None = None
        self._patiences: dict[float, Patience] = {}
        self._question: Question | SerialQuestion | None = None
        self._waiting = False
        self._verdict: Verdict | None = None  # on what arrived since the last request, if anything did
        self._doubted = False
        self._silent: dict[int, float] = {}  # serial units that owe an answer, and until when it may still come
        self.manners = Manners(connection.timeout, connection.gap)

    @classmethod
    def request(cls, unit: int, where: Read | Place) -> ModbusPDU:
        """A request that can be asked any number of times."""
        count = where.width if isinstance(where, Place) else where.count
        return cls._requests[where.table](dev_id=unit, address=where.address, count=count)

    @property
    def connected(self) -> bool:
        """Whether there is a connection that can be trusted."""
        return self._client is not None and self._client.connected and not self._doubted

    async def connect(self) -> str:
        """Connect anew within the timeout. Returns what is in the way, nothing if we are connected."""
        self.close()
        client = new_client(self._at, self._trace)
        for answer in _ANSWERS:
            client.register(answer)
        self._question = self._verdict = None
        self._doubted = False
        self._silent.clear()
        self._client = client
        try:
            async with at_most(self._at.timeout):
                reason = await connect(client)
        except TimeoutError:
            return f"no answer within {self._at.timeout:g} s"
        if not reason:
            await asyncio.sleep(self._at.settle)
        return reason

    def close(self) -> None:
        """Drop the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def read(self, request: ModbusPDU, manners: Manners | None = None) -> bytes:
        """Ask, and return the data bytes of an answer that fits; raises ReadError."""
        manners = manners or self.manners
        for _ in range(self._at.retries):
            try:
                return await self._ask(request, manners)
            except ReadError as error:
                if error.fault is not Fault.SILENT:
                    raise
        return await self._ask(request, manners)

    async def _ask(self, request: ModbusPDU, manners: Manners) -> bytes:
        pause_s = max(manners.gap_s, self._at.silence_s)
        if self._silent:
            pause_s = max(pause_s, self._owed_s(request.dev_id))
        if pause_s:
            await asyncio.sleep(pause_s)
        if self._client is None or not self.connected:
            raise self._failure(manners)
        self._counts["requests"] += 1
        self._waiting, self._verdict = True, None
        patience = self._patience(manners.timeout_s)
        patience.begin()
        try:
            answer = await self._client.execute(False, request)  # noqa: FBT003 - pymodbus's: an answer is expected
        except ModbusException:
            raise self._failed(request, manners) from None
        except RuntimeError as error:  # uvloop's word for a transport that was closed before the loop said so
            self.close()
            raise ReadError(Fault.LOST, "connection closed by the other side") from error
        finally:
            patience.end()
            self._waiting = False
        if isinstance(answer, _Answer):
            return answer.data
        self._counts["exceptions"] += 1
        fault, meaning = _EXCEPTIONS.get(answer.exception_code, (Fault.BUSY, "unknown exception"))
        raise ReadError(fault, f"{meaning} (exception {answer.exception_code})", answer.exception_code)

    def _patience(self, seconds: float) -> Patience:
        if (found := self._patiences.get(seconds)) is None:
            found = self._patiences[seconds] = Patience(seconds, self._stop_waiting)
        return found

    def _owed_s(self, unit: int) -> float:
        """How long to leave a serial unit alone whose last answer may still come.

        It would look like the answer to the next question of the same size: there are no numbers on a serial line.
        """
        return self._silent.pop(unit, 0.0) - asyncio.get_running_loop().time()

    def _stop_waiting(self) -> None:
        """The time for an answer is over: tell pymodbus what a timer of its own would have told it."""
        if self._client is not None and not (answer := self._client.ctx.response_future).done():
            answer.set_exception(TimeoutError())

    def _failed(self, request: ModbusPDU, manners: Manners) -> ReadError:
        if self._at.is_rtu:
            self._silent[request.dev_id] = asyncio.get_running_loop().time() + manners.timeout_s
        return self._failure(manners)

    def _failure(self, manners: Manners) -> ReadError:
        """Say why the last request has no answer, and drop a connection whose bytes are in doubt."""
        verdict = self._verdict
        if self._doubted or (verdict is not None and verdict is not Verdict.LATE):
            self._counts["rejected"] += not self._doubted  # doubts were counted when they came
            if not self._at.is_rtu:
                self.close()
            return ReadError(Fault.REJECTED, f"rejected: {verdict}")
        if not self.connected:
            self._counts["lost"] += 1
            return ReadError(Fault.LOST, "connection closed by the other side")
        self._counts["timeouts"] += 1
        return ReadError(Fault.SILENT, f"timed out after {manners.timeout_s:g} s")

    def _trace(self, sending: bool, data: bytes) -> bytes:  # noqa: FBT001 - the shape of pymodbus's hook
        """See every packet last before it leaves and first when it arrives.

        What does not read cannot leave. What is not the answer is hidden from pymodbus, so that the read times out.
        """
        if sending:
            self._question = self._question_of(data)
            return data
        if not self._doubted:
            self._verdict = self._judge(data)
            if self._verdict is not Verdict.ANSWER:
                self._take_note(self._verdict)
        return b"" if self._doubted or self._question is None else self._question.clean(data)

    def _judge(self, data: bytes) -> Verdict:
        if self._question is None:
            return Verdict.LATE if self._at.is_rtu else Verdict.SURPLUS
        if self._waiting and self._verdict is not Verdict.ANSWER:
            return self._question.judge(data)
        return self._question.judge_unasked(data)

    def _take_note(self, verdict: Verdict) -> None:
        self._doubted = verdict in self._doubts
        self._counts["late"] += verdict is Verdict.LATE
        self._counts["rejected"] += self._doubted
