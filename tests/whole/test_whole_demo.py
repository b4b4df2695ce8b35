"""The demo as a person types it, on ports of its own: every fault its ticket, once, and nothing else."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.cli.demo import stage
from gateway.cli.demo.script import MARGIN_S, SCENES
from tests.whole.house import PROGRAM, plan, write_site

SPEED = 60.0
SECONDS = 1.0 + max(scene.at_s + scene.needs_s / SPEED + MARGIN_S for scene in SCENES)


@pytest.mark.timeout(240)
async def test_the_demo_passes_and_writes_the_table_for_machines(tmp_path: Path) -> None:
    config, table = write_site(tmp_path, plan()), tmp_path / "table.json"
    given = ["-c", str(config), "--speed", str(SPEED), "--seconds", str(SECONDS), "--json", str(table)]
    async with stage.process("demo", [*PROGRAM, "demo", *given], tmp_path) as demo:
        status = await asyncio.wait_for(demo.wait(), 230)
    assert status == 0, stage.last_words(tmp_path, "demo")
    result = json.loads(table.read_text())
    assert (result["passed"], result["speed"], result["seed"], result["unexplained"]) == (True, SPEED, 7, [])
    assert {(row["fault"], row["device"]) for row in result["faults"]} == {(s.fault, s.device) for s in SCENES}
    assert len({row["ticket"] for row in result["faults"]}) == len(SCENES)
    for row in result["faults"]:
        assert (row["verdict"], row["level"]) == ("ok", row["expected"])
        assert row["ticket"].startswith(f"lakeside:{row['device']}:")
        assert row["injected_at"] <= row["shown_at"]  # as the clock on the site shows them
        assert row["seconds"] < 5.0
