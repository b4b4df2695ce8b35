"""Where findings in conditions point, what they say would be right, and that one mistake is one finding."""

import pytest

from rules.vocabulary import Vocabulary
from tests.rules.saying import findings, spot


@pytest.mark.parametrize(
    ("text", "kind", "place", "hint"),
    [
        ("bering_temp > 70", "unknown_name", "bering_temp", "bearing_temp"),
        ("running and  flw < 0.5", "unknown_name", "flw", "flow"),
        ("  flow < 0.45 * rated_powr", "unknown_name", "rated_powr", "rated_power"),
        ("score.usuall > 0.9", "unknown_score", "score.usuall", "usual"),
        ("health.usuall < 60", "unknown_score", "health.usuall", "usual"),
        ("health.stranger < 60", "unknown_score", "health.stranger", None),
        ("running and helth.usual < 60", "unknown_name", "helth.usual", "health.usual"),
        ("scores.usual > 0.9", "unknown_name", "scores.usual", "score.usual"),
        ("health < 60", "unknown_name", "health", "health.usual"),
        ("averag(flow, 5m) > 1", "unknown_function", "averag", "avg"),
        ("pressure < 3.5 bar", "wrong_unit", "3.5 bar", "MPa"),
        ("bearing_temp > 80 mm/s", "wrong_unit", "80 mm/s", "°C"),
        ("80 K < bearing_temp", "wrong_unit", "80 K", "°C"),
        ("flow > 2 m³/s and running", "wrong_unit", "2 m³/s", "m³/h"),
        ("running > 1 kW", "wrong_unit", "1 kW", "1"),
        ("rated_power > 5 kW", "unit_not_checked", "5 kW", "5"),
        ("flow > 0.5 m³/h and sum(pressure, 1m) > 0.1 MPa", "unit_not_checked", "0.1 MPa", "0.1"),
        ("rate(pressure, 1m) > 0.1 MPa", "wrong_unit", "0.1 MPa", "MPa/s"),
        ("rate(flow, 1m) > 3 m³/h", "wrong_unit", "3 m³/h", "m³/h/s"),
        ("flow / flow > 0.2 m³/h", "wrong_unit", "0.2 m³/h", "0.2"),
        ("flow > pressure", "different_units", "pressure", "m³/h"),
        ("0 < flow < 2 * pressure", "different_units", "2 * pressure", "m³/h"),
        ("flow + pressure > 3 MPa", "different_units", "pressure", "m³/h"),
        ("running and max(bearing_temp, 3, vibration) > 5", "different_units", "vibration", "°C"),
        ("mean(flow, pressure) > 5", "different_units", "pressure", "m³/h"),
        ("spread(flow, avg(pressure, 5m)) > 5", "different_units", "avg(pressure, 5m)", "m³/h"),
        ("clip(flow, 0, ago(level, 1d)) > 5", "different_units", "ago(level, 1d)", "m³/h"),
        ("usual(flow) < quantile(level, 0.5, 1h)", "different_units", "quantile(level, 0.5, 1h)", "m³/h"),
        ("rate(flow, 5m) > flow", "different_units", "flow", "m³/h/s"),
        ("avg(flow - level, 5m) > 5 m", "different_units", "level", "m³/h"),
        ("age(flow) > bearing_temp", "different_units", "bearing_temp", "s"),
        ("hour > 8 h", "wrong_unit", "8 h", "8"),
        ("quantile(flow, 50, 1h) > 5", "not_a_share", "50", None),
        ("quantile(flow, 1h, 0.5) > 5", "not_a_share", "1h", None),
        ("quantile(flow, level, 1h) > 5", "not_a_share", "level", None),
        ("quantile(flow, 0.5, 5) > 5", "no_window", "5", None),
        ("quantile(flow, 1h) > 5", "wrong_arguments", "quantile(flow, 1h)", None),
        ("ago(flow) > 5", "wrong_arguments", "ago(flow)", None),
        ("usual(flow, 1h) > 5", "wrong_arguments", "usual(flow, 1h)", None),
        ("usual(2 * avg(flow, 1h)) > 5", "window_in_usual", "avg(flow, 1h)", None),
        ("eta(flow, 9, 14d) > 5 m³/h", "wrong_unit", "5 m³/h", "s"),
        ("eta(flow, 9 °C, 14d) < 7d", "wrong_unit", "9 °C", "m³/h"),
        ("eta(flow, level, 14d) < 7d", "no_limit", "level", None),
        ("eta(flow, 9, 30m) < 7d", "short_forecast", "30m", None),
        ("eta(flow, 9, 14) < 7d", "no_window", "14", None),
        ("eta(flow, 14d) < 7d", "wrong_arguments", "eta(flow, 14d)", None),
        ("eta(avg(flow, 1h), 9, 14d) < 7d", "window_in_usual", "avg(flow, 1h)", None),
        ("usual(usual(flow)) > 5", "window_in_usual", "usual(flow)", None),
        ("usual(running and max(flow, 1m) > 2) > 5", "window_in_usual", "max(flow, 1m)", None),
        ("hours > 8", "unknown_name", "hours", "hour"),
        ("hour(flow) > 8", "unknown_function", "hour", None),
        ("flow = 5", "foreign_sign", "=", "=="),
        ("flow === 5", "foreign_sign", "===", "=="),
        ("flow => 5", "foreign_sign", "=>", ">="),
        ("running && flow > 1", "foreign_sign", "&&", "and"),
        ("running || flow > 1", "foreign_sign", "||", "or"),
        ("!running", "foreign_sign", "!", "not"),
        ("flow <> 5", "foreign_sign", "<>", "!="),
        ("running AND flow > 1", "foreign_sign", "AND", "and"),
        ("flow ≥ 5", "not_ascii", "≥", ">="),
        ("max（flow, 1) > 5", "not_ascii", "（", "("),
        ("avg(bearing_temp, 5) > 70", "no_window", "5", None),
        ("avg(bearing_temp, flow) > 70", "no_window", "flow", None),
        ("avg(bearing_temp) > 70", "wrong_arguments", "avg(bearing_temp)", None),
        ("missing(flow + 1)", "wrong_arguments", "missing(flow + 1)", None),
        ("missing(flw)", "unknown_name", "flw", "flow"),
        ("running & flow > 1", "not_in_language", "running & flow", "and"),
        ("flow is 1", "not_in_language", "flow is 1", "=="),
        ("flow > 5 and 80", "not_a_condition", "80", None),
        ("80", "not_a_condition", "80", None),
    ],
)
def test_findings_point_at_the_word_and_name_what_would_be_right(
    text: str, kind: str, place: str, hint: str | None, pump: Vocabulary
) -> None:
    problem = next(problem for problem in findings(text, pump) if problem.type == kind)
    assert spot(problem, text) == place
    assert (problem.context or {}).get("hint") == hint


def test_one_walk_finds_everything(pump: Vocabulary) -> None:
    problems = findings("flw > 1 and bearing_temp > 80 bar or wat(flow)", pump)
    assert [problem.type for problem in problems] == ["unknown_name", "wrong_unit", "unknown_function"]


@pytest.mark.parametrize(
    "text",
    [
        "flow + pressure > 3 MPa",
        "3 bar > flow + pressure + level",
        "flw > 3 MPa",
        "flw + 2 bar > pressure",
        "(flow - level) * 2 > pressure and running",
        "avg(flw, 5m) > 3 MPa",
        "averag(flow, 5m) > 3 MPa",
        "flow[0] > 3 MPa",
        "flow ** 2 > 3 MPa",
        "rate(flow + level, 1m) > 3 m/s",
        "usual(max(flow, 1m)) > 2 m³/h",
        "flow > pressure > level",
        "quantile(flow, 7, 1h) > 3 m³/h",
        "score.usuall > 3",
        "health.usuall > 3",
        "helth.usual > 3 MPa",
        "a = 1 && b = 2",
    ],
)
def test_one_mistake_is_one_finding(text: str, pump: Vocabulary) -> None:
    assert len(findings(text, pump)) == 1
