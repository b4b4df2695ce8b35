"""What the usual detector sees on equipment: wear and broken relations within minutes, and quiet normal weeks."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from models.detector import Floats
from models.relations import Relations
from models.settings import Settings
from models.usual import PLUGIN, Usual

Make = Callable[..., "Weeks"]


class Weeks(Protocol):
    """Structure of the fixture's answer."""

    points: tuple[str, ...]
    times: Floats
    values: Floats
    age: Floats


WARM_DAYS = 14
SETTINGS = Settings()


SEED = 1
learnt: dict[str, NDArray[Any]] = {}


def warmed(weeks: Make) -> Usual:
    """A detector of pumps after two normal weeks at one reading a minute; they are lived once for all tests."""
    if not learnt:
        past = weeks("pumps", SEED, WARM_DAYS)
        detector = Usual(SETTINGS, past.points, past.values.shape[1])
        detector.update(past.times, past.values, past.age, np.zeros(past.values.shape[1], dtype=np.bool_))
        learnt.update(detector.state())
    detector = Usual(SETTINGS, weeks("pumps", SEED, 0.01).points, 4)
    detector.restore(learnt, np.arange(4))
    return detector


def yellows(scores: Floats, steps: int, limit: float = 0.55) -> int:
    """How often a score[T, D] stays above the limit for so many rows."""
    above = np.vstack([np.zeros_like(scores[:1], dtype=np.bool_), scores > limit])
    windows = np.lib.stride_tricks.sliding_window_view(above, steps + 1, axis=0)
    return int((~windows[..., 0] & windows[..., 1:].all(axis=-1)).sum())


