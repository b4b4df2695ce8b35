"""Why a rule does what it does on a device, as the local pages tell it: its conditions part by part, and its ticket."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from gateway.core.types import Ticket
from gateway.pipeline.engine import Engine
from gateway.tickets.desk import Desk
from rules.why import LevelNow, Part, Why, needs


def why(engines: Iterable[Engine], desk: Desk, rule: str, device: str) -> Mapping[str, Any] | None:
    """How a rule stands on a device; None if no such rule watches it. `time` is null before the first reading."""
    engine = next((each for each in engines if device in each.fleet.ids and rule in each.book.fingerprints), None)
    if engine is None:
        return None
    found = engine.book.explain(rule, engine.fleet.ids.index(device))
    kind = desk.rules[rule].kind or rule
    ticket = next((t for t in desk.open_tickets if (t.device, t.kind) == (device, kind)), None)
    return {"rule": rule, "device": device, "ticket": ticket and _ticket(ticket), **_standing(found)}


def _standing(found: Why | None) -> dict[str, Any]:
    if found is None:
        return {"time": None, "firing": None, "levels": [], "clear": None}
    clear = None
    if found.clear is not None:
        clear = {**_condition(found.clear), "held_s": found.clear_held_s, "for_s": found.keep_s}
    return {
        "time": found.time,
        "firing": found.firing,
        "levels": [_level(level) for level in found.levels],
        "clear": clear,
    }


def _level(level: LevelNow) -> dict[str, Any]:
    hours = {"between": level.between and [_time_of_day(at) for at in level.between], "inside": level.inside}
    return {
        "level": level.level,
        **_condition(level.condition),
        "held_s": level.held_s,
        "for_s": level.for_s,
        **hours,
    }


def _condition(part: Part) -> dict[str, Any]:
    lacking = [{"part": _plain(asdict(need.part)), "wanted": need.wanted} for need in needs(part)]
    return {"condition": _plain(asdict(part)), "needs": lacking}


def _ticket(ticket: Ticket) -> dict[str, Any]:
    shown = ("id", "level", "status", "title", "fired_at", "cleared_at", "occurrences")
    return {name: getattr(ticket, name) for name in shown}


def _time_of_day(seconds: float) -> str:
    return f"{int(seconds // 3600):02}:{int(seconds % 3600 // 60):02}"


def _plain(value: Any) -> Any:
    """JSON has no NaN and no infinity: what is unknown becomes null, and an age that never began too."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
