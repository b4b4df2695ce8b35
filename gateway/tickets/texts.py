"""What a ticket says to a person, in the language of the site."""

from collections.abc import Mapping
from datetime import UTC, datetime

from drivers.device import Device
from gateway.core.messages import Language
from gateway.core.types import Level
from rules.rule import Rule, Texts
from rules.texts import render

_LEVEL = {
    "zh": {Level.RED: "红色预警", Level.YELLOW: "黄色预警"},
    "en": {Level.RED: "Red alert", Level.YELLOW: "Yellow alert"},
}


def title(rule: Rule, device: Device, level: Level, values: Mapping[str, float], language: Language) -> str:
    """The rule's own title with its values filled in; without one, the level, the device and the rule's id."""
    template = _text(rule.title, language)
    if not template:
        return f"{_LEVEL[language][level]} {device.name or device.id} {rule.id}"
    return render(template, {**device.ratings, **values, "device": device.name or device.id})


def advice(rule: Rule, language: Language) -> str:
    """What the rule's author tells the person who goes there."""
    return _text(rule.advice, language)


def stamp(time: float) -> str:
    """A moment as it stands in a ticket's id: UTC, to the millisecond, in characters that are safe everywhere."""
    return datetime.fromtimestamp(time, UTC).strftime("%Y%m%dT%H%M%S.%f")[:-3] + "Z"


def _text(texts: Texts, language: Language) -> str:
    """In the language of the site, else in English, else as the author wrote it."""
    return texts.get(language) or texts.get("en") or next(iter(texts.values()), "")
