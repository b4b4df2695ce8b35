"""The channels of a configuration, opened and bound into a notifier."""

import asyncio
from pathlib import Path

import pytest

from gateway.app.channels import notifier
from gateway.core.clock import SystemClock
from gateway.core.config import load
from gateway.core.plugins import discover
from gateway.core.types import Level
from gateway.delivery import notices
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer
from simulators.robots import Robots
from tests.delivery.told import make_notice

SITE = """\
site: {{id: demo, name: Demo, timezone: Asia/Shanghai, language: zh}}
connections: {{bus: {{driver: modbus, url: "tcp://127.0.0.1:502"}}}}
devices: [{{id: P-1, profile: pump-set, on: bus}}]
dispatch: {{url: "http://127.0.0.1:18080"}}
channels:
  duty: {{channel: dingtalk, url: "{dingtalk}", token: !secret token, secret: !secret sign}}
  heads: {{channel: feishu, url: "{feishu}", token: !secret token, secret: !secret sign}}
  office: {{channel: wecom, url: "{wecom}", token: !secret token}}
"""


async def test_a_notice_of_each_channel_reaches_its_group(tmp_path: Path) -> None:
    async with Robots(token="T", secret="S") as robots:
        kinds = {"duty": "dingtalk", "heads": "feishu", "office": "wecom"}
        (tmp_path / "config.yaml").write_text(SITE.format(**{kind: robots.url(kind) for kind in kinds.values()}))
        secrets = {"GATEWAY_SECRET_TOKEN": "T", "GATEWAY_SECRET_SIGN": "S"}
        plugins = discover()
        config = load(tmp_path / "config.yaml", plugins=plugins, environment=secrets).config
        assert config is not None
        writer = Writer(Store(tmp_path / "state"))
        telling = notifier(config, plugins, writer, SystemClock())
        running = asyncio.create_task(telling.run())
        told = [make_notice(number, Level.RED, name) for number, name in enumerate(kinds)]
        await writer.commit(Changes(notices=tuple(told)))
        telling.wake()
        async with asyncio.timeout(10):
            while any(states["pending"] for states in (await writer.transaction(notices.counts)).values()):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        for notice in told:
            (text,) = robots.groups[kinds[notice.channel]].texts
            assert notice.ticket in text
        assert all(part.state == "ok" for part in telling.health())
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await writer.close()
