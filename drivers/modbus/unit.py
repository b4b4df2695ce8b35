"""How one device stands: what its polls brought, when it counts as gone, and how patiently to try again; no I/O."""

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pymodbus.pdu import ModbusPDU

from drivers.codec import Decoder
from drivers.device import Health
from drivers.modbus.profile import ModbusDevice, ModbusProfile
from drivers.modbus.wire import Fault, ReadError, Wire
from drivers.plan import Read, plan

_log = logging.getLogger(__name__)

_STRIKES = 3  # failed polls until a device is given up
_LONGEST_PAUSE_S = 60.0
_LINE_SHARE = 9.0
_OFFLINE = frozenset({Fault.SILENT, Fault.LOST, Fault.NO_PATH})
_ASKED_AS_USUAL = frozenset({Fault.BUSY})  # such an answer comes at once, so asking costs the others nothing


@dataclass(frozen=True, slots=True)
class Layout:
    """A profile made ready: its reads and the decoder of their answers."""

    reads: tuple[Read, ...]
    decoder: Decoder

    @classmethod
    def of(cls, profile: ModbusProfile, max_gap: int) -> "Layout":
        """Plan and compile."""
        reads = plan([point.place for point in profile.points], profile.max_registers, max_gap)
        return cls(reads, Decoder([point.encoding(profile.order) for point in profile.points], reads))


class Unit:
    """A device on the wire and its standing."""

    def __init__(self, device: ModbusDevice, profile: ModbusProfile, layout: Layout) -> None:
        self.device, self.profile = device, profile
        self.health = Health("unknown", "not polled yet")
        self.probe = Wire.request(device.unit, profile.points[0].place)
        self._strikes = self._probes = 0
        self._failing_since = 0.0
        self._announced = False
        self.lay_out(layout)

    def lay_out(self, layout: Layout) -> None:
        """Take up other reads for the same points."""
        self.layout = layout
        self.requests: Sequence[ModbusPDU] = [Wire.request(self.device.unit, read) for read in layout.reads]
        self._aside: dict[int, tuple[float, str]] = {}

    @property
    def given_up(self) -> bool:
        """Whether a probe must succeed before the device is polled again."""
        return self._strikes >= _STRIKES and self._probes > 0

    def is_aside(self, read: int, now: float) -> bool:
        """Whether this read was refused as wrong and its time has not come again."""
        return read in self._aside and now < self._aside[read][0]

    def set_aside(self, read: int, now: float, error: ReadError) -> None:
        """Leave out a read that the device refuses, and try it again in a minute."""
        again = now + _LONGEST_PAUSE_S * random.uniform(0.8, 1.2)
        self._aside[read] = (again, f"{self.layout.reads[read]}: {error.reason}")

    def answered(self, now: float, answers: Sequence[bytes | None]) -> None:
        """A poll went through; reads without an answer are set aside."""
        self._strikes = self._probes = 0
        if self._aside:
            self._aside = {i: fault for i, fault in self._aside.items() if answers[i] is None}
        if self._aside:
            self._becomes("bad", "; ".join(reason for _, reason in self._aside.values()), now)
        elif self.health.state != "good":
            self._becomes("good", "", now)

    def failed(self, now: float, error: ReadError, took_s: float = 0.0) -> float | None:
        """A poll held the line for `took_s` in vain. Returns the pause until the next try, None for the usual pace."""
        if not self._strikes:
            self._failing_since = now
        self._strikes += 1
        if self._strikes < _STRIKES:
            return None
        pause = None if error.fault in _ASKED_AS_USUAL else self._next_pause_s(took_s)
        self._becomes("offline" if error.fault in _OFFLINE else "bad", error.reason, self._failing_since, pause)
        return pause

    def cut_off(self, now: float, reason: str) -> None:
        """The connection itself is gone; who announces that is the connection."""
        if self.health.state == "offline":
            self.health = Health("offline", reason, self.health.since)
        else:
            self.health = Health("offline", reason, now)
            self._announced = False
        self._strikes = self._probes = 0

    def _next_pause_s(self, took_s: float) -> float:
        """Growing and jittered; and long enough that a dead device costs its neighbours a tenth of the line at most."""
        self._probes += 1
        every = self.device.every
        longest = max(every, _LONGEST_PAUSE_S)
        growing = min(longest, every * 2.0 ** min(self._probes, 30) * random.uniform(0.8, 1.2))
        return max(growing, _LINE_SHARE * took_s)

    def _becomes(
        self, state: Literal["good", "bad", "offline"], reason: str, since: float, pause: float | None = None
    ) -> None:
        before = self.health
        if (state, reason) == (before.state, before.reason):
            return
        same = state == before.state
        self.health = Health(state, reason, before.since if same else since)
        if state == "good":
            if self._announced:
                _log.info("device back device=%s after_s=%.0f", self.device.id, since - before.since)
            self._announced = False
        elif not same:
            self._announced = True
            _log.warning(
                "device %s device=%s since=%s reason=%r retry_s=%.0f",
                "unreachable" if state == "offline" else "answers badly",
                self.device.id,
                datetime.fromtimestamp(since, UTC).isoformat(timespec="seconds"),
                reason,
                pause or self.device.every,
            )
