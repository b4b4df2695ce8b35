"""How fast the Modbus driver reads, decoding included, against pymodbus with its own conversion, in turn.

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
from benchmarks.programs import allow_sockets, equipment, last_line
from benchmarks.window import READY_S, Window

GOAL_FASTER, GOAL_CHEAPER = 1.5, 2.0
"""Times the requests a second of the reference, and its CPU per request over ours."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DriverLoad:
    """How many connections with a device each, float32 of each, and for how long to look."""

    devices: int = 50
    points: int = 60
    seconds: float = 10.0
    rounds: int = 5
    warm_up_s: float = 1.0
    profile: bool = False


def driver_rate(load: DriverLoad, tell: Tell) -> Result:
    """Measure, the driver and pymodbus in turn. Raises NotMeasured."""
    allow_sockets(load.devices)
    ours: list[Window] = []
    plain: list[Window] = []
    with equipment() as ports:
        for number in range(1, load.rounds + 1):
            tell(f"driver, round {number} of {load.rounds}: ours")
            ours.append(_run(load, "benchmarks.wires.driver_alone", ports))
            tell(f"driver, round {number} of {load.rounds}: pymodbus")
            plain.append(_run(load, "benchmarks.wires.plain_driver", ports))
        tell("driver: profile")
        spent = _profile(load, ports) if load.profile else ()
    text = f"{load.devices} connections x {load.points} float32 in one request, the next as soon as the answer is there"
    return Result("driver", text, *_findings(ours, plain), spent)


def _findings(ours: Sequence[Window], plain: Sequence[Window]) -> tuple[tuple[Figure, ...], tuple[Goal, ...]]:
    faster = ratio("requests a second: ours over pymodbus", [w.rate for w in ours], [w.rate for w in plain])
    cheaper = ratio("CPU per request: pymodbus over ours", *([w.request_us for w in each] for each in (plain, ours)))
    costs_ = [figure for name, windows in (("driver", ours), ("pymodbus", plain)) for figure in _costs(name, windows)]
    goals = (
        Goal("every request answered", not any(w.failed for w in (*ours, *plain))),
        Goal(f"at least {GOAL_FASTER:g} times the requests a second of pymodbus", faster.middle >= GOAL_FASTER),
        Goal(f"at most 1/{GOAL_CHEAPER:g} of the CPU per request of pymodbus", cheaper.middle >= GOAL_CHEAPER),
    )
    return (*costs_, faster, cheaper), goals


def _costs(name: str, windows: Sequence[Window]) -> tuple[Figure, ...]:
    return (
        Figure(f"{name}: requests", "1/s", tuple(w.rate for w in windows)),
        Figure(f"{name}: CPU per request", "us", tuple(w.request_us for w in windows)),
        Figure(f"{name}: share of one core", "%", tuple(w.core_share for w in windows)),
    )


def _profile(load: DriverLoad, ports: Sequence[int]) -> tuple[str, ...]:
    with TemporaryDirectory(prefix="gateway-bench-") as folder:
        file = Path(folder) / "profile"
        return costs(file, _run(load, "benchmarks.wires.driver_alone", ports, str(file)).requests)


def _run(load: DriverLoad, module: str, ports: Sequence[int], *profile: str) -> Window:
    sizes = [str(load.devices), str(load.points), str(load.warm_up_s), str(load.seconds)]
    timeout_s = READY_S + load.warm_up_s + load.seconds + 60.0
    return Window.of(last_line([sys.executable, "-m", module, json.dumps(ports), *sizes, *profile], timeout_s))
