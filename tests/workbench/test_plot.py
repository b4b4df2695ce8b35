"""Drawings in a terminal, and the moments beside them."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from rich.cells import cell_len

from gateway.workbench.testing.holding import Holding
from gateway.workbench.testing.moments import moment
from gateway.workbench.testing.plot import SCREEN, Curve, HoldingRow, Mark, Picture, bars, draw

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


def _picture(*curves: Curve, samples: int, marks: Sequence[Mark] = (), holdings: Sequence[HoldingRow] = ()) -> Picture:
    return Picture(samples, 60.0, curves, holdings, marks)


def _floats(*values: float) -> NDArray[np.float64]:
    return np.array(values, np.float64)


def test_a_drawing_lines_up_whatever_the_language() -> None:
    curves = Curve("flow", "m³/h", _floats(1, 1, 2, 2)), Curve("running", "", np.ones(4))
    marks = [Mark("应有", "▲", 60.0, 60.0), Mark("actual", "●", 120.0, 180.0)]
    assert draw(_picture(*curves, samples=4, marks=marks)) == [
        "   flow  ▁▁▁▁▁▁▁▁████████  1 … 2 m³/h",
        "running  ▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅  1",
        "   应有      ▲ 1m",
        " actual          ●───● 2m … 3m",
        "         ╵0s     ╵2m",
    ]


def test_what_is_above_a_limit_stands_above_its_line() -> None:
    values = _floats(60, 79, 80, 80.1, 85, N)
    assert draw(_picture(Curve("temp", "°C", values, {"red > 80": 80.0, "yellow > 70": 70.0}), samples=6)) == [
        "       temp  60 … 85 °C",
        "   red > 80  ____________▁▁▁▁████____",
        "                 ▇▇▇▇████████████",
        "yellow > 70  ____████████████████____",
        "                 ████████████████",
        "             ▁▁▁▁████████████████····",
        "             ╵0s     ╵2m     ╵4m",
    ]


@pytest.mark.parametrize(
    ("values", "limits", "rows"),
    [
        ([5.0, 5.0], {"red > 5": 5.0}, ["▁▁▁▁▁▁▁▁"]),  # flat, and on its limit
        ([5.0, 5.0], {"red > 9": 9.0}, ["________", "        ", "        ", "▁▁▁▁▁▁▁▁"]),
        ([5.0, 9.0], {"red < 1": 1.0}, ["    ████", "    ████", "████████", "████████"]),
        ([1.0, 9.0], {"a > 5": 5.0, "b > 5": 5.0}, ["    ████", "____████", "    ████", "▁▁▁▁████"]),
    ],
)
def test_charts(values: list[float], limits: dict[str, float], rows: list[str]) -> None:
    _, *chart, _ = draw(_picture(Curve("x", "", _floats(*values), limits), samples=2))
    gutter = len(", ".join(limits) if len(set(limits.values())) == 1 else max(limits, key=len))
    assert [line[gutter + 2 :].ljust(8) for line in chart] == rows


def test_a_condition_is_thin_until_it_has_held_for_long_enough() -> None:
    true, unknown = np.array([0, 1, 1, 1, 0, 0], np.bool_), np.array([0, 0, 0, 0, 1, 0], np.bool_)
    holding = Holding(true, ~true & ~unknown, np.array([0, 0, 0, 1, 0, 0], np.bool_), 120.0)
    (row, _) = draw(_picture(samples=6, holdings=[HoldingRow("red true", holding, "for 2m")]))
    assert row == "red true      ────────━━━━····      for 2m"


@pytest.mark.parametrize("samples", [2, 17, 59, 60, 61, 700, 6000])
def test_no_line_is_longer_than_the_screen(samples: int) -> None:
    values = np.linspace(0.0, 123.456, samples)
    end_s = 60.0 * (samples - 1)
    marks = [
        Mark("expected", "▲", 0.0, end_s),
        Mark("actual", "●", end_s, end_s),
        Mark("实际", "●", end_s / 2, end_s / 2),
    ]
    curves = Curve("suction_pressure", "MPa", values, {"yellow >= 99.99": 99.99}), Curve("running", "", values)
    assert max(map(cell_len, draw(_picture(*curves, samples=samples, marks=marks)))) <= SCREEN


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
