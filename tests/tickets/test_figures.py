"""The figures of tickets: times, shares, repeats, handlers, and how long the gateway took."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.types import Hold, Level, Ticket
from gateway.tickets.figures import Figures, Handler, figures, reached
from gateway.tickets.latency import Latency, Spread, Stamps, latencies

T0 = 1_773_532_800.0
MINUTE_S, HOUR_S, DAY_S = 60.0, 3600.0, 86400.0
YELLOW, RED = Level.YELLOW, Level.RED


def ticket(number: int = 0, raised: float = 0.0, level: Level = RED, **other: Any) -> Ticket:
    """Raised some seconds after T0; nodes and limits count from then."""
    at = T0 + raised
    for name in ("nodes", "due"):
        other[name] = {key: at + value for key, value in other.get(name, {}).items()}
    if "closed_at" in other:
        other["closed_at"] += at
    given_fields = {"device": f"D{number}", "kind": "kind", **other}
    return Ticket(
        id=f"t{number}",
        site="s",
        rule="r",
        level=level,
        policy="p",
        title="",
        advice="",
        fired_at=at,
        detected_at=at,
        **given_fields,
    )


def once(value: float) -> Spread:
    return Spread(1, value, value, value)


WORKED_ON = {"accepted": 60.0, "departed": 120.0, "arrived": 180.0, "progress": 300.0, "resolved": 900.0}


def test_figures_of_nothing_are_none() -> None:
    assert figures([], T0) == Figures(0)
    assert [figure.name for figure in Figures(0).samples()] == ["repeats_30d"]


def test_times_by_level_count_from_when_people_were_told() -> None:
    held_before = {"created": 600.0, "accepted": 660.0, "resolved": 1200.0}
    found = figures([ticket(1, nodes=WORKED_ON), ticket(2, level=YELLOW, nodes=held_before)], T0 + DAY_S)
    assert found.acknowledge == {YELLOW: once(60.0), RED: once(60.0)}
    assert found.on_site == {YELLOW: once(600.0), RED: once(180.0)}
    assert found.repair == {YELLOW: once(1200.0), RED: once(900.0)}
    assert (found.tickets, found.resolved, found.reopened, found.prompt) == (2, 1.0, 0.0, 1.0)


def test_of_a_reopened_ticket_the_answer_counts_anew_and_the_repair_does_not() -> None:
    again = ticket(reopened=1, nodes={"created": 0.0, "reopened": 5000.0, "accepted": 5060.0, "resolved": 6000.0})
    found = figures([again], T0 + DAY_S)
    assert (found.acknowledge[RED].p50_s, found.repair[RED].p50_s, found.reopened) == (60.0, 6000.0, 1.0)


def test_members_and_tickets_that_are_held_back_are_not_counted() -> None:
    hidden = [ticket(1, parent="t0"), ticket(2, held=Hold.QUIET)]
    assert figures(hidden, T0 + DAY_S) == Figures(0)


@pytest.mark.parametrize(
    ("nodes", "limit", "at"),
    [
        ({"arrived": 9.0}, "acknowledge", 9.0),
        ({"arrived": 9.0, "accepted": 5.0}, "acknowledge", 5.0),
        ({"accepted": 5.0}, "on_site", None),
        ({"resolved": 7.0}, "on_site", 7.0),
        ({"arrived": 5.0}, "feedback", None),
        ({"progress": 5.0}, "plan", 5.0),
        ({"progress": 5.0}, "close", None),
        ({"closed": 5.0}, "close", 5.0),
        ({"resolved": 5.0}, "report", None),
        ({"report": 6.0, "closed": 8.0}, "report", 6.0),
        ({"created": 1.0, "reopened": 2.0, "members": 3.0}, "acknowledge", None),
    ],
)
def test_the_node_that_meets_a_limit(nodes: Mapping[str, float], limit: str, at: float | None) -> None:
    assert reached(ticket(nodes=nodes), limit) == (None if at is None else T0 + at)


def test_a_ticket_that_closes_itself_is_resolved_but_not_answered() -> None:
    quick, slow = ticket(1, closed_at=300.0), ticket(2, closed_at=7200.0)
    found = figures([quick, slow], T0 + DAY_S)
    assert (found.resolved, found.acknowledge, found.prompt) == (1.0, {}, 0.0)
    assert figures([quick], T0 + DAY_S).prompt is None


@pytest.mark.parametrize(
    ("tickets", "now", "share"),
    [
        ([ticket(nodes={"accepted": 1800.0})], 0.0, 1.0),
        ([ticket(nodes={"accepted": 1801.0})], 0.0, 0.0),
        ([ticket()], 1800.0, None),
        ([ticket()], 1801.0, 0.0),
        ([ticket(1), ticket(2, nodes={"accepted": 1.0})], 1801.0, 0.5),
    ],
)
def test_the_share_acknowledged_within_half_an_hour(tickets: list[Ticket], now: float, share: float | None) -> None:
    assert figures(tickets, T0 + now).prompt == share


@pytest.mark.parametrize(
    ("tickets", "in_time"),
    [
        ([ticket(due={"acknowledge": 100.0, "on_site": 200.0}, nodes=WORKED_ON)], {"acknowledge": 1.0, "on_site": 1.0}),
        ([ticket(due={"acknowledge": 50.0, "on_site": 200.0}, nodes=WORKED_ON)], {"acknowledge": 0.0, "on_site": 1.0}),
        ([ticket(due={"close": 2000.0})], {}),
        ([ticket(due={"close": 900.0})], {"close": 0.0}),
        ([ticket(1, due={"close": 900.0}), ticket(2, due={"close": 900.0}, nodes=WORKED_ON)], {"close": 0.5}),
        ([ticket(due={"close": 2000.0}, overdue=("close",))], {"close": 0.0}),
        ([ticket(due={"acknowledge": 900.0}, closed_at=500.0)], {}),
        ([ticket(due={"acknowledge": 400.0}, closed_at=500.0)], {"acknowledge": 0.0}),
        ([ticket(due={"of an older version": 400.0})], {}),
    ],
)
def test_the_share_in_time_by_limit(tickets: list[Ticket], in_time: Mapping[str, float]) -> None:
    assert figures(tickets, T0 + 1000.0).in_time == in_time


@pytest.mark.parametrize(
    ("days", "repeats"), [([0], 0), ([0, 29], 1), ([0, 30], 0), ([0, 20, 40], 2), ([40, 0, 20], 2)]
)
def test_repeats_follow_another_of_the_kind_within_thirty_days(days: Sequence[float], repeats: int) -> None:
    of_one = [ticket(number, day * DAY_S, device="P") for number, day in enumerate(days)]
    others = [ticket(9, DAY_S, device="Q"), ticket(10, DAY_S, device="P", kind="other")]
    found = figures([*of_one, *others], T0)
    assert (found.repeats, found.repeated) == (repeats, repeats / len([*of_one, *others]))


def test_handlers_by_the_share_in_time_and_the_misses_in_a_row() -> None:
    late, good = {"accepted": 200.0, "resolved": 900.0}, {"accepted": 50.0, "resolved": 900.0}
    at_work: dict[str, float] = {}
    worked = [("li", late), ("li", good), ("li", late), ("li", late), ("wang", good), ("zhao", at_work), ("", late)]
    tickets = [
        ticket(number, number * 10.0, handler=who, nodes=nodes, due={"acknowledge": 100.0 if nodes else 1e6})
        for number, (who, nodes) in enumerate(worked)
    ]
    assert figures(tickets[::-1], T0 + DAY_S).handlers == {
        "li": Handler(4, 0.25, 2),
        "wang": Handler(1, 1.0, 0),
        "zhao": Handler(1, None, 0),
    }


def test_the_way_of_a_ticket_from_its_reading() -> None:
    stamps = [
        Stamps(T0, T0 + 1.0, T0 + 1.5, T0 + 2.0, T0 + 200.0),
        Stamps(T0, T0 + 11.0, T0 + 12.0),
        Stamps(T0, T0 - 5),
    ]
    found = latencies(stamps)
    assert list(found) == ["decided", "stored", "sent", "acknowledged"]
    assert found["decided"] == Latency(Spread(3, 1.0, 11.0, 11.0), {"10s": 2 / 3, "3min": 1.0, "5min": 1.0})
    assert found["sent"] == Latency(once(2.0), {"10s": 1.0, "3min": 1.0, "5min": 1.0})
    assert found["acknowledged"].within == {"10s": 0.0, "3min": 0.0, "5min": 1.0}
    assert latencies([]) == {}


def test_samples_have_every_figure_and_no_people() -> None:
    worked = [
        ticket(1, device="P", handler="zhang", due={"acknowledge": 100.0}, nodes=WORKED_ON),
        ticket(2, DAY_S, device="P", handler="zhang", due={"acknowledge": 100.0}, nodes=WORKED_ON),
    ]
    samples = list(figures(worked, T0 + 2 * DAY_S, [Stamps(T0, T0 + 1.0)]).samples())
    values = {(each.name, *(value for _, value in each.labels)): each.value for each in samples}
    assert len(values) == len(samples)
    assert values == {
        ("acknowledge_seconds", "red", "0.5"): 60.0,
        ("acknowledge_seconds", "red", "0.95"): 60.0,
        ("on_site_seconds", "red", "0.5"): 180.0,
        ("on_site_seconds", "red", "0.95"): 180.0,
        ("repair_seconds", "red", "0.5"): 900.0,
        ("repair_seconds", "red", "0.95"): 900.0,
        ("acknowledged_30min_share",): 1.0,
        ("repeats_30d_share",): 0.5,
        ("resolved_share",): 1.0,
        ("reopened_share",): 0.0,
        ("repeats_30d",): 1,
        ("in_time_share", "acknowledge"): 1.0,
        ("latency_seconds", "decided", "0.5"): 1.0,
        ("latency_seconds", "decided", "0.99"): 1.0,
        ("latency_within_share", "decided", "10s"): 1.0,
        ("latency_within_share", "decided", "3min"): 1.0,
        ("latency_within_share", "decided", "5min"): 1.0,
    }
    assert "zhang" not in str(samples)


@given(st.lists(st.floats(-10.0, 1e6), min_size=1, max_size=200))
def test_quantiles_are_times_that_occurred(times: list[float]) -> None:
    floored = np.maximum(times, 0.0)
    expected = np.quantile(floored, [0.5, 0.95, 0.99], method="inverted_cdf")
    assert Spread.of(times) == Spread(len(times), *expected.tolist())


NODES = st.dictionaries(
    st.sampled_from(["created", "accepted", "arrived", "resolved", "closed", "reopened", "report"]),
    st.floats(0.0, 1e6),
)
TICKETS = st.builds(
    ticket,
    number=st.integers(0, 5),
    raised=st.floats(0.0, 1e6),
    level=st.sampled_from(Level),
    nodes=NODES,
    due=st.dictionaries(st.sampled_from(["acknowledge", "on_site", "close", "report"]), st.floats(0.0, 1e6)),
    handler=st.sampled_from(["", "li"]),
    reopened=st.integers(0, 2),
)


@given(st.lists(TICKETS, max_size=20), st.floats(0.0, 3e6))
def test_shares_are_shares_and_times_are_times_whatever_happened(tickets: list[Ticket], now: float) -> None:
    for name, _, value, labels in figures(tickets, T0 + now).samples():
        assert value >= 0.0, (name, labels)
        assert not name.endswith("_share") or value <= 1.0, (name, labels)
