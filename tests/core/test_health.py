"""Small things that people read: what is degraded comes first."""

from gateway.core.health import Part, report


def test_one_degraded_part_makes_the_whole_degraded_and_comes_first() -> None:
    said = report([Part("b"), Part("z", "degraded", "disk full", 12.5), Part("a")])
    assert said["status"] == "degraded"
    assert [part["part"] for part in said["parts"]] == ["z", "a", "b"]
    assert said["parts"][0] == {"part": "z", "state": "degraded", "reason": "disk full", "since": 12.5}


def test_all_well() -> None:
    assert report([Part("a")])["status"] == report([])["status"] == "ok"
