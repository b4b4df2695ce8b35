"""What a person asks a backtest for: which stretch of the record, which rules, and which of the tickets to show."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

import typer
from pydantic_core import PydanticCustomError

from gateway.cli.screen import FAILED, Failed, console, print_line, show_findings
from gateway.core import yamlfile
from gateway.core.config import Config
from gateway.core.findings import has_errors, summary
from gateway.core.messages import Language
from gateway.core.packs import check_packs, read_packs
from gateway.history.past import Past
from gateway.workbench.backtest.comparison import Comparison
from gateway.workbench.backtest.outcome import Case
from gateway.workbench.backtest.play import Rules
from rules.duration import duration_s


@dataclass(frozen=True, slots=True)
class Only:
    """The tickets to show: those of some devices and some rules; of all, where none is named."""

    devices: Collection[str]
    rules: Collection[str]

    def __bool__(self) -> bool:
        return bool(self.devices or self.rules)

    def takes(self, case: Case) -> bool:
        """Whether to show a ticket: the rule that opened it counts, and those that joined in."""
        rules = {change.rule for change in case.changes}
        return (not self.devices or case.ticket.device in self.devices) and (
            not self.rules or not rules.isdisjoint(self.rules)
        )

    def of(self, comparison: Comparison) -> Comparison:
        """What of a comparison to show."""
        return Comparison(
            tuple(case for case in comparison.added if self.takes(case)),
            tuple(case for case in comparison.lost if self.takes(case)),
            tuple(pair for pair in comparison.pairs if self.takes(pair.before) or self.takes(pair.after)),
        )


def chosen_tickets(config: Config, variants: Iterable[Rules], devices: Sequence[str], rules: Sequence[str]) -> Only:
    """The choice, if there are such devices and rules. Raises Failed."""
    known_devices = {device.id for device in config.devices}
    known_rules = {rule.id for variant in variants for rules_ in variant.values() for rule in rules_}
    for name in devices:
        if name not in known_devices:
            raise Failed("no_such_device", "there is no device {name}", name=name)
    for name in rules:
        if name not in known_rules:
            raise Failed("no_such_rule", "there is no rule {name}", name=name)
    return Only(devices, rules)


def rules_of(config: Config, paths: Sequence[Path], language: Language) -> Rules:
    """The rules of files and folders, as they would be the site's.

    If they do not check, prints what `gateway check` would print and ends the command.
    """
    document = yamlfile.read(config.path)
    packs = read_packs(document, Path(), [str(path.absolute()) for path in paths])
    words = {fleet.profile.profile: config.vocabulary(fleet) for fleet in config.fleets}
    findings = [*packs.findings, *check_packs(packs, [*config.profiles], [*config.policies], words)]
    if has_errors(findings):
        screen = console(errors=True)
        show_findings(screen, findings, language)
        print_line(screen, summary(findings, language))
        raise typer.Exit(FAILED)
    return {profile: packs.rules_for(profile) for profile in words}


def stretch(config: Config, past: Past, since: str | None, until: str | None) -> tuple[float, float]:
    """Start and end of what to play, in seconds since 1970, no wider than the record. Raises Failed."""
    recorded = past.profiles()
    spans = [recorded[fleet.profile.profile] for fleet in config.fleets if fleet.profile.profile in recorded]
    if not spans:
        types = sorted(recorded) or ["-"]
        raise Failed("nothing_recorded", "no device type of this site is in the record; it has {types}", types=types)
    first, last = min(span[0] for span in spans), max(span[1] for span in spans)
    zone = config.site.zone
    start = first if since is None else _moment(since, "--from", last, zone)
    end = last if until is None else _moment(until, "--to", last, zone)
    for option, given, moment in (("--from", since, start), ("--to", until, end)):
        if given is not None and (since is None or until is None) and start >= end:
            raise Failed(
                "nothing_left",
                "{option} {moment} leaves nothing of the record, which goes from {first} to {last}",
                option=option,
                moment=_shown(moment, zone),
                first=_shown(first, zone),
                last=_shown(last, zone),
            )
    if start >= end and not (since is None and until is None):
        raise Failed(
            "from_after_to", "--from {start} is not before --to {end}", start=_shown(start, zone), end=_shown(end, zone)
        )
    if start > last or end < first:
        raise Failed(
            "outside_record",
            "nothing is recorded from {start} to {end}; the record goes from {first} to {last}",
            start=_shown(start, zone),
            end=_shown(end, zone),
            first=_shown(first, zone),
            last=_shown(last, zone),
        )
    behind = last + config.tick_s  # the last row belongs to it
    return max(start, first), behind if end >= last else end


def duration(text: str, option: str) -> float:
    """A duration that was given for an option, in seconds. Raises Failed."""
    try:
        return duration_s(text)
    except PydanticCustomError as error:
        raise Failed(
            "bad_option_duration",
            "{option} {text} is not a duration; write 30s, 5m, 24h or 14d",
            option=option,
            text=text,
        ) from error


def pace(text: str) -> float:
    """How often rules look, in seconds. Raises Failed."""
    seconds = duration(text, "--step")
    if not seconds > 0.0:
        raise Failed("no_step", "--step {text} is not more than nothing", text=text)
    return seconds


def _moment(text: str, option: str, last: float, zone: tzinfo) -> float:
    """A duration: as long before the end of the record; else a date (its midnight) or a time on the site's wall."""
    try:
        return last - duration_s(text)
    except PydanticCustomError:
        pass
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise Failed(
            "bad_moment",
            "{option} {text} is no date (2026-03-01), no time (2026-03-01T08:00) and no duration before the end (14d)",
            option=option,
            text=text,
        ) from error
    return (time if time.tzinfo else time.replace(tzinfo=zone)).timestamp()


def _shown(time: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(time, zone).strftime("%Y-%m-%d %H:%M:%S")
