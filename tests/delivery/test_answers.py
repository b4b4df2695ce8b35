import json
from collections.abc import Callable
from typing import Any

import pytest

from gateway.core.types import Level
from gateway.delivery.answers import LONGEST_ANSWER_BYTES, Answer, found, posted, probed, retry_after_s, stands
from gateway.delivery.dispatch import Pace
from gateway.delivery.line import Line
from gateway.delivery.receiver import Outcome, Reason, Result

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


NOT_DONE = {Reason.BUSY, Reason.REFUSED, Reason.NOT_FOUND, Reason.REDIRECTED}
"""Nothing was made for sure; after everything else that is tried again, it may have been."""


@pytest.mark.parametrize(("status", "text", "reason"), DELIVERED)
def test_a_proper_acknowledgement_is_delivered(
    status: int, text: bytes, reason: Reason, ticket: Make, message: Make
) -> None:
    result = posted(Answer(status, {}, text), message(ticket(1)))
    assert result.delivered
    assert result.reason is reason
    assert result.id == ("WO-7" if status != 409 else "")


@pytest.mark.parametrize(("status", "text", "reason"), WAITS)
def test_everything_that_may_pass_is_tried_again(
    status: int, text: bytes, reason: Reason, ticket: Make, message: Make
) -> None:
    result = posted(Answer(status, {}, text), message(ticket(1)))
    assert result.reason is reason
    refused = reason is Reason.REFUSED
    assert result.outcome is (Outcome.AUTH if refused else Outcome.RETRY if reason in NOT_DONE else Outcome.UNKNOWN), (
        "what may have been made is unknown, never failed"
    )
    slow = {Reason.REFUSED, Reason.NOT_FOUND, Reason.REDIRECTED}
    assert result.at_least_s == (30.0 if reason in slow else 0.0)


@pytest.mark.parametrize(("status", "text", "reason"), PARKED)
def test_what_the_receiver_will_never_take_is_parked(
    status: int, text: bytes, reason: Reason, ticket: Make, message: Make
) -> None:
    result = posted(Answer(status, {}, text), message(ticket(1)))
    assert (result.outcome, result.reason) == (Outcome.PERMANENT, reason)


def test_foreign_text_cannot_forge_a_line_of_the_log(ticket: Make, message: Make) -> None:
    hostile = "no\r\n2026 ticket=fine\x1b[2J\u202e\x85".encode() + b"\xff" + b"x" * 5000
    result = posted(Answer(400, {}, hostile), message(ticket(1)))
    assert result.detail.isprintable()
    assert len(result.detail) < 300


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


def test_a_list_is_searched_for_our_id_row_by_row(ticket: Make, message: Make) -> None:
    ours = message(ticket(1))
    row = b'{"external_id": "%s", "work_order_id": 7}' % KEY.encode()
    for text in (b"[{}, 3, " + row + b"]", b'{"items": [' + row + b"]}"):
        result = found(Answer(200, {}, text), ours)
        assert (result.outcome, result.id, result.detail) == (Outcome.EXISTS, "7", "")
    assert found(Answer(200, {}, b"[]"), ours).outcome is Outcome.ABSENT
    for text in (row, b"", b"<html>", b"[{}]", b'[{"external_id": "another"}]', b"[" + b" " * 70_000 + row + b"]"):
        assert found(Answer(200, {}, text), ours).outcome is Outcome.UNKNOWN, text
    for status in (404, 500, 503, 301, 400):
        assert found(Answer(status, {}, b"[" + row + b"]"), ours).outcome is Outcome.RETRY, status
    assert found(Answer(403, {}, b"[]"), ours).outcome is Outcome.AUTH


def test_of_two_work_orders_the_lowest_counts_and_the_other_is_told(ticket: Make, message: Make) -> None:
    rows = [{"external_id": KEY, "work_order_id": number} for number in ("WO-10", "WO-9")]
    result = found(Answer(200, {}, json.dumps(rows).encode()), message(ticket(1)))
    assert (result.outcome, result.id) == (Outcome.EXISTS, "WO-9")
    assert "2 times: WO-10, WO-9" in result.detail


def test_an_event_is_searched_for_by_its_key(ticket: Make, message: Make) -> None:
    event = message(ticket(1), 2, "closed")
    rows = [{"idempotency_key": f"{KEY}:1"}]
    assert found(Answer(200, {}, json.dumps(rows).encode()), event).outcome is Outcome.ABSENT
    rows += [{"idempotency_key": f"{KEY}:2"}]
    assert found(Answer(200, {}, json.dumps(rows).encode()), event).outcome is Outcome.EXISTS
    assert found(Answer(404, {}, b""), event).outcome is Outcome.ABSENT, "there is not even a work order"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(200, "ok"), (204, "ok"), (404, "ok"), (405, "ok"), (401, "auth"), (403, "auth"), (301, "retry"), (500, "retry")],
)
def test_a_session_is_good_unless_it_is_refused(status: int, outcome: str) -> None:
    assert probed(Answer(status, {}, b"")).outcome == outcome


def test_how_an_order_stands_is_read_only_from_the_right_one() -> None:
    order = {"external_id": KEY, "work_order_id": "WO-7", "state": "on_site", "handler": "王工"}
    result = stands(Answer(200, {}, json.dumps(order).encode()), KEY)
    assert (result.outcome, result.id, result.state, result.said["handler"]) == ("ok", "WO-7", "on_site", "王工")
    wrongs: list[Any] = [{**order, "external_id": "another"}, {**order, "state": 3}, []]
    for wrong in wrongs:
        assert stands(Answer(200, {}, json.dumps(wrong).encode()), KEY).outcome is Outcome.UNKNOWN
    assert stands(Answer(404, {}, b""), KEY).outcome is Outcome.ABSENT
    assert stands(Answer(502, {}, b""), KEY).outcome is Outcome.RETRY


def test_a_bad_message_does_not_bring_the_line_down_but_three_failures_in_a_row_do() -> None:
    line = Line(rest_s=1.0)
    failed = Result(Outcome.UNKNOWN, Reason.SERVER_ERROR, detail="500")
    fine = Result(Outcome.OK, Reason.ACCEPTED)
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
    assert line.judged(Result(Outcome.PERMANENT, Reason.REJECTED), 40.0), (
        "an outage is over: an answer about a message is an answer"
    )


def test_a_wrong_token_is_reported_at_once() -> None:
    line = Line(rest_s=1.0)
    line.judged(Result(Outcome.AUTH, Reason.REFUSED, detail="401"), 5.0)
    assert line.health.state == "refused"


def test_a_red_message_waits_seconds_however_unlucky_it_was() -> None:
    assert Pace().pause_s(50, 0.0, 1.0, Level.RED) == 15.0
    assert Pace().pause_s(50, 60.0, 1.0, Level.RED) == 60.0  # the receiver asked for it
