"""Reading registers in every type and order, as the driver's own decoder would; and the display's word for it."""

import numpy as np
import pytest

from drivers.codec import Decoder
from drivers.encoding import Encoding
from drivers.modbus.doctor.candidates import CANDIDATES, Candidate, decoded
from drivers.modbus.doctor.quantities import Expected, recognised
from drivers.modbus.doctor.reading import conduct, number
from drivers.plan import Read, Slice


def test_there_is_every_type_in_every_order() -> None:
    assert len(set(CANDIDATES)) == len(CANDIDATES) == 5 + 4 * 4 + 3 * 6
    assert {candidate.width for candidate in CANDIDATES} == {1, 2, 4}


@pytest.mark.parametrize("candidate", [c for c in CANDIDATES if c.order != "BA"], ids=str)
def test_what_the_doctor_shows_is_what_the_driver_will_read(candidate: Candidate) -> None:
    words = np.random.default_rng(7).integers(0, 65536, (1, 40)).astype(np.uint16)
    words[0, 10:20] = 0x1234  # so that decimal digits occur, too
    size = 40 - candidate.width + 1
    read = Read("holding", 0, 40, tuple(Slice(i, i) for i in range(size)))
    driver = Decoder([Encoding(candidate.kind, candidate.order)] * size, [read])
    expected = driver.decode([words.astype(">u2").tobytes()])
    np.testing.assert_array_equal(decoded(words, candidate).values[0], expected)
    assert np.isfinite(expected).any()


def test_bytes_of_one_register_may_be_swapped() -> None:
    words = np.array([[0x0102, 0xFE01]], dtype=np.uint16)
    assert decoded(words, Candidate("u16", "BA")).values.tolist() == [[0x0201, 0x01FE]]
    assert decoded(words[:, 1:], Candidate("s16", "BA")).values.tolist() == [[0x01FE]]


def test_the_distance_of_two_floats_is_the_number_of_floats_between() -> None:
    pair = np.array([1.0, np.nextafter(np.float32(1.0), np.float32(2.0))], dtype=">f4").view(">u2").reshape(2, 2)
    assert decoded(pair.astype(np.uint16), Candidate("f32", "ABCD")).steps.tolist() == [[1.0]]
    around_zero = np.array([-1e-45, 1e-45], dtype=">f4").view(">u2").reshape(2, 2)
    assert decoded(around_zero.astype(np.uint16), Candidate("f32", "ABCD")).steps.tolist() == [[2.0]]


def test_the_last_digit_of_a_large_number_is_seen() -> None:
    """A float64 would round it away."""
    words = np.array([5_239_248_245_485_996_032, 5_239_248_245_485_996_033], dtype=">i8").view(">u2").reshape(2, 4)
    assert decoded(words.astype(np.uint16), Candidate("s64", "ABCDEFGH")).steps.tolist() == [[1.0]]


@pytest.mark.parametrize(
    ("shown", "value", "scale"),
    [
        ("229.8", 229.83, 1.0),
        ("229.8", 2298.0, 0.1),
        ("50.0", 4998.0, 0.01),
        ("5.02", 5018.7, 0.001),
        ("1250", 1.25, 1000.0),
        ("229.8", 240.0, None),
        ("229.8", -229.8, None),
        ("0.0", 0.0, 1.0),
        ("0.0", 7.0, None),
        ("229.8", float("nan"), None),
        ("1e30", 1.0, None),
        ("12.34", 4e-310, None),
    ],
)
def test_a_scale_makes_a_number_fit_the_display(shown: str, value: float, scale: float | None) -> None:
    assert Expected.of(shown).scale(value) == (pytest.approx(scale) if scale is not None else None)


@pytest.mark.parametrize("shown", ["", "abc", "nan", "inf"])
def test_a_display_shows_numbers(shown: str) -> None:
    with pytest.raises(ValueError):
        Expected.of(shown)


def test_sizes_that_give_a_quantity_away() -> None:
    def name(value: float, *, whole: bool) -> tuple[str, float] | None:
        met = recognised(value, whole=whole)
        return (met.quantity.name, met.scale) if met else None

    assert name(229.8, whole=False) == ("mains voltage", 1.0)
    assert name(2298, whole=True) == ("mains voltage", 0.1)
    assert name(5001, whole=True) == ("mains frequency", 0.01)
    assert name(230, whole=True) is None
    assert name(2298, whole=False) is None


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([5.0], "unknown"),
        ([5.0, 5.0], "steady"),
        ([10000.0, 10000.1, 10000.3], "grows"),
        ([100.0, 100.1, 100.3], "smooth"),
        ([100.0, 101.0, 100.3], "smooth"),
        ([100.0, -900.0, 3.0], "jumps"),
        ([1.0, float("nan")], "unknown"),
    ],
)
def test_conduct(values: list[float], expected: str) -> None:
    assert conduct(np.array(values)) == expected


def test_numbers_are_as_short_as_their_type_allows() -> None:
    single, double, whole = Candidate("f32", "ABCD"), Candidate("f64", "ABCDEFGH"), Candidate("u64", "ABCDEFGH")
    assert number(float(np.float32(229.8)), single) == "229.8"
    assert number(229.8, double) == "229.8"
    assert number(2.0**60, whole) == str(2**60)
    assert number(1e-30, single) == "1e-30"
    assert number(float("nan"), single) == "-"
