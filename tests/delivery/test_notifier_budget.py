"""The budget of a channel: never beyond the provider's limit in any window, and always with room for red."""

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.channel import Allowance
from gateway.core.types import Level
from gateway.delivery.budget import Budget

MINUTE = Allowance(20, 60.0)
FEISHU = (Allowance(100, 60.0), Allowance(5, 1.0))


def sent(budget: Budget, level: Level, until: float, begin: float = 0.0) -> list[float]:
    """When messages of a level go that are always waiting."""
    now, times = begin, []
    while now <= until:
        if wait_s := budget.wait_s(level, now):
            now += wait_s
            continue
        budget.spend(level, now)
        times.append(now)
    return times


def test_no_minute_has_more_than_the_provider_allows() -> None:
    times = sent(Budget([MINUTE]), Level.RED, 600.0)
    assert len(times) >= 180
    assert all(sum(at <= other < at + 60.0 for other in times) <= 20 for at in times)


def test_yellow_has_half_and_red_finds_room_at_once() -> None:
    budget = Budget([MINUTE])
    assert len(sent(budget, Level.YELLOW, 30.0)) == 10
    assert budget.wait_s(Level.YELLOW, 30.0) > 0.0
    reds = sent(budget, Level.RED, 30.0, begin=30.0)
    assert reds == [30.0] * 10


def test_both_limits_of_feishu_hold() -> None:
    times = sent(Budget(FEISHU), Level.RED, 180.0)
    assert all(sum(at <= other < at + 1.0 for other in times) <= 5 for at in times)
    assert all(sum(at <= other < at + 60.0 for other in times) <= 100 for at in times)
    assert len(times) > 200


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Level)), st.floats(-100.0, 100.0)), max_size=120))
def test_a_clock_that_is_set_holds_up_nothing_for_longer_than_a_window(steps: list[tuple[Level, float]]) -> None:
    budget, now = Budget([MINUTE]), 1000.0
    for level, step in steps:
        now += step
        wait_s = budget.wait_s(level, now)
        assert 0.0 <= wait_s <= budget.memory_s
        if not wait_s:
            budget.spend(level, now)


def test_messages_of_an_earlier_run_count() -> None:
    budget = Budget([MINUTE])
    budget.resume([(100.0, Level.RED)] * 20)
    assert budget.wait_s(Level.RED, 110.0) == 53.0
    assert not Budget([]).wait_s(Level.YELLOW, 0.0)
