"""An InfluxDB as a past: what our own writer wrote there is read back, and what goes wrong is one sentence."""

import http.server
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import SecretStr

from gateway.core.history_settings import InfluxSettings
from gateway.core.types import Fleet, Fresh
from gateway.history.columns import join
from gateway.history.influx import past as influxql
from gateway.history.influx import query as influxql_wire
from gateway.history.influx.lines import Lines
from gateway.history.influx.past import InfluxPast, identifier, literal
from gateway.history.influx.query import InfluxSource, Wire
from gateway.history.influx.wire import open_wire
from gateway.history.past import NoPast
from tests.ports import free_port

Fleets = Callable[..., Fleet]
START = 1_767_240_000.0
SITE = "湖畔 Garden, tower='3'\\"
SERIES = {"name": "pump-set", "tags": {"device": "PS-0"}, "columns": ["time", "p0"], "values": [[1_767_240_000_500, 7]]}


class Program(Protocol):
    url: str

    def get(self, path: str, data: bytes | None = None) -> str: ...


def some_readings(fleet: Fleet, seed: int, count: int) -> Fresh:
    """Devices at odd milliseconds, twice in a second now and then, with points unknown; nothing for an hour."""
    rng = np.random.default_rng(seed)
    times = np.cumsum(rng.integers(1, 1500, count)) / 1000.0
    times[count // 2 :] += 3600.0
    devices = rng.integers(0, len(fleet.devices), count).astype(np.intp)
    values = rng.normal(size=(count, len(fleet.profile.points)))
    values[rng.random(values.shape) < 0.3] = np.nan
    values[:, 0] = np.round(values[:, 0], 3)
    return Fresh(fleet, START + times, devices, START + times, values)


def write(server: Program, readings: Fresh, site: str) -> None:
    server.get("/query", b"q=CREATE DATABASE plant")
    post = open_wire(InfluxSettings.model_validate({"url": server.url, "bucket": "plant", "api": "v1"}))
    for body in Lines(site).bodies([readings]):
        assert post(body).outcome == "stored"


@pytest.mark.real
@pytest.mark.parametrize("enough", [60, 400_000])
def test_what_the_writer_wrote_is_read_back(
    influxdb: Program, fleet_of: Fleets, monkeypatch: pytest.MonkeyPatch, enough: int
) -> None:
    monkeypatch.setattr(influxql, "_ENOUGH", enough)
    fleet = fleet_of(devices=4, points=3)
    written = some_readings(fleet, seed=1, count=2000)
    write(influxdb, written, SITE)
    write(influxdb, some_readings(fleet, seed=2, count=100), "elsewhere")
    with InfluxPast(InfluxSource(influxdb.url, "plant", site=SITE), (fleet, fleet_of(profile="x")), 1.0) as past:
        parts = [*past.fresh(fleet, 0.0, 1e12)]
        some = join(fleet, [*past.fresh(fleet, START + 100, START + 200)])
        span = past.profiles()["pump-set"]
    assert [*past.profiles()] == ["pump-set"]
    found = join(fleet, parts)
    assert (np.diff(found.rows) >= 0).all()
    assert ((found.rows >= found.times) & (found.rows < found.times + 1.0)).all()
    known: NDArray[np.bool_] = np.logical_or.reduce(np.isfinite(written.values), axis=1)
    assert span == (np.ceil(written.times[known][0]), np.ceil(written.times[known][-1]))
    order, expected = np.lexsort((found.devices, found.times)), np.lexsort((written.devices, written.times))
    expected = expected[known[expected]]
    np.testing.assert_array_equal(found.times[order], written.times[expected])
    np.testing.assert_array_equal(found.devices[order], written.devices[expected])
    np.testing.assert_array_equal(found.values[order], written.values[expected])
    inside = (found.rows >= START + 100) & (found.rows < START + 200)
    np.testing.assert_array_equal(some.values, found.values[inside])
    np.testing.assert_array_equal(some.rows, found.rows[inside])


@pytest.mark.real
def test_blocks_begin_with_what_was_held(influxdb: Program, fleet_of: Fleets) -> None:
    fleet = fleet_of(devices=1, points=1)
    write(influxdb, Fresh(fleet, np.array([START]), np.zeros(1, np.intp), np.array([START]), np.array([[5.0]])), "s")
    with InfluxPast(InfluxSource(influxdb.url, "plant", site="s"), (fleet,), 1.0) as past:
        [block] = past.blocks(fleet, START + 3, START + 6, 1.0)
    np.testing.assert_array_equal(block.values[:, 0, 0], [5.0, 5.0, 5.0])
    np.testing.assert_array_equal(block.age[:, 0, 0], [3.0, 4.0, 5.0])


@pytest.mark.real
def test_a_stranger_cannot_ask_in_our_name(influxdb: Program, fleet_of: Fleets) -> None:
    fleet = fleet_of(devices=1)
    write(influxdb, some_readings(fleet, seed=3, count=10), "home")
    for site in ("' OR 1=1 --", "x' OR \"site\" = 'home", "\\' OR ''='", "home'; DROP DATABASE plant; --"):
        with pytest.raises(NoPast, match="has no readings of the site"):
            InfluxPast(InfluxSource(influxdb.url, "plant", site=site), (fleet,), 1.0)
    assert InfluxPast(InfluxSource(influxdb.url, "plant", site="home"), (fleet,), 1.0).profiles()


@pytest.mark.real
def test_a_database_that_is_not_there(influxdb: Program, fleet_of: Fleets) -> None:
    with pytest.raises(NoPast, match="has no database nowhere: database not found: nowhere"):
        InfluxPast(InfluxSource(influxdb.url, "nowhere"), (fleet_of(),), 1.0)


@pytest.mark.real
def test_text_where_numbers_should_be(influxdb: Program, fleet_of: Fleets) -> None:
    fleet = fleet_of(devices=1)
    influxdb.get("/query", b"q=CREATE DATABASE plant")
    influxdb.get("/write?db=plant&precision=ms", b'pump-set,device=PS-0 p0="on" %d' % (START * 1000))
    past = InfluxPast(InfluxSource(influxdb.url, "plant"), (fleet,), 1.0)
    with pytest.raises(NoPast, match="fields of PS-0 in pump-set are not all numbers"):
        list(past.fresh(fleet, 0.0, 1e12))


def test_names_are_quoted() -> None:
    assert identifier('a"b\\c\nd') == r'"a\"b\\c\nd"'
    assert literal("a'b\\") == r"'a\'b\\'"


class Stub(http.server.ThreadingHTTPServer):
    """Answers every question in the same way."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.status = 200
        self.body = json.dumps({"results": [{"series": [SERIES]}]}).encode()
        self.promised: int | None = None
        self.pause_s = 0.0
        self.asked: list[tuple[dict[str, list[str]], str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answering(http.server.BaseHTTPRequestHandler):
    server: Stub

    def do_POST(self) -> None:
        question = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())["q"][0]
        self.server.asked.append((parse_qs(urlsplit(self.path).query), question, self.headers.get("Authorization", "")))
        time.sleep(self.server.pause_s)
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(self.server.promised or len(self.server.body)))
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(self.server.body)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def stub() -> Iterator[Stub]:
    with Stub() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_token_and_a_retention_policy_as_version_2_wants_them(stub: Stub, fleet_of: Fleets) -> None:
    fleet = fleet_of(devices=1, points=2)
    source = InfluxSource(stub.url, "plant", "autogen", SecretStr("t0ken=="), "lakeside")
    [fresh] = InfluxPast(source, (fleet,), 1.0).fresh(fleet, 0.0, 1e12)
    np.testing.assert_array_equal(fresh.values, [[7.0, np.nan]])
    assert (fresh.times.tolist(), fresh.rows.tolist()) == ([START + 0.5], [START + 1.0])
    query, question, login = stub.asked[-1]
    assert query == {"db": ["plant"], "rp": ["autogen"], "epoch": ["ms"]}
    assert login == "Token t0ken=="
    assert question.startswith('SELECT "p0", "p1" FROM "pump-set" WHERE time > 1767240000000ms AND time <= ')
    assert question.endswith("""ms AND "site" = 'lakeside' GROUP BY "device\"""")


