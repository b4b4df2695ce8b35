"""Vocabularies for a pump and its motor."""

import numpy as np
import pytest

from rules.vocabulary import Vocabulary
from tests.rules.wall import UTC


@pytest.fixture
def pump() -> Vocabulary:
    return Vocabulary(
        points=("running", "flow", "pressure", "bearing_temp", "vibration", "level", "door_time"),
        units={
            "flow": "m³/h",
            "pressure": "MPa",
            "bearing_temp": "°C",
            "vibration": "mm/s",
            "level": "m",
            "door_time": "s",
        },
        ratings={"rated_power": np.array([7.5, np.nan])},
        scores=("usual",),
        devices=2,
        calendar=UTC,
    )


@pytest.fixture
def plain() -> Vocabulary:
    """Three points without units on three devices."""
    return Vocabulary(("a", "b", "c"), {}, {}, (), 3, UTC)
