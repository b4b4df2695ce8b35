"""The same kind of problem again and again: what counts as a case, and when cases are a repeat."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.casework import Entry
from gateway.core.types import Verdict
from gateway.tickets.repeats import Case, Repeat, Repeats, Scope, case_of, repeat_of

DAY_S = 86400.0
DOOR = "elevator.door"
EL_1, BUILDING_1 = Scope("device", "EL-1", DOOR), Scope("building", "1", DOOR)


def case(day: float, device: str = "EL-1", building: str = "", kind: str = DOOR, ticket: str = "") -> Case:
    return Case(device, building, kind, day * DAY_S, ticket or f"{device}@{day}")


def line(event: str, day: float, ticket: str = "", number: int = 0, **said: Any) -> Entry:
    about = {"device": "EL-1", "building": "1", "kind": DOOR, "level": "yellow"}
    return Entry(ticket or f"EL-1@{day}", number, day * DAY_S, event, "", {**about, **said})


def noted(repeats: Repeats, *cases: Case) -> list[Scope | None]:
    return [repeat.scope if repeat else None for repeat in map(repeats.note, cases)]


@pytest.mark.parametrize(
    ("cases", "scopes"),
    [
        pytest.param([case(0), case(1)], [None, None], id="two"),
        pytest.param([case(0), case(10), case(29)], [None, None, EL_1], id="three in thirty days"),
        pytest.param([case(0), case(10), case(30)], [None, None, None], id="three in more than thirty days"),
        pytest.param([case(0), case(1), case(40), case(41), case(42)], [None] * 4 + [EL_1], id="the old ones are gone"),
        pytest.param([case(0), case(1), case(2, kind="elevator.noise")], [None] * 3, id="another kind"),
        pytest.param([case(0), case(1), case(2, "EL-2")], [None] * 3, id="another device, no building"),
        pytest.param([case(0), case(0), case(0)], [None] * 3, id="the same one told three times"),
        pytest.param([case(2), case(1), case(0)], [None, None, EL_1], id="in any order"),
        pytest.param([case(day, ticket="one") for day in range(3)], [None, None, EL_1], id="one ticket comes again"),
        pytest.param([case(0), case(1), case(2), case(3), case(4)], [None, None, EL_1, None, None], id="told once"),
        pytest.param(
            [case(day, f"EL-{day}", "1") for day in range(3)], [None, None, BUILDING_1], id="three in a building"
        ),
        pytest.param(
            [case(0, "EL-0", "1"), case(1, "EL-1", "2"), case(2, "EL-2", "1")], [None] * 3, id="in two buildings"
        ),
        pytest.param(
            [case(0, "EL-0", "1", ticket="one"), case(1, "EL-0", "1", ticket="one"), case(2, "EL-2", "1")],
            [None] * 3,
            id="a building counts tickets",
        ),
        pytest.param(
            [case(day, building="1") for day in range(5)],
            [None, None, EL_1, None, None],
            id="what one device does is said of the device",
        ),
        pytest.param(
            [*(case(day, building="1") for day in range(3)), case(3, "EL-2", "1")],
            [None, None, EL_1, BUILDING_1],
            id="until another one does it too",
        ),
    ],
)
def test_repeats(cases: Sequence[Case], scopes: list[Scope | None]) -> None:
    assert noted(Repeats(), *cases) == scopes


def test_a_repeat_lists_its_cases_oldest_first() -> None:
    repeats = Repeats()
    noted(repeats, case(2), case(1))
    assert repeats.note(case(3)) == Repeat(EL_1, (case(1), case(2), case(3)))


def test_a_building_lists_the_latest_case_of_each_ticket() -> None:
    repeats = Repeats()
    noted(repeats, case(1, "A", "1", ticket="a"), case(2, "A", "1", ticket="a"), case(3, "B", "1"))
    cases = (case(2, "A", "1", ticket="a"), case(3, "B", "1"), case(4, "C", "1"))
    assert repeats.note(cases[-1]) == Repeat(BUILDING_1, cases)


@pytest.mark.parametrize(("verdict", "counts"), [(Verdict.DONE, True), (Verdict.NORMAL, False), (Verdict.FALSE, False)])
def test_a_ticket_that_meant_nothing_does_not_count(verdict: Verdict, *, counts: bool) -> None:
    repeats = Repeats()
    noted(repeats, case(0), case(1))
    repeats.closed("EL-1@1", verdict, 1.5 * DAY_S)
    assert noted(repeats, case(2)) == [EL_1 if counts else None]


def test_after_its_repeat_is_closed_a_scope_counts_anew() -> None:
    repeats = Repeats()
    noted(repeats, case(0), case(1), case(2), case(3))
    repeats.closed("the repeat", Verdict.DONE, 4 * DAY_S, EL_1)
    assert noted(repeats, case(3.5), case(5), case(6), case(7)) == [None, None, None, EL_1]


@pytest.mark.parametrize(
    ("entry", "found"),
    [
        (line("created", 1), case(1, building="1")),
        (line("occurred_again", 1, "one", 3), case(1, building="1", ticket="one")),
        (line("created", 1, building=""), case(1)),
        (line("created", 1, uncounted="maintenance"), None),
        (line("created", 1, repeat=EL_1.said()), None),
        (line("created", 1, alarm="surge:2026-03-15"), None),
        (line("closed", 1), None),
        (line("escalated", 1), None),
        (line("created", 1, device=""), None),
        (Entry("old", 0, 1.0, "created"), None),
    ],
)
def test_the_lines_of_the_ledger_that_are_cases(entry: Entry, found: Case | None) -> None:
    assert case_of(entry) == found


@pytest.mark.parametrize("said", [None, "door", {}, {"of": "street", "name": "x", "kind": "y"}])
def test_what_is_no_repeat(said: object) -> None:
    assert repeat_of(line("created", 1, repeat=said)) is None


def test_the_ledger_brings_back_what_counted_what_did_not_and_what_is_open() -> None:
    repeats = Repeats()
    noise = Scope("device", "EL-1", "elevator.noise")
    repeats.recall(
        [
            line("closed", 2, "EL-1@1", 1, verdict="false"),
            line("created", 1),
            line("created", 3),
            *(line("created", day, kind="elevator.noise") for day in (1.1, 1.2, 1.3)),
            line("created", 1.4, "noisy", kind="repeat", repeat=noise.said()),
        ]
    )
    assert noted(repeats, case(4), case(5, kind="elevator.noise"), case(6)) == [None, None, EL_1]
    repeats.recall([line("closed", 7, "noisy", 1, verdict="done", repeat=noise.said())])
    assert noted(repeats, *(case(day, kind="elevator.noise") for day in (8, 9, 10))) == [None, None, noise]


def test_an_open_repeat_older_than_the_ledger_is_not_raised_again() -> None:
    repeats = Repeats()
    repeats.raised(EL_1)
    assert noted(repeats, *map(case, range(9))) == [None] * 9


def test_memory_stays_small() -> None:
    repeats = Repeats(count=1000)
    noted(repeats, *(case(number / 100, f"D{number}", "1") for number in range(1500)))
    assert len(repeats._scopes[BUILDING_1].cases) == 1000
    noted(repeats, case(100, "D"))
    assert set(repeats._scopes) == {Scope("device", "D", DOOR), BUILDING_1}  # whose repeat is open


def numbered(day: int, number: int, kind: str) -> Case:
    """One of two tickets of a device."""
    return case(day, f"EL-{number // 2}", "1", kind, f"{kind} {number}")


KINDS = st.sampled_from([DOOR, "elevator.noise"])
CASES = st.builds(numbered, st.integers(0, 20), st.integers(0, 5), KINDS)
CLOSED = st.tuples(CASES.map(lambda each: each.ticket), st.sampled_from([*Verdict]))


def plain(cases: Sequence[Case], raised: set[Scope], since: float) -> Repeat | None:
    """The twin: looks through every case there ever was."""
    last = cases[-1]
    recent = sorted({each for each in cases if each.at > since and each.kind == last.kind}, key=str)
    of_device = [each for each in recent if each.device == last.device]
    scope = Scope("device", last.device, last.kind)
    if scope not in raised and len({(each.ticket, each.at) for each in of_device}) >= 3:
        return Repeat(scope, tuple(of_device))
    scope = Scope("building", "1", last.kind)
    latest = [each for each in recent if not any(o.ticket == each.ticket and o.at > each.at for o in recent)]
    if scope not in raised and len(latest) >= 3 and len({each.device for each in latest}) > 1:
        return Repeat(scope, tuple(latest))
    return None


@given(st.lists(st.one_of(CASES, CLOSED), max_size=40))
def test_repeats_are_what_the_plain_twin_finds(steps: list[Case | tuple[str, Verdict]]) -> None:
    repeats, raised = Repeats(within_s=7 * DAY_S), set[Scope]()
    cases: list[Case] = []
    latest = 0.0
    for step in steps:
        if not isinstance(step, Case):
            repeats.closed(step[0], step[1], 0.0)
            cases = [each for each in cases if step[1] is Verdict.DONE or each.ticket != step[0]]
            continue
        cases.append(step)
        latest = max(latest, step.at)
        found, expected = repeats.note(step), plain(cases, raised, latest - 7 * DAY_S)
        assert (found and found.scope) == (expected and expected.scope)
        if found and expected:
            assert sorted(found.cases, key=str) == sorted(expected.cases, key=str)
            raised.add(found.scope)
