"""What polling costs: the gateway's whole path against plain pymodbus, same devices, same machine, in turn.

Every round starts both afresh, each as a process of its own, against equipment in a third.
"""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.costs import costs
from benchmarks.figures import Figure, Goal, Result, ratio
from benchmarks.programs import allow_sockets, equipment, free_port, last_line
from benchmarks.site import RULES, SiteLoad, write_site
from benchmarks.window import READY_S, Window

GOAL_CORE_SHARE = 50.0


@dataclass(frozen=True, slots=True)
class PollingLoad:
    """How much to poll, and for how long to look. Every device is polled once a second."""

    devices: int = 2000
    points: int = 50
    seconds: float = 25.0
    rounds: int = 3
    warm_up_s: float = 10.0
    profile: bool = False


def polling(load: PollingLoad, tell: Callable[[str], None]) -> Result:
    """Measure, the gateway and the plain poller in turn. Raises NotMeasured."""
    site = SiteLoad(load.devices, load.points)
    allow_sockets(load.devices)
    ours: list[Window] = []
    plain: list[Window] = []
    spent: tuple[str, ...] = ()
    with equipment() as ports:
        for number in range(1, load.rounds + 1):
            tell(f"polling, round {number} of {load.rounds}: the gateway")
            ours.append(_gateway(load, site, ports))
            tell(f"polling, round {number} of {load.rounds}: plain pymodbus")
            plain.append(_plain(load, site, ports))
        if load.profile:
            tell("polling: profile")
            spent = _profile(load, site, ports)
    text = f"{site}, {RULES} rules, detector, desk, store and history; {load.seconds:g} s after a warm-up"
    return Result("polling", text, _figures(load, ours, plain), _goals(ours), spent)


def _figures(load: PollingLoad, ours: Sequence[Window], plain: Sequence[Window]) -> tuple[Figure, ...]:
    found = [figure for name, windows in (("gateway", ours), ("pymodbus", plain)) for figure in _costs(name, windows)]
    expected = [load.devices * window.wall_s for window in ours]
    answered = [100.0 * (w.requests - w.failed) / polls for w, polls in zip(ours, expected, strict=True)]
    return (
        *found,
        Figure("gateway: polls answered of those due", "%", tuple(answered)),
        Figure("gateway: readings evaluated of those brought", "%", tuple(100.0 * w.evaluated for w in ours)),
        Figure("gateway: CPU per reading", "us", tuple(w.reading_us for w in ours)),
        ratio("CPU per request: pymodbus over gateway", [w.request_us for w in plain], [w.request_us for w in ours]),
    )


def _costs(name: str, windows: Sequence[Window]) -> tuple[Figure, ...]:
    return (
        Figure(f"{name}: share of one core", "%", tuple(w.core_share for w in windows)),
        Figure(f"{name}: CPU per request", "us", tuple(w.request_us for w in windows)),
        Figure(f"{name}: requests", "1/s", tuple(w.rate for w in windows)),
        Figure(f"{name}: missed periods", "", tuple(float(w.missed) for w in windows)),
        Figure(f"{name}: failed polls", "", tuple(float(w.failed) for w in windows)),
    )


def _goals(ours: Sequence[Window]) -> tuple[Goal, ...]:
    share = sorted(w.core_share for w in ours)[len(ours) // 2]
    return (
        Goal("no period missed, no poll failed", not any(w.missed + w.failed for w in ours)),
        Goal(f"at most {GOAL_CORE_SHARE:g} % of one core", share <= GOAL_CORE_SHARE),
    )


def _gateway(load: PollingLoad, site: SiteLoad, ports: Sequence[int], *profile: str) -> Window:
    """One round of the product, with a state folder of its own."""
    with TemporaryDirectory(prefix="gateway-bench-") as folder:
        config = write_site(Path(folder), site, ports, free_port())
        times = [str(load.warm_up_s), str(load.seconds)]
        return _run(load, "benchmarks.product", str(config), *times, *profile)


def _plain(load: PollingLoad, site: SiteLoad, ports: Sequence[int]) -> Window:
    """One round of the reference."""
    what = [json.dumps(ports), str(site.devices), str(site.points), str(site.every_s)]
    return _run(load, "benchmarks.plain_poller", *what, str(load.warm_up_s), str(load.seconds))


def _profile(load: PollingLoad, site: SiteLoad, ports: Sequence[int]) -> tuple[str, ...]:
    with TemporaryDirectory(prefix="gateway-bench-") as folder:
        file = Path(folder) / "profile"
        window = _gateway(load, site, ports, str(file))
        return costs(file, window.requests)


def _run(load: PollingLoad, module: str, *arguments: str) -> Window:
    timeout_s = READY_S + load.warm_up_s + load.seconds + 60.0
    return Window.of(last_line([sys.executable, "-m", module, *arguments], timeout_s))
