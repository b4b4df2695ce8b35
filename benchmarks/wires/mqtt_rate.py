"""What a JSON message costs from the broker to the board, against aiomqtt with `json.loads`, in turn.

Every round starts both afresh, each as a process of its own, against a stand-in for a broker in a third.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.costs import costs
from benchmarks.figures import Figure, Goal, Result, ratio
from benchmarks.programs import last_line, serving
from benchmarks.window import READY_S, Window

GOAL = 4.0
"""Times the messages per CPU second of the reference."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MqttLoad:
    """How many devices with a topic each, numbers in a message, and for how long to look."""

    devices: int = 100
    points: int = 20
    seconds: float = 10.0
    rounds: int = 5
    warm_up_s: float = 1.0
    profile: bool = False


def mqtt_rate(load: MqttLoad, tell: Tell) -> Result:
    """Measure, the driver and aiomqtt in turn; the driver alone where aiomqtt is not installed. Raises NotMeasured."""
    ours: list[Window] = []
    plain: list[Window] = []
    with serving("benchmarks.wires.publisher", str(load.devices), str(load.points)) as (port,):
        for number in range(1, load.rounds + 1):
            tell(f"mqtt, round {number} of {load.rounds}: ours")
            ours.append(_run(load, "benchmarks.wires.mqtt_alone", port))
            if find_spec("aiomqtt"):
                tell(f"mqtt, round {number} of {load.rounds}: aiomqtt")
                plain.append(_run(load, "benchmarks.wires.plain_mqtt", port))
        tell("mqtt: profile")
        spent = _profile(load, port) if load.profile else ()
    text = f"{load.devices} topics, {load.points} numbers in a JSON message, as fast as the client reads"
    text += "" if plain else "; for the reference, pip install aiomqtt in the same environment"
    return Result("mqtt", text, *_findings(ours, plain), spent)


def _findings(ours: Sequence[Window], plain: Sequence[Window]) -> tuple[tuple[Figure, ...], tuple[Goal, ...]]:
    figures = [*_costs("ours", ours), Figure("ours: let go unread", "", tuple(float(w.failed) for w in ours))]
    if not plain:
        return tuple(figures), ()
    cheaper = ratio("messages per CPU second: ours over aiomqtt", *([w.request_us for w in x] for x in (plain, ours)))
    goal = Goal(f"at least {GOAL:g} times the messages per CPU second of aiomqtt", cheaper.middle >= GOAL)
    return (*figures, *_costs("aiomqtt", plain), cheaper), (goal,)


def _costs(name: str, windows: Sequence[Window]) -> tuple[Figure, ...]:
    return (
        Figure(f"{name}: messages per CPU second", "1/s", tuple(w.requests / w.cpu_s for w in windows)),
        Figure(f"{name}: CPU per message", "us", tuple(w.request_us for w in windows)),
        Figure(f"{name}: messages", "1/s", tuple(w.rate for w in windows)),
    )


def _profile(load: MqttLoad, port: int) -> tuple[str, ...]:
    with TemporaryDirectory(prefix="gateway-bench-") as folder:
        file = Path(folder) / "profile"
        return costs(file, _run(load, "benchmarks.wires.mqtt_alone", port, str(file)).requests)


def _run(load: MqttLoad, module: str, port: int, *profile: str) -> Window:
    sizes = [str(load.devices), str(load.points), str(load.warm_up_s), str(load.seconds)]
    timeout_s = READY_S + load.warm_up_s + load.seconds + 60.0
    return Window.of(last_line([sys.executable, "-m", module, str(port), *sizes, *profile], timeout_s))
