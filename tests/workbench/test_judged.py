"""What people said of real tickets, against those that a set of rules would have raised."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cli.ledger_view import judged_lines
from gateway.core.config import Config
from gateway.core.types import Closing, Verdict
from gateway.tickets.ledger import Tally
from gateway.workbench.backtest.judged import Judged, closings_of, judged, spared
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.backtest.plain import plain_outcome
from gateway.workbench.backtest.play import play
from gateway.workbench.page.judged import judgements
from gateway.workbench.page.report import Report
from tests.workbench import lane
from tests.workbench.lane import HOUR, PLUGINS, T0, Made, Spell
from tests.workbench.test_backtest_figures import case
from tests.workbench.test_backtest_figures import outcome as outcome_of

DONE, NORMAL, FALSE = Verdict.DONE, Verdict.NORMAL, Verdict.FALSE


@pytest.fixture
def site(tmp_path: Path) -> Config:
    return lane.site(tmp_path)


def said(device: str, at_h: float, hours: float, verdict: Verdict, rule: str = "hot") -> Closing:
    fired = T0 + at_h * HOUR
    return Closing(f"lane:{device}:{rule}:{at_h}", rule, device, "class", fired, fired + hours * HOUR, verdict, "li")


def of(site: Config, ledger: Sequence[Closing] | None, *cases: Case) -> Outcome:
    return replace(outcome_of(site, *cases), ledger=None if ledger is None else tuple(ledger))


@pytest.mark.parametrize(
    ("device", "rule", "at_h", "hours", "again"),
    [
        (0, "hot", 10, 1, True),  # of the same id
        (0, "hot", 9, 2, True),
        (0, "hot", 34.5, 1, True),  # the ticket of the backtest is open for a day after an hour
        (0, "hot", 36, 1, False),
        (0, "hot", 5, 2, False),
        (1, "hot", 10, 1, False),
        (0, "cold", 10, 1, False),
    ],
)
def test_a_real_ticket_is_raised_again_if_rule_and_device_are_the_same_and_their_lives_overlap(
    site: Config,
    device: int,
    rule: str,
    at_h: float,
    hours: float,
    again: bool,  # noqa: FBT001 - a table
) -> None:
    closing = said(site.devices[device].id, at_h, hours, FALSE, rule)
    outcome = of(site, [closing], case(site.devices[0], 10.0))
    assert judged(outcome) == (Judged(rule, Tally(false=1), Tally(false=int(again))),)
    assert list(closings_of(outcome).values()) == ([[closing]] if again else [])


def test_a_rule_that_joined_in_counts_too(site: Config) -> None:
    one = case(site.devices[0], 10.0)
    joined = replace(one, changes=(*one.changes, *case(site.devices[0], 10.5, rule="shaken").changes))
    assert judged(of(site, [said("P-1", 10.5, 1, DONE, "shaken")], joined))[0].raised == Tally(done=1)


LEDGER = [
    *(said("P-1", at, 1, DONE) for at in (1, 100)),
    *(said("P-2", at, 1, FALSE) for at in (2, 60, 120)),
    said("P-3", 5, 1, NORMAL),
    said("M-1", 5, 1, FALSE, "loaded"),
]


def test_what_a_change_spares_and_loses(site: Config) -> None:
    outcome = of(site, LEDGER, case(site.devices[0], 1), case(site.devices[1], 60))
    hot, loaded = judged(outcome)
    assert (hot.said, hot.raised) == (Tally(2, 1, 3), Tally(1, 0, 1))
    assert (hot.said.precision, hot.raised.precision) == (0.4, 0.5)
    assert (loaded.said, loaded.raised) == (Tally(false=1), Tally())
    gone = spared([hot, loaded])
    assert (gone.false, gone.false_gone, gone.true, gone.true_gone) == (4, 3, 2, 1)


def test_it_is_shown_to_people_and_machines(site: Config) -> None:
    ours = of(site, LEDGER, case(site.devices[0], 1), case(site.devices[1], 60))
    theirs = of(site, LEDGER, case(site.devices[0], 1), *(case(site.devices[1], at) for at in (2, 60, 120)))
    assert [line.plain for line in judged_lines(ours, theirs, "old", "en")] == [
        "real tickets of this time that people closed, and those of them that would be raised again",
        "rule    true  normal  false  precision  true again  false again  then",
        "hot        2       1      3        40%           1            1   50%",
        "loaded     0       0      1         0%           0            0     –",
        "of 4 tickets judged false, 3 would not have been raised; of 2 judged true, 1",
        "old: of 4 tickets judged false, 1 would not have been raised; of 2 judged true, 1",
    ]
    chinese = [line.plain for line in judged_lines(ours, None, "", "zh")]
    assert chinese[-1] == "4 张误报工单中有 3 张不会触发；2 张属实工单中有 1 张不会触发"
    plain = plain_outcome(ours, "en")
    assert plain["judged"][0] == {
        "rule": "hot",
        "said": {"done": 2, "normal": 1, "false": 3, "precision": 0.4},
        "raised_again": {"done": 1, "normal": 0, "false": 1, "precision": 0.5},
    }
    assert [ticket["judged"] for ticket in plain["tickets"]] == [
        [{"ticket": "lane:P-1:hot:1", "verdict": "done"}],
        [{"ticket": "lane:P-2:hot:60", "verdict": "false"}],
    ]
    page = str(judgements(Report.of(ours, theirs, "en", 0)))
    assert "Of 4 tickets judged false, 3 would not have been raised; of 2 judged true, 1." in page
    assert "Without the change: Of 4 tickets judged false, 1 would" in page
    assert "40%" in page


@pytest.mark.parametrize("ledger", [None, []])
def test_without_a_ledger_there_is_nothing_to_show(site: Config, ledger: list[Closing] | None) -> None:
    outcome = of(site, ledger, case(site.devices[0], 1))
    assert judged(outcome) == ()
    assert judgements(Report.of(outcome, None, "en", 0)) is None
    assert plain_outcome(outcome, "en")["judged"] == ledger


RULES = """
profile: pump-set
rules:
  - {id: unusual, yellow: {when: score.usual > 0.5}}
