"""What the plant encodes with pymodbus, our driver decodes with its own code: both must mean the same registers."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from drivers.device import Clock
from drivers.modbus import PLUGIN
from gateway.core.clock import ManualClock
from simulators.modbus import TcpLine, serve
from simulators.site import SimulatedDevice, SimulatedSite

TIME = 1_773_446_400.0
FOLDER = Path(__file__).parents[2] / "drivers" / "profiles"
PROFILE = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.yaml")}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(TIME)


@pytest.fixture
async def url(site: SimulatedSite, clock: Clock) -> AsyncIterator[str]:
    async with serve(site, clock, {"plant-room": TcpLine("127.0.0.1", 0)}) as opened:
        yield f"tcp://127.0.0.1:{opened.ports['plant-room']}"


@pytest.fixture
def site(device: Callable[..., SimulatedDevice]) -> SimulatedSite:
    kinds = ("pump-set", "power-meter", "transformer")
    return SimulatedSite([device(kind, kind, unit=unit) for unit, kind in enumerate(kinds, 1)], seed=7)


@pytest.mark.parametrize(("kind", "unit"), [("pump-set", 1), ("power-meter", 2), ("transformer", 3)])
async def test_the_driver_reads_what_the_plant_measures(
    site: SimulatedSite, clock: ManualClock, url: str, kind: str, unit: int
) -> None:
    profile = PLUGIN.profile.model_validate(yaml.safe_load(PROFILE[kind]))
    written = {"id": "X-1", "profile": kind, "on": "plant-room", "unit": unit, "every": "1s"}
    connection = PLUGIN.connection.model_validate({"driver": "modbus", "url": url})
    driver = PLUGIN.open("plant-room", connection, [PLUGIN.device.model_validate(written)], {kind: profile}, clock)
    batch = await anext(aiter(driver.batches()))
    assert driver.counters()["exceptions"] == 0
    truth = site.read(kind, np.array([np.floor(batch.time)]))[0]
    step = np.array([point.scale if point.type != "f32" else 0.0 for point in profile.points])
    np.testing.assert_array_less(np.abs(batch.values - truth), 0.51 * step + 1e-6 * np.abs(truth) + 1e-9)
