"""However long a daemon takes to start and to hear its first device, a backtest of what it recorded says the same."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from drivers.device import Batch
from gateway.app.warmup import warm
from gateway.core.config import Config
from gateway.core.types import Closing, Fresh, Verdict
from gateway.history.local import write_history
from gateway.history.recording import Recording
from gateway.pipeline import assembly
from gateway.pipeline.board import Board
from gateway.pipeline.engine import Engine, Finding
from gateway.pipeline.lessons import lessons_of
from gateway.workbench.backtest.play import play
from tests.workbench import lane
from tests.workbench.lane import DAY, HOUR, PLUGINS, T0, Made, Spell

RULES = """
profile: pump-set
rules:
  - {id: unusual, yellow: {when: score.usual >= 0}}
  - {id: shaken, yellow: {when: "avg(vibration, 5m) > 1.2"}}
  - {id: silent, yellow: {when: offline, for: 5m}}
"""
DETECTOR = "models: {usual: {detector: usual, profiles: [pump-set], warm_up: 6h}}\n"
LIVE = T0 + 4 * DAY + 1234.5
"""Here the record ends, and a daemon is started."""


class Life:
    """A daemon without processes: it is started on a record, and records what it hears."""

    def __init__(self, site: Config, warm_s: float, first_s: float, silent: str = "") -> None:
        """Reads the past at LIVE, watches from `warm_s` later, hears the first device `first_s` after that."""
        (self.engine,) = assembly.engines(site, PLUGINS).values()
        self._board = Board(site.fleets, site.tick_s)
        self._history = site.state_folder / "history.db"
        warm(self._history, self.engine, self._board, None, LIVE, lambda: False)
        self._begin = LIVE + warm_s
        self._board.begin(self._begin)
        self._readings = list(heard(site, self._begin + first_s, silent))

    def live(self) -> list[tuple[float, str, int]]:
        """What its rules said: time, rule and device."""
        found: list[Finding] = []
        recorded: list[Fresh] = []
        now = self._begin
        while self._readings:
            now += 7.3
            while self._readings and self._readings[0].time <= now:
                self._board.put(self._readings.pop(0))
            for block, fresh in self._board.take(now):
                recorded += [fresh] if len(fresh.rows) else []
                found += self.engine.evaluate(block)
        write_history(self._history, recorded)
        self.first_row = float(recorded[0].rows.min())
        return told(found)


def heard(site: Config, since: float, silent: str) -> Iterator[Batch]:
    """An hour of pumps that are read every ten seconds. The second is hot for a while; if one is silent, the first is
    read twice."""
    (fleet,) = site.fleets
    hot = Spell("P-2", since - T0 + 600.0, since - T0 + 2400.0, "bearing_temp", 60.0)
    made = Made(site, since - T0 + HOUR, [hot, Spell(silent, 0.0, math.inf)])
    for fresh in made.fresh(fleet, since, math.inf):
        for device, time, values in zip(fresh.devices.tolist(), fresh.times.tolist(), fresh.values, strict=True):
            for later_s in (0.4, 2.4) if silent and device == 0 else (0.4,):
                yield Batch(fleet.ids[device], time + later_s, values)


def told(found: list[Finding]) -> list[tuple[float, str, int]]:
    return [(f.transition.time, f.transition.rule, f.transition.row) for f in found if f.transition.change == "fired"]


def replayed(site: Config, start: float, ledger: Sequence[Closing] = ()) -> tuple[Engine, list[tuple[float, str, int]]]:
    engines: list[Engine] = []

    def kept(*given: Any) -> Engine:
        engines.append(make(*given))
        return engines[-1]

    make = assembly.engine
    with (
        Recording(site.state_folder / "history.db") as past,
        patch("gateway.workbench.backtest.play.assembly.engine", kept),
    ):
        end = past.profiles()["pump-set"][1] + site.tick_s
        played = play(site, PLUGINS, past, start, end, {"ours": site.rules}, handled_s=math.inf, ledger=ledger)
        (outcome,) = played.values()
    rows = {device.id: row for row, device in enumerate(outcome.config.fleets[0].devices)}
    fired = [(case.ticket.fired_at, case.ticket.rule, rows[case.ticket.device]) for case in outcome.cases]
    return engines[0], fired


@pytest.fixture
def site(tmp_path: Path) -> Config:
    """The pumps of the lane, with four days of history: a day more than the detector needs to know their relations."""
    whole = lane.site(tmp_path, DETECTOR, pumps=RULES)
    lane.record(whole, LIVE - T0, every_s=120.0).close()
    pumps = next(fleet for fleet in whole.fleets if fleet.profile.profile == "pump-set")
    return replace(whole, fleets=(pumps,), devices=pumps.devices)


@pytest.mark.parametrize(("warm_s", "first_s"), [(3.0, 55.0), (4000.0, 250.0)])
def test_how_long_a_start_takes_changes_no_score(site: Config, warm_s: float, first_s: float) -> None:
    life = Life(site, warm_s, first_s)
    found = life.live()
    engine, again = replayed(site, life.first_row)
    assert again == found
    then, now = life.engine.detectors["usual"].state(), engine.detectors["usual"].state()
    for name, learnt in then.items():
        np.testing.assert_array_equal(now[name], learnt, err_msg=name)


def test_what_a_person_taught_live_a_backtest_is_taught_at_the_same_moment(site: Config) -> None:
    life = Life(site, 3.0, 55.0)
    said = Closing("x", "unusual", "P-2", "unusual", LIVE, LIVE + 1503.0, Verdict.NORMAL, "li", ("usual",))
    life.engine.teach(lessons_of(life.engine.fleet, [said]))
    found = life.live()
    engine, again = replayed(site, life.first_row, [said])
    assert again == found
    then, now = (each.detectors["usual"].state()["level.learnt_s"] for each in (life.engine, engine))
    np.testing.assert_array_equal(now, then)
    assert (then[1] < 1.1 * DAY).all(), "it relearns"
    assert (then[0] > 1.5 * DAY).all()


def test_a_start_between_two_ticks_counts_from_there(site: Config) -> None:
    """The first pump is read twice in the first tick, so the first row lies within it; the last one never answers."""
    life = Life(site, 405.5, 0.0, silent="P-3")
    found = life.live()
    assert life.first_row % site.tick_s == 5.0
    assert ("silent", 2) in {(rule, row) for _, rule, row in found}
    assert replayed(site, life.first_row)[1] == found
