"""Brings engines and board up to the present from the local history, before the first live tick.

Detectors with a checkpoint learn only what came after it. Windows and held values are filled for every fleet, so that
a rule over the last hour is known from the first minute after a restart.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from itertools import takewhile
from pathlib import Path

import numpy as np

from gateway.core.types import Block, Fleet
from gateway.history.recording import Recording
from gateway.pipeline.board import Board
from gateway.pipeline.engine import LEARN_STEP_S, Engine

log = logging.getLogger(__name__)

LEARN_FROM_S = 14 * 86400.0
"""How much of the past a detector without a checkpoint is shown: two weeks hold every hour of the week twice."""


def warm(
    history: Path, engine: Engine, board: Board, learnt_until: float | None, now: float, stopped: Callable[[], bool]
) -> int:
    """Replay the end of the history of one fleet into its engine; returns how many rows were replayed.

    A history that is absent or cannot be read costs the warm-up and nothing else. Once `stopped` says so the rest is
    left out: what the detectors have learnt by then is sound, the windows are of no use.
    """
    try:
        with Recording(history) as recording:
            return _replay(recording, engine, board, learnt_until, now, stopped)
    except FileNotFoundError:
        return 0
    except sqlite3.Error as error:
        log.warning("history=%s cannot be read: %s; starting cold", history.name, error)
        return 0


def _replay(
    recording: Recording,
    engine: Engine,
    board: Board,
    learnt_until: float | None,
    now: float,
    stopped: Callable[[], bool],
) -> int:
    fleet, tick_s = engine.fleet, board.tick_s
    now = now // tick_s * tick_s
    learn_from = max(now - LEARN_FROM_S, -np.inf if learnt_until is None else learnt_until + tick_s)
    first, _ = recording.profiles().get(fleet.profile.profile, (now, now))
    rows = 0

    def blocks(start: float, step_s: float) -> Iterator[Block]:
        return takewhile(lambda _: not stopped(), recording.blocks(fleet, max(start, first), now, step_s))

    if engine.detectors and learn_from < now:
        for block in blocks(learn_from, LEARN_STEP_S):
            engine.learn(block)
            rows += len(block.times)
    for block in blocks(now - engine.book.horizon_s, tick_s):
        engine.remember(block)
        rows += len(block.times)
    engine.remember(_unknown(fleet, now))  # until the first live tick: a window holds its last row until the next
    board.resume(fleet.profile.profile, recording.held(fleet, now))
    if rows:
        log.info("profile=%s warmed with %d rows of history", fleet.profile.profile, rows)
    return rows


def _unknown(fleet: Fleet, time: float) -> Block:
    shape = (1, len(fleet.devices), len(fleet.profile.points))
    return Block(fleet, np.array([time]), np.full(shape, np.nan), np.full(shape, np.inf))
