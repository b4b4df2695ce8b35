"""A frame works out what is asked of it once, and parts of it for themselves."""

import numpy as np

from rules.vocabulary import Floats, Frame
from tests.rules.wall import UTC


def frame(rows: int) -> Frame:
    values = np.arange(rows * 6.0).reshape(rows, 2, 3)
    return Frame(np.arange(float(rows)), values, np.zeros_like(values), {}, UTC)


def test_what_has_a_name_is_worked_out_once() -> None:
    asked: list[int] = []

    def first_point(of: Frame) -> Floats:
        asked.append(len(of.times))
        return of.values[..., 0]

    whole = frame(4)
    assert whole.once("x", first_point) is whole.once("x", first_point)
    part = whole.rows(1, 3)
    np.testing.assert_array_equal(part.once("x", first_point), whole.values[1:3, :, 0])
    assert asked == [4, 2]


def test_a_point_comes_in_one_piece() -> None:
    whole = frame(4)
    np.testing.assert_array_equal(whole.point(2), whole.values[..., 2])
    assert whole.point(2).flags.c_contiguous
    assert whole.point(2) is whole.point(2)
    assert frame(4).point(0)[3, 1] == 21.0
