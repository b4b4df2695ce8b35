"""The numbers in conditions: found with what they limit, and replaced where they stand."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rules.language.limits import limits, with_limit
from rules.vocabulary import Vocabulary


@pytest.mark.parametrize(
    ("text", "quantity", "operator", "number", "point"),
    [
        ("bearing_temp > 70", "bearing_temp", ">", 70.0, "bearing_temp"),
        ("  70 °C  <=  bearing_temp", "bearing_temp", ">=", 70.0, "bearing_temp"),
        ("avg( vibration,  5m) < 5.1 mm/s", "avg( vibration, 5m)", "<", 5.1, "vibration"),
        ("delta(pressure, 1h) < -0.2", "delta(pressure, 1h)", "<", -0.2, "pressure"),
        ("abs(pressure - 0.4) >= 0.03", "abs(pressure - 0.4)", ">=", 0.03, None),
        ("(flow + level) / 2 > 1e-3", "(flow + level) / 2", ">", 0.001, None),
        ("running != 0", "running", "!=", 0.0, "running"),
        ("score.usual > 0.95", "score.usual", ">", 0.95, None),
        ("health.usual < 60", "health.usual", "<", 60.0, None),
    ],
)
def test_one_limit(pump: Vocabulary, text: str, quantity: str, operator: str, number: float, point: str | None) -> None:
    (limit,) = limits(text, pump)
    assert (limit.quantity, limit.operator, limit.number, limit.point) == (quantity, operator, number, point)
    assert float(text[slice(*limit.span)].replace(" ", "")) == number


def test_limits_come_in_the_order_of_the_text_and_the_inner_ones_too(pump: Vocabulary) -> None:
    found = limits("running and 0.1 < pressure < 0.5 and held(flow > 3 m³/h, 1h) > 0.2", pump)
    assert [(limit.quantity, limit.operator, limit.number) for limit in found] == [
        ("pressure", ">", 0.1),
        ("pressure", "<", 0.5),
        ("flow", ">", 3.0),
        ("held(flow > 3 m³/h, 1h)", ">", 0.2),
    ]


@pytest.mark.parametrize("text", ["running", "flow < level", "not running", "flow > level * 2", "2 < 3 and running"])
def test_what_has_no_limit(pump: Vocabulary, text: str) -> None:
    assert limits(text, pump) == ()


def test_a_limit_may_be_a_share_of_a_rating(pump: Vocabulary) -> None:
    (limit,) = limits("flow < 0.5 * rated_power", pump)
    assert (limit.number, limit.rating) == (0.5, "rated_power")
    np.testing.assert_equal(limit.values(pump), [3.75, np.nan])
    (turned,) = limits("rated_power * -2 < flow", pump)
    assert (turned.operator, turned.number, turned.values(pump)[0]) == (">", -2.0, -15.0)


def test_a_limit_is_told_in_the_unit_of_its_quantity(pump: Vocabulary) -> None:
    (limit,) = limits("age(flow) > 5m", pump)
    assert (limit.number, limit.unit, limit.values(pump).tolist()) == (5.0, "s", [300.0, 300.0])


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("avg(max(flow, level), 5m) > 1", True),
        ("flow > 1", True),
        ("avg(during(flow, level > 2), 6h) > 1", True),
        ("rate(flow, 5m) > 1", False),
        ("flow - level > 1", False),
    ],
)
def test_whether_it_can_be_read_on_the_scale_of_its_points(pump: Vocabulary, text: str, alike: bool) -> None:  # noqa: FBT001
    limit = limits(text, pump)[-1]
    assert limit.alike is alike


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(number=st.floats(-1e6, 1e6), which=st.integers(0, 3))
def test_another_number_in_the_same_place(pump: Vocabulary, number: float, which: int) -> None:
    text = "avg(vibration, 5m) > -5.1 mm/s and 0.1 MPa < pressure < 0.5 and flow < 0.5 * rated_power"
    before = limits(text, pump)
    after = limits(with_limit(text, before[which].span, number), pump)
    assert after[which].number == pytest.approx(number, rel=1e-5)
    assert [limit.quantity for limit in after] == [limit.quantity for limit in before]
    assert [a.number for i, a in enumerate(after) if i != which] == [
        b.number for i, b in enumerate(before) if i != which
    ]


def test_a_limit_of_many_digits_stays_what_it_is(pump: Vocabulary) -> None:
    text = "sum(flow, 1d) > 1234567.25"
    (limit,) = limits(text, pump)
    assert with_limit(text, limit.span, limit.number) == text
