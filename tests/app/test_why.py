"""A running daemon is asked why a rule fires, and why another one does not."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession

from gateway.core.config import Config
from gateway.core.plugins import Plugins
from tests.app.played import Pumps, ask, running
from tests.app.small_site import GOOD, LOW

NAN = float("nan")


async def why(config: Config, rule: str, device: str) -> Any:
    return await ask(config, f"/api/why?rule={rule}&device={device}")


async def test_why_a_rule_fires_and_another_does_not(config: Config, plugins: Plugins, pumps: Pumps) -> None:
    pumps.shown |= {"P-0": (NAN, 5.0), "P-1": LOW}
    async with running(config, plugins):
        await _until_firing(config)
        low = await why(config, "low", "P-1")
        assert (low["firing"], low["ticket"]["level"], low["ticket"]["title"]) == ("yellow", "yellow", "P-1 压力 1.5")
        yellow, red = low["levels"]
        assert (yellow["condition"]["truth"], yellow["needs"]) == (True, [])
        (need,) = red["needs"]
        assert (need["part"]["text"], need["part"]["comparison"]["left_value"], need["wanted"]) == (
            "pressure < 1",
            1.5,
            True,
        )
        unknown = await why(config, "low", "P-0")
        (pressure,) = unknown["levels"][0]["condition"]["seen"]
        assert (unknown["firing"], unknown["ticket"], unknown["levels"][0]["condition"]["truth"]) == (None, None, None)
        assert (pressure["value"], pressure["age_s"]) == (None, None)
        window = (await why(config, "average", "P-1"))["levels"][0]["condition"]["seen"]
        assert [(seen["text"], seen["kind"]) for seen in window] == [
            ("avg(current, 1m)", "function"),
            ("current", "point"),
        ]


@pytest.mark.parametrize("asked", ["rule=low&device=P-9", "rule=nothing&device=P-1", "device=P-1", ""])
async def test_what_is_not_there_is_not_found(config: Config, plugins: Plugins, pumps: Pumps, asked: str) -> None:
    assert pumps.shown["P-1"] == GOOD
    page = f"http://{config.web.bind}/api/why?{asked}"
    async with running(config, plugins), ClientSession() as session, session.get(page) as answer:
        assert answer.status == 404


async def _until_firing(config: Config) -> None:
    """Until the page says so: it shows the same rows that made the ticket."""
    async with asyncio.timeout(10.0):
        while not (await why(config, "low", "P-1"))["firing"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
