import json
import math
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.device import Batch, Health
from drivers.mqtt import MqttDevice, MqttProfile
from drivers.mqtt.ears import JsonEar
from drivers.mqtt.feed import Feed
from drivers.mqtt.inbox import PAYLOAD_LIMIT, Arrived, Inbox
from drivers.mqtt.link import Standing
from drivers.refused import Refused

NOW = 1_773_532_800.0
CONNECTED = Standing(connected=True, reason="", since=NOW - 100)
GOOD = {"state": "good"}


class Elevator:
    """A feed and its counts, fed with plain objects."""

    def __init__(self, **profile: Any) -> None:
        self.counts: Counter[str] = Counter()
        points = [{"name": "door", "map": {"closed": 0, "open": 1}}, {"name": "speed"}]
        written = {"profile": "elevator", "stamp": "ts", "hold": "60s", "points": points, **profile}
        device = {"id": "EL-1", "profile": "elevator", "on": "broker", "every": "5s", "topic": "el/1"}
        kind = MqttProfile.model_validate(written)
        self.feed = Feed(MqttDevice.model_validate(device), kind, self.counts)
        self.ear = JsonEar()
        self.ear.add(self.feed, kind)

    def say(self, arrival: float, *, retained: bool = False, **message: Any) -> list[Batch]:
        payload = json.dumps(message).encode()
        return list(self.ear.hear(Arrived("el/1", payload, NOW + arrival, "retained" if retained else "")))

    def times(self, batches: list[Batch]) -> list[float]:
        return [batch.time - NOW for batch in batches]

    def stands(self, at: float, broker: Standing = CONNECTED, denied: str | None = None) -> Health:
        return self.feed.health(NOW + at, broker, denied)


def test_a_stamped_message_counts_at_its_own_time_and_once() -> None:
    elevator = Elevator()
    (batch,) = elevator.say(1.0, ts=NOW + 0.5, door="open", speed=1.5)
    assert (batch.device, batch.time, batch.values.tolist()) == ("EL-1", NOW + 0.5, [1.0, 1.5])
    assert elevator.say(2.0, ts=NOW + 0.5, door="open", speed=1.5) == []
    assert elevator.say(2.0, ts=NOW + 0.2, door="open", speed=1.5) == []
    assert elevator.counts["repeated"] == 2


def test_another_row_with_the_same_stamp_is_news_unless_it_is_sent_again() -> None:
    elevator = Elevator()
    batches = [
        *elevator.say(1.0, ts=NOW, door="open", speed=None),
        *elevator.say(1.1, ts=NOW, door="open", speed=None),
        *elevator.say(1.2, ts=NOW, door="closed"),
        *elevator.say(1.3, ts=NOW, door="open"),
        *elevator.say(1.4, retained=True, ts=NOW, door="closed"),
    ]
    assert [batch.values[0] for batch in batches] == [1, 0, 1]
    assert [batch.time for batch in batches] == pytest.approx([NOW] * 3, abs=1e-5)
    assert all(one.time < other.time for one, other in pairwise(batches))
    assert elevator.counts["repeated"] == 2


@pytest.mark.parametrize("stamp", [0, 86_400_000, NOW - 601, NOW + 11, "1970-01-01T00:00:07Z", "soon"])
def test_a_stamp_outside_the_window_is_refused(stamp: float | str) -> None:
    elevator = Elevator()
    assert elevator.say(0.0, ts=stamp, speed=1) == []
    assert elevator.counts["refused_stamp"] == 1
    assert elevator.stands(1.0).state == "bad"
    assert "stamp" in elevator.stands(1.0).reason


def test_a_message_without_stamp_counts_on_arrival_and_times_always_grow() -> None:
    elevator = Elevator(stamp=None)
    first, second = elevator.say(1.0, speed=1) + elevator.say(1.0, speed=2)
    assert first.time == NOW + 1.0
    assert first.time < second.time < NOW + 1.001


def test_a_retained_message_is_news_only_by_its_own_stamp() -> None:
    elevator = Elevator()
    assert elevator.say(0.0, retained=True, speed=1) == []
    assert elevator.say(0.0, retained=True, ts=NOW - 700, speed=1) == []
    assert elevator.times(elevator.say(0.0, retained=True, ts=NOW - 300, speed=1)) == [-300]
    assert elevator.say(0.0, retained=True, ts=NOW - 300, speed=1) == []
    assert elevator.stands(1.0).state == "stale", "what was sent five minutes ago does not make a device alive"
    assert elevator.counts == {"retained": 1, "refused_stamp": 1, "repeated": 1, "unknown_values": 0}


def test_a_clock_set_back_does_not_shut_a_device_out() -> None:
    elevator = Elevator()
    elevator.say(7200.0, ts=NOW + 7200, speed=1)
    assert elevator.times(elevator.say(1.0, ts=NOW + 1, speed=2)) == [1]


def test_a_point_left_out_keeps_its_value_for_a_while_and_null_is_unknown_at_once() -> None:
    elevator = Elevator()
    elevator.say(0.0, ts=NOW, door="open", speed=1.5)
    (held,) = elevator.say(5.0, ts=NOW + 5, door="closed")
    np.testing.assert_array_equal(held.values, [0, 1.5])
    (nulled,) = elevator.say(6.0, ts=NOW + 6, door=None)
    np.testing.assert_array_equal(nulled.values, [math.nan, 1.5])
    (expired,) = elevator.say(61.0, ts=NOW + 61, door="open")
    np.testing.assert_array_equal(expired.values, [1, math.nan])
    np.testing.assert_array_equal(held.values, [0, 1.5], "a batch is never changed afterwards")
    assert elevator.counts["unknown_values"] == 1


