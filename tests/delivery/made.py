"""Tickets, messages and ticks as the desk makes them."""

from dataclasses import fields, replace
from typing import Any

from gateway.core.casework import Callback, Complaint, Entry, Happening, Notice, Silence
from gateway.core.types import Closing, Level, Message, RuleState, Ticket, Verdict
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


def make_whole(number: int) -> Changes:
    """The changes of a tick with a row in every table, all of ticket `number`."""
    ticket = make_ticket(number, Level.RED if number % 5 == 0 else Level.YELLOW)
    at, name = ticket.detected_at, f"{number}"
    return Changes(
        tickets=(ticket,),
        messages=(make_message(ticket), make_message(ticket, 1, "occurred_again")),
        rule_states=(RuleState(ticket.rule, ticket.device, "f00d", {"since": at, "level": "yellow"}),),
        closings=(make_closing(number),),
        saved_at=at,
        entries=(Entry(ticket.id, 0, at, "created"), Entry(ticket.id, 1, at, "accepted", "李工", {"eta": 600})),
        notices=(Notice(ticket.id, "duty-group", ticket.id, ticket.level, ticket.title, "请停泵\n检查进水阀", at),),
        silences=(Silence(name, "李工", "保养", at, at + 3600.0, ticket.device),),
        heard=(Callback(name, ticket.id, Happening.ACCEPTED, at, "李工"),),
        complaints=(Complaint(name, ticket.device, at, "没有水", ticket.id, 60.0),),
    )
