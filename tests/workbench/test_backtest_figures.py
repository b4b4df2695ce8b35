"""What a backtest comes to, and what two of them have in common."""

from dataclasses import replace
from pathlib import Path

import pytest

from drivers.device import Device
from gateway.core.config import Config
from gateway.core.types import Level, Ticket
from gateway.workbench.backtest.attendance import common
from gateway.workbench.backtest.comparison import compare
from gateway.workbench.backtest.figures import roughly
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.backtest.plain import plain_comparison, plain_outcome
from gateway.workbench.backtest.summary import Load, summarise
from rules.rule import Transition
from tests.workbench import lane
from tests.workbench.lane import DAY, HOUR, T0

WEEK = 7 * DAY
YELLOW, RED = Level.YELLOW, Level.RED


@pytest.fixture
def site(tmp_path: Path) -> Config:
    return lane.site(tmp_path)


def case(
    device: Device, at_h: float, hours: float = 1.0, *, rule: str = "hot", worse: bool = False, times: int = 1
) -> Case:
    """A yellow ticket that was there for so many hours each time, and was closed a day after the last."""
    fired, level = T0 + at_h * HOUR, RED if worse else YELLOW
    changes = [
        Transition(
            fired + (2 * n + last) * hours * HOUR, rule, 0, "cleared" if last else "fired", level.value, fired, {}
        )
        for n in range(times)
        for last in (False, True)
    ]
    end = changes[-1].time
    ticket = Ticket(
        id=f"lane:{device.id}:{rule}:{at_h}", site="lane", device=device.id, rule=rule, kind="class", level=level,
        policy="p", title="t", advice="", fired_at=fired, detected_at=fired, cleared_at=end, occurrences=times,
    )  # fmt: skip
    return Case(ticket, device, YELLOW, fired if worse else None, tuple(changes), end + DAY)


def outcome(site: Config, *cases: Case) -> Outcome:
    return Outcome(site, T0, T0 + 2 * WEEK, 10.0, DAY, cases, 1, {}, (), ())


def test_a_line_for_each_rule_and_level(site: Config) -> None:
    one, two, *_ = site.devices
    loud = [case(two, at, rule="loaded", hours=2.0) for at in range(0, 300, 60)]
    red = replace(case(one, 3), opened_as=RED)
    summary = summarise(outcome(site, case(one, 1), case(one, 50, 4.0, worse=True), case(two, 9, times=3), *loud, red))
    first, loaded, hot = summary.lines
    assert (first.rule, first.level, first.count) == ("hot", RED, 1)
    assert (loaded.rule, loaded.count, loaded.per_week, loaded.median_s) == ("loaded", 5, 2.5, 2 * HOUR)
    assert loaded.devices == (("P-2", 5),)
    assert (hot.count, hot.devices, hot.median_s) == (3, (("P-1", 2), ("P-2", 1)), 3 * HOUR)
    assert hot.escalated == hot.again == pytest.approx(1 / 3)
    assert summarise(outcome(site), []).lines == ()


def test_a_load_for_each_building_and_the_site(site: Config) -> None:
    one, two, three, meter = site.devices
    summary = summarise(outcome(site, case(one, 1), case(meter, 2), case(two, 3, worse=True), case(three, 4)))
    assert summary.buildings == (Load("A", 2, 0, 1.0, 0.0), Load("B", 0, 1, 0.0, 0.5))
    assert summary.site == Load(None, 3, 1, 1.5, 0.5)  # P-3 stands in no building


def test_nothing_changes_where_nothing_changed(site: Config) -> None:
    one, two, *_ = site.devices
    same = outcome(site, case(one, 1), case(two, 1), case(one, 100))
    comparison = compare(same, same)
    assert (len(comparison.same), comparison.added, comparison.lost) == (3, (), ())
    assert comparison.moved == comparison.levels == ()


@pytest.mark.parametrize(
    ("before", "after", "moved_h"),
    [
        ([10], [11], [1.0]),  # overlap
        ([10], [5], [-5.0]),
        ([10], [35.5], [25.5]),  # the one is closed at 35, the other begins within the hour
        ([10, 40], [11], [1.0]),  # overlaps both for as long: the nearer one
        ([10, 40], [39, 71], [-1.0]),
        ([10], [36.5], []),
    ],
)
def test_the_same_ticket_at_another_moment(
    site: Config, before: list[float], after: list[float], moved_h: list[float]
) -> None:
    pump = site.devices[0]
    old, new = (outcome(site, *(case(pump, at) for at in moments)) for moments in (before, after))
    comparison = compare(old, new)
    assert [pair.moved_s / HOUR for pair in comparison.moved] == moved_h
    assert len(comparison.lost) == len(before) - len(moved_h)
    assert len(comparison.added) == len(after) - len(moved_h)


def test_another_device_or_class_is_another_ticket(site: Config) -> None:
    one, two, *_ = site.devices
    other = case(one, 1)
    other = replace(other, ticket=replace(other.ticket, kind="something else"))
    comparison = compare(outcome(site, case(one, 1)), outcome(site, case(two, 1), other))
    assert (len(comparison.added), len(comparison.lost), comparison.pairs) == (2, 1, ())


def test_another_rule_of_the_class_is_the_same_ticket_and_so_is_another_level(site: Config) -> None:
    pump = site.devices[0]
    comparison = compare(outcome(site, case(pump, 1)), outcome(site, case(pump, 1, rule="loaded", worse=True)))
    (pair,) = comparison.levels
    assert (pair.before.ticket.rule, pair.after.ticket.rule, pair.moved_s) == ("hot", "loaded", 0.0)
    assert comparison.moved == comparison.same == ()


def test_everything_as_json(site: Config) -> None:
    one, two, *_ = site.devices
    old, new = outcome(site, case(one, 1), case(two, 1)), outcome(site, case(one, 2, worse=True))
    plain = plain_outcome(new, "en")
    assert plain["tickets"][0]["lasted_s"] == HOUR
    assert plain["summary"]["site"] == {
        "building": None, "yellow": 0, "red": 1, "yellow_per_week": 0.0, "red_per_week": 0.5,
    }  # fmt: skip
    changed = plain_comparison(compare(old, new), old, "en")
    assert changed["moved"] == changed["levels"]
    assert changed["moved"][0]["levels_after"] == ["yellow", "red"]
    assert [ticket["device"] for ticket in changed["lost"]] == ["P-2"]
    assert (changed["added"], changed["same"], len(changed["before"]["tickets"])) == ([], 0, 2)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "0s"), (0.25, "0.25s"), (60.0, "60s"), (90.0, "1.5m"), (7199.0, "2h"), (86400.0, "24h"), (14 * DAY, "14d")],
)
def test_a_duration_at_a_glance(seconds: float, text: str) -> None:
    assert roughly(seconds) == text


def test_a_silence_is_one_of_all_only_where_all_were_silent_for_long() -> None:
    one, two = [(0.0, 5000.0), (9000.0, 9700.0)], [(100.0, 700.0), (800.0, 1000.0), (4000.0, 9650.0)]
    assert common([one, two]) == common([two, one]) == ((100.0, 700.0), (4000.0, 5000.0), (9000.0, 9650.0))
    assert common([one]) == tuple(one)
    assert common([one, two, []]) == ()
