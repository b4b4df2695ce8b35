"""What robots and e-mails say of a ticket: short plain text that is enough to set out by."""

from collections.abc import Callable, Mapping

from gateway.core.messages import Language, printable, say
from gateway.core.types import Ticket, Verdict
from gateway.tickets import names
from gateway.tickets.explanation import Voice
from gateway.tickets.instruments import is_of_instrument

DEVICES_TOLD = 5
"""Members in words: the rest is counted."""

_LONGEST_LINE = 400
_LIMITS = ("acknowledge", "on_site", "plan", "feedback", "close", "report")
_COMMA = {"zh": "，", "en": ", "}
_COLON = {"zh": "：", "en": ": "}
_AND = {"zh": "、", "en": ", "}
_PARENTHESES = {"zh": ("（", "）"), "en": (" (", ")")}
_BRACKETS = {"zh": ("【", "】"), "en": ("[", "] ")}

Said = Mapping[str, object]


def headline(ticket: Ticket, language: Language) -> str:
    """Level, place and title in one line."""
    before, after = _BRACKETS[language]
    told = " ".join(part for part in (names.place(ticket, language), ticket.title) if part)
    return _line(f"{before}{names.level(ticket.level, language)}{after}{told}")


def notice(ticket: Ticket, event: str, said: Said, voice: Voice, site: str, now: float | None = None) -> str:
    """What happened to a ticket, for people; `said` is what its message says beside it, such as the missed limit.

    Without `now` it is as at the last moment that the ticket knows of.
    """
    at = last_moment(ticket) if now is None else now
    language = voice.language
    lines = [
        headline(ticket, language),
        _field("notice_event", "Event", _event(ticket, event, said, language), language),
        _field("notice_site", "Site", site, language),
        _facts(ticket, event, at, voice),
        _members(ticket, language),
        _due(ticket, event, said, at, voice),
        _field("notice_step", "Raised to", names.step(str(said.get("to") or ""), language), language),
        _handler(ticket, at, voice),
        _field("notice_advice", "Advice", ticket.advice if event not in _IS_OVER else "", language),
        _field("notice_text", "Said", str(said.get("text") or ""), language),
        _field("notice_ticket", "Ticket", ticket.id, language),
    ]
    return "\n".join(_line(line) for line in lines if line)


def last_moment(ticket: Ticket) -> float:
    """The last moment that a ticket knows of."""
    known = (ticket.detected_at, ticket.cleared_at, ticket.closed_at, *ticket.nodes.values())
    return max(time for time in known if time is not None)


_IS_OVER = {"restored", "condition_cleared", "verified", "closed"}

_EVENTS: Mapping[str, Callable[[Language], str]] = {
    "created": lambda to: say("notice_created", "new ticket", {}, to),
    "escalated": lambda to: say("notice_escalated", "yellow has become red", {}, to),
    "overdue": lambda to: say("notice_overdue", "a time limit was missed", {}, to),
    "reopened": lambda to: say("notice_reopened", "open again: the problem is not solved", {}, to),
    "members": lambda to: say("notice_members", "more problems of the same cause", {}, to),
    "restored": lambda to: say("notice_restored", "all devices are well again; the cause is still to be found", {}, to),
    "occurred_again": lambda to: say("notice_occurred_again", "there again", {}, to),
    "condition_cleared": lambda to: say("notice_cleared", "readings are normal; the ticket stays open", {}, to),
    "acknowledged": lambda to: say("notice_acknowledged", "somebody has seen it", {}, to),
    "closed": lambda to: say("notice_closed", "closed", {}, to),
    "verified": lambda to: say("notice_verified", "the readings confirm the work", {}, to),
}


