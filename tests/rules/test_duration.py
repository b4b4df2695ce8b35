"""A duration that is written can be read again, and is the same."""

import pytest

from rules.duration import duration_s, hours_s, time_of_day, written


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (300.0, "5m"), (5400.0, "90m"), (1.5, "1500ms"), (604800.0, "1w"), (0.0, "0s"), (90.25, "90250ms"),
        (1234567.0, "1234567s"), (100_000.0005, "100000.0005s"), (0.00001, "0.00001s"),
    ],
)  # fmt: skip
def test_seconds_as_a_person_would_write_them(seconds: float, text: str) -> None:
    assert written(seconds) == text
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["06:00-23:30", "22:05-05:00", "00:00-24:00"])
def test_hours_as_a_person_would_write_them(text: str) -> None:
    assert "-".join(map(time_of_day, hours_s(text))) == text
