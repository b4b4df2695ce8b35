"""docs/reference/dispatch-api.md and metrics.md: what leaves the gateway, with an example that its own code made."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from drivers.device import Device, Point, Profile
from gateway.cli.reference.markdown import code, page, table, words
from gateway.core.settings import BUILT_IN_POLICIES
from gateway.core.types import Message
from gateway.delivery.mapping import Request, SiteFacts, wire
from gateway.tickets.desk import Decision, Desk
from gateway.tickets.explanation import Voice, explained
from gateway.tickets.terms import Terms
from models.detector import Contribution, Explanation
from rules.rule import Rule, Transition

FIRED_AT = 1_773_561_665.21
_SITE = SiteFacts(gateway="lakeside", community="湖畔花园", zone=ZoneInfo("Asia/Shanghai"))
_RULE = {
    "id": "pump-dry-run",
    "class": "pump.dry_run",
    "red": {"when": "running and flow < 0.5", "for": "10s"},
    "title": {"zh": "{device} 水泵干转"},
    "advice": {"zh": "停泵，检查吸水池液位与底阀。"},
}


def dispatch_page() -> str:
    """The page."""
    created, cleared = example()
    order, event = wire(created, _SITE), wire(cleared, _SITE)
    meanings, why = words("wire"), _explanation()
    every_order, every_event = wire(_with_all(created), _SITE).json, wire(_with_all(cleared), _SITE).json
    return page(
        "Dispatch API",
        words("intros")["dispatch"],
        words("intros")["receiver"],
        f"## Work order\n\n`POST {order.path}` creates the ticket at the receiver.",
        _sent(order, created.key),
        _fields(every_order, meanings["work_order"]),
        words("intros")["explanation"],
        _block("json", json.dumps(why, ensure_ascii=False, indent=2)),
        _fields(why, meanings["explanation"]),
        words("intros")["event"],
        _sent(event, cleared.key),
        _fields({**every_event, **meanings["event"]}, {**meanings["work_order"], **meanings["event"]}),
        "### Events",
        table(("event", "meaning"), [(code(name), meaning) for name, meaning in meanings["events"].items()]),
        words("intros")["verdict"],
        words("intros")["answers"],
    )


def metrics_page() -> str:
    """The page."""
    rows = [(code(f"gateway_{name}"), meaning) for name, meaning in words("wire")["metrics"].items()]
    return page("Metrics", words("intros")["metrics"], table(("name", "meaning"), rows))


def example() -> Sequence[Message]:
    """The messages of a ticket that is raised and whose condition goes away, from the real desk."""
    rule = Rule.model_validate(_RULE)
    desk = Desk(Terms("lakeside", "zh", BUILT_IN_POLICIES), {rule.id: rule})
    location = {"building": "1", "room": "泵房"}
    pump = Device(id="P-1", profile="pump-set", on="pump-room", location=location)
    fired = Transition(FIRED_AT, rule.id, 0, "fired", "red", FIRED_AT - 10.0, {"running": 1.0, "flow": 0.0})
    raised = desk.receive(pump, fired, FIRED_AT + 0.4)
    gone = desk.receive(pump, replace(fired, time=FIRED_AT + 600.0, change="cleared"), FIRED_AT + 600.4)
    return _messages(raised, gone)


def _with_all(message: Message) -> Message:
    """The same message of a ticket that has everything a ticket can have."""
    later = FIRED_AT + 600.0
    member = {"ticket": "T", "device": "P-2", "kind": "pump.dry_run", "level": "red", "since": FIRED_AT}
    ticket = {
        **message.body["ticket"],
        "evidence": {**message.body["ticket"]["evidence"], "repeat": 3},
        "basis": "B",
        "guide": "G",
        "handler": "H",
        "expected_at": later,
        "percent": 40.0,
        "step": 1,
        "overdue": ["on_site"],
        "reopened": 1,
        "flapping": True,
        "nodes": {"accepted": later},
        "cause": "C",
        "members": [member],
        "evidence_refs": ["photo-1"],
        "cleared_at": later,
    }
    event = "created" if message.number == 0 else "escalated"
    return replace(message, event=event, body={**message.body, "ticket": ticket})


def _explanation() -> Mapping[str, Any]:
    """What a ticket says of a score of a pump with two points."""
    points = (
        Point(name="vibration", unit="mm/s", low=0.0, title={"zh": "振动", "en": "vibration"}),
        Point(name="bearing_temp", unit="°C", title={"zh": "轴承温度", "en": "bearing temperature"}),
    )
    voice = Voice("zh", _SITE.zone, {"pump": Profile(profile="pump", driver="modbus", points=points)})
    shaken = Contribution("vibration", 0.78, 2.31, 1.42, 1.05, 1.79)
    warm = Contribution("bearing_temp", 0.22, 48.2, 46.1, 43.6, 48.9)
    return explained(Explanation(0.968, FIRED_AT - 8220.0, (shaken, warm)), "pump", FIRED_AT, voice)


def _messages(*decisions: Decision) -> list[Message]:
    return [message for decision in decisions for message in decision.messages]


def _sent(request: Request, key: str) -> str:
    body = json.dumps(request.json, ensure_ascii=False, indent=2)
    return _block("http", f"{request.method} {request.path}\nIdempotency-Key: {key}\n\n{body}")


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


def _fields(body: Mapping[str, Any], meanings: Mapping[str, str]) -> str:
    return table(("field", "meaning"), [(code(name), meanings[name]) for name in body])
