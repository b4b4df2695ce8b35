"""What the daemon shows of itself: health by part, devices, figures, tickets."""

import asyncio
import logging
import math
import platform
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

from drivers.device import Health
from gateway.app.housekeeping import Housekeeping
from gateway.app.outward import Outward
from gateway.app.pages import LocalPages
from gateway.app.reload import Reloads
from gateway.app.round import Round
from gateway.app.spoken import decided, ended, silenced
from gateway.app.supervisor import Supervisor
from gateway.app.tally import Tally
from gateway.app.ticket_view import brief, listed, whole
from gateway.app.why import why
from gateway.core.casework import Callback, Silence
from gateway.core.clock import SteadyClock
from gateway.core.config import Config
from gateway.core.health import Part, report
from gateway.core.messages import say
from gateway.core.types import Status
from gateway.delivery import notices
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.writer import Writer
from gateway.history.recorder import Recorder
from gateway.pipeline.board import Board
from gateway.pipeline.silent import silent
from gateway.tickets.pauses import in_force
from gateway.web.metrics import Sample, counts
from gateway.web.window import Unavailable

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class View:
    """The `Window` that the local pages look through."""

    config: Config
    board: Board
    round: Round
    outward: Outward
    writer: Writer
    clock: SteadyClock
    supervisors: Sequence[Supervisor]
    histories: Sequence[Recorder]
    chores: Housekeeping
    reloads: Reloads
    pages: LocalPages
    tally: Tally
    damaged: Sequence[str]

    def health(self) -> Mapping[str, Any]:
        """Every part of the daemon, the degraded ones first."""
        return report(self._parts())

    def status(self) -> Mapping[str, Any]:
        """Health, devices, counts, and what it runs on."""
        desk = self.round.desk
        return {
            **self.health(),
            "site": self.config.site.id,
            "version": version("property-gateway"),
            "python": platform.python_version(),
            "loop": type(asyncio.get_running_loop()).__module__.partition(".")[0],
            "time": self.clock.now(),
            "devices": {name: asdict(health) for name, health in self._devices().items()},
            "scores": self._said("score"),
            "health": self._said("health"),
            "open_tickets": [brief(ticket, desk.terms) for ticket in desk.open_tickets],
            "held": sum(ticket.held is not None for ticket in desk.open_tickets),
            "counts": dict(self.round.counts),
            "configuration": self.reloads.shown(),
        }

    def why(self, rule: str, device: str) -> Mapping[str, Any] | None:
        """How a rule stands on a device; None if no such rule watches it."""
        return why(self.round.engines.values(), self.round.desk, rule, device)

    async def tickets(self, status: str | None, limit: int) -> list[Mapping[str, Any]]:
        """Tickets, newest first; an unknown status has none."""
        if status is not None and status not in set(Status):
            return []
        with _reading():
            found = await self.writer.tickets(status=Status(status) if status else None, limit=limit)
        return [listed(ticket, delivery, self.round.desk.terms) for ticket, delivery in found]

    async def ticket(self, ticket_id: str) -> Mapping[str, Any] | None:
        """One ticket with its ledger, its messages and its notices."""
        with _reading():
            ticket = await self.writer.ticket(ticket_id)
            if ticket is None:
                return None
            messages, entries = await self.writer.messages(ticket_id), await self.writer.entries(ticket_id)
            told = await self.writer.transaction(notices.of_ticket, ticket_id)
        return whole(ticket, messages, entries, told, self.round.desk.terms, self.clock.now())

    async def act(self, said: Callback) -> None:
        """Somebody at this machine says something of a ticket. What cannot be stored at once is stored later."""
        await self.round.decide(decided(self.round.desk, said, self.clock.now()))

    async def resend(self, ticket_id: str) -> bool:
        """Send a ticket's waiting and refused messages and notices again; False if there are none."""
        with _reading():
            messages = await self.writer.resend(ticket_id)
            told = await self.writer.transaction(notices.resend, ticket_id)
        self.outward.wake()
        return messages or told

    def silences(self) -> list[Mapping[str, Any]]:
        """What is silenced now, soonest over first."""
        now_silent = in_force(self.round.desk.terms.pauses.silences, self.clock.now())
        return [asdict(silence) for silence in sorted(now_silent, key=lambda each: each.until)]

    async def silence(self, asked: Silence, lasts_s: float) -> Mapping[str, Any]:
        """Hold tickets back for so long."""
        made = silenced(self.round.desk, asked, lasts_s, self.clock.now())
        log.info("silence=%s by=%s until=%.0f", made.id, made.by, made.until)
        await self.round.silence(made)
        return asdict(made)

    async def unsilence(self, silence_id: str, by: str) -> None:
        """End a silence now."""
        over = ended(self.round.desk, silence_id, self.clock.now())
        log.info("silence=%s ended by=%s", over.id, by)
        await self.round.silence(over)

    async def reload(self) -> Mapping[str, Any]:
        """Take the configuration over as it is written now; what became of that."""
        report = await self.reloads.reload()
        return report.json(self.config.site.language)

    def samples(self) -> Iterable[Sample]:
        """Figures for the metrics page."""
        tallies = self.round.counts
        for name in ("rounds", "rows", "readings"):
            yield Sample(name, f"{name.capitalize()} evaluated.", tallies[name])
        yield Sample("round_seconds", "Time spent evaluating.", self.round.busy_s)
        yield from counts("transitions", "Alerts by what happened.", _tagged(tallies, "transition:"), "change")
        yield from counts("decisions", "Decisions of the desk.", _tagged(tallies, "decision:"), "reason")
        yield Sample("open_tickets", "Tickets nobody has closed.", len(self.round.desk.open_tickets), counter=False)
        yield Sample("unsaved_messages", "Messages not on the disk yet.", self.round.unsaved, counter=False)
        outbox = {name: count for name, count in self.chores.outbox.items() if name != "oldest_pending"}
        yield from counts("outbox", "Messages by how they stand.", outbox, "state", counter=False)
        yield Sample("unknown_devices", "Batches of devices that are not configured.", self.board.unknown_devices)
        yield Sample("dropped_readings", "Readings let go because no round took them.", self.board.dropped)
        states = Counter[str](health.state for health in self._devices().values())
        yield from counts("devices", "Devices by health.", states, "state", counter=False)
        for part in self._parts():
            degraded = part.state != "ok"
            yield from counts("degraded", "1 if the part is.", {part.name: degraded}, "part", counter=False)
        restarts = {supervisor.name: supervisor.restarts for supervisor in self.supervisors}
        yield from counts("driver_restarts", "Drivers that stopped and were started again.", restarts, "connection")
        for supervisor in self.supervisors:
            for name, value in supervisor.driver.counters().items():
                labels = (("connection", supervisor.name), ("what", name))
                yield Sample("driver_events", "What drivers count.", value, labels=labels)
        yield from self.outward.samples()
        yield from self.tally.samples()
        for history in self.histories:
            for name, value in asdict(history.stats()).items():
                labels = (("history", history.health().name), ("what", name))
                yield Sample("history", "How history stands.", value or 0.0, counter=False, labels=labels)

    def _parts(self) -> Iterable[Part]:
        yield self.round.part
        yield self.clock.health()
        yield self.chores.health()
        yield self.pages.health()
        yield self.reloads.health()
        yield from self.outward.health()
        yield from (history.health() for history in self.histories)
        if self.damaged:
            yield Part("state", "degraded", f"damaged rows were set aside: {', '.join(self.damaged)}")
        for name, profile, problem in silent(self.round.engines.values()):
            reason = say(problem.type, problem.message_template, problem.context or {}, self.config.site.language)
            yield Part(f"model {name} {profile}", "degraded", reason)
        for supervisor in self.supervisors:
            yield supervisor.part if supervisor.part.state != "ok" else _connection(supervisor)

    def _said(self, what: str) -> dict[str, dict[str, float | None]]:
        """Each device's score or health by detector; null while a detector does not know."""
        said: dict[str, dict[str, float | None]] = {}
        for engine in self.round.engines.values():
            rows = {name.removeprefix(f"{what}."): row for name, row in engine.scores.items() if name.startswith(what)}
            for detector, row in rows.items():
                for device, value in zip(engine.fleet.ids, row.tolist(), strict=True):
                    said.setdefault(device, {})[detector] = None if math.isnan(value) else round(value, 4)
        return said

    def _devices(self) -> dict[str, Health]:
        return {name: health for s in self.supervisors for name, health in s.driver.health().items()}


def _connection(supervisor: Supervisor) -> Part:
    """A connection is degraded when any of its devices is; the reason names the first few."""
    bad = {name: h for name, h in supervisor.driver.health().items() if h.state in {"bad", "offline", "stale"}}
    if not bad:
        return Part(f"connection {supervisor.name}")
    named = "; ".join(f"{name} {health.state}: {health.reason}" for name, health in list(bad.items())[:3])
    more = f"; and {len(bad) - 3} more" if len(bad) > 3 else ""
    since = min(health.since for health in bad.values())
    return Part(f"connection {supervisor.name}", "degraded", f"{named}{more}", since)


@contextmanager
def _reading() -> Iterator[None]:
    """A state file that cannot be read now is the machine's trouble, not a bad question."""
    try:
        yield
    except StorageFailed as error:
        raise Unavailable(str(error)) from error


def _tagged(tallies: Counter[str], tag: str) -> dict[str, float]:
    return {name.removeprefix(tag): value for name, value in tallies.items() if name.startswith(tag)}
