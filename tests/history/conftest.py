"""Fleets, readings and server programs for the tests of the history."""

import http.server
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from drivers.device import Device, Point, Profile
from gateway.core.types import Fleet, Fresh
from tests import needs
from tests.ports import free_port


def _fleet(devices: int = 3, points: int = 2, profile: str = "pump-set", every: str = "10s") -> Fleet:
    columns = tuple(Point(name=f"p{n}") for n in range(points))
    rows = [{"id": f"PS-{n}", "profile": profile, "on": "bus", "every": every} for n in range(devices)]
    return Fleet(
        Profile(profile=profile, driver="modbus", points=columns), tuple(Device.model_validate(row) for row in rows)
    )


def _fresh(fleet: Fleet, rows: list[float], start: float = 0.0) -> Fresh:
    """Every device once in each row, with values that tell row, device and point apart."""
    at = np.repeat(np.array(rows, dtype=float), len(fleet.devices))
    devices = np.tile(np.arange(len(fleet.devices)), len(rows))
    values = (at - start)[:, None] + devices[:, None] / 10 + np.arange(len(fleet.profile.points)) / 100
    return Fresh(fleet, at, devices, at - 0.25, values)


def _eventually(holds: Callable[[], bool], seconds: float = 15.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def fleet_of() -> Callable[..., Fleet]:
    return _fleet


@pytest.fixture
def fresh_of() -> Callable[..., Fresh]:
    return _fresh


@pytest.fixture
def eventually() -> Callable[..., None]:
    return _eventually


class Receiver(http.server.ThreadingHTTPServer):
    """A stand-in for a server: keeps the lines it takes, refuses bodies with a line that contains `bad`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.lines: list[str] = []
        self.paths: list[str] = []
        self.status = 204
        self.bad = "bad"
        self.largest = 10_000

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Answering(http.server.BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        lines = self.rfile.read(int(self.headers["Content-Length"])).decode().splitlines()
        self.server.paths.append(self.path)
        status = self.server.status
        if status == 204 and len(lines) > self.server.largest:
            status = 413
        elif status == 204 and any(self.server.bad in line for line in lines):
            status = 400
        if status == 204:
            self.server.lines += lines
        answer = b"" if status == 204 else b'{"error":"no, s3cret-token"}'
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Program:
    """A real server program that can be killed and started again."""

    def __init__(self, command: list[str], url: str) -> None:
        self.url = url
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _eventually(self._answers)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def get(self, path: str, data: bytes | None = None) -> str:
        with urllib.request.urlopen(f"{self.url}{path}", data=data, timeout=5) as answer:  # noqa: S310 - loopback
            return str(answer.read().decode())

    def _answers(self) -> bool:
        with suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"{self.url}/ping", timeout=1).close()  # noqa: S310 - loopback
            return True
        return False


@pytest.fixture
def victoria_metrics(tmp_path: Path) -> Iterator[Program]:
    port = free_port()
    program = needs.program("victoria-metrics")
    yield from _running(
        [program, f"-storageDataPath={tmp_path / 'vm'}", f"-httpListenAddr=127.0.0.1:{port}", "-retentionPeriod=100y"],
        f"http://127.0.0.1:{port}",
    )


@pytest.fixture
def influxdb(tmp_path: Path) -> Iterator[Program]:
    port, folder = free_port(), tmp_path / "influxdb"
    program = needs.program("influxd")
    config = tmp_path / "influxdb.conf"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{free_port()}"\n'
        f'[meta]\ndir = "{folder}/meta"\n'
        f'[data]\ndir = "{folder}/data"\nwal-dir = "{folder}/wal"\n'
        f'[http]\nbind-address = "127.0.0.1:{port}"\n'
    )
    yield from _running([program, "-config", str(config)], f"http://127.0.0.1:{port}")


def _running(command: list[str], url: str) -> Iterator[Program]:
    server = Program(command, url)
    server.start()
    yield server
    server.kill()
