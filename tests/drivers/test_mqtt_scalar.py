"""Payloads that are one value."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.payload import JsonPoint
from drivers.refused import Refused
from drivers.scalar import Values, parse_scalar


def values(**fields: Any) -> Values:
    return Values({1: JsonPoint.model_validate({"name": "speed", **fields})}, 3, stamp="t", unit="ms")


DOOR = {"map": {"open": 1, "closed": 0, 7: 2}}
READ: list[tuple[bytes, dict[str, Any], float]] = [
    (b"21.5", {}, 21.5),
    (b" 21.5\n", {}, 21.5),
    (b"+21.5", {}, 21.5),
    (b"007", {}, 7.0),
    (b".5", {}, 0.5),
    (b"5.", {}, 5.0),
    (b"1e3", {}, 1000.0),
    (b'"21.5"', {}, 21.5),
    (b"true", {}, 1.0),
    (b"480", {"scale": 0.1, "offset": -40}, 8.0),
    (b"open", DOOR, 1.0),
    (b'"closed"', DOOR, 0.0),
    (b"7", DOOR, 2.0),
    (b"ajar", DOOR, math.nan),
    (b"null", {}, math.nan),
    (b"NaN", {}, math.nan),
    (b"1e999", {}, math.nan),
    (b"21,5", {}, math.nan),
    (b"21.5 C", {}, math.nan),
    (b"0x10", {}, math.nan),
    (b"1_000", {}, math.nan),
    (b"[1]", {}, math.nan),
    (b'{"v": 3}', {}, math.nan),
    (b'{"v": 3}', {"path": "v"}, 3.0),
]


@pytest.mark.parametrize(("payload", "fields", "expected"), READ)
def test_a_payload_is_a_value_or_unknown(payload: bytes, fields: dict[str, Any], expected: float) -> None:
    row = values(**fields).row(parse_scalar(payload))
    assert row == pytest.approx([None, expected, None], nan_ok=True)


@pytest.mark.parametrize("payload", [b"", b"  ", b"\xff", b'{"v": ', b"[1", b'"open', b"x" * 300])
def test_what_is_neither_value_nor_text_is_refused(payload: bytes) -> None:
    with pytest.raises(Refused) as caught:
        parse_scalar(payload)
    assert caught.value.kind == "json"


def test_a_message_without_the_value_is_refused() -> None:
    with pytest.raises(Refused, match="no value where the profile says"):
        values(path="v").row({"w": 1})


def test_a_value_may_have_a_stamp() -> None:
    assert values().stamp({"t": 1_773_532_800_500, "v": 1}) == 1_773_532_800.5
    assert values().stamp(3.0) is None
    with pytest.raises(Refused, match="stamp"):
        values().stamp({"t": "2026-03-15T00:00:00Z"})


payloads = st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | st.floats().map(lambda x: str(x).encode())


@given(payloads)
def test_whatever_arrives_is_refused_or_becomes_a_number(payload: bytes) -> None:
    try:
        row = values().row(parse_scalar(payload))
    except Refused:
        return
    assert isinstance(row[1], float | int)
    assert not math.isinf(row[1])
