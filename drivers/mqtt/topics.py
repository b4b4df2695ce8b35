"""Topics as people write them: with `{device}` and `{point}` in the places that differ."""

import re
from collections.abc import Collection
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

DEVICE, POINT = "{device}", "{point}"
SPARKPLUG = "spBv1.0"

_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_LONGEST = 1024
_LEVELS = (2, 3)  # GROUP/NODE, and GROUP/NODE/DEVICE


def _checked_topic(topic: str) -> str:
    fault = None
    if any(sign in topic for sign in "+#"):
        fault = "a wildcard; a device has topics of its own"
    elif topic.startswith("$"):
        fault = "a leading $, which brokers keep for themselves"
    elif not topic.isprintable():
        fault = "a character that cannot be printed"
    elif not 1 <= len(topic.encode(errors="replace")) <= _LONGEST:
        fault = f"no length between 1 and {_LONGEST} bytes"
    elif any(sign in _PLACEHOLDER.sub("", topic) for sign in "{}"):
        fault = "a brace without its partner"
    if fault:
        shown = topic[:80].encode(errors="replace").decode()
        raise PydanticCustomError("bad_topic", "the topic {topic} has {fault}", {"topic": shown, "fault": fault})
    for placeholder in _PLACEHOLDER.findall(topic):
        if placeholder not in {DEVICE, POINT}:
            context = {"placeholder": placeholder, "known": f"{DEVICE}, {POINT}"}
            text = "{placeholder} cannot stand in a topic; {known} can"
            raise PydanticCustomError("unknown_placeholder", text, context)
    return topic


def _checked_part(part: str) -> str:
    if any(sign in part for sign in "{}"):
        raise PydanticCustomError("bad_topic", "the topic {topic} has {fault}", {"topic": part, "fault": "a brace"})
    return _checked_topic(part)


Topic = Annotated[str, AfterValidator(_checked_topic)]
"""A topic without wildcards, in which `{device}` and `{point}` may stand."""


TopicPart = Annotated[str, AfterValidator(_checked_part)]
"""What stands for a placeholder: text without wildcards and braces."""


def filled(topic: str, device: str) -> str:
    """The topic of one device; `{point}` is left in it."""
    return topic.replace(DEVICE, device)


def topic_fault(topic: str, layout: str, points: Collection[object]) -> PydanticCustomError | None:
    """What keeps a topic from serving messages of that layout, whoever wrote it: a profile or a device."""
    context = {"placeholder": POINT, "topic": topic}
    if layout == "scalar":
        if POINT not in topic and len(points) > 1:
            text = "messages of one value each need {placeholder} in the topic, for the profile has several points"
            return PydanticCustomError("point_not_in_topic", text, context)
    elif POINT in topic:
        text = "{placeholder} in the topic means a message for each point; that is format: scalar"
        return PydanticCustomError("point_in_topic", text, context)
    levels = topic.split("/")
    if layout == "sparkplug" and (levels[0] == SPARKPLUG or "" in levels or len(levels) not in _LEVELS):
        text = "{topic} is no Sparkplug address; write GROUP/NODE or GROUP/NODE/DEVICE"
        return PydanticCustomError("bad_sparkplug_topic", text, context)
    return None
