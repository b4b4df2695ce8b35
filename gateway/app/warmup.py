"""Brings engines and board up to the present from the local history, before the first live tick.

Windows and held values are filled for every fleet, so that a rule over the last hour is known from the first minute
after a restart.
"""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from gateway.history.recording import Recording
from gateway.pipeline import warming
from gateway.pipeline.board import Board
from gateway.pipeline.engine import Engine

log = logging.getLogger(__name__)


def warm(
    history: Path, engine: Engine, board: Board, learnt_until: float | None, now: float, stopped: Callable[[], bool]
) -> int:
    """Replay the end of the history of one fleet into its engine; returns how many rows were replayed.

    A history that is absent or cannot be read costs the warm-up and nothing else. Once `stopped` says so the rest is
    left out: what the detectors have learnt by then is sound, the windows are of no use.
    """
    try:
        with Recording(history) as recording:
            now = now // board.tick_s * board.tick_s
            rows = warming.warm(engine, recording, now, board.tick_s, learnt_until, stopped)
            board.resume(engine.fleet.profile.profile, recording.held(engine.fleet, now))
    except FileNotFoundError:
        return 0
    except sqlite3.Error as error:
        log.warning("history=%s cannot be read: %s; starting cold", history.name, error)
        return 0
    if rows:
        log.info("profile=%s warmed with %d rows of history", engine.fleet.profile.profile, rows)
    return rows
