"""`gateway simulate --record`: a history of simulated devices, with faults in it, for backtests."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from zoneinfo import ZoneInfo

import typer
from pydantic_core import PydanticCustomError

from gateway.cli.backtest.files import refuse_unwritable
from gateway.cli.faults import local_seconds, read_fault
from gateway.cli.past import Stretch, write_past
from gateway.cli.progress import progress_bar
from gateway.cli.screen import Failed
from gateway.cli.truth import truth_file, write_truth
from gateway.core.config import Config
from gateway.core.messages import Language, say
from rules.duration import DAY_S, duration_s
from simulators.site import SimulatedSite


def span(until: str, days: int, every: str, zone: ZoneInfo) -> Stretch:
    """What to record. Raises typer.BadParameter."""
    try:
        end = local_seconds(until, zone)
    except ValueError:
        raise typer.BadParameter(f"{until} is no date; write it as 2026-03-16", param_hint="--until") from None
    try:
        step_s = duration_s(every)
    except PydanticCustomError as problem:
        raise typer.BadParameter(problem.message(), param_hint="--every") from None
    if not 1.0 <= step_s <= DAY_S:
        raise typer.BadParameter("between 1s and 1d", param_hint="--every")
    return Stretch(end - days * DAY_S, end, step_s)


def inject(plant: SimulatedSite, config: Config, lines: Iterable[bytes], stretch: Stretch) -> None:
    """Take every fault of a file, one JSON object a line; without an onset at the start. Raises Failed."""
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                plant.inject(read_fault(line, plant, stretch.start, config.site.zone, until=stretch.end))
            except ValueError as error:
                raise Failed(
                    "not_a_fault", "line {number} is not a fault: {reason}", number=number, reason=error
                ) from None


def refuse_record(path: Path) -> None:
    """Raises Failed if there is no place for a new history file."""
    refuse_unwritable(str(path))
    for each in (path, truth_file(path)):
        if each.exists():
            raise Failed("is_there", "{file} is there already; take another name, or remove it first", file=each)


def write_record(path: Path, plant: SimulatedSite, config: Config, stretch: Stretch, language: Language) -> None:
    """Write a new history file, whole or not at all, and beside it what befell the devices. Raises Failed."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    try:
        _remove(unfinished)
        with progress_bar(say("recording", "writing the record", {}, language)) as tell:
            write_past(unfinished, plant, config, [stretch], tell)
        write_truth(truth_file(path), config, plant.seed, stretch, plant.truths())
        unfinished.rename(path)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise Failed("not_written", "{file} cannot be written: {reason}", file=path, reason=reason) from error
    finally:
        _remove(unfinished)


def _remove(path: Path) -> None:
    """A database and what SQLite keeps beside it while it is open; that stays behind where writing was broken off."""
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
