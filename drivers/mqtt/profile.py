"""What a person writes about a device type that publishes, and about each such device."""

import json
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import InitErrorDetails, PydanticCustomError, ValidationError

from drivers.device import Device, Profile, Seconds, Written
from drivers.jsonpath import Path
from drivers.mqtt.topics import DEVICE, Topic, TopicPart, filled, topic_fault
from drivers.payload import JsonPoint
from drivers.stamps import StampUnit

Loc = tuple[str | int, ...]


def _as_payload(word: Any) -> Any:
    """YAML reads `true` and `1` as a boolean and a number; a payload is text."""
    return json.dumps(word) if isinstance(word, bool | int) else word


Word = Annotated[
    str, Field(min_length=1, max_length=256), BeforeValidator(_as_payload, json_schema_input_type=str | bool | int)
]


class MqttPoint(JsonPoint):
    """A point that is published.

    Where each point has a topic of its own, `topic` is its word there; in Sparkplug `metric` is its metric.
    """

    topic: TopicPart | None = None
    metric: Annotated[str, Field(min_length=1, max_length=200)] | None = None


class StampWindow(Written):
    """How far a device's own stamp may lie from the site's time; a 1970 stamp of a dead clock never counts."""

    past: Seconds = 600.0
    future: Seconds = 10.0


class Availability(Written):
    """Where a device says that it is there, and the broker, as its last will, that it is gone."""

    topic: Topic
    online: Word = "online"
    offline: Word = "offline"
    path: Path | None = None

    @model_validator(mode="after")
    def _words_differ(self) -> Self:
        if self.online == self.offline:
            text = "online and offline are both {word}"
            raise PydanticCustomError("same_availability", text, {"word": self.online})
        return self


class MqttProfile(Profile):
    """A device type that publishes: JSON with all points, one value a message, or Sparkplug B.

    A point that a message leaves out keeps its last value for `hold`, because collectors send status and counters at
    different paces; a point that a message gives as null is unknown at once.
    """

    driver: Literal["mqtt"] = "mqtt"
    points: Annotated[tuple[MqttPoint, ...], Field(min_length=1)]
    format: Literal["json", "scalar", "sparkplug"] = "json"
    topic: Topic | None = None
    availability: Availability | None = None
    stamp: Path | None = None
    stamp_unit: StampUnit = "auto"
    stamp_window: StampWindow = StampWindow()
    samples: Path | None = None
    hold: Seconds = 600.0

    @model_validator(mode="after")
    def _keys_agree(self) -> Self:
        if self.samples and not self.stamp and self.format == "json":
            raise PydanticCustomError(
                "samples_without_stamp", "several samples in one message need a stamp each; say where: stamp: ts"
            )
        found = [*_idle_keys(self), *_topic_faults(self)]
        if found:
            errors = [InitErrorDetails(type=problem, loc=loc, input=None) for loc, problem in found]
            raise ValidationError.from_exception_data("MqttProfile", errors)
        return self


class MqttDevice(Device):
    """A device that publishes. Several devices may share a topic; each takes the points of its profile.

    Its topic is that of its profile with `topic_id`, or else its id, for `{device}`; a topic of its own comes first.
    """

    topic: Topic | None = None
    topic_id: TopicPart | None = None

    @property
    def word(self) -> str:
        """What stands for `{device}` in a topic."""
        return self.topic_id or self.id


def topic_of(device: MqttDevice, profile: MqttProfile) -> str:
    """Where a device publishes; `{point}` is left in it where each point has a topic."""
    return filled(device.topic or profile.topic or "", device.word)


def disagreements(device: MqttDevice, profile: MqttProfile) -> Iterator[tuple[str, PydanticCustomError]]:
    """What is wrong with a device only in the light of its profile, and at which key."""
    template = device.topic or profile.topic
    if template is None:
        text = "the profile {profile} has no topic for all its devices, so each needs its own: topic"
        yield "profile", PydanticCustomError("no_topic", text, {"profile": profile.profile})
    elif device.topic and (problem := topic_fault(device.topic, profile.format, profile.points)):
        yield "topic", problem
    used = (template or DEVICE) + (profile.availability.topic if profile.availability else "")
    if device.topic_id is not None and DEVICE not in used:
        text = "topic_id stands for {placeholder}, which is in no topic of this device"
        yield "topic_id", PydanticCustomError("idle_topic_id", text, {"placeholder": DEVICE})


_IDLE = {
    "json": ((), ("topic", "metric")),
    "scalar": (("samples",), ("metric",)),
    "sparkplug": (("stamp", "stamp_unit", "samples", "availability"), ("topic", "path")),
}


def _idle_keys(profile: MqttProfile) -> Iterator[tuple[Loc, PydanticCustomError]]:
    """Keys that are written and mean nothing in this format."""
    where = f"format: {profile.format}"
    keys, point_keys = _IDLE[profile.format]
    for key in keys:
        if key in profile.model_fields_set:
            yield (key,), _no_effect(key, where)
    for i, point in enumerate(profile.points):
        for key in point_keys:
            if key in point.model_fields_set:
                yield ("points", i, key), _no_effect(key, where)
    if "stamp_unit" in profile.model_fields_set and profile.stamp is None and "stamp_unit" not in keys:
        yield ("stamp_unit",), PydanticCustomError("unit_without_stamp", "a unit needs a stamp; say where: stamp: ts")


def _topic_faults(profile: MqttProfile) -> Iterator[tuple[Loc, PydanticCustomError]]:
    written: list[tuple[Loc, Topic, str, int]] = []
    if profile.topic is not None:
        written.append((("topic",), profile.topic, profile.format, len(profile.points)))
    if profile.availability is not None:
        written.append((("availability", "topic"), profile.availability.topic, "json", 1))
    for loc, topic, layout, points in written:
        if DEVICE not in topic:
            context = {"placeholder": DEVICE}
            text = "{placeholder} is missing in the topic: all devices of the profile would be one"
            yield loc, PydanticCustomError("device_not_in_topic", text, context)
        elif problem := topic_fault(topic, layout, range(points)):
            yield loc, problem


def _no_effect(key: str, where: str) -> PydanticCustomError:
    return PydanticCustomError("key_without_effect", "{key} has no effect with {where}", {"key": key, "where": where})