def test_user_and_password_as_version_1_wants_them(stub: Stub) -> None:
    Wire(InfluxSource(stub.url, "plant", login=SecretStr("me:secret"))).ask("SHOW DATABASES")
    assert stub.asked[-1][2] == "Basic bWU6c2VjcmV0"


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (401, '{"code":"unauthorized","message":"unauthorized access"}', "does not accept the login (401)"),
        (403, "", "does not accept the login (403)"),
        (404, '{"error":"database not found: \\"plant\\""}', "has no database plant"),
        (400, '{"error":"error parsing query near t0ken"}', "refused the question: error parsing query near ***"),
        (500, "{}", "refused the question: 500"),
        (302, "<a href='login'>", "is no InfluxDB that speaks InfluxQL (302)"),
        (200, "<html>", "is no InfluxDB that speaks InfluxQL (200)"),
        (200, "[" * 200_000, "is no InfluxDB that speaks InfluxQL (200)"),
        (200, '{"results": [{"series": [%s]}]}' % ("9" * 5000), "is no InfluxDB that speaks InfluxQL (200)"),
        (200, "[1, 2]", "is no InfluxDB that speaks InfluxQL (200)"),
        (200, '{"results": 7}', "is no InfluxDB that speaks InfluxQL (200)"),
        (200, '{"results": [{"series": [{"name"', "broke off in the middle"),
    ],
)
def test_an_answer_that_is_none(stub: Stub, status: int, body: str, sentence: str) -> None:
    stub.status, stub.body = status, body.encode()
    with pytest.raises(NoPast) as caught:
        Wire(InfluxSource(stub.url, "plant", login=SecretStr("t0ken"))).ask("SELECT 1")
    assert sentence in caught.value.sentence("en")
    assert "t0ken" not in caught.value.sentence("zh")


