"""The plot of one small ticket, to the letter: curves, a gap, limits, the time that had to pass, what happened when."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from gateway.core.config import Config
from gateway.core.types import Fleet, Floats, Fresh, Level, Ticket
from gateway.history.past import Past
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.page.drawing import drawing
from gateway.workbench.page.picture import Picture, picture
from gateway.workbench.page.words import Words
from rules.rule import Transition
from tests.workbench import lane
from tests.workbench.lane import T0

GOLDEN = Path(__file__).parent / "page_plot.svg"
RULES = """
profile: pump-set
rules:
  - id: hot
    yellow: {when: "running and bearing_temp > 70", for: 1m}
    red: {when: "avg(bearing_temp, 2m) > 80", for: 1m}
    clear: bearing_temp < 65
  - id: off
    yellow: {when: "power < 0.5 * 4 and suction_pressure < 0.04 and rises(running, 1h) > 20 and flow - 1 < 3"}
  - {id: silent, yellow: {when: offline}}
"""


class Still(Past):
    """A past of one pump: it warms up, is hot, is not heard for a while, and cools down."""

    seconds: ClassVar[Floats] = np.concatenate((np.arange(0.0, 900.0, 10.0), np.arange(1020.0, 2000.0, 10.0)))

    def profiles(self) -> dict[str, tuple[float, float]]:
        return {"pump-set": (T0, T0 + 2000.0)}

    def fresh(self, fleet: Fleet, start: float, end: float) -> Iterator[Fresh]:
        times = T0 + self.seconds[(T0 + self.seconds >= start) & (T0 + self.seconds < end)]
        names = fleet.profile.names
        values = np.zeros((len(times), len(names)))
        values[:, names.index("running")] = times > T0 + 200.0
        values[:, names.index("bearing_temp")] = 90.0 - np.abs(times - T0 - 1000.0) / 25.0
        yield Fresh(fleet, times, np.zeros(len(times), np.intp), times, values)

    def close(self) -> None: ...


@pytest.fixture
def site(tmp_path: Path) -> Config:
    return lane.site(tmp_path, pumps=RULES)


def case(site: Config, rule: str) -> Case:
    """A ticket that was opened after ten minutes, became red after fourteen and was cleared after half an hour."""
    about = ("lane", "P-1", rule, rule, Level.RED, "red_strict", "P-1 <hot>", "")
    ticket = Ticket(f"lane:P-1:{rule}", *about, T0 + 600.0, T0 + 600.0, cleared_at=T0 + 1800.0)
    moments = ((600.0, "fired", 540.0), (840.0, "escalated", 780.0), (1800.0, "cleared", 1800.0))
    changes = tuple(
        Transition(T0 + at, rule, 0, change, "yellow" if change == "fired" else "red", T0 + since, {})  # type: ignore[arg-type]
        for at, change, since in moments
    )
    return Case(ticket, site.devices[0], Level.YELLOW, T0 + 840.0, changes, T0 + 1900.0)


def shown(site: Config, rule: str) -> Picture:
    of = case(site, rule)
    outcome = Outcome(site, T0, T0 + 2000.0, 10.0, 100.0, (of,), 0, {}, (), ())
    return picture(of, outcome, Still())


def test_the_plot_of_a_ticket(site: Config, request: pytest.FixtureRequest) -> None:
    words = Words("en", site.site.zone)
    drawn = drawing(shown(site, "hot"), words, site.site.almanac, "t1").replace("><", ">\n<") + "\n"
    if request.config.getoption("--update", default=False):
        GOLDEN.write_text(drawn, encoding="utf-8")
    assert drawn == GOLDEN.read_text("utf-8")


def test_what_is_drawn_of_a_ticket(site: Config) -> None:
    """A switch, then the point with what is made of it and three limits; a gap where nothing was heard."""
    picture = shown(site, "hot")
    switch, strip = picture.sketch.strips
    assert switch.is_switch
    assert [curve.text for curve in strip.curves] == ["bearing_temp", "avg(bearing_temp, 2m)"]
    assert [(line.level, line.operator, line.value) for line in strip.lines] == [
        ("yellow", ">", 70.0),
        ("red", ">", 80.0),
        ("clear", "<", 65.0),
    ]
    unknown = np.isnan(picture.envelope.low[:, 1])
    at = T0 - picture.envelope.start + np.array([1000.0, 1100.0])
    columns = (at / (picture.envelope.end - picture.envelope.start) * picture.envelope.columns).astype(int)
    assert unknown[columns].tolist() == [True, False]


def test_what_has_another_scale_has_a_strip_of_its_own(site: Config) -> None:
    strips = {strip.curves[0].text: strip for strip in shown(site, "off").sketch.strips}
    assert set(strips) == {"power", "suction_pressure", "running", "flow", "rises(running, 1h)", "flow - 1"}
    assert strips["flow"].lines == ()
    assert strips["suction_pressure"].lines[0].value == 0.04


def test_a_rule_without_points_shows_some_of_its_device(site: Config) -> None:
    assert sum(len(strip.curves) for strip in shown(site, "silent").sketch.strips) == 2
