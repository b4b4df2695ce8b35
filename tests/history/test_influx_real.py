"""The InfluxDB writer against the real programs, killed and started again."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import numpy as np
import pytest

from gateway.core.clock import ManualClock
from gateway.core.history_settings import InfluxSettings
from gateway.core.types import Fleet, Fresh
from gateway.history.influx.copy import InfluxHistory

pytestmark = pytest.mark.real
Fleets = Callable[..., Fleet]
Freshes = Callable[..., Fresh]
Eventually = Callable[..., None]
SITE = "湖畔 Garden, tower=3"
START = 1_700_000_000.0
Answers = dict[str, list[tuple[int, float]]]  # by device: time in ms, value of p1


class Program(Protocol):
    url: str

    def start(self) -> None: ...
    def kill(self) -> None: ...
    def get(self, path: str, data: bytes | None = None) -> str: ...


def from_victoria_metrics(server: Program) -> Answers:
    server.get("/internal/force_flush")
    series_of = quote('{__name__="pump-set_p1"}')
    text = server.get(f"/api/v1/export?match[]={series_of}")
    answers: Answers = {}
    for series in map(json.loads, text.splitlines()):
        assert series["metric"]["site"] == SITE
        answers[series["metric"]["device"]] = list(zip(series["timestamps"], series["values"], strict=True))
    return answers


def to_disk(server: Program) -> object:
    """A killed VictoriaMetrics forgets the last seconds that it acknowledged; a snapshot writes them down."""
    return server.get("/snapshot/create")


def from_influxdb(server: Program) -> Answers:
    question = quote('SELECT p1 FROM "pump-set" GROUP BY device, site')
    found = json.loads(server.get(f"/query?db=site&epoch=ms&q={question}"))["results"][0]
    answers: Answers = {}
    for series in found.get("series", []):
        assert series["tags"]["site"] == SITE
        answers[series["tags"]["device"]] = [(stamp, value) for stamp, value in series["values"]]
    return answers


def scenario(
    server: Program,
    settings: InfluxSettings,
    answers: Callable[[Program], Answers],
    settle: Callable[[Program], object],
    folder: Path,
    fleet: Fleet,
    fresh_of: Freshes,
    eventually: Eventually,
) -> None:
    """Readings for a minute; in the middle the server is killed for a while. All must be there, as they were."""
    influx = InfluxHistory(folder, settings, SITE, ManualClock(START), flush_s=0.02)
    influx.open()
    rows = [START + second for second in range(60)]
    slowest = 0.0

    def append(some: list[float]) -> None:
        nonlocal slowest
        for row in some:
            fresh = fresh_of(fleet, [row], start=START)
            fresh.values[0, 0] = np.nan
            began = time.perf_counter()
            influx.append(fresh)
            slowest = max(slowest, time.perf_counter() - began)

    append(rows[:20])
    eventually(lambda: influx.stats().sent == 20 * len(fleet.devices))
    assert len(answers(server)["PS-0"]) == 20
    settle(server)
    server.kill()
    append(rows[20:40])
    eventually(lambda: influx.health().state == "degraded" and influx.stats().buffer_bytes > 0)
    server.start()
    append(rows[40:])
    eventually(lambda: influx.stats().sent >= 60 * len(fleet.devices) and influx.health().state == "ok")
    influx.close()

    expected = [(round((row - 0.25) * 1000), row - START) for row in rows]
    for device, series in answers(server).items():
        offset = int(device.removeprefix("PS-")) / 10 + 0.01
        assert [stamp for stamp, _ in series] == [stamp for stamp, _ in expected]
        np.testing.assert_allclose([value for _, value in series], [value + offset for _, value in expected])
    assert len(answers(server)) == len(fleet.devices)
    assert (influx.stats().parked, influx.stats().lost, influx.stats().dropped) == (0, 0, 0)
    assert slowest < 0.1


def test_victoria_metrics_through_v2(
    victoria_metrics: Program, tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually
) -> None:
    settings = InfluxSettings.model_validate({"url": victoria_metrics.url, "org": "o", "bucket": "site", "token": "t"})
    scenario(
        victoria_metrics,
        settings,
        from_victoria_metrics,
        to_disk,
        tmp_path / "buffer",
        fleet_of(3),
        fresh_of,
        eventually,
    )


def test_influxdb_1_through_v1(
    influxdb: Program, tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually
) -> None:
    influxdb.get("/query", b"q=CREATE DATABASE site")
    settings = InfluxSettings.model_validate({"url": influxdb.url, "bucket": "site", "api": "v1"})
    scenario(influxdb, settings, from_influxdb, bool, tmp_path / "buffer", fleet_of(3), fresh_of, eventually)


def test_influxdb_1_takes_the_good_lines_beside_a_bad_one(
    influxdb: Program, tmp_path: Path, fleet_of: Fleets, eventually: Eventually
) -> None:
    influxdb.get("/query", b"q=CREATE DATABASE site")
    influxdb.get("/write?db=site&precision=ms", b'pump-set,device=other p1="a text" %d' % (START * 1000))
    settings = InfluxSettings.model_validate({"url": influxdb.url, "bucket": "site", "api": "v1"})
    influx = InfluxHistory(tmp_path / "buffer", settings, SITE, ManualClock(START), flush_s=0.02)
    fleet = fleet_of(devices=2, points=2)
    values = np.array([[1.0, np.nan], [2.0, 3.0]])  # p1 is a text there: a conflict that only the server can see
    influx.append(Fresh(fleet, np.full(2, START), np.arange(2), np.full(2, START), values))
    influx.open()
    eventually(lambda: influx.stats().sent == 1 and influx.stats().parked == 1)
    influx.close()
    assert influx.health().state == "ok"
    assert "field type conflict" in (tmp_path / "buffer" / "refused.lines").read_text()
