"""The benchmark of an outage, small: what it counts holds at any size."""

from benchmarks.drain import DrainLoad, drain


def test_an_outage_loses_nothing_makes_nothing_twice_and_lets_red_go_first() -> None:
    said: list[str] = []
    result = drain(DrainLoad(tickets=60, hours=0.02, reds=2), said.append)
    figures = {figure.name: figure.middle for figure in result.figures}
    assert figures["lost"] == figures["made twice"] == 0.0
    assert figures["red after yellow"] <= 4.0
    assert figures["committed to posted, red, p99"] >= figures["committed to posted, red, p50"] >= 0.0
    assert figures["drained after the outage"] > 0.0
    assert "0.02 h of 0.02" in said[-2]
