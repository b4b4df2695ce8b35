"""A small property on the repository's own profiles."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ConfigDict

from drivers.device import Point, Profile
from simulators.site import SimulatedDevice

PROFILES = Path(__file__).parents[2] / "drivers" / "profiles"


class LoosePoint(Point):
    model_config = ConfigDict(extra="allow")


class LooseProfile(Profile):
    """A profile as YAML has it: the simulators know no driver's own model."""

    model_config = ConfigDict(extra="allow")
    points: tuple[LoosePoint, ...]


RATINGS = {
    "pump-set": {"rated_power": 7.5, "set_pressure": 0.45},
    "power-meter": {"rated_power": 80.0},
    "sump": {"pump_flow": 20.0},
    "water-leak": {"cable_length": 60.0},
    "water-meter": {"mean_flow": 6.0, "set_pressure": 0.35},
    "transformer": {"rated_power": 630.0, "alarm_temp": 130.0, "trip_temp": 150.0, "fan_on": 110.0},
    "residual-current": {"rated_current": 250.0},
    "elevator": {"rated_speed": 1.75, "floors": 20.0},
    "ups": {"design_runtime": 15.0},
    "distribution-room": {},
    "fire-pump": {"start_pressure": 0.60},
}


@cache
def profile(name: str) -> LooseProfile:
    text: Any = yaml.safe_load((PROFILES / f"{name}.yaml").read_text(encoding="utf-8"))
    return LooseProfile.model_validate(text)


def a_device(name: str, kind: str, unit: int | None = None) -> SimulatedDevice:
    connection = "broker" if kind == "elevator" else "plant-room"
    return SimulatedDevice(name, profile(kind), kind, connection, unit=unit, ratings=RATINGS[kind])


@pytest.fixture
def device() -> Callable[..., SimulatedDevice]:
    return a_device


@pytest.fixture
def property_devices() -> list[SimulatedDevice]:
    """13 devices: 6 lifts, 3 pump sets, 3 meters, 1 transformer."""
    lifts = [a_device(f"EL-{i}", "elevator") for i in range(1, 7)]
    pumps = [a_device(f"P-{i}", "pump-set", unit=i) for i in range(1, 4)]
    meters = [a_device(f"PM-{i}", "power-meter", unit=10 + i) for i in range(1, 4)]
    return [*lifts, *pumps, *meters, a_device("TR-1", "transformer", unit=20)]
