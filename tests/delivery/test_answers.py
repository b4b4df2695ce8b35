import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.core.types import Level
from gateway.delivery.answers import (
    LONGEST_ANSWER_BYTES,
    Answer,
    Park,
    Reason,
    Retry,
    Sent,
    found,
    judge,
    retry_after_s,
)
from gateway.delivery.dispatch import Pace
from gateway.delivery.line import Line

Make = Callable[..., Any]
KEY = "lakeside:P-1:pump-dry:20260315T080105.001Z"
ACK = {"work_order_id": "WO-7", "state": "new"}


def body(**fields: Any) -> bytes:
    return json.dumps({**ACK, **fields}).encode()


DELIVERED = [
    (201, body(), Reason.ACCEPTED),
    (202, body(), Reason.ACCEPTED),
    (200, body(), Reason.KNOWN),
    (201, body(external_id=KEY, idempotency_key=KEY), Reason.ACCEPTED),
    (409, b'{"idempotency_key": "%s"}' % KEY.encode(), Reason.KNOWN),
]
WAITS = [
    (200, b"", Reason.BAD_ANSWER),
    (200, b"<html>please log in</html>", Reason.BAD_ANSWER),
    (200, b'{"work_order_id": ', Reason.BAD_ANSWER),
    (201, b'["WO-7"]', Reason.BAD_ANSWER),
    (201, b"{}", Reason.BAD_ANSWER),
    (201, body(work_order_id=7), Reason.BAD_ANSWER),
    (201, body(work_order_id=""), Reason.BAD_ANSWER),
    (201, body(external_id="another"), Reason.BAD_ANSWER),
    (201, body(idempotency_key="another"), Reason.BAD_ANSWER),
    (201, body(idempotency_key=None), Reason.BAD_ANSWER),
    (201, b"[" * 60_000, Reason.BAD_ANSWER),
    (201, body(pad="x" * LONGEST_ANSWER_BYTES), Reason.BAD_ANSWER),
    (201, b'{"work_order_id": "\xff"}', Reason.BAD_ANSWER),
    (204, b"", Reason.BAD_ANSWER),
    (206, body(), Reason.BAD_ANSWER),
    (777, body(), Reason.BAD_ANSWER),
    (408, b"", Reason.TIMED_OUT),
    (429, b"", Reason.BUSY),
    (500, b"", Reason.SERVER_ERROR),
    (502, b"<html>", Reason.SERVER_ERROR),
    (503, body(), Reason.SERVER_ERROR),
    (401, b"", Reason.REFUSED),
    (403, b"", Reason.REFUSED),
    (404, b"", Reason.NOT_FOUND),
    (301, b"", Reason.REDIRECTED),
    (307, body(), Reason.REDIRECTED),
]
PARKED = [
    (400, b"what?", Reason.REJECTED),
    (409, b'{"idempotency_key": "another"}', Reason.CONFLICT),
    (409, b"conflict", Reason.CONFLICT),
    (413, b"", Reason.REJECTED),
    (415, b"", Reason.REJECTED),
    (422, b'{"error": "title"}', Reason.REJECTED),
]


@pytest.mark.parametrize(("status", "text", "reason"), DELIVERED)
def test_a_proper_acknowledgement_is_delivered(
    status: int, text: bytes, reason: Reason, ticket: Make, message: Make
) -> None:
    verdict = judge(status, {}, text, message(ticket(1)))
    assert isinstance(verdict, Sent)
    assert verdict.reason is reason


@pytest.mark.parametrize(("status", "text", "reason"), WAITS)
def test_everything_that_may_pass_is_tried_again(
    status: int, text: bytes, reason: Reason, ticket: Make, message: Make
) -> None:
    verdict = judge(status, {}, text, message(ticket(1)))
    assert isinstance(verdict, Retry)
    assert verdict.reason is reason
    slow = {Reason.REFUSED, Reason.NOT_FOUND, Reason.REDIRECTED}
    assert verdict.at_least_s == (30.0 if reason in slow else 0.0)


@pytest.mark.parametrize(("status", "text", "reason"), PARKED)
def test_what_the_receiver_will_never_take_is_parked(
    status: int, text: bytes, reason: Reason, ticket: Make, message: Make
) -> None:
    verdict = judge(status, {}, text, message(ticket(1)))
    assert isinstance(verdict, Park)
    assert verdict.reason is reason


