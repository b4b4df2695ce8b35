"""Asks a device what the doctor wants to know: patiently, a few questions, none that writes."""

import statistics
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from time import perf_counter
from typing import Self

import numpy as np

from drivers.device import Clock
from drivers.modbus.doctor.candidates import Words
from drivers.modbus.doctor.diagnosis import Stretch
from drivers.modbus.doctor.extent import MAX_REGISTERS, Extent, Reply, search
from drivers.modbus.settings import ModbusConnection
from drivers.modbus.wire import Fault, ReadError, Wire
from drivers.plan import Read, Table, is_bits

Tell = Callable[[float], None]
"""Takes the share of the work that is done."""

_FIRST = (Read("holding", 0, 1, ()), Read("input", 0, 1, ()))
_TRIES = 3
_BUSY_S = 0.2  # how long a busy device is left alone
_QUIET = 3  # questions without any answer, until it is asked whether anybody is there


class Unreachable(Exception):
    """The unit does not answer, or the line to it cannot be opened; the reason is for people."""


class Bedside:
    """One unit, and how it answers. Use it as a context, so that the line is closed."""

    def __init__(self, connection: ModbusConnection, unit: int, clock: Clock) -> None:
        self.counts: Counter[str] = Counter()
        self.latencies_s: list[float] = []
        self._wire, self._unit, self._clock = Wire(connection, self.counts), unit, clock
        self._answered: Read | None = None  # the last read that the unit answered, if only with an exception

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._wire.close()

    @property
    def latency_s(self) -> float:
        """Median time until an answer comes, refusals included; NaN before the first."""
        return statistics.median(self.latencies_s) if self.latencies_s else float("nan")

    async def ask(self, read: Read) -> bytes:
        """Ask once; connects if that is needed. Raises ReadError, Unreachable."""
        if not self._wire.connected and (reason := await self._wire.connect()):
            raise Unreachable(reason)
        began = perf_counter()  # uvloop's own clock knows milliseconds only
        try:
            answer = await self._wire.read(Wire.request(self._unit, read))
        except ReadError as error:
            if is_there(error):
                self._heard(read, began)
            raise
        self._heard(read, began)
        return answer

    async def insist(self, read: Read) -> bytes:
        """Ask again while the device is busy or the line is bad. Raises the last ReadError, Unreachable."""
        for left in reversed(range(_TRIES)):
            try:
                return await self.ask(read)
            except ReadError as error:
                if error.fault is Fault.CONFIG or not left:
                    raise
                if error.fault is Fault.BUSY:
                    await self._clock.sleep(_BUSY_S)
        raise AssertionError("the last try has returned or raised")

    async def greet(self, *places: Read) -> None:
        """See whether the unit is there: any answer to the first registers or the given places. Raises Unreachable."""
        reasons = []
        for read in (*_FIRST, *places):
            reasons.append(await self._silence(read))
            if not reasons[-1]:
                return
        raise Unreachable(reasons[0])

    async def examine(self, table: Table, first: int, count: int, tell: Tell) -> Extent:
        """Find out what can be read of [first, first + count). Raises Unreachable when the unit falls silent."""
        steps = search(table, first, count)
        read, quiet = next(steps), 0
        while True:
            tell((read.address - first) / count)
            try:
                await self.insist(read)
                reply, quiet = Reply.ANSWERED, 0
            except ReadError as error:
                reply = Reply.NO_TABLE if error.exception == 1 else Reply.REFUSED
                quiet = 0 if is_there(error) else quiet + 1
            if quiet == _QUIET:  # some devices are silent about what they do not have
                await self._still_there()
                quiet = 0
            try:
                read = steps.send(reply)
            except StopIteration as end:
                found: Extent = end.value
                return found

    async def sample(self, extents: Sequence[Extent], times: int, every_s: float, tell: Tell) -> list[Stretch]:
        """Read the registers that can be read several times. Raises ReadError, Unreachable."""
        blocks = [(extent.table, part) for extent in extents for part in parts(extent)]
        rounds: list[list[Words]] = []
        for number in range(times):
            if number:
                await self._clock.sleep(every_s)
            rounds.append([await self._words(block) for _, block in blocks])
            tell((number + 1) / times)
        joined = [np.stack(column) for column in zip(*rounds, strict=True)]
        return _stretches(extents, [(block, words) for (_, block), words in zip(blocks, joined, strict=True)])

    def _heard(self, read: Read, began: float) -> None:
        self._answered = read
        self.latencies_s.append(perf_counter() - began)

    async def _still_there(self) -> None:
        """See whether the unit answers what it has answered before. Raises Unreachable."""
        if self._answered is not None and (reason := await self._silence(self._answered)):
            raise Unreachable(reason)

    async def _silence(self, read: Read) -> str:
        """Why the unit says nothing to a read; empty if it answers, if only with an exception."""
        try:
            await self.insist(read)
        except ReadError as error:
            return "" if is_there(error) else error.reason
        return ""

    async def bits(self, extent: Extent) -> dict[int, bool]:
        """Read the bits that can be read, by address. Raises ReadError, Unreachable."""
        found: dict[int, bool] = {}
        for block in parts(extent):
            data = await self.insist(block)
            found |= {block.address + i: bool(data[i // 8] >> i % 8 & 1) for i in range(block.count)}
        return found

    async def _words(self, block: Read) -> Words:
        data = await self.insist(block)
        return np.frombuffer(data, ">u2").astype(np.uint16)


def parts(extent: Extent) -> list[Read]:
    """The reads that bring everything, none longer than the device allows, none through the middle of a pair."""
    most = extent.largest if is_bits(extent.table) else min(extent.largest, MAX_REGISTERS)
    most -= most % 2 if most > 1 else 0  # a value of two registers changes while it is read in halves
    edges = sorted({*(span.first for span in extent.spans), *extent.walls, *(span.last + 1 for span in extent.spans)})
    found = []
    for first, end in pairwise(edges):
        if any(span.first <= first and end - 1 <= span.last for span in extent.spans):
            found += [Read(extent.table, at, min(most, end - at), ()) for at in range(first, end, most)]
    return found


def _stretches(extents: Sequence[Extent], blocks: Sequence[tuple[Read, Words]]) -> list[Stretch]:
    """Join what lies side by side, so that a value may lie across two reads; but none lies across a wall."""
    walls = {(extent.table, wall) for extent in extents for wall in extent.walls}
    found: list[Stretch] = []
    for block, words in blocks:
        last = found[-1] if found else None
        joins = last is not None and (last.table, last.address + last.words.shape[1]) == (block.table, block.address)
        if last is not None and joins and (block.table, block.address) not in walls:
            found[-1] = replace(last, words=np.hstack([last.words, words]))
        else:
            found.append(Stretch(block.table, block.address, words))
    return found


def is_there(error: ReadError) -> bool:
    """Whether an error comes from the unit itself: an exception other than a gateway's in between."""
    return bool(error.exception) and error.fault is not Fault.NO_PATH
