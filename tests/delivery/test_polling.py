"""Asking is the fallback of being told: not too often, only for what was delivered, and our own word is nobody's."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gateway.core.casework import Callback, Complaint, Happening
from gateway.core.clock import ManualClock
from gateway.core.hearing import Heard, Reply
from gateway.core.types import Level, Status, Ticket
from gateway.delivery.polling import LOOK_S, Polling
from gateway.delivery.records import Outgoing
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.states import STATES, Seen, callback_of, is_news, seen
from tests.delivery.made import T0, make_message, make_ticket


@dataclass(frozen=True)
class Order:
    """How an order stands."""

    state: str = "new"
    said: Mapping[str, Any] = field(default_factory=dict)
    outcome: str = "ok"


@dataclass
class World:
    """The receiver, the store, the line, and the ear."""

    clock: ManualClock = field(default_factory=lambda: ManualClock(T0))
    tickets: list[Ticket] = field(default_factory=lambda: [make_ticket(1, Level.RED)])
    orders: dict[str, Order] = field(default_factory=dict)
    asked: list[tuple[str, float]] = field(default_factory=list)
    heard: list[Callback] = field(default_factory=list)
    told_at: dict[str, float] = field(default_factory=dict)
    sent: Sequence[str] = ("sent",)
    up: bool = True
    broken: bool = False
    reply: Heard = Heard.TAKEN

    def __post_init__(self) -> None:
        chance = random.Random(1)
        self.polling = Polling(self, self, lambda: self.tickets, lambda: self.up, self.told_at.get, self.clock, chance)

    async def read(self, ticket: str, work_order: str = "") -> Order:
        self.asked.append((ticket, self.clock.now()))
        return self.orders.get(ticket, Order())

    async def messages(self, ticket_id: str) -> list[Outgoing]:
        if self.broken:
            raise StorageFailed("disk I/O error")
        ticket = make_ticket(1)
        return [
            Outgoing(make_message(ticket, number), state, 1, 0.0, None, "")  # type: ignore[arg-type] # a state from a tuple
            for number, state in enumerate(self.sent)
        ]

    async def hear(self, callback: Callback) -> Reply:
        self.heard.append(callback)
        return Reply(self.reply)

    async def complain(self, complaint: Complaint) -> Reply:
        raise AssertionError

    async def go(self, seconds: float) -> None:
        """Let time pass."""
        until = self.clock.now() + seconds
        while self.clock.now() < until:
            await self.clock.sleep(LOOK_S)
            await self.polling.poll(self)

    def stands(self, state: str, **said: Any) -> None:
        self.orders = {ticket.id: Order(state, said) for ticket in self.tickets}


async def test_red_every_minute_yellow_every_quarter_of_an_hour() -> None:
    red, yellow = make_ticket(1, Level.RED), make_ticket(2)
    world = World(tickets=[yellow, red])
    await world.go(3600.0)
    times = {each.id: [at - T0 for ticket, at in world.asked if ticket == each.id] for each in (red, yellow)}
    assert 50 <= len(times[red.id]) <= 60
    assert 3 <= len(times[yellow.id]) <= 4
    gaps = {later - earlier for earlier, later in zip(times[red.id], times[red.id][1:], strict=False)}
    assert min(gaps) >= 55.0
    assert max(gaps) <= 70.0
    assert len(gaps) > 1  # jitter


@pytest.mark.parametrize("sent", [(), ("pending",), ("parked",), ("sent", "pending"), ("sent", "sent", "pending")])
async def test_what_the_receiver_does_not_know_yet_is_not_asked_for(sent: Sequence[str]) -> None:
    world = World(sent=sent)
    await world.go(300.0)
    assert world.asked == []


async def test_an_update_that_was_refused_does_not_end_the_asking() -> None:
    world = World(sent=("sent", "parked", "sent"))
    await world.go(80.0)
    assert len(world.asked) == 1


async def test_while_the_line_is_down_nobody_is_asked() -> None:
    world = World(up=False)
    await world.go(300.0)
    assert world.asked == []
    world.up = True
    await world.go(5.0)
    assert len(world.asked) == 1


async def test_who_tells_by_itself_is_not_asked_until_it_has_been_silent() -> None:
    world = World()
    world.told_at[world.tickets[0].id] = T0
    await world.go(235.0)
    assert world.asked == []
    await world.go(10.0)
    assert len(world.asked) == 1


async def test_a_ticket_that_turns_red_does_not_wait_for_the_yellow_pause() -> None:
    world = World(tickets=[make_ticket(1)])
    await world.go(10.0)
    world.tickets = [make_ticket(1, Level.RED)]
    await world.go(75.0)
    assert len(world.asked) == 1


async def test_a_clock_that_was_set_back_delays_by_one_pause() -> None:
    world = World()
    await world.go(10.0)
    world.clock.time -= 7200.0
    await world.go(75.0)
    assert len(world.asked) == 1


async def test_what_is_found_is_told_as_a_callback_would_tell_it() -> None:
    world = World()
    (ticket,) = world.tickets
    world.stands("On_Site", handler="李工", state_by="李工", state_at=T0 + 5.0, eta_min=20, text="到场")
    await world.go(70.0)
    assert world.heard == [
        Callback(f"poll/{ticket.id}/0/on_site", ticket.id, Happening.ARRIVED, T0 + 5.0, "李工", None, 20.0, "到场")
    ]
    assert world.polling.counters() == {"asked": 1, "answered": 1, "taken": 1}


async def test_the_same_state_has_the_same_id_each_time() -> None:
    world = World(reply=Heard.BUSY)
    world.stands("acknowledged")
    await world.go(200.0)
    assert len(world.heard) >= 2
    assert len({callback.id for callback in world.heard}) == 1


async def test_what_a_callback_has_told_already_is_not_told_again() -> None:
    world = World(tickets=[make_ticket(1, Level.RED, status=Status.ON_SITE)])
    for state in ("new", "acknowledged", "dispatched", "on_site"):
        world.stands(state)
        await world.go(70.0)
    assert world.heard == []
    world.stands("resolved")
    await world.go(70.0)
    assert [callback.event for callback in world.heard] == [Happening.RESOLVED]


async def test_our_own_word_is_nobodys() -> None:
    world = World()
    world.stands("acknowledged", state_by="gateway")
    await world.go(70.0)
    assert world.heard == []


@pytest.mark.parametrize("said", [{}, {"state_at": T0 + 10.0}], ids=["without a time", "with one"])
async def test_a_state_from_before_the_ticket_was_reopened_is_old(said: Mapping[str, Any]) -> None:
    world = World(tickets=[make_ticket(1, Level.RED, reopened=1, nodes={"reopened": T0 + 20.0})])
    world.stands("resolved", **said)
    await world.go(200.0)
    assert world.heard == []
    world.stands("in_progress", **({"state_at": T0 + 150.0} if said else {}))
    await world.go(70.0)
    world.stands("resolved", **({"state_at": T0 + 250.0} if said else {}))
    await world.go(70.0)
    events = [callback.event for callback in world.heard]
    assert events == [Happening.PROGRESS] if not said else [Happening.PROGRESS, Happening.RESOLVED]


async def test_an_unknown_state_changes_nothing_and_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.stands("bei der Arbeit\x1b[31m")
    await world.go(300.0)
    assert world.heard == []
    assert len(caplog.records) == 1
    assert "\x1b" not in caplog.text
    assert world.polling.counters()["unknown_state"] >= 4


@pytest.mark.parametrize("outcome", ["absent", "retry", "unknown", "auth", "permanent"])
async def test_no_answer_changes_nothing(outcome: str) -> None:
    world = World()
    world.orders = {world.tickets[0].id: Order("closed", outcome=outcome)}
    await world.go(70.0)
    assert world.heard == []
    assert world.polling.counters() == {"asked": 1}


async def test_a_state_file_that_cannot_be_read_is_tried_again() -> None:
    world = World(broken=True)
    await world.go(70.0)
    assert world.asked == []
    world.broken = False
    await world.go(70.0)
    assert len(world.asked) == 1


async def test_it_forgets_tickets_that_are_closed() -> None:
    world = World(tickets=[make_ticket(n, Level.RED, reopened=1) for n in range(1, 50)])
    await world.go(70.0)
    world.tickets = []
    await world.go(5.0)
    assert world.polling._due == {}
    assert world.polling._before == {}


@pytest.mark.parametrize("state", [*Status])
def test_every_status_of_ours_has_a_meaning(state: Status) -> None:
    assert str(state) in STATES


@pytest.mark.parametrize("happening", [each for each in Happening if each is not Happening.SURVEY])
def test_every_happening_has_a_state(happening: Happening) -> None:
    assert happening in {meaning.event for meaning in STATES.values()}


@pytest.mark.parametrize(
    ("state", "said", "verdict"),
    [
        ("closed", {}, "done"),
        ("closed", {"verdict": "normal"}, "normal"),
        ("closed", {"verdict": ["odd"]}, "done"),
        ("false_alarm", {"verdict": "done"}, "false"),
    ],
)
def test_a_closing_has_the_verdict_of_the_order(state: str, said: dict[str, Any], verdict: str) -> None:
    told = callback_of(make_ticket(1), STATES[state], seen(state, said), "poll/", T0)
    assert told is not None
    assert (told.event, told.verdict) == (Happening.CLOSED, verdict)


def test_progress_is_news_when_the_share_has_changed() -> None:
    ticket = make_ticket(1, status=Status.IN_PROGRESS, percent=40.0)
    meaning = STATES["in_progress"]
    orders = [seen("in_progress", {"progress_pct": percent}) for percent in (40, 80, None)]
    assert [is_news(ticket, meaning, order) for order in orders] == [False, True, False]
    told = callback_of(ticket, meaning, orders[1], "poll/", T0)
    assert told is not None
    assert (told.id, told.percent) == (f"poll/{ticket.id}/0/in_progress/80", 80.0)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"state_at": "2026-03-15T08:01:05+08:00"}, {"at": T0}),
        ({"state_at": "2026-03-15T08:01:05"}, {}),
        ({"state_at": T0 * 1000}, {}),
        ({"state_at": True, "progress_pct": "40", "eta_min": -1, "handler": 7, "text": None, "evidence": "x"}, {}),
        ({"progress_pct": 101, "evidence": [1, "a" * 600, None, "b\x1b"]}, {"evidence": ("a" * 500, "b\ufffd")}),
        ({"handler": " 李\x00工 ", "eta_min": 10**400}, {"handler": "李\ufffd工"}),
    ],
)
def test_of_a_foreign_order_only_what_can_be_read_counts(said: dict[str, Any], expected: dict[str, Any]) -> None:
    nothing = Seen("closed", "", None, "", None, None, "", ())
    assert seen(" Closed", said) == replace(nothing, **expected)
