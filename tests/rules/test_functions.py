"""The table of functions is complete, its examples are conditions, and every window says what it takes."""

import tracemalloc

import numpy as np
import pytest

from rules.language.expression import compile_condition
from rules.language.functions import CALLED, FUNCTIONS, LEARNT, OVER_TIME, WORDS
from rules.vocabulary import Vocabulary
from rules.windows.learnt import Usual
from rules.windows.window import Window
from tests.rules.wall import UTC

LANGUAGE = {
    "over points": "abs min max mean median spread clip during",
    "over time": "avg min max std sum quantile rate delta ago held rises stuck",
    "learnt": "usual still",
    "of device": "frozen lost",
    "forecast": "eta",
    "knowledge": "age missing",
    "words": "always offline hour weekday workday",
}
SET = Vocabulary(
    (
        "running",
        "speed_hz",
        "pressure",
        "suction_pressure",
        "flow",
        "power",
        "vibration",
        "bearing_temp",
        "bearing_temp_1",
        "bearing_temp_2",
        "bearing_temp_3",
        "ambient_temp",
    ),
    {
        "speed_hz": "Hz",
        "pressure": "MPa",
        "suction_pressure": "MPa",
        "flow": "m³/h",
        "power": "kW",
        "vibration": "mm/s",
        "bearing_temp": "°C",
        **dict.fromkeys(("bearing_temp_1", "bearing_temp_2", "bearing_temp_3"), "°C"),
        "ambient_temp": "°C",
    },
    {"rated_power": np.array([7.5]), "set_pressure": np.array([0.35])},
    (),
    1,
    UTC,
)
ENTRIES = [entry for table in (*CALLED, WORDS) for entry in table.values()]


def test_no_function_of_the_language_is_missing() -> None:
    tables = zip(LANGUAGE.values(), (*CALLED, WORDS), strict=True)
    for names, table in tables:
        assert list(table) == names.split()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.usage)
def test_every_example_is_a_condition_of_a_booster_set(entry: object) -> None:
    example = str(getattr(entry, "example", ""))
    condition, problems = compile_condition(example, SET, {})
    assert condition, [problem.message() for problem in problems]


def test_every_function_says_how_it_is_written() -> None:
    assert all(usage.startswith(name) for name, usage in FUNCTIONS.items())
    assert all(table[name].usage.startswith(name) for table in (*CALLED, WORDS) for name in table)


def windows(length_s: float, devices: int) -> dict[str, Window]:
    made = {
        name: function.of(length_s, devices, *([0.9] if function.share else [])) for name, function in OVER_TIME.items()
    }
    learnt = {
        name: function.of(devices, UTC, *([length_s] if function.window else [])) for name, function in LEARNT.items()
    }
    return made | learnt


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
@pytest.mark.parametrize("name", [*OVER_TIME, *LEARNT])
def test_a_window_never_takes_more_than_it_says(name: str) -> None:
    devices, times = 400, 1.7e9 + np.arange(0.0, 4000.0, 7.0)
    values = np.random.default_rng(1).normal(0.0, 1.0, (len(times), devices))
    windows(600.0, devices)[name].feed(times, values)  # so that numpy has all that it loads at first use
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        window = windows(600.0, devices)[name]
        for i in range(len(times)):
            window.feed(times[i : i + 1], values[i : i + 1])
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < window.nbytes + 30_000  # numpy keeps a few small things for its next call


def test_a_window_says_how_it_cuts_time() -> None:
    grids = {name: window.grid for name, window in windows(3600.0, 1).items()}
    assert grids["avg"] == grids["quantile"] == "60 buckets of 1m"
    assert grids["ago"] == "720 buckets of 5s"
    assert grids["usual"] == "a look every minute, a mean every hour, 4 weeks of 168 hours"
    assert windows(86400.0, 1)["ago"].grid == "720 buckets of 2m"
    assert windows(50.0, 1)["avg"].grid == "60 buckets of 0.833333s"


def test_only_what_is_learnt_reaches_back_for_days_and_weeks() -> None:
    assert [name for name, window in windows(60.0, 1).items() if window.learn_s] == ["usual", "still"]
    assert Usual(1, UTC).learn_s > Usual(1, UTC).length_s == 28 * 86400.0
