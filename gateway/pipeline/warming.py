"""Shows an engine the past before its first row, so that detectors have learnt and windows are full.

The daemon does so at its start and a backtest before its first day, in the same way.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import takewhile
from typing import Protocol

import numpy as np

from gateway.core.types import Block, Fleet
from gateway.pipeline.engine import LEARN_STEP_S, Engine

LEARN_FROM_S = 14 * 86400.0
"""How much of the past a detector without a checkpoint is shown: two weeks hold every hour of the week twice."""
NEAR_S = 86400.0
"""What windows are shown row by row. Of what lies before they see whole minutes: a start must not take as long as the
weeks that some rules look back on."""


class Source(Protocol):
    """Whatever can show the past."""

    def profiles(self) -> Mapping[str, tuple[float, float]]:
        """First and last instant recorded, by profile name."""
        ...

    def heard(self, fleet: Fleet, before: float) -> float:
        """The last row before `before` in which a reading was first shown; -inf if there is none."""
        ...

    def blocks(self, fleet: Fleet, start: float, end: float, step_s: float) -> Iterator[Block]:
        """The blocks of [start, end): every instant k * step_s, and the recorded rows in between."""
        ...


def warm(
    engine: Engine,
    past: Source,
    now: float,
    tick_s: float,
    learnt_until: float | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Replay the past up to `now`, a whole tick, into an engine that has seen nothing; returns the number of rows.

    Detectors with a checkpoint learn only what came after it. Once `stopped` says so the rest is left out: what the
    detectors have learnt by then is sound, the windows are of no use.
    """
    rows = learn(engine, past, now, tick_s, learnt_until, stopped) if engine.detectors else 0
    rows += recall(engine, past, now, tick_s, stopped)
    engine.remember(_unknown(engine.fleet, now))  # until the first row: a window holds its last row until the next
    return rows


def learn(
    engine: Engine,
    past: Source,
    now: float,
    tick_s: float,
    learnt_until: float | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> int:
    """Show the detectors what they have not learnt of the weeks up to the last reading; returns the number of rows.

    Not up to `now`: how long nothing was recorded before a start depends on how long starting takes, and a backtest
    cannot know it.
    """
    last, rows = past.heard(engine.fleet, now), 0
    start = max(last - LEARN_FROM_S, -np.inf if learnt_until is None else learnt_until + tick_s)
    behind = float(np.nextafter(last, np.inf))
    for block in takewhile(lambda _: not stopped(), _blocks(past, engine.fleet, start, behind, LEARN_STEP_S)):
        engine.learn(block)
        rows += len(block.times)
    return rows


def recall(engine: Engine, past: Source, end: float, tick_s: float, stopped: Callable[[], bool] = lambda: False) -> int:
    """Show the windows of an engine all rows before `end` that they have not seen; returns the number of rows.

    Windows that look once a minute are shown the whole minutes of their weeks, then all windows those of the last
    stretch, and of its last day every row: afterwards windows up to a day are as if they had been there all along.
    """
    book, rows = engine.book, 0
    far, near = end - book.horizon_s, end - min(book.horizon_s, NEAR_S)
    seen = np.nextafter(book.time, np.inf)

    def blocks(start: float, until: float, step_s: float) -> Iterator[Block]:
        return takewhile(lambda _: not stopped(), _blocks(past, engine.fleet, max(start, seen), until, step_s))

    if book.learn_s:
        for block in blocks(far - book.learn_s, far, LEARN_STEP_S):
            engine.accustom(at_whole_minutes(block))
            rows += len(block.times)
    if far < near:
        for block in blocks(far, near, max(tick_s, LEARN_STEP_S)):
            engine.remember(at_whole_minutes(block))
            rows += len(block.times)
    for block in blocks(near, end, tick_s):
        engine.remember(block)
        rows += len(block.times)
    return rows


def _blocks(past: Source, fleet: Fleet, start: float, end: float, step_s: float) -> Iterator[Block]:
    """The blocks of [start, end), as far as there is a past."""
    first, _ = past.profiles().get(fleet.profile.profile, (end, end))
    start = max(start, first)
    return past.blocks(fleet, start, end, step_s) if start < end else iter(())


def at_whole_minutes(block: Block) -> Block:
    """The rows of a block that lie at whole minutes."""
    whole = np.mod(block.times, LEARN_STEP_S) == 0
    return replace(block, times=block.times[whole], values=block.values[whole], age=block.age[whole])


def _unknown(fleet: Fleet, time: float) -> Block:
    shape = (1, len(fleet.devices), len(fleet.profile.points))
    return Block(fleet, np.array([time]), np.full(shape, np.nan), np.full(shape, np.inf))
