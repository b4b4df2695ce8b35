from collections.abc import Callable

import numpy as np
import pytest

from drivers.device import Device, Point, Profile
from gateway.core.types import Fleet, Fresh
from gateway.history.influx.lines import Lines, escaped

NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("pump-set", "pump-set"),
        ("Lakeside, tower 3", r"Lakeside\,\ tower\ 3"),
        ("湖畔 花园=A", r"湖畔\ 花园\=A"),
        ("two\nlines", r"two\ lines"),
        ("ends in \\", r"ends\ in\ "),
        ("50%", "50%"),
    ],
)
def test_names_are_escaped(name: str, written: str) -> None:
    assert escaped(name) == written


def test_one_line_per_reading_with_the_points_that_have_a_value(fleet_of: Callable[..., Fleet]) -> None:
    fleet = fleet_of(devices=2, points=3)
    values = np.array([[1.0, 2.5, -3e-7], [NAN, 1e22, INF], [NAN, NAN, NAN]])
    fresh = Fresh(fleet, np.zeros(3), np.array([0, 1, 0]), np.array([1.7e9, 1.7e9 + 0.0016, 2.0]), values)
    assert list(Lines("湖畔 1").bodies([fresh])) == [
        (
            "pump-set,device=PS-0,site=湖畔\\ 1 p0=1.0,p1=2.5,p2=-3e-07 1700000000000\n"
            "pump-set,device=PS-1,site=湖畔\\ 1 p1=1e+22 1700000000002\n"
        ).encode()
    ]


def test_bodies_are_cut(fleet_of: Callable[..., Fleet], fresh_of: Callable[..., Fresh]) -> None:
    fresh = fresh_of(fleet_of(devices=3), [1.0, 2.0, 3.0])
    bodies = list(Lines("x").bodies([fresh, fresh], most=5))
    assert [body.count(b"\n") for body in bodies] == [5, 5, 5, 3]


def test_a_site_without_a_name_has_no_tag() -> None:
    profile = Profile(profile="x", driver="modbus", points=(Point(name="p"),))
    fleet = Fleet(profile, (Device(id="d", profile="x", on="bus"),))
    fresh = Fresh(fleet, np.zeros(1), np.array([0]), np.array([1.0]), np.array([[1.0]]))
    assert list(Lines("").bodies([fresh])) == [b"x,device=d p=1.0 1000\n"]
