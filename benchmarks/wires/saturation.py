"""How many readings a second the whole path takes in on one core, beside a client in C on the same sockets, in turn."""

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
from benchmarks.wires import plain_client
from benchmarks.wires.plain_client import built

GOAL = 400_000.0
_AT_ONCE_S = 1e-6
"""A period that is always over."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class SaturationLoad:
    """How many devices and points. A window of a minute holds one step of the detector."""

    devices: int = 250
    points: int = 60
    seconds: float = 60.0
    rounds: int = 3
    warm_up_s: float = 3.0
    profile: bool = False


def saturation(load: SaturationLoad, tell: Tell) -> Result:
    """Measure, the whole path and the C client in turn. Raises NotMeasured."""
    allow_sockets(load.devices)
    ours: list[Window] = []
    plain: list[tuple[str, Window]] = []
    with equipment() as ports, built() as program:
        for number in range(1, load.rounds + 1):
            tell(f"saturation, round {number} of {load.rounds}: the whole path")
            ours.append(_whole_path(load, ports))
            if program is not None:
                tell(f"saturation, round {number} of {load.rounds}: C")
                c_s = min(load.seconds, 10.0)
                plain.append(plain_client.run(program, ports, load.devices, load.points, c_s))
        tell("saturation: profile")
        spent = _profile(load, ports) if load.profile else ()
    text = f"{load.devices} connections x {load.points} float32 in one request, the next as soon as the answer is "
    text += f"there; {RULES} rules and detector, on one core; {_beside(plain)}"
    goals = (
        Goal("every request answered", not any(window.failed for window in ours)),
        Goal(f"at least {GOAL:,.0f} readings a second of one core", _by_core("", ours).middle >= GOAL),
    )
    return Result("saturation", text, _figures(ours, plain), goals, spent)


def _beside(plain: Sequence[tuple[str, Window]]) -> str:
    if not plain:
        return "no C compiler, so nothing beside it"
    return f"beside it {_c(plain)}, one question at a time, reading only"


def _c(plain: Sequence[tuple[str, Window]]) -> str:
    return "libmodbus" if plain[0][0] == "libmodbus" else "plain sockets in C (libmodbus is not installed)"


def _figures(ours: Sequence[Window], plain: Sequence[tuple[str, Window]]) -> tuple[Figure, ...]:
    found = (
        _by_core("whole path", ours),
        _readings("whole path", ours),
        Figure("whole path: requests", "1/s", tuple(w.rate for w in ours)),
        Figure("whole path: CPU per request", "us", tuple(w.request_us for w in ours)),
        Figure("whole path: share of one core", "%", tuple(w.core_share for w in ours)),
    )
    if not plain:
        return found
    windows = [window for _, window in plain]
    return (
        *found,
        _by_core("C", windows),
        _readings("C", windows),
        Figure("C: CPU per request", "us", tuple(w.request_us for w in windows)),
        ratio(
            "readings a second: whole path over C", *([w.readings / w.wall_s for w in each] for each in (ours, windows))
        ),
        ratio("CPU per request: whole path over C", *([w.request_us for w in each] for each in (ours, windows))),
    )


def _by_core(name: str, windows: Sequence[Window]) -> Figure:
    """What it would be if nobody else wanted the core and nobody had to be waited for."""
    return Figure(f"{name}: readings per CPU second", "1/s", tuple(w.readings / w.cpu_s for w in windows))


def _readings(name: str, windows: Sequence[Window]) -> Figure:
    return Figure(f"{name}: readings", "1/s", tuple(w.readings / w.wall_s for w in windows))


def _whole_path(load: SaturationLoad, ports: Sequence[int], *profile: str) -> Window:
    with TemporaryDirectory(prefix="gateway-bench-") as folder:
        site = write_site(Path(folder), SiteLoad(load.devices, load.points, _AT_ONCE_S), ports, free_port())
        times = [str(load.warm_up_s), str(load.seconds)]
        command = [sys.executable, "-m", "benchmarks.wires.whole_path", str(site), *times, *profile]
        return Window.of(last_line(command, READY_S + load.warm_up_s + load.seconds + 60.0))


def _profile(load: SaturationLoad, ports: Sequence[int]) -> tuple[str, ...]:
    with TemporaryDirectory(prefix="gateway-bench-") as folder:
        file = Path(folder) / "profile"
        return costs(file, _whole_path(load, ports, str(file)).requests)
