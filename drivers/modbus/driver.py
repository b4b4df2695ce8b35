"""Polls the devices of one connection in turn and yields a batch per device; says how each one stands."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from drivers.device import Batch, Clock, Health
from drivers.modbus.knowledge import Knowledge, Layout
from drivers.modbus.poll import poll
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.rota import Rota
from drivers.modbus.settings import ModbusConnection, ModbusDevice
from drivers.modbus.unit import Unit
from drivers.modbus.wire import Fault, ReadError, Wire

_log = logging.getLogger(__name__)

_LONGEST_PAUSE_S = 60.0
_LINE_SHARE = 9.0
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
    """All devices on one line share its connection: one question at a time, whoever is due first."""

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
        layouts = {name: Layout.of(profile, Knowledge()) for name, profile in used.items()}
        self._units = [Unit(device, used[device.profile], layouts[device.profile], connection) for device in devices]
        self._cut_off_for = ""
        self._probe_at = 0.0
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
        now = self._clock.now()
        return {unit.device.id: unit.stands(now) for unit in self._units}

    def recall(self, notes: Mapping[str, Any]) -> None:
        """Take up what an earlier run has learnt about the devices."""
        for unit in self._units:
            unit.recall(notes.get(unit.device.id))

    def notes(self) -> Mapping[str, Any]:
        """What has been learnt about the devices, as plain data."""
        learnt = [unit for unit in self._units if unit.knowledge != Knowledge()]
        return {unit.device.id: unit.knowledge.notes(unit.profile) for unit in learnt}

    def counters(self) -> Mapping[str, int]:
        """Counts since the start; `overruns` are polls skipped because the line was still busy."""
        return dict(self._counts)

    async def _connect(self, wire: Wire) -> None:
        """Come back with a connection, however long that takes."""
        self._counts["connects"] += 1
        began, tries = self._clock.now(), 0
        while reason := await wire.connect():
            self._counts["connect_failures"] += 1
            pause_s = min(_LONGEST_PAUSE_S, 2.0**tries) * random.uniform(0.5, 1.0)
            self._cut_off(began, f"no connection to {self._connection.name}: {reason}", pause_s)
            tries = min(tries + 1, 30)
            await self._clock.sleep(pause_s)
        now = self._clock.now()
        for unit in self._units:
            unit.ready_at = now + unit.settle_s
        if tries:
            self._cut_off_for = ""
            self._rota.start(now)
            _log.info("connection back connection=%s after_s=%.0f", self._id, now - began)

    def _cut_off(self, now: float, reason: str, pause_s: float) -> None:
        if reason == self._cut_off_for:
            return
        self._cut_off_for = reason
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
        if (wait_s := self._wait_s(unit, began)) > 0:
            self._rota.done(began, wait_s)
            return None
        try:
            answers = await poll(wire, unit, began)
        except ReadError as error:
            now = self._clock.now()
            pause_s = unit.failed(now, error, now - began)
            self._probe_at = now + self._between_probes_s(now - began)
            if error.fault is Fault.SILENT and all(each.given_up for each in self._units):
                wire.close()  # the other side may have forgotten the connection, and a new one tells
        else:
            now = self._clock.now()
            if any(answer is not None for answer in answers):
                batch = Batch(unit.device.id, now, unit.layout.decoder.decode(answers))
            unit.answered(now, answers)
        self._counts["overruns"] += self._rota.done(now, pause_s)
        return batch

    def _wait_s(self, unit: Unit, now: float) -> float:
        """How long to leave a device alone yet; never longer than can be meant, for a clock may have been set back."""
        settling = unit.ready_at - now, unit.settle_s
        probing = self._probe_at - now, _LONGEST_PAUSE_S if unit.given_up else 0.0
        return max((wait_s for wait_s, most_s in (settling, probing) if wait_s <= most_s), default=0.0)

    def _between_probes_s(self, took_s: float) -> float:
        """How long to ask no other dead unit, after one has held the line in vain: the living need it.

        Yet each gets its probe in a minute or so; and where nobody lives, nobody needs the line.
        """
        dead = sum(unit.given_up for unit in self._units)
        if not dead or dead == len(self._units):
            return 0.0
        return min(_LINE_SHARE * took_s, _LONGEST_PAUSE_S / dead)
