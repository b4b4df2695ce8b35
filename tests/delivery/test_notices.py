"""Notices in the state file: order, receipts, and rows that are damaged."""

from gateway.core.types import Level
from gateway.delivery import notices
from gateway.delivery.notices import Waiting
from gateway.delivery.store import Store
from tests.delivery.made import T0
from tests.delivery.told import make_notice, told

RED = Level.RED


def keys(found: list[Waiting]) -> list[str]:
    return [waiting.notice.key for waiting in found]


def due(store: Store, channel: str = "duty", now: float = T0 + 100, level: Level | None = None) -> list[str]:
    return keys(store.transaction(lambda db: notices.due(db, channel, now, 10, level)))


def test_red_comes_first_then_the_oldest_and_each_channel_has_its_own(store: Store) -> None:
    old, new, red = make_notice(1), make_notice(2), make_notice(3, RED)
    store.commit(told(new, old, red, make_notice(1, channel="mail")))
    assert due(store) == [red.key, old.key, new.key]
    assert due(store, level=RED) == [red.key]
    assert due(store, level=Level.YELLOW) == [old.key, new.key]
    assert due(store, "mail") == [old.key]
    assert due(store, "nobody") == []


def test_what_became_of_a_notice_is_in_its_row(store: Store) -> None:
    one, two, three = (make_notice(number) for number in (1, 2, 3))
    store.commit(told(one, two, three))
    store.transaction(lambda db: notices.delivered(db, "duty", [one.key], T0 + 5, "errcode 0 ok"))
    store.transaction(lambda db: notices.retry(db, "duty", [two.key], T0 + 200, "no answer"))
    store.transaction(lambda db: notices.park(db, "duty", [three.key], "x" * 1000))
    assert due(store) == []
    assert store.transaction(lambda db: notices.next_at(db, "duty", T0)) == T0 + 200
    assert store.transaction(lambda db: notices.next_at(db, "duty", T0, RED)) is None
    assert store.transaction(notices.counts) == {"duty": {"pending": 1, "parked": 1, "sent": 1}}
    (first,) = store.transaction(lambda db: notices.of_ticket(db, one.ticket))
    assert (first.notice, first.state, first.sent_at, first.answer) == (one, "sent", T0 + 5, "errcode 0 ok")
    (third,) = store.transaction(lambda db: notices.of_ticket(db, three.ticket))
    assert len(third.answer) == 300
    assert store.transaction(lambda db: notices.resend(db, three.ticket))
    assert not store.transaction(lambda db: notices.resend(db, one.ticket))
    store.transaction(lambda db: notices.hurry(db, "duty"))
    assert due(store) == [two.key, three.key]


def test_what_is_sent_stays_sent(store: Store) -> None:
    store.commit(told(make_notice(1)))
    key = make_notice(1).key
    store.transaction(lambda db: notices.delivered(db, "duty", [key], T0, "ok"))
    store.transaction(lambda db: notices.retry(db, "duty", [key], T0, "late"))
    store.commit(told(make_notice(1)))
    assert due(store) == []


def test_a_digest_counts_as_one_message(store: Store) -> None:
    several = [make_notice(number) for number in range(4)]
    store.commit(told(*several))
    store.transaction(lambda db: notices.delivered(db, "duty", [n.key for n in several[:3]], T0, "ok"))
    store.transaction(lambda db: notices.delivered(db, "duty", [several[3].key], T0 + 9, "ok"))
    assert store.transaction(lambda db: notices.sent_since(db, "duty", T0 - 1)) == [
        (T0, Level.YELLOW),
        (T0 + 9, Level.YELLOW),
    ]
    assert store.transaction(lambda db: notices.sent_since(db, "duty", T0 + 1)) == [(T0 + 9, Level.YELLOW)]


def test_a_clock_that_was_set_back_delays_nothing_for_long(store: Store) -> None:
    store.commit(told(make_notice(1)))
    store.transaction(lambda db: notices.retry(db, "duty", [make_notice(1).key], T0 + 7200, "no answer"))
    assert due(store, now=T0) == [make_notice(1).key]


def test_a_damaged_row_is_set_aside_and_harms_no_other(store: Store) -> None:
    one, two = make_notice(1), make_notice(2)
    store.commit(told(one, two))
    store.transaction(
        lambda db: db.execute("UPDATE notices SET body = replace(body, '停', '开') WHERE key = ?", (one.key,))
    )
    assert due(store) == [two.key]
    assert store.counts()["damaged"] == 1
