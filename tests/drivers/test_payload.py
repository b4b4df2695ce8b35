import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from drivers.parsing import parse
from drivers.payload import JsonPoint, Layout
from drivers.refused import Refused
from drivers.stamps import stamp_time

REFUSED = {
    "not JSON": b"door=open",
    "empty": b"",
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "two values": b'{"a": 1} {"a": 2}',
    "repeated key": b'{"a": 1, "b": {"c": 1, "c": 2}}',
    "100,000 brackets": b"[" * 60_000,
    "5,000 digits": b'{"a": ' + b"9" * 5_000 + b"}",
    "lone surrogate": b'{"a": "\\ud800"}',
    "lone surrogate in a key": b'{"\\udc00": 1}',
    "control character": b'{"a": "\x01"}',
    "NUL": b'{"a": 1}\x00',
}


@pytest.mark.parametrize("payload", REFUSED.values(), ids=REFUSED)
def test_a_payload_that_is_not_one_json_value_is_refused(payload: bytes) -> None:
    with pytest.raises(Refused) as caught:
        parse(payload)
    assert caught.value.kind == "json"
    assert len(str(caught.value)) < 120


def point(name: str = "speed", **fields: Any) -> JsonPoint:
    return JsonPoint.model_validate({"name": name, **fields})


def value(payload: bytes, **fields: Any) -> float | None:
    return Layout([point(**fields)]).row(parse(payload))[0]


CODES = {"closed": 0, "open": 1}
READ: list[tuple[bytes, dict[str, Any], float | None]] = [
    (b'{"speed": 1.5}', {}, 1.5),
    (b'{"speed": true}', {}, 1.0),
    (b'{"speed": false}', {}, 0.0),
    (b'{"speed": 480}', {"scale": 0.1, "offset": -40}, 8.0),
    (b'{"values": {"v": 2}}', {"path": "values.v"}, 2.0),
    (b'{"values": [{"v": 2}, {"v": 3}]}', {"path": "values[1].v"}, 3.0),
    (b"[[7, 8]]", {"path": "[0][1]"}, 8.0),
    (b'{"speed": "open"}', {"map": CODES}, 1.0),
    (b'{"speed": "ajar"}', {"map": CODES}, math.nan),
    (b'{"speed": ["open"]}', {"map": CODES}, math.nan),
    (b'{"speed": 3}', {"map": {3: 1, 0: 0}}, 1.0),
    (b'{"speed": "3"}', {"map": {3: 1, 0: 0}}, 1.0),
    (b'{"speed": true}', {"map": {True: 5}}, 5.0),
    (b'{"speed": 11}', {"high": 10}, math.nan),
    (b'{"speed": -1}', {"low": 0}, math.nan),
    (b'{"speed": NaN}', {}, math.nan),
    (b'{"speed": 1e999}', {}, math.nan),
    (b'{"speed": -Infinity}', {}, math.nan),
    (b'{"speed": 1e308}', {"scale": 100}, math.nan),
    (b'{"speed": ' + b"9" * 4_000 + b"}", {}, math.nan),
    (b'{"speed": "1.5"}', {}, math.nan),
    (b'{"speed": {}}', {}, math.nan),
    (b'{"speed": null}', {}, math.nan),
    (b'{"velocity": 1}', {}, None),
    (b'{"speed": 1}', {"path": "speed.x"}, None),
    (b'{"speed": "text"}', {"path": "speed[0]"}, None),
    (b'{"speed": [1]}', {"path": "speed[1]"}, None),
    (b"3", {}, None),
]


@pytest.mark.parametrize(("payload", "fields", "expected"), READ)
def test_a_point_is_read_or_unknown_or_absent(payload: bytes, fields: dict[str, Any], expected: float | None) -> None:
    assert value(payload, **fields) == pytest.approx(expected, nan_ok=True)


def test_a_bad_value_costs_only_its_own_point() -> None:
    layout = Layout([point("a"), point("b", path="x.b"), point("c", path="x.c")])
    assert layout.row(parse(b'{"a": 1, "x": {"b": NaN, "c": 3}}')) == pytest.approx([1, math.nan, 3], nan_ok=True)


STAMPS = {
    "2026-03-15T08:01:05.210+08:00": 1773532865.21,
    "2026-03-15T00:01:05.210Z": 1773532865.21,
    1773532865: 1773532865.0,
    1773532865.21: 1773532865.21,
    1773532865210: 1773532865.21,
    0: 0.0,
}


