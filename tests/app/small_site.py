"""Two pumps and three rules: the least that makes tickets, without a driver and without a network."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from drivers.device import Batch, Device, Point, Profile
from gateway.app.round import Round
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.settings import BUILT_IN_POLICIES
from gateway.core.types import Fleet
from gateway.delivery.records import Changes, Saved
from gateway.delivery.store import StorageFailed, Store
from gateway.delivery.writer import Writer
from gateway.pipeline.board import Board
from gateway.pipeline.engine import Engine
from gateway.tickets.desk import Desk
from gateway.tickets.terms import Terms
from rules.book import Book
from rules.rule import Rule
from rules.vocabulary import Vocabulary

T0 = 1_773_532_800.0
PROFILE = Profile(profile="pump", driver="none", points=(Point(name="pressure"), Point(name="current")))
FLEET = Fleet(
    PROFILE,
    tuple(Device.model_validate({"id": f"P-{i}", "profile": "pump", "on": "x", "every": "1s"}) for i in range(2)),
)
RULES = tuple(
    Rule.model_validate(written)
    for written in (
        {"id": "low", "class": "supply", "yellow": {"when": "pressure < 2"}, "red": {"when": "pressure < 1"}},
        {"id": "dry", "class": "supply", "yellow": {"when": "current < 1"}},
        {"id": "overload", "yellow": {"when": "current > 9", "for": "30s"}, "keep": "20s"},
    )
)
GOOD = (3.0, 5.0)
LOW = (1.5, 5.0)
VERY_LOW = (0.5, 5.0)
DRY = (3.0, 0.5)


class Disk(Store):
    """A store whose next commits can be made to fail."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.failures = 0

    def commit(self, changes: Changes) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageFailed("database or disk is full")
        super().commit(changes)


def new_engine(*detectors: tuple[str, Any], rules: tuple[Rule, ...] = RULES, fleet: Fleet = FLEET) -> Engine:
    names = tuple(name for name, _ in detectors)
    words = Vocabulary(PROFILE.names, {}, {}, names, len(fleet.devices), UTC_ALMANAC)
    return Engine(fleet, dict(detectors), Book(rules, words))


def new_round(writer: Writer, clock: Any, saved: Saved | None = None, **other: Any) -> Round:
    """The main path, with what a store had saved."""
    engine, board = new_engine(), Board([FLEET], 1.0)
    firing = set()
    for state in saved.rule_states if saved else ():
        assert engine.book.restore(state.rule, FLEET.ids.index(state.device), state.fingerprint, state.body)
        if state.body["level"]:
            firing.add((state.rule, state.device))
    rules = {rule.id: rule for rule in RULES}
    tickets = [*saved.open_tickets, *saved.closed_lately] if saved else []
    desk = Desk(Terms("lakeside", "en", BUILT_IN_POLICIES), rules, tickets, saved.entries if saved else ())
    parts: dict[str, Any] = {"record": (), "stored": lambda: None, "alive": lambda: None, **other}
    board.begin(clock.now())
    round_ = Round(board, {"pump": engine}, desk, writer, clock, **parts)
    round_.resume(firing, (), clock.now())
    return round_


async def until(holds: Callable[[], bool]) -> None:
    """Wait for what has no event of its own."""
    async with asyncio.timeout(10.0):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def show(round_: Round, time: float, *readings: tuple[float, float]) -> None:
    """Let every pump say something (or a good value), and work the round of that second."""
    for device, values in zip(FLEET.ids, [*readings, GOOD, GOOD], strict=False):
        round_.board.put(Batch(device, time, np.array(values)))
    round_.work(time)
