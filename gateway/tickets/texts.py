"""What a ticket says to a person, in the language of the site."""

from collections.abc import Mapping
from datetime import UTC, datetime

from drivers.device import Device
from gateway.core.messages import Language
from gateway.core.types import Level, Ticket
from gateway.core.wording import LetterName
from gateway.tickets.explanation import Voice
from gateway.tickets.letters import Letters
from gateway.tickets.names import level, status
from gateway.tickets.notices import headline, last_moment, notice
from rules.rule import Rule, Texts
from rules.texts import render

__all__ = ["advice", "basis", "guide", "headline", "letter", "level", "notice", "stamp", "title"]

_SEMICOLON = {"zh": "；", "en": "; "}


def title(rule: Rule, device: Device, of: Level, fields: Mapping[str, float | str], language: Language) -> str:
    """The rule's own title with its fields filled in; without one, the level, the device and the rule's id."""
    template = _text(rule.title, language)
    if not template:
        return f"{level(of, language)} {device.name or device.id} {rule.id}"
    return render(template, {**device.ratings, **fields, "device": device.name or device.id})


def advice(rule: Rule, language: Language) -> str:
    """What the rule's author tells the person who goes there."""
    return _text(rule.advice, language)


def basis(rule: Rule, language: Language) -> str:
    """The standard or the reason that the limit comes from, and how far that is checked unless it says so itself."""
    reason = _text(rule.basis, language)
    checked = status(rule.status, language) if rule.status else ""
    return reason if checked in reason else _SEMICOLON[language].join(filter(None, [reason, checked]))


def guide(rule: Rule, language: Language) -> str:
    """How to work on it: tools, steps, safety; or where that is written."""
    return _text(rule.guide, language).strip()


def letter(
    name: LetterName,
    ticket: Ticket,
    voice: Voice,
    site: str,
    now: float | None = None,
    letters: Letters | None = None,
    **more: str,
) -> str:
    """A letter as the site speaks; without `now` as at the last moment that the ticket knows of."""
    at = last_moment(ticket) if now is None else now
    return (letters or Letters()).letter(name, ticket, site, voice.language, at, voice.zone, **more)


def stamp(time: float) -> str:
    """A moment as it stands in a ticket's id: UTC, to the millisecond, in characters that are safe everywhere."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"


def _text(texts: Texts, language: Language) -> str:
    """In the language of the site, else in English, else as the author wrote it."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
