"""How a backtest looks on a screen: lines of text."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.text import Text

from gateway.cli.look import STYLES, moment
from gateway.cli.screen import aligned, word
from gateway.core.messages import Language, printable, say
from gateway.core.types import Level
from gateway.workbench.backtest.comparison import Comparison, Pair
from gateway.workbench.backtest.figures import roughly
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.backtest.summary import Line, Load, Summary, firing_s

_MOST_DEVICES = 3
_INDENT = "  "


def heading(outcome: Outcome, language: Language) -> Iterator[Text]:
    """What was played, and what had to be assumed."""
    zone = outcome.config.site.zone
    words = {
        "site": outcome.config.site.name,
        "start": _minute(outcome.start, zone),
        "end": _minute(outcome.end, zone),
        "length": roughly(outcome.end - outcome.start),
    }
    yield Text(say("backtest_range", "{site}, {start} to {end} ({length})", words, language), style="bold")
    counts = {
        "devices": len(outcome.config.devices),
        "rules": len(outcome.config.all_rules),
        "step": roughly(outcome.step_s),
        "evaluations": _large(outcome.evaluations),
    }
    english = f"{{devices}} device{_s(counts['devices'])}, {{rules}} rule{_s(counts['rules'])}, every {{step}}: "
    english += "{evaluations} evaluations"
    yield Text(say("backtest_size", english, counts, language))
    english = "assumed: a person closes a ticket {handled} after its condition went away"
    yield Text(say("backtest_person", english, {"handled": roughly(outcome.handled_s)}, language))


def rule_lines(summary: Summary, language: Language) -> Iterator[Text]:
    """A line for each rule and level."""
    if not summary.lines:
        yield Text(say("no_tickets", "no tickets", {}, language))
        return
    heads = ("per_week", "tickets", "level", "rule", "lasted", "became_red", "again", "devices")
    rows = [_heads(heads, language), *(_rule_row(line, language) for line in summary.lines)]
    yield from aligned(rows, right={0, 1, 4, 5, 6})


def load_lines(summary: Summary, language: Language) -> Iterator[Text]:
    """A line for each building, and one for the site."""
    loads = [*summary.buildings, summary.site]
    heads = ("building", "yellow", "red")
    yield Text(say("backtest_loads", "tickets per week, by the level that they had in the end", {}, language))
    yield from aligned([_heads(heads, language), *(_load_row(load, language) for load in loads)], right={1, 2})


def case_lines(cases: Sequence[Case], outcome: Outcome, language: Language) -> Iterator[Text]:
    """A line for each ticket, in order of time, and its id beneath, as `gateway tickets list` shows them."""
    heads = ("fired", "level", "rule", "lasted", "times", "title")
    rows = [_heads(heads, language), *(_case_row(case, outcome, language) for case in cases)]
    headline, *lines = aligned(rows, right={3, 4})
    yield headline
    for case, line in zip(cases, lines, strict=True):
        yield line
        yield Text(_INDENT * 2 + printable(case.ticket.id), style="dim")


def change_lines(comparison: Comparison, other: str, zone: ZoneInfo, language: Language) -> Iterator[Text]:
    """How many tickets a change of rules adds, loses, moves, and which; those that stay the same are only counted."""
    words = {
        "rules": other,
        "added": len(comparison.added),
        "lost": len(comparison.lost),
        "moved": len(comparison.moved),
        "levels": len(comparison.levels),
        "same": len(comparison.same),
    }
    english = "against {rules}: {added} added, {lost} lost, {moved} moved, {levels} at another level, {same} the same"
    yield Text(say("backtest_changes", english, words, language), style="bold")
    rows = [
        *((case.ticket.fired_at, _change_row("added", case, zone, language)) for case in comparison.added),
        *((case.ticket.fired_at, _change_row("lost", case, zone, language)) for case in comparison.lost),
        *((pair.after.ticket.fired_at, _pair_row(pair, zone, language)) for pair in comparison.pairs if _differs(pair)),
    ]
    rows.sort(key=lambda row: row[0])
    for line in aligned(row for _, row in rows):
        line.rstrip()
        yield line


def note_lines(outcome: Outcome, language: Language) -> Iterator[Text]:
    """How far the record can be trusted, and what else there is to know."""
    known = [f"{profile} {_percent(share)}" for profile, share in outcome.known.items()]
    words = {"shares": say("comma", ", ", {}, language).join(known)}
    yield Text(say("record_known", "known in the record: {shares}", words, language))
    zone, label = outcome.config.site.zone, say("label_note", "note", {}, language)
    sentences = [note.sentence(language) for note in outcome.notes]
    if outcome.silences:
        since, until = max(outcome.silences, key=lambda span: span[1] - span[0])
        length = sum(until - since for since, until in outcome.silences)
        words = {"times": str(len(outcome.silences)), "length": roughly(length), "longest": roughly(until - since)}
        words |= {"since": _minute(since, zone)}
        english = (
            "the whole site was silent for {length} in all; stretches: {times}, the longest {longest} from {since}; "
            "if the gateway was off then, tickets about silent devices mean nothing"
        )
        sentences.append(say("site_silent", english, words, language))
    for sentence in sentences:
        yield Text.assemble((f"{label}: ", "yellow"), sentence)


def _heads(names: Iterable[str], language: Language) -> list[Text]:
    return [Text(word("head", name, language), style="dim") for name in names]


def _rule_row(line: Line, language: Language) -> list[Text]:
    shown = [f"{device} ×{count}" for device, count in line.devices[:_MOST_DEVICES]]
    left = len(line.devices) - len(shown)
    more = [say("more_devices", "{count} more", {"count": left}, language)] if left else []
    return [
        Text(f"{line.per_week:.1f}"),
        Text(str(line.count)),
        _level(line.level, language),
        Text(line.rule),
        Text(roughly(line.median_s)),
        Text("" if line.level is Level.RED else _percent(line.escalated)),
        Text(_percent(line.again)),
        Text(say("comma", ", ", {}, language).join([*shown, *more])),
    ]


def _load_row(load: Load, language: Language) -> list[Text]:
    name = say("whole_site", "whole site", {}, language) if load.building is None else printable(load.building)
    return [
        Text(name),
        Text(f"{load.yellow_per_week:.1f}", style=STYLES["yellow"] if load.yellow else ""),
        Text(f"{load.red_per_week:.1f}", style=STYLES["red"] if load.red else ""),
    ]


def _case_row(case: Case, outcome: Outcome, language: Language) -> list[Text]:
    return [
        Text(moment(case.ticket.fired_at, outcome.config.site.zone)),
        _levels(case, language),
        Text(case.ticket.rule),
        Text(roughly(firing_s(case, outcome.end))),
        Text(str(case.ticket.occurrences)),
        Text(printable(case.ticket.title)),
    ]


def _change_row(change: str, case: Case, zone: ZoneInfo, language: Language) -> list[Text]:
    ticket = case.ticket
    style = "green" if change == "added" else "red" if change == "lost" else ""
    return [
        Text(_INDENT) + Text(word("change", change, language), style=style),
        Text(moment(ticket.fired_at, zone)),
        _levels(case, language),
        Text(ticket.device),
        Text(ticket.rule),
        Text(),
    ]


def _pair_row(pair: Pair, zone: ZoneInfo, language: Language) -> list[Text]:
    """When and at which level it comes now, and what that was before."""
    row = _change_row("moved" if pair.moved_s else "level", pair.after, zone, language)
    before: list[Text] = []
    if pair.moved_s:
        kind, english = ("later", "{by} later") if pair.moved_s > 0 else ("earlier", "{by} earlier")
        before.append(Text(say(f"moved_{kind}", english, {"by": roughly(abs(pair.moved_s))}, language)))
    if pair.changed_level:
        before.append(Text(say("level_was", "was ", {}, language)) + _levels(pair.before, language))
    if pair.before.ticket.rule != pair.after.ticket.rule:
        before.append(Text(say("rule_was", "by {rule} before", {"rule": pair.before.ticket.rule}, language)))
    row[-1] = Text(say("comma", ", ", {}, language)).join(before)
    return row


def _differs(pair: Pair) -> bool:
    return bool(pair.moved_s) or pair.changed_level


def _levels(case: Case, language: Language) -> Text:
    """The level, or "yellow → red" if it became worse."""
    first, last = case.opened_as, case.ticket.level
    return (
        _level(first, language)
        if first is last
        else Text(" → ").join([_level(first, language), _level(last, language)])
    )


def _level(level: Level, language: Language) -> Text:
    return Text(word("level", level, language), style=STYLES[level])


def _percent(share: float) -> str:
    """Never rounded up to all or down to nothing."""
    percent = 100 * share
    return "<1%" if 0 < percent < 1 else ">99%" if 99 < percent < 100 else f"{percent:.0f}%"


def _s(count: object) -> str:
    """The plural."""
    return "" if count == 1 else "s"


def _large(count: int) -> str:
    return f"{count:,}"


def _minute(time: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(time, zone).strftime("%Y-%m-%d %H:%M")
