"""What a rule file may say: durations, hours, levels, fingerprints, remarks."""

from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from rules.duration import duration_s, hours_s, within_hours
from rules.lint.defaults import lint_rules
from rules.rule import Pack, Rule


def rule(**fields: Any) -> Rule:
    return Rule.model_validate({"id": "r", "yellow": {"when": "a > 1"}, **fields})


@pytest.mark.parametrize(
    ("text", "seconds"), [("500ms", 0.5), ("5s", 5), ("1.5h", 5400), ("2d", 172800), (" 1 w ", 604800), ("0s", 0)]
)
def test_durations(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize("text", [300, 1.5, True, None, "300", "5 min", "-5s", "５s", "", "s"])
def test_what_is_no_duration(text: Any) -> None:
    with pytest.raises(ValueError, match=r"duration|unit"):
        duration_s(text)


@pytest.mark.parametrize(
    "text", ["6:00-23:00", "06:00", "06:00-24:01", "06:60-07:00", "24:00-05:00", "05:00-05:00", 360]
)
def test_what_are_no_hours(text: Any) -> None:
    with pytest.raises(ValueError, match="time of day"):
        hours_s(text)


@pytest.mark.parametrize(
    ("hours", "inside"),
    [
        ("06:00-23:00", [6, 12, 22, 22.9]),
        ("22:00-05:00", [0, 4.9, 22, 22.9, 23, 23.9]),
        ("00:00-24:00", [0, 4.9, 5, 6, 12, 22, 22.9, 23, 23.9]),
    ],
)
def test_hours_include_their_start_and_not_their_end(hours: str, inside: list[float]) -> None:
    times = np.array([0, 4.9, 5, 6, 12, 22, 22.9, 23, 23.9])
    assert times[within_hours(hours_s(hours), times * 3600)].tolist() == inside


def test_a_rule_needs_a_level() -> None:
    with pytest.raises(ValidationError, match="neither yellow nor red"):
        Rule.model_validate({"id": "r", "clear": "a < 1"})


@pytest.mark.parametrize("key", ["basis", "guide"])
def test_one_text_alone_stands_for_every_language(key: str) -> None:
    assert getattr(rule(**{key: "https://example.org/g"}), key) == {
        "zh": "https://example.org/g",
        "en": "https://example.org/g",
    }
    assert getattr(rule(**{key: {"zh": "步骤"}}), key) == {"zh": "步骤"}
    with pytest.raises(ValidationError, match="dict"):
        rule(**{key: 7})


def test_what_is_told_changes_no_alert() -> None:
    assert rule(basis="a", guide="b", status="practice").fingerprint == rule().fingerprint


def test_a_status_is_one_of_four_words() -> None:
    assert rule(status="verified").status == "verified"
    assert rule().status is None
    with pytest.raises(ValidationError, match="'verified', 'unverified', 'practice' or 'learnt'"):
        rule(status="checked")


def test_unknown_keys_are_errors() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        rule(treshold=5)


def test_a_pack_gives_each_profile_its_rules() -> None:
    rules = [{"id": "own", "red": {"when": "a"}}, {"id": "other", "profile": "meter", "red": {"when": "a"}}]
    pack = Pack.model_validate({"profile": "pump", "rules": rules})
    assert [[*pack.rules_of(profile)] for profile in ("pump", "meter", "lift")] == [[0], [1], []]
    anywhere = Pack.model_validate({"profile": "*", "rules": rules})
    assert [[*anywhere.rules_of(profile)] for profile in ("pump", "meter")] == [[0], [0, 1]]


def test_the_fingerprint_follows_what_decides_and_nothing_else() -> None:
    same = rule(title={"en": "x"}, latch=True, policy="p", yellow={"when": " a  >\n1"})
    assert rule().fingerprint == same.fingerprint
    others = [
        rule(yellow={"when": "a > 2"}),
        rule(yellow={"when": "a > 1", "for": "1s"}),
        rule(yellow={"when": "a > 1", "between": "06:00-07:00"}),
        rule(red={"when": "a > 1"}),
        rule(clear="a < 1"),
        rule(keep="1s"),
        rule(**{"class": "supply"}),
    ]
    assert len({rule().fingerprint, *(other.fingerprint for other in others)}) == 8


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({}, []),
        ({"yellow": {"when": "a", "for": "0s"}}, ["written_default"]),
        ({"keep": "0s", "latch": False}, ["written_default", "written_default"]),
        ({"yellow": {"when": "a", "between": "00:00-24:00"}}, ["whole_day"]),
        ({"yellow": {"when": "a > 70"}, "red": {"when": "a > 80"}, "keep": "5m", "latch": True}, []),
    ],
)
def test_remarks_on_what_is_pointless(fields: dict[str, Any], kinds: list[str]) -> None:
    assert [remark["type"].type for remark in lint_rules([rule(**fields)])] == kinds  # type: ignore[union-attr]


def test_the_schema_for_editors_speaks_yaml() -> None:
    level = Pack.model_json_schema()["$defs"]["LevelCondition"]["properties"]
    assert {name: level[name].get("type") for name in ("when", "for")} == {"when": "string", "for": "string"}
