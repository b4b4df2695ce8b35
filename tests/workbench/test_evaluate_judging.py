"""Tickets held against the truth: every case by literals, and what must hold of any."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.types import Level
from gateway.workbench.evaluate.judge import unexplained, verdicts
from gateway.workbench.evaluate.raised import Raised
from gateway.workbench.evaluate.trial import MANY, Trial
from tests.workbench.judged import DAY, HOUR, T0, ticket, trial


@dataclass(frozen=True)
class Judged:
    """What one trial and some tickets must come to."""

    trial: Trial
    tickets: list[Raised]
    level: Level | None = None
    after_onset: float | None = None
    strays: list[str] = field(default_factory=list)
    right: bool = False


BURST = trial("pipe-burst", family="safety", classes=("pump.pipe_burst",), lasts=HOUR, red=DAY + 20.0)
STUCK = trial("stuck-sensor", family="sensor", classes=("pump.sensor",), lasts=DAY, yellow=DAY)
NEVER = replace(trial(), shown={})

CASES = {
    "nothing was told": Judged(trial(), []),
    "told in time": Judged(trial(), [ticket(yellow=3 * DAY)], Level.YELLOW, 2 * DAY, right=True),
    "told before it began": Judged(trial(), [ticket(yellow=HOUR)], strays=["false"]),
    "told at the very onset": Judged(trial(), [ticket(yellow=DAY)], Level.YELLOW, 0.0, right=True),
    "told when all was over": Judged(trial(), [ticket(yellow=12 * DAY)], strays=["false"]),
    "told of another device": Judged(trial(), [ticket(yellow=3 * DAY, devices=("P-2",))], strays=["false"]),
    "told of something else": Judged(trial(), [ticket("pump.clog", yellow=3 * DAY)], strays=["beside"]),
    "told by another class that says the same": Judged(
        trial(), [ticket("pump.bearing", yellow=3 * DAY)], Level.YELLOW, 2 * DAY, right=True
    ),
    "red where yellow is enough": Judged(trial(), [ticket(red=3 * DAY)], Level.RED, 2 * DAY),
    "yellow where red is due": Judged(BURST, [ticket("pump.pipe_burst", DAY + 60.0)], Level.YELLOW, 60.0),
    "red in the end": Judged(BURST, [ticket("pump.pipe_burst", DAY + 60.0, DAY + 90.0)], Level.RED, 60.0, right=True),
    "a false ticket that turns red for a reason": Judged(
        BURST, [ticket("pump.pipe_burst", HOUR, DAY + 90.0)], Level.RED, 90.0, ["false"], right=True
    ),
    "the machine is blamed for its sensor": Judged(
        STUCK, [ticket("pump.dry_run", red=DAY + HOUR)], strays=["wrong_kind"]
    ),
    "an instrument ticket of another kind": Judged(STUCK, [ticket("tank.sensor", DAY + HOUR)], strays=["beside"]),
    "the line is blamed for the sensor": Judged(STUCK, [ticket("device.stale", DAY + HOUR)], strays=["beside"]),
    "a fault that never shows": Judged(NEVER, [], right=True),
}


@pytest.mark.parametrize("name", CASES)
def test_a_case(name: str) -> None:
    case = CASES[name]
    (verdict,) = verdicts([case.trial], case.tickets)
    assert verdict.is_found is (case.level is not None)
    assert verdict.level is case.level
    assert verdict.is_level_right is case.right
    assert verdict.since_onset_s == case.after_onset
    assert [stray.why for stray in unexplained([case.trial], case.tickets, 7)] == case.strays


def test_times_of_a_slow_fault() -> None:
    (verdict,) = verdicts([trial()], [ticket(yellow=5 * DAY, by_score=True), ticket("pump.bearing", yellow=9 * DAY)])
    assert (verdict.since_onset_s, verdict.since_shown_s, verdict.warning_s) == (4 * DAY, 3 * DAY, 6 * DAY)
    assert verdict.is_by_score
    assert len(verdict.tickets) == 2


def test_a_sharper_eye_than_ours() -> None:
    (verdict,) = verdicts([trial(yellow=8 * DAY)], [ticket(yellow=5 * DAY)])
    assert verdict.since_shown_s == -3 * DAY


def test_the_rule_may_wait_for_as_long_as_it_says() -> None:
    (verdict,) = verdicts([BURST], [ticket("pump.pipe_burst", red=DAY + 85.0, red_for=60.0)])
    assert verdict.red_delay_s == pytest.approx(5.0)


def test_an_incident_is_one_ticket_about_any_of_its_devices() -> None:
    outage = replace(trial("outage", "TR-1", "P-1", "P-2", classes=("power.outage", "device.offline")), kind=MANY)
    told = [ticket("device.offline", yellow=DAY + 60.0, devices=("P-2", "P-1"))]
    (verdict,) = verdicts([outage], told)
    assert (verdict.is_found, len(verdict.tickets)) == (True, 1)
    assert not unexplained([outage], told, 7)


def test_a_ticket_of_many_devices_tells_of_a_single_fault_only_if_it_names_its_device() -> None:
    (verdict,) = verdicts([trial()], [ticket(yellow=3 * DAY, devices=("P-2", "P-1"))])
    assert not verdict.is_found


_times = st.integers(0, 20).map(lambda days: days * DAY)
_tickets = st.lists(
    st.builds(
        ticket,
        kind=st.sampled_from(["pump.unusual", "pump.bearing", "pump.dry_run", "pump.sensor"]),
        yellow=_times,
        red=st.none() | st.integers(21, 25).map(lambda days: days * DAY),
        devices=st.sampled_from([("P-1",), ("P-2",), ("P-1", "P-2")]),
        number=st.integers(0, 9),
    ),
    max_size=8,
)
_trials = st.lists(
    st.builds(
        lambda onset, lasts, device, family: trial("any", device, family=family, onset=onset, lasts=lasts),
        _times,
        st.integers(1, 9).map(lambda days: days * DAY),
        st.sampled_from(["P-1", "P-2"]),
        st.sampled_from(["slow", "safety", "sensor"]),
    ),
    max_size=4,
)


@given(_trials, _tickets)
def test_every_ticket_is_explained_or_a_stray(trials: list[Trial], tickets: list[Raised]) -> None:
    judged, strays = verdicts(trials, tickets), unexplained(trials, tickets, 7)
    telling = {id(each) for verdict in judged for each in verdict.tickets}
    lost = {id(stray.ticket) for stray in strays}
    assert all(id(each) in telling | lost for each in tickets)
    for stray in strays:
        assert (stray.why == "false") is (stray.during == "")


@given(_trials, _tickets)
def test_the_order_of_tickets_does_not_matter(trials: list[Trial], tickets: list[Raised]) -> None:
    there, back = verdicts(trials, tickets), verdicts(trials, tickets[::-1])
    assert [(each.told_at, each.red_at, each.level) for each in there] == [
        (each.told_at, each.red_at, each.level) for each in back
    ]
    for verdict in there:
        if verdict.told_at is not None:
            assert verdict.trial.onset <= verdict.told_at <= verdict.trial.felt_until
        assert verdict.told_at is None or verdict.told_at >= T0
