"""What detectors said is kept in little memory, and what was worst is never lost."""

from pathlib import Path

import numpy as np
import pytest

from drivers.device import Device, Point, Profile
from gateway.core.types import Fleet, Floats
from gateway.workbench.backtest.play import play
from gateway.workbench.backtest.trace import Trace
from tests.workbench import lane
from tests.workbench.lane import HOUR, PLUGINS

FLEET = Fleet(
    Profile(profile="pump", driver="modbus", points=(Point(name="a"),)),
    tuple(Device(id=f"P-{i}", profile="pump", on="x") for i in range(3)),
)
NAMES = ("score.usual", "health.usual")
T0 = lane.T0


def said(scores: Floats) -> dict[str, Floats]:
    return {"score.usual": scores, "health.usual": 100.0 * (1.0 - scores)}


def kept(trace: Trace, device: str, seconds: list[float]) -> list[list[float]]:
    of = trace.of(device, T0 + np.array(seconds))
    return [np.round(of[name][:, 0], 2).tolist() for name in NAMES]


def test_the_worst_of_each_minute_stands_for_it() -> None:
    trace = Trace(FLEET, NAMES, T0, T0 + 600.0, 10.0)
    scores: Floats = np.zeros((60, 3))
    scores[7, 1], scores[8, 1] = 0.9, 0.4
    scores[59] = np.nan
    times = T0 + np.arange(0.0, 600.0, 10.0)
    for cut in (slice(0, 8), slice(8, 60)):  # a minute may lie in two blocks
        trace.hear(times[cut], said(scores[cut]))
    assert kept(trace, "P-1", [0.0, 59.0, 60.0, 119.0, 120.0]) == [[0.0, 0.0, 0.9, 0.9, 0.0], [100, 100, 10, 10, 100]]
    assert kept(trace, "P-0", [65.0, 599.0]) == [[0.0, 0.0], [100.0, 100.0]]


def test_nothing_is_known_beyond_the_backtest_nor_before_the_detector_knows() -> None:
    trace = Trace(FLEET, NAMES, T0, T0 + 600.0, 60.0)
    trace.hear(T0 + np.array([60.0]), said(np.array([[np.nan, 0.5, 0.5]])))
    assert np.isnan(kept(trace, "P-0", [60.0])).all()
    assert np.isnan(kept(trace, "P-1", [-1.0, 0.0, 600.0])).all()
    assert kept(trace, "P-1", [60.0]) == [[0.5], [50.0]]
    assert trace.names == {*NAMES}


@pytest.mark.parametrize(
    ("step_s", "most", "stretch_s"), [(10.0, 1 << 24, 60.0), (3600.0, 1 << 24, 3600.0), (10.0, 60, 8640.0)]
)
def test_no_stretch_is_without_a_row_and_all_of_them_fit(step_s: float, most: int, stretch_s: float) -> None:
    trace = Trace(FLEET, NAMES, T0, T0 + 86400.0, step_s, most)
    times = T0 + np.arange(0.0, 86400.0, step_s)
    trace.hear(times, said(np.tile(np.linspace(0.0, 1.0, len(times))[:, None], 3)))
    seconds = np.arange(0.0, 86400.0, 7.0)
    shown = trace.of("P-2", T0 + seconds)["score.usual"][:, 0]
    assert not np.isnan(shown).any()
    assert len(np.unique(np.floor(seconds / stretch_s))) * 6 <= most
    edges = np.flatnonzero(np.diff(np.floor(seconds / stretch_s)))
    assert (np.diff(shown)[edges] >= 0.0).all()
    assert np.count_nonzero(np.diff(shown)) <= len(edges)


def test_a_backtest_keeps_what_the_detectors_of_a_variant_said_and_finds_the_same(tmp_path: Path) -> None:
    rule = """
profile: pump-set
rules:
  - {id: odd, yellow: {when: "score.usual > 0.9"}}
"""
    site = lane.site(tmp_path, "models: {usual: {detector: usual, profiles: [pump-set], warm_up: 2h}}\n", pumps=rule)
    past = lane.Made(site, 8 * HOUR, [lane.Spell("P-1", 7 * HOUR, 7.5 * HOUR, "bearing_temp", 80.0)], 60.0)
    rules = {"before": site.rules, "after": site.rules}
    found = play(site, PLUGINS, past, T0 + 4 * HOUR, T0 + 8 * HOUR, rules, step_s=60.0, traced=["after"])
    assert found["before"].traces == {}
    assert found["before"].cases == found["after"].cases
    (case,) = found["after"].cases
    assert found["after"].traces.keys() == {"pump-set"}
    hour = case.ticket.fired_at + 60.0 * np.arange(-1.0, 30.0)
    kept = found["after"].traces["pump-set"].of(case.device.id, hour)
    assert (kept["score.usual"][0] < 0.9) & (kept["score.usual"][1] > 0.9)
    assert kept["score.usual"][1] == pytest.approx(case.ticket.evidence["values"]["score.usual"], abs=1e-3)
    assert 90.0 < kept["health.usual"][1] <= 100.0
