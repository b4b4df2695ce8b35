"""Which message goes when there are several about one device."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.core.types import Level, Message, Ticket
from gateway.delivery.outbox import PATIENCE
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from tests.delivery.made import make_message, make_ticket

NOW = 1_773_540_000.0
Said = Callable[..., Message]


@pytest.fixture
def say(store: Store) -> Said:
    """Commit a message about the lift; returns it."""

    def said(ticket: Ticket, number: int, level: Level = Level.YELLOW, device: str = "EL-1") -> Message:
        made = make_message(ticket, number, "occurred_again" if number else "created")
        made = replace(made, device=device, level=level)
        store.commit(Changes(messages=(made,)))
        return made

    return said


def due(store: Store) -> list[str]:
    return [outgoing.message.key for outgoing in store.due(NOW, 100)]


def created(store: Store, say: Said, *numbers: int) -> list[Ticket]:
    tickets = [make_ticket(number) for number in numbers]
    for ticket in tickets:
        store.sent(say(ticket, 0).key, NOW, "")
    return tickets


def test_updates_about_one_device_keep_their_order(store: Store, say: Said) -> None:
    one, two = created(store, say, 1, 2)
    first, second, other = say(one, 1), say(two, 1), say(two, 2, device="EL-2")
    assert due(store) == [first.key], "not even the other device's, which is the same ticket's"
    store.retry(first.key, NOW, NOW + 60, "busy")
    assert due(store) == []
    store.sent(first.key, NOW, "")
    assert due(store) == [second.key]
    store.sent(second.key, NOW, "")
    assert due(store) == [other.key]


def test_creations_and_red_updates_wait_for_no_yellow_update(store: Store, say: Said) -> None:
    one, two, three = created(store, say, 1, 2, 3)
    waiting = say(one, 1)
    store.retry(waiting.key, NOW, NOW + 60, "busy")
    red, after_red = say(two, 1, Level.RED), say(three, 1, Level.RED)
    new = say(make_ticket(4), 0)
    assert due(store) == [red.key, new.key]
    store.sent(red.key, NOW, "")
    assert due(store) == [after_red.key, new.key]


def test_devices_without_a_name_are_not_one_device(store: Store, say: Said) -> None:
    one, two = created(store, say, 1, 2)
    nameless = {say(one, 1, device="").key, say(two, 1, device="").key}
    assert set(due(store)) == nameless


def test_what_is_parked_is_stepped_over(store: Store, say: Said) -> None:
    (one,) = created(store, say, 1)
    held = make_ticket(2)
    refused, behind_it, after = say(held, 0), say(held, 1), say(one, 1)
    assert due(store) == [refused.key], "its update comes first"
    store.park(refused.key, "422")
    assert due(store) == [after.key], "an update that waits for a person holds no other ticket back"
    assert store.resend(held.id)
    store.sent(refused.key, NOW, "")
    assert due(store) == [behind_it.key]
    store.park(behind_it.key, "422")
    assert due(store) == [after.key]


def test_what_fails_again_and_again_while_others_get_through_loses_its_place(store: Store, say: Said) -> None:
    one, two = created(store, say, 1, 2)
    poison, after = say(one, 1), say(two, 1)
    for _ in range(PATIENCE):
        assert due(store) == [poison.key]
        store.retry(poison.key, NOW, NOW, "server_error")
    assert set(due(store)) == {poison.key, after.key}
    store.retry(poison.key, NOW, NOW + 60, "server_error")
    store.hurry()
    assert due(store) == [poison.key], "after an outage nothing is held against it"


def test_a_creation_that_fails_again_and_again_holds_no_other_ticket_back(store: Store, say: Said) -> None:
    (one,) = created(store, say, 1)
    stuck = make_ticket(2)
    poison, _, after = say(stuck, 0), say(stuck, 1), say(one, 1)
    for _ in range(PATIENCE):
        assert after.key not in due(store)
        store.retry(poison.key, NOW, NOW, "server_error")
    assert set(due(store)) == {poison.key, after.key}


def test_rows_that_were_salvaged_in_another_order_do_not_wait_for_each_other(store: Store, say: Said) -> None:
    one, two = created(store, say, 1, 2)
    say(one, 2)
    say(two, 1)
    say(one, 1)
    seen = []
    while waiting := due(store):
        seen.append(waiting[0])
        store.sent(waiting[0], NOW, "")
    assert seen.index(f"{one.id}:1") < seen.index(f"{one.id}:2")
    assert len(seen) == 3


def test_an_event_knows_the_receivers_number_of_its_ticket(store: Store, say: Said) -> None:
    one = make_ticket(1)
    order = say(one, 0)
    store.trying(order.key, NOW)
    store.trying(order.key, NOW + 5)
    (waiting,) = store.due(NOW, 1)
    assert (waiting.tried_at, waiting.work_order) == (NOW, "")
    store.retry(order.key, NOW, NOW, "bad_answer", NOW, "WO-7")
    assert store.due(NOW, 1)[0].work_order == "WO-7"
    store.sent(order.key, NOW, "already_known", "")
    say(one, 1)
    (event,) = store.due(NOW, 1)
    assert (event.work_order, event.tried_at) == ("WO-7", None)
    store.retry(event.message.key, NOW, NOW, "unreachable")
    assert store.due(NOW, 1)[0].tried_at is None


def test_a_person_who_resends_says_that_it_is_not_there(store: Store, say: Said) -> None:
    order = say(make_ticket(1), 0)
    store.retry(order.key, NOW, NOW, "bad_answer", NOW, "WO-7")
    store.park(order.key, "made_but_absent")
    assert store.resend(order.ticket)
    (again,) = store.due(NOW, 1)
    assert (again.work_order, again.tried_at, again.attempts) == ("", NOW, 0)