@pytest.mark.parametrize(("stamp", "expected"), STAMPS.items())
def test_a_stamp_may_be_iso_seconds_or_milliseconds(stamp: object, expected: float) -> None:
    assert stamp_time(stamp) == pytest.approx(expected, abs=1e-6)


NO_STAMPS: list[object] = ["2026-03-15T08:01:05", "yesterday", "", True, [1], {}, math.nan, math.inf, 10**400]


@pytest.mark.parametrize("stamp", NO_STAMPS)
def test_anything_else_is_no_stamp(stamp: object) -> None:
    with pytest.raises(Refused, match="stamp"):
        stamp_time(stamp)


def test_samples_are_the_items_of_a_list_with_a_stamp_each() -> None:
    layout = Layout([point()], stamp="t", samples="data.samples")
    message = parse(b'{"data": {"samples": [{"t": 1, "speed": 5}, {"speed": 6}]}}')
    samples = layout.samples(message)
    assert [(layout.stamp(sample), layout.row(sample)) for sample in samples] == [(1.0, [5.0]), (None, [6.0])]
    with pytest.raises(Refused, match="list of samples"):
        layout.samples(parse(b'{"data": {}}'))


@pytest.mark.parametrize("path", ["", ".", "a..b", "a[", "a[x]", "a[-1]", "a.", "[0]b"])
def test_a_path_that_leads_nowhere_is_a_finding(path: str) -> None:
    with pytest.raises(ValidationError) as caught:
        point(path=path)
    assert caught.value.errors()[0]["type"] == "bad_json_path"


def test_a_map_with_a_scale_is_a_finding() -> None:
    with pytest.raises(ValidationError) as caught:
        point(map={"on": 1}, scale=2)
    assert caught.value.errors()[0]["type"] == "scaled_map"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["ts", "a", "b", "c"]) | st.text(), inner),
)
LAYOUT = Layout(
    [point("a", low=-1e6, high=1e6), point("b", path="a.b", map={"on": 1}), point("c", path="c[0].a", scale=3.5)], "ts"
)


@given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_whatever_arrives_is_refused_or_becomes_a_row(payload: bytes) -> None:
    try:
        message = parse(payload)
        stamp = LAYOUT.stamp(message)
        row = LAYOUT.row(message)
    except Refused as refusal:
        str(refusal).encode()
        return
    assert stamp is None or math.isfinite(stamp)
    assert len(row) == 3
    assert all(value is None or math.isnan(value) or abs(value) < math.inf for value in row)


@given(st.dictionaries(st.text(), st.integers() | st.text(), max_size=5))
def test_what_json_can_say_comes_back_as_it_was(message: dict[str, Any]) -> None:
    try:
        text = json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # a lone surrogate; said with an escape it is refused
        with pytest.raises(Refused):
            parse(json.dumps(message).encode())
        return
    assert parse(text) == message


numbers = st.sampled_from([0, 1, 10, -10, 0.1, -0.0, True, False, 10**400, -(10**400), 1e308]) | st.floats()
anything = numbers | st.sampled_from(["on", "1.5", "", None, [1.0], {"a": 1}])
MANY = [
    point("a", low=-10, high=10),
    point("b", scale=0.1, offset=-40),
    point("c", scale=0.0, path="a"),
    point("d", path="b", map={"on": 1, 1: 2}),
    point("e", scale=1e300),
    point("f", path="x.a"),
    point("g", path="x.b", high=10),
    point("h", path="x[0]"),
]
members = st.fixed_dictionaries({"a": numbers, "e": numbers, "b": anything}, optional={"z": anything})
samples = st.builds(lambda one, other: {**one, "x": other}, members, members) | members


@given(samples | anything | json_values)
def test_points_that_lie_side_by_side_are_read_as_if_each_were_alone(sample: Any) -> None:
    alone = [Layout([each]).row(sample)[0] for each in MANY]
    assert repr(Layout(MANY).row(sample)) == repr(alone)


@pytest.mark.parametrize("limits", [(-10, 10), (10, -10)])
def test_the_limits_themselves_are_possible(limits: tuple[int, int]) -> None:
    one, other = (point(name, low=-10, high=10) for name in "ab")
    assert Layout([one, other]).row(dict(zip("ab", limits, strict=True))) == [*limits]
