"""The for/keep state machine of every (rule, device) cell: inactive -> pending -> firing -> recovering -> inactive.

This is the only loop over time in `rules`, and short where nothing changes. It knows no expressions and no texts:
three-valued conditions go in, changes come out. Event time only.

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

_RED = np.int8(2)  # as a level
_HELD = ("yellow_s", "red_s", "clear_s")
_FEWEST = 8  # rows that are looked at together after a change; as long as nothing changes, ever more are

Cells = NDArray[np.intp]


class Change(NamedTuple):
    """One transition of one cell."""

    at: int
    """Row of the block."""
    cell: int
    change: Literal["fired", "escalated", "cleared"]
    level: LevelName
    since: float


class Alerts(NamedTuple):
    """How k cells stand: level, awake [k], what has held, what was true in the last row [k, 3], the last rise [k]."""

    level: NDArray[np.int8]
    awake: Bools
    held: Floats
    before: Bools
    risen_at: Floats


class Tracker:
    """State of all cells, which are numbered rule * devices + row."""

    def __init__(self, enough_s: Floats, devices: int) -> None:
        """`enough_s` [rules, 3] is how long yellow, red (inf where a rule lacks the level) and clear must hold."""
        cells = len(enough_s) * devices
        self._devices = devices
        self._enough_s = enough_s - SLACK_S
        self.time = -np.inf
        self.level = np.zeros(cells, np.int8)
        """0 inactive, 1 firing yellow, 2 firing red; [cells]."""
        self.awake = np.zeros(cells, np.bool_)
        """Anything but inactive with no evidence at all; [cells]."""
        self.risen_at = np.full(cells, -np.inf)
        """When a cell last rose to the level at which it fires, -inf if that is not known any more; [cells]."""
        self._held = np.zeros((cells, 3))
        self._before = np.zeros((cells, 3), np.bool_)

    def pass_by(self, time: float) -> None:
        """Let time go on to the last row of a block in which no cell was awake and no level true."""
        self.time = time

    def pause(self, time: float) -> None:
        """Let time go on without evidence: neither this stretch nor the step after it counts for anything."""
        self.time = time
        self._before[:] = False

    def update(self, times: Floats, cells: Cells, true: Bools, false: Bools) -> list[Change]:
        """Take rows times[T] for some cells [k]; true and false [T, k, 3] are their conditions in each row.

        All other cells must be asleep and have no level true in these rows. Changes come in order of time, then cell.
        """
        last = self.time if self.time > -np.inf else float(times[0])
        enough_s = self._enough_s.take(cells // self._devices, axis=0)
        level, held, before = self.level[cells], self._held.take(cells, axis=0), self._before.take(cells, axis=0)
        steps = times - np.concatenate(([last], times[:-1]))
        gains = steps[:, None, None] * (np.concatenate((before[None], true[:-1])) & true)
        changes: list[Change] = []
        start, most = 0, _FEWEST
        while start < len(times):
            rows = slice(start, start + most)
            stood = _stood(held, gains[rows], false[rows])
            then = _levels(level, true[rows] & (stood >= enough_s))
            moves = then != level
            if not moves.any():
                start, most, held = rows.stop, 2 * most, stood[-1]
                continue
            i = int(moves.any(axis=1).argmax())
            time, held, then = float(times[start + i]), stood[i], then[i]
            moved = moves[i].nonzero()[0]
            changes += [_change(start + i, time, int(cells[k]), int(level[k]), int(then[k]), held[k]) for k in moved]
            held[moved, CLEAR] = 0.0
            held[moved[then[moved] == 0]] = 0.0
            self.risen_at[cells[then > level]] = time
            start, most, level = start + i + 1, _FEWEST, then
        before = true[-1]
        self.level[cells], self._held[cells], self._before[cells] = level, held, before
        yellow, red, _ = (before | (held > 0)).T
        self.awake[cells] = yellow | red | (level > 0)
        self.time = float(times[-1])
        return changes

    def firing(self, since: Floats) -> Bools:
        """Which cells [rules, D] fire and last rose at or after `since`, of the same shape or one that fits."""
        shape = len(self._enough_s), self._devices
        active: Bools = (self.level > 0).reshape(shape) & (self.risen_at.reshape(shape) >= since)
        return active

    def state(self, cell: int) -> dict[str, Any]:
        """What must survive a restart, in JSON types; empty for a cell with nothing to keep."""
        if not self.awake[cell]:
            return {}
        level = int(self.level[cell])
        held = {name: float(x) for name, x in zip(_HELD, self._held[cell], strict=True)}
        if not level:
            return {"level": "", **held}
        return {"level": LEVELS[level - 1], "risen_at": float(self.risen_at[cell]), **held}

    def restore(self, cell: int, state: Mapping[str, Any]) -> bool:
        """Take up a state. What held stays held; the step to the next row counts nothing. False if it is no state."""
        levels = {name: i for i, name in enumerate(("", *LEVELS))}
        if state.get("level") not in levels or not all(isinstance(state.get(name), float) for name in _HELD):
            return False
        self.level[cell] = levels[state["level"]]
        self._held[cell] = [state[name] for name in _HELD]
        risen_at = state.get("risen_at")
        self.risen_at[cell] = risen_at if isinstance(risen_at, float) else -np.inf
        self._before[cell] = False
        self.awake[cell] = True
        return True

    def alerts(self, cells: Cells) -> Alerts:
        """All that is known of cells [k], as a copy."""
        held, before = self._held[cells], self._before[cells]
        return Alerts(self.level[cells], self.awake[cells], held, before, self.risen_at[cells])

    def take_up(self, cells: Cells, alerts: Alerts) -> None:
        """Let cells [k] stand as others of another tracker did at this `time`: nothing is lost, not even a step."""
        self.level[cells], self.awake[cells], self.risen_at[cells] = alerts.level, alerts.awake, alerts.risen_at
        self._held[cells], self._before[cells] = alerts.held, alerts.before


def _stood(held: Floats, gains: Floats, false: Bools) -> Floats:
    """What has held in each row [T, k, 3], added row by row, so that it is the same however rows are cut."""
    stood = np.empty_like(gains)
    for i in range(len(gains)):
        held = np.add(held, gains[i], out=stood[i])
        held[false[i]] = 0.0
    return stood


def _levels(level: NDArray[np.int8], holds: Bools) -> NDArray[np.int8]:
    """The level of each row [T, k] where `holds` [T, k, 3] has held for long enough, if none before it has changed."""
    then = np.maximum(level, np.maximum(holds[..., 0], holds[..., 1] * _RED))
    then[holds[..., CLEAR] & (then == level)] = 0
    return then


def _change(at: int, time: float, cell: int, old: int, new: int, held: Floats) -> Change:
    if not new:
        return Change(at, cell, "cleared", LEVELS[old - 1], time - float(held[CLEAR]))
    return Change(at, cell, "escalated" if old else "fired", LEVELS[new - 1], time - float(held[new - 1]))
