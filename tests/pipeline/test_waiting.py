"""What waits for its tick keeps its order, waits no longer than it must, and is counted when it is let go."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.pipeline.waiting import Readings, Waiting

EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("put"), st.integers(0, 3), st.floats(0.0, 20.0)),
        st.tuples(st.just("take"), st.integers(0, 20), st.integers(0, 5)),
    ),
    max_size=300,
)


def listed(readings: Readings) -> list[tuple[int, float, float]]:
    columns = (readings.devices.tolist(), readings.times.tolist(), readings.values[:, 0].tolist())
    return list(zip(*columns, strict=True))


@given(events=EVENTS)
def test_it_is_a_list_that_gives_up_what_is_due(events: list[tuple[str, int, float]]) -> None:
    waiting, twin = Waiting(1, 1000), list[tuple[int, float, float]]()
    for number, (what, first, second) in enumerate(events):
        if what == "put":
            waiting.put(first, second, np.array([float(number)]))
            twin.append((first, second, float(number)))
            continue
        limit, now = float(first), first + second
        twin = [(device, min(time, now), value) for device, time, value in twin]
        assert listed(waiting.take(limit, now)) == [entry for entry in twin if entry[1] <= limit]
        twin = [entry for entry in twin if entry[1] > limit]
    assert waiting.dropped == 0
    assert listed(waiting.take(100.0, 100.0)) == twin


def test_a_full_queue_drops_its_older_half_and_counts_it() -> None:
    waiting = Waiting(1, 100)
    for number in range(250):
        waiting.put(0, 0.0, np.array([float(number)]))
    kept = [value for _, _, value in listed(waiting.take(1.0, 1.0))]
    assert kept == [float(number) for number in range(250 - len(kept), 250)]
    assert (len(kept), waiting.dropped) == (100, 150)


def test_what_was_taken_does_not_change_when_more_comes() -> None:
    waiting = Waiting(1, 10)
    waiting.put(0, 0.0, np.array([1.0]))
    taken = waiting.take(1.0, 1.0)
    waiting.put(0, 0.0, np.array([2.0]))
    assert taken.values.tolist() == [[1.0]]
