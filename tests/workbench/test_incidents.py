"""Incidents of a shipped property, played through engine and desk: each is one ticket, with all who suffer in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from gateway.cli.past import Stretch, write_past
from gateway.cli.property import simulated
from gateway.core.config import Config, load
from gateway.core.plugins import discover
from gateway.core.types import Level
from gateway.history.recording import Recording
from gateway.workbench.backtest.outcome import Case
from gateway.workbench.backtest.play import play
from simulators.site import Injection

SITE = Path(__file__).parents[2] / "simulators/sites/residential.yaml"
MORNING = 1_772_413_200.0  # 2026-03-02 09:00 in Shanghai
_SCORES = ("score.", "health.", "others.")


@pytest.fixture(scope="module")
def site() -> Config:
    """The estate and the shipped packs, without detectors: none of this waits for one."""
    config = load(SITE, plugins=discover()).config
    assert config
    rules = {
        profile: tuple(rule for rule in of if not any(word in text for text in rule.conditions for word in _SCORES))
        for profile, of in config.rules.items()
    }
    return replace(config, models={}, rules=rules)


def told(site: Config, folder: Path, incident: str, device: str, lasts_s: float) -> tuple[Case, ...]:
    """The tickets of the whole property from ten minutes before an incident until it is over."""
    plant = simulated(site, seed=7)
    plant.inject(Injection(incident, device, MORNING, 0.7, lasts_s))
    start, end = MORNING - 600.0, MORNING + lasts_s + 60.0
    write_past(folder / "history.db", plant, site, [Stretch(start, end, 5.0)])
    past = Recording(folder / "history.db")
    try:
        return play(site, discover(), past, start, end, {"shipped": site.rules})["shipped"].cases
    finally:
        past.close()


@pytest.mark.parametrize(
    ("incident", "device", "lasts_s", "level", "members"),
    [
        ("mains-dip", "TR-1", 60.0, Level.RED, 11),
        ("feeder-loss", "TR-1", 900.0, Level.YELLOW, 19),
        ("riser-drilled", "WM-1-HIGH", 900.0, Level.RED, 2),
        ("pump-room-flood", "LK-1-PUMP", 5400.0, Level.RED, 5),
    ],
)
def test_an_incident_is_one_ticket(
    site: Config, tmp_path: Path, incident: str, device: str, lasts_s: float, level: Level, members: int
) -> None:
    (case,) = told(site, tmp_path, incident, device, lasts_s)
    assert case.ticket.level is level
    assert len(case.ticket.members) >= members
    assert case.ticket.fired_at - MORNING <= 310.0
