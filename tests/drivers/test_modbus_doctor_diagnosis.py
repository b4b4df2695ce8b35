"""What the doctor makes of real register maps: the right type and order must come first, with a reason."""

import struct
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from drivers.encoding import Kind, WideOrder, registers
from drivers.modbus.doctor.diagnosis import Diagnosis, Expectations, Stretch, diagnose
from drivers.modbus.doctor.quantities import Expected
from drivers.modbus.doctor.reading import Value
from tests.drivers.modbus_images import acrel, at, em24, packed, sdm630

Words = list[int]


def of(words: Words, *later: Words, address: int = 0, expected: Expectations | None = None) -> Diagnosis:
    """One stretch of holding registers, sampled once or more often."""
    return diagnose([Stretch("holding", address, np.array([words, *later], dtype=np.uint16))], expected)


def of_image(image: dict[int, int]) -> Diagnosis:
    """The stretches of an image of input registers."""
    return _of_items(tuple(sorted(image.items())))


@cache
def _of_items(items: tuple[tuple[int, int], ...]) -> Diagnosis:
    image = dict(items)
    addresses = list(image)
    starts = [a for a in addresses if a - 1 not in image]
    ends = [a + 1 for a in addresses if a + 1 not in image]
    parts = [(first, [image[a] for a in range(first, end)]) for first, end in zip(starts, ends, strict=True)]
    return diagnose(Stretch("input", first, np.array([words], dtype=np.uint16)) for first, words in parts)


def value_at(found: Diagnosis, address: int) -> Value:
    (value,) = [each for each in found.values if each.address == address]
    return value


def kinds(found: Diagnosis, address: int) -> list[str]:
    return [str(candidate) for candidate in value_at(found, address).best.candidates]


def why(value: Value) -> list[str]:
    return [reason.kind for reason in value.reasons]


SDM630, EM24, ACREL = sdm630().tables["input"], em24().tables["input"], acrel().tables["holding"]
TUF_2000M = at(0, packed("f", 12.34, 0.0, 0.873, 0.0, order="CDAB")) | at(112, packed("f", 1834.6, 12.5, order="CDAB"))
DTSU666 = at(0x2006, packed("f", 2301, 2298, 2310, 1234, 987, 15, 28404, 9123, 9876, 9405))
PM5100 = at(2999, packed("f", 12.3, 9.81, 11.02)) | at(3203, [*packed("q", 123456789), *[0] * 12, *packed("q", 987654)])
ABB_B23 = at(
    0x5B00, [*packed("I", 2301, 2298, 2310), *[0] * 6, *packed("I", 1234, 987, 1102), *packed("i", 840000, -1200)]
)
PAC2200 = at(1, packed("f", 229.8, 230.4, 229.1)) | at(801, packed("d", 18342600.5)) | at(809, packed("d", 12400.25))
VIBRATION = at(0x34, [0xFF9C, 0x0064, 0x0802, 0, 0, 0, 112, 98, 240, 0xFFD8, 12, 9000, 2561, 12, 8, 20, 250, 251, 249])


@pytest.mark.parametrize(
    ("image", "address", "kind"),
    [
        *((SDM630, address, "f32 ABCD") for address in (0, 2, 4, 6, 8, 12, 26, 30, 34, 52, 62, 70, 72, 76, 200, 204)),
        *((EM24, address, "s32 CDAB") for address in (0, 2, 4, 6, 8, 10, 12, 14, 18, 20, 22, 40)),
        *((EM24, address, "s16") for address in (50, 51, 52)),
        *((ACREL, address, "u16") for address in range(20, 29)),
        *((ACREL, address, "s32 ABCD") for address in (30, 32, 34, 36, 62)),
        *((TUF_2000M, address, "f32 CDAB") for address in (0, 4, 112, 114)),
        *((DTSU666, address, "f32 ABCD") for address in range(0x2006, 0x201A, 2)),
        *((PM5100, address, "f32 ABCD") for address in (2999, 3001, 3003)),
        *((PM5100, address, "s64 ABCDEFGH") for address in (3203, 3219)),
        *((ABB_B23, address, "u32 ABCD") for address in (0x5B00, 0x5B02, 0x5B04, 0x5B0C, 0x5B0E)),
        *((ABB_B23, address, "s32 ABCD") for address in (0x5B12, 0x5B14)),
        *((PAC2200, address, "f32 ABCD") for address in (1, 3, 5)),
        *((PAC2200, address, "f64 ABCDEFGH") for address in (801, 809)),
        *((VIBRATION, address, "s16") for address in (0x34, 0x3D)),
        *((VIBRATION, address, "u16") for address in (0x35, 0x3A, 0x3B, 0x3C, 0x3F, 0x44, 0x45, 0x46)),
    ],
)
def test_the_type_and_order_of_a_real_map_come_first(image: dict[int, int], address: int, kind: str) -> None:
    assert kind in kinds(of_image(image), address)


