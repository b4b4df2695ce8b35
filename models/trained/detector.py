"""A detector made by `gateway train`: isolation forest and principal components, fitted once, scored from arrays.

It learns nothing while it runs, so a slow wear does not become usual. The heavy arithmetic happens in a thread beside
the caller's: what a minute showed is in the score at the end of the next one, live and in a backtest, on any machine.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from copy import copy, deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from models.detector import Bools, DetectorPlugin, Explanation, Floats
from models.memory import Memory
from models.trained.blame import blamed
from models.trained.bundle import read_bundle
from models.trained.levels import SETTLED_S, STEP_S, Levels
from models.trained.scorer import STATISTICS
from models.trained.trial import together

_BESIDE = ThreadPoolExecutor(max_workers=1, thread_name_prefix="trained")
"""One thread for all trained models of a process: a site's minute is milliseconds of work. It ends with the process."""
DAY_S = 86400.0
SINCE = 0.5
"""From this score on a device is unusual; see docs/explanation/scores.md."""


class TrainedSettings(BaseModel):
    """Settings of `trained`. What else there is to say stands in the bundle."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bundle: Path


@dataclass(slots=True)
class View(Memory):
    """One minute of every device."""

    time: Floats  # [D] NaN before the first
    levels: Floats  # [D, F]
    statistics: Floats  # [D, S] NaN where the device is unknown

    @classmethod
    def cold(cls, devices: int, features: int) -> Self:
        """Nothing seen."""
        shapes = ((devices,), (devices, features), (devices, len(STATISTICS)))
        return cls(*(np.full(shape, np.nan) for shape in shapes))


@dataclass(slots=True)
class Standing(Memory):
    """What is said of every device."""

    score: Floats  # [D]
    since: Floats  # [D] NaN while it is not unusual
    strain: Floats  # [D] mean of the score over a day, NaN before the first
    allowance: Floats  # [D, S] a person said that so many times the usual statistic is usual here; 1 unless told

    @classmethod
    def cold(cls, devices: int) -> Self:
        """Nothing known, nothing allowed."""
        unknown, allowance = np.full((3, devices), np.nan), np.ones((devices, len(STATISTICS)))
        return cls(unknown[0], unknown[1], unknown[2], allowance)


class _UnderWay(NamedTuple):
    """The last finished minute, being scored."""

    time: float
    levels: Floats  # [D, F]
    statistics: Future[Floats]  # [K, D, S], of which it is the last


class Trained:
    """A `Detector` over the D devices of one profile."""

    warm_up_s = SETTLED_S

    def __init__(self, settings: TrainedSettings, points: Sequence[str], devices: int) -> None:
        """Raises BadBundle."""
        self._bundle = read_bundle(settings.bundle, points)
        self._columns = np.array([points.index(name) for name in self._bundle.manifest.features])
        self._devices = devices
        self._under_way: _UnderWay | None = None
        self._cold()

    def update(self, times: Floats, values: Floats, age: Floats, frozen: Bools) -> Floats:
        """See `Detector.update`. Nothing is learnt, so it does not matter who is frozen."""
        columns = self._columns
        steps = self._levels.take(times, values[:, :, columns], age[:, :, columns])
        scores, health = np.empty((2, len(steps.rows) + 1, self._devices))
        scores[0], health[0] = self._standing.score, self._health
        if len(steps.rows):
            work = _BESIDE.submit(self._bundle.scorer.statistics, steps.levels, steps.settled)
            for k, time in enumerate(steps.times.tolist()):
                self._settle()
                self._show()
                scores[k + 1], health[k + 1] = self._standing.score, self._health
                if k < len(steps.rows) - 1:
                    self._note(time, steps.levels[k], work.result()[k])
                else:
                    self._under_way = _UnderWay(time, steps.levels[k], work)
        row = np.searchsorted(steps.rows, np.arange(len(times)), side="right")
        self._healths = health[row]
        return scores[row]

    def health(self) -> Floats:
        """See `Detector.health`: 100 less the mean score of a day, in percent."""
        return self._healths

    def others(self) -> Floats:
        """See `Detector.others`. Unknown: a forest does not say what it looked at."""
        return np.full_like(self._healths, np.nan)

    def explain(self, row: int) -> Explanation:
        """See `Detector.explain`."""
        score, since = float(self._standing.score[row]), float(self._standing.since[row])
        if np.isnan(score):
            return Explanation(score, since, ())
        statistics, allowance = self._shown.statistics[row], self._standing.allowance[row]
        return Explanation(score, since, blamed(self._bundle, self._shown.levels[row], statistics, allowance))

    def accept(self, rows: Bools) -> None:
        """A person says that what devices rows[D] do now is usual: each is measured by its own present distance.

        There is nothing to learn from one moment, and the model is not changed. The device's statistics are divided by
        what they are now in usual ones, so it fires again when it has gone as much further as others may go at all.
        """
        ratio = self._shown.statistics / self._bundle.tails.threshold
        grown = rows[:, None] & (ratio > self._standing.allowance)
        np.copyto(self._standing.allowance, ratio, where=grown)

    def state(self) -> dict[str, NDArray[Any]]:
        """See `Detector.state`; waits for what is under way."""
        self._settle()
        state: dict[str, NDArray[Any]] = {"signature": self._signature, "bundle": self._seal}
        for name, part in self._parts().items():
            state |= part.state(name)
        return state

    def restore(self, state: Mapping[str, NDArray[Any]], rows: NDArray[np.intp]) -> None:
        """See `Detector.restore`. Foreign: other points. What another bundle of these points saw is left behind."""
        if "signature" not in state or str(state["signature"]) != str(self._signature):
            raise ValueError(f"state of another detector: {state.get('signature', 'no signature')}")
        if "bundle" not in state:
            raise ValueError("state lacks bundle")
        self._settle()
        self._cold()
        if str(state["bundle"]) != str(self._seal):
            return
        if misfits := [name for key, part in self._parts().items() for name in part.misfits(key, state)]:
            raise ValueError(f"state lacks or misshapes {', '.join(misfits)}")
        for name, part in self._parts().items():
            part.restore(name, state, rows)

    def _cold(self) -> None:
        features = len(self._columns)
        self._levels = Levels.cold(self._devices, features)
        self._coming = View.cold(self._devices, features)
        self._shown = View.cold(self._devices, features)
        self._standing = Standing.cold(self._devices)
        self._healths = np.empty((0, self._devices))
        self._under_way = None

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """One that has seen the same and goes its own way; the bundle is read by both."""
        self._settle()
        other = copy(self)
        for part in ("_levels", "_coming", "_shown", "_standing"):
            setattr(other, part, deepcopy(getattr(self, part), memo))
        return other

    @property
    def _health(self) -> Floats:
        return 100.0 * (1.0 - self._standing.strain)

    def _parts(self) -> dict[str, Memory]:
        return {"levels": self._levels, "coming": self._coming, "shown": self._shown, "standing": self._standing}

    def _settle(self) -> None:
        """Wait for the minute that is under way, if any."""
        if (last := self._under_way) is not None:
            self._under_way = None
            self._note(last.time, last.levels, last.statistics.result()[-1])

    def _note(self, time: float, levels: Floats, statistics: Floats) -> None:
        self._coming.time[:], self._coming.levels[:], self._coming.statistics[:] = time, levels, statistics

    def _show(self) -> None:
        """The minute before the one that has just ended is the one that counts."""
        for (_, shown), (_, coming) in zip(self._shown.arrays(), self._coming.arrays(), strict=True):
            shown[:] = coming
        standing, tails = self._standing, self._bundle.tails
        rarest = together(tails.log_weeks(self._shown.statistics / standing.allowance))
        standing.score[:] = 1.0 / (1.0 + np.exp(-np.clip(rarest, -50.0, 50.0)))
        strain = np.where(np.isnan(standing.strain), standing.score, standing.strain)
        share = np.where(np.isnan(standing.score), 0.0, STEP_S / DAY_S)
        standing.strain[:] = strain + share * (np.nan_to_num(standing.score) - strain)
        unusual = standing.score >= SINCE
        standing.since[:] = np.where(
            unusual, np.where(np.isnan(standing.since), self._shown.time, standing.since), np.nan
        )

    @property
    def _signature(self) -> NDArray[Any]:
        return np.array(f"trained 1, points {' '.join(self._bundle.manifest.points)}")

    @property
    def _seal(self) -> NDArray[Any]:
        return np.array(self._bundle.manifest.seal)


def _check(settings: TrainedSettings, profile: str, points: Sequence[str]) -> None:
    """Raises BadBundle if the bundle is not for this profile."""
    read_bundle(settings.bundle, points, profile)


PLUGIN = DetectorPlugin(name="trained", settings=TrainedSettings, make=Trained, check=_check)
