"""What the demo makes of faults and tickets: every verdict, and the table for machines."""

from dataclasses import replace

import pytest

from gateway.cli.demo.verdict import Expected, Order, as_json, compare, passed

OVERLOAD = Expected(
    fault="transformer-overload",
    device="TR-1",
    kind="transformer.thermal",
    injected_at=100.0,
    levels=("yellow", "red"),
    shown_at={"yellow": 110.0, "red": 130.0},
    wait_s={("overload", "yellow"): 30.0, ("overload", "red"): 10.0},
    limit_s=7.0,
)
GOOD = Order(
    ticket="t",
    device="TR-1",
    kind="transformer.thermal",
    rule="overload",
    level="red",
    reached={"yellow": 141.0, "red": 142.0},
)


@pytest.mark.parametrize(
    ("orders", "verdict", "worst_s"),
    [
        ([GOOD], "ok", 2.0),
        ([replace(GOOD, reached={"yellow": 140.0, "red": 147.0})], "ok", 7.0),
        ([replace(GOOD, reached={"yellow": 140.0, "red": 147.1})], "late", 7.1),
        ([replace(GOOD, reached={"yellow": 105.0, "red": 120.0})], "ok", -20.0),
        ([replace(GOOD, reached={"yellow": 99.0, "red": 140.0})], "too early", 0.0),
        ([replace(GOOD, level="yellow", reached={"yellow": 141.0})], "wrong level", 1.0),
        ([replace(GOOD, reached={"red": 142.0})], "wrong level", 2.0),
        ([replace(GOOD, reached={"red": 141.0, "yellow": 142.0})], "wrong level", 2.0),
        ([GOOD, replace(GOOD, ticket="t2")], "several tickets", 2.0),
        ([], "no ticket", None),
        ([replace(GOOD, device="TR-2")], "no ticket", None),
        ([replace(GOOD, kind="device.offline")], "no ticket", None),
    ],
)
def test_verdicts(orders: list[Order], verdict: str, worst_s: float | None) -> None:
    (row,), _ = compare([OVERLOAD], orders)
    assert row.verdict == verdict
    assert row.worst_s == (None if worst_s is None else pytest.approx(worst_s))


@pytest.mark.parametrize(("reached", "verdict"), [(177.0, "ok"), (177.1, "late")])
def test_a_ticket_may_wait_for_the_dispatch_api(reached: float, verdict: str) -> None:
    fault = replace(OVERLOAD, excused_until=170.0)
    (row,), _ = compare([fault], [replace(GOOD, reached={"yellow": 170.0, "red": reached})])
    assert row.verdict == verdict
    assert row.worst_s == pytest.approx(reached - 140.0)


def test_a_level_that_another_rule_of_the_kind_raised_has_no_wait_of_its_own() -> None:
    (row,), _ = compare([OVERLOAD], [replace(GOOD, rule="windings", reached={"yellow": 111.0, "red": 132.0})])
    assert row.seconds == {"yellow": 1.0, "red": 2.0}


def test_tickets_without_a_fault_spoil_the_demo() -> None:
    stranger = replace(GOOD, ticket="s", device="P-9")
    rows, unexplained = compare([OVERLOAD], [GOOD, stranger])
    assert (rows[0].verdict, unexplained) == ("ok", [stranger])
    assert not passed(rows, unexplained)
    assert passed(rows, [])


def test_the_table_for_machines() -> None:
    silent = replace(OVERLOAD, fault="silent-meter", device="PM-2", kind="device.offline", levels=("yellow",))
    stranger = replace(GOOD, ticket="s", device="P-9")
    rows, unexplained = compare([OVERLOAD, silent], [GOOD, stranger])
    assert as_json(rows, unexplained, 60.0, 7, stamp=lambda wall: f"at {wall:g}") == {
        "passed": False,
        "speed": 60.0,
        "seed": 7,
        "faults": [
            {
                "fault": "transformer-overload",
                "device": "TR-1",
                "injected_at": "at 100",
                "shown_at": "at 110",
                "ticket": "t",
                "level": "red",
                "expected": "red",
                "seconds": 2.0,
                "seconds_by_level": {"yellow": 1.0, "red": 2.0},
                "verdict": "ok",
            },
            {
                "fault": "silent-meter",
                "device": "PM-2",
                "injected_at": "at 100",
                "shown_at": "at 110",
                "ticket": None,
                "level": None,
                "expected": "yellow",
                "seconds": None,
                "seconds_by_level": {},
                "verdict": "no ticket",
            },
        ],
        "unexplained": [{"ticket": "s", "device": "P-9", "kind": "transformer.thermal", "level": "red"}],
    }