"""
DETECTOR = "models: {usual: {detector: usual, profiles: [pump-set], warm_up: 6h}}\n"


def test_a_backtest_is_taught_what_the_daemon_was_taught(tmp_path: Path) -> None:
    site = lane.site(tmp_path, DETECTOR, pumps=RULES)
    start, end = T0 + 24 * HOUR, T0 + 36 * HOUR
    spells = [Spell("P-2", 25 * HOUR, 36 * HOUR, "bearing_temp", 60.0)]
    lesson = Closing("x", "unusual", "P-2", "unusual", T0 + 25 * HOUR, T0 + 26 * HOUR, NORMAL, "li", ("usual",))
    before = replace(lesson, ticket="y", fired_at=T0 + HOUR, closed_at=T0 + 2 * HOUR, device="P-1")
    lasted = {}
    for name, ledger in {"none": None, "taught": (before, lesson), "done": (replace(lesson, verdict=DONE),)}.items():
        past = Made(site, 36 * HOUR, spells, every_s=60.0)
        variants = {"ours": site.rules, "same": site.rules}
        ours, same = play(site, PLUGINS, past, start, end, variants, step_s=60.0, ledger=ledger).values()
        assert [each.changes for each in ours.cases] == [each.changes for each in same.cases]
        lasted[name] = sum(until - since for each in ours.cases for since, until in each.firing(end))
        notes = [note.sentence("en") for note in ours.notes if note.kind == "lessons_played"]
        assert notes == (["what people taught detectors in this time counts here too: 1"] if name == "taught" else [])
        assert ours.ledger == (None if ledger is None else tuple(each for each in ledger if each is not before))
    assert lasted["taught"] < 2 * HOUR < lasted["none"]
    assert lasted["done"] == lasted["none"]
