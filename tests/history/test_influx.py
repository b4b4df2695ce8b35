import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from gateway.core.clock import ManualClock
from gateway.core.history_settings import InfluxSettings
from gateway.core.types import Fleet, Fresh
from gateway.history.influx.copy import InfluxHistory
from gateway.history.influx.wire import open_wire
from tests.ports import free_port

Fleets = Callable[..., Fleet]
Freshes = Callable[..., Fresh]
Eventually = Callable[..., None]
TOKEN = "s3cret-token"


class Receiver(Protocol):
    lines: list[str]
    paths: list[str]
    status: int
    bad: str
    largest: int

    @property
    def url(self) -> str: ...


def written(url: str, **more: Any) -> InfluxSettings:
    return InfluxSettings.model_validate({"url": url, "org": "o", "bucket": "site", "token": TOKEN, **more})


def history(settings: InfluxSettings, folder: Path) -> InfluxHistory:
    influx = InfluxHistory(folder, settings, "Lakeside", ManualClock(5.0), flush_s=0.02)
    influx.open()
    return influx


def stamps(lines: list[str]) -> list[int]:
    return [int(line.rsplit(" ", 1)[1]) for line in lines]


@pytest.mark.parametrize(
    ("api", "path"), [("v2", "/api/v2/write?org=o&bucket=site&precision=ms"), ("v1", "/write?db=site&precision=ms")]
)
def test_every_reading_arrives_once_and_in_order(
    receiver: Receiver, tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually, api: str, path: str
) -> None:
    influx = history(written(receiver.url, api=api, token=TOKEN if api == "v2" else f"me:{TOKEN}"), tmp_path)
    fleet = fleet_of(devices=1)
    for row in range(100):
        influx.append(fresh_of(fleet, [float(row + 1)]))
    eventually(lambda: influx.stats().sent == 100)
    influx.close()
    assert stamps(receiver.lines) == [row * 1000 + 750 for row in range(100)]
    assert set(receiver.paths) == {path}
    assert influx.health().state == "ok"


@pytest.mark.parametrize("status", [401, 404, 429, 500, 503])
def test_while_the_server_refuses_everything_waits_on_disk(
    receiver: Receiver,
    tmp_path: Path,
    fleet_of: Fleets,
    fresh_of: Freshes,
    eventually: Eventually,
    caplog: pytest.LogCaptureFixture,
    status: int,
) -> None:
    caplog.set_level(logging.DEBUG, "gateway")
    receiver.status = status
    fleet, influx = fleet_of(devices=1), history(written(receiver.url), tmp_path)
    influx.append(fresh_of(fleet, [1.0]))
    eventually(lambda: influx.health().state == "degraded")
    assert f"server answered {status}" in influx.health().reason
    assert influx.health().since == 5.0
    for row in range(2, 50):
        influx.append(fresh_of(fleet, [float(row)]))
    eventually(lambda: influx.stats().buffer_bytes > 0)
    assert influx.stats().parked == 0
    receiver.status = 204
    eventually(lambda: len(receiver.lines) == 49)
    eventually(lambda: influx.health().state == "ok")
    influx.close()
    assert stamps(receiver.lines) == sorted(stamps(receiver.lines))
    assert not list(tmp_path.glob("*.lines.gz"))
    assert TOKEN not in caplog.text + influx.health().reason
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_a_server_that_is_not_there_costs_the_main_path_nothing(
    tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually
) -> None:
    influx = history(written(f"http://127.0.0.1:{free_port()}"), tmp_path)
    fleet, slowest = fleet_of(devices=50, points=10), 0.0
    for row in range(300):
        fresh = fresh_of(fleet, [float(row)])
        began = time.perf_counter()
        influx.append(fresh)
        slowest = max(slowest, time.perf_counter() - began)
    eventually(lambda: "server not reachable" in influx.health().reason)
    influx.close()
    assert slowest < 0.1
    stats = influx.stats()
    assert (stats.sent, stats.lost, stats.dropped) == (0, 0, 0)
    assert stats.buffer_bytes == sum(path.stat().st_size for path in tmp_path.glob("*.lines.gz"))