@pytest.mark.parametrize("kind", ["pumps", "meters", "elevators"])
def test_two_normal_weeks_after_two_normal_weeks_raise_no_yellow(weeks: Make, kind: str) -> None:
    sites = [weeks(kind, seed, 2 * WARM_DAYS, 300.0) for seed in range(4)]
    values = np.concatenate([site.values for site in sites], axis=1)
    devices = values.shape[1]
    detector = Usual(SETTINGS, sites[0].points, devices)
    scores = detector.update(sites[0].times, values, np.zeros_like(values), np.zeros(devices, dtype=np.bool_))
    later = scores[len(scores) // 2 :]
    # Promised once in twenty weeks, and 0.5 once in five; two weeks of sixteen devices are thirty-two of them.
    assert yellows(later, 3) <= 0.1 * devices
    assert yellows(later, 3, 0.5) <= 0.4 * devices
    assert (later > 0.95).sum() <= 0.2 * devices


@pytest.mark.parametrize("every_s", [60.0, 10.0, 1.0])
def test_bearing_wear_is_seen_while_it_is_small(weeks: Make, every_s: float) -> None:
    detector = warmed(weeks)
    live = weeks("pumps", SEED, 0.25, every_s, WARM_DAYS)
    since = live.times - live.times[0] - 3600.0
    grown = np.where(since > 0.0, (2.2 / 1.4) ** (since / 18000.0), 1.0)
    live.values[:, 0, live.points.index("vibration")] *= grown
    live.values[:, 0, live.points.index("bearing_temp")] += 8.0 * (grown - 1.0)
    scores = detector.update(live.times, live.values, live.age, np.zeros(4, dtype=np.bool_))
    quarter = round(900.0 / every_s)
    assert yellows(scores[since <= 0.0], quarter, 0.5) == 0
    assert yellows(scores[:, 1:], quarter, 0.5) == 0
    later = live.times >= live.times[0] + 3600.0
    seen = int(np.argmax((scores[:, 0] > 0.5) & (scores[:, 0] < 0.7) & later))
    assert 1.4 * grown[seen] < 1.4 + 2.0 * 0.15
    # At the edge the score may waver for some minutes; then it stays.
    assert (scores[live.times > live.times[seen] + 3600.0, 0] > 0.5).all()
    told = detector.explain(0)
    assert told.channels[0].point in {"vibration", "bearing_temp"}
    # At the edge the score may have wavered once more since it was first seen.
    assert live.times[0] + 3600.0 < told.since <= live.times[seen] + 3600.0


@pytest.mark.parametrize("every_s", [60.0, 1.0])
def test_a_step_of_four_spreads_is_seen_within_a_quarter_of_an_hour(weeks: Make, every_s: float) -> None:
    detector = warmed(weeks)
    live = weeks("pumps", SEED, 0.125, every_s, WARM_DAYS)
    changed = live.times >= live.times[0] + 3600.0
    live.values[changed, 0, live.points.index("vibration")] += 4 * 0.15
    scores = detector.update(live.times, live.values, live.age, np.zeros(4, dtype=np.bool_))
    late = live.times >= live.times[0] + 3600.0 + 900.0
    assert yellows(scores[~changed], round(900.0 / every_s), 0.5) == 0
    assert (scores[late, 0] > 0.5).all()


def test_flow_that_falls_while_the_speed_rises(weeks: Make) -> None:
    """Each stays well inside its own daily range; together they never did this."""
    detector = warmed(weeks)
    live = weeks("pumps", SEED, 0.5, 60.0, WARM_DAYS)
    flow, speed = live.points.index("flow"), live.points.index("speed")
    noon = live.times >= live.times[0] + 10 * 3600.0
    live.values[noon, 0, flow] *= 0.75
    live.values[noon, 0, speed] += 1.5
    scores = detector.update(live.times, live.values, live.age, np.zeros(4, dtype=np.bool_))
    assert (scores[-60:, 0] > 0.5).all()
    assert {channel.point for channel in detector.explain(0).channels[:3]} & {"flow", "speed"}


def test_a_faster_sampled_day_alarms_no_more_than_a_slow_one(weeks: Make) -> None:
    detector = warmed(weeks)
    live = weeks("pumps", SEED, 1.0, 5.0, WARM_DAYS)
    scores = detector.update(live.times, live.values, live.age, np.zeros(4, dtype=np.bool_))
    assert yellows(scores, 180, 0.5) == 0
    assert (scores > 0.5).mean() < 0.01


def test_what_lasts_a_week_becomes_usual(weeks: Make) -> None:
    detector = warmed(weeks)
    live = weeks("pumps", SEED, 9.0, 60.0, WARM_DAYS)
    live.values[:, 0, live.points.index("vibration")] += 0.6
    scores = detector.update(live.times, live.values, live.age, np.array([True, False, False, False]))
    day = 1440
    assert (scores[day : 6 * day, 0] > 0.5).all()
    assert np.median(scores[8 * day : 9 * day, 0]) < 0.5


def test_what_a_person_accepts_is_usual_at_once(weeks: Make) -> None:
    detector = warmed(weeks)
    live = weeks("pumps", SEED, 1.0, 60.0, WARM_DAYS)
    live.values[:, :2, live.points.index("vibration")] += 0.6
    free = np.zeros(4, dtype=np.bool_)
    noon, hour = 720, 60
    before = detector.update(live.times[:noon], live.values[:noon], live.age[:noon], free)
    assert (before[-hour:, :2] > 0.5).all()
    detector.accept(np.array([True, False, False, False]))
    after = detector.update(live.times[noon:], live.values[noon:], live.age[noon:], free)
    assert yellows(after[:, :1], 15, 0.5) == 0
    assert np.isfinite(after[:, 0]).all()
    assert (after[:, 1] > 0.5).all()
    assert yellows(after[:, 2:], 15, 0.5) == 0


def test_health_falls_with_what_lasts_and_comes_back(weeks: Make) -> None:
    detector = warmed(weeks)
    live = weeks("pumps", SEED, 5.0, 60.0, WARM_DAYS)
    ill = (live.times > live.times[0] + 43200.0) & (live.times < live.times[0] + 2.5 * 86400.0)
    live.values[ill, 0, live.points.index("vibration")] += 0.4
    detector.update(live.times, live.values, live.age, np.zeros(4, dtype=np.bool_))
    health, day = detector.health(), 1440
    assert health.shape == live.values.shape[:2]
    assert health[:720].min() > 90.0
    assert health[2 * day, 0] < 50.0
    assert health[-1].min() > 90.0
    assert health[:, 1:].min() > 90.0


def test_a_shock_is_news_once(weeks: Make) -> None:
    detector = warmed(weeks)
    live = weeks("pumps", SEED, 0.25, 60.0, WARM_DAYS)
    shock = slice(120, 180)
    live.values[shock, 0, live.points.index("pressure")] -= 0.4
    scores = detector.update(live.times, live.values, live.age, np.zeros(4, dtype=np.bool_))
    assert scores[121, 0] > 0.95
    assert ((scores[125:180, 0] > 0.5) & (scores[125:180, 0] < 0.8)).all()
    assert (scores[:, 1:] > 0.95).sum() == 0
    told = [channel.point for channel in detector.explain(0).channels]
    assert told[0] in live.points


def test_neighbours_explain_each_other() -> None:
    """The leave-one-out weights are those of a ridge regression, point by point."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((4000, 1, 3))
    x[:, :, 2] = 2.0 * x[:, :, 0] - x[:, :, 1] + 0.1 * x[:, :, 2]
    relations = Relations.cold(1, 3)
    learnt_s = np.zeros((1, 3))
    for row in x:
        relations.learn(row, np.full((1, 3), 60.0), learnt_s)
        learnt_s += 20.0
    relations.refresh(0, np.full((1, 3), 1e12))
    assert relations.expected(np.array([[1.0, 1.0, 0.0]]))[0, 2] == pytest.approx(1.0, abs=0.1)


def test_many_points_are_cut_into_blocks_and_take_turns() -> None:
    relations = Relations.cold(900, 50)
    assert relations.weights.shape == (900, 5, 10, 10)
    x = np.random.default_rng(0).standard_normal((60, 900, 50))
    x[:, :, 1] = x[:, :, 0]
    for row in x:
        relations.learn(row, np.full(row.shape, 60.0), np.zeros(row.shape))
    for turn in range(3):
        assert (relations.weights[turn] == 0.0).all()
        relations.refresh(turn, np.full((900, 50), 1e9))
        assert relations.weights[turn, 0, 0, 1] > 0.5


def test_memory_per_device_and_point() -> None:
    state = PLUGIN.make(SETTINGS, [f"p{i}" for i in range(20)], 50).state()
    assert sum(array.nbytes for array in state.values()) / (50 * 20) < 1152


def test_settings_take_durations_with_units() -> None:
    assert Settings.model_validate({"step": "0", "warm_up": "1.5h"}).warm_up == 5400.0
    for bad, kind in ((60, "duration_without_unit"), ("soon", "bad_duration"), ("2h", "less_than_equal")):
        with pytest.raises(ValueError) as caught:
            Settings.model_validate({"step": bad})
        assert kind in repr(caught.value.errors())  # type: ignore[attr-defined]
    assert {field.name for field in fields(PLUGIN)} == {"name", "settings", "make", "check"}
