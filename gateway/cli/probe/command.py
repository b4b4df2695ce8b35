"""`gateway probe`: reads a real device and says what can be read, what it means, and which profile fits."""

import asyncio
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import typer
from pydantic_core import PydanticCustomError
from rich.text import Text

from drivers.device import duration_s
from drivers.modbus.doctor.bedside import Bedside, Tell, Unreachable
from drivers.modbus.doctor.diagnosis import Expectations
from drivers.modbus.doctor.examination import Examination, Range, examination
from drivers.modbus.doctor.fitting import Fit, fits, guesses
from drivers.modbus.doctor.scan import Seen, scan
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection
from drivers.modbus.wire import ReadError
from gateway.cli.probe import plain, target
from gateway.cli.probe.fit_view import fit_lines, scan_lines
from gateway.cli.probe.view import screen
from gateway.cli.progress import progress_bar
from gateway.cli.run import loop_factory
from gateway.cli.screen import (
    FAILED,
    WRONG_USE,
    AskedLanguage,
    Failed,
    JsonWanted,
    chosen_language,
    console,
    failures,
    print_json,
    print_line,
)
from gateway.core.clock import SystemClock
from gateway.core.messages import Language, machine_language, say
from gateway.core.plugins import discover

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Asked:
    """One call of the command, understood."""

    line: ModbusConnection
    unit: int
    language: Language
    as_json: bool

    @property
    def words(self) -> dict[str, object]:
        """For sentences."""
        return {"unit": self.unit, "line": self.line.name}

    def show(self, report: Any, lines: Iterable[Text]) -> None:
        """Print for machines or for people."""
        if self.as_json:
            print_json(console(), report)
            return
        for line in lines:
            print_line(console(), line)


def probe(
    url: Annotated[
        str, typer.Argument(help="tcp://HOST:PORT/UNIT, tls://, rtu+tcp:// or rtu:///dev/..., as in config.yaml.")
    ],
    unit: Annotated[int | None, typer.Option(help="The unit, if the address does not name it; 1 if not given.")] = None,
    table: Annotated[
        Literal["all", "holding", "input", "coil", "discrete"], typer.Option(help="Which table to look at.")
    ] = "all",
    first: Annotated[int | None, typer.Option("--from", min=0, max=65535, help="First address, from 0.")] = None,
    count: Annotated[int | None, typer.Option(min=1, max=65536, help="How many addresses; 125 if not given.")] = None,
    point: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TABLE:ADDRESS[=SHOWN]", help="Show every reading of a point; SHOWN is what its display says."
        ),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Read the device by this profile: does it fit?")
    ] = None,
    scan: Annotated[str | None, typer.Option(metavar="A-B", help="Find the units on the line instead.")] = None,
    timeout: Annotated[str, typer.Option(help="How long an answer may take; 300ms with --scan if not given.")] = "",
    gap: Annotated[str | None, typer.Option(help="Pause before each question, for a device that needs one.")] = None,
    baud: Annotated[int | None, typer.Option(min=300, max=921_600, help="Speed of a serial line.")] = None,
    parity: Annotated[Literal["none", "even", "odd"] | None, typer.Option(help="Of a serial line.")] = None,
    stop_bits: Annotated[int | None, typer.Option(min=1, max=2, help="Of a serial line.")] = None,
    ca: Annotated[
        str | None, typer.Option(metavar="FILE", help="For tls://: who signed the other side's certificate.")
    ] = None,
    certificate: Annotated[str | None, typer.Option(metavar="FILE", help="For tls://: ours.")] = None,
    key: Annotated[str | None, typer.Option(metavar="FILE", help="For tls://: the key of ours.")] = None,
    samples: Annotated[int, typer.Option(min=1, max=60, help="How often to read every register.")] = 3,
    every: Annotated[str, typer.Option(help="Time between two samples.")] = "1s",
    json: JsonWanted = False,
    lang: AskedLanguage = None,
) -> None:
    """Read a real Modbus device: which registers can be read, what they mean, and the profile to paste. Never writes.

    Without more it searches the first 125 addresses of every table. Exit status 1 if nobody answers, or if a profile
    does not fit.
    """
    language = chosen_language(lang, machine_language())
    with failures(language):
        try:
            wait = timeout or ("300ms" if scan else "1s")
            settings = {"timeout": wait, "gap": gap, "baud": baud, "parity": parity, "stop_bits": stop_bits}
            settings |= {"ca": ca, "certificate": certificate, "key": key}
            line, number = target.line_and_unit(url, unit, settings)
            asked = _Asked(line, number, language, json)
            if scan is not None:
                _scan(asked, target.units(scan))
            elif profile is not None:
                _fit(asked, target.profile(profile, discover()))
            else:
                wanted = target.points(point or ())
                _examine(asked, target.ranges(table, first, count, wanted), wanted, samples, _seconds(every))
        except target.Misused as misused:
            label = say("label_error", "error", {}, language)
            print_line(console(errors=True), f"{label}: {misused.sentence(language)}")
            raise typer.Exit(WRONG_USE) from misused


