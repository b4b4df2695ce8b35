"""Every example in the documentation that is a file of ours is a right one."""

import json
import re
import textwrap
import tomllib
from dataclasses import fields
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from drivers.device import DriverPlugin, Health, Remembers
from gateway.cli.editor import editor_schema
from gateway.cli.property import simulated
from gateway.core import yamlfile
from gateway.core.clock import ManualClock
from gateway.core.config import Config, load
from gateway.core.library import read_profiles
from gateway.core.lines import line_plans
from gateway.core.norms import BUILT_IN_POLICIES
from gateway.core.plugins import Plugins, discover
from gateway.core.policy import Policy
from gateway.core.ticket_settings import TicketSettings
from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.play import play
from gateway.workbench.testing.suite import read_suite
from simulators.site import Injection
from tests.docs.pages import PAGES, ROOT, Fence, blocks, fences

TITLES = {
    *(
        "callbacks",
        "channels",
        "condition",
        "config",
        "history",
        "profile",
        "pack",
        "tests",
        "rule",
        "rule-test",
        "tickets",
    ),
    "tutorial",
}
TESTED_ELSEWHERE = {"rule-tests.md"}
BASE = """
site: {id: base, name: Base, timezone: Asia/Shanghai}
connections: {wire: {driver: modbus, url: "tcp://127.0.0.1:15200"}}
devices: [{id: P-1, profile: pump-set, on: wire}]
dispatch: {url: "http://127.0.0.1:18200"}
"""

LIFTS = BASE.replace(
    "on: wire}]", "on: wire}, {id: EL-1-1, profile: pump-set, on: wire, unit: 2, location: {building: '1'}}]"
)

BOARD = """
profile: board
driver: sysfs
points: [{name: cpu, high: 120, file: temp, scale: 0.001}, {name: fan, file: none}]
"""
BOARD_SITE = """
site: {id: base, name: Base, timezone: Asia/Shanghai}
connections: {here: {driver: sysfs}}
devices: [{id: B-1, profile: board, on: here, every: 2s, folder: HERE}]
dispatch: {url: "http://127.0.0.1:18200"}
profiles: [profiles]
"""


def test_every_yaml_block_says_what_it_is() -> None:
    yaml = [b for page in PAGES if page.name not in TESTED_ELSEWHERE for b in blocks(page) if b.language == "yaml"]
    assert yaml
    assert not [str(block) for block in yaml if block.title not in TITLES]


@pytest.mark.parametrize("fence", fences("config"), ids=str)
def test_configurations_are_right(fence: Fence, tmp_path: Path) -> None:
    assert _site(fence.text, tmp_path).devices


@pytest.mark.parametrize("fence", fences("history"), ids=str)
def test_parts_of_a_configuration_are_right(fence: Fence, tmp_path: Path) -> None:
    assert _site(BASE + fence.text, tmp_path).history.influxdb


@pytest.mark.parametrize("fence", fences("tickets"), ids=str)
def test_time_rules_are_right(fence: Fence, tmp_path: Path) -> None:
    assert _site(LIFTS + fence.text, tmp_path).tickets != TicketSettings()


