"""How one device stands: what its polls brought, when it counts as gone, and how patiently to try again; no I/O."""

import logging
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from drivers.device import Health
from drivers.modbus.knowledge import Knowledge, Layout
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection, ModbusDevice
from drivers.modbus.wire import Fault, Manners, ReadError, Wire
from drivers.survey import Found

_log = logging.getLogger(__name__)

_STRIKES = 3  # failed polls until a device is given up
_QUIET_PERIODS = 3  # a line that is too slow for its devices makes them stale
_LEAST_QUIET_S = 5.0
_LONGEST_PAUSE_S = 60.0
_OFFLINE = frozenset({Fault.SILENT, Fault.LOST, Fault.NO_PATH})
_ASKED_AS_USUAL = frozenset({Fault.BUSY})  # such an answer comes at once, so asking costs the others nothing


class Unit:
    """A device on the wire and its standing."""

    def __init__(
        self, device: ModbusDevice, profile: ModbusProfile, layout: Layout, connection: ModbusConnection
    ) -> None:
        self.device, self.profile, self.places = device, profile, profile.places
        self.health = Health("unknown", "not polled yet")
        self.probe = Wire.request(device.unit, self.places[0])
        gap_s = profile.gap if device.gap is None else device.gap
        timeout_s = device.timeout or max(connection.timeout, profile.timeout)
        self.manners = Manners(timeout_s, max(connection.gap, gap_s))
        self.settle_s = profile.settle if device.settle is None else device.settle
        self.ready_at = 0.0
        self.knowledge = Knowledge()
        self.texts: Mapping[str, str] | None = None
        """What the device says of itself; None until it was asked."""
        self._strikes = self._probes = 0
        self._failing_since = self._heard_at = 0.0
        self._announced = False
        self.lay_out(layout, 0.0)

    def lay_out(self, layout: Layout, now: float) -> None:
        """Take up other reads for the same points. What was refused before is asked again in its time."""
        self.layout = layout
        self.requests = [Wire.request(self.device.unit, read) for read in layout.reads]
        self._kept: dict[int, tuple[float, bytes]] = {}
        self._aside: dict[int, tuple[float, str]] = {}
        for read, refused in enumerate(layout.refused):
            if refused:
                self._leave_out(read, now, "refused")

    def learn(self, found: Found, now: float) -> None:
        """Take up what a search has found about the device."""
        self.knowledge = self.knowledge.learn(found)
        self.lay_out(Layout.of(self.profile, self.knowledge), now)

    def recall(self, notes: Any) -> None:
        """Take up what an earlier run has learnt about the device."""
        self.knowledge = Knowledge.of(notes, self.profile)
        if self.knowledge != Knowledge():
            self.lay_out(Layout.of(self.profile, self.knowledge), 0.0)

    @property
    def shown_reads(self) -> str:
        """The reads of a poll, for people."""
        return ", ".join(map(str, self.layout.reads))

    @property
    def about(self) -> str:
        """What the device says of itself, and how it has to be read."""
        said = [f"{name} {text}" for name, text in (self.texts or {}).items() if text]
        if self.knowledge.cuts:
            said.append(f"reads {self.shown_reads}")
        return "; ".join(said)

    def stands(self, now: float) -> Health:
        """How the device stands at `now`: what its last poll brought goes only for so long."""
        quiet_s = max(_LEAST_QUIET_S, _QUIET_PERIODS * self.device.every) + self.manners.timeout_s
        if self.health.state == "good" and now - self._heard_at > quiet_s:
            return Health("stale", f"no answer for more than {quiet_s:g} s", self._heard_at + quiet_s, self.about)
        return replace(self.health, about=self.about)

    def kept(self, read: int, now: float) -> bytes | None:
        """The last answer to a read with a pace of its own that is not due yet."""
        at, answer = self._kept.get(read, (0.0, None))
        due_s = self.layout.every_s[read] - self.device.every / 2
        return answer if 0.0 <= now - at < due_s else None

    def keep(self, read: int, now: float, answer: bytes) -> bytes:
        """Note an answer; one with a pace of its own goes for the polls in between, too."""
        if self.layout.every_s[read]:
            self._kept[read] = now, answer
        return answer

    @property
    def given_up(self) -> bool:
        """Whether a probe must succeed before the device is polled again."""
        return self._strikes >= _STRIKES and self._probes > 0

    def is_aside(self, read: int, now: float) -> bool:
        """Whether this read was refused as wrong and its time has not come again."""
        return read in self._aside and now < self._aside[read][0]

    def set_aside(self, read: int, now: float, error: ReadError) -> None:
        """Leave out a read that the device refuses, and try it again in a minute."""
        self._leave_out(read, now, error.reason)

    def _leave_out(self, read: int, now: float, reason: str) -> None:
        again = now + _LONGEST_PAUSE_S * random.uniform(0.8, 1.2)
        self._aside[read] = (again, f"{self.layout.reads[read]}: {reason}")

    def answered(self, now: float, answers: Sequence[bytes | None]) -> None:
        """A poll went through; reads without an answer are set aside."""
        self._strikes = self._probes = 0
        self._heard_at = now
        if self._aside:
            self._welcome_back(now, answers)
        if self._aside:
            self._becomes("bad", "; ".join(reason for _, reason in self._aside.values()), now)
        elif self.health.state != "good":
            self._becomes("good", "", now)

    def _welcome_back(self, now: float, answers: Sequence[bytes | None]) -> None:
        """Reads that were refused before and are answered now: from the next poll on their points are as all others."""
        back = [i for i in self._aside if answers[i] is not None]
        known = self.knowledge
        for i in back:
            del self._aside[i]
            self.knowledge = self.knowledge.answered(self.layout.reads[i])
        if self.knowledge != known:
            self.lay_out(Layout.of(self.profile, self.knowledge), now)

    def failed(self, now: float, error: ReadError) -> float | None:
        """A poll was in vain. Returns the pause until the next try, None for the usual pace."""
        if not self._strikes:
            self._failing_since = now
        self._strikes += 1
        self.texts = None  # another device may stand there when it comes back
        if self._strikes < _STRIKES:
            return None
        pause = None if error.fault in _ASKED_AS_USUAL else self._next_pause_s()
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
        self.texts = None
        self._kept.clear()

    def _next_pause_s(self) -> float:
        """Growing and jittered."""
        self._probes += 1
        every = self.device.every
        longest = max(every, _LONGEST_PAUSE_S)
        return min(longest, every * 2.0 ** min(self._probes, 30) * random.uniform(0.8, 1.2))

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
