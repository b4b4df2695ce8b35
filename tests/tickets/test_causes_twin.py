"""Groups of common causes against a plain twin that asks every cause of every candidate."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Device
from gateway.tickets.causes import Candidate, Topology, common
from tests.tickets.neighbours import DOOR, OFFLINE, VOLTAGE, candidate, device, found


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
    if feeder == "mains":
        return name is not None and bool(site[name].fed_by or name in {each.fed_by for each in site.values()})
    while name is not None:
        if name == feeder:
            return True
        name = site[name].fed_by
    return False


def plain(ones: Sequence[Candidate], site: dict[str, Device], count: int) -> list[tuple[str, set[str]]]:
    """The twin: every cause is asked of every candidate again in each round."""
    names = sorted({each.fed_by for each in site.values() if each.fed_by})
    every = [("feeder", name) for name in names]
    every += [("mains", "mains")] if sum(site[name].fed_by is None for name in names) > 1 else []
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
                or any(
                    len({o.device for o in suffer[cause] if o.kind == each.kind}) >= count
                    for each in ones
                    if cause[0] != "mains" or each.kind == VOLTAGE
                )
            )
        ]
        if not seen:
            return groups
        wires = [cause for cause in seen if cause[0] == "connection"]
        wires.sort(key=lambda cause: (-len(hit[cause]), sum(each.on == cause[1] for each in site.values()), cause[1]))
        feeders = [cause for cause in seen if cause[0] != "connection"]
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
