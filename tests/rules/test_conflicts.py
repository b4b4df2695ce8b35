"""What rules cannot mean: each kind of conflict at its place, and rules that must be left alone."""

from typing import Any

import numpy as np
import pytest
from pydantic_core import PydanticCustomError

from rules.language.functions import CALLED, WORDS
from rules.lint.conflicts import MAX_RATINGS, Conflict, conflicts
from rules.lint.pace import pace_problems
from rules.plan import plan_rules
from rules.rule import Rule
from rules.vocabulary import Vocabulary
from tests.rules.wall import UTC

RATINGS = {"rated_power": np.array([7.5, 15.0]), "set_pressure": np.array([0.45, 0.6]), "odd": np.array([np.nan, 3.0])}
UNITS = {"flow": "m³/h", "pressure": "MPa", "suction": "MPa", "temp": "°C"}
RANGES = {"running": (0.0, 1.0), "flow": (0.0, 1000.0), "pressure": (0.0, 1.6), "temp": (-40.0, 200.0)}
PUMP = Vocabulary(
    ("running", "flow", "pressure", "suction", "temp", "mode"), UNITS, RATINGS, ("usual",), 2, UTC, RANGES
)


def found(vocabulary: Vocabulary = PUMP, **fields: Any) -> list[Conflict]:
    rule = Rule.model_validate({"id": "r", **fields})
    assert not plan_rules([rule], vocabulary, {})[1]
    return conflicts({7: rule}, vocabulary)


def told(conflict: Conflict) -> str:
    """Place, kind and the words under the caret."""
    problem, (number, *place) = conflict.details["type"], conflict.details["loc"]
    assert isinstance(problem, PydanticCustomError)
    assert number == 7
    context = problem.context or {}
    text = str(conflict.details["input"])
    start, end = context.get("span", (0, 0))
    assert "{" not in problem.message()
    return " ".join([".".join(map(str, place)), problem.type, f"[{text[start:end]}]" if end else ""]).strip()


def level(when: str, **fields: str) -> dict[str, str]:
    return {"when": when, **fields}


