"""The letters that people get of a ticket: accepted, entrapment, progress, delay, review; a site may rewrite any."""

import math
from collections.abc import Mapping
from datetime import datetime, tzinfo
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Template

from gateway.core.document import Document
from gateway.core.messages import Language, printable, say
from gateway.core.types import Ticket
from gateway.core.wording import LANGUAGES, LETTERS, VARIABLES, LetterName, Wording, compiled, filled
from gateway.tickets import names
from gateway.tickets.explanation import Voice

_FOLDER = "templates"
_LONGEST_VALUE = 500
_MINUTE_S = 60.0


class Letters:
    """Writes letters by the site's own wording, and by the shipped one for what the site has not written."""

    def __init__(self, wording: Wording | None = None) -> None:
        """Take the site's wording, as `read_wording` found it."""
        self._letters = {**shipped(), **(wording.letters if wording else {})}

    def letter(
        self, name: LetterName, ticket: Ticket, site: str, language: Language, now: float, zone: tzinfo, **more: str
    ) -> str:
        """The letter in plain text; `more` are further variables, or others than the ticket gives.

        Raises TypeError for a variable that letters do not have.
        """
        if unknown := more.keys() - VARIABLES.keys():
            raise TypeError(f"letters have no variables {sorted(unknown)}")
        values = {**_variables(ticket, site, language, now, zone), **more}
        return filled(self._letters[name, language], {key: _one_line(value) for key, value in values.items()})


@cache
def shipped() -> Mapping[tuple[LetterName, Language], Template]:
    """The letters that come with the gateway. Raises ValueError if one of them is wrong."""
    letters = {}
    for name in LETTERS:
        for language in LANGUAGES:
            file = files("gateway.tickets").joinpath(_FOLDER, f"{name}.{language}.txt")
            letter, findings = compiled(Document(Path(file.name), file.read_text("utf-8")))
            if letter is None:
                raise ValueError("\n".join(finding.show() for finding in findings))
            letters[name, language] = letter
    return letters


def _variables(ticket: Ticket, site: str, language: Language, now: float, zone: tzinfo) -> dict[str, str]:
    """All variables of letters, as far as the ticket gives them; what is not known is empty."""
    voice = Voice(language, zone)
    eta = next((time for time in _promises(ticket) if time > now), math.nan)
    left = math.ceil((eta - now) / _MINUTE_S) if math.isfinite(eta) else None
    return {
        **dict.fromkeys(VARIABLES, ""),
        "site": site,
        "device": ticket.device,
        "location": names.place(ticket, language) or site,
        "level": names.level(ticket.level, language),
        "title": ticket.title,
        "advice": ticket.advice,
        "basis": ticket.basis,
        "facts": str(names.latest(ticket).get("text", "")),
        "ticket_no": ticket.id,
        "assignee": ticket.handler or say("letter_somebody", "the engineer on duty", {}, language),
        "eta": voice.wall(eta, now) if left is not None else "",
        "minutes_left": "" if left is None else str(left),
        "percent": "" if ticket.percent is None else f"{ticket.percent:.0f}",
        "missed": names.limit(ticket.overdue[-1], language) if ticket.overdue else "",
        "report_group": say("letter_group", "the residents' group", {}, language),
        "now": f"{datetime.fromtimestamp(now, zone):%H:%M}",
        "since": f"{datetime.fromtimestamp(ticket.fired_at, zone):%Y-%m-%d %H:%M}",
    }


def _promises(ticket: Ticket) -> list[float]:
    """Moments that may be promised: when the handler expects to be done, else when somebody must be there."""
    if ticket.expected_at is not None:
        return [ticket.expected_at]
    return [ticket.due["on_site"]] if "on_site" in ticket.due else []


def _one_line(value: str) -> str:
    """A value that people wrote elsewhere: it can be neither endless nor drive a terminal."""
    text = printable(" ".join(value.split()))
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"
