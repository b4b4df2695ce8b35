import math
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymodbus.client.mixin import ModbusClientMixin

from drivers.codec import Decoder
from drivers.encoding import Encoding, Kind, Order, Raw, registers, sentinel
from drivers.plan import Limits, Place, plan

_FORMAT: dict[Kind, str] = {
    "u16": ">H",
    "s16": ">h",
    "u32": ">I",
    "s32": ">i",
    "u64": ">Q",
    "s64": ">q",
    "f32": ">f",
    "f64": ">d",
}


def decode(encoding: Encoding, wire: bytes) -> float:
    reads = plan([Place("holding", 0, registers(encoding.kind))])
    return float(Decoder([encoding], reads).decode([wire])[0])


@pytest.mark.parametrize(
    ("order", "wire"),
    [("ABCD", "3f9d70a4"), ("CDAB", "70a43f9d"), ("BADC", "9d3fa470"), ("DCBA", "a4709d3f")],
)
def test_word_and_byte_orders(order: Order, wire: str) -> None:
    assert decode(Encoding("f32", order), bytes.fromhex(wire)) == pytest.approx(1.23)


@pytest.mark.parametrize(
    ("encoding", "wire", "expected"),
    [
        pytest.param(Encoding("u16"), "ffff", 65535.0, id="unsigned"),
        pytest.param(Encoding("s16"), "ffff", -1.0, id="signed"),
        pytest.param(Encoding("s16", "DCBA"), "00ff", 255.0, id="one register is always high byte first"),
        pytest.param(Encoding("u16", scale=0.1, offset=-40), "0190", 0.0, id="scale and offset"),
        pytest.param(Encoding("u32", "CDAB"), "00010002", 131073.0, id="low word first"),
        pytest.param(Encoding("u64"), "ffffffffffffffff", 2.0**64, id="u64 as near as a float64 comes"),
        pytest.param(Encoding("s64", "DCBA"), "feffffffffffffff", -2.0, id="s64 backwards"),
        pytest.param(Encoding("bool", bit=0), "0001", 1.0, id="lowest bit"),
        pytest.param(Encoding("bool", bit=15), "8000", 1.0, id="highest bit"),
        pytest.param(Encoding("bool", bit=8), "0001", 0.0, id="a bit that is not set"),
        pytest.param(Encoding("bool", "BA", bit=0), "0100", 1.0, id="lowest bit of a register with its bytes turned"),
        pytest.param(Encoding("bool", "BA", bit=8), "0001", 1.0, id="bit 8 of a register with its bytes turned"),
        pytest.param(Encoding("bool", "DCBA", bit=8), "0100", 1.0, id="the order of wide values turns no register"),
        pytest.param(Encoding("f32"), "7fc00000", math.nan, id="quiet nan"),
        pytest.param(Encoding("f32"), "7f800001", math.nan, id="signalling nan"),
        pytest.param(Encoding("f32"), "7f800000", math.nan, id="inf"),
        pytest.param(Encoding("f64"), "fff0000000000000", math.nan, id="-inf"),
        pytest.param(Encoding("f64", scale=10), "7fefffffffffffff", math.nan, id="overflow by scale"),
        pytest.param(Encoding("f32"), "80000000", 0.0, id="minus zero"),
        pytest.param(Encoding("u16", high=100), "0065", math.nan, id="above the possible"),
        pytest.param(Encoding("u16", high=100), "0064", 100.0, id="at the limit"),
        pytest.param(Encoding("s16", low=-40), "ffd7", math.nan, id="below the possible"),
        pytest.param(Encoding("u16", sentinels=(Raw(65535.0, 65535.0),)), "ffff", math.nan, id="sentinel"),
        pytest.param(Encoding("u16", sentinels=(Raw(0xFFF8, 0xFFFF),)), "fffa", math.nan, id="a range of sentinels"),
        pytest.param(Encoding("u16", sentinels=(Raw(0xFFF8, 0xFFFF),)), "fff7", 65527.0, id="below the sentinels"),
        pytest.param(Encoding("u16", "BA"), "0100", 1.0, id="low byte first"),
        pytest.param(Encoding("f64", "GHEFCDAB"), "0000000000004045", 42.0, id="f64 low word first"),
        pytest.param(Encoding("u64", "EFGHABCD"), "0000000200000001", 2.0**32 + 2, id="u64 low half first"),
        pytest.param(Encoding("u64", "CDABGHEF"), "0001000000020000", 2.0**32 + 2, id="u64 words swapped in halves"),
        pytest.param(Encoding("u16", bits=(4, 7)), "abcd", 12.0, id="a field of bits"),
        pytest.param(Encoding("u32", "CDAB", bits=(12, 19)), "f000000a", 0xAF, id="a field across words"),
        pytest.param(Encoding("u64", bits=(60, 63)), "9000000000000000", 9.0, id="the highest bits"),
        pytest.param(Encoding("bcd16"), "1234", 1234.0, id="decimal digits"),
        pytest.param(Encoding("bcd32", "CDAB", scale=0.01), "56781234", 123456.78, id="decimal digits, low word first"),
        pytest.param(Encoding("bcd64"), "0000000000000042", 42.0, id="sixteen decimal digits"),
        pytest.param(Encoding("bcd16"), "12a4", math.nan, id="a digit that is none"),
        pytest.param(Encoding("u16", codes=((1.0, 1.0), (2.0, 0.0))), "0002", 0.0, id="a code"),
        pytest.param(Encoding("u16", codes=((1.0, 1.0), (2.0, 0.0))), "0003", math.nan, id="an unknown code"),
        pytest.param(Encoding("s16", codes=((-1.0, 7.0),)), "ffff", 7.0, id="a negative code"),
        pytest.param(Encoding("u16", scale=2.0**-9), "c800", 100.0, id="binary fixed point"),
        pytest.param(
            Encoding("u16", scale=0.1, sentinels=(Raw(65535.0, 65535.0),)), "fffe", 6553.4, id="not the sentinel"
        ),
    ],
)
def test_values(encoding: Encoding, wire: str, expected: float) -> None:
    assert decode(encoding, bytes.fromhex(wire)) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("kind", "written", "expected"),
    [
        ("u16", 65535, Raw(65535.0, 65535.0)),
        ("u16", 65536, None),
        ("u16", -1, None),
        ("u16", 1.5, None),
        ("s16", 0x8000, Raw(-32768.0, -32768.0)),
        ("s16", -32768, Raw(-32768.0, -32768.0)),
        ("s32", 0xFFFFFFFF, Raw(-1.0, -1.0)),
        ("f32", 0.1, Raw(float(np.float32(0.1)), float(np.float32(0.1)))),
        ("f32", 1e300, None),
        ("u16", "0xFFF8-0xFFFF", Raw(65528.0, 65535.0)),
        ("s16", "0x7FF8 - 0x7FFF", Raw(32760.0, 32767.0)),
        ("s16", "-5--1", Raw(-5.0, -1.0)),
        ("u16", "9-1", None),
        ("u16", "many", None),
        ("bcd16", 9999, Raw(9999.0, 9999.0)),
        ("bcd16", 0xFFFF, None),
        ("u64", 0xFFFFFFFFFFFFFFFF, Raw(2.0**64, 2.0**64)),
    ],
)
def test_a_sentinel_is_a_raw_value(kind: Kind, written: float | str, expected: Raw | None) -> None:
    assert sentinel(kind, written) == expected


