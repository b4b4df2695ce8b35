"""How the ledger looks on a screen and to machines: what people said of the tickets of each rule."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import Any

from rich.text import Text

from gateway.cli.screen import aligned, word
from gateway.core.messages import Language, say
from gateway.core.types import Closing
from gateway.tickets.ledger import Tally, tallies
from gateway.workbench.backtest.judged import Spared, judged, spared
from gateway.workbench.backtest.outcome import Outcome

HEADS = ("rule", "true", "normal", "false", "precision")


def ledger_lines(closings: tuple[Closing, ...], language: Language) -> Iterator[Text]:
    """A line for each rule."""
    if not closings:
        yield Text(say("nobody_closed", "nobody has closed a ticket yet", {}, language))
        return
    rows = [[Text(word("head", head, language), style="dim") for head in HEADS]]
    rows += [[Text(rule), *tally_cells(tally)] for rule, tally in tallies(closings).items()]
    yield from aligned(rows, right={1, 2, 3, 4})


def judged_lines(ours: Outcome, theirs: Outcome | None, against: str, language: Language) -> Iterator[Text]:
    """What people said of the real tickets of a backtest's time, and which would be raised again."""
    heads = (*HEADS, "true_again", "false_again", "then")
    rows = [[Text(word("head", head, language), style="dim") for head in heads]]
    for rule in (rules := judged(ours)):
        again = (str(rule.raised.done), str(rule.raised.false), percent(rule.raised.precision))
        rows.append([Text(rule.rule), *tally_cells(rule.said), *map(Text, again)])
    english = "real tickets of this time that people closed, and those of them that would be raised again"
    yield Text(say("backtest_judged", english, {}, language))
    yield from aligned(rows, right=set(range(1, len(heads))))
    yield Text(_spared(spared(rules), language))
    if theirs is not None:
        words = {"rules": against, "sentence": _spared(spared(judged(theirs)), language)}
        yield Text(say("spared_by_others", "{rules}: {sentence}", words, language))


def _spared(spared: Spared, language: Language) -> str:
    english = (
        "of {false} tickets judged false, {false_gone} would not have been raised; of {true} judged true, {true_gone}"
    )
    return say("tickets_spared", english, asdict(spared), language)


def tally_cells(tally: Tally) -> list[Text]:
    """True, normal, false, and the share of true ones."""
    return [*(Text(str(count)) for count in (tally.done, tally.normal, tally.false)), Text(percent(tally.precision))]


def percent(precision: float | None) -> str:
    """A precision for people; a dash where nothing is known."""
    return "–" if precision is None else f"{precision:.0%}"


def plain_ledger(closings: tuple[Closing, ...]) -> Mapping[str, Any]:
    """The same for machines, and every closing."""
    rules = [{"rule": rule, **plain_tally(tally)} for rule, tally in tallies(closings).items()]
    return {"rules": rules, "closings": [asdict(closing) for closing in closings]}


def plain_tally(tally: Tally) -> Mapping[str, Any]:
    """Counts by verdict, and the precision; null where nothing is known."""
    return {**asdict(tally), "precision": tally.precision}