def test_foreign_text_cannot_forge_a_line_of_the_log(ticket: Make, message: Make) -> None:
    verdict = judge(400, {}, b"no\r\n2026 ticket=fine\x1b[2J" + b"x" * 5000, message(ticket(1)))
    assert isinstance(verdict, Park)
    assert verdict.detail.isprintable()
    assert len(verdict.detail) < 300


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "86400"}, 3600.0),
        ({"retry-after": "9" * 400}, 3600.0),
        ({"retry-after": "-5"}, 0.0),
        ({"retry-after": "soon"}, 0.0),
        ({"retry-after": "²"}, 0.0),
        ({}, 0.0),
        ({"retry-after": "Sun, 15 Mar 2026 08:02:00 GMT", "date": "Sun, 15 Mar 2026 08:01:30 GMT"}, 30.0),
        ({"retry-after": "Sun, 15 Mar 2026 08:00:00 GMT", "date": "Sun, 15 Mar 2026 08:01:30 GMT"}, 0.0),
        ({"retry-after": "Sun, 15 Mar 2026 08:02:00 GMT"}, 0.0),
        ({"retry-after": "Sun, 15 Mar 2026 08:02:00 -0000", "date": "Sun, 15 Mar 2026 08:01:30 GMT"}, 0.0),
    ],
)
def test_the_pause_that_the_receiver_asks_for(headers: dict[str, str], seconds: float) -> None:
    assert retry_after_s(headers) == seconds


@pytest.mark.parametrize(
    ("attempts", "at_least_s", "chance", "seconds"),
    [
        (0, 0.0, 0.5, 0.5),
        (3, 0.0, 0.5, 4.0),
        (3, 0.0, 0.0, 0.0),
        (50, 0.0, 0.5, 150.0),
        (10**9, 0.0, 0.5, 150.0),
        (0, 30.0, 0.5, 30.0),
        (1, 30.0, 0.5, 45.0),
        (50, 30.0, 0.5, 165.0),
        (9, 3600.0, 0.9, 3600.0),
    ],
)
def test_pauses_grow_with_full_jitter_and_stay_under_the_cap(
    attempts: int, at_least_s: float, chance: float, seconds: float
) -> None:
    assert Pace().pause_s(attempts, at_least_s, chance) == seconds


def test_a_list_is_searched_for_our_key_row_by_row(ticket: Make, message: Make) -> None:
    ours = message(ticket(1))
    row = b'{"idempotency_key": "%s"}' % KEY.encode()
    assert found(Answer(200, {}, b"[{}, 3, " + row + b"]"), ours)
    assert found(Answer(200, {}, b'{"items": [' + row + b"]}"), ours)
    for answer in (
        Answer(200, {}, b"[]"),
        Answer(404, {}, b"[" + row + b"]"),
        Answer(200, {}, row),
        Answer(200, {}, b""),
    ):
        assert not found(answer, ours)


def test_a_bad_message_does_not_bring_the_line_down_but_three_failures_in_a_row_do() -> None:
    line = Line(rest_s=1.0)
    failed, fine = Retry(Reason.SERVER_ERROR, "500"), Sent(Reason.ACCEPTED)
    for verdict in (failed, failed, fine, failed, failed):
        line.judged(verdict, 5.0)
    assert (line.health.state, line.rest_needed_s(5.0)) == ("up", 0.0)
    line.tried(9.5)
    line.judged(failed, 10.0)
    assert (line.health.state, line.health.since, line.health.reason) == ("down", 10.0, "server_error: 500")
    assert line.rest_needed_s(10.0) == 0.5
    assert line.rest_needed_s(-1000.0) == 1.0, "the clock was set back"
    assert not line.judged(fine, 11.0), "a hiccup"
    for _ in range(3):
        line.judged(failed, 20.0)
    assert line.judged(Park(Reason.REJECTED), 40.0), "an outage is over: an answer about a message is an answer"


def test_a_wrong_token_is_reported_at_once() -> None:
    line = Line(rest_s=1.0)
    line.judged(Retry(Reason.REFUSED, "401"), 5.0)
    assert line.health.state == "refused"


def test_a_red_message_waits_seconds_however_unlucky_it_was() -> None:
    assert Pace().pause_s(50, 0.0, 1.0, Level.RED) == 15.0
    assert Pace().pause_s(50, 60.0, 1.0, Level.RED) == 60.0  # the receiver asked for it
