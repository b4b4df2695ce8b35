"""One round of the main path: board, engine, desk, store, in that order, once a tick.

Everything that a round changed is one transaction. What could not be stored stays in memory, in order, and goes into
the next round's transaction, so a full or slow disk delays tickets and loses none while the daemon lives.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from drivers.device import Clock, Device
from gateway.app.disk import Disk
from gateway.app.succession import Successor
from gateway.app.unsaved import Unsaved
from gateway.core.casework import Callback, Complaint, Silence
from gateway.core.health import Part
from gateway.core.types import Block, Fresh, RuleState
from gateway.delivery.store import StorageFailed
from gateway.delivery.writer import Writer
from gateway.pipeline.board import Board
from gateway.pipeline.engine import Engine
from gateway.pipeline.lessons import lessons_of
from gateway.tickets.desk import Decision, Desk
from gateway.tickets.terms import Terms
from rules.rule import Rule

log = logging.getLogger(__name__)

SHORTEST_WAIT_S = 0.05
"""Wall seconds between rounds at least, so that a fast clock does not make the loop spin."""
LONGEST_WAIT_S = 5.0
"""Site seconds between rounds at most, so that a watchdog can tell a slow tick from a loop that hangs."""
CHECKPOINT_EVERY_S = 60.0
"""Wall seconds between checkpoints of pending timers."""


@dataclass(slots=True)
class Round:
    """The main path of one site."""

    board: Board
    engines: Mapping[str, Engine]
    desk: Desk
    writer: Writer
    clock: Clock
    record: Sequence[Callable[[Fresh], None]]
    stored: Callable[[], None]
    """There may be something to send: what was stored now, or what is to go without the disk."""
    alive: Callable[[], None]
    follow: Callable[[Block], None] | None = None
    """Sees every block that the engines take, while somebody gets ready to take over."""
    leapt: Callable[[], float] = lambda: 0.0
    """Site seconds that the clock has leapt ahead since the last round."""
    counts: Counter[str] = field(default_factory=Counter)
    busy_s: float = 0.0
    _unsaved: Unsaved = field(default_factory=Unsaved)
    _disk: Disk = field(init=False)
    _saving: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        self._disk = Disk(self.writer)

    @property
    def part(self) -> Part:
        """Whether tickets can be stored."""
        return self._disk.part

    async def run(self, tick_s: float) -> None:
        """Work a round after every tick of the site's clock, until cancelled."""
        loop = asyncio.get_running_loop()
        checkpoint_at = loop.time() + CHECKPOINT_EVERY_S
        while True:
            began = loop.time()
            self.work(self.clock.now())
            self.busy_s += loop.time() - began
            if loop.time() >= checkpoint_at:
                self.keep_pending()
                checkpoint_at = loop.time() + CHECKPOINT_EVERY_S
            await self.save()
            self.alive()
            wait_s = min(tick_s - self.clock.now() % tick_s, LONGEST_WAIT_S)
            await asyncio.gather(self.clock.sleep(wait_s), asyncio.sleep(SHORTEST_WAIT_S))

    def work(self, now: float) -> list[Decision]:
        """Evaluate everything that has come since the last round; returns what the desk decided."""
        decisions = []
        for block, fresh in self.board.take(now):
            self.counts["rows"] += len(block.times)
            self.counts["readings"] += int(fresh.values.size)
            for sink in self.record:
                sink(fresh)
            if self.follow is not None:
                self.follow(block)
            decisions += self._evaluate(block, now)
        decisions += self._tick(now)
        self.counts["rounds"] += 1
        return decisions

    def keep_pending(self) -> None:
        """Note the timers of all that is under way, and the time, so that a power cut does not set them back far."""
        self._keep_states()
        self._unsaved.has_time |= bool(self.desk.open_tickets)

    def resume(self, firing: Collection[tuple[str, str]], unclaimed: Iterable[tuple[str, str]], now: float) -> None:
        """Go on after a start: end what ended because rules changed meanwhile, as a reload would have.

        `firing` are the alerts (rule, device) that go on. States that no rule took up are forgotten: a rule that comes
        back must not find an alert that no ticket has.
        """
        self._forget(unclaimed)
        for decision in self.desk.follow(self.desk.terms, self.desk.rules, firing, now):
            self._note(decision)
        self._tick(now)

    def succeed(
        self,
        successors: Iterable[Successor],
        rules: Mapping[str, Rule],
        terms: Terms,
        now: float,
    ) -> list[tuple[str, str]]:
        """Go on by other rules from the next row on; returns the alerts (rule, device) that were active and ended.

        Engines, desk and what is to be stored change together: nothing else runs meanwhile.
        """
        ended: list[tuple[str, str]] = []
        forgotten: list[tuple[str, str]] = []
        for each in successors:
            for rule, row, _, body in each.take_over():
                key = rule, each.engine.fleet.devices[row].id
                forgotten.append(key)
                ended += [key] if body.get("level") else []
        self._forget(forgotten)
        for decision in self.desk.follow(terms, rules, self._keep_states(), now):
            self._note(decision)
        self._tick(now)
        return ended

    @property
    def unsaved(self) -> int:
        """Messages that no transaction has taken yet."""
        return len(self._unsaved.messages)

    async def save(self) -> None:
        """Commit what is unsaved; on failure keep it and say so."""
        async with self._saving:
            now = self.clock.now()
            saving, changes = self._unsaved, self._unsaved.changes(now)
            if changes is None:
                await self._disk.look(now)
                return
            self._unsaved = Unsaved()
            try:
                await self.writer.commit(changes)
            except StorageFailed as error:
                self._unsaved = saving.followed_by(self._unsaved)
                self._disk.failed(error, now)
                if changes.messages:
                    self.stored()  # the sender may go on without the disk
                return
            except asyncio.CancelledError:
                # The commit goes on without us, perhaps in vain. To save the same thing twice does no harm.
                self._unsaved = saving.followed_by(self._unsaved)
                raise
            self._disk.worked(now)
            if changes.messages:
                self.stored()

    async def decide(self, decision: Decision, callback: Callback | None = None) -> None:
        """Store what a person decided about a ticket, with what follows from it, and the callback that said so."""
        self._note(decision)
        self._tick(self.clock.now())
        if callback is not None:
            self._unsaved.heard.append(callback)
        if decision.closing is not None:
            for engine in self.engines.values():
                engine.teach(lessons_of(engine.fleet, [decision.closing]))
        await self.save()

    async def silence(self, silence: Silence) -> None:
        """Hold tickets back from now on, as somebody asked for, or no longer, and store that with what follows."""
        self.desk.silence(silence)
        self._unsaved.silences.append(silence)
        self._tick(self.clock.now())
        await self.save()

    async def complain(self, complaint: Complaint) -> None:
        """Store that a resident complained."""
        self._unsaved.complaints.append(complaint)
        await self.save()

    def _evaluate(self, block: Block, now: float) -> list[Decision]:
        engine = self.engines[block.fleet.profile.profile]
        decisions = []
        for finding in engine.evaluate(block):
            device: Device = block.fleet.devices[finding.transition.row]
            decision = self.desk.receive(device, finding.transition, now, finding.explanations)
            self.counts[f"transition:{finding.transition.change}"] += 1
            self._note(decision)
            decisions.append(decision)
        self._note_states(engine, engine.book.changed_states())
        return decisions

    def _tick(self, now: float) -> list[Decision]:
        """What has become due of tickets."""
        leapt_s = self.leapt()
        decisions = [*(self.desk.leap(leapt_s) if leapt_s > 0.0 else ()), *self.desk.tick(now)]
        for decision in decisions:
            self._note(decision)
        return decisions

    def _forget(self, states: Iterable[tuple[str, str]]) -> None:
        self._unsaved.states |= {key: RuleState(*key, "", {}) for key in states}

    def _keep_states(self) -> set[tuple[str, str]]:
        """Note the states of all alerts that are not at rest; returns those (rule, device) that are active."""
        active = set()
        for engine in self.engines.values():
            states = engine.book.pending_states()
            self._note_states(engine, states)
            active |= {(rule, engine.fleet.devices[row].id) for rule, row, _, body in states if body.get("level")}
        return active

    def _note(self, decision: Decision) -> None:
        self.counts[f"decision:{decision.reason}"] += 1
        self._unsaved.note(decision)
        if decision.ticket is not None and decision.messages:  # a flapping sensor must not fill the log either
            ticket = decision.ticket
            log.info(
                "ticket=%s device=%s kind=%s level=%s reason=%r",
                ticket.id, ticket.device, ticket.kind, ticket.level, str(decision.reason),
            )  # fmt: skip

    def _note_states(self, engine: Engine, states: Sequence[tuple[str, int, str, Mapping[str, object]]]) -> None:
        for rule, row, fingerprint, body in states:
            device = engine.fleet.devices[row].id
            self._unsaved.states[rule, device] = RuleState(rule, device, fingerprint, body)
