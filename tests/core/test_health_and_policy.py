"""Small things that people read: what is degraded comes first, and a time limit that nobody set falls never."""

import pytest
from pydantic import ValidationError

from gateway.core.health import Part, report
from gateway.core.policy import Policy
from gateway.core.settings import BUILT_IN_POLICIES


def test_one_degraded_part_makes_the_whole_degraded_and_comes_first() -> None:
    said = report([Part("b"), Part("z", "degraded", "disk full", 12.5), Part("a")])
    assert said["status"] == "degraded"
    assert [part["part"] for part in said["parts"]] == ["z", "a", "b"]
    assert said["parts"][0] == {"part": "z", "state": "degraded", "reason": "disk full", "since": 12.5}


def test_all_well() -> None:
    assert report([Part("a")])["status"] == report([])["status"] == "ok"


@pytest.mark.parametrize(
    ("written", "due"),
    [
        ({}, {}),
        ({"on_site": "3m"}, {"on_site": 1180.0}),
        ({"acknowledge": "10s", "close": "2d"}, {"acknowledge": 1010.0, "close": 173_800.0}),
    ],
)
def test_limits_count_from_the_moment_the_ticket_is_raised(written: dict[str, str], due: dict[str, float]) -> None:
    assert Policy.model_validate(written).due(1000.0) == due


def test_the_built_in_policies() -> None:
    assert BUILT_IN_POLICIES["red_strict"].due(0.0) == {"on_site": 180.0}
    assert BUILT_IN_POLICIES["yellow_48h"].due(0.0) == {"close": 172_800.0}


def test_a_limit_without_a_unit_is_refused() -> None:
    with pytest.raises(ValidationError, match="has no unit"):
        Policy.model_validate({"on_site": 3})
