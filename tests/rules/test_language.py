"""What the language of conditions takes, what it refuses, and where its findings point."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.language.expression import compile_condition
from rules.vocabulary import Floats, Frame, Vocabulary
from rules.windows.window import Windows
from tests.rules.saying import findings
from tests.rules.wall import UTC

HOSTILE = [
    "().__class__.__bases__[0].__subclasses__()",
    "__import__('os').system('id')",
    "(lambda: 1)()",
    "flow.real > 1",
    "flow[0] > 1",
    "9**9**9 > 1",
    "'a'*10**10",
    "[x for x in (1, 2)]",
    "f'{flow}'",
    "'{}'.format(flow)",
    "open('/etc/passwd')",
    "1 if flow else 0",
    "(flow := 1) > 0",
    "(" * 150 + "flow" + ")" * 150,
    "-" * 5000 + "flow",
    "-" * 900 + "flow",
    " + ".join(["flow"] * 5000),
    " + ".join(["flow"] * 140),
    "max(" * 150 + "flow",
    "flow > １２",
    "flow > 1e999",
    "flow > 1e15",
    f"avg(flow, {'1' * 400}m) > 1",
    f"quantile(flow, {'1' * 400}, 1h) > 1",
    "flow > " + "9" * 900,
    "min(*flow) > 1",
    "abs(flow, flow) > 1",
    "clip(flow, high=1, low=0) > 1",
    "no_such_name > 1",
    "flow > 1\nimport os",
    "flow > 1\x00",
    "a" * 100_000,
    "flow > 1; flow",
    "flow > 1 # and running",
    "flow > '\\d'",
    "flow > True",
    "flow > None",
    "flow > 1j",
    "flow > 0x10",
    "flow > 1_000",
    "flow @ flow > 1",
    "flow in (1, 2)",
    "flow is 1",
    "~running",
    "score.__class__ > 1",
    "score.usual.real > 1",
    "health.__class__ > 1",
    "health.usual.real > 1",
    "health(flow) > 1",
    "(flow.real).score > 1",
    "(yield) > 1",
    "{1: 2}",
    "...",
    "",
    "   ",
    "not " * 200 + "running",
    "and",
    "flow >",
    ")(",
    "\u202eflow > 1",
    "\ud800 > 1",
]


@pytest.mark.parametrize("text", HOSTILE, ids=[text[:24].encode("unicode_escape").decode() for text in HOSTILE])
def test_hostile_text_is_refused_with_a_place(text: str, pump: Vocabulary) -> None:
    problems = findings(text, pump)
    assert problems
    for problem in problems:
        start, end = (problem.context or {})["span"]
        assert 0 <= start < end
        assert end <= max(1, len(text))
        assert problem.message()


WORDS = [
    "flow",
    "bearing_temp",
    "score",
    "health",
    "usual",
    "offline",
    "avg",
    "min",
    "age",
    "rises",
    "and",
    "or",
    "not",
    "if",
]
SIGNS = [
    "(",
    ")",
    "+",
    "-",
    "*",
    "/",
    "<",
    "<=",
    "==",
    ",",
    ".",
    " ",
    "5m",
    "80 °C",
    "3",
    "1e9",
    "²",
    "lambda",
    "**",
    ":",
]


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(WORDS + SIGNS), max_size=40).map("".join) | st.text(max_size=60))
def test_any_text_compiles_or_is_refused_with_a_place(text: str) -> None:
    units = {"flow": "m³/h", "bearing_temp": "°C"}
    words = Vocabulary(("flow", "bearing_temp"), units, {}, ("usual",), 2, UTC)
    for problem in findings(text, words):
        start, end = (problem.context or {})["span"]
        assert 0 <= start < end <= max(1, len(text))


@pytest.mark.parametrize(
    "text",
    [
        "running",
        "running and flow < 0.5 and pressure < 0.45 * rated_power",
        "0.35 MPa < pressure <= 0.6MPa",
        "bearing_temp > 80 °C",
        "bearing_temp > 80℃ or bearing_temp>80°C",
        "vibration > 2.8 mm/s and flow > 3 m³/h",
        "clip(pressure, 0.1 MPa, 1 MPa) > 2 * pressure + 0.1 MPa",
        "spread(bearing_temp, 20 °C) / mean(bearing_temp, 3) > 0.02",
        "delta(pressure, 1m) < -0.05 MPa",
        "max(level, 2m) > max(level, 2 m)",
        "min(level, 1h) > 2 m",
        "age(flow) > 5m and age(flow) > 300",
        "door_time > 4 s or door_time > 1m",
        "rises(running, 1h) > 20 and held(flow > 1 and running, 2d) >= 0.5",
        "score.usual > 0.95 and running",
        "missing(flow) or stuck(flow, 1h) or offline",
        "not (running or not running) == 0",
        "(bearing_temp > 80) + (vibration > 4) + (flow < 1) >= 2",
        "avg(avg(flow, 5m), 1h) > 1",
        "running\n and flow > 1\n",
        " running",
        "-flow < - 1.5e-3",
        "flow > .5 and flow > 5.",
        "rate(pressure, 1m) > 0.1 MPa/s or rate(flow, 1m) > 3 m³/h/s or rate(bearing_temp, 10m) > 0.02°C/s",
        "quantile(flow, 0.5, 1h) > 3 m³/h and quantile(flow, 0, 1h) > 1 and quantile(flow, 1, 1h) < 9",
        "running and flow < 0.5 * ago(flow, 1w) and ago(bearing_temp, 1h) > 70 °C",
        "flow > 1.5 * usual(flow) + 2 m³/h and avg(usual(flow), 1h) > max(usual(flow + 1), 1 m³/h)",
        "usual(min(flow, 2)) > 1 and usual(age(flow)) < 5m and usual(running) > 0.9",
        "2 <= hour < 5 and weekday >= 6 and not workday",
        "hour + weekday > 8 and held(workday and hour == 9, 1d) > 0.01",
        "flow / flow > 0.2 and running + flow > 3 m³/h",
        "flow != 3 and flow == flow and not(running)",
        "max(flow, running) > 2",
    ],
)
def test_what_an_engineer_would_write_is_taken(text: str, pump: Vocabulary) -> None:
    assert findings(text, pump) == []


def values(**points: Floats | list[float]) -> Frame:
    names = ("a", "b", "c")
    columns = [np.broadcast_to(np.asarray(points.get(name, [np.nan]), float)[:, None], (1, 3)) for name in names]
    stack = np.stack(columns, axis=-1)
    return Frame(np.array([100.0]), stack, np.where(np.isnan(stack), np.inf, 2.0), {}, UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a > 1", True),
        ("c > 1", None),
        ("not c > 1", None),
        ("c > 1 and a > 5", False),
        ("c > 1 and a > 1", None),
        ("c > 1 or a > 1", True),
        ("c > 1 or a > 5", None),
        ("c", None),
        ("not c", None),
        ("b", False),
        ("c == c", None),
        ("c != c", None),
        ("a != 2", False),
        ("a / b > 1", None),
        ("a / b < 1", None),
        ("b / b == b", None),
        ("max(a, c) > 1", None),
        ("1 < a < c", None),
        ("5 < a < c", False),
        ("missing(c)", True),
        ("missing(a)", False),
        ("offline", False),
        ("age(c) > 5m", True),
        ("age(a) < 5 s", True),
        ("(a > 1) + (b > 1) >= 1", True),
        ("(a > 1) + (c > 1) >= 1", None),
        ("clip(a, 3, 4) == 3", True),
        ("2 > 1", True),
    ],
)
def test_three_values(text: str, expected: bool | None, plain: Vocabulary) -> None:  # noqa: FBT001
    condition, _ = compile_condition(text, plain, {})
    assert condition
    frame = values(a=[2.0], b=[0.0])
    with np.errstate(all="ignore"):
        true, false = np.all(condition.truth.true(frame)), np.all(condition.truth.false(frame))
    assert (True if true else False if false else None) == expected


def test_offline_is_true_when_nothing_is_known(plain: Vocabulary) -> None:
    condition, _ = compile_condition("offline", plain, {})
    assert condition
    assert condition.truth.true(values()).all()


def test_a_rating_that_a_device_lacks_makes_its_condition_unknown(pump: Vocabulary) -> None:
    condition, _ = compile_condition("0.45 * rated_power > flow", pump, {})
    assert condition
    frame = Frame(np.array([1.0]), np.ones((1, 2, 7)), np.zeros((1, 2, 7)), {}, UTC)
    assert condition.truth.true(frame).tolist() == [[True, False]]
    assert condition.truth.false(frame).tolist() == [[False, False]]


def test_equal_windows_are_shared_and_the_horizon_adds_up(pump: Vocabulary) -> None:
    windows: Windows = {}
    first, _ = compile_condition("avg(flow,5m) > 1 and avg( flow, 5m ) < 9", pump, windows)
    second, _ = compile_condition("avg(flow, 300s) > 2 and max(avg(flow, 5m), 1h) > 3", pump, windows)
    assert first
    assert second
    assert len(windows) == 2
    assert (first.horizon_s, second.horizon_s) == (300.0, 3900.0)
    assert first.names == {"flow"}
