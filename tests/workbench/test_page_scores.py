"""The plot of a ticket that a score raised: the score with its limits, and what was expected of what drove it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gateway.core.config import Config
from gateway.core.messages import Language
from gateway.workbench.backtest.outcome import Case, Outcome
from gateway.workbench.backtest.trace import Trace
from gateway.workbench.page.bands import Band, bands
from gateway.workbench.page.drawing import drawing
from gateway.workbench.page.picture import Picture, picture
from gateway.workbench.page.words import Words
from tests.workbench import lane
from tests.workbench.lane import T0
from tests.workbench.test_page_plot import Still, case

RULES = """
profile: pump-set
rules:
  - {id: odd, yellow: {when: "score.usual > 0.95 and running and bearing_temp > 20"}}
  - {id: ill, yellow: {when: "min(health.usual, 10m) < 30"}}
"""
MODELS = "models: {usual: {detector: usual, profiles: [pump-set]}}\n"


def channel(point: str, **other: float | None) -> dict[str, Any]:
    return {"point": point, "value": 90.0, "expected": 60.0, "low": 55.5, "high": 65.5} | other


EVIDENCE = {
    "values": {},
    "scores": {
        "usual": {
            "text": "odd",
            "since": T0 + 480.0,
            "channels": [channel("bearing_temp"), channel("vibration", low=-3.0, high=4.0, expected=2.0, value=0.0)],
        }
    },
}


@pytest.fixture
def site(tmp_path: Path) -> Config:
    return lane.site(tmp_path, MODELS, pumps=RULES)


def shown(site: Config, rule: str, evidence: dict[str, Any] = EVIDENCE, *, traced: bool = True) -> Picture:
    of = case(site, rule)
    of = replace(of, ticket=replace(of.ticket, evidence=evidence))
    fleet = next(fleet for fleet in site.fleets if "P-1" in fleet.ids)
    trace = Trace(fleet, ("score.usual", "health.usual"), T0, T0 + 2000.0, 10.0)
    times = T0 + np.arange(0.0, 2000.0, 10.0)
    scores = np.tile(np.where(times > T0 + 480.0, 0.99, 0.1)[:, None], len(fleet.devices))
    trace.hear(times, {"score.usual": scores, "health.usual": 100.0 * (1.0 - scores)})
    traces = {"pump-set": trace} if traced else {}
    outcome = Outcome(site, T0, T0 + 2000.0, 10.0, 100.0, (of,), 0, {}, (), (), traces=traces)
    return picture(of, outcome, Still())


def strips(picture: Picture) -> dict[str, Any]:
    return {strip.curves[0].text: strip for strip in picture.sketch.strips}


def test_the_score_with_its_limits_then_what_drove_it_then_what_the_rule_says(site: Config) -> None:
    whole = shown(site, "odd")
    drawn = strips(whole)
    assert [*drawn] == ["score.usual", "bearing_temp", "vibration", "running"]
    assert [(line.level, line.value) for line in drawn["score.usual"].lines] == [("look", 0.5), ("yellow", 0.95)]
    assert drawn["bearing_temp"].band == Band(T0 + 480.0, 60.0, 55.5, 65.5, 0)
    assert [line.value for line in drawn["bearing_temp"].lines] == [20.0]
    assert drawn["vibration"].band.low == 0.0, "no vibration is less than none"
    assert drawn["score.usual"].band is None
    low, high = whole.envelope.range()
    assert (round(float(low[0]), 2), round(float(high[0]), 2)) == (0.1, 0.99)


def test_what_is_drawn_of_health(site: Config) -> None:
    drawn = strips(shown(site, "ill"))
    assert [*drawn] == ["health.usual", "bearing_temp", "vibration", "min(health.usual, 10m)"]
    assert [line.value for line in drawn["min(health.usual, 10m)"].lines] == [30.0]
    assert drawn["health.usual"].lines == ()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["score</tspan>", "usual 56–66", "expected 60", "&gt; 0.95", ">0.5<"]),
        ("zh", ["评分</tspan>", "通常 56–66", "预期 60"]),
    ],
)
def test_it_is_drawn_and_named(site: Config, language: Language, words: list[str]) -> None:
    svg = drawing(shown(site, "odd"), Words(language, site.site.zone), site.site.almanac, "t1")
    assert not [word for word in words if word not in svg]
    assert svg.count('class="usual"') == 6, "two bands, each with two labels"
    assert svg.count('class="expected"') == 2


def test_it_begins_before_it_became_unusual(site: Config) -> None:
    early = {"scores": {"usual": EVIDENCE["scores"]["usual"] | {"since": T0 - 300.0}}}
    assert shown(site, "odd", early).envelope.start < T0 - 300.0
    ages_ago = {"scores": {"usual": EVIDENCE["scores"]["usual"] | {"since": T0 - 9e6}}}
    assert shown(site, "odd", ages_ago).envelope.start > T0 - 3000.0, "not so early that the ticket cannot be seen"


def test_without_a_trace_the_points_of_the_rule_are_drawn_as_ever(site: Config) -> None:
    drawn = strips(shown(site, "odd", traced=False))
    assert [*drawn] == ["running", "bearing_temp"]


@pytest.mark.parametrize(
    ("evidence", "points"),
    [
        ({}, []),
        ({"scores": {"usual": {"text": "as it was stored once"}}}, []),
        ({"scores": {}, "escalated": EVIDENCE}, ["bearing_temp", "vibration"]),
        ({"scores": {"usual": {"since": None, "channels": [channel(name) for name in "abcde"]}}}, ["a", "b", "c"]),
    ],
)
def test_whose_expectation_is_drawn(site: Config, evidence: dict[str, Any], points: list[str]) -> None:
    ticket = replace(case(site, "odd").ticket, evidence=evidence)
    assert [*bands(ticket)] == points


def test_what_is_not_known_is_not_drawn(site: Config) -> None:
    evidence = {"scores": {"usual": {"since": None, "channels": [channel("bearing_temp", expected=None, low=None)]}}}
    of: Case = case(site, "odd")
    assert bands(replace(of.ticket, evidence=evidence))["bearing_temp"].since == of.ticket.fired_at
    svg = drawing(shown(site, "odd", evidence), Words("en", site.site.zone), site.site.almanac, "t1")
    assert "expected" not in svg
    stranger = {"scores": {"usual": {"since": T0, "channels": [channel("gone")]}}}
    assert "gone" not in strips(shown(site, "odd", stranger))
