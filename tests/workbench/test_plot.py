"""Drawings in a terminal, and the moments beside them."""

import numpy as np
import pytest

from gateway.workbench.moments import moment
from gateway.workbench.plot import Mark, bars, draw

N = float("nan")


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ([0, 1], 2, "▁█"),
        ([0, 1], 4, "▁▁██"),
        ([5, 5, 5], 3, "▅▅▅"),
        ([0, N, 1], 3, "▁·█"),
        ([0, 0, 4, 8], 2, "▁▆"),
        ([0, N, 8, 8], 2, "▁█"),
    ],
)
def test_bars(values: list[float], width: int, drawn: str) -> None:
    assert bars(np.array(values, dtype=np.float64), width) == drawn


def test_a_drawing_lines_up_whatever_the_language() -> None:
    series = {"flow": np.array([1.0, 1.0, 2.0, 2.0]), "running": np.ones(4)}
    marks = [Mark("应有", 60.0, 60.0), Mark("actual", 120.0, 180.0)]
    assert draw(series, {"flow": "m³/h"}, 60.0, marks) == [
        "flow     ▁▁▁▁▁▁▁▁████████  1 … 2 m³/h",
        "running  ▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅  1",
        "应有         ▲",
        "actual           ─────",
        "         0s            3m",
    ]


def test_a_long_series_keeps_its_width() -> None:
    (drawn, mark, axis) = draw({"x": np.arange(6000.0)}, {}, 1.0, [Mark("end", 5999.0, 5999.0)])
    assert len(drawn.split()[1]) == 60
    assert mark.index("▲") == len(axis) - 1


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0s"),
        (0.1 + 0.2, "0.3s"),
        (80, "80s"),
        (90, "90s"),
        (900, "15m"),
        (7140, "119m"),
        (7320, "2h2m"),
        (129600, "36h"),
        (1209600, "14d"),
        (93784.5, "1d2h3m4.5s"),
        (200 * 86400, "200d"),
    ],
)
def test_moments(seconds: float, shown: str) -> None:
    assert moment(seconds) == shown
