"""A site with two played pumps, on free ports, and a dispatch API."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.app.reload import Reloads
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins, discover
from simulators.property_api import PropertyApi
from tests.app.played import CONFIG, PROFILE, RULES, Pumps
from tests.ports import free_port


@pytest.fixture
def pumps() -> Pumps:
    return Pumps()


@pytest.fixture
def plugins(pumps: Pumps) -> Plugins:
    found = discover()
    return Plugins({**found.drivers, "played": pumps.plugin()}, found.detectors)


@pytest.fixture
async def api() -> AsyncIterator[PropertyApi]:
    async with PropertyApi() as api:
        yield api


@pytest.fixture
def reloads(monkeypatch: pytest.MonkeyPatch) -> list[Reloads]:
    """The reloads of each daemon that is started, to be asked for and looked into."""
    made: list[Reloads] = []

    class Witnessed(Reloads):
        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            made.append(self)

    monkeypatch.setattr("gateway.app.daemon.Reloads", Witnessed)
    return made


@pytest.fixture
def config(tmp_path: Path, plugins: Plugins, api: PropertyApi) -> Config:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "played-pump.yaml").write_text(PROFILE)
    (tmp_path / "pack.yaml").write_text(RULES)
    (tmp_path / "config.yaml").write_text(CONFIG.format(api=api.port, web=free_port()))
    loaded = load(tmp_path / "config.yaml", plugins=plugins, environment={})
    assert loaded.config is not None, loaded.findings
    return loaded.config
