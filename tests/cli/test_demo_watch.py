"""The demo on a terminal is redrawn, in a pipe it is lines; both notice when a program ends."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from io import StringIO
from pathlib import Path
from typing import Any, cast

import pytest
from rich.console import Console

from gateway.cli.demo import stage
from gateway.cli.demo.news import News
from gateway.cli.demo.verdict import Expected
from gateway.cli.demo.watch import Running, watch
from gateway.cli.local import Pages
from gateway.cli.screen import Failed
from gateway.core.clock import ScaledClock, SystemClock
from gateway.core.config import load
from gateway.core.plugins import discover
from simulators.property_api import PropertyApi
from tests.cli import shop


class Daemon:
    """The local pages, without a daemon behind them."""

    def get(self, path: str) -> Any:
        return shop.HEALTH if path == "/api/status" else shop.listed()


@pytest.fixture
async def demo(tmp_path: Path) -> AsyncIterator[Running]:
    config = load(shop.write_site(tmp_path), plugins=discover(), need_secrets=False).config
    assert config is not None
    now = SystemClock().now()
    fault = Expected("dry-run", "P-1", "pump.dry_run", now, ("red",), {"red": now}, {}, 2.0)
    pages = cast("Pages", Daemon())
    async with stage.process("gateway", ["sleep", "60"], tmp_path) as child:
        yield Running(
            config, PropertyApi(), pages, {"gateway": child}, tmp_path, ScaledClock(shop.T0, now, 60.0), [fault], now
        )


async def shown(demo: Running, *, terminal: bool) -> str:
    ours = {"TERM": "xterm"}  # whatever terminal the tests run in
    out = Console(file=StringIO(), width=80, force_terminal=terminal, highlight=False, _environ=ours)
    demo.api.be("down")
    await watch(demo, out, News(demo.expected, demo.clock, "en"), seconds=0.7, down_s=0.2)
    return cast("StringIO", out.file).getvalue()


async def test_a_terminal_sees_the_plant_and_what_happens(demo: Running) -> None:
    screen = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", await shown(demo, terminal=True))
    assert re.search(r"The Shop  17:0\d:\d\d  time x60", screen), "a second of the wall is a minute of the site"
    assert "pump-room  ● P-1  ● P-2" in screen
    assert screen.count("fault: dry run at P-1 injected") == 1
    assert screen.count("the dispatch API is back") == 1
    assert demo.api.mood.name == "ok"


async def test_a_pipe_sees_each_thing_once(demo: Running) -> None:
    lines = (await shown(demo, terminal=False)).splitlines()
    assert lines[-1].endswith("  the dispatch API is back")
    assert sorted(line[10:] for line in lines[:-1]) == [
        "fault: dry run at P-1 injected",
        "red ticket: P-1 水泵干转",
        "red ticket: P-1 水泵干转",  # the closed one
        "yellow ticket: P-2 runs \ufffd[31mstrangely\ufffd[0m",
    ]


async def test_a_program_that_is_killed_is_noticed(demo: Running) -> None:
    child = demo.children["gateway"]
    child.kill()
    await asyncio.wait_for(child.wait(), 10)
    with pytest.raises(Failed, match="the program gateway was ended by signal 9"):
        await shown(demo, terminal=False)


async def test_a_program_that_ends_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "gateway.log").write_text("a line\nits last words\n\n", "utf-8")
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", "raise SystemExit(1)")
    await asyncio.wait_for(child.wait(), 10)
    with pytest.raises(Failed, match="the program gateway has ended: its last words"):
        stage.refuse_ended({"gateway": child}, tmp_path)