@pytest.mark.parametrize(
    ("image", "order"),
    [(SDM630, "ABCD"), (EM24, "CDAB"), (ACREL, "ABCD"), (TUF_2000M, "CDAB"), (DTSU666, "ABCD"), (ABB_B23, "ABCD")],
)
def test_the_device_has_one_order(image: dict[int, int], order: WideOrder) -> None:
    found = of_image(image)
    assert found.order == order
    assert found.orders[order] > 0.9
    assert sum(found.orders.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("order", ["ABCD", "CDAB", "BADC", "DCBA"])
@pytest.mark.parametrize(("form", "kind", "scale"), [("f", "f32", 1.0), ("i", "s32", 0.1), ("d", "f64", 1.0)])
def test_ninety_nine_of_a_hundred_random_values_are_read_right(
    form: str, kind: Kind, scale: float, order: WideOrder
) -> None:
    random, right, width = np.random.default_rng(11), [], registers(kind)
    for _ in range(6):
        volts, amps, factor = random.normal(230, 3, 3), random.uniform(0.2, 80, 3), random.uniform(0.6, 1, 3)
        truth = np.concatenate([volts, amps, volts * amps * factor, factor * 100, random.uniform(10, 1e5, 2)])
        now = [truth * (1 + random.normal(0, 2e-3, len(truth))) / scale for _ in range(3)]
        rows = [packed(form, *(row if form in "fd" else np.rint(row).astype(int)).tolist(), order=order) for row in now]
        values = {value.address: value for value in of(*rows).values}
        for i in range(len(truth)):
            value = values.get(i * width)
            right.append(value is not None and not value.text and value.best.candidate.kind in (kind, "u32"))
    assert np.mean(right) >= 0.99


def test_a_whole_map_is_cut_into_its_values() -> None:
    found = of_image(ACREL)
    assert [value.address for value in found.values] == [*range(20, 30), 30, 32, 34, 36, 62, 64]
    assert value_at(found, 20).best.share > 0.99
    assert value_at(found, 29).empty
    assert why(value_at(found, 29)) == ["doctor_zero"]


def test_a_reading_says_why() -> None:
    found = of_image(SDM630)
    assert why(value_at(found, 0))[:3] == ["doctor_met", "doctor_alike", "doctor_order"]
    assert value_at(found, 0).reasons[1].words["addresses"] == ["2", "4"]
    assert (value_at(found, 0).unit, value_at(found, 70).unit) == ("V", "Hz")


def test_whole_numbers_get_a_scale_only_where_others_support_it() -> None:
    found = of_image(ACREL)
    assert [value_at(found, a).scale for a in (20, 21, 22)] == [0.1, 0.1, 0.1]
    assert value_at(found, 32).scale == 1.0  # 2259 W, though 225.9 would be a voltage
    assert value_at(of([2259, 17, 3]), 0).met is None


def test_what_the_display_shows_decides() -> None:
    words = packed("f", 230.1)
    plain, told = of(words), of(words, expected={("holding", 0): Expected.of("17254")})
    assert kinds(plain, 0) == ["f32 ABCD"]
    assert kinds(told, 0) == ["u16", "s16"]
    assert value_at(told, 0).best.share > 0.99
    assert why(value_at(told, 0))[0] == "doctor_display"


def test_the_display_gives_the_scale() -> None:
    found = of([17, 2298, 7, 9], expected={("holding", 1): Expected.of("22.98")})
    assert kinds(found, 1) == ["u16", "s16"]
    assert value_at(found, 1).scale == pytest.approx(0.01)
    assert why(value_at(found, 1))[0] == "doctor_display_scaled"


def test_a_display_that_nothing_fits_is_said_to_fit_nothing() -> None:
    found = of([17, 2298, 7, 9], expected={("holding", 1): Expected.of("611")})
    assert why(value_at(found, 1))[0] == "doctor_display_not"


def test_a_point_begins_where_the_person_says() -> None:
    words = packed("f", 229.8, 230.1, 229.4)
    assert [value.address for value in of(words).values] == [0, 2, 4]
    assert value_at(of(words, expected={("holding", 3): None}), 3).readings


def test_a_counter_has_no_sign() -> None:
    rows = [packed("I", 12_345_678 + 3 * i, 2_301 + i % 2) for i in range(4)]
    found = of(*rows)
    assert kinds(found, 0)[0] == "u32 ABCD"
    assert "doctor_grows" in why(value_at(found, 0))


def test_a_value_around_zero_has_a_sign() -> None:
    found = of([2301, 3], [2302, 0xFFFE], [2299, 1], [2304, 0xFFFB])
    assert kinds(found, 1) == ["s16"]


@pytest.mark.parametrize("words", [[0xFFFF], [0x7FFF], [0x8000], [0xFFFF, 0xFFFF]])
def test_marks_for_no_value_are_recognised(words: Words) -> None:
    found = of([2301, 2298, 2310, *words])
    assert any("doctor_mark" in why(value) for value in found.values if value.address >= 3)


def test_a_float_that_is_not_a_number_is_one_without_a_value() -> None:
    found = of([*packed("f", 12.37, 9.813), 0x7FC0, 0, 0xFFC0, 0, *packed("f", 229.4, 231.0)])
    assert [value.address for value in found.values] == [0, 2, 4, 6, 8, 10]
    assert {kinds(found, address)[0] for address in range(0, 12, 2)} == {"f32 ABCD"}
    assert (value_at(found, 4).best.shown, value_at(found, 6).best.shown) == ("-", "-")
    assert "doctor_mark" in why(value_at(found, 4))


def test_texts_are_found_among_numbers() -> None:
    text = list(struct.unpack(">8H", b"SDM630-V2 A1234\0"))
    found = of([*text, *packed("f", 229.8, 230.1)], address=500)
    assert next((value.address, value.width, value.text) for value in found.values) == (500, 8, "SDM630-V2 A1234")
    assert kinds(found, 508) == ["f32 ABCD"]


def test_floats_that_spell_something_are_no_text() -> None:
    """18342.6, 12.4 and 3120.5 read M3AFffEC in ASCII."""
    assert not any(value.text for value in of_image(SDM630).values)


def test_decimal_digits_are_for_devices_that_have_nothing_else() -> None:
    found = of([0x2301, 0x2298, 0x2310, 0x0499, 0x1234, 0x0987, 0x0975])
    assert {kinds(found, address)[0] for address in range(7)} == {"bcd16"}
    assert kinds(of_image(EM24), 12)[0] == "s32 CDAB"  # 12337 is 0x3031


@given(
    arrays(np.uint16, st.tuples(st.integers(1, 3), st.integers(1, 9))),
    st.integers(0, 9),
    st.one_of(st.none(), st.floats(-1e300, 1e300)),
)
@settings(max_examples=60, deadline=None)
def test_whatever_the_registers_hold_each_gets_one_value(
    words: NDArray[np.uint16], point: int, shown: float | None
) -> None:
    expected: Expectations = {("holding", 100 + point): Expected.of(repr(shown)) if shown is not None else None}
    found = diagnose([Stretch("holding", 100, words)], expected)
    places = [place for value in found.values for place in range(value.address, value.address + value.width)]
    assert places == list(range(100, 100 + words.shape[1]))
    shares = [reading.share for value in found.values for reading in value.readings]
    assert all(0.0 <= share <= 1.0 for share in shares)
    assert all(value.readings or value.text for value in found.values)


def test_nothing_to_read_is_no_error() -> None:
    found = diagnose([])
    assert (found.values, found.order) == ((), None)


def test_a_device_of_zeros_has_no_order() -> None:
    found = of([0] * 20)
    assert all(value.empty for value in found.values)
    assert found.order is None
