"""What things of a ticket are called: levels, limits, places."""

import re
from collections.abc import Mapping
from typing import Any

from gateway.core.messages import Language, say
from gateway.core.types import Level, Ticket
from rules.rule import Status

_NUMBER = re.compile(r"[A-Za-z]?-?\d+[A-Za-z]?", re.ASCII)


def level(of: Level, language: Language) -> str:
    """A level in words."""
    if of is Level.RED:
        return say("alert_red", "Red alert", {}, language)
    return say("alert_yellow", "Yellow alert", {}, language)


def limit(name: str, language: Language) -> str:
    """A time limit in words; one that nobody has translated as it is written."""
    return {
        "acknowledge": say("limit_acknowledge", "acknowledge", {}, language),
        "on_site": say("limit_on_site", "on site", {}, language),
        "plan": say("limit_plan", "plan", {}, language),
        "feedback": say("limit_feedback", "feedback", {}, language),
        "close": say("limit_close", "close", {}, language),
        "report": say("limit_report", "report", {}, language),
    }.get(name, name)


def step(name: str, language: Language) -> str:
    """A step of the ladder in words; one that the site has invented as it is written."""
    return {
        "butler": say("step_butler", "butler", {}, language),
        "department_head": say("step_department_head", "department head", {}, language),
        "project_manager": say("step_project_manager", "project manager", {}, language),
        "regional_director": say("step_regional_director", "regional director", {}, language),
    }.get(name, name)


def status(of: Status, language: Language) -> str:
    """How far the figure behind a rule is checked, in words."""
    return {
        "verified": say("basis_verified", "read in the text", {}, language),
        "unverified": say("basis_unverified", "to be checked against the text", {}, language),
        "practice": say("basis_practice", "practice", {}, language),
        "learnt": say("basis_learnt", "learnt", {}, language),
    }[of]


def place(ticket: Ticket, language: Language) -> str:
    """Where it is, in the order in which the site says it; a number alone is told what it numbers."""
    return " ".join(_part(key, value, language) for key, value in ticket.location.items() if value)


def _part(key: str, value: str, language: Language) -> str:
    if not _NUMBER.fullmatch(value):
        return value
    number = {"number": value}
    return {
        "building": say("place_building", "building {number}", number, language),
        "unit": say("place_unit", "unit {number}", number, language),
        "floor": say("place_floor", "floor {number}", number, language),
    }.get(key, value)


def latest(ticket: Ticket) -> Mapping[str, Any]:
    """The evidence that holds now: of the escalation, if there was one."""
    escalated = ticket.evidence.get("escalated")
    return escalated if isinstance(escalated, Mapping) and escalated else ticket.evidence
