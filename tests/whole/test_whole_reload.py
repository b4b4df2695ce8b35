"""SIGHUP to the daemon as it is shipped: wrong rules change nothing, right ones hold at once, a kill mixes nothing."""

import asyncio
import shutil
import signal
from asyncio.subprocess import Process
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.demo import stage
from tests.whole.conftest import Build
from tests.whole.house import PROGRAM, ROOT, House, eventually, plan

SPEED = 60.0
RUNS = """profile: pump-set
rules:
  - {id: pump-runs, class: pump.runs, yellow: {when: running}, title: {zh: "{device} 在运行", en: "{device} runs"}}
"""


@pytest.fixture
def house(build: Build, tmp_path: Path) -> House:
    """Two pumps, and packs that may be edited."""
    shutil.copytree(ROOT / "rules" / "packs", tmp_path / "packs")
    return build({**plan("P-1", "P-2"), "rules": ["packs"]}, SPEED)


def pack(house: House, name: str) -> Path:
    return house.stage.folder / "packs" / name


async def reload_of(house: House) -> Any:
    status = await house.page("/api/status")
    return status["configuration"]["reload"] or {"at": None}


async def told_to_reload(house: House, daemon: Process) -> Any:
    """SIGHUP; the report of the reload."""
    before = (await reload_of(house))["at"]
    daemon.send_signal(signal.SIGHUP)

    async def reported() -> bool:
        return bool((await reload_of(house))["at"] != before)

    await eventually(reported, 15, "the report of the reload")
    return await reload_of(house)


async def test_wrong_rules_are_refused_tickets_go_on_and_right_ones_fire(house: House) -> None:
    async with house.api, house.devices(), house.daemon() as daemon:
        wrong = pack(house, "pump-set.yaml")
        right = wrong.read_text()
        wrong.write_text(right.replace("pressure < 0.2 * set_pressure", "presure < 0.2 * set_pressure"))
        assert (await told_to_reload(house, daemon))["outcome"] == "refused"
        part = await house.part("configuration")
        assert part["state"] == "degraded"
        assert f"{wrong}:8: " in part["reason"]
        assert "presure" in part["reason"]
        await house.befall("dry-run", "P-1", lasts_s=3600.0)
        await eventually(lambda: len(house.orders()) == 1, 15, "a ticket by the old rules")
        wrong.write_text(right)
        pack(house, "runs.yaml").write_text(RUNS)
        report = await told_to_reload(house, daemon)
        assert (report["outcome"], report["added"], report["cleared"]) == ("accepted", ["pump-runs"], [])
        assert (await house.part("configuration"))["state"] == "ok"
        await eventually(lambda: house.kinds()["P-2", "pump.runs"] == 1, 15, "a ticket by the new rule")
        assert set(house.kinds().values()) == {1}
        assert daemon.returncode is None


async def test_gateway_reload_prints_what_changed(house: House) -> None:
    async with house.api, house.devices(), house.daemon():
        pack(house, "runs.yaml").write_text(RUNS)
        asked = ("reload", "-c", str(house.stage.config_file), "--state", str(house.state), "--lang", "en")
        child = await asyncio.create_subprocess_exec(*PROGRAM, *asked, stdout=asyncio.subprocess.PIPE)
        said, _ = await child.communicate()
        assert child.returncode == 0
        assert "1 added: pump-runs" in said.decode()


@pytest.mark.timeout(180)
async def test_killed_at_any_moment_of_a_reload_it_comes_back_with_the_rules_that_are_written(house: House) -> None:
    async with house.api, house.devices():
        for turn, wait_s in enumerate((0.0, 0.05, 0.2, 0.6)):
            async with house.daemon() as daemon:
                await _as_written(house)
                _write_or_remove(pack(house, "runs.yaml"), there=turn % 2 == 0)
                daemon.send_signal(signal.SIGHUP)
                await asyncio.sleep(wait_s)
                daemon.kill()
                await daemon.wait()
        async with house.daemon():
            await _as_written(house)
            kinds = Counter(house.kinds())
    assert set(kinds.values()) <= {1}, "the ticket stayed open all the time"


def _write_or_remove(file: Path, *, there: bool) -> None:
    if there:
        file.write_text(RUNS)
    else:
        file.unlink()


async def _as_written(house: House) -> None:
    """Wait until alerts and tickets are those of the rules on the disk."""
    written = pack(house, "runs.yaml").exists()

    async def agree() -> bool:
        firing = {t["device"]: t["firing"] for t in await house.page("/api/tickets") if t["kind"] == "pump.runs"}
        return (set(firing) >= {"P-1", "P-2"} or not written) and all(
            bool(rules) == written for rules in firing.values()
        )

    await eventually(agree, 15, f"alerts of pump-runs: {written}")


async def test_sighup_during_the_start_is_kept_for_later(house: House) -> None:
    async with stage.process("gateway", house.stage.gateway(), house.stage.folder) as child:
        await eventually((house.state / "gateway.sqlite").exists, 20, "the daemon to take its state")
        child.send_signal(signal.SIGHUP)
        await stage.until_ready(child, house.pages, house.stage.folder)

        async def reported() -> bool:
            return (await reload_of(house))["at"] is not None

        await eventually(reported, 15, "a reload after the start")
        assert (await reload_of(house))["outcome"] == "accepted"
