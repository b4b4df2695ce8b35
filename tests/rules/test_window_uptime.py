"""Windows after hours and years: no wild reading and no long block of rows leaves a trace, however rows are cut."""

import numpy as np
import pytest

from rules.vocabulary import Floats
from rules.windows.basic import Average, Deviation, Total
from rules.windows.looks import Ago
from rules.windows.window import Window

pytestmark = pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")

T0 = 1_700_006_400.0
HOUR_S = 3600.0


def fed(window: Window, times: Floats, x: Floats, rows: int) -> Floats:
    """The values in blocks of so many rows."""
    return np.concatenate([window.feed(times[i : i + rows], x[i : i + rows]) for i in range(0, len(times), rows)])


@pytest.mark.parametrize("at", [0, 100])
@pytest.mark.parametrize("wild", [4_294_967_295.0, 1e14])
def test_a_wild_reading_costs_no_digits_of_what_comes_hours_later(wild: float, at: int) -> None:
    times = T0 + np.arange(0.0, 8 * HOUR_S, 10.0)
    x = 0.4 + 0.05 * np.sin(np.arange(len(times)))[:, None]
    last = x[-31:-1]  # the rows whose values the window of the last row weighs
    x[at] = wild
    shown = {of: fed(of(300.0, 1), times, x, 700)[-1, 0] for of in (Average, Deviation, Total)}
    assert shown[Average] == pytest.approx(last.mean(), abs=0.002)
    assert shown[Deviation] == pytest.approx(last.std(), rel=0.02)
    assert shown[Total] == pytest.approx(shown[Average] * 300.0, rel=0.02)


@pytest.mark.parametrize("window", [Average, Deviation, Total])
@pytest.mark.parametrize("length_s", [900.0, 50_000.0])
def test_how_rows_are_cut_does_not_matter_where_totals_begin_anew(window: type[Window], length_s: float) -> None:
    chance = np.random.default_rng(3)
    times = T0 + np.cumsum(chance.uniform(1.0, 900.0, 400))
    x = np.where(chance.random((400, 3)) < 0.2, np.nan, chance.normal(50.0, 9.0, (400, 3)))
    one_by_one = fed(window(length_s, 3), times, x, 1)
    for rows in (7, 64, 400):
        np.testing.assert_array_equal(fed(window(length_s, 3), times, x, rows), one_by_one)


def test_a_constant_is_its_own_average_for_ever() -> None:
    times = T0 + np.arange(0.0, 60 * HOUR_S, 60.0)
    x = np.full((len(times), 1), 0.1)
    assert np.nanmax(np.abs(fed(Average(900.0, 1), times, x, 500) - 0.1)) == 0.0
    assert np.nanmax(fed(Deviation(900.0, 1), times, x, 500)) == 0.0


@pytest.mark.parametrize("window", [Ago(HOUR_S, 50), Average(HOUR_S, 50)], ids=["ago", "avg"])
def test_a_long_block_takes_its_room_only_for_as_long_as_it_lasts(window: Window) -> None:
    said = window.nbytes
    times = T0 + 60.0 * np.arange(4096.0)
    window.feed(times, np.ones((4096, 50)))
    fed(window, times[-1] + 10.0 * np.arange(1.0, 60.0), np.ones((59, 50)), 1)
    assert window.nbytes == said
