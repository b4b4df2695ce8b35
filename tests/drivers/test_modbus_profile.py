import math
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.encoding import Encoding, Raw
from drivers.modbus import PLUGIN
from drivers.modbus.profile import ModbusProfile
from drivers.modbus.settings import ModbusConnection, ModbusDevice
from drivers.plan import Place, Span

FLOW = {"name": "flow", "unit": "m³/h", "low": 0, "high": 500, "address": 0, "type": "f32", "scale": 0.1}


def profile(*points: dict[str, Any], **settings: Any) -> ModbusProfile:
    return ModbusProfile.model_validate({"profile": "pump-set", "driver": "modbus", "points": points, **settings})


def findings(*points: dict[str, Any], **settings: Any) -> list[tuple[str, tuple[int | str, ...]]]:
    with pytest.raises(ValidationError) as caught:
        profile(*points, **settings)
    return [(error["type"], error["loc"]) for error in caught.value.errors()]


def test_a_point_becomes_a_place_and_an_encoding() -> None:
    written = profile({**FLOW, "manual": "40001", "sentinels": [0x7F000000]}, order="CDAB")
    assert written.places[0] == Place("holding", 0, 2)
    marks = (Raw(2130706432.0, 2130706432.0),)
    expected = Encoding("f32", "CDAB", scale=0.1, sentinels=marks, low=0, high=500)
    assert written.encodings == (expected,)


def test_the_order_of_a_point_overrides_that_of_its_profile() -> None:
    (encoding,) = profile({**FLOW, "order": "DCBA"}, order="CDAB").encodings
    assert encoding.order == "DCBA"


@pytest.mark.parametrize(
    ("change", "kind", "where"),
    [
        ({"address": -1}, "address_out_of_range", "address"),
        ({"address": 65535}, "address_out_of_range", "address"),
        ({"type": "bool"}, "bit_missing", "type"),
        ({"bit": 3}, "bit_of_a_number", "bit"),
        ({"type": "bool", "bit": 16}, "bit_out_of_range", "bit"),
        ({"table": "coil"}, "bit_table_type", "type"),
        ({"table": "discrete", "type": "bool", "bit": 0}, "bit_of_a_bit", "bit"),
        ({"scale": 0}, "bad_scale", "scale"),
        ({"scale": math.inf}, "bad_scale", "scale"),
        ({"offset": math.nan}, "bad_offset", "offset"),
        ({"low": 501}, "empty_range", "low"),
        ({"type": "u8"}, "literal_error", "type"),
        ({"order": "ACBD"}, "literal_error", "order"),
        ({"colour": "blue"}, "extra_forbidden", "colour"),
        ({"bits": "4-7"}, "bits_of_no_number", "bits"),
        ({"type": "u16", "bits": "7-4"}, "bad_bits", "bits"),
        ({"type": "u16", "bits": "4-16"}, "bad_bits", "bits"),
        ({"type": "u16", "bits": "high byte"}, "bad_bits", "bits"),
        ({"order": "BA"}, "order_of_another_width", "order"),
        ({"order": "GHEFCDAB"}, "order_of_another_width", "order"),
        ({"type": "bcd16", "order": "CDAB"}, "order_of_another_width", "order"),
        ({"fraction_bits": 64}, "less_than_equal", "fraction_bits"),
        ({"scale_from": "ct"}, "bad_link", "scale_from"),
        ({"offset_from": "flow"}, "bad_link", "offset_from"),
        ({"every": 5}, "duration_without_unit", "every"),
    ],
)
def test_what_can_be_wrong_with_a_point(change: dict[str, Any], kind: str, where: str) -> None:
    assert findings({**FLOW, **change}) == [(kind, ("points", 0, where))]


def test_an_impossible_sentinel_is_pointed_at() -> None:
    point = {**FLOW, "type": "u16", "sentinels": [65535, 65536]}
    assert findings(point) == [("impossible_sentinel", ("points", 0, "sentinels", 1))]


@pytest.mark.parametrize(
    ("change", "mark"),
    [
        ({}, math.inf),
        ({}, math.nan),
        ({}, 10**400),
        ({}, "0-" + 400 * "9"),
        ({"type": "f64"}, 10**400),
        ({"type": "bcd16"}, math.inf),
        ({"type": "u16", "bits": "4-7"}, 0xFFFF),
        ({"type": "u16", "bits": "4-7"}, "15-16"),
        ({"type": "bool", "bit": 0}, 2),
    ],
)
def test_what_no_sentinel_can_be(change: dict[str, Any], mark: float | str) -> None:
    assert findings({**FLOW, **change, "sentinels": [0, mark]}) == [
        ("impossible_sentinel", ("points", 0, "sentinels", 1))
    ]