@pytest.mark.parametrize("fence", fences("tickets"), ids=str)
def test_time_rules_fit_the_schema_of_editors(fence: Fence, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(LIFTS + fence.text)
    data = yamlfile.read(tmp_path / "example.yaml").data
    jsonschema.Draft7Validator(editor_schema("config", discover())).validate(data)


def test_the_table_of_policies_has_all_of_them() -> None:
    page = (ROOT / "docs/how-to/set-response-times.md").read_text("utf-8")
    table = page.partition("## Built-in policies")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", table, re.MULTILINE)
    assert [name for name, _ in rows] == [*BUILT_IN_POLICIES]
    for name, told in rows:
        policy = BUILT_IN_POLICIES[name]
        limits = dict(re.findall(r"(acknowledge|on site|plan|feedback|close|report) (\w+)", told))
        read = Policy.model_validate({limit.replace(" ", "_"): text for limit, text in limits.items()})
        assert read == policy.model_copy(update={"again": None, "evidence": False}), name


@pytest.mark.parametrize("fence", fences("channels"), ids=str)
def test_channels_are_right_and_of_every_kind(fence: Fence, tmp_path: Path) -> None:
    channels = _site(BASE + fence.text, tmp_path).channels
    assert {settings.channel for settings in channels.values()} == set(discover().channels)


@pytest.mark.parametrize("fence", fences("profile"), ids=str)
def test_profiles_are_right(fence: Fence, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(fence.text)
    library = read_profiles([tmp_path], discover())
    assert not [finding.show() for finding in library.findings]
    assert library.profiles


def test_conditions_are_right(tmp_path: Path) -> None:
    """All conditions of the pages in one pack for booster sets."""
    found = fences("condition")
    assert found
    rules = "".join(f"  - id: r{i}\n{textwrap.indent(fence.text, '    ')}" for i, fence in enumerate(found))
    pack = tmp_path / "examples.yaml"
    pack.write_text(f"profile: pump-set\nrules:\n{rules}")
    rated = BASE.replace("on: wire}", "on: wire, ratings: {rated_power: 7.5, set_pressure: 0.35}}")
    models = "models: {usual: {detector: usual, profiles: [pump-set]}}"
    assert len(_site(f"{rated}{models}\nrules: [{pack}]\n", tmp_path).rules_for("pump-set")) == len(found)


@pytest.mark.parametrize("page", [p for p in PAGES if p.name == "write-a-rule.md"], ids=lambda page: page.name)
def test_packs_are_right_and_pass_their_own_tests(page: Path, tmp_path: Path) -> None:
    for fence in blocks(page):
        if fence.title in {"pack", "tests"}:
            name = fence.text.partition("\n")[0].removeprefix("# ")
            (tmp_path / Path(name).name).write_text(fence.text)
    (test_file,) = tmp_path.glob("*.test.yaml")
    kit = Kit.built_in(discover())
    suite = read_suite(test_file, kit)
    assert not [finding.show() for finding in suite.findings]
    for test in suite.tests.values():
        assert play(test, suite.subjects[test.profile], kit).passed, test.name


@pytest.mark.parametrize("fence", fences("rule", "rule-test"), ids=str)
def test_the_rule_of_the_readme_is_a_real_one(fence: Fence) -> None:
    name = "pump-set.yaml" if fence.title == "rule" else "pump-set.test.yaml"
    assert textwrap.indent(fence.text.rstrip(), "  ") in (ROOT / "rules/packs" / name).read_text("utf-8")


@pytest.mark.parametrize("fence", fences("fault"), ids=str)
def test_faults_befall_the_site_of_their_page(fence: Fence, tmp_path: Path) -> None:
    (config,) = [block for block in blocks(fence.page) if block.title == "config"]
    plant = simulated(_site(config.text, tmp_path), seed=7)
    order = {"onset": 0.0, **json.loads(fence.text)}
    assert {*order, "channel"} == {field.name for field in fields(Injection)}
    assert plant.inject(Injection(**order)).shown


@pytest.fixture
def board(tmp_path: Path) -> tuple[DriverPlugin, Plugins]:
    """The how-to's driver, and a folder with a device and its profile."""
    python, toml = fences("driver", page="write-a-driver.md")
    plugin = _plugin(python, toml, tmp_path)
    (tmp_path / "temp").write_text("41500\n")
    (tmp_path / "a-site/profiles").mkdir(parents=True)
    (tmp_path / "a-site/profiles/board.yaml").write_text(BOARD)
    return plugin, Plugins({**discover().drivers, "sysfs": plugin}, {})


async def test_the_driver_of_the_how_to_drives(board: tuple[DriverPlugin, Plugins], tmp_path: Path) -> None:
    plugin, plugins = board
    site = _site(BOARD_SITE.replace("HERE", str(tmp_path)), tmp_path, plugins)
    driver = plugin.open("here", site.connections["here"], site.devices, site.profiles, ManualClock(1000.0))
    assert driver.health()["B-1"].state == "unknown"
    batches = driver.batches()
    first, second = await anext(batches), await anext(batches)
    await batches.aclose()
    assert (first.device, first.time, second.time) == ("B-1", 1000.0, 1002.0)
    assert str(first.values) == "[41.5  nan]"
    assert (driver.health()["B-1"].state, driver.counters()) == ("good", {"reads": 2})


async def test_the_driver_of_the_how_to_remembers(board: tuple[DriverPlugin, Plugins], tmp_path: Path) -> None:
    plugin, plugins = board
    site = _site(BOARD_SITE.replace("HERE", str(tmp_path)), tmp_path, plugins)
    for now in (1000.0, 9000.0):
        driver = plugin.open("here", site.connections["here"], site.devices, site.profiles, ManualClock(now))
        assert isinstance(driver, Remembers)
        driver.recall({} if now == 1000.0 else {"B-1": 1000.0, "B-9": 1.0, "B-2": None})
        batches = driver.batches()
        await anext(batches)
        await batches.aclose()
        assert driver.notes() == {"B-1": 1000.0}
        (tmp_path / "temp").unlink(missing_ok=True)
    assert driver.health()["B-1"] == Health("offline", "no file can be read", 1000.0)


def test_the_driver_of_the_how_to_is_explained_and_checked(board: tuple[DriverPlugin, Plugins], tmp_path: Path) -> None:
    site = _site(BOARD_SITE.replace("HERE", str(tmp_path)), tmp_path, board[1])
    (plan,) = line_plans(site.connections, site.devices, site.profiles, board[1])
    assert [each.asks for each in plan.groups[0].requests] == ["file temp", "file none"]
    (tmp_path / "a-site/profiles/board.yaml").write_text(f"{BOARD}fresh: 10s\n")
    found = load(site.path, plugins=board[1]).findings
    assert "board has news every 10 s only" in [each.message() for each in found if each.line == 4]


def _plugin(python: Fence, toml: Fence, folder: Path) -> DriverPlugin:
    """The plugin that the page's package registers."""
    entry = tomllib.loads(toml.text)["project"]["entry-points"]["gateway.drivers"]["sysfs"]
    module_name, _, attribute = entry.partition(":")
    file = folder / f"{module_name}.py"
    file.write_text(python.text)
    spec = spec_from_file_location(module_name, file)
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    plugin = getattr(module, attribute)
    assert isinstance(plugin, DriverPlugin)
    return plugin


def _site(text: str, folder: Path, plugins: Plugins | None = None) -> Config:
    """The site of a config.yaml one folder below the rules; fails with what is wrong with it."""
    (folder / "rules").symlink_to(ROOT / "rules")
    file = folder / "a-site" / "config.yaml"
    (file.parent / "profiles").mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    loaded = load(file, plugins=plugins or discover(), need_secrets=False)
    assert loaded.config is not None, "\n".join(finding.show() for finding in loaded.findings)
    return loaded.config
