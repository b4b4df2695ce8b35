"""What the evidence says of the limits: which one, what stood beside it, since when, and why it is one."""

import json
from math import isfinite, nan
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from drivers.device import Point, Profile
from gateway.tickets.evidence import evidence_of
from gateway.tickets.explanation import Voice
from gateway.tickets.facts import facts_of
from rules.rule import Rule, Transition

PROFILE = Profile(
    profile="pump",
    driver="modbus",
    points=(
        Point(name="bearing_temp", unit="°C", title={"zh": "轴承温度", "en": "bearing temperature"}),
        Point(name="pressure", unit="MPa", title={"zh": "压力", "en": "pressure"}),
        Point(name="u_a", unit="V"),
        Point(name="u_b", unit="V"),
        Point(name="running"),
    ),
)
SHANGHAI = ZoneInfo("Asia/Shanghai")
T0 = 1_773_561_600.0  # 2026-03-15 16:00 in Shanghai
SINCE = T0 - 7080.0  # 14:02
EN, ZH = Voice("en", SHANGHAI, {"pump": PROFILE}), Voice("zh", SHANGHAI, {"pump": PROFILE})
BASIS = {"zh": "GB 50275", "en": "GB 50275 practice"}


def seen(when: str, values: dict[str, float], voice: Voice = EN, since: float = SINCE, **more: Any) -> dict[str, Any]:
    rule = Rule.model_validate({"id": "r", "red": {"when": when, "for": "5m"}, **more})
    transition = Transition(T0, "r", 0, "fired", "red", since, values)
    return evidence_of(transition, {}, "pump", voice, rule, {"rated_power": 7.5, "set_pressure": 0.45})


def test_the_whole_of_it_for_programs() -> None:
    evidence = seen("bearing_temp > 80 °C\n and running", {"bearing_temp": 82.31, "running": 1.0}, basis=BASIS)
    assert evidence == {
        "since": SINCE,
        "values": {"bearing_temp": 82.31, "running": 1.0},
        "text": "bearing temperature 82.3 °C, limit 80 °C, since 14:02 (basis: GB 50275 practice)",
        "condition": "bearing_temp > 80 °C and running",
        "for": 300.0,
        "limits": [
            {
                "quantity": "bearing_temp",
                "point": "bearing_temp",
                "unit": "°C",
                "direction": "above",
                "limit": 80.0,
                "value": 82.31,
            }
        ],
        "basis": "GB 50275 practice",
    }