@pytest.mark.parametrize(
    ("when", "said", "severe"),
    [
        ("flow > 5 and flow < 1", "never_true [flow > 5 and flow < 1]", True),
        ("running and (flow > 5 and flow < 1)", "never_true [flow > 5 and flow < 1]", True),
        ("running and flow > 5 and flow < 1", "never_true [running and flow > 5 and flow < 1]", True),
        ("70 < temp < 60", "never_true [70 < temp < 60]", True),
        ("temp > 70 and running or flow < 1 and flow > 5", "never_true [flow < 1 and flow > 5]", False),
        ("not (flow > 1) and not (flow <= 1)", "never_true [not (flow > 1) and not (flow <= 1)]", True),
        ("missing(flow) and flow < 1", "never_true [missing(flow) and flow < 1]", True),
        ("offline and spread(flow, mode) < 1", "never_true [offline and spread(flow, mode) < 1]", True),
        ("pressure > suction and suction > 2", "never_true [pressure > suction and suction > 2]", False),
        ("age(flow) > 5m and age(flow) < 200", "never_true [age(flow) > 5m and age(flow) < 200]", True),
        ("pressure < 0.1 * set_pressure and pressure > 0.07", "never_true [", False),
        ("held(flow > 20, 1h) > 1.5", "beyond_range [held(flow > 20, 1h) > 1.5]", True),
        ("score.usual > 1", "beyond_range [score.usual > 1]", True),
        ("health.usual > 100", "beyond_range [health.usual > 100]", True),
        ("running and health.usual >= 0", "within_range [health.usual >= 0]", False),
        ("health.usual < 30 and health.usual > 60", "never_true [health.usual < 30 and health.usual > 60]", True),
        ("weekday > 7", "beyond_range [weekday > 7]", True),
        ("std(flow, 1h) < 0", "beyond_range [std(flow, 1h) < 0]", True),
        ("flow > 2000", "beyond_range [flow > 2000]", False),
        ("running and avg(temp, 5m) > 300", "beyond_range [avg(temp, 5m) > 300]", False),
        ("held(flow > 2000, 1h) > 0.5", "beyond_range [flow > 2000]", False),
        ("abs(delta(temp, 1h)) > 300", "beyond_range [abs(delta(temp, 1h)) > 300]", False),
        ("running and flow >= 0", "within_range [flow >= 0]", False),
        ("flow < 5 or flow > 3", "always_true [flow < 5 or flow > 3]", False),
        ("running and 5 > 3", "always_true [5 > 3]", False),
    ],
)
def test_parts_that_need_not_be_asked(when: str, said: str, severe: bool) -> None:  # noqa: FBT001
    (conflict,) = found(yellow=level(when))
    assert told(conflict).startswith(f"yellow.when {said}")
    assert conflict.severe is severe


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"yellow": level("temp > 70", **{"for": "5m"}), "red": level("temp > 70")}, ["yellow level_never_seen"]),
        ({"yellow": level("flow > 5 and running"), "red": level("running")}, ["yellow level_never_seen"]),
        ({"yellow": level("flow > 5", between="06:00-07:00"), "red": level("flow > 5")}, ["yellow level_never_seen"]),
        ({"yellow": level("temp > 70"), "red": level("temp > 60", **{"for": "5m"})}, ["red.when levels_swapped"]),
        ({"yellow": level("flow < 1"), "red": level("flow < 2")}, ["red.when levels_swapped"]),
        ({"yellow": level("temp > 70"), "red": level("temp < 80")}, ["red.when always_a_level"]),
        ({"yellow": level("70 < temp <= 80"), "red": level("temp > 80")}, ["red.when red_without_yellow"]),
        ({"yellow": level("temp > 70"), "clear": "temp < 75"}, ["clear clear_overlaps"]),
        ({"yellow": level("temp > 70"), "clear": "temp > 65"}, ["clear clears_at_once"]),
        ({"red": level("temp > 70 and running"), "clear": "running"}, ["clear clears_at_once"]),
        ({"yellow": level("temp > 70"), "clear": "not temp > 70"}, ["clear clear_is_default"]),
        ({"yellow": level("temp > 70"), "clear": "temp < -50"}, ["clear beyond_range [temp < -50]"]),
        (
            {"yellow": level("temp > 70"), "clear": "temp < 5 and temp > 9"},
            ["clear never_true [temp < 5 and temp > 9]"],
        ),
        ({"yellow": level("flow > 5", between="06:00-07:00", **{"for": "1h"})}, ["yellow.for for_beyond_hours"]),
        ({"yellow": level("flow > 5 and hour >= 22", **{"for": "3h"})}, ["yellow.for for_beyond_hours"]),
        ({"yellow": level("flow > 5 and hour > 20", between="06:00-20:00")}, ["yellow.between never_in_hours"]),
    ],
)
def test_levels_and_clear(fields: dict[str, Any], said: list[str]) -> None:
    assert [told(conflict) for conflict in found(**fields)] == said


@pytest.mark.parametrize(
    "fields",
    [
        {
            "yellow": level("temp > 70", **{"for": "10m"}),
            "red": level("temp > 80", **{"for": "5m"}),
            "clear": "temp < 65",
        },
        {"yellow": level("temp > 70"), "red": level("temp > 70", **{"for": "1h"})},
        {"yellow": level("flow > 5"), "red": level("flow > 5", between="06:00-07:00")},
        {"yellow": level("flow > 5", between="22:00-06:00", **{"for": "7h"})},
        {"yellow": level("flow > 5 and (hour >= 22 or hour < 6)", **{"for": "7h"})},
        {"yellow": level("running and temp > 70"), "clear": "not running or temp < 65"},
        {"yellow": level("held(flow > 55, 1h) > 0.05"), "clear": "flow < 50"},
        {"yellow": level("pressure < 0.2"), "red": level("suction > 1.5")},
        {"yellow": level("missing(mode) or mode != 1")},
        {"yellow": level("rated_power > 200 and flow > 5")},
        {"yellow": level("flow > 200 * rated_power * odd")},
        {"yellow": level("flow > 60 * rated_power")},
        {
            "yellow": level(
                "not (usual(flow) > 900) and flow * pressure > 5 and flow / pressure > 3 and clip(flow, 0, 9) > 5"
            )
        },
        {
            "yellow": level(
                "spread(flow, mode) / mean(flow, mode) > 0.02 and rate(flow, 1m) < -5 and rises(running, 1h) > 9"
            )
        },
    ],
)
def test_what_makes_sense_is_left_alone(fields: dict[str, Any]) -> None:
    assert [told(conflict) for conflict in found(**fields)] == []


