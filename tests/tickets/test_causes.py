"""What devices share, and when problems of many devices are one."""

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Device
from gateway.core.types import Level
from gateway.tickets.causes import Candidate, Cause, Group, Topology, common

OFFLINE, VOLTAGE, DOOR = "device.offline", "power.voltage", "elevator.door"


def device(name: str, fed_by: str | None = None, on: str = "bus") -> Device:
    return Device.model_validate({"id": name, "profile": "any", "on": on, "fed_by": fed_by})


def candidate(name: str, kind: str = OFFLINE, at: float = 0.0) -> Candidate:
    return Candidate(f"{name}/{kind}", name, kind, Level.YELLOW, at)


def candidates(names: Iterable[str], kind: str = OFFLINE) -> list[Candidate]:
    return [candidate(name, kind) for name in names]


def found(groups: Iterable[Group]) -> list[tuple[str, set[str]]]:
    return [(group.cause.key, set(group.tickets)) for group in groups]


def tickets(names: Iterable[str], kind: str = OFFLINE) -> set[str]:
    return {f"{name}/{kind}" for name in names}


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
    groups = found(common([candidate(each.id, VOLTAGE) for each in site], Topology(site)))
    assert sorted(groups) == [(f"feeder:{each}", tickets([each, *fed[each]], VOLTAGE)) for each in feeders]


@st.composite
def sites(draw: st.DrawFn) -> list[Device]:
    count = draw(st.integers(1, 14))
    feeders = [draw(st.none() | st.integers(0, number - 1)) if number else None for number in range(count)]
    return [
        device(f"D{number:02}", None if feeder is None else f"D{feeder:02}", f"bus-{draw(st.integers(0, 2))}")
        for number, feeder in enumerate(feeders)
    ]


KINDS = st.sampled_from([OFFLINE, VOLTAGE, DOOR, "elevator.entrapment"])


def explains(cause: tuple[str, str], one: Candidate, site: dict[str, Device]) -> bool:
    kind, name = cause
    if one.kind == "elevator.entrapment":
        return False
    if kind == "connection":
        return one.kind.startswith("device.") and site[one.device].on == name
    return is_under(one.device, name, site)


def is_under(name: str | None, feeder: str, site: dict[str, Device]) -> bool:
    while name is not None:
        if name == feeder:
            return True
        name = site[name].fed_by
    return False


def plain(ones: Sequence[Candidate], site: dict[str, Device], count: int) -> list[tuple[str, set[str]]]:
    """The twin: every cause is asked of every candidate again in each round."""
    names = sorted({each.fed_by for each in site.values() if each.fed_by})
    every = [("feeder", name) for name in names]
    every += [("connection", name) for name in sorted({each.on for each in site.values()})]
    groups: list[tuple[str, set[str]]] = []
    while True:
        suffer = {cause: [one for one in ones if explains(cause, one, site)] for cause in every}
        hit = {cause: {one.device for one in alike} for cause, alike in suffer.items()}
        seen = [
            cause
            for cause in every
            if len(hit[cause]) >= count
            and (
                (cause[0] == "feeder" and cause[1] in hit[cause])
                or any(len({o.device for o in suffer[cause] if o.kind == each.kind}) >= count for each in ones)
            )
        ]
        if not seen:
            return groups
        wires = [cause for cause in seen if cause[0] == "connection"]
        wires.sort(key=lambda cause: (-len(hit[cause]), sum(each.on == cause[1] for each in site.values()), cause[1]))
        feeders = [cause for cause in seen if cause[0] == "feeder"]
        best = walked_down(feeders, hit, site) if feeders else wires[0]
        if wires and len(hit[wires[0]]) >= len(hit[best]):
            best = wires[0]
        groups.append((":".join(best), {one.ticket for one in suffer[best]}))
        ones = [one for one in ones if one not in suffer[best]]


def walked_down(
    feeders: list[tuple[str, str]], hit: dict[tuple[str, str], set[str]], site: dict[str, Device]
) -> tuple[str, str]:
    """From the feeder of most devices, one level at a time, to the lowest that explains nine in ten of them."""

    def size(cause: tuple[str, str]) -> int:
        return sum(is_under(name, cause[1], site) for name in site)

    best = min(feeders, key=lambda cause: (-len(hit[cause]), size(cause), cause[1]))
    enough = len(hit[best]) * 9 / 10
    while best[1] not in hit[best]:
        below = [
            each for each in feeders if each != best and is_under(each[1], best[1], site) and len(hit[each]) >= enough
        ]
        if not below:
            break
        best = max(below, key=size)
    return best


@given(sites(), st.lists(st.tuples(st.integers(0, 13), KINDS, st.integers(0, 3)), max_size=30), st.integers(2, 4))
def test_groups_are_what_the_plain_twin_finds(
    site: list[Device], problems: list[tuple[int, str, int]], count: int
) -> None:
    known = {each.id: each for each in site}
    ones = [candidate(f"D{number:02}", kind, float(at)) for number, kind, at in problems if f"D{number:02}" in known]
    ones = list({one.ticket: one for one in ones}.values())
    groups = common(ones, Topology(site), count)
    assert found(groups) == plain(ones, known, count)
    assert common(ones[::-1], Topology(site), count) == groups
    together = [ticket for group in groups for ticket in group.tickets]
    assert len(together) == len(set(together))
