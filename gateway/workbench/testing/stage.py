"""Sets a rule test up: one device, its rules and detectors in the daemon's own engine, and the blocks to play.

Time begins on a Monday, by a clock on the wall that shows UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from drivers.device import Device
from gateway.core.types import Block, Fleet, Floats
from gateway.core.unfold import Held, stale_after_s, stale_limits, unfold
from gateway.pipeline.engine import LEARN_STEP_S, Engine
from gateway.pipeline.warming import NEAR_S
from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.listening import Overheard, Played
from gateway.workbench.testing.series import UNKNOWN
from gateway.workbench.testing.subject import Subject
from gateway.workbench.testing.testfile import RuleTest, Simulation
from rules.book import Book
from simulators.site import Injection, SimulatedDevice, SimulatedSite

MONDAY = 1704067200.0
"""2024-01-01, 00:00 UTC."""

_ROWS = 8640  # of a simulated machine that are read at once


@dataclass(frozen=True, slots=True)
class Stage:
    """An engine and what to play through it. `begin` is the moment that the test calls 0."""

    engine: Engine
    detectors: Mapping[str, Overheard]
    begin: float
    blocks: Iterator[Block]
    """May be played once. A simulated machine's detectors learn its past before the first one."""


def set_up(test: RuleTest, subject: Subject, kit: Kit) -> Stage:
    """Everything that a test needs, built anew."""
    profile, ratings = subject.profile.profile, test.device.ratings if test.device else {}
    device = Device(id=profile, profile=profile, on="test", ratings=ratings).model_copy(update={"every": test.step})
    fleet = Fleet(subject.profile, (device,))
    times: Floats = MONDAY + test.start + test.step * np.arange(test.samples, dtype=np.float64)
    detectors = {name: _detector(name, test, subject, kit, times) for name in subject.scores}
    engine = Engine(fleet, detectors, Book(tuple(subject.rules.values()), subject.vocabulary(ratings)))
    engine.waiting = False  # whoever writes a silence at the beginning means it
    engine.learns &= test.simulate is not None  # from a written score there is nothing to learn
    blocks = _simulated(test.simulate, engine, times) if test.simulate else iter([_written(test, fleet, times)])
    return Stage(engine, detectors, float(times[0]), blocks)


def _detector(name: str, test: RuleTest, subject: Subject, kit: Kit, times: Floats) -> Overheard:
    """A simulated machine has real ones, where there are any."""
    real = kit.detector(name, subject.profile) if test.simulate else None
    written = (played.get(name, UNKNOWN).over(len(times)).values for played in (test.scores, test.health, test.others))
    return Overheard(real or Played(times, *written))


def _written(test: RuleTest, fleet: Fleet, times: Floats) -> Block:
    """The series of a test. Each point is held as if it were a device: one may fall silent while others go on."""
    names = fleet.profile.names
    values, heard = np.full((len(times), len(names)), np.nan), np.zeros((len(times), len(names)), np.bool_)
    for name, series in test.series.items():
        whole, column = series.over(len(times)), names.index(name)
        values[:, column], heard[:, column] = whole.values, whole.heard
    rows, points = np.nonzero(heard)
    stale_s = np.full(len(names), stale_after_s(fleet.devices[0]))
    nothing = Held.empty(len(names), 1)
    shown, age, _ = unfold(times, rows, points, times[rows], values[rows, points, None], nothing, stale_s)
    return Block(fleet, times, shown.transpose(0, 2, 1), age.transpose(0, 2, 1))


def _simulated(simulation: Simulation, engine: Engine, times: Floats) -> Iterator[Block]:
    """The life of a machine. Detectors and windows know the time before the test, as after any start of a daemon."""
    fleet, begin = engine.fleet, float(times[0])
    (device,) = fleet.devices
    machine = SimulatedDevice(device.id, fleet.profile, simulation.plant, device.on, ratings=device.ratings)
    befalls = Injection(simulation.fault, device.id, begin + simulation.onset, simulation.severity, simulation.duration)
    site = SimulatedSite([machine], simulation.seed, [befalls], utc_offset_s=0.0)
    if engine.detectors:
        for block in _read(site, fleet, np.arange(begin - simulation.history, begin, LEARN_STEP_S)):
            engine.learn(block)
    horizon_s = engine.book.horizon_s
    rows = np.ceil(min(horizon_s, NEAR_S) / device.every)
    near = begin - device.every * rows
    far = min(near, begin - horizon_s)
    if engine.book.learn_s:
        for block in _read(site, fleet, _minutes(far - engine.book.learn_s, far)):
            engine.accustom(block)
    if far < near:
        for block in _read(site, fleet, _minutes(far, near)):
            engine.remember(block)
    for block in _read(site, fleet, near + device.every * np.arange(rows, dtype=np.float64)):
        engine.remember(block)
    yield from _read(site, fleet, times)


def _minutes(start: float, end: float) -> Floats:
    """The whole minutes of [start, end)."""
    count = np.arange(np.ceil(start / LEARN_STEP_S), np.ceil(end / LEARN_STEP_S), dtype=np.float64)
    minutes: Floats = count * LEARN_STEP_S
    return minutes


def _read(site: SimulatedSite, fleet: Fleet, times: Floats) -> Iterator[Block]:
    """What the machine measures at each instant; when it measures nothing at all it does not answer."""
    last, stale_s = Held.empty(1, len(fleet.profile.points)), stale_limits(fleet)
    for first in range(0, len(times), _ROWS):
        part = times[first : first + _ROWS]
        measured = site.read(fleet.ids[0], part)
        rows = np.flatnonzero(~np.isnan(measured).all(axis=1))
        devices = np.zeros_like(rows)
        values, age, last = unfold(part, rows, devices, part[rows], measured[rows], last, stale_s)
        yield Block(fleet, part, values, age)
