"""History in, tickets out: the same whatever the blocks, one desk for the whole site, a person who closes."""

import math
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.core.config import Config
from gateway.core.types import Block, Fleet, Fresh
from gateway.history.columns import select
from gateway.history.recording import Recording
from gateway.workbench.backtest.outcome import Outcome
from gateway.workbench.backtest.play import play
from tests.workbench import lane
from tests.workbench.lane import DAY, HOUR, PLUGINS, T0, Made, Spell

HOT = Spell("P-1", HOUR, 2 * HOUR, "bearing_temp", 75.0)


@pytest.fixture
def site(tmp_path: Path) -> Config:
    return lane.site(tmp_path)


def played(site: Config, length_s: float, *spells: Spell, every_s: float = 10.0, **how: Any) -> Outcome:
    with Made(site, length_s, spells, every_s) as past:
        (outcome,) = play(site, PLUGINS, past, T0, T0 + length_s, {"ours": site.rules}, **how).values()
    return outcome


def test_a_ticket_that_would_have_been(site: Config) -> None:
    outcome = played(site, 3 * DAY, HOT)
    (case,) = outcome.cases
    fired, cleared = T0 + HOUR + 60.0, T0 + 2 * HOUR + 60.0
    assert case.ticket.id == "lane:P-1:hot:20260316T100100.000Z"
    assert case.ticket.title == "P-1 at 75 °C"
    assert (case.ticket.fired_at, case.ticket.cleared_at) == (fired, cleared)
    assert (case.device.id, case.opened_as, case.escalated_at) == ("P-1", "yellow", None)
    assert [(change.time, change.change) for change in case.changes] == [(fired, "fired"), (cleared, "cleared")]
    assert case.closed_at == case.ticket.closed_at == cleared + DAY
    assert list(case.firing(outcome.end)) == [(fired, cleared)]
    assert case.life(outcome.end) == (fired, cleared + DAY)


def test_what_was_counted(site: Config) -> None:
    outcome = played(site, HOUR)
    assert outcome.evaluations == 360 * (3 * 3 + 1 * 2)  # rows x devices x rules, of the pumps and of the meter
    assert outcome.known == {"pump-set": 1.0, "power-meter": 1.0}
    assert not outcome.cases
    assert not outcome.notes
    assert not outcome.silences
    assert outcome.weeks == 1 / 168


@pytest.mark.parametrize(
    ("handled_s", "occurrences"), [(DAY, [3, 1]), (6 * HOUR, [2, 1, 1]), (0.0, [1] * 4), (math.inf, [4])]
)
def test_a_problem_that_comes_again(site: Config, handled_s: float, occurrences: list[int]) -> None:
    """Before the person closes the ticket it counts; after that it is a new one."""
    again = [HOT._replace(since=at * HOUR, until=(at + 1) * HOUR) for at in (1, 4, 20, 60)]
    outcome = played(site, 4 * DAY, *again, handled_s=handled_s)
    assert [case.ticket.occurrences for case in outcome.cases] == occurrences


def test_one_that_is_never_cleared_stays_open(site: Config) -> None:
    (case,) = played(site, 2 * DAY, HOT._replace(until=2 * DAY)).cases
    assert case.closed_at is case.ticket.cleared_at is None
    assert list(case.firing(T0 + 2 * DAY)) == [(T0 + HOUR + 60.0, T0 + 2 * DAY)]


def test_one_that_becomes_worse(site: Config) -> None:
    outcome = played(site, DAY, HOT, HOT._replace(since=1.5 * HOUR, value=85.0))
    (case,) = outcome.cases
    assert (case.opened_as, case.ticket.level, case.escalated_at) == ("yellow", "red", T0 + 1.5 * HOUR + 60.0)


def test_rules_of_one_class_share_a_ticket(site: Config) -> None:
    outcome = played(site, DAY, HOT, Spell("P-1", 1.5 * HOUR, 3 * HOUR, "vibration", 9.0))
    (case,) = outcome.cases
    assert {change.rule for change in case.changes} == {"hot", "shaken"}
    (span,) = case.firing(outcome.end)
    assert span[0] == T0 + HOUR + 60.0
    assert T0 + 3 * HOUR < span[1] < T0 + 3 * HOUR + 600.0