def _seconds(written: str) -> float:
    try:
        return float(duration_s(written))
    except PydanticCustomError as error:
        raise target.Misused(error.type, error.message_template, **(error.context or {})) from error


def _run(asked: _Asked, work: Coroutine[Any, Any, T]) -> T:
    """Run to the end. Raises Failed with the reason if nobody answers."""
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            return runner.run(work)
    except Unreachable as error:
        english = "unit {unit} at {line} cannot be read: {reason}"
        raise Failed("probe_unreachable", english, **asked.words, reason=str(error)) from error
    except ReadError as error:
        english = "unit {unit} at {line} stopped answering: {reason}"
        raise Failed("probe_stopped", english, **asked.words, reason=error.reason) from error


def _examine(asked: _Asked, ranges: list[Range], wanted: Expectations, samples: int, every_s: float) -> None:
    async def work(tell: Tell) -> Examination:
        async with Bedside(asked.line, asked.unit, SystemClock()) as bedside:
            return await examination(bedside, asked.unit, ranges, samples, every_s, wanted, tell)

    with progress_bar(say("probe_reading", "reading {line}", asked.words, asked.language)) as tell:
        found = _run(asked, work(tell))
    if not found.readable:
        english = "unit {unit} at {line} answers, but lets none of these addresses be read; try --from and --table"
        raise Failed("probe_nothing", english, **asked.words)
    report = plain.examined(found, asked.line.name, wanted, asked.language)
    asked.show(report, screen(found, asked.line.name, wanted, asked.language))


def _fit(asked: _Asked, profile: ModbusProfile) -> None:
    pauses = {"gap": max(asked.line.gap, profile.gap), "settle": max(asked.line.settle, profile.settle)}
    line = asked.line.model_copy(update=pauses)

    async def work() -> list[Fit]:
        async with Bedside(line, asked.unit, SystemClock()) as bedside:
            await bedside.greet()
            return await fits(bedside, profile)

    found = _run(asked, work())
    asked.show(plain.fitted(found, profile, asked.unit), fit_lines(found, profile, asked.language))
    if any(fit.verdict in ("refused", "out of range") for fit in found):
        raise typer.Exit(FAILED)


def _scan(asked: _Asked, units: range) -> None:
    profiles = list(target.library(discover()).values())

    async def work(tell: Tell) -> list[tuple[Seen, list[str]]]:
        found: list[tuple[Seen, list[str]]] = []
        async for unit, seen in scan(asked.line, units):
            tell((unit - units.start + 1) / len(units))
            if seen is not None:
                found.append((seen, []))
        for seen, names in found[:32]:
            async with Bedside(asked.line, seen.unit, SystemClock()) as bedside:
                names.extend(await guesses(bedside, profiles))
        return found

    with progress_bar(say("probe_scanning", "asking unit after unit", {}, asked.language)) as tell:
        found = _run(asked, work(tell))
    if not found:
        english = "no unit of {units} answers at {line}"
        raise Failed("probe_nobody", english, line=asked.line.name, units=f"{units.start}-{units.stop - 1}")
    asked.show(plain.scanned(found, len(units)), scan_lines(found, asked.line.name, len(units), asked.language))
