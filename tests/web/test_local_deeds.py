"""What can be said of a ticket, and silenced, on the local pages; and how they say no."""

from math import inf
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.core.casework import Callback, Happening, Silence
from gateway.core.types import Level
from tests.web.conftest import TICKET, TOKEN, Shown

RIGHT = {"Authorization": f"Bearer {TOKEN}"}


def said(event: Happening, **more: Any) -> Callback:
    """It happens now, which the daemon knows: no body can set its clock."""
    return Callback("", TICKET, event, inf, "li", **more)


@pytest.mark.parametrize(
    ("action", "body", "heard"),
    [
        ("ack", {}, said(Happening.ACCEPTED)),
        (
            "progress",
            {"percent": 60, "minutes_left": 25, "text": "更换开关"},
            said(Happening.PROGRESS, percent=60.0, minutes_left=25.0, text="更换开关"),
        ),
        ("progress", {"text": "a\r\nb\u001b[31m"}, said(Happening.PROGRESS, text="a\ufffd\nb\ufffd[31m")),
        ("resolve", {}, said(Happening.RESOLVED)),
        ("reject", {"text": "still loud"}, said(Happening.REJECTED, text="still loud")),
        (
            "close",
            {"verdict": "normal", "evidence": ["IMG-1201"]},
            said(Happening.CLOSED, verdict="normal", evidence=("IMG-1201",)),
        ),
    ],
)
async def test_what_is_said_reaches_the_daemon(
    pages: ClientSession, shown: Shown, action: str, body: dict[str, Any], heard: Callback
) -> None:
    async with pages.post(f"/api/tickets/{TICKET}/{action}", json={"by": "li", **body}, headers=RIGHT) as answer:
        assert (answer.status, await answer.json()) == (200, {"done": action})
    assert [asked[-1] for asked in shown.asked] == [heard]


@pytest.mark.parametrize(
    ("action", "body", "sentence"),
    [
        ("ack", {"evidence": ["a"]}, "'evidence' cannot be said here; there are by"),
        ("ack", {"x" * 5000: 1}, "'" + "x" * 79 + " cannot be said here; there are by"),
        ("resolve", {"percent": 100}, "'percent' cannot be said here; there are by"),
        ("progress", {}, "progress needs percent, minutes_left or text"),
        ("progress", {"percent": 101}, "percent: Input should be less than or equal to 100"),
        ("progress", {"percent": "60"}, "percent: Input should be a valid number"),
        ("progress", {"minutes_left": -1}, "minutes_left: Input should be greater than or equal to 0"),
        ("reject", {}, "text: Field required"),
        ("reject", {"text": ""}, "text: String should have at least 1 character"),
        ("close", {"evidence": "IMG-1201"}, "evidence: Input should be a valid tuple"),
        ("close", {"evidence": ["x" * 501]}, "evidence.0: String should have at most 500 characters"),
    ],
)
async def test_what_cannot_be_said_is_one_sentence(
    pages: ClientSession, shown: Shown, action: str, body: dict[str, Any], sentence: str
) -> None:
    async with pages.post(f"/api/tickets/{TICKET}/{action}", json=body, headers=RIGHT) as answer:
        assert (answer.status, await answer.text()) == (400, sentence)
    assert shown.asked == []


async def test_a_number_that_is_none_is_not_taken(pages: ClientSession, shown: Shown) -> None:
    url = f"/api/tickets/{TICKET}/progress"
    for number in (b"NaN", b"Infinity", b"1e999"):
        async with pages.post(url, data=b'{"percent": ' + number + b"}", headers=RIGHT) as answer:
            assert answer.status == 400
    assert shown.asked == []


async def test_a_closing_without_its_evidence_is_a_conflict_that_says_so(pages: ClientSession, shown: Shown) -> None:
    shown.wants_evidence = True
    url = f"/api/tickets/{TICKET}/close"
    async with pages.post(url, json={"by": "li"}, headers=RIGHT) as answer:
        assert (answer.status, await answer.json()) == (
            409,
            {
                "error": f"closing ticket {TICKET} needs evidence",
                "kind": "evidence_needed",
                "words": {"ticket": TICKET},
            },
        )
    async with pages.post(url, json={"evidence": ["IMG-1201"]}, headers=RIGHT) as answer:
        assert answer.status == 200


async def test_silences_are_made_listed_and_ended(pages: ClientSession, shown: Shown) -> None:
    body = {"by": "li", "reason": "serviced", "for_s": 14_400, "kind": "pump.*", "level": "red"}
    async with pages.post("/api/silences", json=body, headers=RIGHT) as answer:
        assert (answer.status, await answer.json()) == (200, {"id": "5f2e9a01"})
    async with pages.get("/api/silences") as answer:
        assert (answer.status, await answer.json()) == (200, [{"id": "5f2e9a01"}])
    async with pages.post("/api/silences/5f2e9a01/end", json={"by": "li"}, headers=RIGHT) as answer:
        assert (answer.status, await answer.json()) == (200, {"done": "end"})
    asked = Silence("", "li", "serviced", 0.0, 0.0, kind="pump.*", level=Level.RED)
    assert shown.asked == [("silence", asked, 14_400.0), ("unsilence", "5f2e9a01", "li")]


@pytest.mark.parametrize(
    ("body", "status", "sentence"),
    [
        ({"for_s": 60}, 400, "reason: Field required"),
        ({"reason": "noise"}, 400, "for_s: Field required"),
        ({"reason": "noise", "for_s": 0}, 400, "for_s: Input should be greater than 0"),
        ({"reason": "noise", "for_s": 60, "until": 7}, 400, "'until' cannot be said here"),
        ({"reason": "noise", "for_s": 60, "level": "green"}, 400, "level: Input should be 'yellow' or 'red'"),
        ({"reason": "noise", "for_s": 1e9}, 409, "a silence lasts more than nothing and at most 31 days"),
    ],
)
async def test_a_silence_that_cannot_be(pages: ClientSession, body: dict[str, Any], status: int, sentence: str) -> None:
    async with pages.post("/api/silences", json=body, headers=RIGHT) as answer:
        assert answer.status == status
        assert sentence in await answer.text()


async def test_a_silence_that_is_not_there_and_one_without_the_token(pages: ClientSession, shown: Shown) -> None:
    for silence in ("none", "a%2Fb", "%00"):
        async with pages.post(f"/api/silences/{silence}/end", headers=RIGHT) as answer:
            assert answer.status == 404
    shown.asked.clear()
    for path in ("/api/silences", "/api/silences/5f2e9a01/end", f"/api/tickets/{TICKET}/reject"):
        async with pages.post(path, json={"text": "no"}) as answer:
            assert answer.status == 401
    assert shown.asked == []