def test_coils_come_lowest_bit_first() -> None:
    places = [Place("coil", 10 + i, 1) for i in range(10)]
    decoder = Decoder([Encoding("bool")] * 10, plan(places))
    assert decoder.decode([bytes([0b00000101, 0b10])]).tolist() == [1, 0, 1, 0, 0, 0, 0, 0, 0, 1]


def test_a_read_without_an_answer_is_unknown_and_the_others_are_not() -> None:
    places = [Place("input", 0, 1), Place("holding", 0, 1), Place("input", 1, 1)]
    decoder = Decoder([Encoding("u16")] * 3, plan(places))
    assert decoder.decode([None, b"\0\1\0\2"]).tolist() == pytest.approx([1, math.nan, 2], nan_ok=True)


def test_a_wrong_number_of_bytes_is_an_error() -> None:
    with pytest.raises(ValueError, match="3 bytes do not fill 2"):
        decode(Encoding("u16"), b"\0\1\2")


def _on_the_wire(value: bytes, order: Order) -> bytes:
    """Swap halves, words in halves and bytes in words, as the order says; an oracle that knows no letters."""
    halves, words, bytes_ = {
        2: {"BA": (0, 0, 1)},
        4: {"CDAB": (0, 1, 0), "DCBA": (0, 1, 1), "BADC": (0, 0, 1)},
        8: {
            "CDAB": (1, 1, 0),
            "DCBA": (1, 1, 1),
            "BADC": (0, 0, 1),
            "GHEFCDAB": (1, 1, 0),
            "HGFEDCBA": (1, 1, 1),
            "BADCFEHG": (0, 0, 1),
            "CDABGHEF": (0, 1, 0),
            "EFGHABCD": (1, 0, 0),
        },
    }[len(value)].get(order, (0, 0, 0))
    for swaps, size in ((halves, 4), (words, 2), (bytes_, 1)):
        if swaps:
            parts = [value[i : i + size] for i in range(0, len(value), size)]
            value = b"".join(parts[i ^ 1] for i in range(len(parts)))
    return value


