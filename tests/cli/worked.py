"""Tickets that people work on, for tests of the commands: a common cause under way, its members, one held back."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.app.ticket_view import brief, listed, whole
from gateway.core.casework import Entry, Notice
from gateway.core.types import Hold, Level, Member, Status
from gateway.delivery.notices import Told
from gateway.delivery.records import Delivery, Outgoing
from tests.cli.shop import RED, T0, TERMS, YELLOW, message

MEMBERS = tuple(
    replace(RED, id=f"shop:EL-{n}:stopped:1", device=f"EL-{n}", kind="elevator.stopped", title=f"EL-{n} 停梯")
    for n in (1, 2)
)
HELD = replace(
    YELLOW, id="shop:P-3:noise:1", title="P-3 噪声", cleared_at=None, held=Hold.QUIET, held_until=T0 + 50_400.0
)
PARENT = replace(
    RED,
    id="shop:PM-1:common-cause:1",
    device="PM-1",
    title="PM-1 供电范围内 2 台设备同时异常",
    status=Status.IN_PROGRESS,
    nodes={"created": T0 + 1.0, "accepted": T0 + 60.0, "arrived": T0 + 300.0, "progress": T0 + 400.0},
    due={"acknowledge": T0 + 120.0, "on_site": T0 + 181.0, "close": T0 + 9000.0},
    overdue=("on_site",),
    step=1,
    handler="王工",
    percent=60.0,
    expected_at=T0 + 2000.0,
    cause="feeder:PM-1",
    members=tuple(
        Member(each.id, each.device, each.kind, each.level, each.fired_at, cleared)
        for each, cleared in zip(MEMBERS, (T0 + 350.0, None), strict=True)
    ),
    evidence_refs=("IMG-1201", "IMG-1202"),
    reopened=1,
)
FOLLOWED = tuple(replace(each, parent=PARENT.id) for each in MEMBERS)

_SAID: list[tuple[float, str, str, dict[str, Any]]] = [
    (1.0, "created", "", {"device": "PM-1"}),
    (60.0, "acknowledged", "王工", {"callback": "c-1"}),
    (181.0, "overdue", "", {"limit": "on_site", "to": "department_head"}),
    (300.0, "arrived", "王工", {"evidence": ["IMG-1201", "IMG-1202"]}),
    (390.0, "reopened", "li", {"why": "rejected", "text": "仍有异响", "to": "department_head"}),
    (400.0, "progress", "王工", {"percent": 60.0, "minutes_left": 30.0, "text": "更换\n开关"}),
    (500.0, "held", "", {"why": "quiet_hours", "until": T0 + 50_400.0}),
    (600.0, "closed", "li", {"verdict": "normal"}),
    (700.0, "survey", "", {"score": 75.0}),
]


def page() -> Mapping[str, Any]:
    """The page of the common cause, with everything on it."""
    entries = [Entry(PARENT.id, n, T0 + at, event, by, said) for n, (at, event, by, said) in enumerate(_SAID)]
    sent = Outgoing(message(PARENT, 0, "created"), "sent", 1, 0.0, None, "201 WO-000007", sent_at=T0 + 2.0)
    notice = Notice(PARENT.id, "duty-group", PARENT.id, Level.RED, "红色预警", "…", T0 + 1.0)
    told = [
        Told(notice, "sent", 1, 0.0, T0 + 1.5, "errcode 0"),
        Told(replace(notice, channel="mail"), "parked", 3, 0.0, None, "550 no"),
    ]
    return whole(PARENT, [sent], entries, told, TERMS, T0 + 700.0)


def rows() -> list[dict[str, Any]]:
    """The list: one parent with its members, one held back, and a member whose parent is not there."""
    alone = replace(FOLLOWED[0], id="shop:EL-9:stopped:1", title="EL-9 停梯", parent="shop:PM-2:common-cause:1")
    return [listed(each, Delivery(1, 0, 0), TERMS) for each in (PARENT, *FOLLOWED, HELD, alone)]


def open_tickets() -> list[dict[str, Any]]:
    """The same as the status shows them."""
    return [brief(each, TERMS) for each in (PARENT, *FOLLOWED, HELD)]
