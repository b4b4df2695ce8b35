"""What the property company's software says reaches the ear as it was meant, and what is wrong is told by its name."""

from typing import Any

import pytest
from yarl import URL

from gateway.core.casework import Callback, Complaint, Happening
from gateway.core.hearing import Heard, Reply
from gateway.web import callbacks
from tests.web.callbacks import COMPLAINTS, EVENTS, NOW, TICKET, Caller, event, signed

WHOLE = {
    "id": "e-7",
    "event": "progress",
    "at": "2026-03-15T08:01:05+08:00",
    "by": "李工",
    "progress_pct": 40,
    "eta_min": 25.5,
    "text": "泵已拆下\n等待备件",
    "evidence": ["https://photos.example/1.jpg", "report:77"],
    "their_own_key": {"anything": [1, 2]},
}


async def test_an_event_with_everything(caller: Caller) -> None:
    assert await caller.say(EVENTS, WHOLE) == (200, {"heard": True})
    assert caller.ear.heard == [
        Callback(
            id="e-7",
            ticket=TICKET,
            event=Happening.PROGRESS,
            at=NOW,
            by="李工",
            percent=40.0,
            minutes_left=25.5,
            text="泵已拆下\n等待备件",
            evidence=("https://photos.example/1.jpg", "report:77"),
        )
    ]


@pytest.mark.parametrize("happening", [*Happening])
async def test_every_event_needs_no_more_than_an_id_and_a_time(caller: Caller, happening: Happening) -> None:
    marks = {"satisfaction": {"solve": 60}} if happening is Happening.SURVEY else {}
    assert (await caller.say(EVENTS, event(event=happening, **marks)))[0] == 200
    score = 60.0 if marks else None
    assert caller.ear.heard == [Callback(id="e-1", ticket=TICKET, event=happening, at=NOW, score=score)]


@pytest.mark.parametrize(
    ("marks", "score"),
    [({"solve": 100, "speed": 80, "attitude": 60}, 80.0), ({"speed": 70, "attitude": None}, 70.0), ({"solve": 0}, 0.0)],
)
async def test_a_survey_is_the_mean_of_its_marks(caller: Caller, marks: dict[str, Any], score: float) -> None:
    assert (await caller.say(EVENTS, event(event="survey", satisfaction=marks)))[0] == 200
    assert [heard.score for heard in caller.ear.heard if isinstance(heard, Callback)] == [score]


@pytest.mark.parametrize("verdict", ["done", "normal", "false"])
async def test_a_closing_has_a_verdict(caller: Caller, verdict: str) -> None:
    assert (await caller.say(EVENTS, event(event="closed", verdict=verdict)))[0] == 200
    assert [heard.verdict for heard in caller.ear.heard if isinstance(heard, Callback)] == [verdict]


async def test_a_complaint(caller: Caller) -> None:
    said = {"id": "c-1", "asset_id": "EL-3-1", "at": "2026-03-15T00:01:05Z", "text": "又停了", "floor": 7}
    assert await caller.say(COMPLAINTS, said) == (200, {"heard": True})
    assert caller.ear.heard == [Complaint("c-1", "EL-3-1", NOW, "又停了")]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "id"),
        ({"id": ""}, "id"),
        ({"id": "x" * 129}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "a\n"}, "id"),
        ({"id": 7}, "id"),
        ({"event": "exploded"}, "event"),
        ({"event": 1}, "event"),
        ({"at": None}, "at"),
        ({"at": True}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": "2026-03-15T08:01:05"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": NOW * 1000}, "at"),
        ({"at": 10**400}, "at"),
        ({"by": 7}, "by"),
        ({"by": "x" * 129}, "by"),
        ({"progress_pct": 101}, "progress_pct"),
        ({"progress_pct": -1}, "progress_pct"),
        ({"progress_pct": "40"}, "progress_pct"),
        ({"progress_pct": True}, "progress_pct"),
        ({"eta_min": -0.5}, "eta_min"),
        ({"text": "x" * 2001}, "text"),
        ({"text": ["x"]}, "text"),
        ({"evidence": "photo"}, "evidence"),
        ({"evidence": ["x"] * 21}, "evidence"),
        ({"evidence": ["x" * 501]}, "evidence.0"),
        ({"evidence": ["x", 1]}, "evidence.1"),
        ({"satisfaction": 90}, "satisfaction"),
        ({"satisfaction": {"solve": 101}}, "satisfaction.solve"),
        ({"event": "closed", "verdict": "maybe"}, "verdict"),
        ({"event": "closed", "verdict": False}, "verdict"),
    ],
)
async def test_a_wrong_type_is_told_by_the_name_of_its_field(caller: Caller, said: dict[str, Any], field: str) -> None:
    status, answer = await caller.say(EVENTS, event(**said) if said else {"event": "accepted", "at": NOW})
    assert (status, answer["field"]) == (422, field)
    assert answer["error"].startswith(f"{field}: ")
    assert caller.ear.heard == []