_orders: dict[int, list[Order]] = {
    1: ["ABCD", "CDAB", "AB", "BA"],
    2: ["ABCD", "DCBA", "BADC", "CDAB"],
    4: ["ABCD", "DCBA", "BADC", "CDAB", "ABCDEFGH", "HGFEDCBA", "BADCFEHG", "GHEFCDAB", "CDABGHEF", "EFGHABCD"],
}
_value = st.sampled_from(sorted(_FORMAT)).flatmap(
    lambda kind: st.tuples(
        st.just(kind),
        st.sampled_from(_orders[registers(kind)]),
        st.binary(min_size=2 * registers(kind), max_size=2 * registers(kind)),
    )
)


@given(st.lists(_value, min_size=1, max_size=30), st.data())
def test_any_mix_of_types_and_orders_decodes_like_struct(
    values: list[tuple[Kind, Order, bytes]], data: st.DataObject
) -> None:
    """Points in any column order, with gaps; the oracle unpacks one value at a time."""
    address, memory, cells = 0, bytearray(400), []
    for kind, order, raw in values:
        wire = _on_the_wire(raw, order)
        memory[2 * address : 2 * address + len(wire)] = wire
        cells.append((Place("holding", address, registers(kind)), Encoding(kind, order), raw))
        address += registers(kind) + data.draw(st.integers(0, 3))
    cells = data.draw(st.permutations(cells))
    reads = plan([place for place, _, _ in cells], Limits(registers=20, gap=1))
    answers = [bytes(memory[2 * read.address : 2 * (read.address + read.count)]) for read in reads]
    row = Decoder([encoding for _, encoding, _ in cells], reads).decode(answers)
    for value, (_, encoding, raw) in zip(row, cells, strict=True):
        (expected,) = struct.unpack(_FORMAT[encoding.kind], raw)
        assert value == pytest.approx(expected if math.isfinite(expected) else math.nan, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("u16", 40000),
        ("s16", -3),
        ("u32", 3_000_000_000),
        ("s32", -70000),
        ("f32", 12.5),
        ("f64", 0.1),
        ("s64", -(2**40)),
    ],
)
@pytest.mark.parametrize(("order", "word_order"), [("ABCD", "big"), ("CDAB", "little")])
def test_what_pymodbus_encodes_is_decoded(kind: Kind, value: float, order: Order, word_order: Any) -> None:
    client = ModbusClientMixin
    name = {"u": "UINT", "s": "INT", "f": "FLOAT"}[kind[0]] + kind[1:]
    words = client.convert_to_registers(value, client.DATATYPE[name], word_order=word_order)
    assert decode(Encoding(kind, order), struct.pack(f">{len(words)}H", *words)) == value


LINKED = [
    Encoding("s16", scale=0.1, factor=(1, "factor"), offset=5.0, low=-1e6, high=1e6),
    Encoding("u16", low=1, high=100),
    Encoding("u16", factor=(3, "decimals")),
    Encoding("s16"),
    Encoding("u16", factor=(3, "exponent"), addend=1),
]


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        pytest.param((20, 10, 1234, 2, 7), [25, 10, 12.34, 2, 710], id="all known"),
        pytest.param((20, 0, 1234, -1, 70), [math.nan, math.nan, 12340, -1, math.nan], id="a ratio that cannot be"),
    ],
)
def test_another_point_gives_size_and_zero(raw: tuple[int, ...], expected: list[float]) -> None:
    reads = plan([Place("holding", i, 1) for i in range(5)])
    row = Decoder(LINKED, reads).decode([struct.pack(">hHHhH", *raw)])
    assert row.tolist() == pytest.approx(expected, nan_ok=True)


def test_a_size_that_was_not_answered_makes_what_hangs_on_it_unknown() -> None:
    places = [Place("holding", 0, 1), Place("input", 0, 1)]
    decoder = Decoder([Encoding("u16", factor=(1, "factor")), Encoding("u16")], plan(places))
    assert decoder.decode([b"\0\5", None]).tolist() == pytest.approx([math.nan, math.nan], nan_ok=True)
