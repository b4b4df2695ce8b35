"""The outbox against a model of the receiver: nothing lost, nothing twice, nothing out of order, whatever fails."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gateway.core.types import Level, Ticket
from gateway.delivery.records import Changes, Outgoing
from gateway.delivery.store import Store
from tests.delivery.made import make_message, make_ticket

FAULTS = st.sampled_from(["ok", "ok", "error", "lost answer", "killed before saving", "parked"])


class OutboxMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="outbox-"))
        self.life = 0
        self.store = Store(self._here)
        self.now = 1000.0
        self.tickets: list[tuple[Ticket, int]] = []
        self.committed: set[str] = set()
        self.parked: dict[str, str] = {}
        """Message to ticket."""
        self.received: dict[str, list[str]] = {}
        self.times_stored: dict[str, int] = {}

    @property
    def _here(self) -> Path:
        return self.folder / str(self.life)

    @rule(level=st.sampled_from(Level))
    def a_ticket_is_born(self, level: Level) -> None:
        ticket = make_ticket(len(self.tickets), level)
        self.store.commit(Changes((ticket,), (make_message(ticket),), saved_at=self.now))
        self.tickets.append((ticket, 1))
        self.committed.add(ticket.id)

    @precondition(lambda self: self.tickets)
    @rule(data=st.data())
    def something_happens_to_a_ticket(self, data: st.DataObject) -> None:
        index = data.draw(st.integers(0, len(self.tickets) - 1))
        ticket, number = self.tickets[index]
        message = make_message(ticket, number, "occurred_again")
        self.store.commit(Changes((ticket,), (message,), saved_at=self.now))
        self.tickets[index] = (ticket, number + 1)
        self.committed.add(message.key)

    @rule(fault=FAULTS)
    def the_most_urgent_is_sent(self, fault: str) -> None:
        due = self.store.due(self.now, 100)
        levels = [outgoing.message.level for outgoing in due]
        assert levels == sorted(levels), "a yellow message went before a red one"
        if due:
            self._send(due[0], fault)

    @rule(step=st.floats(-500, 5000))
    def time_passes_or_jumps(self, step: float) -> None:
        self.now += step

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
        assert all(times == 1 for times in self.times_stored.values())

    def teardown(self) -> None:
        for _ in range(10_000):
            while self.parked:
                self.a_person_resends()
            self.now += 10_000
            due = self.store.due(self.now, 1)
            if not due:
                break
            self._send(due[0], "ok")
        assert set(self.times_stored) == self.committed
        assert all(keys[0] == ticket for ticket, keys in self.received.items()), "an event arrived before its ticket"
        self.store.close()
        shutil.rmtree(self.folder)

    def _send(self, outgoing: Outgoing, fault: str) -> None:
        key = outgoing.message.key
        if fault in {"ok", "lost answer", "killed before saving"}:
            self._receive(outgoing)
        if fault == "ok":
            self.store.sent(key, self.now, "accepted")
        elif fault in {"error", "lost answer"}:
            self.store.retry(key, self.now, self.now + 60.0, fault)
        elif fault == "killed before saving":
            self.the_power_goes()
        elif fault == "parked" and key not in self.times_stored:
            self.store.park(key, "422")
            self.parked[key] = outgoing.message.ticket

    def _receive(self, outgoing: Outgoing) -> None:
        """The receiver's side of the contract: one per key."""
        key = outgoing.message.key
        if key not in self.times_stored:
            self.times_stored[key] = 1
            self.received.setdefault(outgoing.message.ticket, []).append(key)


OutboxMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestOutbox = OutboxMachine.TestCase
