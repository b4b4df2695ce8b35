"""What a person can get wrong in a profile of devices that publish, and in such a device: one finding each."""

from typing import Any

import pytest
from pydantic import ValidationError

from drivers.mqtt import PLUGIN, MqttDevice, MqttProfile, topic_of

TWO = [{"name": "speed"}, {"name": "door"}]
WILL = {"topic": "el/{device}/status"}


def profile(**fields: Any) -> MqttProfile:
    return MqttProfile.model_validate({"profile": "elevator", "points": TWO, **fields})


def device(**fields: Any) -> MqttDevice:
    return MqttDevice.model_validate({"id": "EL-1", "profile": "elevator", "on": "broker", **fields})


FAULTS: dict[str, tuple[dict[str, Any], str, tuple[str | int, ...]]] = {
    "no device": ({"topic": "el/all"}, "device_not_in_topic", ("topic",)),
    "misspelt": ({"topic": "el/{devcie}"}, "unknown_placeholder", ("topic",)),
    "half a brace": ({"topic": "el/{device"}, "bad_topic", ("topic",)),
    "nested braces": ({"topic": "el/{{device}}"}, "bad_topic", ("topic",)),
    "wildcard": ({"topic": "el/+/{device}"}, "bad_topic", ("topic",)),
    "a point in json": ({"topic": "el/{device}/{point}"}, "point_in_topic", ("topic",)),
    "no point": ({"format": "scalar", "topic": "el/{device}"}, "point_not_in_topic", ("topic",)),
    "one level": ({"format": "sparkplug", "topic": "{device}"}, "bad_sparkplug_topic", ("topic",)),
    "whole topic": ({"format": "sparkplug", "topic": "spBv1.0/g/{device}"}, "bad_sparkplug_topic", ("topic",)),
    "empty level": ({"format": "sparkplug", "topic": "g//{device}"}, "bad_sparkplug_topic", ("topic",)),
    "too deep": ({"format": "sparkplug", "topic": "g/n/{device}/x"}, "bad_sparkplug_topic", ("topic",)),
    "unknown format": ({"format": "xml"}, "literal_error", ("format",)),
    "unknown unit": ({"stamp": "ts", "stamp_unit": "min"}, "literal_error", ("stamp_unit",)),
    "unit of nothing": ({"stamp_unit": "ms"}, "unit_without_stamp", ("stamp_unit",)),
    "stamp in sparkplug": ({"format": "sparkplug", "stamp": "ts"}, "key_without_effect", ("stamp",)),
    "unit in sparkplug": ({"format": "sparkplug", "stamp_unit": "ms"}, "key_without_effect", ("stamp_unit",)),
    "will in sparkplug": ({"format": "sparkplug", "availability": WILL}, "key_without_effect", ("availability",)),
    "samples of scalars": ({"format": "scalar", "samples": "data"}, "key_without_effect", ("samples",)),
    "metric in json": ({"points": [{"name": "a", "metric": "A"}]}, "key_without_effect", ("points", 0, "metric")),
    "topic in json": ({"points": [{"name": "a", "topic": "A"}]}, "key_without_effect", ("points", 0, "topic")),
    "path in sparkplug": (
        {"format": "sparkplug", "points": [{"name": "b"}, {"name": "a", "path": "x"}]},
        "key_without_effect",
        ("points", 1, "path"),
    ),
    "a wildcard for a point": (
        {"format": "scalar", "points": [{"name": "a", "topic": "#"}, {"name": "b"}]},
        "bad_topic",
        ("points", 0, "topic"),
    ),
    "one will for all": ({"availability": {"topic": "el/status"}}, "device_not_in_topic", ("availability", "topic")),
    "a will for a point": (
        {"availability": {"topic": "el/{device}/{point}"}},
        "point_in_topic",
        ("availability", "topic"),
    ),
    "the same word": ({"availability": {**WILL, "online": 1, "offline": "1"}}, "same_availability", ("availability",)),
    "no word": ({"availability": {**WILL, "online": ""}}, "string_too_short", ("availability", "online")),
}


@pytest.mark.parametrize(("fields", "kind", "loc"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_a_profile_is_one_finding(fields: dict[str, Any], kind: str, loc: tuple[str | int, ...]) -> None:
    with pytest.raises(ValidationError) as caught:
        profile(**fields)
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [(kind, loc)]


DISAGREE: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "no topic anywhere": ({}, {}, "profile", "no_topic"),
    "a point in json": ({"topic": "el/1/{point}"}, {}, "topic", "point_in_topic"),
    "no point": ({"topic": "el/1"}, {"format": "scalar"}, "topic", "point_not_in_topic"),
    "no address": ({"topic": "plc"}, {"format": "sparkplug", "topic": "g/{device}"}, "topic", "bad_sparkplug_topic"),
    "a word for nothing": ({"topic": "el/1", "topic_id": "x"}, {"topic": "{device}"}, "topic_id", "idle_topic_id"),
}


@pytest.mark.parametrize(("written", "fields", "key", "kind"), DISAGREE.values(), ids=DISAGREE)
def test_a_device_is_checked_against_its_profile(
    written: dict[str, Any], fields: dict[str, Any], key: str, kind: str
) -> None:
    found = list(PLUGIN.disagreements(device(**written), profile(**fields)))
    assert [(key, problem.type) for key, problem in found] == [(key, kind)]


AGREE: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "by id": ({}, {"topic": "el/{device}"}, "el/EL-1"),
    "by a word of its own": ({"topic_id": "b3/1"}, {"topic": "el/{device}"}, "el/b3/1"),
    "its own topic": ({"topic": "lift/1"}, {"topic": "el/{device}"}, "lift/1"),
    "its own template": ({"topic": "lift/{device}"}, {}, "lift/EL-1"),
    "a word for its will": ({"topic": "el/1", "topic_id": "x"}, {"availability": WILL}, "el/1"),
    "one value a message": ({}, {"format": "scalar", "topic": "el/{device}/{point}"}, "el/EL-1/{point}"),
    "one point only": ({}, {"format": "scalar", "topic": "t/{device}", "points": [{"name": "t"}]}, "t/EL-1"),
    "an edge node": ({}, {"format": "sparkplug", "topic": "site/{device}"}, "site/EL-1"),
    "a device on a node": ({"topic": "site/plc/{device}"}, {"format": "sparkplug"}, "site/plc/EL-1"),
}


@pytest.mark.parametrize(("written", "fields", "topic"), AGREE.values(), ids=AGREE)
def test_where_a_device_publishes(written: dict[str, Any], fields: dict[str, Any], topic: str) -> None:
    assert list(PLUGIN.disagreements(device(**written), profile(**fields))) == []
    assert topic_of(device(**written), profile(**fields)) == topic


@pytest.mark.parametrize("part", ["", "+", "a/#", "{device}", "a\n"])
def test_a_word_in_a_topic_is_plain(part: str) -> None:
    with pytest.raises(ValidationError) as caught:
        device(topic_id=part)
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [("bad_topic", ("topic_id",))]


def test_words_of_availability_are_payloads() -> None:
    said = profile(availability={**WILL, "online": True, "offline": 0}).availability
    assert said is not None
    assert (said.online, said.offline) == ("true", "0")
