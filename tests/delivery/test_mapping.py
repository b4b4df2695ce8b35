from collections.abc import Callable
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gateway.core.types import Level, Member, Status
from gateway.delivery.mapping import LONGEST_DESCRIPTION, SiteFacts, Unmappable, lookup_path, wire
from gateway.delivery.rows import canonical
from tests.delivery.made import T0

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
        "public_state": "已受理",
        "stamps": {
            "reading": "2026-03-15T08:01:06.000+08:00",
            "decision": "2026-03-15T08:01:06.500+08:00",
            "message": "2026-03-15T08:01:06.500+08:00",
        },
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
    assert lookup_path(event) == f"{path}?idempotency_key=lakeside%3AP-1%3Apump-dry%3A20260315T080105.001Z%3A2"
    assert lookup_path(message(one)).startswith("/work-orders?external_id=lakeside%3AP-1")


def test_who_works_on_it_and_how_far_it_is_reaches_the_receiver(ticket: Make, message: Make) -> None:
    one = ticket(
        1,
        status=Status.IN_PROGRESS,
        handler="王工",
        expected_at=T0 + 1000.0,
        percent=40.0,
        step=2,
        overdue=("acknowledge", "on_site"),
        reopened=1,
        flapping=True,
        nodes={"accepted": T0 + 60.0},
        evidence_refs=("photo-1",),
        basis="GB 7588",
        guide="先断电",
    )
    event = message(one, 3, "progress")
    sent = wire(replace(event, created_at=T0 + 410.0), SITE).json
    assert (sent["status"], sent["public_state"]) == ("in_progress", "处理中")
    assert (sent["assignee"], sent["progress_pct"], sent["eta_min"]) == ({"staff": "王工"}, 40.0, 10)
    assert sent["expected_at"] == "2026-03-15T08:17:45.000+08:00"
    assert sent["escalation"] == {"step": 2, "overdue": ["ack", "on_site"]}
    assert (sent["reopened"], sent["flapping"], sent["evidence_refs"]) == (1, True, ["photo-1"])
    assert sent["nodes"] == {"accepted": "2026-03-15T08:02:05.000+08:00"}
    order = wire(message(one), SITE).json
    assert (order["basis"], order["guide"]) == ("GB 7588", "先断电")
    late = replace(event, created_at=T0 + 2000.0)
    assert wire(late, SITE).json["eta_min"] == 0, "a promise that was not kept is due, not negative"


def test_the_members_of_a_common_cause_are_listed_where_they_change(ticket: Make, message: Make) -> None:
    lifts = (
        Member("t-1", "EL-1", "lift.stop", Level.RED, T0, title="EL-1 stands"),
        Member("t-2", "EL-2", "lift.stop", Level.YELLOW, T0 + 1.0, T0 + 90.0),
    )
    parent = ticket(1, cause="feeder:F-1", members=lifts)
    group = wire(message(parent), SITE).json["group"]
    assert (group["cause"], group["count"]) == ("feeder:F-1", 2)
    assert group["members"] == [
        {
            "device": "EL-1",
            "kind": "lift.stop",
            "level": "red",
            "since": "2026-03-15T08:01:05.000+08:00",
            "cleared_at": None,
            "title": "EL-1 stands",
        },
        {
            "device": "EL-2",
            "kind": "lift.stop",
            "level": "yellow",
            "since": "2026-03-15T08:01:06.000+08:00",
            "cleared_at": "2026-03-15T08:02:35.000+08:00",
            "title": "",
        },
    ]
    assert wire(message(parent, 2, "members"), SITE).json["group"] == group
    assert "group" not in wire(message(parent, 3, "acknowledged"), SITE).json
    child = ticket(2, parent=parent.id, members=())
    assert wire(message(child, 1, "restored"), SITE).json["group"] == {"parent": parent.id}


def test_a_whole_site_that_shares_a_cause_is_named_and_stays_short(ticket: Make, message: Make) -> None:
    many = tuple(Member(f"t-{n}", f"EL-{n}", "device.offline", Level.YELLOW, T0) for n in range(2000))
    sent = wire(message(ticket(1, cause="connection:bus", members=many)), SITE).json
    group = sent["group"]
    assert [*(each["device"] for each in group["members"]), *group["others"]] == [each.device for each in many]
    assert (group["count"], len(canonical(sent)) < 64 * 1024) == (2000, True)


def test_only_what_moves_a_ticket_says_how_far_it_is(ticket: Make, message: Make) -> None:
    seen = ticket(1, status=Status.ACKNOWLEDGED)
    for number, event in enumerate(("overdue", "evidence", "condition_cleared", "members", "notice"), 1):
        assert {"status", "public_state"}.isdisjoint(wire(message(seen, number, event), SITE).json), event
    assert wire(message(seen, 9, "acknowledged"), SITE).json["status"] == "acknowledged"


@pytest.mark.parametrize(
    ("status", "public"),
    [
        *((status, "已受理") for status in (Status.OPEN, Status.ACKNOWLEDGED, Status.DISPATCHED)),
        *((status, "处理中") for status in (Status.ON_SITE, Status.IN_PROGRESS)),
        *((status, "已完成") for status in (Status.RESOLVED, Status.VERIFIED, Status.CLOSED)),
    ],
)
def test_a_resident_is_shown_three_states(ticket: Make, message: Make, status: Status, public: str) -> None:
    sent = wire(message(ticket(1, status=status), 1, "progress"), SITE).json
    assert sent["public_state"] == public
    assert sent["status"] == ("new" if status is Status.OPEN else str(status))


def test_what_else_the_desk_says_goes_through_unless_it_is_no_json_or_ours(ticket: Make, message: Make) -> None:
    event = message(ticket(1), 4, "overdue")
    said = {"limit": "on_site", "to": "project_manager", "notices": {"delay": "…"}, "chart": "<svg/>", "level": "green"}
    sent = wire(replace(event, body={**event.body, **said, "odd": {1: object()}}), SITE).json
    assert {name: sent[name] for name in ("limit", "to", "notices", "chart")} == {
        name: said[name] for name in ("limit", "to", "notices", "chart")
    }
    assert wire(replace(event, body={**event.body, "limit": "acknowledge"}), SITE).json["limit"] == "ack"
    assert sent["level"] == "yellow"
    assert "odd" not in sent
    assert "ticket" not in sent


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
