"""How things look on a screen, whatever they are: colours, times, what stands beneath a line."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.text import Text

from gateway.cli.screen import word
from gateway.core.messages import Language, printable

Json = Mapping[str, Any]

INDENT = "  "
STYLES = {
    "ok": "green",
    "good": "green",
    "degraded": "yellow",
    "stale": "yellow",
    "bad": "red",
    "offline": "red",
    "stopped": "red",
    "unknown": "dim",
    "red": "bold red",
    "yellow": "yellow",
    "pending": "yellow",
    "parked": "red",
    "accepted": "green",
    "refused": "red",
    "met": "green",
    "late": "yellow",
    "missed": "bold red",
}
"""Colours of states, levels, deliveries and limits."""


def moment(time: float, zone: ZoneInfo) -> str:
    """A time of the site, as its own wall shows it."""
    return datetime.fromtimestamp(time, zone).strftime("%m-%d %H:%M:%S")


def coloured(family: str, name: str, language: Language) -> Text:
    """A word of the program in its colour."""
    return Text(word(family, name, language), style=STYLES.get(name, ""))


def beneath(text: str) -> Text:
    """A line that belongs to the one above."""
    return Text(INDENT * 2 + printable(text), style="dim")
