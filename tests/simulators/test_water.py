"""Pits, leak cables and zone meters: they live as water does, and the shipped rules are quiet until something fails."""

from collections.abc import Callable

import numpy as np
import pytest

from simulators.faults import FAULTS
from simulators.plant import PLANTS, Machine
from simulators.plant.day import DAY_S, Use
from simulators.plant.machine import Floats
from simulators.plant.sump import HIGH, ON, collected_m3
from simulators.plant.year import rain_mm_h
from simulators.site import Injection, SimulatedDevice, SimulatedSite
from tests.simulators.test_alarms import watch

JULY = 1_782_835_200.0  # 2026-07-01 00:00 in Shanghai
JANUARY = 1_767_196_800.0
FORTNIGHT = np.arange(0.0, 14 * DAY_S, 60.0)
HOUR = 3600.0
KINDS = ["sump", "water-leak", "water-meter"]
QUICK = ["sump-pump-failure", "sump-inflow", "water-leak", "leak-cable-cut", "zone-burst", "weak-echo"]
FOR_S = {  # what the first rule that sees it waits for, and how long a reading may take to be the next one
    ("sump-pump-failure", "yellow"): 10.0,
    ("sump-pump-failure", "red"): 60.0,
    ("sump-inflow", "red"): 10.0,
    ("sump-inflow", "yellow"): 1800.0,
    ("water-leak", "red"): 10.0,
    ("leak-cable-cut", "yellow"): 60.0,
    ("zone-burst", "red"): 60.0,
    ("weak-echo", "yellow"): 600.0,
}
LASTS_S = {"sump-pump-failure": 24 * HOUR, "sump-inflow": 2 * HOUR}

Devices = Callable[..., SimulatedDevice]


def starts(machine: Machine, times: Floats) -> int:
    signals = PLANTS["sump"].signal(machine, times)
    runs = np.maximum(signals["pump_1"], signals["pump_2"]) > 0.5
    return int((runs[1:] & ~runs[:-1]).sum())


@pytest.mark.parametrize("seed", [1, 7])
def test_a_pit_is_pumped_more_often_after_rain_and_never_for_long(seed: int) -> None:
    machine = Machine("S-1", seed)
    rain = np.array([rain_mm_h(seed, JULY + DAY_S * day + np.arange(0.0, DAY_S, 600.0)).mean() for day in range(40)])
    wet, dry = (
        JULY - 8 * HOUR + DAY_S * int(day) + np.arange(0.0, DAY_S, 10.0) for day in (rain.argmax(), rain.argmin())
    )
    assert starts(machine, wet) > starts(machine, dry)
    signals = PLANTS["sump"].signal(machine, JULY + FORTNIGHT)
    assert 0.35 < signals["level"].min() < signals["level"].max() <= ON < HIGH
    runs = np.maximum(signals["pump_1"], signals["pump_2"]) > 0.5
    edges = np.flatnonzero(np.diff(runs.astype(np.int64)))[0 if not runs[0] else 1 :]
    assert np.diff(edges)[::2].max() < 20
    assert min(signals["pump_1"].sum(), signals["pump_2"].sum()) > 0.0


def test_the_water_that_arrives_is_the_same_however_it_is_asked_for() -> None:
    machine = Machine("S-1", 7)
    times = JULY + np.arange(0.0, 3 * DAY_S, 7000.0)
    whole = collected_m3(machine, JULY, times)
    assert (np.diff(whole) > 0.0).all()
    middle = float(times[10])
    rest = collected_m3(machine, middle, times[10:])
    np.testing.assert_allclose(whole[10:], whole[10] + rest, atol=1e-9)


@pytest.mark.parametrize("use", ["residential", "office", "campus"])
@pytest.mark.parametrize("start", [JULY, JANUARY])
def test_a_tight_zone_sleeps_and_its_total_is_its_flow(use: Use, start: float) -> None:
    times = start + FORTNIGHT
    signals = PLANTS["water-meter"].signal(Machine("M-1", 7, use=use), times)
    flow, total = signals["flow"], signals["total"]
    assert (np.diff(total) > 0.0).all()
    assert total[-1] - total[0] == pytest.approx(np.trapezoid(flow, times) / HOUR, rel=1e-5)
    days = flow.reshape(14, 24, 60).mean(axis=2)
    share = days.min(axis=1) / days.mean(axis=1)
    assert 0.03 < np.median(share) < 0.08
    assert np.corrcoef(flow, signals["pressure"])[0, 1] < -0.8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", [JULY, JANUARY])