def _event(ticket: Ticket, event: str, said: Said, language: Language) -> str:
    speak = _EVENTS.get(event)
    told = speak(language) if speak else event.replace("_", " ")
    if event == "overdue" and (limit := str(said.get("limit") or "")):
        context = {"limit": names.limit(limit, language)}
        told = say("notice_missed", "time limit missed: {limit}", context, language)
        if said.get("again"):
            told = say("notice_missed_still", "time limit still missed: {limit}", context, language)
    if event == "closed" and said.get("verdict") == Verdict.FALSE:
        told = say("notice_false", "closed: nothing was wrong", {}, language)
    if event == "closed" and said.get("verdict") == Verdict.NORMAL:
        told = say("notice_normal", "closed: this is normal from now on", {}, language)
    if ticket.occurrences > 1 and event not in _IS_OVER:
        times = say("notice_times", "{count} times so far", {"count": ticket.occurrences}, language)
        told = _COMMA[language].join([told, times])
    if by := str(said.get("by") or ""):
        told = _COMMA[language].join([told, by])
    return told


def _facts(ticket: Ticket, event: str, now: float, voice: Voice) -> str:
    """The values beside their limits; when it is over, from when to when it was so."""
    language = voice.language
    if event in _IS_OVER and ticket.cleared_at is not None:
        context = {"since": voice.wall(ticket.fired_at, now), "until": voice.wall(ticket.cleared_at, now)}
        lasted = say("notice_lasted", "{since} to {until}", context, language)
        return _field("notice_lasted_head", "Lasted", lasted, language)
    text = str(names.latest(ticket).get("text") or "")
    if not text:
        text = say("fact_since", "since {clock}", {"clock": voice.wall(ticket.fired_at, now)}, language)
    return _field("notice_facts", "Readings", text, language)


def _members(ticket: Ticket, language: Language) -> str:
    if not ticket.members:
        return ""
    if is_of_instrument(ticket):
        seen = [each.title for each in ticket.members if each.cleared_at is None]
        return _field("notice_rests", "Seen through that reading", _AND[language].join(seen), language)
    devices = list(dict.fromkeys(member.device for member in ticket.members))
    told = _AND[language].join(devices[:DEVICES_TOLD])
    if (more := len(devices) - DEVICES_TOLD) > 0:
        told = say("notice_more", "{devices} and {count} more", {"devices": told, "count": more}, language)
    suffering = sum(member.cleared_at is None for member in ticket.members)
    count = say(
        "notice_suffering", "{count}, of which {now} still", {"count": len(devices), "now": suffering}, language
    )
    before, after = _PARENTHESES[language]
    return _field("notice_devices", "Devices", f"{count}{before}{told}{after}", language)


def _due(ticket: Ticket, event: str, said: Said, now: float, voice: Voice) -> str:
    """The limits that are still ahead, and the one that this is about."""
    if event in _IS_OVER:
        return ""
    language, missed = voice.language, said.get("limit")
    shown = [
        f"{names.limit(name, language)} {voice.wall(ticket.due[name], now)}"
        for name in _LIMITS
        if name in ticket.due and (ticket.due[name] > now or name == missed)
    ]
    return _field("notice_due", "Due", _COMMA[language].join(shown), language)


def _handler(ticket: Ticket, now: float, voice: Voice) -> str:
    """Who works on it, how far that is, and until when."""
    language = voice.language
    parts = [ticket.handler]
    if ticket.percent is not None:
        parts.append(f"{ticket.percent:.0f}%")
    if ticket.expected_at is not None:
        context = {"clock": voice.wall(ticket.expected_at, now)}
        parts.append(say("notice_expected", "done by {clock}", context, language))
    return _field("notice_handler", "Handled by", _COMMA[language].join(part for part in parts if part), language)


def _field(kind: str, head: str, text: str, language: Language) -> str:
    """A head and what belongs to it; nothing if that is nothing."""
    return f"{say(kind, head, {}, language)}{_COLON[language]}{text}" if text else ""


def _line(text: str) -> str:
    shown = printable(" ".join(text.split()))
    return shown if len(shown) <= _LONGEST_LINE else shown[: _LONGEST_LINE - 1] + "…"
