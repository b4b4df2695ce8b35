"""The shorthand of samples."""

import contextlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from gateway.workbench.testing.series import LONGEST, parse

N = float("nan")


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("60", [60]),
        (60, [60]),
        (0.5, [0.5]),
        ("60x3", [60, 60, 60]),
        ("-4.5x2", [-4.5, -4.5]),
        ("60+0.5x3", [60, 60.5, 61]),
        ("60-0.5x3", [60, 59.5, 59]),
        ("-1-1x2", [-1, -2]),
        ("60+1", [60]),
        ("_", [N]),
        ("60 _x2 61", [60, N, N, 61]),
        ("  1   2\n3 ", [1, 2, 3]),
        ("60x2 stale", [60, 60, N]),
        ("stalex2 5", [N, N, 5]),
    ],
)
def test_what_is_written_is_what_is_read(text: object, values: list[float]) -> None:
    np.testing.assert_array_equal(parse(text).values, values)


def test_a_missing_value_is_read_and_a_stale_one_is_not() -> None:
    assert parse("1 _ stale").heard.tolist() == [True, True, False]


def test_a_short_series_goes_on_as_it_ended() -> None:
    assert parse("1 2").over(4).values.tolist() == [1, 2, 2, 2]
    assert parse("1 stale").over(4).heard.tolist() == [True, False, False, False]
    assert parse("1 2 3").over(2).values.tolist() == [1, 2]
    assert len(parse("1x7")) == 7


@pytest.mark.parametrize(
    ("text", "word", "hint"),
    [
        ("60x10 85*6", "85*6", "85x6"),
        ("60×10", "60×10", "60x10"),
        ("60X10", "60X10", "60x10"),
        ("60x0", "60x0", None),
        ("60 x 10", "60 x 10", "60x10"),
        ("1 60x 10 2", "60x 10", "60x10"),
        ("stale x3", "stale x3", "stalex3"),
        ("sixty", "sixty", None),
        ("1e3", "1e3", "1000"),
        (".5x3", ".5x3", "0.5x3"),
        ("60,70x3", "60,70x3", "60 70x3"),
        ("60 nan", "nan", "_"),
        ("null x2", "null x2", "_x2"),
        ("Stale", "Stale", "stale"),
        ("60..70", "60..70", None),
        ("60x-1", "60x-1", None),
        ("٣", "٣", None),
    ],
)
def test_what_is_no_sample_is_named_with_its_place(text: str, word: str, hint: str | None) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse(text)
    context = caught.value.context or {}
    assert caught.value.type == "no_sample"
    assert (text[slice(*context["span"])], context.get("hint")) == (word, hint)


def test_a_sample_knows_its_word() -> None:
    series = parse("60x2  _ 61+1x3")
    assert [series.place(i) for i in range(6)] == [(0, 4)] * 2 + [(6, 7)] + [(8, 14)] * 3
    assert parse(60).place(0) is None


@given(st.text("0123456789.+-_x*× eEnastl,", max_size=24))
def test_a_hint_is_right(text: str) -> None:
    try:
        parse(text)
    except PydanticCustomError as problem:
        hint = (problem.context or {}).get("hint")
        with contextlib.suppress(PydanticCustomError):
            assert hint is None or len(parse(hint))


@pytest.mark.parametrize("nothing", ["", "  ", None, True, [1, 2]])
def test_nothing_is_no_series(nothing: object) -> None:
    with pytest.raises(PydanticCustomError, match="a series is samples"):
        parse(nothing)


@pytest.mark.parametrize("text", [f"1x{LONGEST} 1", "1x100001", "1x" + "9" * 400])
def test_a_typo_cannot_fill_the_memory(text: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        parse(text)
    assert caught.value.type == "series_too_long"


@given(st.text(alphabet="0123456789.+-x_ stale*\n", max_size=30))
def test_any_text_is_a_series_or_a_finding(text: str) -> None:
    with contextlib.suppress(PydanticCustomError):
        series = parse(text)
        assert len(series.values) == len(series.heard) > 0
        assert not np.isinf(series.values).any()
