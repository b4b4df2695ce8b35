"""Power cuts at any moment: what is on the disk is what an undisturbed run makes of the rounds that were committed."""

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gateway.app.round import Round
from gateway.core.clock import ManualClock
from gateway.core.types import Message, Ticket
from gateway.delivery.records import Changes, Saved
from gateway.delivery.store import StorageFailed, Store
from gateway.delivery.writer import Writer
from tests.app.small_site import T0, new_round, show

Pumps = tuple[tuple[float, float], tuple[float, float]]
PUMP = st.tuples(st.sampled_from([3.0, 1.5, 0.5, float("nan")]), st.sampled_from([5.0, 0.5, float("nan")]))


class Outcome(Writer):
    """A writer without a thread: each commit ends as the test says."""

    def __init__(self, store: Store | None) -> None:
        self.store = store
        self.end = "stored"
        self.all_tickets: dict[str, Ticket] = {}
        self.all_messages: dict[str, Message] = {}

    trouble = ""

    async def probe(self) -> None:
        pass

    async def commit(self, changes: Changes) -> None:
        if self.end == "refused":
            raise StorageFailed("no room")
        self.all_tickets |= {ticket.id: ticket for ticket in changes.tickets}
        for message in changes.messages:
            self.all_messages.setdefault(message.key, message)
        if self.store is not None:
            self.store.commit(changes)
        if self.end == "interrupted":
            raise asyncio.CancelledError


class PowerCuts(RuleBasedStateMachine):
    """Pumps do what they like, people too, and the gateway dies at any point of a round."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.clock = ManualClock(T0)
        self.committed: list[tuple[str, Any]] = []
        self.since: list[tuple[str, Any]] = []  # not committed yet
        self.open(None)

    def open(self, saved: Saved | None) -> None:
        self.writer = Outcome(Store(Path(self.folder.name)))
        self.round = new_round(self.writer, self.clock, saved)

    @property
    def store(self) -> Store:
        assert self.writer.store is not None
        return self.writer.store

    @rule(pumps=st.tuples(PUMP, PUMP), end=st.sampled_from(["stored", "stored", "refused", "interrupted"]))
    def a_second_passes(self, pumps: Pumps, end: str) -> None:
        self.clock.time += 1.0
        show(self.round, self.clock.time, *pumps)
        self.since.append(("show", (self.clock.time, pumps)))
        self.save(end)

    @rule(number=st.integers(0, 5), act=st.sampled_from(["acknowledge", "close"]))
    def a_person_acts(self, number: int, act: str) -> None:
        tickets = self.round.desk.open_tickets
        if tickets:
            ticket = tickets[number % len(tickets)].id
            self.since.append((act, (ticket, self.clock.time)))
            apply(self.round, *self.since[-1])
            self.save("stored")

    @rule()
    def power_fails(self) -> None:
        self.die()

    @rule(pumps=st.tuples(PUMP, PUMP))
    def power_fails_between_deciding_and_storing(self, pumps: Pumps) -> None:
        self.clock.time += 1.0
        show(self.round, self.clock.time, *pumps)
        self.die()

    @rule()
    def it_is_restarted_in_order(self) -> None:
        self.round.keep_pending()
        self.save("stored")
        self.die()

    def save(self, end: str) -> None:
        self.writer.end = end
        quiet = self.round._unsaved.changes(0.0) is None
        with suppress(asyncio.CancelledError):
            self.runner.run(self.round.save())
        if quiet or end != "refused":
            self.committed += self.since
            self.since = []

    def die(self) -> None:
        self.store.close()
        self.since = []
        store = Store(Path(self.folder.name))
        saved = store.load()
        store.close()
        self.open(saved)

    @invariant()
    def messages_are_numbered_without_gaps(self) -> None:
        for ticket, _ in self.store.tickets():
            messages = [out.message for out in self.store.messages(ticket.id)]
            assert [message.number for message in messages] == list(range(ticket.messages))
            assert messages[0].event == "created"

    @invariant()
    def there_is_one_open_ticket_per_problem(self) -> None:
        problems = [(ticket.device, ticket.kind) for ticket in self.store.load().open_tickets]
        assert len(problems) == len(set(problems))

    def teardown(self) -> None:
        undisturbed = Outcome(None)
        again = new_round(undisturbed, ManualClock(T0))
        for what, given in self.committed:
            apply(again, what, given)
            self.runner.run(again.save())
        kept = {ticket.id: plain(ticket) for ticket, _ in self.store.tickets(limit=1000)}
        assert kept == {ticket.id: plain(ticket) for ticket in undisturbed.all_tickets.values()}
        keys = [out.message.key for ticket in kept for out in self.store.messages(ticket)]
        assert sorted(keys) == sorted(undisturbed.all_messages)
        self.store.close()
        self.runner.close()
        self.folder.cleanup()


def apply(round_: Round, what: str, given: Any) -> None:
    if what == "show":
        time, pumps = given
        show(round_, time, *pumps)
    else:
        ticket, time = given
        decision = getattr(round_.desk, what)(ticket, "li", time)
        round_._note(decision)


def plain(ticket: Ticket) -> Ticket:
    """Without how long a condition had held: the seconds of an outage are no evidence, so they are not counted."""
    return replace(ticket, evidence={})


PowerCuts.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestPowerCuts = PowerCuts.TestCase
