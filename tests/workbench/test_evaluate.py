"""An evaluation as a whole, on a small site without detectors; and the past that a simulated property is."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.core.config import Config
from gateway.core.types import Block, Level
from gateway.workbench.evaluate.campaign import Asked, known_faults, paced, rounds
from gateway.workbench.evaluate.figures import figures
from gateway.workbench.evaluate.past import SimulatedPast, Stretch
from gateway.workbench.evaluate.plain import plain_evaluation
from gateway.workbench.evaluate.run import Evaluation, evaluate
from simulators.site import Injection, SimulatedDevice, SimulatedSite
from tests.workbench import lane
from tests.workbench.judged import DAY, HOUR, T0

PUMPS = """
profile: pump-set
rules:
  - {id: dry, class: pump.dry_run, red: {when: running and flow < 0.5 and pressure < 0.1, for: 10s}, latch: true}
  - {id: shaken, class: pump.bearing, yellow: {when: "avg(vibration, 30m) > 2.8", for: 1h}}
"""


EVERY = """
profile: "*"
rules:
  - {id: silent, class: device.offline, yellow: {when: offline, for: 5m}}
"""
_FEEDER = dict.fromkeys(("P-1", "P-2", "P-3"), "M-1")


@pytest.fixture
def site(tmp_path: Path) -> Config:
    return lane.site(tmp_path, pumps=PUMPS, every=EVERY)


def build(config: Config, seed: int) -> SimulatedSite:
    devices = [
        SimulatedDevice(
            *(each.id, config.profiles[each.profile], each.profile, each.on),
            ratings=each.ratings,
            fed_by=each.fed_by,
            location=each.location,
        )
        for each in config.devices
    ]
    return SimulatedSite(devices, seed)


def asked(*faults: str, normal: bool = False, seeds: tuple[int, ...] = (7,), cases: int = 2) -> Asked:
    return Asked(1, dict.fromkeys(seeds, T0), 30.0, cases, faults, normal=normal)


def played(site: Config, *faults: str, normal: bool = False) -> Evaluation:
    return evaluate(site, lane.PLUGINS, build, asked(*faults, normal=normal))


def test_faults_are_found_and_judged(site: Config) -> None:
    found = played(site, "dry-run", "bearing-wear")
    dry, wear = found.verdicts[:2], found.verdicts[2:]
    assert [(each.trial.device, each.level, len(each.tickets)) for each in dry] == [
        ("P-1~1", Level.RED, 1),
        ("P-2~2", Level.RED, 1),
    ]
    assert all(each.red_delay_s is not None and 0.0 <= each.red_delay_s <= 60.0 for each in dry)
    assert [each.trial.fault for each in wear] == ["bearing-wear"] * 2
    assert (wear[1].warning_s or 0.0) > DAY
    assert [each.verdict.trial.fault for each in found.examples] == ["dry-run", "bearing-wear"]
    assert found.trial_days > 30.0


def test_a_quiet_site_has_quiet_weeks(site: Config) -> None:
    shares: list[float] = []
    found = evaluate(site, lane.PLUGINS, build, asked(normal=True), shares.append)
    (weeks,) = found.weeks
    assert (weeks.start, weeks.end, weeks.tickets) == (T0, T0 + DAY, ())
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)


def test_the_same_seed_is_the_same_evaluation(site: Config) -> None:
    first, second = (json.dumps(plain_evaluation(played(site, "dry-run", normal=True))) for _ in range(2))
    assert first == second


def test_every_fault_of_the_site_has_mild_and_bad_trials(site: Config) -> None:
    assert {"dry-run", "bearing-wear", "silent-meter"} <= {*known_faults(build(site, 7))}
    assert "entrapment" not in known_faults(build(site, 7))
    planned = list(rounds(site, build, asked("dry-run", "silent-meter", seeds=(7, 8), cases=3)))
    trials = [trial for each in planned for trial in each.trials]
    assert len(trials) == 2 * (3 + 3 + 3)  # dry runs of pumps, silent pumps and silent meters, for each seed
    assert {trial.severity for trial in trials} == {0.3, 0.65, 1.0}
    for each in planned:
        assert len({device.id for device in each.config.devices}) == len(each.trials)
        assert len({device.on for device in each.config.devices}) == len(each.trials)
        assert all(each.start < trial.onset < trial.felt_until < each.end for trial in each.trials)


def test_what_takes_longer_than_the_days_is_looked_at_every_minute(site: Config) -> None:
    (short, long) = rounds(site, build, asked("dry-run", "bearing-wear"))
    assert (short.step_s, long.step_s) == (30.0, 60.0)
    assert (short.end - short.start) < 2 * DAY < 15 * DAY < long.end - long.start


def fed(site: Config) -> Config:
    """The site with everything behind its meter."""
    fleets = tuple(
        replace(
            fleet, devices=tuple(each.model_copy(update={"fed_by": _FEEDER.get(each.id)}) for each in fleet.devices)
        )
        for fleet in site.fleets
    )
    return replace(site, fleets=fleets, devices=tuple(device for fleet in fleets for device in fleet.devices))


def test_an_incident_befalls_the_site_as_it_stands_and_is_one_ticket(site: Config) -> None:
    assert "feeder-loss" not in known_faults(build(site, 7))
    whole = fed(site)
    assert "feeder-loss" in known_faults(build(whole, 7))
    found = evaluate(whole, lane.PLUGINS, build, asked("feeder-loss"))
    (verdict,) = found.verdicts  # there is a single place, however many trials are asked for
    assert verdict.trial.is_incident
    assert set(verdict.trial.devices) == {"M-1", "P-1", "P-2", "P-3"}
    assert verdict.is_found
    (one,) = [figure for figure in figures(found) if figure.name == "one_ticket"]
    assert (one.seen, len(verdict.tickets)) == (1.0, 1)


def test_each_trial_of_a_sensor_fault_has_another_sensor(site: Config) -> None:
    (planned, _) = rounds(site, build, asked("sensor-stuck", cases=3))
    channels = [trial.channel for trial in planned.trials]
    assert len({*channels}) == 3
    assert {trial.family for trial in planned.trials} == {"sensor"}


def past(site: Config, *faults: Injection) -> SimulatedPast:
    plant = build(site, 7)
    for fault in faults:
        plant.inject(fault)
    return SimulatedPast(plant, site, [Stretch(T0 - DAY, T0, 60.0), Stretch(T0, T0 + DAY, 10.0)])


def blocks(of: SimulatedPast, site: Config, start: float, end: float, max_rows: int) -> tuple[np.ndarray, np.ndarray]:
    shown: list[Block] = list(of.blocks(site.fleets[0], start, end, 10.0, max_rows))
    return np.concatenate([each.times for each in shown]), np.concatenate([each.values for each in shown])


def test_a_past_does_not_depend_on_how_it_is_cut(site: Config) -> None:
    whole, cut = (blocks(past(site), site, T0, T0 + 2 * HOUR, rows) for rows in (4096, 50))
    assert np.array_equal(whole[0], T0 + np.arange(0.0, 2 * HOUR, 10.0))
    assert np.array_equal(whole[1], cut[1])
    assert not np.isnan(whole[1]).any()


def test_the_past_is_what_the_machines_measured(site: Config) -> None:
    times, values = blocks(past(site), site, T0, T0 + HOUR, 4096)
    assert np.array_equal(values[:, 1], build(site, 7).read("P-2", times))


def test_a_silent_machine_says_nothing(site: Config) -> None:
    silent = Injection("silent-meter", "P-1", T0 + HOUR, 0.5, HOUR)
    parts = list(past(site, silent).fresh(site.fleets[0], T0 + HOUR, T0 + 2 * HOUR))
    assert {int(row) for part in parts for row in part.devices} == {1, 2}
    assert all(np.array_equal(part.rows, np.sort(part.rows)) for part in parts)


def test_between_two_readings_nothing_is_said(site: Config) -> None:
    assert not list(past(site).fresh(site.fleets[0], T0 - HOUR + 1.0, T0 - HOUR + 59.0))


def test_slow_devices_stay_slow(site: Config) -> None:
    assert {device.every for device in paced(site, 5.0).devices} == {10.0}
    assert {device.every for device in paced(site, 30.0).devices} == {30.0}
    parts = list(past(site).fresh(site.fleets[0], T0 - HOUR, T0))
    assert sum(len(part.rows) for part in parts) == 3 * 60
    assert past(site).profiles() == dict.fromkeys(("pump-set", "power-meter"), (T0 - DAY, T0 + DAY - 10.0))
