"""The shipped rules on the simulated property: silence in normal weeks, and one kind of ticket per fault."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import yaml

from gateway.core.almanac import Almanac
from rules.book import Book
from rules.rule import Pack, Rule, Transition
from rules.vocabulary import Vocabulary
from simulators.faults import FAULTS
from simulators.plant.machine import Floats
from simulators.site import Injection, SimulatedDevice, SimulatedSite

PACKS = Path(__file__).parents[2] / "rules" / "packs"
START = 1_772_323_200.0
DAY = 86_400.0
HOUR = 3600.0


@cache
def rules_of(profile: str) -> tuple[Rule, ...]:
    files = [path for path in sorted(PACKS.glob("*.yaml")) if not path.name.endswith(".test.yaml")]
    return tuple(rule for file in files for rule in pack_of(file).rules_of(profile).values())


@cache
def pack_of(file: Path) -> Pack:
    return Pack.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def watch(site: SimulatedSite, kind: str, times: Floats, score: Floats | None = None) -> list[tuple[str, Transition]]:
    """Every alarm of the devices of a kind, with the class of its rule."""
    devices = [device for device in site.devices.values() if device.kind == kind]
    values = np.stack([site.read(device.id, times) for device in devices], axis=1)
    profile = devices[0].profile
    points = profile.points
    rules = rules_of(kind)
    ratings = {
        name: np.array([profile.rated(name, device.ratings) for device in devices])
        for name in {*profile.ratings, *devices[0].ratings}
    }
    units = {point.name: point.unit for point in points}
    vocabulary = Vocabulary(profile.names, units, ratings, ("usual",), len(devices), Almanac(ZoneInfo("Asia/Shanghai")))
    known = np.zeros(len(times)) if score is None else score
    scores = np.where(np.isnan(values).all(axis=2), np.nan, known[:, None])
    said = {"score.usual": scores, "health.usual": 100.0 * (1.0 - scores), "others.usual": scores}
    classes: dict[str, Any] = {rule.id: rule.kind for rule in rules}
    book = Book(rules, vocabulary)
    age = np.where(np.isnan(values), np.inf, 0.0)
    return [(classes[found.rule], found) for found in book.update(times, values, age, said)]


@pytest.mark.parametrize("kind", ["elevator", "pump-set", "power-meter", "transformer", "residual-current"])
@pytest.mark.parametrize("seed", [1, 7])
def test_a_normal_fortnight_raises_nothing(
    property_devices: list[SimulatedDevice], device: Callable[..., SimulatedDevice], kind: str, seed: int
) -> None:
    site = SimulatedSite([*property_devices, device("RC-1", "residual-current", unit=30)], seed=seed)
    assert watch(site, kind, START + np.arange(0.0, 14 * DAY, 60.0)) == []


@pytest.mark.parametrize("kind", ["elevator", "pump-set", "power-meter", "transformer", "residual-current"])
def test_a_normal_day_by_the_second_raises_nothing(device: Callable[..., SimulatedDevice], kind: str) -> None:
    site = SimulatedSite([device("X-1", kind)], seed=3)
    assert watch(site, kind, START + np.arange(0.0, DAY, 1.0)) == []


_FAST: Mapping[str, tuple[float, float]] = {
    # The fault, how long it lasts, and the `for` of the rule that sees it first at the level that it deserves.
    "entrapment": (0.5 * HOUR, 30.0),
    "car-noise": (2 * HOUR, 10.0),
    "dry-run": (0.5 * HOUR, 10.0),
    "pipe-burst": (0.5 * HOUR, 60.0),
    "cavitation": (0.5 * HOUR, 120.0),
    "transformer-overload": (2 * HOUR, 1800.0),
    "phase-loss": (0.5 * HOUR, 5.0),
    "voltage-low": (0.5 * HOUR, 600.0),
    "silent-meter": (0.5 * HOUR, 300.0),
}
_AT_WORST: Mapping[str, float] = {
    "transformer-overload": 600.0,  # red
    "voltage-low": 0.0,  # under 90 % it is a dip, which is told at once
}
_AVERAGED_S: Mapping[str, float] = {"cavitation": 120.0}
"""Over how long that rule averages, which may come on top."""


@pytest.mark.parametrize("fault", _FAST)
@pytest.mark.parametrize("severity", [0.0, 1.0])
@pytest.mark.parametrize("hour", [2.5, 7.5, 14.0, 19.0])
def test_a_fault_raises_its_own_class_and_no_other(
    device: Callable[..., SimulatedDevice], fault: str, severity: float, hour: float
) -> None:
    kind = {"silent-meter": "power-meter"}.get(fault, FAULTS[fault].kind)
    onset = START - 8 * HOUR + DAY + hour * HOUR
    lasts_s, for_s = _FAST[fault]
    for_s = _AT_WORST.get(fault, for_s) if severity == 1.0 else for_s
    site = SimulatedSite([device("X-1", kind)], seed=7, faults=[Injection(fault, "X-1", onset, severity, lasts_s)])
    (truth,) = site.truths()
    times = np.arange(onset - 2 * HOUR, truth.until + 3 * HOUR, 2.0)
    # The worst case beside a limit: a detector that finds the fault, and for an hour afterwards cannot forget it.
    score = ((times > onset) & (times < truth.until + HOUR)).astype(np.float64)
    alarms = watch(site, kind, times, score)
    assert {kind_of_problem for kind_of_problem, _ in alarms} == {truth.rule_class}
    raised = [alarm for _, alarm in alarms if alarm.change != "cleared"]
    assert ("red" in {alarm.level for alarm in raised}) == (truth.level == "red")
    assert truth.shown_at is not None
    first = next(alarm for alarm in raised if alarm.level == truth.level)
    assert -10.0 <= first.time - truth.shown_at - for_s <= 30.0 + _AVERAGED_S.get(fault, 0.0)


@pytest.mark.parametrize("severity", [0.3, 0.5])
def test_a_mild_bearing_is_seen_against_its_own_past(device: Callable[..., SimulatedDevice], severity: float) -> None:
    injection = Injection("bearing-wear", "X-1", START, severity, 15 * DAY)
    site = SimulatedSite([device("X-1", "pump-set")], seed=7, faults=[injection])
    (truth,) = site.truths()
    assert truth.shown_at is not None
    times = START + np.arange(0.0, 15 * DAY, 60.0)
    alarms = watch(site, "pump-set", times, (times > truth.shown_at).astype(np.float64))
    assert {kind for kind, _ in alarms} == {truth.rule_class, *truth.also}
    first = {alarm.rule: alarm.time for _, alarm in reversed(alarms)}
    learnt = {first.pop(rule) for rule in ("pump-unusual", "pump-bearing-heard")}
    assert max(learnt) < truth.until - 3 * DAY
    assert all(limit > truth.until - DAY for limit in first.values())


def test_a_severe_bearing_is_seen_by_the_score_days_before_the_limits(device: Callable[..., SimulatedDevice]) -> None:
    injection = Injection("bearing-wear", "X-1", START, 1.0, 15 * DAY)
    site = SimulatedSite([device("X-1", "pump-set")], seed=7, faults=[injection])
    alarms = watch(site, "pump-set", START + np.arange(0.0, 15 * DAY, 60.0))
    assert {kind for kind, _ in alarms} == {"pump.bearing"}
    (truth,) = site.truths()
    assert truth.shown_at is not None
    assert alarms[0][1].time - truth.shown_at > 5 * DAY
