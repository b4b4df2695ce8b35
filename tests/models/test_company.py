"""What is left of a deviation once one point is not believed: arrays against plain Python, and on equipment."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.company import DOUBTED, left_of, second
from models.relations import BLOCK, Relations
from models.settings import Settings
from models.usual import Usual
from tests.models.made import POINTS as PLANT_POINTS
from tests.models.made import plant
from tests.models.test_usual import Make, warmed


def plain_left(away: list[float], spread: list[float], judged: list[bool], weight: list[list[float]]) -> float:
    """The foremost points in turn are put where the others say they are; weight[j][i] is what i says of j."""
    points = range(len(away))
    foremost = sorted((i for i in points if judged[i]), key=lambda i: -abs(away[i]) / spread[i])
    left = []
    for i in foremost[:DOUBTED]:
        rest = [abs(away[j] + weight[j][i] * away[i]) / spread[j] for j in points if judged[j] and j != i]
        left.append(max(rest, default=0.0))
    return min(left, default=0.0)


@given(st.integers(1, 2 * BLOCK + 1), st.integers(0, 2**32 - 1))
def test_arrays_and_plain_python_agree(points: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    relations = Relations.cold(3, points)
    relations.weights[:] = rng.normal(0.0, 0.5, relations.weights.shape)
    _, groups, width, _ = relations.weights.shape
    relations.weights[..., range(width), range(width)] = 0.0
    away, spread = rng.normal(0.0, 3.0, (3, points)), rng.uniform(0.5, 2.0, (3, points))
    judged = rng.random((3, points)) < 0.8
    whole = np.zeros((3, groups * width, groups * width))
    for block in range(groups):
        part = slice(block * width, (block + 1) * width)
        whole[:, part, part] = relations.weights[:, block]
    expected = [
        plain_left(away[d].tolist(), spread[d].tolist(), judged[d].tolist(), whole[d].tolist()) for d in range(3)
    ]
    np.testing.assert_allclose(left_of(away, spread, judged, relations), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("of", "judged", "expected"),
    [
        ([3.0, 1.0, 2.0], [True, True, True], 2.0),
        ([3.0, 1.0, 2.0], [True, True, False], 1.0),
        ([3.0, 3.0], [True, True], 3.0),
        ([3.0, 1.0], [True, False], -math.inf),
        ([3.0], [True], -math.inf),
    ],
)
def test_the_second_largest_of_what_is_judged(of: list[float], judged: list[bool], expected: float) -> None:
    assert second(np.array([of]), np.array([judged])).tolist() == [expected]


@pytest.mark.parametrize("lies", ["drifts", "sticks", "crackles", "is dead"])
def test_an_instrument_that_lies_is_alone(weeks: Make, lies: str) -> None:
    detector = warmed(weeks)
    live = weeks("pumps", 1, 1.0, 60.0, 14)
    vibration = live.values[:, 0, live.points.index("vibration")]
    match lies:
        case "drifts":
            vibration *= np.linspace(1.0, 1.5, len(vibration))
        case "sticks":
            vibration[:] = 1.3 * vibration.max()
        case "crackles":
            vibration[np.random.default_rng(5).random(len(vibration)) < 0.3] = 0.0
        case _:
            vibration[:] = 0.0
    scores = detector.update(live.times, live.values, live.age, np.zeros(4, dtype=np.bool_))[-360:, 0]
    others = detector.others()[-360:, 0]
    assert np.median(scores) > 0.55
    assert (others > 0.5).mean() < 0.02
    assert np.median(others) < 0.4


def test_a_bearing_that_wears_has_company(weeks: Make) -> None:
    detector = warmed(weeks)
    live = weeks("pumps", 1, 0.5, 60.0, 14)
    live.values[60:, 0, live.points.index("vibration")] += 1.0
    live.values[60:, 0, live.points.index("bearing_temp")] += 8.0
    scores = detector.update(live.times, live.values, live.age, np.zeros(4, dtype=np.bool_))
    assert np.median(scores[-360:, 0]) > 0.55
    assert np.median(detector.others()[-360:, 0]) > 0.5
    assert (detector.others() <= scores).all()


def test_a_point_that_is_not_known_makes_no_stranger_of_the_others() -> None:
    """As if it were where it usually is at this hour, they would deviate from it."""
    times, values, age = plant(16.0, devices=1)
    values[-360:, :, :3] += np.array([2.0, 4.0, 6.0])  # a busy evening: load, heat and flow rise together
    values[-360:, :, 0] = np.nan
    detector = Usual(Settings(), PLANT_POINTS, 1)
    scores = detector.update(times, values, age, np.zeros(1, dtype=np.bool_))[:, 0]
    assert np.median(scores[-240:]) < 0.5


def test_nothing_is_known_before_the_first_step_after_a_start(weeks: Make) -> None:
    live = weeks("pumps", 1, 0.01, 60.0, 14)
    detector = Usual(Settings(), live.points, 4)
    detector.update(live.times[:1], live.values[:1], live.age[:1], np.zeros(4, dtype=np.bool_))
    assert np.isnan(detector.others()).all()
