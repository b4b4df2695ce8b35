"""What devices share, and when problems of many devices are one."""

from collections.abc import Sequence

import pytest

from drivers.device import Device
from gateway.tickets.causes import Candidate, Cause, Topology, common
from tests.tickets.neighbours import DOOR, OFFLINE, VOLTAGE, candidate, candidates, device, found, tickets


def numbered(letter: str, count: int) -> list[str]:
    return [f"{letter}{number}" for number in range(count)]


A, B, METERS = numbered("A", 10), numbered("B", 10), numbered("M", 3)
SITE = Topology(
    [
        device("TR", on="power"),
        device("SUB-A", "TR", on="power"),
        device("SUB-B", "TR", on="power"),
        *(device(name, "SUB-A", on=f"bus-{name}") for name in A),
        *(device(name, "SUB-B", on="broker") for name in B),
        *(device(name, on="power") for name in METERS),
        device("LONE", on="own-wire"),
    ]
)


@pytest.mark.parametrize(
    ("name", "kind", "keys"),
    [
        ("A1", VOLTAGE, ["feeder:SUB-A", "feeder:TR"]),
        ("A1", OFFLINE, ["connection:bus-A1", "feeder:SUB-A", "feeder:TR"]),
        ("A1", "device.silent", ["connection:bus-A1", "feeder:SUB-A", "feeder:TR"]),
        ("SUB-A", VOLTAGE, ["feeder:SUB-A", "feeder:TR"]),
        ("TR", VOLTAGE, ["feeder:TR"]),
        ("TR", "devices.many", ["feeder:TR"]),
        ("LONE", VOLTAGE, []),
        ("LONE", OFFLINE, ["connection:own-wire"]),
        ("A1", "elevator.entrapment", []),
        ("A1", "pump.pipe_burst", []),
        ("nobody", OFFLINE, []),
    ],
)
def test_causes_come_nearest_first(name: str, kind: str, keys: Sequence[str]) -> None:
    assert [cause.key for cause in SITE.causes(name, kind)] == keys


def test_a_cause_is_the_same_by_kind_and_name_whatever_devices_it_had() -> None:
    before, after = Topology([device("A", "TR")]), Topology([device("A", "TR"), device("B", "TR")])
    (old,), (new,) = before.causes("A", VOLTAGE), after.causes("A", VOLTAGE)
    assert old.devices != new.devices
    assert {old: 1}[new] == 1
    assert after.find(old.key) is new
    assert after.find("feeder:gone") is None
    assert Cause("feeder", "bus") != Cause("connection", "bus")


def test_a_site_says_which_kinds_are_always_alone() -> None:
    own = Topology([device("A", "TR")], alone=["power.*"])
    assert (own.causes("A", VOLTAGE), len(own.causes("A", "elevator.entrapment"))) == ((), 1)


def test_feeders_that_feed_each_other_end() -> None:
    loop = Topology([device("A", "B"), device("B", "A")])
    assert [cause.name for cause in loop.causes("A", VOLTAGE)] == ["A", "B"]


@pytest.mark.parametrize(
    ("name", "kind", "count", "may"),
    [
        ("A1", VOLTAGE, 3, True),
        ("A1", VOLTAGE, 11, True),  # the feeder itself is the eleventh
        ("A1", VOLTAGE, 23, True),
        ("A1", VOLTAGE, 24, False),
        ("B1", "elevator.entrapment", 3, False),
        ("LONE", OFFLINE, 3, False),
        ("LONE", VOLTAGE, 3, False),
        ("M1", OFFLINE, 3, True),
        ("M1", VOLTAGE, 3, False),
    ],
)
def test_a_device_that_shares_nothing_with_enough_others_is_not_held(
    name: str, kind: str, count: int, *, may: bool
) -> None:
    assert SITE.may_share(name, kind, count) is may


