"""Standing still and lacking a reading: against the plain twin, on block cuts, and what is never called so."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from rules.language.expression import compile_condition
from rules.vocabulary import Floats, Frame, Vocabulary
from rules.windows.runs import Frozen, Lost
from rules.windows.window import Windows
from tests.rules import twin, twin_runs
from tests.rules.wall import UTC

DAY_S = 86400.0
POINTS = ("a", "b", "code")
WORDS = Vocabulary(POINTS, {"a": "kW", "b": "°C"}, {}, (), 3, UTC)
TWINS: dict[str, tuple[Callable[[list[tuple[float, twin.Row]], float], list[twin.Value]], tuple[str, ...]]] = {
    "frozen(30m)": (twin_runs.frozen, ("a", "b")),
    "lost(1h)": (twin_runs.lost, POINTS),
    "still(a, 1h)": (twin_runs.frozen, ("a",)),
}


def a_life(seed: int, days: float) -> tuple[Floats, Floats]:
    """Days of three devices, which now move, now stand still, now lack a point or all of them; [T], [T, 3, 3]."""
    rng = np.random.default_rng(seed)
    times = 1_700_000_000.0 + np.cumsum(rng.choice([5, 30, 60, 90, 300, 700], int(days * DAY_S / 197.5)))
    values = rng.integers(0, 40, (len(times), 3, 3)).astype(float)
    for device in range(3):
        at = 0
        while at < len(times):
            length = int(rng.choice([20, 60, 120]))
            part, mood = values[at : at + length, device], rng.integers(0, 6)
            if mood == 1:
                part[:] = part[:1]
            elif mood in (2, 3):
                part[:, rng.integers(0, 3)] = np.nan
            elif mood == 4:
                part[: length // 2] = np.nan
            at += length
    calm = slice(int(0.75 * len(times)), None)
    values[calm, 0] = values[calm.start, 0]
    values[calm, 1, 1] = np.nan
    return times, values


def run(text: str, times: Floats, values: Floats, size: int = 1024) -> Floats:
    standing: Windows = {}
    _, problems = compile_condition(text, WORDS, standing)
    assert not problems
    (window,) = standing.values()
    parts = []
    for i in range(0, len(times), size):
        part = slice(i, i + size)
        window.feed(Frame(times[part], values[part], np.zeros_like(values[part]), {}, UTC))
        parts.append(window.now.copy())
    return np.concatenate(parts)


@pytest.mark.parametrize("text", TWINS)
@pytest.mark.parametrize("seed", range(2))
def test_what_the_twin_says(text: str, seed: int) -> None:
    times, values = a_life(seed, 11)
    got = run(text, times, values)
    of, points = TWINS[text]
    least_s = 1800.0 if text.startswith("frozen") else 3600.0
    for device in range(3):
        rows = [
            {name: None if math.isnan(x) else float(x) for name, x in zip(POINTS, row, strict=True) if name in points}
            for row in values[:, device]
        ]
        expected = of(list(zip(times.tolist(), rows, strict=True)), least_s)
        np.testing.assert_array_equal(got[:, device], [math.nan if x is None else x for x in expected])
    assert {0.0, 1.0} <= {*got.ravel()}


@pytest.mark.parametrize("text", TWINS)
@pytest.mark.parametrize("size", [1, 7, 64])
def test_cutting_into_blocks_changes_not_one_bit(text: str, size: int) -> None:
    times, values = a_life(9, 5)
    np.testing.assert_array_equal(run(text, times, values, size), run(text, times, values))


def minutes(days: float, value: Callable[[Floats], Floats]) -> tuple[Floats, Floats]:
    """A row a minute of three devices; `value` gives point a of the first, the others are known and never move."""
    times = 1_700_006_400.0 + 60.0 * np.arange(days * 1440)
    values = np.ones((len(times), 3, 3))
    values[:, 0, 0] = value(times)
    return times, values


def test_what_never_moves_is_never_frozen() -> None:
    got = run("frozen(30m)", *minutes(30, np.sin))
    assert not (got == 1).any()
    assert np.isnan(got[31:, 1]).all(), "a leak detector, of which nobody can say"
    assert (got[:, 0] == 0).all()


def test_a_night_of_rest_is_usual_and_three_of_them_are_not() -> None:
    def day_shift(times: Floats) -> Floats:
        at_work = (times % DAY_S > 8 * 3600) & (times % DAY_S < 18 * 3600) & (times < times[0] + 10 * DAY_S)
        return np.where(at_work, np.sin(times), 0.0)

    times, values = minutes(14, day_shift)
    got = run("frozen(30m)", times, values)[:, 0]
    first = np.flatnonzero(got == 1)[0]
    rested_s = times[first] - (times[0] + 9 * DAY_S + 18 * 3600)
    assert 3 * 14 * 3600 < rested_s < 3 * 14 * 3600 + 300
    assert (got[first:] == 1).all(), "it goes on being measured by the days before it stopped"


def test_a_point_that_was_never_there_is_not_missed() -> None:
    times, values = minutes(9, np.sin)
    values[:, 0, 1] = np.nan
    values[7 * 1440 :, 0, 2] = np.nan
    got = run("lost(1h)", times, values)
    assert (got[: 7 * 1440 + 59] == 0).all()
    assert (got[7 * 1440 + 59 :, 0] == 1).all()
    assert (got[:, 1:] == 0).all()


def test_a_device_that_says_nothing_is_offline_and_neither_frozen_nor_lost() -> None:
    times, values = minutes(9, np.sin)
    values[7 * 1440 :] = np.nan
    for text in TWINS:
        assert np.isnan(run(text, times, values)[7 * 1440 :]).all()


def test_a_night_in_which_nobody_looked_is_no_evidence() -> None:
    times, values = minutes(6, np.sin)
    asleep = (times < times[0] + 5 * DAY_S) | (times > times[0] + 5 * DAY_S + 12 * 3600)
    assert not (run("frozen(30m)", times[asleep], values[asleep])[:, 0] == 1).any()


def test_a_motor_at_rest_is_no_evidence_of_its_speed_meter() -> None:
    def by_day(times: Floats) -> Floats:
        at_work = (times % DAY_S > 6 * 3600) & (times % DAY_S < 20 * 3600)
        return np.where(at_work, 30.0 + np.sin(times), 0.0)

    times, values = minutes(12, by_day)
    stands = (times > times[0] + 10 * DAY_S) & (values[:, 0, 0] > 0.0)
    values[stands, 0, 0] = 30.0
    assert not (run("still(a, 1h)", times, values)[:, 0] == 1).any(), "a night at rest is longer than any day"
    got = run("still(during(a, a > 0), 1h)", times, values)[:, 0]
    assert times[np.flatnonzero(got == 1)[0]] - times[stands][0] == 3600.0
    assert np.isnan(got[values[:, 0, 0] == 0.0]).all()


def test_how_they_cut_time_and_what_they_take() -> None:
    for window in (Frozen(1800.0, 4, 5), Lost(3600.0, 4, 5)):
        assert window.grid == "a look every minute, 7 days of runs"
        assert window.learn_s == 8 * DAY_S
        assert 0 < window.nbytes < 4 * 5 * 8 * 30


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("frozen", "unknown_name"),
        ("frozen(a, 30m)", "wrong_arguments"),
        ("lost(3)", "no_window"),
        ("still(1h)", "wrong_arguments"),
        ("still(a, 3)", "no_window"),
        ("still(avg(a, 5m), 1h)", "window_in_usual"),
    ],
)
def test_how_they_are_written(text: str, kind: str) -> None:
    condition, problems = compile_condition(text, WORDS, {})
    assert condition is None
    assert [problem.type for problem in problems] == [kind]


@pytest.mark.parametrize("text", TWINS)
def test_whole_minutes_of_the_past_teach_it_all(text: str) -> None:
    times: Floats = 1_700_006_400.0 + 20.0 * np.arange(8.0 * 4320)
    values = np.random.default_rng(4).integers(0, 9, (len(times), 3, 3)).astype(float)
    values[-800:, 0], values[-900:, 1, 2] = 5.0, np.nan
    old = np.arange(len(times)) < len(times) - 600
    shown = ~old | (times % 60 == 0)
    got, whole = run(text, times[shown], values[shown]), run(text, times, values)
    np.testing.assert_array_equal(got[-600:], whole[-600:])
    assert (whole[-600:] == 1).any()
