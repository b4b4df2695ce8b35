"""How much memory a site takes: a real `gateway run` and the plain poller side by side, at the same load.

The site's clock runs faster than the wall and its devices are polled as much more seldom, so that sockets see a poll a
second from each device while the detector sees an hour in a minute.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, Goal, Result, ratio
from benchmarks.programs import NotMeasured, allow_sockets, equipment, free_port, resident_mib, running
from benchmarks.site import RULES, SiteLoad, write_site
from gateway.cli.local import Pages
from gateway.core.clock import SystemClock

GOAL_MIB = 200.0
SPEED = 60.0
_READY_S = 60.0
_LEAST = 0.5
"""The part of the expected readings below which the figure would be one of an idle program."""


@dataclass(frozen=True, slots=True)
class MemoryLoad:
    """How large a site, and for how many seconds of the wall clock to watch it."""

    devices: int = 1000
    points: int = 20
    seconds: float = 180.0


def memory(load: MemoryLoad, tell: Callable[[str], None]) -> Result:
    """Sample both once a second; the figures are those of the second half. Raises NotMeasured."""
    allow_sockets(2 * load.devices)
    tell(f"memory: {load.seconds:g} s of polling")
    with equipment() as ports, TemporaryDirectory(prefix="gateway-bench-") as name:
        ours, plain = _watch(load, Path(name), ports)
    text = f"{load.devices} devices x {load.points} points, a poll of each every second, {RULES} rules and detector; "
    text += f"{load.seconds * SPEED / 3600.0:.1f} hours of site time"
    figures = (
        Figure("gateway: resident memory", "MiB", ours),
        Figure("pymodbus: resident memory", "MiB", plain),
        ratio("gateway over pymodbus", ours, plain),
    )
    return Result("memory", text, figures, (Goal(f"never more than {GOAL_MIB:g} MiB", max(ours) <= GOAL_MIB),))


def _watch(load: MemoryLoad, folder: Path, ports: Sequence[int]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Both processes' memory in MiB, once a second in the second half of the time."""
    web_port = free_port()
    config = write_site(folder, SiteLoad(load.devices, load.points, SPEED, SPEED), ports, web_port)
    now = SystemClock().now()
    daemon = [sys.executable, "-m", "gateway.cli.main", "run", "-c", str(config), "--state", str(folder / "state")]
    daemon += ["--clock", f"{now},{now},{SPEED}"]
    poller = [sys.executable, "-m", "benchmarks.plain_poller", json.dumps(ports), str(load.devices)]
    poller += [str(load.points), "1.0", "hold"]
    pages = Pages(f"127.0.0.1:{web_port}", folder / "state")
    with running(daemon, folder / "daemon.log") as ours, running(poller, folder / "poller.log") as plain:
        _until_ready(pages, ours, folder / "daemon.log")
        samples = []
        began = time.perf_counter()
        while (passed := time.perf_counter() - began) < load.seconds:
            time.sleep(min(1.0, load.seconds / 4.0))
            if passed >= load.seconds / 2.0:
                samples.append((resident_mib(ours.pid), resident_mib(plain.pid)))
        _require_work(pages, load)
    ours_mib, plain_mib = zip(*samples, strict=True)
    return ours_mib, plain_mib


def _until_ready(pages: Pages, process: "Popen[bytes]", log: Path) -> None:
    deadline = time.perf_counter() + _READY_S
    while pages.get("/health") is None:
        if process.poll() is not None or time.perf_counter() > deadline:
            raise NotMeasured(f"the gateway did not start: {log.read_text(errors='replace')[-800:]}")
        time.sleep(0.2)


def _require_work(pages: Pages, load: MemoryLoad) -> None:
    counts = pages.get("/api/status")["counts"]
    expected = load.devices * load.points * load.seconds
    if counts.get("readings", 0) < _LEAST * expected:
        raise NotMeasured(f"the gateway evaluated {counts.get('readings', 0)} readings of about {expected:.0f}")
