"""Which topics make state, and what becomes of values that come one by one and of last wills."""

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
from drivers.mqtt.inbox import Arrived, Old
from drivers.mqtt.link import Standing
from drivers.mqtt.routes import Routes

NOW = 1_773_532_800.0
CONNECTED = Standing(connected=True, reason="", since=NOW - 100)
NAN = math.nan
LIFT = {
    "format": "scalar",
    "topic": "building/status/elevator/{device}/{point}",
    "points": [
        {"name": "door", "map": {"closed": 0, "open": 1}},
        {"name": "floor"},
        {"name": "load_kg", "topic": "load"},
    ],
}


class Site:
    """One or more devices of one profile, fed with arrivals."""

    def __init__(self, *devices: dict[str, Any], **profile: Any) -> None:
        self.counts: Counter[str] = Counter()
        shape = MqttProfile.model_validate({"profile": "elevator", **profile})
        common = {"profile": "elevator", "on": "broker", "every": "5s"}
        written = devices or ({"id": "EL-1"},)
        self.routes = Routes(
            [MqttDevice.model_validate({**common, **each}) for each in written], {"elevator": shape}, self.counts
        )

    def hear(self, topic: str, payload: object, at: float = 0.0, old: Old = "") -> list[Batch]:
        body = payload.encode() if isinstance(payload, str) else json.dumps(payload).encode()
        return list(self.routes.hear(Arrived(topic, body, NOW + at, old)))

    def lift(self, point: str, payload: object, at: float = 0.0, old: Old = "") -> list[Batch]:
        return self.hear(f"building/status/elevator/EL-1/{point}", payload, at, old)

    def stands(self, at: float, device: str = "EL-1") -> Health:
        return self.routes.feeds[device].health(NOW + at, CONNECTED, None)


def rows(batches: list[Batch]) -> list[list[float]]:
    return [batch.values.tolist() for batch in batches]


def test_each_device_listens_where_its_profile_says() -> None:
    site = Site({"id": "EL-1"}, {"id": "EL-2", "topic_id": "lift2"}, {"id": "EL-3", "topic": "x/{point}"}, **LIFT)
    assert site.routes.filters == {
        "EL-1": [f"building/status/elevator/EL-1/{point}" for point in ("door", "floor", "load")],
        "EL-2": [f"building/status/elevator/lift2/{point}" for point in ("door", "floor", "load")],
        "EL-3": ["x/door", "x/floor", "x/load"],
    }
    assert len(site.routes.topics) == 9


def test_only_configured_topics_make_state() -> None:
    site = Site(**LIFT)
    before = len(site.routes._ears)
    for topic in ("unknown", "spBv1.0/g/NDATA/n", "building/status/elevator/EL-1", f"{'x' * 65_000}", ""):
        assert not site.routes.knows(topic)
        assert site.hear(topic, "1") == []
    assert site.routes.knows("building/status/elevator/EL-1/load")
    assert (site.routes.close(), site.counts) == ([], {})
    assert len(site.routes._ears) == before


def test_values_that_come_together_are_one_batch() -> None:
    site = Site(**LIFT)
    assert site.lift("door", "open", 0.00) + site.lift("load", "320", 0.01) + site.lift("floor", 7, 0.02) == []
    (batch,) = site.routes.close()
    assert (batch.time, batch.values.tolist()) == (NOW + 0.02, [1, 7, 320])
    assert site.routes.close() == []


def test_two_values_of_one_point_are_two_batches() -> None:
    site = Site(**LIFT)
    site.lift("door", "open", 0.00)
    site.lift("floor", "7", 0.01)
    first = site.lift("door", "closed", 0.02)
    assert rows(first + site.routes.close()) == [
        [1, 7, pytest.approx(NAN, nan_ok=True)],
        [0, 7, pytest.approx(NAN, nan_ok=True)],
    ]


