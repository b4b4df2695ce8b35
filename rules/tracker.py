"""The for/keep state machine of every (rule, device) cell: inactive -> pending -> firing -> recovering -> inactive.

This is the only loop over time in `rules`. It knows no expressions and no texts: three-valued conditions go in,
changes come out. Event time only.

A condition has *held for* the sum of the steps between rows at both of which it was true. False sets that to zero;
unknown keeps it, since time in which nothing was known is no evidence either way. A level fires when it is true and
has held for its `for`. While a cell fires, yellow may escalate to red in place, never back; it clears when the clear
condition is true and has held for `keep`, counted from the last rise. A cleared cell starts again from nothing.
"""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rules.rule import LEVELS, LevelName
from rules.vocabulary import Bools, Floats

CLEAR = 2
"""Index of the clear condition, behind those of the two levels, wherever three conditions stand in one array."""
SLACK_S = 1e-6  # sums of steps between seconds since 1970 are no better than this

_HELD = ("yellow_s", "red_s", "clear_s")

Cells = NDArray[np.intp]


class Change(NamedTuple):
    """One transition of one cell."""

    at: int
    """Row of the block."""
    cell: int
    change: Literal["fired", "escalated", "cleared"]
    level: LevelName
    since: float


class Tracker:
    """State of `cells` cells; for_s[2, cells] (inf where a rule lacks the level) and keep_s[cells] are their limits."""

    def __init__(self, for_s: Floats, keep_s: Floats) -> None:
        self._for_s = for_s - SLACK_S
        self._keep_s = keep_s - SLACK_S
        self.time = -np.inf
        self.level = np.zeros(len(keep_s), np.int8)
        """0 inactive, 1 firing yellow, 2 firing red; [cells]."""
        self.awake = np.zeros(len(keep_s), np.bool_)
        """Anything but inactive with no evidence at all; [cells]."""
        self._held = np.zeros((3, len(keep_s)))
        self._before = np.zeros((3, len(keep_s)), np.bool_)

    def pass_by(self, time: float) -> None:
        """Let time go on to the last row of a block in which no cell was awake and no level true."""
        self.time = time

    def pause(self, time: float) -> None:
        """Let time go on without evidence: neither this stretch nor the step after it counts for anything."""
        self.time = time
        self._before[:] = False

    def update(self, times: Floats, cells: Cells, true: Bools, false: Bools) -> list[Change]:
        """Take rows times[T] for some cells [k]; true and false [T, 3, k] are their conditions in each row.

        All other cells must be asleep and have no level true in these rows. Changes come in order of time, then cell.
        """
        before_each = np.concatenate([[times[0] if np.isinf(self.time) else self.time], times[:-1]])
        level, held, before = self.level[cells], self._held[:, cells], self._before[:, cells]
        for_s, keep_s = self._for_s[:, cells], self._keep_s[cells]
        changes: list[Change] = []
        for i, step in enumerate(times - before_each):
            held += step * (before & true[i])
            held[false[i]] = 0.0
            before = true[i]
            fires = before[:CLEAR] & (held[:CLEAR] >= for_s)
            reached = np.where(fires[1], 2, fires[0])
            rises = reached > level
            clears = ~rises & (level > 0) & before[CLEAR] & (held[CLEAR] >= keep_s)
            moved = np.flatnonzero(rises | clears)
            if moved.size:
                changes += _changes(i, times[i], cells, moved, level, reached, held)
                level = np.where(rises, reached, np.where(clears, 0, level)).astype(np.int8)
                held[CLEAR, rises] = 0.0
                held[:, clears] = 0.0
        self.level[cells], self._held[:, cells], self._before[:, cells] = level, held, before
        self.awake[cells] = (level > 0) | (before[:CLEAR] | (held[:CLEAR] > 0)).any(axis=0)
        self.time = float(times[-1])
        return changes

    def state(self, cell: int) -> dict[str, Any]:
        """What must survive a restart, in JSON types; empty for a cell with nothing to keep."""
        if not self.awake[cell]:
            return {}
        level = int(self.level[cell])
        held = {name: float(x) for name, x in zip(_HELD, self._held[:, cell], strict=True)}
        return {"level": LEVELS[level - 1] if level else "", **held}

    def restore(self, cell: int, state: Mapping[str, Any]) -> bool:
        """Take up a state. What held stays held; the step to the next row counts nothing. False if it is no state."""
        levels = {name: i for i, name in enumerate(("", *LEVELS))}
        if state.get("level") not in levels or not all(isinstance(state.get(name), float) for name in _HELD):
            return False
        self.level[cell] = levels[state["level"]]
        self._held[:, cell] = [state[name] for name in _HELD]
        self._before[:, cell] = False
        self.awake[cell] = True
        return True


def _changes(
    i: int, time: float, cells: Cells, moved: Cells, level: NDArray[np.int8], reached: NDArray[Any], held: Floats
) -> list[Change]:
    changes = []
    for k in moved:
        old, new = int(level[k]), int(reached[k])
        cleared = new <= old
        since = float(time - held[CLEAR if cleared else new - 1, k])
        change: Literal["fired", "escalated", "cleared"] = "cleared" if cleared else "escalated" if old else "fired"
        changes.append(Change(i, int(cells[k]), change, LEVELS[(old if cleared else new) - 1], since))
    return changes
