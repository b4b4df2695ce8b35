"""What the management is told of the ticket stream, from nothing but the ledger."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.almanac import Almanac
from gateway.core.casework import Entry
from gateway.tickets.kpi import Alarm, Thresholds, Watch

SHANGHAI = ZoneInfo("Asia/Shanghai")
WATCH = Watch(Thresholds(), Almanac(SHANGHAI))
HOUR_S = 3600.0


def at(day: int, hour: float = 12.0) -> float:
    """A time in March 2026 on the wall in Shanghai."""
    return datetime(2026, 3, day, tzinfo=SHANGHAI).timestamp() + hour * HOUR_S


def line(event: str, time: float, ticket: str, **said: Any) -> Entry:
    return Entry(ticket, 0 if event == "created" else 1, time, event, "", said)


def answered(day: int, hours: float, ticket: str = "", event: str = "accepted", hour: float = 12.0) -> list[Entry]:
    ticket = ticket or f"{day} {hour}"
    return [line("created", at(day, hour), ticket), line(event, at(day, hour + hours), ticket)]


def created(day: int, count: int) -> list[Entry]:
    return [line("created", at(day, 8.0 + number / 60), f"{day}/{number}") for number in range(count)]


def keys(entries: Iterable[Entry], now: float, watch: Watch = WATCH, **began: float) -> list[str]:
    return [alarm.key for alarm in watch.look(entries, now, **began)]


@pytest.mark.parametrize(
    ("entries", "now", "raised"),
    [
        pytest.param([answered(day, 3) for day in (1, 2, 3)], at(4), ["response:2026-03-03"], id="three days"),
        pytest.param([answered(day, 3) for day in (1, 2, 3)], at(4, 0.0), ["response:2026-03-03"], id="from midnight"),
        pytest.param([answered(day, 3) for day in (1, 2, 3)], at(3, 23.9), [], id="the third day is not over"),
        pytest.param([answered(day, 3) for day in (1, 2, 3)], at(5), [], id="a day without tickets ends it"),
        pytest.param([answered(day, 3) for day in (1, 3, 4)], at(5), [], id="or comes between"),
        pytest.param([answered(day, 2) for day in (1, 2, 3)], at(4), [], id="two hours are in time"),
        pytest.param(
            [*(answered(day, 3) for day in (1, 2, 3)), answered(2, 0.5, hour=9.0)], at(4), [], id="a mean counts"
        ),
        pytest.param(
            [answered(1, 3), answered(2, 3), created(3, 1)], at(4, 0.0), ["response:2026-03-03"], id="who waits still"
        ),
        pytest.param(
            [answered(day, 3, event="resolved") for day in (1, 2, 3)],
            at(4),
            ["response:2026-03-03"],
            id="done is an answer",
        ),
        pytest.param(
            [answered(1, 3), answered(2, 3), answered(3, 1, event="overdue")],
            at(4, 0.0),
            ["response:2026-03-03"],
            id="a missed limit is no answer",
        ),
        pytest.param([answered(day, -1) for day in (1, 2, 3)], at(4), [], id="an answer before the question"),
    ],
)
def test_slow_answers_on_three_days_running(entries: Sequence[list[Entry]], now: float, raised: list[str]) -> None:
    assert keys([each for some in entries for each in some], now) == raised


def test_an_answer_that_is_slow_is_told_with_its_figures() -> None:
    entries = [*answered(1, 3), *answered(2, 4), *answered(3, 5), *answered(3, 3, hour=8.0)]
    numbers = {"days": 3, "limit_s": 7200.0, "means_s": [3 * HOUR_S, 4 * HOUR_S, 4 * HOUR_S], "tickets": 4}
    assert WATCH.look(entries, at(4)) == [Alarm("response", date(2026, 3, 3), numbers)]


def test_days_that_were_told_are_not_told_again() -> None:
    entries = [each for day in range(1, 10) for each in answered(day, 3)]
    alarm = line("created", at(4, 0.1), "alarm", alarm="response:2026-03-03")
    closed = line("closed", at(4, 9.0), "alarm")
    assert keys([*entries[:6], alarm], at(4)) == []
    assert [keys([*entries[: 2 * day - 2], alarm, closed], at(day)) for day in (5, 6, 7)] == [
        [],
        [],
        ["response:2026-03-06"],
    ]
    assert keys([*entries[:12], alarm], at(7)) == []  # that one is open still


USUAL = [each for day in range(1, 8) for each in created(day, 4)]


@pytest.mark.parametrize(
    ("entries", "raised"),
    [
        pytest.param([*USUAL, *created(8, 6)], ["surge:2026-03-08"], id="half as many again"),
        pytest.param([*USUAL, *created(8, 5)], [], id="a quarter more"),
        pytest.param([*created(7, 1), *created(8, 4)], [], id="too few to be a surge"),
        pytest.param(created(8, 5), ["surge:2026-03-08"], id="after a quiet week"),
        pytest.param([*USUAL, *created(7, 9)], [], id="yesterday"),
        pytest.param(
            [*USUAL, *created(8, 5), line("created", at(8), "r", repeat={"of": "device"})], [], id="repeats are not"
        ),
        pytest.param(
            [*USUAL, *created(8, 9), line("created", at(8), "s", alarm="surge:2026-03-08")], [], id="told already"
        ),
        pytest.param(
            [
                *[*USUAL, *created(8, 9), line("created", at(8), "s", alarm="surge:2026-03-08")],
                line("closed", at(8, 13), "s"),
            ],
            [],
            id="told and closed",
        ),
    ],
)
def test_many_more_tickets_than_usual(entries: Sequence[Entry], raised: list[str]) -> None:
    quick = [line("accepted", each.at, each.ticket) for each in entries if each.event == "created"]
    assert keys([*entries, *quick], at(8, 20.0)) == raised


def test_the_mean_of_a_young_site_is_of_the_days_that_there_were() -> None:
    entries = [*created(6, 6), *created(7, 6), *created(8, 8)]
    assert keys(entries, at(8, 20.0), began_at=at(6)) == []
    assert keys(entries, at(8, 20.0)) == ["surge:2026-03-08"]
    assert keys(created(8, 8), at(8, 20.0), began_at=at(8)) == []


def missed(hour: float, ticket: str = "", **said: Any) -> list[Entry]:
    ticket = ticket or f"missed {hour}"
    return [line("created", at(1, 0.0), ticket), line("overdue", at(1, hour), ticket, limit="close", **said)]


def done(hour: float, event: str = "resolved", **said: Any) -> list[Entry]:
    ticket = f"done {hour}"
    return [line("created", at(1, 0.0), ticket), line(event, at(1, hour), ticket, **said)]


@pytest.mark.parametrize(
    ("entries", "raised"),
    [
        ([*missed(1), *missed(2), *missed(3)], ["timeouts:2026-03-01"]),
        ([*missed(1), *missed(2)], []),
        ([*missed(1), *missed(2), *done(2.5), *missed(3)], []),
        ([*missed(1), *missed(2), *done(2.5, "closed"), *missed(3)], []),
        ([*missed(1), *missed(2), *done(2.5, "closed", reason="clear"), *missed(3)], ["timeouts:2026-03-01"]),
        ([*done(0.5), *missed(1), *missed(2), *missed(3)], ["timeouts:2026-03-01"]),
        ([*missed(1), *missed(2), *missed(3), *done(4)], []),
        ([*missed(1, "one"), *missed(2, "one"), *missed(3, "one")], []),
        ([*missed(1), *missed(2), *missed(3), line("resolved", at(1, 4), "missed 3")], ["timeouts:2026-03-01"]),
        ([*missed(1), *missed(2), *missed(3), line("created", at(1, 5), "a", alarm="timeouts:2026-03-01")], []),
    ],
)
def test_time_outs_in_a_row(entries: list[Entry], raised: list[str]) -> None:
    assert keys(entries, at(1, 20.0)) == raised


def test_each_time_out_counts_for_one_alarm() -> None:
    first = [*missed(1), *missed(2), *missed(3)]
    told = [line("created", at(1, 3), "a", alarm="timeouts:2026-03-01"), line("closed", at(1, 4), "a")]
    later = [each for hour in (25, 26, 27) for each in missed(hour)]
    assert keys([*first, *told, *later[:4]], at(2, 20.0)) == []
    (alarm,) = WATCH.look([*first, *told, *later], at(2, 20.0))
    assert alarm == Alarm(
        "timeouts", date(2026, 3, 2), {"count": 3, "tickets": ["missed 25", "missed 26", "missed 27"]}
    )


def test_each_of_the_three_may_be_off() -> None:
    everything = [*(e for day in (1, 2, 3) for e in answered(day, 3)), *created(4, 9), *missed(1), *missed(2)]
    everything += missed(3)
    assert keys(everything, at(4)) == ["response:2026-03-03", "surge:2026-03-04", "timeouts:2026-03-01"]
    off = Watch(Thresholds(response_s=None, surge=None, timeouts=None), WATCH.almanac)
    assert off.look(everything, at(4)) == []


def test_an_empty_ledger_says_nothing() -> None:
    assert WATCH.look([], at(4)) == []


def test_a_day_of_twenty_three_hours_is_a_day() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    watch = Watch(Thresholds(), Almanac(berlin))
    entries = []
    for day in (28, 29, 30):  # summer time begins on the 29th
        asked = datetime(2026, 3, day, 23, 30, tzinfo=berlin).timestamp()
        entries += [line("created", asked, str(day)), line("accepted", asked + 3 * HOUR_S, str(day))]
    midnight = datetime(2026, 3, 31, tzinfo=berlin).timestamp()
    assert keys(entries, midnight - 1.0, watch) == []
    assert keys(entries, midnight + 3 * HOUR_S, watch) == ["response:2026-03-30"]


LIVES = st.lists(
    st.tuples(
        st.integers(1, 4),  # the day on which it came
        st.sampled_from([None, -1.0, 1.0, 3.0, 40.0]),  # hours to the answer
        st.sampled_from([None, None, 2.0, 30.0]),  # hours to a missed limit
        st.sampled_from([None, 4.0, 31.0]),  # hours to the end
    ),
    max_size=20,
)
NOW = st.tuples(st.integers(3, 5), st.integers(0, 23))


def ledger(lives: Sequence[tuple[int, float | None, float | None, float | None]], now: float) -> list[Entry]:
    """No two lines are of the same moment, so that their order is plain."""
    lines = []
    for number, (day, *hours) in enumerate(lives):
        for event, after in zip(("created", "accepted", "overdue", "resolved"), (0.0, *hours), strict=True):
            if after is not None:
                lines.append(line(event, at(day, 8.0 + after) + number, f"t{number}"))
    return [each for each in lines if each.at <= now]


def plain(entries: Sequence[Entry], now: float) -> list[str]:
    """The twin: asks the whole ledger anew for every ticket and every day. No alarm was ever raised."""

    def day_of(time: float) -> date:
        return datetime.fromtimestamp(time, SHANGHAI).date()

    def first(ticket: str, *events: str) -> float | None:
        times = [each.at for each in entries if each.ticket == ticket and each.event in events]
        return min(times, default=None)

    born = {each.ticket: first(each.ticket, "created") or 0.0 for each in entries if each.event == "created"}
    today = day_of(now)
    before = [today - timedelta(days=back) for back in range(1, 8)]
    found = []
    means = []
    for day in before[:3]:
        waits = [
            max((first(ticket, "accepted", "resolved", "closed") or now) - at, 0.0)
            for ticket, at in born.items()
            if day_of(at) == day
        ]
        means.append(sum(waits) / len(waits) if waits else 0.0)
    if min(means) > 7200.0:
        found.append(f"response:{before[0]}")
    count = sum(day_of(at) == today for at in born.values())
    if count >= 5 and count >= 1.5 * sum(day_of(at) in before for at in born.values()) / 7:
        found.append(f"surge:{today}")
    ends = []
    for ticket in born:
        missed, done = first(ticket, "overdue"), first(ticket, "resolved", "closed")
        if missed is not None or done is not None:
            ends.append((done if missed is None else missed, missed is not None))
    ends.sort(key=lambda each: each[0] or 0.0)
    if len(ends) >= 3 and all(missed for _, missed in ends[-3:]):
        found.append(f"timeouts:{day_of(ends[-1][0] or 0.0)}")
    return found


@given(LIVES, NOW)
def test_alarms_are_what_the_plain_twin_finds_and_are_raised_once(
    lives: list[tuple[int, float | None, float | None, float | None]], today: tuple[int, int]
) -> None:
    now = at(*today)
    entries = ledger(lives, now)
    alarms = WATCH.look(entries, now)
    assert [alarm.key for alarm in alarms] == plain(entries, now)
    assert WATCH.look(entries[::-1], now) == alarms
    raised = [line("created", now, alarm.key, alarm=alarm.key) for alarm in alarms]
    closed = [line("closed", now, each.ticket) for each in raised]
    assert WATCH.look([*entries, *raised], now) == []
    assert WATCH.look([*entries, *raised, *closed], now) == []