def test_tickets_of_all_fleets_come_in_order_of_time(site: Config) -> None:
    spells = [
        Spell("M-1", 5 * HOUR, 6 * HOUR, "power", 60.0),
        HOT._replace(device="P-2", since=4 * HOUR, until=7 * HOUR),
        Spell("M-1", 1000.0, 8000.0),
    ]
    cases = played(site, DAY, *spells).cases
    assert [(case.ticket.device, case.ticket.rule) for case in cases] == [
        ("M-1", "silent"),
        ("P-2", "hot"),
        ("M-1", "loaded"),
    ]


def test_what_was_before_fills_the_windows(site: Config) -> None:
    """A backtest begins as a daemon does that is started at that moment."""
    with Made(site, HOUR, [Spell("P-1", 0.0, HOUR, "vibration", 9.0)]) as past:
        whole, part = (
            play(site, PLUGINS, past, start, T0 + HOUR, {"ours": site.rules})["ours"] for start in (T0, T0 + 1800.0)
        )
    assert [case.ticket.fired_at - T0 for case in whole.cases] == [pytest.approx(150.0, abs=60.0)]
    assert [case.ticket.fired_at - T0 for case in part.cases] == [1800.0]


def test_several_sets_of_rules_in_one_pass(site: Config, tmp_path: Path) -> None:
    other = lane.site(tmp_path / "other", pumps=lane.PUMPS.replace("> 70", "> 60"), meters=lane.METERS).rules
    sets = {"ours": site.rules, "theirs": other}
    spells = [HOT, Spell("P-2", 2 * HOUR, 3 * HOUR, "bearing_temp", 67.0), Spell("M-1", 0, HOUR)]
    with (
        lane.record(site, 6 * HOUR, spells) as past,
        patch.object(Recording, "fresh", autospec=True, side_effect=Recording.fresh) as fresh,
    ):
        both = play(site, PLUGINS, past, T0, T0 + 6 * HOUR, sets)
        read, _ = fresh.call_count, fresh.reset_mock()
        alone = {name: play(site, PLUGINS, past, T0, T0 + 6 * HOUR, {name: sets[name]})[name] for name in sets}
    assert [case.ticket.rule for case in both["ours"].cases] == ["silent", "hot"]
    assert [case.ticket.device for case in both["theirs"].cases] == ["P-1", "P-2"]
    for name, outcome in both.items():
        assert outcome.cases == alone[name].cases
        assert outcome.evaluations == alone[name].evaluations
    assert read < fresh.call_count


def test_what_detectors_learn_before_the_start_is_learnt_once(tmp_path: Path) -> None:
    """The second set of rules takes over what the detectors of the first have learnt, to the last bit."""
    site, start = lane.site(tmp_path, DETECTOR, pumps=SCORED), T0 + 3 * DAY
    spells = [Spell("P-1", 3 * DAY + HOUR, 4 * DAY, "bearing_temp", 60.0)]
    with Made(site, 4 * DAY, spells, every_s=60.0) as past:
        two = play(site, PLUGINS, past, start, T0 + 4 * DAY, {"a": site.rules, "b": site.rules}, step_s=60.0)
        one = play(site, PLUGINS, past, start, T0 + 4 * DAY, {"a": site.rules}, step_s=60.0)
    assert [case.ticket.fired_at for case in one["a"].cases] == [start] * 3
    assert two["a"].cases == two["b"].cases == one["a"].cases


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    spells=st.lists(
        st.builds(
            Spell,
            st.sampled_from(["P-1", "P-2", "M-1"]),
            st.integers(0, 200).map(lambda n: n * 10.0),
            st.integers(0, 400).map(lambda n: n * 10.0),
            st.sampled_from(["bearing_temp", "vibration", "power", ""]),
            st.sampled_from([np.nan, 4.0, 60.0, 75.0, 85.0, 95.0]),
        ),
        max_size=6,
    ),
    rows=st.sampled_from([1, 7, 64, 1024]),
)
def test_how_the_rows_are_cut_changes_nothing(spells: list[Spell], rows: int) -> None:
    with TemporaryDirectory() as folder:
        site = lane.site(Path(folder))
        with Made(site, HOUR, spells) as past:
            whole = play(site, PLUGINS, past, T0, T0 + HOUR, {"a": site.rules}, handled_s=600.0)["a"]
            with patch("gateway.workbench.backtest.play.MAX_ROWS", rows):
                cut = play(site, PLUGINS, past, T0, T0 + HOUR, {"a": site.rules}, handled_s=600.0)["a"]
    assert cut.cases == whole.cases
    assert (cut.known, cut.silences, cut.evaluations) == (whole.known, whole.silences, whole.evaluations)