def test_an_answer_that_is_shorter_than_it_said(stub: Stub) -> None:
    stub.promised = len(stub.body) + 10
    with pytest.raises(NoPast, match="broke off in the middle"):
        Wire(InfluxSource(stub.url, "plant")).ask("SELECT 1")


def test_nobody_there() -> None:
    with pytest.raises(NoPast, match="nothing answers at http://127"):
        Wire(InfluxSource(f"http://127.0.0.1:{free_port()}", "plant")).ask("SELECT 1")


def test_a_silent_server_is_not_waited_for_for_ever(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(influxql_wire, "SILENCE_S", 0.05)
    stub.pause_s = 0.3
    with pytest.raises(NoPast, match="did not answer in time"):
        Wire(InfluxSource(stub.url, "plant")).ask("SELECT 1")


def test_a_server_that_dribbles_is_given_up(stub: Stub) -> None:
    ticks = iter((0.0, 1.0, 1000.0))
    stub.body += b" " * 200_000
    with pytest.raises(NoPast, match="did not answer in time"):
        Wire(InfluxSource(stub.url, "plant"), monotonic=lambda: next(ticks)).ask("SELECT 1")


def test_what_is_too_much_at_once_is_asked_for_in_smaller_windows(
    stub: Stub, fleet_of: Fleets, monkeypatch: pytest.MonkeyPatch
) -> None:
    fleet = fleet_of(devices=1, points=2)
    past = InfluxPast(InfluxSource(stub.url, "plant"), (fleet,), 1.0)
    stub.asked.clear()
    stub.body = json.dumps({"results": [{"series": [{**SERIES, "partial": True}]}]}).encode()
    with pytest.raises(NoPast, match="has more in one tick than can be taken at once"):
        list(past.fresh(fleet, START, START + 100))
    monkeypatch.setattr(influxql_wire, "MOST_BYTES", 10)
    stub.body = b" " * 11
    with pytest.raises(NoPast, match="has more in one tick than can be taken at once"):
        list(past.fresh(fleet, START, START + 100))