def test_values_far_apart_are_not_of_one_moment() -> None:
    site = Site(**LIFT)
    site.lift("door", "open", 0.0)
    (batch,) = site.lift("floor", "7", 1.0)
    assert batch.time == NOW
    np.testing.assert_array_equal(batch.values, [1, NAN, NAN])


def test_a_value_is_held_for_a_while() -> None:
    site = Site(**{**LIFT, "hold": "60s"})
    site.lift("door", "open", 0.0)
    site.routes.close()
    site.lift("floor", "7", 50.0)
    np.testing.assert_array_equal(site.routes.close()[0].values, [1, 7, NAN])
    site.lift("floor", "8", 61.0)
    np.testing.assert_array_equal(site.routes.close()[0].values, [NAN, 8, NAN])


def test_retained_and_repeated_values_are_never_fresh() -> None:
    site = Site(**LIFT)
    assert site.lift("door", "open", old="retained") + site.lift("floor", "3", old="repeated") == []
    assert site.routes.close() == []
    assert site.counts == {"retained": 1, "repeated": 1}
    assert site.stands(1.0).state == "stale"


def test_stamped_values_count_at_their_own_times_each_once() -> None:
    points = [{"name": "door", "path": "v"}, {"name": "floor", "path": "v"}]
    site = Site(**{**LIFT, "stamp": "t", "points": points})

    def say(point: str, value: float, stamp: float, at: float, old: Old = "") -> list[Batch]:
        return site.lift(point, {"v": value, "t": NOW + stamp}, at, old) + site.routes.close()

    (first,) = say("door", 1, stamp=1.0, at=1.2)
    (second,) = say("floor", 5, stamp=0.5, at=1.3)
    assert first.time == NOW + 1.0
    assert NOW + 1.0 < second.time < NOW + 1.001, "a device's times only grow, and no value is lost"
    assert second.values.tolist() == [1, 5]
    assert say("door", 1, stamp=1.0, at=1.4) == []
    assert say("door", 0, stamp=0.9, at=1.5) == []
    assert say("door", 0, stamp=-700, at=1.6) == []
    assert (site.counts["repeated"], site.counts["refused_stamp"]) == (2, 1)
    (kept,) = say("floor", 6, stamp=2.0, at=100.0, old="retained")
    assert kept.time == NOW + 2.0
    assert site.stands(100.0).state == "stale", "it was said long ago"


def test_one_topic_may_carry_several_points() -> None:
    points = [{"name": "t", "topic": "air", "path": "t"}, {"name": "h", "topic": "air", "path": "h"}]
    site = Site(format="scalar", topic="{device}/{point}", points=points)
    site.hear("EL-1/air", {"t": 21, "h": 40})
    assert rows(site.routes.close()) == [[21, 40]]
    site.hear("EL-1/air", {"x": 1}, 1.0)
    assert site.routes.close() == []
    assert site.counts["refused_empty"] == 1


@given(
    st.lists(
        st.tuples(st.sampled_from(["door", "floor", "load"]), st.integers(0, 9), st.floats(0, 0.2), st.booleans()),
        max_size=40,
    )
)
def test_no_value_is_lost_and_times_only_grow(messages: list[tuple[str, int, float, bool]]) -> None:
    points = [{"name": "door"}, {"name": "floor"}, {"name": "load"}]
    site = Site(**{**LIFT, "points": points})
    batches: list[Batch] = []
    at = 0.0
    for point, value, pause, drained in messages:
        at += pause
        batches += site.lift(point, value, at)
        if drained:
            batches += site.routes.close()
    batches += site.routes.close()
    for column, name in enumerate(["door", "floor", "load"]):
        said = [value for point, value, _, _ in messages if point == name]
        seen = [batch.values[column] for batch in batches if not math.isnan(batch.values[column])]
        assert _without_repeats(seen) == _without_repeats([float(value) for value in said])
    assert all(one.time < other.time for one, other in pairwise(batches))