def test_zeros_in_front_make_no_other_number() -> None:
    (encoding,) = profile({"name": "level", "address": 0, "type": "u16", "sentinels": ["007-010"]}).encodings
    assert encoding.sentinels == ((7.0, 10.0),)


@pytest.mark.parametrize(
    ("change", "kind", "where"),
    [
        ({"map": {1: 0, 2: 1}, "scale": 0.1}, "scaled_map", ()),
        ({"map": {70000: 1}, "type": "u16", "scale": 1.0}, "scaled_map", ()),
    ],
)
def test_a_map_is_not_scaled(change: dict[str, Any], kind: str, where: tuple[str, ...]) -> None:
    assert findings({**FLOW, **change}) == [(kind, ("points", 0, *where))]


def test_a_code_that_the_type_cannot_hold_is_pointed_at() -> None:
    point = {"name": "leak", "address": 0, "type": "u16", "map": {1: 1, 70000: 0}}
    assert findings(point) == [("impossible_code", ("points", 0, "map", "70000"))]
    point = {"name": "leak", "address": 0, "type": "u16", "bits": "0-1", "map": {3: 1, 4: 0}}
    assert findings(point) == [("impossible_code", ("points", 0, "map", "4"))]


def test_codes_may_be_written_as_bit_patterns() -> None:
    (encoding,) = profile({"name": "phase", "address": 0, "type": "s16", "map": {0: 0, "0xFFFF": 1}}).encodings
    assert encoding.codes == ((0.0, 0.0), (-1.0, 1.0))


def test_a_manual_that_counts_from_one() -> None:
    written = profile({**FLOW, "address": 3028}, address_base=1, forbidden=[{"from": 3100, "to": 3109}])
    assert written.places == (Place("holding", 3027, 2),)
    assert written.limits.forbidden == (Span("holding", 3099, 3108),)
    assert findings(FLOW, address_base=1) == [("address_below_base", ("points", 0, "address"))]


def test_what_is_forbidden_is_not_a_point() -> None:
    assert findings({**FLOW, "address": 10}, forbidden=[{"from": 11, "to": 20}, {"from": 40, "to": 30}]) == [
        ("empty_span", ("forbidden", 1, "from")),
        ("forbidden_point", ("points", 0, "address")),
    ]


def test_links_lead_to_a_point_that_stands_alone() -> None:
    points = [
        {"name": "ct", "address": 0, "type": "u16", "scale_from": "pt"},
        {"name": "pt", "address": 1, "type": "u16"},
        {**FLOW, "address": 2, "scale_from": {"point": "ct", "as": "factor"}},
    ]
    assert findings(*points) == [("bad_link", ("points", 2, "scale_from"))]


def test_encodings_name_the_columns_that_they_hang_on() -> None:
    written = profile(
        {"name": "decimals", "address": 3, "type": "u16"},
        {"name": "level", "address": 4, "type": "s16", "scale_from": {"point": "decimals", "as": "decimals"}},
        {"name": "zero", "address": 5, "type": "s16", "offset_from": "decimals", "fraction_bits": 4},
    )
    assert written.encodings[1].factor == (0, "decimals")
    assert (written.encodings[2].addend, written.encodings[2].scale) == (0, 1 / 16)


def test_all_findings_come_at_once() -> None:
    assert findings({**FLOW, "address": -1, "scale": 0}, {**FLOW, "name": "head", "bit": 1}) == [
        ("address_out_of_range", ("points", 0, "address")),
        ("bad_scale", ("points", 0, "scale")),
        ("bit_of_a_number", ("points", 1, "bit")),
    ]


def test_overlaps_and_points_too_wide_come_at_once() -> None:
    points = [
        {"name": "a", "address": 0, "type": "f32"},
        {"name": "b", "address": 1, "type": "u16"},
        {"name": "c", "address": 10, "type": "u32"},
        {"name": "d", "address": 10, "type": "s32"},
    ]
    assert findings(*points, max_registers=1) == [
        ("wider_than_a_read", ("points", 0, "type")),
        ("wider_than_a_read", ("points", 2, "type")),
        ("wider_than_a_read", ("points", 3, "type")),
        ("overlapping_points", ("points", 1, "address")),
        ("overlapping_points", ("points", 3, "address")),
    ]


