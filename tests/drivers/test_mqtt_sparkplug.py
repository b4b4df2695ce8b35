"""Sparkplug B payloads against bytes written by hand."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.mqtt.sparkplug import decode
from drivers.refused import Refused
from tests.drivers.sparkplug_wire import (
    ALIAS,
    BOOLEAN,
    DATASET,
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

U32, U64 = 1 << 32, 1 << 64
Read = float | str | bool | None
VALUES: list[tuple[int | None, int, float | str | bytes, Read]] = [
    (1, INT, U32 - 5, -5),
    (1, INT, 251, -5),
    (2, INT, U32 - 1000, -1000),
    (3, INT, U32 - 70_000, -70_000),
    (3, INT, 70_000, 70_000),
    (4, LONG, U64 - 1, -1),
    (4, INT, 7, 7),
    (5, INT, 251, 251),
    (6, INT, 65_535, 65_535),
    (7, INT, U32 - 1, U32 - 1),
    (7, LONG, U32 - 1, U32 - 1),
    (8, LONG, U64 - 1, U64 - 1),
    (9, FLOAT, 1.5, 1.5),
    (10, DOUBLE, -2.25, -2.25),
    (11, BOOLEAN, 1, True),
    (11, INT, 1, True),
    (12, STRING, "open", "open"),
    (13, LONG, 1_773_532_800_000, 1_773_532_800_000),
    (None, FLOAT, 1.5, 1.5),
    (None, BOOLEAN, 0, False),
    (None, INT, 251, None),
    (9, INT, 3, None),
    (16, DATASET, b"", None),
]


@pytest.mark.parametrize(("datatype", "kind", "raw", "expected"), VALUES)
def test_a_value_is_read_by_its_datatype(
    datatype: int | None, kind: int, raw: float | str | bytes, expected: Read
) -> None:
    (read,) = decode(payload(metric((NAME, "x"), (kind, raw)))).metrics
    value = read.value(datatype)
    assert value == expected
    assert type(value) is type(expected)


def test_what_a_metric_says_of_itself() -> None:
    said = metric((NAME, "Motor/Speed"), (ALIAS, 0), (TIMESTAMP, 1500), (DATATYPE, 9), (HISTORICAL, 1), (FLOAT, 2.0))
    (read,) = decode(payload(said, seq=0, stamp=2.0)).metrics
    assert (read.name, read.alias, read.stamp, read.datatype, read.historical) == ("Motor/Speed", 0, 1.5, 9, True)
    (bare,) = decode(payload(metric((ALIAS, 7)))).metrics
    assert (bare.name, bare.alias, bare.stamp, bare.datatype, bare.historical) == (None, 7, None, None, False)
    (null,) = decode(payload(metric((NAME, "x"), (NULL, 1), (FLOAT, 2.0)))).metrics
    assert null.value(9) is None
    empty = decode(b"")
    assert (empty.seq, empty.stamp, empty.metrics) == (None, None, ())
    assert math.isnan(float(decode(payload(metric((NAME, "x"), (FLOAT, math.nan)))).metrics[0].value(9) or 0))


BROKEN = {
    "JSON": b'{"timestamp": 1, "metrics": []}',
    "text": b"offline",
    "cut": payload(metric((NAME, "x"), (FLOAT, 1.0)))[:-1],
    "a name that is no UTF-8": payload(metric((NAME, b"\xff\xfe"), (FLOAT, 1.0))),
    "a text that is no UTF-8": payload(metric((NAME, "x"), (STRING, b"\xff"))),
    "endless varint": b"\x08" + b"\xff" * 11,
    "compressed": payload(uuid="SPBV1.0_COMPRESSED"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_what_is_no_payload_is_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        decode(body)
    assert caught.value.kind == "sparkplug"


GOOD = payload(metric((NAME, "x"), (ALIAS, 1), (DATATYPE, 3), (INT, 5)), metric((STRING, "y")), seq=3, stamp=1.0)


@given(
    st.binary(max_size=200)
    | st.tuples(st.integers(0, len(GOOD) - 1), st.integers(0, 255)).map(
        lambda change: GOOD[: change[0]] + bytes([change[1]]) + GOOD[change[0] + 1 :]
    )
)
def test_whatever_arrives_is_refused_or_becomes_metrics(body: bytes) -> None:
    try:
        read = decode(body)
    except Refused:
        return
    for each in read.metrics:
        for datatype in (None, 1, 4, 8, 9, 11, 99):
            value = each.value(datatype)
            assert value is None or isinstance(value, int | float | str)
