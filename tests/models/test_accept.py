"""A person says that what a device does is usual: it is relearnt at once, that device alone, and stays scored."""

import numpy as np
import pytest

from models.detector import Floats
from models.settings import Settings
from models.usual import Usual

STEP_S, DEVICES, WARM, SHIFTED = 60.0, 2, 4 * 1440, 3 * 1440


def readings(rows: int, seed: int, shift: float) -> Floats:
    noise = np.random.default_rng(seed).standard_normal((rows, DEVICES, 2))
    values: Floats = np.array([5.0, 20.0]) + np.array([0.1, 0.5]) * noise
    values[:, :, 0] += shift
    return values


def shown(detector: Usual, begin: int, values: Floats) -> Floats:
    times = 1_773_532_800.0 + STEP_S * (begin + np.arange(len(values), dtype=np.float64))
    return detector.update(times, values, np.full_like(values, 0.2), np.zeros(DEVICES, np.bool_))


@pytest.fixture
def detector() -> Usual:
    detector = Usual(Settings.model_validate({"warm_up": "1d"}), ("pressure", "current"), DEVICES)
    shown(detector, 0, readings(WARM, 1, 0.0))
    assert (shown(detector, WARM, readings(240, 2, 1.5))[-60:] > 0.5).all(), "both are unusual for hours"
    return detector


def test_the_device_is_usual_soon_and_never_unknown_and_no_other_changes(detector: Usual) -> None:
    detector.accept(np.array([True, False]))
    scores = shown(detector, WARM + 240, readings(SHIFTED, 3, 1.5))
    assert not np.isnan(scores).any()
    taught, left = (scores > 0.5).sum(axis=0)
    assert taught < 30, "minutes"
    assert left > 300, "where patience alone takes hours"


def test_what_is_odd_against_the_new_reference_is_odd(detector: Usual) -> None:
    detector.accept(np.array([True, True]))
    shown(detector, WARM + 240, readings(SHIFTED, 3, 1.5))
    scores = shown(detector, WARM + 240 + SHIFTED, readings(120, 4, 0.0))
    assert (scores[-30:] > 0.5).all(), "what was usual before is not any more"


def test_to_accept_nothing_or_something_cold_changes_nothing() -> None:
    taught, left = (Usual(Settings(), ("pressure", "current"), DEVICES) for _ in range(2))
    for detector in (taught, left):
        shown(detector, 0, readings(30, 5, 0.0))
    taught.accept(np.array([False, False]))
    for name, array in left.state().items():
        np.testing.assert_array_equal(taught.state()[name], array, name)
    taught.accept(np.array([True, True]))
    assert np.isnan(shown(taught, 30, readings(30, 6, 0.0))).all()