def test_an_overlap_is_seen_past_a_short_point_in_between() -> None:
    points = [
        {"name": "a", "address": 0, "type": "u64"},
        {"name": "b", "address": 1, "type": "u16"},
        {"name": "c", "address": 3, "type": "u16"},
    ]
    assert findings(*points) == [
        ("overlapping_points", ("points", 1, "address")),
        ("overlapping_points", ("points", 2, "address")),
    ]


@pytest.mark.parametrize(
    "points",
    [
        pytest.param([{"type": "bool", "bit": 0}, {"type": "bool", "bit": 1}], id="bits of a register"),
        pytest.param([{"type": "u16"}, {"type": "bool", "bit": 1}], id="a status word and its bits"),
        pytest.param([{"type": "f32"}, {"type": "f32", "scale": 10}], id="the same number in another unit"),
        pytest.param([{"type": "u16", "bits": "0-3"}, {"type": "u16", "bits": "4-7"}], id="fields of a register"),
        pytest.param([{"type": "u16"}, {"type": "s16", "table": "input"}], id="another table"),
    ],
)
def test_sharing_that_is_no_overlap(points: list[dict[str, Any]]) -> None:
    assert profile(*({"name": f"p{i}", "address": 7, **point} for i, point in enumerate(points)))


def test_a_profile_without_points_and_beyond_the_protocol_is_refused() -> None:
    assert findings(max_registers=126) == [("no_points", ("points",)), ("less_than_equal", ("max_registers",))]


@pytest.mark.parametrize("unit", [0, 1, 247, 255])
def test_units(unit: int) -> None:
    assert ModbusDevice.model_validate({"id": "a", "profile": "p", "on": "bus", "unit": unit}).unit == unit


@pytest.mark.parametrize(
    ("change", "kind"),
    [({"unit": 248}, "unit_out_of_range"), ({"unit": -1}, "unit_out_of_range"), ({"every": "0s"}, "not_positive")],
)
def test_what_can_be_wrong_with_a_device(change: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ModbusDevice.model_validate({"id": "a", "profile": "p", "on": "bus", **change})
    assert [error["type"] for error in caught.value.errors()] == [kind]


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("tcp://10.0.0.5:1502", "10.0.0.5", 1502),
        ("tcp://plc.local", "plc.local", 502),
        ("tcp://[::1]:502/", "::1", 502),
        ("tls://meter", "meter", 802),
        ("rtu+tcp://10.0.0.5:4196", "10.0.0.5", 4196),
        ("rtu:///dev/serial/by-id/usb-FTDI", "", 0),
    ],
)
def test_addresses(url: str, host: str, port: int) -> None:
    connection = ModbusConnection.model_validate({"driver": "modbus", "url": url})
    assert (connection.host, connection.port) == (host, port)
    assert (connection.timeout, connection.gap, connection.retries) == (1.0, 0.0, 0)


@pytest.mark.parametrize(
    "url",
    [
        "10.0.0.5:502",
        "http://plc:502",
        "tcp://",
        "tcp://:502",
        "tcp://plc:0",
        "tcp://plc:70000",
        "tcp://plc:x",
        "tcp://u:p@plc",
        "tcp://plc/path",
        "tcp://plc?unit=1",
        "tcp://[::1",
        "rtu://ttyUSB0",
        "rtu:///",
        "rtu:///dev/ttyS0?baud=9600",
        "udp://plc",
        "tcp://plc..local",
        "tls://.local",
        "tcp://" + 64 * "a",
        "rtu:///dev/tty\0",
    ],
)
def test_bad_addresses(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ModbusConnection.model_validate({"driver": "modbus", "url": url})
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [("bad_modbus_url", ("url",))]


@pytest.mark.parametrize(
    ("written", "kind", "where"),
    [
        ({"url": "tcp://plc", "baud": 9600}, "serial_without_port", "baud"),
        ({"url": "rtu+tcp://plc", "parity": "even"}, "serial_without_port", "parity"),
        ({"url": "tcp://plc", "ca": __file__}, "certificate_needs_tls", "ca"),
        ({"url": "tls://plc", "key": __file__}, "half_a_client_certificate", "key"),
        ({"url": "tls://plc", "ca": "nowhere.pem"}, "path_not_file", "ca"),
    ],
)
def test_what_can_be_wrong_with_a_line(written: dict[str, Any], kind: str, where: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ModbusConnection.model_validate({"driver": "modbus", **written})
    assert [(error["type"], error["loc"]) for error in caught.value.errors()] == [(kind, (where,))]


def test_the_plugin_brings_the_models() -> None:
    assert (PLUGIN.name, PLUGIN.profile, PLUGIN.device, PLUGIN.connection) == (
        "modbus",
        ModbusProfile,
        ModbusDevice,
        ModbusConnection,
    )
