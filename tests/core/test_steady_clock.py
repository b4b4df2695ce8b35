"""A site's time follows the machine's ahead and never back, and health says when the two are apart."""

import logging
import threading
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.clock import CATCHING_UP, ManualClock, SteadyClock, SystemClock

T0 = 1_773_532_800.0
HOUR = 3600.0


@dataclass
class Machine:
    """A wall clock that people set and a monotonic one that they cannot."""

    wall: ManualClock
    ticks: float = 0.0

    def run(self, seconds: float) -> None:
        self.wall.time += seconds * self.wall.speed
        self.ticks += seconds

    def set(self, ahead_s: float) -> None:
        self.wall.time += ahead_s


@pytest.fixture
def machine() -> Machine:
    return Machine(ManualClock(T0))


@pytest.fixture
def clock(machine: Machine) -> SteadyClock:
    return SteadyClock(machine.wall, lambda: machine.ticks)


def test_it_shows_what_the_machine_shows(machine: Machine, clock: SteadyClock) -> None:
    assert clock.now() == T0
    machine.run(10.0)
    assert clock.now() == T0 + 10.0
    assert clock.health().state == "ok"


@pytest.mark.parametrize("leap_s", [0.5, HOUR, 10 * 365 * 24 * HOUR])
def test_a_leap_ahead_is_followed_at_once(machine: Machine, clock: SteadyClock, leap_s: float) -> None:
    machine.set(leap_s)
    assert clock.now() == T0 + leap_s
    assert clock.health().state == "ok"


def test_a_clock_that_is_set_back_is_waited_for(
    machine: Machine, clock: SteadyClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "gateway.core.clock")
    machine.run(5.0)
    clock.now()
    machine.set(-2 * HOUR)
    assert clock.now() == T0 + 5.0
    part = clock.health()
    assert (part.name, part.state, part.since) == ("clock", "degraded", T0 + 5.0)
    assert part.reason.startswith("the machine's clock is 7200 s behind the site's time")
    machine.run(100.0)
    assert clock.now() == pytest.approx(T0 + 5.0 + 100.0 * CATCHING_UP)
    assert clock.health().since == T0 + 5.0
    waited_s = 100.0
    while clock.health().state == "degraded":
        machine.run(60.0)
        waited_s += 60.0
        clock.now()
    assert waited_s == pytest.approx(2 * HOUR / (1.0 - CATCHING_UP), rel=0.01)
    assert clock.now() == machine.wall.time
    assert [record.message for record in caplog.records] == ["clock behind_s=7200", "clock has caught up"]


def test_a_clock_that_is_put_right_again_is_followed(machine: Machine, clock: SteadyClock) -> None:
    machine.set(-2 * HOUR)
    clock.now()
    machine.run(60.0)
    machine.set(2 * HOUR)
    assert clock.now() == T0 + 60.0
    assert clock.health().state == "ok"


def test_time_that_passed_between_two_questions_counts(machine: Machine, clock: SteadyClock) -> None:
    machine.run(20.0)
    machine.set(-HOUR)
    assert clock.now() == pytest.approx(T0 + 20.0 * CATCHING_UP)


def test_a_hair_is_put_right_without_a_word(
    machine: Machine, clock: SteadyClock, caplog: pytest.LogCaptureFixture
) -> None:
    machine.run(1.0)
    clock.now()
    machine.set(-0.3)
    assert clock.now() == T0 + 1.0
    machine.run(6.1)
    assert clock.now() == machine.wall.time
    assert (clock.health().state, caplog.records) == ("ok", [])


@pytest.mark.parametrize(
    ("wall", "last", "shown"),
    [
        (0.0, T0, T0),
        (T0 - 40 * 365 * 24 * HOUR, T0, T0),
        (T0 - 0.5 * HOUR, T0, T0),
        (T0 - 2 * HOUR, T0, T0 - 2 * HOUR),
        (T0, T0 + 10 * 365 * 24 * HOUR, T0),
        (T0, T0 - 1.0, T0),
        (0.0, 0.0, 0.0),
    ],
    ids=["1970", "before it was made", "kept on disk", "set back", "was ten years ahead", "right", "first start"],
)
def test_after_a_restart_the_site_goes_on_where_the_machine_cannot_be_believed(
    wall: float, last: float, shown: float
) -> None:
    machine = Machine(ManualClock(wall))
    clock = SteadyClock(machine.wall, lambda: machine.ticks)
    clock.resume(last)
    assert clock.now() == shown
    assert clock.health().state == ("degraded" if shown > wall else "ok")
    machine.set(T0 + 60.0 - wall)  # the time server answers
    assert clock.now() == T0 + 60.0
    assert clock.health().state == "ok"


def test_a_fast_site_clock_goes_on_fast() -> None:
    machine = Machine(ManualClock(T0, speed=60.0))
    clock = SteadyClock(machine.wall, lambda: machine.ticks)
    machine.set(-HOUR)
    machine.run(10.0)
    assert clock.speed == 60.0
    assert clock.now() == pytest.approx(T0 + 10.0 * 60.0 * CATCHING_UP)


async def test_sleep_is_the_machines(machine: Machine, clock: SteadyClock) -> None:
    await clock.sleep(7.0)
    assert machine.wall.slept == [7.0]


@given(
    moves=st.lists(
        st.tuples(st.floats(0.0, 100.0), st.one_of(st.just(0.0), st.floats(-10_000.0, 10_000.0))), max_size=50
    )
)
def test_it_never_goes_back_and_never_stands_still(moves: list[tuple[float, float]]) -> None:
    machine = Machine(ManualClock(T0))
    clock = SteadyClock(machine.wall, lambda: machine.ticks)
    shown = clock.now()
    for seconds, leap_s in moves:
        machine.run(seconds)
        machine.set(leap_s)
        now = clock.now()
        assert now >= shown
        assert now >= machine.wall.time
        if leap_s <= 0.0 < seconds:
            assert now > shown or seconds < 1e-6
        shown = now


def test_it_may_be_asked_from_any_thread() -> None:
    clock, wrong = SteadyClock(SystemClock()), []

    def ask() -> None:
        last = 0.0
        for _ in range(2000):
            now = clock.now()
            if now < last:
                wrong.append((last, now))
            last = now

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