@pytest.mark.parametrize(
    ("given_tickets", "groups"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(candidates(A[:2]), [], id="too few"),
        pytest.param([candidate("A0", kind) for kind in (OFFLINE, VOLTAGE, DOOR)], [], id="one device three times"),
        pytest.param(
            [candidate("A0", OFFLINE), candidate("A1", VOLTAGE), candidate("A2", DOOR)], [], id="kinds differ"
        ),
        pytest.param(
            [candidate("SUB-A", VOLTAGE), candidate("A1", OFFLINE), candidate("A2", DOOR)],
            [("feeder:SUB-A", {"SUB-A/power.voltage", "A1/device.offline", "A2/elevator.door"})],
            id="kinds differ but the feeder itself is there",
        ),
        pytest.param(candidates(A[:3]), [("feeder:SUB-A", tickets(A[:3]))], id="lowest feeder that explains all"),
        pytest.param(
            [*candidates(A), candidate("B0")], [("feeder:SUB-A", tickets(A))], id="lowest that explains nine in ten"
        ),
        pytest.param(
            [*candidates(A), *candidates(B[:2])], [("feeder:TR", tickets([*A, *B[:2]]))], id="less than nine in ten"
        ),
        pytest.param(
            [*candidates(A), candidate("TR", VOLTAGE)],
            [("feeder:TR", {*tickets(A), "TR/power.voltage"})],
            id="a feeder with a problem is not passed by",
        ),
        pytest.param(
            [*candidates(A, DOOR), *candidates(B), *candidates(A[:3])],
            [("feeder:TR", {*tickets(A, DOOR), *tickets(B), *tickets(A[:3])})],
            id="all kinds join",
        ),
        pytest.param(candidates(B), [("connection:broker", tickets(B))], id="a connection that explains as much"),
        pytest.param(
            [*candidates(B), *candidates(B, DOOR)],
            [("connection:broker", tickets(B)), ("feeder:SUB-B", tickets(B, DOOR))],
            id="a connection explains only that they are not heard",
        ),
        pytest.param(
            [*candidates(B), *candidates(A)],
            [("feeder:TR", {*tickets(A), *tickets(B)})],
            id="a feeder that explains more than the connection",
        ),
        pytest.param(
            candidates(METERS), [("connection:power", tickets(METERS))], id="devices that nothing feeds share a wire"
        ),
        pytest.param(candidates(METERS, VOLTAGE), [], id="and nothing else"),
        pytest.param(candidates(B, "elevator.entrapment"), [], id="an entrapment is always alone"),
        pytest.param(
            [*candidates(B[:3], DOOR), *candidates(B, "elevator.entrapment")],
            [("feeder:SUB-B", tickets(B[:3], DOOR))],
            id="an entrapment joins no group",
        ),
    ],
)
def test_groups(given_tickets: Sequence[Candidate], groups: list[tuple[str, set[str]]]) -> None:
    assert found(common(given_tickets, SITE)) == groups


def test_of_feeders_with_a_problem_the_upper_one_is_the_cause() -> None:
    low = numbered("L", 20)
    chain = [device("TR"), device("MID", "TR"), device("LOW", "MID"), device("other", "TR")]
    site = Topology([*chain, *(device(name, "LOW") for name in low)])
    suffer = ["MID", "LOW", *low]
    assert found(common(candidates([*suffer, "other"], VOLTAGE), site)) == [("feeder:MID", tickets(suffer, VOLTAGE))]


def test_tickets_of_a_group_are_oldest_first_whatever_the_order_of_the_candidates() -> None:
    late, early, middle = candidate("A1", at=3.0), candidate("A2", at=1.0), candidate("A3", at=2.0)
    (group,) = common([late, early, middle], SITE)
    assert group.tickets == (early.ticket, middle.ticket, late.ticket)


def test_five_hundred_devices_on_ten_feeders_are_ten_groups_and_none_is_missing() -> None:
    feeders = numbered("F", 10)
    fed = {feeder: [f"{feeder}-{number}" for number in range(50)] for feeder in feeders}
    site = [device(feeder, on="x") for feeder in feeders]
    site += [device(name, feeder, on=f"bus-{name[-1]}") for feeder, names in fed.items() for name in names]
    groups = found(common([candidate(each.id, DOOR) for each in site], Topology(site)))
    assert sorted(groups) == [(f"feeder:{each}", tickets([each, *fed[each]], DOOR)) for each in feeders]


TWO = [device("T1"), device("T2"), *(device(f"{top}-{n}", top) for top in ("T1", "T2") for n in range(4))]


@pytest.mark.parametrize(
    ("suffer", "kind", "causes"),
    [
        (["T1-0", "T1-1", "T2-0", "T2-1"], VOLTAGE, ["mains:mains"]),
        (["T1-0", "T1-1", "T1-2", "T2-0"], VOLTAGE, ["mains:mains"]),
        (["T1-0", "T1-1", "T1-2"], VOLTAGE, ["feeder:T1"]),
        (["T1-0", "T1-1", "T2-0", "T2-1"], DOOR, []),  # doors do not point to the mains
        (["T1-0", "T2-1"], VOLTAGE, []),
    ],
)
def test_bad_voltage_on_feeders_that_nothing_feeds_is_of_the_mains(
    suffer: Sequence[str], kind: str, causes: list[str]
) -> None:
    groups = found(common(candidates(suffer, kind), Topology(TWO)))
    assert [key for key, _ in groups] == causes
    assert all(members == tickets(suffer, kind) for _, members in groups)


LEAK, BURST, DRIVE = "water.leak", "pump.pipe_burst", "pump.drive"


def placed(name: str, building: str) -> Device:
    return device(name, "TR").model_copy(update={"location": {"building": building}})


WET = Topology([device("TR"), *(placed(name, name[0]) for name in ("1-leak", "1-pump", "1-pit", "2-pump", "2-leak"))])


@pytest.mark.parametrize(
    ("seen", "groups"),
    [
        ([("1-leak", LEAK), ("1-pump", BURST)], [("water:1", {"1-leak/water.leak", "1-pump/pump.pipe_burst"})]),
        ([("1-leak", LEAK), ("2-pump", BURST)], []),
        ([("1-pump", BURST), ("1-pump", LEAK)], []),  # one device sees only its own
        ([("1-leak", LEAK), ("1-pump", DRIVE)], []),
        ([("1-pit", "water.sensor"), ("1-leak", LEAK)], []),
    ],
)
def test_what_sees_water_in_a_building_is_one(seen: list[tuple[str, str]], groups: list[tuple[str, set[str]]]) -> None:
    assert found(common([candidate(name, kind) for name, kind in seen], WET)) == groups