def _without_repeats(values: list[float]) -> list[float]:
    return [value for i, value in enumerate(values) if i == 0 or value != values[i - 1]]


JSON = {"topic": "el/{device}", "points": [{"name": "speed"}, {"name": "door"}]}
WILL = {"availability": {"topic": "el/{device}/status"}}


def test_a_last_will_is_offline_at_once_and_until_news() -> None:
    site = Site(**JSON, **WILL)
    site.hear("el/EL-1", {"speed": 1, "door": 1}, 0.0)
    assert site.stands(1.0).state == "good"
    (gone,) = site.hear("el/EL-1/status", "offline", 2.0)
    np.testing.assert_array_equal(gone.values, [NAN, NAN])
    assert NOW < gone.time < NOW + 0.001, "unknown since its last word, so that a word on its way is no older"
    assert site.hear("el/EL-1/status", "offline", 3.0) == []
    assert site.stands(3.0) == Health("offline", "the device, or the broker as its last will, says offline", NOW + 2.0)
    assert site.stands(9_000.0).state == "offline"
    site.hear("el/EL-1/status", "what?", 9_001.0)
    assert site.stands(9_001.0).state == "offline"
    (batch,) = site.hear("el/EL-1", {"speed": 2}, 9_002.0)
    np.testing.assert_array_equal(batch.values, [2, NAN], "what was known before it left is not known now")
    assert site.stands(9_003.0).state == "good"
    assert site.counts["departures"] == 1


def test_online_ends_it_but_is_no_reading() -> None:
    site = Site(**JSON, **WILL)
    site.hear("el/EL-1", {"speed": 1}, 0.0)
    site.hear("el/EL-1/status", "offline", 1.0)
    site.hear("el/EL-1/status", "online", 60.0)
    assert site.stands(61.0) == Health("unknown", "no message yet", NOW + 60)
    assert site.stands(76.0).state == "stale"
    site.hear("el/EL-1/status", "online", 77.0)
    assert site.stands(77.0).state == "stale", "a device that says it is well must also say something"


def test_a_will_that_the_broker_kept_counts_and_a_reading_that_it_kept_does_not_end_it() -> None:
    site = Site(**JSON, **WILL, stamp="ts")
    site.hear("el/EL-1/status", "offline", 0.0, old="retained")
    site.hear("el/EL-1", {"ts": NOW - 5, "speed": 1}, 0.0, old="retained")
    assert site.stands(1.0).state == "offline"


def test_availability_may_be_json() -> None:
    will = {"topic": "el/{device}/status", "path": "state", "online": True, "offline": False}
    site = Site(**JSON, availability=will)
    site.hear("el/EL-1/status", {"state": False})
    assert site.stands(0.0).state == "offline"
    for nonsense in ({"other": 1}, "{", [1], {"state": None}):
        site.hear("el/EL-1/status", nonsense)
        assert site.stands(0.0).state == "offline"
    site.hear("el/EL-1/status", {"state": True})
    assert site.stands(0.0).state == "unknown"


def test_devices_that_share_a_topic_take_their_own_points() -> None:
    site = Site({"id": "A", "topic": "x"}, {"id": "B", "topic": "x"}, points=[{"name": "speed"}])
    assert [batch.device for batch in site.hear("x", {"speed": 1})] == ["A", "B"]


def test_stamps_may_have_a_unit_of_their_own() -> None:
    for unit, stamp in {"s": NOW, "ms": NOW * 1e3, "us": NOW * 1e6, "iso": "2026-03-15T00:00:00Z"}.items():
        site = Site(**JSON, stamp="ts", stamp_unit=unit)
        (batch,) = site.hear("el/EL-1", {"ts": stamp, "speed": 1}, 1.0)
        assert batch.time == NOW
        wrong = "soon" if unit == "iso" else "2026-03-15T00:00:00Z"
        assert site.hear("el/EL-1", {"ts": wrong, "speed": 1}, 2.0) == []
        assert site.counts["refused_stamp"] == 1