@pytest.mark.parametrize(
    ("when", "values", "en", "zh"),
    [
        (
            "bearing_temp > 80",
            {"bearing_temp": 82.31},
            "bearing temperature 82.3 °C, limit 80 °C, since 14:02",
            "轴承温度 82.3 °C，限值 80 °C，自 14:02 起",
        ),
        (
            "pressure < 0.2 * set_pressure",
            {"pressure": 0.02},
            "pressure 0.02 MPa, lower limit 0.09 MPa, since 14:02",
            "压力 0.02 MPa，下限 0.09 MPa，自 14:02 起",
        ),
        (
            "running and pressure < 0.09 and bearing_temp >= 60",
            {"pressure": 0.02, "bearing_temp": 61.0},
            "pressure 0.02 MPa, below 0.09 MPa; bearing temperature 61.0 °C, above 60 °C, since 14:02",
            "压力 0.02 MPa，低于 0.09 MPa；轴承温度 61.0 °C，高于 60 °C，自 14:02 起",
        ),
        (
            "min(u_a, u_b) < 204.6 or max(u_a, u_b) > 235.4",
            {"u_a": 203.1, "u_b": 221.0},
            "min(u_a, u_b) 203.1 V, below 204.6 V, since 14:02",
            "min(u_a, u_b) 203.1 V，低于 204.6 V，自 14:02 起",
        ),
        (
            "avg(bearing_temp, 5m) > 80",
            {"bearing_temp": 79.2},
            "bearing temperature 79.2 °C, avg(bearing_temp, 5m) above 80 °C, since 14:02",
            "轴承温度 79.2 °C，avg(bearing_temp, 5m) 高于 80 °C，自 14:02 起",
        ),
        (
            "held(bearing_temp > 80 and pressure < 1, 1h) > 0.05",
            {"bearing_temp": 82.0, "pressure": 0.4},
            "held(bearing_temp > 80 and pressure < 1, 1h) above 0.05, since 14:02",
            "held(bearing_temp > 80 and pressure < 1, 1h) 高于 0.05，自 14:02 起",
        ),
        (
            "eta(bearing_temp, 80, 7d) < 36h",
            {"bearing_temp": 70.0},
            "eta(bearing_temp, 80, 7d) below 36h, since 14:02",
            "eta(bearing_temp, 80, 7d) 低于 36h，自 14:02 起",
        ),
        (
            "score.usual > 0.55",
            {"score.usual": 0.61},
            "score usual 0.61, limit 0.55, since 14:02",
            "评分 usual 0.61，限值 0.55，自 14:02 起",
        ),
        (
            "health.usual < 60",
            {"health.usual": 41.0},
            "health usual 41, lower limit 60, since 14:02",
            "健康度 usual 41，下限 60，自 14:02 起",
        ),
        (
            "others.usual > 0.45",
            {"others.usual": 0.52},
            "score usual without its foremost signal 0.52, limit 0.45, since 14:02",
            "除最突出测点外的评分 usual 0.52，限值 0.45，自 14:02 起",
        ),
        (
            "score.usual > 0.55 and avg(others.usual, 6h) > 0.45",
            {"score.usual": 0.61, "others.usual": 0.52},
            "score usual 0.61, above 0.55; avg(others.usual, 6h) above 0.45, since 14:02",
            "评分 usual 0.61，高于 0.55；avg(others.usual, 6h) 高于 0.45，自 14:02 起",
        ),
        ("running", {"running": 1.0}, "since 14:02", "自 14:02 起"),
        ("bearing_temp > 80", {}, "bearing_temp above 80 °C, since 14:02", "bearing_temp 高于 80 °C，自 14:02 起"),
        ("running == 1", {"running": 1.0}, "since 14:02", "自 14:02 起"),
    ],
)
def test_in_words(when: str, values: dict[str, float], en: str, zh: str) -> None:
    assert [seen(when, values, voice)["text"] for voice in (EN, ZH)] == [en, zh]


def test_the_basis_of_any_length_is_told_whole() -> None:
    basis = "GB " + "9" * 300
    text = seen("bearing_temp > 80", {"bearing_temp": 82.31}, ZH, basis=basis)["text"]
    assert text == f"轴承温度 82.3 °C，限值 80 °C，自 14:02 起（依据：{basis}）"


@pytest.mark.parametrize(
    ("since", "said"),
    [(T0, "since 16:00"), (T0 - 86400.0, "since 2026-03-14 16:00"), (nan, "since –")],
)
def test_since_when_by_the_clock_on_the_wall(since: float, said: str) -> None:
    assert seen("running", {}, since=since)["text"] == said


def test_json_has_no_number_that_is_none() -> None:
    evidence = seen("avg(bearing_temp, 5m) > 80 and pressure < 9 * set_pressure", {"pressure": 0.1})
    assert [limit["value"] for limit in evidence["limits"]] == [None, 0.1]
    assert json.loads(json.dumps(evidence, allow_nan=False)) == evidence


@pytest.mark.parametrize(
    "when", ["bearing_temp > 80 bar", "temperatur > 1", "bearing_temp > other_rating", "((", "1 > 2"]
)
def test_what_means_nothing_here_is_left_out(when: str) -> None:
    assert all(isfinite(fact.limit) for fact in facts_of(when, {"bearing_temp": 1.0}, "pump", {}, EN))
    assert facts_of(when, {"bearing_temp": 1.0}, "stranger", {}, EN) == []


def test_a_level_that_the_rule_lost_since_and_no_rule_at_all() -> None:
    rule = Rule.model_validate({"id": "r", "yellow": {"when": "running"}})
    transition = Transition(T0, "r", 0, "fired", "red", SINCE, {"running": 1.0})
    bare = {"since": SINCE, "values": {"running": 1.0}}
    assert evidence_of(transition, {}, "pump", EN, rule) == bare
    assert evidence_of(transition, {}, "pump", EN) == bare
