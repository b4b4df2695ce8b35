"""Whatever strangers send on whatever topic, in whatever order: nothing raises, times grow, values are possible."""

import math
from collections import Counter, defaultdict
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.mqtt import MqttDevice, MqttProfile
from drivers.mqtt.inbox import Arrived, Old
from drivers.mqtt.link import Standing
from drivers.mqtt.routes import Routes
from tests.drivers.sparkplug_wire import (
    ALIAS,
    BOOLEAN,
    DATATYPE,
    DOUBLE,
    FLOAT,
    HISTORICAL,
    INT,
    LONG,
    NAME,
    NULL,
    STRING,
    TIMESTAMP,
    metric,
    payload,
)

NOW = 1_773_532_800.0
LOW, HIGH = -100.0, 100.0
POINTS = [{"name": "a", "low": LOW, "high": HIGH}, {"name": "b", "low": LOW, "high": HIGH, "map": {"on": 1, 2: 2}}]
WILL = {"availability": {"topic": "will/{device}"}}
PROFILES: dict[str, dict[str, object]] = {
    "json": {"topic": "json/{device}", "stamp": "t", "points": POINTS, **WILL},
    "list": {"topic": "list/{device}", "stamp": "t", "samples": "s", "points": POINTS},
    "scalar": {"format": "scalar", "topic": "scalar/{device}/{point}", "stamp": "t", "points": POINTS, **WILL},
    "plain": {"format": "scalar", "topic": "plain/{device}/{point}", "points": POINTS},
    "spark": {"format": "sparkplug", "topic": "g/n/{device}", "points": POINTS},
}
KINDS = ("NBIRTH", "NDATA", "NDEATH", "DBIRTH", "DDATA", "DDEATH", "NCMD")
TOPICS = [
    *("json/1", "list/1", "scalar/1/a", "scalar/1/b", "plain/1/a", "plain/1/b", "will/1", "other"),
    *(f"spBv1.0/g/{kind}/n" + ("/1" if kind[0] == "D" else "") for kind in KINDS),
    *("spBv1.0/g/DDATA/n/2", "$sparkplug/certificates/spBv1.0/g/DBIRTH/n/1", "spBv1.0/g/DDATA"),
]

stamps = st.floats(-700, 20).map(lambda offset: NOW + offset)
numbers = st.sampled_from([0, 1, 2, -5, 99, 101, 1e300, math.nan, math.inf]) | st.floats()
words = st.sampled_from([b"on", b"2", b"online", b"offline", b"null", b"[]", b"{}", b"true", b""])
objects = st.builds(lambda t, a, b: f'{{"t": {t}, "a": {a}, "b": "{b}"}}'.encode(), stamps, numbers, numbers)
lists = st.lists(objects, max_size=3).map(lambda items: b'{"s": [' + b",".join(items) + b"]}")
values = st.one_of(
    st.tuples(st.just(INT), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(LONG), st.integers(0, 2**64 - 1)),
    st.tuples(st.just(FLOAT), st.floats(width=32)),
    st.tuples(st.just(DOUBLE), st.floats()),
    st.tuples(st.just(BOOLEAN), st.integers(0, 1)),
    st.tuples(st.just(STRING), st.sampled_from(["on", "2", ""])),
    st.tuples(st.just(NULL), st.just(1)),
)
marks = st.one_of(
    st.tuples(st.just(NAME), st.sampled_from(["a", "b", "c", "bdSeq", ""])),
    st.tuples(st.just(ALIAS), st.integers(0, 3)),
    st.tuples(st.just(DATATYPE), st.integers(0, 20)),
    st.tuples(st.just(HISTORICAL), st.integers(0, 1)),
    st.tuples(st.just(TIMESTAMP), stamps.map(lambda at: round(at * 1000))),
)
metrics = st.builds(lambda said, value: metric(*said, value), st.lists(marks, max_size=5), values)
sparks = st.builds(
    lambda found, seq, at: payload(*found, seq=seq, stamp=at),
    st.lists(metrics, max_size=4),
    st.none() | st.integers(0, 3),
    st.none() | stamps,
)
bodies = st.none() | st.binary(max_size=40) | words | objects | lists | sparks
arrivals = st.tuples(
    st.sampled_from(TOPICS), bodies, st.floats(0, 5), st.sampled_from(["", "", "retained", "repeated"])
)


@settings(deadline=None)
@given(st.lists(arrivals, max_size=40))
def test_nothing_raises_times_grow_and_values_are_possible(
    messages: list[tuple[str, bytes | None, float, Old]],
) -> None:
    devices = [{"id": name, "topic_id": "1", "profile": name, "on": "broker"} for name in PROFILES]
    routes = Routes(
        [MqttDevice.model_validate(device) for device in devices],
        {name: MqttProfile.model_validate({"profile": name, **written}) for name, written in PROFILES.items()},
        Counter(),
    )
    ears, at = len(routes._ears), NOW
    times: dict[str, list[float]] = defaultdict(list)
    for topic, body, pause, old in messages:
        at += pause
        batches = [*routes.hear(Arrived(topic, body, at, old)), *(routes.close() if pause > 1 else ())]
        for batch in batches:
            times[batch.device].append(batch.time)
            assert all(math.isnan(value) or LOW <= value <= HIGH for value in batch.values)
            assert NOW - 700 < batch.time <= at + 10
        for feed in routes.feeds.values():
            feed.health(at, Standing(connected=True, reason="", since=NOW), None)
    assert all(one < other for each in times.values() for one, other in pairwise(each))
    assert len(routes._ears) == ears
