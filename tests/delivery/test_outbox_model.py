"""The outbox against a model of the receiver: nothing lost, nothing twice, nothing out of order, whatever fails."""

import asyncio
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gateway.core.types import Level, Ticket
from gateway.delivery import errand
from gateway.delivery.receiver import Outcome
from gateway.delivery.records import Changes, Outgoing
from gateway.delivery.store import Store
from tests.delivery.made import make_message, make_ticket
from tests.delivery.model import FAULTS, WINDOW_S, Crash, Server, may_go

LEVELS = st.sampled_from(Level)


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="outbox-"))
        self.life = 0
        self.store = Store(self._here)
        self.now = 1000.0
        self.tickets: list[tuple[Ticket, int]] = []
        self.committed: list[str] = []
        self.parked: dict[str, str] = {}
        """Message to ticket."""
        self.server = Server(WINDOW_S)
        self.runner = asyncio.Runner()

    @property
    def _here(self) -> Path:
        return self.folder / str(self.life)

    @initialize(remembers_s=st.sampled_from([WINDOW_S, 0.0]))
    def the_receiver_knows_keys_or_none(self, remembers_s: float) -> None:
        """And three tickets are there already, two of them about one device."""
        self.server = Server(remembers_s)
        for _ in range(3):
            self.a_ticket_is_born(Level.YELLOW)
            self._send(self.store.due(self.now, 1)[0], "ok")

    @rule(level=LEVELS)
    def a_ticket_is_born(self, level: Level) -> None:
        ticket = make_ticket(len(self.tickets), level, device=f"EL-{len(self.tickets) % 2}")
        self._commit(ticket, 0, level)
        self.tickets.append((ticket, 1))

    @precondition(lambda self: self.tickets)
    @rule(data=st.data(), level=LEVELS)
    def something_happens_to_a_ticket(self, data: st.DataObject, level: Level) -> None:
        index = data.draw(st.integers(0, len(self.tickets) - 1))
        ticket, number = self.tickets[index]
        self._commit(ticket, number, level)
        self.tickets[index] = (ticket, number + 1)

    @rule(fault=st.sampled_from(FAULTS), worker=st.integers(0, 2))
    def one_of_the_most_urgent_is_sent(self, fault: str, worker: int) -> None:
        due = self.store.due(self.now, 100)
        levels = [outgoing.message.level for outgoing in due]
        assert levels == sorted(levels), "a yellow message went before a red one"
        if due:
            self._send(due[min(worker, len(due) - 1)], fault)

    @rule(fault=st.sampled_from(FAULTS), data=st.data(), level=LEVELS)
    def something_happens_and_is_sent(self, fault: str, data: st.DataObject, level: Level) -> None:
        self.something_happens_to_a_ticket(data, level)
        self.one_of_the_most_urgent_is_sent(fault, 0)

    @rule(step=st.floats(-500, 5000))
    def time_passes_or_jumps(self, step: float) -> None:
        self.now += step

    @rule()
    def the_receiver_is_back(self) -> None:
        self.store.hurry()

    @rule()
    def the_power_goes(self) -> None:
        """What the next life sees is what is in the files now; the old store never gets to tidy up."""
        before = self._here
        self.life += 1
        shutil.copytree(before, self._here)
        self.store.close()
        self.store = Store(self._here)
        assert self.store.load().damaged == []

    @precondition(lambda self: self.parked)
    @rule()
    def a_person_resends(self) -> None:
        _, ticket = self.parked.popitem()
        self.parked = {key: other for key, other in self.parked.items() if other != ticket}
        assert self.store.resend(ticket)

    @invariant()
    def nothing_is_lost_and_nothing_is_twice(self) -> None:
        counts = self.store.counts()
        assert counts["pending"] + counts["sent"] + counts["parked"] == len(self.committed)
        assert counts["parked"] == len(self.parked)
        assert all(times == 1 for times in self.server.stored.values())

    @invariant()
    def what_is_due_is_what_may_go(self) -> None:
        by_key = {out.message.key: out for ticket, _ in self.tickets for out in self.store.messages(ticket.id)}
        rows = [by_key[key] for key in self.committed]
        allowed = {row.message.key for row in rows if may_go(row, rows, self.now)}
        assert {outgoing.message.key for outgoing in self.store.due(self.now, 1000)} == allowed

    def teardown(self) -> None:
        for _ in range(10_000):
            while self.parked:
                self.a_person_resends()
            self.now += 10_000
            due = self.store.due(self.now, 1)
            if not due:
                break
            self._send(due[0], "ok")
        assert set(self.server.stored) == set(self.committed)
        assert set(self.server.stored.values()) <= {1}
        self._arrived_in_order()
        self.store.close()
        self.runner.close()
        shutil.rmtree(self.folder)

    def _arrived_in_order(self) -> None:
        seen: set[str] = set()
        for message in self.server.arrived:
            assert message.number == 0 or message.ticket in seen, "an event arrived before its ticket"
            seen.add(message.key)

    def _commit(self, ticket: Ticket, number: int, level: Level) -> None:
        message = make_message(ticket, number, "occurred_again" if number else "created")
        message = replace(message, device=ticket.device, level=level)
        self.store.commit(Changes((ticket,), (message,), saved_at=self.now))
        self.committed.append(message.key)

    def _send(self, outgoing: Outgoing, fault: str) -> None:
        self.server.now, self.server.fault = self.now, fault
        try:
            self._attempt(outgoing)
        except Crash:
            self.the_power_goes()

    def _attempt(self, outgoing: Outgoing) -> None:
        """As dispatch does it."""
        key, now, tried_at = outgoing.message.key, self.now, outgoing.tried_at

        async def trying() -> None:
            nonlocal tried_at
            tried_at = now if tried_at is None else tried_at
            self.store.trying(key, tried_at)

        result = self.runner.run(errand.run(self.server, outgoing, now, trying))
        if result.delivered:
            self.store.sent(key, now, str(result.reason), result.id)
        elif result.outcome is Outcome.PERMANENT:
            self.store.park(key, str(result.reason))
            self.parked[key] = outgoing.message.ticket
        else:
            surely_failed = result.outcome in {Outcome.RETRY, Outcome.AUTH}
            known = outgoing.tried_at if surely_failed else tried_at
            self.store.retry(key, now, now + 60.0, str(result.reason), known, result.id)


OutboxMachine.TestCase.settings = settings(max_examples=30, stateful_step_count=30, deadline=None)
TestOutbox = OutboxMachine.TestCase