EXAMPLES = [entry.example for table in (*CALLED, WORDS) for entry in table.values()]


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_reference_are_left_alone(example: str) -> None:
    units = {"flow": "m³/h", "pressure": "MPa", "suction_pressure": "MPa", "bearing_temp": "°C", "ambient_temp": "°C"}
    words = Vocabulary(
        ("running", "speed_hz", "power", "vibration", *units),
        {**units, "speed_hz": "Hz", "power": "kW", "vibration": "mm/s"},
        {name: np.array([value]) for name, value in (("rated_power", 7.5), ("set_pressure", 0.45))},
        ("usual",),
        1,
        UTC,
        {"running": (0.0, 1.0), "speed_hz": (0.0, 60.0), "flow": (0.0, 1000.0), "power": (0.0, 400.0)},
    )
    rule = Rule.model_validate({"id": "r", "yellow": {"when": example}})
    assert conflicts({0: rule}, words) == []


def test_a_finding_holds_for_all_devices() -> None:
    assert found(yellow=level("flow > 100 * rated_power")) == []
    (conflict,) = found(yellow=level("flow > 200 * rated_power"))
    assert told(conflict) == "yellow.when beyond_range [flow > 200 * rated_power]"
    assert not conflict.severe


def test_many_ratings_are_left_out() -> None:
    many = Vocabulary(("flow",), {}, {"size": np.arange(1.0, MAX_RATINGS + 2)}, (), MAX_RATINGS + 1, UTC, RANGES)
    assert found(many, yellow=level("flow > 2000 * size")) == []
    assert [told(each) for each in found(many, yellow=level("flow > 5 * size and flow < 5 * size"))]


def test_what_would_be_right_is_said() -> None:
    (conflict,) = found(yellow=level("flow > 5 and flow < 1"))
    assert (conflict.details["type"].context or {})["hint"] == "or"  # type: ignore[union-attr]
    (conflict,) = found(yellow=level("temp > 70"), clear="temp < 75")
    assert "temp 72" in conflict.details["type"].message()  # type: ignore[union-attr]


def test_a_condition_too_large_to_reason_about_says_nothing() -> None:
    large = " and ".join(f"(avg(flow, {i}m) > 5 or avg(suction, {i}m) > 1)" for i in range(1, 10))
    assert found(yellow=level(large)) == []


@pytest.mark.parametrize(
    ("fields", "kinds"),
    [
        ({"yellow": level("flow > 5", **{"for": "4s"})}, [("yellow", "for")]),
        ({"yellow": level("flow > 5", **{"for": "5s"})}, []),
        ({"yellow": level("flow > 5")}, []),
        (
            {"yellow": level("avg(flow, 2s) > 5"), "clear": "avg(flow, 5s) < 1 and min(flow, 1s) < 2"},
            [("yellow", "when"), ("clear",)],
        ),
    ],
)
def test_what_is_shorter_than_the_time_between_readings(fields: dict[str, Any], kinds: list[tuple[str, ...]]) -> None:
    rule = Rule.model_validate({"id": "r", **fields})
    remarks = pace_problems({3: rule}, PUMP, period_s=5.0, tick_s=1.0)
    assert [remark["loc"] for remark in remarks] == [(3, *place) for place in kinds]


def test_the_vocabulary_may_know_no_ranges() -> None:
    plain = Vocabulary(("flow",), {}, {}, (), 1, UTC)
    assert found(plain, yellow=level("flow > 1e9 and -flow < 5")) == []
