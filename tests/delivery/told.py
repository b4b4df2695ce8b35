"""Notices as the desk makes them, and who sends them."""

from typing import Any

from gateway.core.casework import Notice
from gateway.core.channel import Sender
from gateway.core.clock import ManualClock
from gateway.core.types import Level
from gateway.delivery.store import Changes
from tests.delivery.made import T0

SENDER = Sender("lakeside", "zh", "duty", ManualClock(T0))
TOKEN = "5a1f-the-robots-own-part"
SECRET = "SEC-the-signing-key"


def make_notice(number: int, level: Level = Level.YELLOW, channel: str = "duty", **other: Any) -> Notice:
    ticket = f"lakeside:P-{number}:pump-dry:20260315T080105.{number:03d}Z"
    fields: dict[str, Any] = {
        "key": f"{ticket}:created",
        "channel": channel,
        "ticket": ticket,
        "level": level,
        "title": f"{number}号泵 干转",
        "text": "停泵，检查进水阀\n电流 7.25 A",
        "created_at": T0 + number,
    }
    return Notice(**{**fields, **other})


def told(*notices: Notice) -> Changes:
    return Changes(notices=notices, saved_at=T0)
