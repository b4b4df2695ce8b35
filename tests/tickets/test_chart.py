"""The picture of a ticket: the same bytes each time, small whatever it shows, and no peak and no gap is lost."""

import re
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.almanac import UTC_ALMANAC, Almanac
from gateway.core.messages import Language
from gateway.core.types import Floats
from gateway.core.wording import LANGUAGES
from gateway.tickets.chart import LARGEST_BYTES, Curve, limits_of, svg
from tests.tickets.written import CASES, NOW

SHANGHAI = Almanac(ZoneInfo("Asia/Shanghai"))
TIMES = np.arange(NOW - 3600.0, NOW + 1800.0, 30.0)
RAMP = np.where(TIMES < NOW - 1800.0, 61.0, 61.0 + (TIMES - NOW + 1800.0) / 90.0)
SAW = np.array([i % 7 - 3.0 for i in range(len(TIMES))])
SWITCH = np.where(SAW > 0, 1.0, 0.0)
GAP = np.where(abs(TIMES - NOW + 2400.0) < 300.0, np.nan, RAMP)
NAMES = {"zh": ("轴承温度", "振动", "运行"), "en": ("bearing temperature", "vibration", "running")}
SVG = "{http://www.w3.org/2000/svg}"


def drawn(case: str, language: Language) -> str:
    hot, shaking, running = NAMES[language]
    curves = {
        "one": [Curve(hot, "°C", GAP, (70.0, 80.0))],
        "three": [
            Curve(hot, "°C", RAMP, (80.0,)),
            Curve(shaking, "mm/s", SAW),
            Curve(running, "", np.where(SAW > 0, 1.0, 0.0)),
        ],
        "nothing": [Curve(hot, "°C", np.full(len(TIMES), np.nan), (80.0,))],
    }[case]
    return svg(TIMES, curves, NOW, SHANGHAI, language, NOW + 900.0 if case == "one" else None)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", ["one", "three", "nothing"])
def test_a_picture_byte_for_byte(case: str, language: Language) -> None:
    assert drawn(case, language) + "\n" == (CASES / f"charts/{case}.{language}.svg").read_text("utf-8")


def texts_of(picture: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(picture).iter(f"{SVG}text")]  # noqa: S314  # our own


def test_times_and_units_in_words() -> None:
    told = texts_of(drawn("one", "zh"))
    for text in ("轴承温度, °C", "限值 70", "限值 80", "报警 16:00", "恢复 16:15", "15:30"):
        assert text in told
    assert "no data" in texts_of(drawn("nothing", "en"))


def test_what_is_unknown_is_a_gap() -> None:
    assert len(re.findall(r"M\d+ \d+(?=[lvh])", _curve(drawn("one", "en")))) == 2
    assert len(re.findall(r"M\d+ \d+(?=[lvh])", _curve(drawn("three", "en")))) == 1


def test_it_needs_nothing_else_and_nothing_in_it_is_alive() -> None:
    hostile = '</title><script>alert("1")</script><image href="http://x/"/>\u202e'
    picture = svg(TIMES, [Curve(hostile, hostile, RAMP)], NOW, SHANGHAI, "en")
    tags = {element.tag.removeprefix(SVG) for element in ET.fromstring(picture).iter()}  # noqa: S314  # our own
    assert tags == {"svg", "title", "rect", "text", "path"}
    assert re.findall(r"https?://[^\"]*", picture) == ["http://www.w3.org/2000/svg"]
    assert "\u202e" not in picture


@given(
    st.lists(st.floats(allow_nan=True, allow_infinity=True), min_size=0, max_size=60),
    st.integers(1, 3),
    st.sampled_from([0.001, 1.0, 3600.0, 1e6]),
    st.text(max_size=60),
    st.lists(st.floats(allow_nan=True), max_size=3),
    st.floats(-1e9, 1e9),
)
def test_it_is_small_and_sound_whatever_it_shows(
    values: list[float], count: int, step: float, title: str, limits: list[float], fired: float
) -> None:
    times = np.array([1e9 + step * i for i in range(len(values))])
    curves = [Curve(title, title, np.array(values), tuple(limits))] * count
    picture = svg(times, curves, 1e9 + fired, UTC_ALMANAC, "zh", 1e9)
    ET.fromstring(picture)  # noqa: S314  # our own
    assert len(picture.encode()) <= LARGEST_BYTES
    assert picture == svg(times, curves, 1e9 + fired, UTC_ALMANAC, "zh", 1e9)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_wildest_curves_stay_small(count: int) -> None:
    noise = np.random.default_rng(7).normal(size=100_000)
    curves = [Curve("漏" * 99, "漏" * 99, noise, (-4.0, 4.0))] * count
    picture = svg(NOW + np.arange(100_000.0), curves, NOW + 5.0, SHANGHAI, "zh", NOW + 90_000.0)
    assert 2_000 < len(picture.encode()) <= LARGEST_BYTES


@pytest.mark.parametrize("span", [1e2, 1e4, 1e6, 3e7])
def test_a_peak_of_one_sample_is_seen_at_any_length(span: float) -> None:
    times = NOW + np.linspace(0.0, span, 50_000)
    values = np.zeros(50_000)
    values[31_234] = 9.0
    heights = [
        int(y) for y in re.findall(r"(?<=v)-?\d+", _curve(svg(times, [Curve("x", "", values)], NOW, SHANGHAI, "en")))
    ]
    assert -120 in heights or 120 in heights


@pytest.mark.parametrize("times", [[], [NOW], [NOW, NOW + 1.0]])
def test_hardly_any_time_at_all(times: list[float]) -> None:
    values: Floats = np.full(len(times), 5.0)
    told = texts_of(svg(np.array(times), [Curve("x", "m", values, (6.0,))], NOW, SHANGHAI, "en"))
    assert ("no data" in told) == (not times)
    assert "raised 16:00:00" in told


@pytest.mark.parametrize("count", [0, 4])
def test_how_many_curves(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 3 curves"):
        svg(TIMES, [Curve("x", "", RAMP)] * count, NOW, SHANGHAI, "en")


def test_only_limits_of_the_point_itself_are_drawn_on_its_scale() -> None:
    evidence = {
        "limits": [
            {"quantity": "temp", "point": "temp", "limit": 80.0},
            {"quantity": "rate(temp, 5m)", "point": "temp", "limit": 0.1},
            {"quantity": "flow", "point": "flow", "limit": None},
        ]
    }
    assert limits_of(evidence, "temp") == (80.0,)
    assert limits_of(evidence, "flow") == ()
    assert limits_of({}, "temp") == ()


def _curve(picture: str) -> str:
    """The path of the first curve."""
    found = re.search(r'<path d="([^"]*)" transform=', picture)
    assert found
    return found[1]
