"""Tickets, messages and ticks as the desk makes them."""

from dataclasses import fields, replace
from typing import Any

from gateway.core.types import Closing, Level, Message, Ticket, Verdict
from gateway.delivery.records import Changes

T0 = 1_773_532_865.0


def make_ticket(number: int, level: Level = Level.YELLOW, **other: Any) -> Ticket:
    ticket = Ticket(
        id=f"lakeside:P-{number}:pump-dry:20260315T080105.{number:03d}Z",
        site="lakeside",
        device=f"P-{number}",
        rule="pump-dry",
        kind="pump.dry_run",
        level=level,
        policy="standard",
        title=f"{number}号泵 干转",
        advice="停泵，检查进水阀",
        fired_at=T0 + number,
        detected_at=T0 + number + 0.5,
        location={"building": "B1", "room": "泵房"},
        due={"acknowledge": T0 + 600, "on_site": T0 + 1800},
        evidence={"flow": 0.0, "current": 7.25},
    )
    return replace(ticket, **other)


def make_message(ticket: Ticket, number: int = 0, event: str = "created") -> Message:
    plain = {field.name: getattr(ticket, field.name) for field in fields(ticket)}
    key = ticket.id if number == 0 else f"{ticket.id}:{number}"
    body = {"event": event, "ticket": plain}
    return Message(key, ticket.id, number, event, ticket.level, body, ticket.detected_at + number)


def make_opened(number: int, level: Level = Level.YELLOW) -> Changes:
    ticket = make_ticket(number, level)
    return Changes(tickets=(ticket,), messages=(make_message(ticket),), saved_at=ticket.detected_at)


def make_closing(number: int, verdict: Verdict = Verdict.DONE, **other: Any) -> Closing:
    ticket = make_ticket(number)
    fields = (ticket.id, ticket.rule, ticket.device, ticket.kind, ticket.fired_at, T0 + 100.0 * number, verdict, "李工")
    return replace(Closing(*fields), **other)
