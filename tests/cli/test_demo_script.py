"""The demo's script: which faults, when on which clock, and the tickets that they must make."""

from pathlib import Path

import pytest

from gateway.cli.demo import script
from gateway.cli.demo.script import SCENES
from gateway.cli.property import simulated
from gateway.cli.screen import Failed
from gateway.core.clock import ScaledClock
from gateway.core.config import Config, load
from gateway.core.plugins import discover
from simulators.faults import FAULTS, SLOW
from tests.cli import shop

CLOCK = ScaledClock(site_start=shop.T0, wall_start=1000.0, speed=60.0)


@pytest.fixture(scope="module")
def site() -> Config:
    loaded = load(Path(__file__).parents[2] / "config.yaml", plugins=discover(), need_secrets=False)
    assert loaded.config is not None
    return loaded.config


def test_wall_and_site_time_are_two_views_of_one_moment() -> None:
    assert script.site_time(CLOCK, 1000.0) == shop.T0
    assert script.site_time(CLOCK, 1002.5) == shop.T0 + 150.0
    assert script.wall_time(CLOCK, shop.T0 + 150.0) == 1002.5


def test_all_six_faults_fit_into_the_default_demo(site: Config) -> None:
    assert script.scenes(site, 60.0, 90.0) == (list(SCENES), [])
    assert {scene.fault for scene in SCENES} < {*FAULTS} - {*SLOW} | {"bearing-wear"}


def test_at_real_time_only_the_fast_ones_do(site: Config) -> None:
    chosen, short = script.scenes(site, 1.0, 90.0)
    assert {scene.fault for scene in chosen} == {"pipe-burst", "dry-run", "entrapment"}
    assert {scene.fault for scene in short} == {"bearing-wear", "transformer-overload", "silent-meter"}


def test_a_site_without_their_devices_sees_none(tmp_path: Path) -> None:
    config = load(shop.write_site(tmp_path), plugins=discover(), need_secrets=False).config
    assert config is not None
    assert [scene.device for scene in script.scenes(config, 60.0, 90.0)[0]] == ["P-1"]
    with pytest.raises(Failed, match="nothing can go wrong in 10 s"):
        script.scenes(config, 1.0, 10.0)


def test_a_fault_begins_at_its_place_after_the_curtain() -> None:
    injections = script.injections(SCENES, CLOCK, curtain=1010.0)
    assert [each.onset for each in injections] == [shop.T0 + (10.0 + scene.at_s) * 60.0 for scene in SCENES]
    assert [each.duration_s for each in injections] == [scene.lasts_s for scene in SCENES]


def test_each_fault_must_make_its_ticket(site: Config) -> None:
    injections = script.injections(SCENES, CLOCK, curtain=1000.0)
    expected = {each.fault: each for each in script.expectations(simulated(site, 7, injections), site, CLOCK)}
    assert {fault: each.levels for fault, each in expected.items()} == {
        "pipe-burst": ("red",),
        "bearing-wear": ("yellow",),
        "transformer-overload": ("yellow", "red"),
        "dry-run": ("red",),
        "entrapment": ("red",),
        "silent-meter": ("yellow",),
    }
    meter = expected["silent-meter"]
    assert meter.injected_at == pytest.approx(1000.0 + 22.0)
    assert meter.shown_at["yellow"] == pytest.approx(meter.injected_at, abs=1.0)
    assert meter.limit_s == pytest.approx(5.0 / 60.0 + script.MARGIN_S)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.fault)
def test_a_scene_leaves_time_for_its_ticket(site: Config, scene: script.Scene) -> None:
    (injection,) = script.injections([scene], CLOCK, curtain=1000.0)
    (expected,) = script.expectations(simulated(site, 7, [injection]), site, CLOCK)
    waits_s = {level: wait for (rule, level), wait in expected.wait_s.items() if _kind(site, rule) == expected.kind}
    longest_s = max(expected.shown_at[level] + waits_s[level] for level in expected.levels) - expected.injected_at
    if scene.fault != "bearing-wear":  # the detector is earlier than its own signal, and its rule waits for the score
        assert longest_s * CLOCK.speed <= scene.needs_s


def _kind(site: Config, rule_id: str) -> str:
    return next(rule.kind for rules in site.rules.values() for rule in rules if rule.id == rule_id)
