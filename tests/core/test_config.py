"""A site as a whole: the repository's own, and small ones."""

from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from gateway.core.config import Loaded, load
from gateway.core.findings import has_errors
from gateway.core.plugins import Plugins, discover

ROOT = Path(__file__).parents[2]
SECRETS = {"GATEWAY_SECRET_MQTT_PASSWORD": "hunter2", "GATEWAY_SECRET_DISPATCH_TOKEN": "hunter3"}
SITE = """\
site: {id: demo, name: Demo, timezone: Asia/Shanghai, language: en}
connections:
  bus: {driver: modbus, url: "tcp://127.0.0.1:502"}
devices:
  - {id: P-1, profile: pump-set, on: bus, unit: 1, ratings: {rated_power: 7.5}}
  - {id: P-2, profile: pump-set, on: bus, unit: 2, fed_by: P-1}
  - {id: M-1, profile: power-meter, on: bus, unit: 3}
dispatch: {url: "http://127.0.0.1:18080", token: !secret dispatch_token}
rules: [packs]
models:
  usual: {detector: usual, profiles: [pump-set]}
"""
PACK = """\
profile: pump-set
rules:
  - {id: hot, class: pump.bearing, yellow: {when: bearing_temp > 70, for: 10m}, title: {en: hot}}
  - {id: low, profile: power-meter, yellow: {when: u_a < 180, for: 10m}, title: {en: low}}
"""


@pytest.fixture(scope="module")
def plugins() -> Plugins:
    return discover()


def _load(folder: Path, plugins: Plugins, site: str = SITE, **files: str) -> Loaded:
    (folder / "packs").mkdir()
    (folder / "config.yaml").write_text(site)
    for name, text in files.items():
        (folder / "packs" / f"{name}.yaml").write_text(text)
    return load(folder / "config.yaml", plugins=plugins, environment=SECRETS)


def test_the_repositorys_own_site_is_right(plugins: Plugins) -> None:
    loaded = load(ROOT / "config.yaml", plugins=plugins, environment=SECRETS)
    assert loaded.findings == ()
    assert loaded.language == "zh"
    config = loaded.config
    assert config is not None
    assert [len(fleet.devices) for fleet in config.fleets] == [4, 1, 2, 6]
    assert config.dispatch.token == SecretStr("hunter3")
    assert config.state_folder == ROOT / "var"
    assert config.policies.keys() >= {"red_strict", "yellow_48h"}
    assert all(config.rules_for(fleet.profile.profile) for fleet in config.fleets)
    assert all("usual" in config.models_for(fleet.profile.profile) for fleet in config.fleets)
    assert "hunter" not in repr(config)


def test_fleets_rules_and_words_fit_together(tmp_path: Path, plugins: Plugins) -> None:
    config = _load(tmp_path, plugins, pumps=PACK).config
    assert config is not None
    pumps, meters = config.fleets
    assert pumps.ids == ("P-1", "P-2")
    assert [rule.id for rule in config.rules_for("pump-set")] == ["hot"]
    assert [rule.id for rule in config.rules_for("power-meter")] == ["low"]
    words = config.vocabulary(pumps)
    assert words.points == pumps.profile.names
    assert words.scores == ("usual",)
    np.testing.assert_equal(words.ratings["rated_power"], [7.5, np.nan])
    assert config.vocabulary(meters).scores == ()


def test_without_the_secrets_a_site_can_be_checked_but_not_run(tmp_path: Path, plugins: Plugins) -> None:
    (tmp_path / "config.yaml").write_text(SITE.replace("rules: [packs]\n", ""))
    path = tmp_path / "config.yaml"
    checked = load(path, plugins=plugins, need_secrets=False, environment={})
    assert checked.config is not None
    assert [finding.kind for finding in checked.findings] == ["no_rules", "missing_secret"]
    started = load(path, plugins=plugins, environment={})
    assert started.config is None
    assert has_errors(started.findings)


def test_the_state_folder_of_systemd_comes_first(tmp_path: Path, plugins: Plugins) -> None:
    (tmp_path / "config.yaml").write_text(SITE.replace("rules: [packs]\n", "state: data\n"))
    plain = load(tmp_path / "config.yaml", plugins=plugins, environment=SECRETS).config
    managed = load(
        tmp_path / "config.yaml", plugins=plugins, environment=SECRETS | {"STATE_DIRECTORY": "/run/gateway:/other"}
    ).config
    assert plain is not None
    assert managed is not None
    assert (plain.state_folder, managed.state_folder) == (tmp_path / "data", Path("/run/gateway"))


def test_a_detectors_own_settings_are_checked(tmp_path: Path, plugins: Plugins) -> None:
    site = SITE.replace("detector: usual,", "detector: usual, no_such_setting: 1,")
    (finding,) = _load(tmp_path, plugins, site, pumps=PACK).findings
    assert (finding.kind, finding.line) == ("unknown_key", 11)


@pytest.mark.parametrize(
    ("pack", "kinds"),
    [
        (PACK, []),
        (PACK.replace("profile: pump-set", "profile: elevator"), ["unwatched_profile"]),
        (PACK.replace("profile: power-meter", "profile: elevator"), ["idle_rule", "unwatched_profile"]),
        (
            PACK.replace("profile: pump-set", 'profile: "*"').replace("hot, ", "hot, profile: elevator, "),
            ["idle_rule", "unwatched_profile"],
        ),
        ("profile: elevator\nrules: []\n", ["no_rules"]),
        ("profile: pump-set\nrules: [{id: x}]\n", ["no_level"]),
    ],
)
def test_what_rules_watch(tmp_path: Path, plugins: Plugins, pack: str, kinds: list[str]) -> None:
    assert [finding.kind for finding in _load(tmp_path, plugins, pumps=pack).findings] == kinds


def test_the_same_rule_twice_names_the_other_file(tmp_path: Path, plugins: Plugins) -> None:
    (finding,) = _load(tmp_path, plugins, a=PACK, b=PACK.replace("id: hot", "id: hat")).findings[:1]
    assert finding.kind == "duplicate_rule"
    assert "a.yaml:4" in finding.message()


def test_tests_beside_a_pack_are_not_packs(tmp_path: Path, plugins: Plugins) -> None:
    assert _load(tmp_path, plugins, **{"pumps": PACK, "pumps.test": "tests: []\n"}).findings == ()


def test_a_fed_device_whose_id_is_no_text(tmp_path: Path, plugins: Plugins) -> None:
    site = SITE.replace("{id: P-2,", "{id: {a: 1},").replace("fed_by: P-1", "fed_by: M-1")
    assert "not_text" in [finding.kind for finding in _load(tmp_path, plugins, site, pumps=PACK).findings]


def test_a_broken_site_still_speaks_its_language(tmp_path: Path, plugins: Plugins) -> None:
    loaded = _load(tmp_path, plugins, SITE.replace("language: en", "language: zh, x: 1"))
    assert (loaded.config, loaded.language) == (None, "zh")


def test_an_absent_site_is_a_finding(tmp_path: Path, plugins: Plugins) -> None:
    loaded = load(tmp_path / "config.yaml", plugins=plugins, environment={"LANG": "zh_CN.UTF-8"})
    assert [finding.kind for finding in loaded.findings] == ["file_missing"]
    assert loaded.language == "zh"