def test_a_thin_record_is_held_for_longer(site: Config) -> None:
    """Kept once in five minutes, asked every ten seconds: no device was silent for all that."""
    outcome = played(site, DAY, HOT, every_s=300.0)
    (case,) = outcome.cases
    assert case.ticket.rule == "hot"
    assert [note.kind for note in outcome.notes] == ["thin_record"]
    assert outcome.notes[0].sentence("en").startswith("only one reading in about 5m was kept of pump-set, power-meter")
    assert min(outcome.known.values()) > 0.99


def test_a_record_that_was_thin_for_most_of_the_time(site: Config) -> None:
    """The dense end of it, with most of its readings, does not speak for the rest."""

    class Mixed(Made):
        def fresh(self, fleet: Fleet, start: float, end: float) -> Iterator[Fresh]:
            for part in super().fresh(fleet, start, end):
                kept = (part.rows >= T0 + 20 * HOUR) | ((part.rows - T0) % 300.0 == 0.0)
                yield select(part, kept)

    with Mixed(site, DAY, [HOT]) as past:
        outcome = play(site, PLUGINS, past, T0, T0 + DAY, {"ours": site.rules})["ours"]
    assert [case.ticket.rule for case in outcome.cases] == ["hot"]
    assert [note.kind for note in outcome.notes] == ["thin_record"]


def test_what_is_not_in_the_record_raises_nothing(site: Config) -> None:
    with Made(replace(site, fleets=site.fleets[:1]), HOUR, [Spell("P-2", 0.0, HOUR)]) as past:
        outcome = play(site, PLUGINS, past, T0, T0 + HOUR, {"ours": site.rules})["ours"]
    assert [(note.kind, *note.context.values()) for note in outcome.notes] == [
        ("not_recorded", ["power-meter"]),
        ("nothing_heard", ["P-2"]),
    ]
    assert [case.ticket.device for case in outcome.cases] == ["P-2"]
    assert outcome.known == {"pump-set": pytest.approx(2 / 3)}


def test_when_the_whole_site_was_silent(site: Config) -> None:
    everyone = [device.id for device in site.devices]
    spells = [Spell(device, HOUR + late, 2 * HOUR) for late, device in enumerate(everyone)]
    spells += [Spell(device, 3 * HOUR, 3 * HOUR + 500.0) for device in everyone]
    spells += [Spell(device, 4 * HOUR, 6 * HOUR) for device in everyone[1:]]
    outcome = played(site, 5 * HOUR, *spells, *(Spell(device, 4.5 * HOUR, 5 * HOUR) for device in everyone))
    stale = 30.0
    assert outcome.silences == (
        (T0 + HOUR + stale + 10.0, T0 + 2 * HOUR),
        (T0 + 4.5 * HOUR + stale, T0 + 5 * HOUR),
    )


def test_the_share_that_is_done(site: Config) -> None:
    told: list[float] = []
    played(site, 2 * DAY, progress=told.append)
    assert told == sorted(told)
    assert 0 < told[0] < 0.5
    assert told[-1] == 1.0


def test_however_long_the_range_one_block_of_each_fleet_is_held(site: Config) -> None:
    alive: set[int] = set()
    most = 0

    class Watched(Made):
        def blocks(self, fleet: Fleet, start: float, end: float, step_s: float, max_rows: int = 0) -> Iterator[Block]:
            nonlocal most
            for block in super().blocks(fleet, start, end, step_s, max_rows):
                alive.add(id(block.age))
                weakref.finalize(block.age, alive.discard, id(block.age))
                most = max(most, len(alive))
                yield block

    with patch("gateway.workbench.backtest.play.MAX_ROWS", 512):
        outcome = play(site, PLUGINS, Watched(site, math.inf), T0, T0 + 30 * DAY, {"ours": site.rules})["ours"]
    assert outcome.evaluations == 30 * 8640 * 11
    assert most <= len(site.fleets) + 1  # the next one is made before the last one is let go


SCORED = lane.PUMPS + '  - {id: unusual, yellow: {when: "score.usual >= 0"}}\n'
DETECTOR = "models: {usual: {detector: usual, profiles: [pump-set], warm_up: 6h}}\n"