@pytest.mark.parametrize("marks", [{}, {"satisfaction": None}, {"satisfaction": {}}])
async def test_a_survey_without_marks_says_nothing(caller: Caller, marks: dict[str, Any]) -> None:
    status, answer = await caller.say(EVENTS, event(event="survey", **marks))
    assert status == 422
    assert "satisfaction" in answer["error"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"id": "\\ud800"}', 400),
        (b"[" * 60_000, 400),
        (b"[]", 422),
        (b"null", 422),
        (b'{"id": "e", "event": "accepted", "at": NaN}', 422),
        (b" " * 65_537, 413),
        (b"x" * 1_000_000, 413),
    ],
)
async def test_bodies_that_are_no_good(caller: Caller, body: bytes, status: int) -> None:
    assert (await caller.say(EVENTS, body))[0] == status
    assert caller.ear.heard == []


@pytest.mark.parametrize(
    ("reply", "status", "answer"),
    [
        (Reply(Heard.KNOWN), 200, {"heard": True}),
        (Reply(Heard.UNKNOWN, "there is no such ticket"), 404, {"error": "there is no such ticket"}),
        (Reply(Heard.REFUSED, "closing needs evidence"), 409, {"error": "closing needs evidence"}),
        (Reply(Heard.BUSY), 503, {"error": "this is busy"}),
    ],
)
async def test_what_the_ear_replies_is_the_status(
    caller: Caller, reply: Reply, status: int, answer: dict[str, Any]
) -> None:
    caller.ear.reply = reply
    assert await caller.say(EVENTS, event()) == (status, answer)
    assert await caller.say(COMPLAINTS, {"id": "c", "asset_id": "P-1", "at": NOW}) == (status, answer)
    assert caller.web.counters() == {str(reply.heard): 2}


async def test_whoever_comes_too_early_is_told_when_to_come_again(caller: Caller) -> None:
    caller.ear.reply = Reply(Heard.BUSY)
    said = b'{"id": "e", "event": "accepted", "at": 1773532865}'
    async with caller.session.post(EVENTS, data=said, headers=signed(said)) as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, str(callbacks.BUSY_S))


async def test_an_ear_that_does_not_answer_is_given_up(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callbacks, "SLOWEST_ANSWER_S", 0.05)
    caller.ear.slow_s = 5.0
    assert (await caller.say(EVENTS, event()))[0] == 503


@pytest.mark.parametrize("ticket", ["%FF", "%00", "a%2Fb", "x" * 300, "%E2%80%AE"])
async def test_an_id_that_no_ticket_can_have_is_not_looked_for(caller: Caller, port: int, ticket: str) -> None:
    path = URL(f"http://127.0.0.1:{port}/v1/tickets/{ticket}/events", encoded=True)
    async with caller.session.post(path, data=b"{}", headers=signed(b"{}")) as answer:
        assert answer.status == 404
    assert caller.ear.heard == []


@pytest.mark.parametrize("text", ["\x1b[31mred", "a\r\nticket=x", "\u202egnol", "\x00"])
async def test_what_could_drive_a_terminal_is_taken_out(caller: Caller, text: str) -> None:
    assert (await caller.say(EVENTS, event(text=text, by=text, evidence=[text])))[0] == 200
    (heard,) = caller.ear.heard
    assert isinstance(heard, Callback)
    assert all(part.isprintable() for part in (heard.by, *heard.evidence, *heard.text.split("\n")))