def test_a_wet_and_a_dry_fortnight_raise_nothing(device: Devices, kind: str, start: float) -> None:
    site = SimulatedSite([device(f"W-{i}", kind) for i in range(1, 4)], seed=1)
    assert watch(site, kind, start + FORTNIGHT) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_normal_day_by_the_second_raises_nothing(device: Devices, kind: str) -> None:
    site = SimulatedSite([device("X-1", kind)], seed=3)
    assert watch(site, kind, JULY + np.arange(0.0, DAY_S, 1.0)) == []


@pytest.mark.parametrize("fault", QUICK)
@pytest.mark.parametrize("severity", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("hour", [2.5, 19.0])
def test_a_fault_is_one_kind_of_ticket_of_the_right_level_in_time(
    device: Devices, fault: str, severity: float, hour: float
) -> None:
    kind, onset = FAULTS[fault].kind, JULY + DAY_S + hour * HOUR
    injection = Injection(fault, "X-1", onset, severity, LASTS_S.get(fault, HOUR))
    site = SimulatedSite([device("X-1", kind)], seed=7, faults=[injection])
    (truth,) = site.truths()
    alarms = watch(site, kind, np.arange(onset - 2 * HOUR, truth.until + 3 * HOUR, 5.0))
    assert {found for found, _ in alarms} == {truth.rule_class}
    raised = [alarm for _, alarm in alarms if alarm.change != "cleared"]
    first = next(alarm for alarm in raised if alarm.level == truth.level)
    assert truth.level is not None
    assert truth.shown_at is not None
    late_s = first.time - truth.shown_at - FOR_S[fault, truth.level]
    early_s = 1800.0 if fault == "sump-inflow" and truth.level == "yellow" else 1.0  # its high float may come first
    assert -early_s <= late_s <= 10.0
    if truth.family == "safety":
        assert truth.level == "red"


@pytest.mark.parametrize("severity", [0.0, 1.0])
def test_dew_is_nobodys_errand(device: Devices, severity: float) -> None:
    site = SimulatedSite([device("X-1", "water-leak")], 7, [Injection("condensation", "X-1", JULY, severity, DAY_S)])
    for step_s, lasts_s in ((1.0, 2 * HOUR), (5.0, 6 * HOUR), (60.0, DAY_S)):
        assert watch(site, "water-leak", np.arange(JULY - HOUR, JULY + lasts_s, step_s)) == []


@pytest.mark.parametrize("severity", [0.3, 0.6, 1.0])
@pytest.mark.parametrize("seed", [1, 7])
def test_a_leaking_zone_is_found_in_its_nights_a_week_before_it_breaks(
    device: Devices, severity: float, seed: int
) -> None:
    injection = Injection("zone-leak", "X-1", JULY + 15 * DAY_S, severity, 21 * DAY_S)
    site = SimulatedSite([device("X-1", "water-meter")], seed, [injection])
    (truth,) = site.truths()
    alarms = watch(site, "water-meter", np.arange(JULY, truth.until, 60.0))
    assert {found for found, _ in alarms} == {"water.loss"}
    assert truth.onset < alarms[0][1].time < truth.until - 7 * DAY_S


def test_a_burst_pipe_and_a_wet_cable_follow_their_physics(device: Devices) -> None:
    injections = [Injection("zone-burst", "M", JULY, 0.5, HOUR), Injection("water-leak", "L", JULY, 0.5, HOUR)]
    site = SimulatedSite([device("M", "water-meter"), device("L", "water-leak")], 7, injections)
    before, later = (site.read("M", JULY + np.array([at])) for at in (-60.0, 600.0))
    assert later[0, 0] > 1.8 * before[0, 0]
    assert 0.4 < later[0, 1] / before[0, 1] < 0.8
    wet = site.read("L", JULY + np.arange(0.0, 600.0, 60.0))
    names = site.devices["L"].profile.names
    assert (np.diff(wet[:, names.index("distance")]) < 0.0).all()
    assert (np.diff(wet[:, names.index("leak_current")]) > 0.0).all()
    assert wet[-1, names.index("zones")] == 4.0
