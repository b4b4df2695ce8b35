"""A site whose driver plays what the test wants, and its daemon, run inside the test."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from aiohttp import ClientSession

from drivers.device import Batch, Clock, Connection, Device, DriverPlugin, Health, Point, Profile
from gateway.app.daemon import Daemon
from gateway.core.clock import SystemClock
from gateway.core.config import Config
from gateway.core.plugins import Plugins
from simulators.property_api import PropertyApi
from tests.app.small_site import GOOD, until

CONFIG = """
site: {{id: lakeside, name: 湖畔花园, timezone: Asia/Shanghai, language: zh}}
connections:
  room: {{driver: played}}
devices:
  - {{id: P-0, profile: played-pump, on: room, every: 1s}}
  - {{id: P-1, profile: played-pump, on: room, every: 1s}}
profiles: [profiles]
rules: [pack.yaml]
models:
  usual: {{detector: usual, profiles: [played-pump]}}
dispatch: {{url: "http://127.0.0.1:{api}"}}
web: {{bind: "127.0.0.1:{web}"}}
engine: {{tick: 100ms}}
"""
PROFILE = "{profile: played-pump, driver: played, points: [{name: pressure}, {name: current}]}"
RULES = """
profile: played-pump
rules:
  - id: low
    class: supply
    yellow: {when: pressure < 2}
    red: {when: pressure < 1}
    title: {zh: "{device} 压力 {pressure:.1f}"}
  - {id: average, yellow: {when: "avg(current, 1m) > 7"}}
"""


@dataclass
class Pumps:
    """What the driver delivers of each pump, ten times a second; an exception is raised instead."""

    shown: dict[str, tuple[float, float] | Exception] = field(default_factory=lambda: {"P-0": GOOD, "P-1": GOOD})
    closed: int = 0

    def plugin(self) -> DriverPlugin:
        def opened(*given: Any) -> "PlayedDriver":
            return PlayedDriver(self, given[-1])

        return DriverPlugin("played", PlayedProfile, Device, Connection, opened)


class PlayedProfile(Profile):
    points: tuple[Point, ...]


class PlayedDriver:
    def __init__(self, pumps: Pumps, clock: Clock) -> None:
        self._pumps, self._clock = pumps, clock

    async def batches(self) -> AsyncGenerator[Batch]:
        try:
            while True:
                for device, values in self._pumps.shown.items():
                    if isinstance(values, Exception):
                        raise values
                    yield Batch(device, self._clock.now(), np.array(values))
                await asyncio.sleep(0.1)
        finally:
            self._pumps.closed += 1

    def health(self) -> Mapping[str, Health]:
        return {"P-0": Health("good"), "P-1": Health("bad", 'a "reason"', 7.0)}

    def counters(self) -> Mapping[str, int]:
        return {"requests": 3}


@asynccontextmanager
async def running(config: Config, plugins: Plugins, clock: Any = None) -> AsyncIterator[Daemon]:
    """The daemon, from when it is ready until it has stopped."""
    stop = asyncio.Event()
    daemon = Daemon(config, plugins, clock or SystemClock())
    task = asyncio.create_task(daemon.run(stop))
    try:
        await until(lambda: task.done() or bool(daemon._engines["played-pump"].scores))
        yield daemon
    finally:
        stop.set()
        async with asyncio.timeout(10.0):
            await task


def is_open(config: Config) -> bool:
    """Whether somebody listens at the daemon's door."""
    with socket.socket() as probe:
        return probe.connect_ex((config.web.host, config.web.port)) == 0


async def ask(config: Config, path: str, **headers: str) -> Any:
    """The answer of the daemon's door, which opens soon after the daemon is ready."""
    await until(lambda: is_open(config))
    url = f"http://{config.web.bind}{path}"
    async with ClientSession(headers=headers) as session, session.get(url) as answer:
        text = await answer.text()
        assert answer.status == 200, text
        return text if path == "/metrics" else json.loads(text, parse_constant=pytest.fail)


def told(event: str, api: PropertyApi) -> list[Any]:
    return [e for order in api.book.orders.values() for e in order.events if e["body"]["event"] == event]
