"""Why a rule does what it does on a device, as the local pages tell it: its conditions part by part, and its ticket."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from gateway.core.plain import plain
from gateway.core.types import Ticket
from gateway.pipeline.engine import Engine
from gateway.tickets.desk import Desk
from rules.duration import DAY_S, time_of_day
from rules.rule import Rule
from rules.season import written
from rules.why import LevelNow, Part, Why, needs


def why(engines: Iterable[Engine], desk: Desk, rule: str, device: str) -> Mapping[str, Any] | None:
    """How a rule stands on a device; None if no such rule watches it. `time` is null before the first reading."""
    engine = next((each for each in engines if device in each.fleet.ids and rule in each.book.fingerprints), None)
    if engine is None:
        return None
    row = engine.fleet.ids.index(device)
    found, of = engine.book.explain(rule, row), desk.rules[rule]
    kind = of.kind or rule
    ticket = next((t for t in desk.open_tickets if (t.device, t.kind) == (device, kind)), None)
    resting = None if found is None or found.counts else _resting(of, row)
    return {
        "rule": rule,
        "device": device,
        "ticket": ticket and _ticket(ticket),
        "resting": resting,
        **_standing(found),
    }


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


def _resting(rule: Rule, row: int) -> dict[str, Any]:
    """Why a rule does not count on a device now: another one carries it, or its season is over or yet to come."""
    if rule.per == "site" and row > 0:
        return {"carried_by": "first"}
    season, ahead_s = rule.season, rule.ahead_s
    days = None if ahead_s is None else int(ahead_s // DAY_S)
    return {"from": season and written(season.first), "to": season and written(season.last), "ahead_days": days}


def _level(level: LevelNow) -> dict[str, Any]:
    hours = {"between": level.between and [*map(time_of_day, level.between)], "inside": level.inside}
    return {
        "level": level.level,
        **_condition(level.condition),
        "held_s": level.held_s,
        "for_s": level.for_s,
        **hours,
    }


def _condition(part: Part) -> dict[str, Any]:
    lacking = [{"part": plain(asdict(need.part)), "wanted": need.wanted} for need in needs(part)]
    return {"condition": plain(asdict(part)), "needs": lacking}


def _ticket(ticket: Ticket) -> dict[str, Any]:
    shown = ("id", "level", "status", "title", "fired_at", "cleared_at", "occurrences")
    return {name: getattr(ticket, name) for name in shown}