def test_a_value_that_is_not_held_any_more_is_still_the_last_that_was_said() -> None:
    elevator = Elevator()
    elevator.say(0.0, ts=NOW, door="open", speed=1.5)
    assert len(elevator.say(61.0, ts=NOW + 61, door="open")) == 1
    assert elevator.say(62.0, ts=NOW + 61, door="open", speed=1.5) == []


rows = st.lists(st.sampled_from([None, math.nan, 1.0, 2.0, 3.0]), min_size=2, max_size=2)


@given(st.lists(st.tuples(st.integers(1, 61), rows, st.booleans()), max_size=20))
def test_a_batch_holds_what_each_point_said_last(said: list[tuple[int, list[float | None], bool]]) -> None:
    feed, counts, last, at, unknown = (elevator := Elevator()).feed, elevator.counts, [(-math.inf, 0.0)] * 2, NOW, 0
    for pause_s, row, whole in said:
        at += pause_s
        if row == [None, None]:
            continue
        last = [was if value is None else (at, value) for value, was in zip(row, last, strict=True)]
        unknown += sum(value is not None and math.isnan(value) for value in row)
        batch = (feed.take if whole else feed.take_part)(at, row, at, "")
        assert batch is not None
        np.testing.assert_array_equal(batch.values, [value if at - since <= 60 else math.nan for since, value in last])
        assert (batch.time, counts["unknown_values"]) == (at, unknown)
        batch.values[:] = 99.0


def test_samples_come_in_order_and_a_bad_one_does_not_spoil_the_rest() -> None:
    elevator = Elevator(samples="data")
    stamps: list[object] = [NOW + 1, 0, "soon", NOW + 2, NOW + 1.5, None, NOW + 3]
    batches = elevator.say(5.0, data=[{"ts": stamp, "speed": i} for i, stamp in enumerate(stamps)])
    assert elevator.times(batches) == [1, 2, 3]
    assert [batch.values[1] for batch in batches] == [0, 3, 6]
    assert elevator.counts == {"refused_stamp": 2, "repeated": 1, "unstamped": 1, "unknown_values": 0}
    assert elevator.say(6.0, data=3) == []
    assert elevator.counts["refused_empty"] == 1


def test_a_message_with_none_of_the_points_is_refused() -> None:
    elevator = Elevator()
    assert elevator.say(0.0, ts=NOW, colour="red") == []
    assert "none of the profile's points" in elevator.stands(0.0).reason


def test_health_says_how_the_device_stands_since_when_and_why() -> None:
    elevator = Elevator()
    new = Standing(connected=True, reason="", since=NOW)
    assert elevator.stands(10.0, new) == Health("unknown", "no message yet", NOW)
    assert elevator.stands(16.0, new) == Health("stale", "no news for more than 15 s", NOW + 15)
    elevator.say(20.0, ts=NOW + 20, speed=1)
    elevator.say(25.0, ts=NOW + 25, speed=1)
    assert elevator.stands(40.0) == Health("good", since=NOW + 20)
    assert elevator.stands(41.0) == Health("stale", "no news for more than 15 s", NOW + 40)
    gone = Standing(connected=False, reason="the broker closed the connection", since=NOW + 41)
    assert elevator.stands(42.0, gone) == Health("offline", "the broker closed the connection", NOW + 41)
    assert (
        elevator.stands(42.0, denied="el/1: not authorized").reason
        == "the broker denies the topic el/1: not authorized"
    )
    elevator.feed.refuse(Refused("json", "not JSON"), NOW + 43)
    elevator.feed.refuse(Refused("json", "not JSON"), NOW + 44)
    assert elevator.stands(45.0) == Health("bad", "last message refused: not JSON", NOW + 43)
    elevator.say(46.0, ts=NOW + 46, speed=1)
    assert elevator.stands(47.0) == Health("good", since=NOW + 46)


def test_a_storm_of_bad_messages_is_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    elevator = Elevator()
    for i in range(1000):
        elevator.feed.refuse(Refused("json", "not JSON"), NOW + i * 0.1)
    assert [record.levelname for record in caplog.records] == ["WARNING"] * 2
    assert elevator.counts["refused_json"] == 1000


@given(st.lists(st.tuples(st.floats(-700, 700), st.booleans(), st.sampled_from(["stamp", "none"])), max_size=30))
def test_times_of_a_device_only_grow(messages: list[tuple[float, bool, str]]) -> None:
    elevator = Elevator()
    times: list[float] = []
    for i, (offset, retained, kind) in enumerate(messages):
        stamp = {"ts": NOW + offset} if kind == "stamp" else {}
        times += elevator.times(elevator.say(float(i), retained=retained, speed=1, **stamp))
    assert all(earlier < later for earlier, later in pairwise(times))


def test_a_flood_loses_the_oldest_and_counts_them() -> None:
    inbox = Inbox()
    for i in range(12_000):
        inbox.put("el/1", json.dumps(i).encode(), NOW)
    assert inbox.dropped == 2_000
    assert inbox.take(1)[0].payload == b"2000"
    assert len(inbox.take(20_000)) == 9_999
    assert inbox.take(1) == []


def test_large_messages_cannot_eat_the_memory() -> None:
    inbox = Inbox(most_bytes=3 * (PAYLOAD_LIMIT + 1024))
    inbox.put("el/1", b"x" * (PAYLOAD_LIMIT + 1), NOW)
    for _ in range(5):
        inbox.put("el/1", b"x" * PAYLOAD_LIMIT, NOW)
    assert inbox.dropped == 3, "the oversized one, which weighs nothing, and two of the others"
    assert len(inbox.take(10)) == 3