def test_what_a_stopped_gateway_had_buffered_is_sent_by_the_next_one(
    receiver: Receiver, tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually
) -> None:
    fleet, settings = fleet_of(devices=1), written(receiver.url)
    receiver.status = 503
    first = history(settings, tmp_path)
    for row in range(1, 20):
        first.append(fresh_of(fleet, [float(row)]))
    first.close()
    receiver.status = 204
    second = history(settings, tmp_path)
    second.append(fresh_of(fleet, [20.0]))
    eventually(lambda: len(receiver.lines) == 20)
    second.close()
    assert stamps(receiver.lines) == [row * 1000 - 250 for row in range(1, 21)]


@pytest.mark.parametrize("largest", [10_000, 100], ids=["one bad line", "and bodies too large"])
def test_bad_lines_are_parked_and_never_hold_up_the_others(
    receiver: Receiver,
    tmp_path: Path,
    fleet_of: Fleets,
    fresh_of: Freshes,
    eventually: Eventually,
    largest: int,
) -> None:
    receiver.bad, receiver.largest = "device=PS-777,", largest
    influx = history(written(receiver.url), tmp_path)
    influx.append(fresh_of(fleet_of(devices=1000), [1.0]))
    influx.append(fresh_of(fleet_of(devices=3), [2.0]))
    eventually(lambda: influx.stats().sent == 1002)
    influx.close()
    assert influx.stats().parked == 1
    parked = (tmp_path / "refused.lines").read_text().splitlines()
    assert [line.split(",")[1] for line in parked if not line.startswith("#")] == ["device=PS-777"]
    assert "server answered 400" in parked[0]
    assert TOKEN not in parked[0]
    assert influx.health().state == "ok"


def test_a_server_that_takes_no_line_at_all_is_not_flooded(
    receiver: Receiver, tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually
) -> None:
    receiver.bad = "PS-"
    influx = history(written(receiver.url), tmp_path)
    influx.append(fresh_of(fleet_of(devices=1000), [1.0]))
    eventually(lambda: influx.stats().parked == 1000)
    influx.close()
    assert len(receiver.paths) < 150


def test_hours_left_follow_the_rate(tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes) -> None:
    clock = ManualClock(0.0)
    influx = InfluxHistory(tmp_path, written(f"http://127.0.0.1:{free_port()}", buffer_size="1MiB"), "x", clock)
    assert influx.stats().hours_left is None
    fleet, fresh = fleet_of(devices=100), None
    for minute in range(10):
        clock.time = minute * 60.0
        fresh = fresh_of(fleet, [clock.time])
        for body in influx._lines.bodies([fresh]):
            influx._forward(body)
    stats = influx.stats()
    assert stats.hours_left == pytest.approx((2**20 - stats.buffer_bytes) / (stats.buffer_bytes / 10) / 60, rel=0.2)
    assert "the buffer lasts" in influx.health().reason


def test_a_full_disk_costs_lines_but_recovers(
    receiver: Receiver, tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually
) -> None:
    blocked = tmp_path / "buffer"
    blocked.write_text("no folder can be made here")
    receiver.status = 503
    influx = history(written(receiver.url), blocked)
    influx.append(fresh_of(fleet_of(devices=4), [1.0]))
    eventually(lambda: influx.stats().lost == 4)
    assert "cannot buffer" in influx.health().reason
    receiver.status = 204
    for row in range(2, 200):
        influx.append(fresh_of(fleet_of(devices=1), [float(row)]))
        time.sleep(0.005)
    eventually(lambda: influx.health().state == "ok")
    influx.close()
    assert receiver.lines


def test_a_redirect_is_not_followed_and_the_hint_for_old_servers_is_given(receiver: Receiver) -> None:
    receiver.status = 302
    for settings in (written(receiver.url), written(receiver.url, api="v1", token="me:pw")):
        assert open_wire(settings)(b"m f=1 1\n").outcome == "down"
    assert len(receiver.paths) == 2
    receiver.status = 404
    assert "set api: v1" in open_wire(written(receiver.url))(b"m f=1 1\n").reason
