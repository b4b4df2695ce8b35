from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.core.types import Level
from gateway.delivery.mapping import LONGEST_DESCRIPTION, SiteFacts, Unmappable, lookup_path, wire

Make = Callable[..., Any]
SITE = SiteFacts(gateway="gw-01", community="湖畔花园", zone=ZoneInfo("Asia/Shanghai"))


def test_a_created_ticket_is_a_work_order(ticket: Make, message: Make) -> None:
    one = ticket(1, Level.RED, evidence={"since": 5.0, "values": {"flow": 0.0}, "scores": {"usual": {"text": "odd"}}})
    method, path, sent = wire(message(one), SITE)
    assert (method, path) == ("POST", "/work-orders")
    assert sent == {
        "spec": "ticket/1.0",
        "external_id": one.id,
        "idempotency_key": one.id,
        "kind": "pre_complaint",
        "level": "red",
        "policy": "standard",
        "title": "1号泵 干转",
        "description": "1号泵 干转\n停泵，检查进水阀\nodd",
        "category": "pump.dry_run",
        "source": {"type": "iot", "gateway": "gw-01", "rule": "pump-dry", "detector": "usual"},
        "location": {"community": "湖畔花园", "building": "B1", "room": "泵房", "asset_id": "P-1"},
        "occurred_at": "2026-03-15T08:01:06.000+08:00",
        "detected_at": "2026-03-15T08:01:06.500+08:00",
        "created_at": "2026-03-15T08:01:06.500+08:00",
        "due": {"ack": "2026-03-15T08:11:05.000+08:00", "on_site": "2026-03-15T08:31:05.000+08:00"},
        "evidence": [{"type": "values", **one.evidence}],
        "advice": "停泵，检查进水阀",
        "occurrences": 1,
        "status": "new",
    }


def test_what_became_of_a_ticket_is_an_event_of_its_order(ticket: Make, message: Make) -> None:
    one = ticket(1, Level.RED, cleared_at=1_773_533_000.0, occurrences=4)
    event = message(one, 2, "closed")
    event = replace(event, body={**event.body, "by": "王工"})
    method, path, sent = wire(event, SITE)
    assert (method, path) == ("POST", "/work-orders/lakeside%3AP-1%3Apump-dry%3A20260315T080105.001Z/events")
    assert sent["event"] == "closed"
    assert sent["idempotency_key"] == f"{one.id}:2"
    assert sent["external_id"] == one.id
    assert (sent["by"], sent["level"], sent["number"], sent["occurrences"]) == ("王工", "red", 2, 4)
    assert sent["cleared_at"] == "2026-03-15T08:03:20.000+08:00"
    assert lookup_path(event) == path
    assert lookup_path(message(one)).startswith("/work-orders?external_id=lakeside%3AP-1")


def test_what_made_it_red_reaches_the_receiver_too(ticket: Make, message: Make) -> None:
    worse = {"scores": {"usual": {"text": "far out"}}}
    one = ticket(1, Level.RED, evidence={"scores": {"usual": {"text": "odd"}}, "escalated": worse})
    assert wire(message(one, 1, "escalated"), SITE).json["description"] == "1号泵 干转\n停泵，检查进水阀\nfar out"
    assert wire(message(ticket(1), 1, "escalated"), SITE).json["description"] == "1号泵 干转\n停泵，检查进水阀"
    assert "description" not in wire(message(one, 2, "closed"), SITE).json


def test_an_explanation_cannot_make_a_description_too_long(ticket: Make, message: Make) -> None:
    one = ticket(1, evidence={"scores": {name: {"text": "é" * 1500} for name in "ab"}})
    description = wire(message(one), SITE).json["description"]
    assert len(description) == LONGEST_DESCRIPTION
    assert description.endswith("…")


@pytest.mark.parametrize("scores", [{"usual": None}, {"usual": []}, ["usual"]])
def test_evidence_that_nobody_can_read_is_unmappable(ticket: Make, message: Make, scores: Any) -> None:
    with pytest.raises(Unmappable):
        wire(message(ticket(1, evidence={"scores": scores})), SITE)


@pytest.mark.parametrize(
    "body",
    [{}, {"ticket": None}, {"ticket": {}}, {"ticket": []}, {"ticket": {"id": 3}}],
)
def test_a_body_that_is_no_ticket_is_unmappable(ticket: Make, message: Make, body: dict[str, Any]) -> None:
    with pytest.raises(Unmappable):
        wire(replace(message(ticket(1)), body=body), SITE)


def test_a_time_beyond_the_calendar_is_unmappable(ticket: Make, message: Make) -> None:
    with pytest.raises(Unmappable):
        wire(message(ticket(1, fired_at=1e300)), SITE)
