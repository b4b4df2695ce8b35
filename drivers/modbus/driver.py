"""Polls the devices of one connection in turn and yields a batch per device; says how each one stands."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence

from drivers.device import Batch, Clock, Health
from drivers.modbus.profile import ModbusConnection, ModbusDevice, ModbusProfile
from drivers.modbus.rota import Rota
from drivers.modbus.unit import Layout, Unit
from drivers.modbus.wire import Fault, ReadError, Wire

_log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
_NO_SUCH_ADDRESS = 2
_COUNTED = (
    "requests",
    "timeouts",
    "late",
    "lost",
    "rejected",
    "exceptions",
    "overruns",
    "connects",
    "connect_failures",
)


class ModbusDriver:
    """All devices behind one host and port share its connection: one question at a time, whoever is due first."""

    def __init__(
        self,
        connection_id: str,
        connection: ModbusConnection,
        devices: Sequence[ModbusDevice],
        profiles: Mapping[str, ModbusProfile],
        clock: Clock,
    ) -> None:
        self._id, self._connection, self._clock = connection_id, connection, clock
        self._counts: Counter[str] = Counter(dict.fromkeys(_COUNTED, 0))
        used = {device.profile: profiles[device.profile] for device in devices}
        layouts = {name: Layout.of(profile, profile.max_gap) for name, profile in used.items()}
        self._units = [Unit(device, used[device.profile], layouts[device.profile]) for device in devices]
        self._rota = Rota([device.id for device in devices], [device.every for device in devices])

    async def batches(self) -> AsyncGenerator[Batch]:
        """Poll for ever. While the consumer is busy with a batch nothing is asked; polls missed so are overruns."""
        if not self._units:
            await asyncio.get_running_loop().create_future()
        wire = Wire(self._connection, self._counts)
        self._rota.start(self._clock.now())
        try:
            while True:
                wait_s = self._rota.wait_s(self._clock.now())
                if wait_s > 0:
                    await self._clock.sleep(wait_s)
                if not wire.connected:
                    await self._connect(wire)
                batch = await self._turn(wire)
                if batch is not None:
                    yield batch
        finally:
            wire.close()

    def health(self) -> Mapping[str, Health]:
        """How each device stands, by device id."""
        return {unit.device.id: unit.health for unit in self._units}

    def counters(self) -> Mapping[str, int]:
        """Counts since the start; `overruns` are polls skipped because the line was still busy."""
        return dict(self._counts)

    async def _connect(self, wire: Wire) -> None:
        """Come back with a connection, however long that takes."""
        self._counts["connects"] += 1
        began, tries = self._clock.now(), 0
        while not await wire.connect():
            self._counts["connect_failures"] += 1
            pause_s = min(_LONGEST_PAUSE_S, 2.0**tries) * random.uniform(0.5, 1.0)
            if not tries:
                self._cut_off(began, pause_s)
            tries = min(tries + 1, 30)
            await self._clock.sleep(pause_s)
        if tries:
            now = self._clock.now()
            self._rota.start(now)
            _log.info("connection back connection=%s after_s=%.0f", self._id, now - began)

    def _cut_off(self, now: float, pause_s: float) -> None:
        reason = f"no connection to {self._connection.host}:{self._connection.port}"
        for unit in self._units:
            unit.cut_off(now, reason)
        _log.warning(
            "no connection connection=%s devices=%d reason=%r retry_s=%.0f",
            self._id,
            len(self._units),
            reason,
            pause_s,
        )

    async def _turn(self, wire: Wire) -> Batch | None:
        """Poll the device whose turn it is."""
        unit = self._units[self._rota.row()]
        pause_s = batch = None
        began = self._clock.now()
        try:
            answers = await self._poll(wire, unit, began)
        except ReadError as error:
            now = self._clock.now()
            pause_s = unit.failed(now, error, now - began)
        else:
            now = self._clock.now()
            unit.answered(now, answers)
            if any(answer is not None for answer in answers):
                batch = Batch(unit.device.id, now, unit.layout.decoder.decode(answers))
        self._counts["overruns"] += self._rota.done(now, pause_s)
        return batch

    async def _poll(self, wire: Wire, unit: Unit, now: float) -> list[bytes | None]:
        """Ask for everything once; the first question that fails ends the poll, unless only that read is refused."""
        if unit.given_up:
            await self._probe(wire, unit)
        answers: list[bytes | None] = []
        for i, request in enumerate(unit.requests):
            if unit.is_aside(i, now):
                answers.append(None)
                continue
            try:
                answers.append(await wire.read(request))
            except ReadError as error:
                if error.fault is not Fault.CONFIG:
                    raise
                if error.exception == _NO_SUCH_ADDRESS and unit.layout.reads[i].bridged:
                    return await self._poll_without_bridges(wire, unit, now)
                unit.set_aside(i, now, error)
                answers.append(None)
        return answers

    async def _poll_without_bridges(self, wire: Wire, unit: Unit, now: float) -> list[bytes | None]:
        """The device does not let us read across its holes: remember that, and ask again around them."""
        _log.info("reading around holes device=%s hint='max_gap: 0'", unit.device.id)
        unit.lay_out(Layout.of(unit.profile, max_gap=0))
        return await self._poll(wire, unit, now)

    async def _probe(self, wire: Wire, unit: Unit) -> None:
        """One small read, so that a dead device costs its neighbours little. A refusal is a sign of life."""
        try:
            await wire.read(unit.probe)
        except ReadError as error:
            if error.fault not in (Fault.CONFIG, Fault.BUSY):
                raise
