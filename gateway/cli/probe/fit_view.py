"""How a profile's fit and the units on a line look on a screen: lines of text."""

from collections.abc import Iterator, Sequence

from rich.text import Text

from drivers.modbus.doctor.fitting import Fit
from drivers.modbus.doctor.scan import Seen
from drivers.modbus.profile import ModbusProfile
from gateway.cli.probe.words import hexadecimal
from gateway.cli.screen import aligned, word
from gateway.core.messages import Language, say

_STYLES = {"fits": "green", "no value": "yellow", "out of range": "red", "refused": "red"}
_NAMES = 3  # of the profiles that a unit could have


def fit_lines(found: Sequence[Fit], profile: ModbusProfile, language: Language) -> Iterator[Text]:
    """A line for each point of the profile, and how many of them make sense."""
    heads = ("point", "registers", "value", "verdict", "reason")
    rows = [[Text(word("head", head, language), style="dim") for head in heads]]
    rows += [_fit_row(fit, language) for fit in found]
    for line in aligned(rows, right={2}):
        line.rstrip()
        yield line
    count = sum(fit.verdict == "fits" for fit in found)
    words = {"count": count, "total": len(found), "profile": profile.profile}
    style = "green" if count == len(found) else "yellow"
    yield Text(say("probe_fit", "{count} of {total} points fit {profile}", words, language), style=style)


def _fit_row(fit: Fit, language: Language) -> list[Text]:
    known = fit.verdict in ("fits", "out of range")
    reason = fit.reason
    if fit.verdict == "out of range":
        words = {"low": fit.point.low, "high": fit.point.high}
        reason = say("probe_possible", "possible is {low} to {high}", words, language)
    return [
        Text(fit.point.name),
        Text(hexadecimal(fit.words), style="dim"),
        Text(f"{fit.value:.6g} {fit.point.unit}".rstrip() if known else "-"),
        Text(word("fit", fit.verdict, language), style=_STYLES[fit.verdict]),
        Text(reason, style="dim"),
    ]


def scan_lines(
    found: Sequence[tuple[Seen, Sequence[str]]], line: str, asked: int, language: Language
) -> Iterator[Text]:
    """A line for each unit that is there, with the profiles that it could have."""
    words = {"count": len(found), "asked": asked, "line": line}
    yield Text(say("probe_found", "{count} of {asked} units answer at {line}", words, language), style="bold")
    rows = [[Text(word("head", head, language), style="dim") for head in ("unit", "latency", "says", "profile")]]
    rows += [_seen_row(seen, names, language) for seen, names in found]
    for row in aligned(rows, right={0, 1}):
        row.rstrip()
        yield row
    if len(found) == asked > 2:
        english = "every unit answers, so this is mostly one device that does not look at the unit"
        yield Text(say("probe_any_unit", english, {}, language), style="yellow")


def _seen_row(seen: Seen, names: Sequence[str], language: Language) -> list[Text]:
    says = say("probe_value", "a value", {}, language)
    if seen.exception:
        says = say("probe_exception", "exception {code}", {"code": seen.exception}, language)
    return [
        Text(str(seen.unit), style="bold"),
        Text(f"{1000 * seen.latency_s:.0f} ms"),
        Text(says, style="green" if not seen.exception else ""),
        Text(", ".join(names[:_NAMES]), style="cyan"),
    ]
