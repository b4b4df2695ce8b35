"""`gateway bench`: the performance suite, each figure beside a plain reference that was measured in the same run."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from benchmarks.backtest_rate import BacktestLoad, backtest_rate
from benchmarks.detector_rate import DetectorLoad, detector_rate
from benchmarks.drain import DrainLoad, drain
from benchmarks.figures import Result, machine
from benchmarks.memory import MemoryLoad, memory
from benchmarks.polling import PollingLoad, polling
from benchmarks.programs import NotMeasured
from benchmarks.rule_rate import Different, RuleLoad, rule_rate
from benchmarks.scoreboards import ScoreboardLoad, scoreboards
from benchmarks.warning import WarningLoad, warning
from benchmarks.wires.bus import BusLoad, bus
from benchmarks.wires.driver_rate import DriverLoad, driver_rate
from benchmarks.wires.lateness import LatenessLoad, lateness
from benchmarks.wires.mqtt_rate import MqttLoad, mqtt_rate
from benchmarks.wires.saturation import SaturationLoad, saturation
from gateway.cli.screen import FAILED, console, print_line

Name = Literal[
    "polling",
    "driver",
    "saturation",
    "lateness",
    "bus",
    "mqtt",
    "rules",
    "backtest",
    "detector",
    "memory",
    "warning",
    "drain",
    "scoreboards",
    "all",
]
Tell = Callable[[str], None]

_BENCHMARKS: dict[str, tuple[Any, Callable[[Any, Tell], Result]]] = {
    "rules": (RuleLoad(), rule_rate),
    "backtest": (BacktestLoad(), backtest_rate),
    "driver": (DriverLoad(), driver_rate),
    "saturation": (SaturationLoad(), saturation),
    "lateness": (LatenessLoad(), lateness),
    "bus": (BusLoad(), bus),
    "mqtt": (MqttLoad(), mqtt_rate),
    "polling": (PollingLoad(), polling),
    "detector": (DetectorLoad(), detector_rate),
    "memory": (MemoryLoad(), memory),
    "warning": (WarningLoad(), warning),
    "drain": (DrainLoad(), drain),
    "scoreboards": (ScoreboardLoad(), scoreboards),
}
"""Each at its usual size, in the order of a full run."""
_ASKED_FOR_ONLY = frozenset({"drain", "scoreboards"})
"""They take ten minutes more, or need data that is no part of this project."""


def bench(
    what: Annotated[Name, typer.Argument(help="Which benchmark.")] = "all",
    devices: Annotated[int | None, typer.Option(min=1, max=20_000, help="Instead of each one's own number.")] = None,
    points: Annotated[int | None, typer.Option(min=1, max=62, help="Of each device, instead of 10 to 60.")] = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="To measure, instead of 10 to 60, 180 (memory).")] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=100, help="Instead of 3 or 5.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=366, help="Of the past to play back, instead of 30.")] = None,
    profile: Annotated[bool, typer.Option("--profile", help="Also list what costs most (polling, drivers).")] = False,
    data: Annotated[
        Path | None, typer.Option(help="Folder of the scoreboards; ../shared/benchmarks if absent.")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the figures for machines.")] = None,
) -> None:
    """Measure this machine: polling, drivers, rules, backtest, detector, memory; ratios to plain code doing the same.

    And the detector itself: days of warning on simulated equipment, and its place on public scoreboards.
    """
    sizes: dict[str, Any] = {"devices": devices, "points": points, "seconds": seconds, "rounds": rounds, "days": days}
    sizes |= {"profile": profile or None, "data": data}
    screen, before, results = console(), machine(), []
    try:
        with _progress() as tell:
            for run in _chosen(what, sizes):
                results.append(run(tell))
                _show(screen, results[-1])
    except (NotMeasured, Different) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(FAILED) from error
    finally:
        after = machine()
        print_line(screen, _machine_line(before, after))
        if json_file is not None:
            report = {"before": before, "after": after, "results": [result.json() for result in results]}
            json_file.write_text(json.dumps(report, indent=2) + "\n")


def _chosen(what: Name, sizes: dict[str, Any]) -> Iterator[Callable[[Tell], Result]]:
    """The benchmarks that were asked for, at the sizes that were asked for."""
    names = [name for name in _BENCHMARKS if name not in _ASKED_FOR_ONLY] if what == "all" else [what]
    for name in names:
        usual, measure = _BENCHMARKS[name]
        yield partial(measure, _sized(usual, sizes))


def _sized(load: Any, sizes: dict[str, Any]) -> Any:
    return replace(load, **{name: size for name, size in sizes.items() if size is not None and hasattr(load, name)})


@contextmanager
def _progress() -> Iterator[Tell]:
    """A line that says what is going on, on a terminal; nothing in a pipe."""
    screen = console(errors=True)
    if not screen.is_terminal:
        yield lambda _: None
        return
    with screen.status("") as status:
        yield lambda text: status.update(f"{text} ...")


def _show(screen: Console, result: Result) -> None:
    print_line(screen, f"{result.name}: {result.load}")
    table = Table("", "min", "median", "max", "", box=None, pad_edge=False)
    table.columns[0].no_wrap = True
    for column in table.columns[1:4]:
        column.justify = "right"
    for figure in result.figures:
        table.add_row(figure.name, *map(_number, (figure.low, figure.middle, figure.high)), figure.unit)
    screen.print(table)
    for goal in result.goals:
        print_line(screen, f"goal {'met' if goal.met else 'MISSED'}: {goal.text}")
    for line in result.costs:
        print_line(screen, line)
    screen.print()


def _number(value: float) -> str:
    """Three or four figures that matter."""
    return f"{value:.0f}" if value >= 1000 or value == int(value) else f"{value:.4g}"


def _machine_line(before: dict[str, Any], after: dict[str, Any]) -> str:
    loads = " -> ".join(f"{report['load_average'][0]:.1f}" for report in (before, after))
    return f"{before['system']}, {before['cores']} cores, Python {before['python']}, load average {loads}"
