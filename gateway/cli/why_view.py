"""How the answer to `gateway why` looks: lines of text, from what the local pages say as JSON."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from rich.cells import cell_len
from rich.text import Text

from gateway.cli.look import STYLES
from gateway.cli.look import moment as time_of
from gateway.cli.screen import word
from gateway.core.messages import Language, printable, say
from gateway.workbench.testing.moments import moment

Json = Mapping[str, Any]

_TRUTHS = {True: ("true", "green"), False: ("false", "yellow"), None: ("unknown", "dim")}
_WIDTH = 80
_BOUNDS: Mapping[str, tuple[str, str]] = {
    "<": ("why_below", "below {limit}"),
    "<=": ("why_at_most", "at most {limit}"),
    ">": ("why_above", "above {limit}"),
    ">=": ("why_at_least", "at least {limit}"),
    "==": ("why_equal", "{limit}"),
    "!=": ("why_other", "other than {limit}"),
}
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_NUMBER = re.compile(r"-?[\d.]+(?:[eE][+-]?\d+)?")


def why_lines(found: Json, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """The rule and the device, each level with its parts and what it lacks, what would clear it, the ticket."""
    firing = found["firing"]
    state = _say("why_firing", "firing {level}", language, level=word("level", firing, language)) if firing else ""
    state = state or _say("why_quiet", "not firing", language)
    time = time_of(found["time"], zone) if found["time"] else "–"
    words = {"rule": found["rule"], "device": found["device"], "state": state, "time": time}
    yield Text(_say("why_head", "{rule} on {device} at {time}: {state}", language, **words), style="bold")
    lacks = missing(found, language)
    for level in found["levels"]:
        yield Text()
        yield Text(_level(level, language), style=STYLES[level["level"]])
        yield from _parts(level["condition"], language)
        yield Text(f"  → {lacks[level['level']]}", style="bold")
    if found["clear"]:
        yield Text()
        yield Text(_say("why_clear", "clears when", language))
        yield from _parts(found["clear"]["condition"], language)
    if not found["levels"]:
        yield Text(_say("why_nothing_read", "nothing has been evaluated since the daemon started", language))
    yield Text()
    yield Text(_ticket(found, zone, language))


def missing(found: Json, language: Language) -> dict[str, str]:
    """For each level, in one sentence, what it lacks to fire."""
    levels = list(found["levels"])
    reached = [level["level"] for level in levels].index(found["firing"]) if found["firing"] else -1
    if found.get("resting"):
        return dict.fromkeys((level["level"] for level in levels), _resting(found["resting"], language))
    return {level["level"]: _lack(level, language, fires=i <= reached) for i, level in enumerate(levels)}


def _resting(why: Json, language: Language) -> str:
    if "carried_by" in why:
        return _say("why_carried", "only the first device of this type carries this rule", language)
    if why["ahead_days"]:
        english = "the rule counts only in the {days} days before {first}"
        return _say("why_ahead", english, language, days=why["ahead_days"], first=why["from"])
    english = "the rule counts only from {first} to {last}"
    return _say("why_season", english, language, first=why["from"], last=why["to"])


def _lack(level: Json, language: Language, *, fires: bool) -> str:
    if fires:
        return _say("why_fires", "nothing: it is firing", language)
    if level["needs"]:
        semicolon = say("semicolon", "; ", {}, language)
        return semicolon.join(_need(need["part"], language, wanted=need["wanted"]) for need in level["needs"])
    if not level["inside"]:
        hours = "-".join(level["between"])
        return _say("why_hours", "the condition is true, but counts only at {hours}", language, hours=hours)
    words = {"held": moment(round(level["held_s"])), "whole": moment(level["for_s"])}
    return _say("why_for", "the condition is true, and has held {held} of {whole}", language, **words)


def _need(part: Json, language: Language, *, wanted: bool) -> str:
    """What one part is, and what it must be."""
    if part["truth"] is None:
        return _unknown(part, language)
    compared = part["comparison"]
    if compared is None or compared["left_value"] is None or compared["right_value"] is None:
        now, then = (word("truth", "true" if truth else "false", language) for truth in (not wanted, wanted))
        english = "{text} is {now}, must be {then}"
        return _say("why_truth", english, language, text=part["text"], now=now, then=then)
    operator = compared["operator"] if wanted else _OPPOSITE[compared["operator"]]
    left, right = "left", "right"
    if _NUMBER.match(compared["left"]):
        left, right, operator = right, left, _MIRRORED[operator]
    limit = f"{compared[f'{right}_value']:.4g}"
    if not _NUMBER.match(compared[right]):
        limit = f"{limit} ({compared[right]})"
    words = {
        "text": compared[left],
        "now": f"{compared[f'{left}_value']:.4g} {compared['unit']}".rstrip(),
        "bound": say(*_BOUNDS[operator], {"limit": limit}, language),
    }
    return _say("why_bound", "{text} is {now}, must be {bound}", language, **words)


def _unknown(part: Json, language: Language) -> str:
    """Why it is not known: what is inside goes before what is computed from it."""
    blank = [seen for seen in part["seen"] if seen["value"] is None]
    reasons = [_reason(seen, language) for seen in blank if seen["kind"] != "function"]
    reasons = reasons or [_reason(seen, language) for seen in blank]
    if not reasons:
        return _say("why_no_result", "{text} is unknown: it cannot be computed", language, text=part["text"])
    comma = say("comma", ", ", {}, language)
    english = "{text} is unknown, because {reason}"
    return _say("why_unknown", english, language, text=part["text"], reason=comma.join(reasons))


def _reason(seen: Json, language: Language) -> str:
    words = {"text": seen["text"], "age": moment(round(seen["age_s"])) if seen["age_s"] is not None else ""}
    match seen["kind"]:
        case "point" if words["age"]:
            return _say("why_no_value", "{text} has had no value for {age}", language, **words)
        case "point":
            return _say("why_never_read", "{text} has never had a value", language, **words)
        case "rating":
            return _say("why_no_rating", "the device has no rating {text}", language, **words)
        case "score":
            return _say("why_no_score", "the detector has no {text} yet", language, **words)
    return _say("why_no_window", "too little is known for {text}", language, **words)


def _level(level: Json, language: Language) -> str:
    parts = [word("level", level["level"], language)]
    if level["for_s"]:
        parts.append(_say("why_must_hold", "for {time}", language, time=moment(level["for_s"])))
    if level["between"]:
        parts.append(_say("why_between", "at {hours}", language, hours="-".join(level["between"])))
    return say("comma", ", ", {}, language).join(parts)


def _parts(part: Json, language: Language, depth: int = 0) -> Iterator[Text]:
    """A line for each part, with what it names; on a line of its own where that would be too wide."""
    truth, style = _TRUTHS[part["truth"]]
    shown = Text(f"  {'  ' * depth}")
    said = word("truth", truth, language)
    shown.append(said, style)
    shown.append(" " * (_truth_width(language) - cell_len(said) + 2) + printable(part["text"]))
    values = ", ".join(_value(seen) for seen in part["seen"])
    if values and shown.cell_len + len(values) + 3 <= _WIDTH:
        yield Text.assemble(shown, ("   " + values, "dim"))
    else:
        yield shown
        if values:
            yield Text(f"    {'  ' * depth}{' ' * _truth_width(language)}{values}", style="dim")
    for inner in part["parts"]:
        yield from _parts(inner, language, depth + 1)


def _truth_width(language: Language) -> int:
    return max(cell_len(word("truth", truth, language)) for truth, _ in _TRUTHS.values())


def _value(seen: Json) -> str:
    value = "?" if seen["value"] is None else f"{seen['value']:.4g}"
    return printable(f"{seen['text']} = {value} {seen['unit']}".rstrip())


def _ticket(found: Json, zone: ZoneInfo, language: Language) -> str:
    ticket = found["ticket"]
    if ticket:
        words = {"id": ticket["id"], "time": time_of(ticket["fired_at"], zone), "title": ticket["title"]}
        return _say("why_ticket", "open ticket since {time}: {title} ({id})", language, **words)
    if found["firing"]:
        english = "no open ticket: a person closed it, and there is a new one when the rule fires again"
        return _say("why_closed", english, language)
    return _say("why_no_ticket", "no open ticket", language)


def _say(kind: str, english: str, language: Language, **words: object) -> str:
    return say(kind, english, words, language)
