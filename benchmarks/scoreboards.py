"""The detector on the public scoreboards NAB and SKAB, with cross-validation that says what a change is worth.

The data and the script that scores them are not part of this project; a folder with both is named on the command line.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.figures import Figure, Goal, Result
from benchmarks.programs import NotMeasured
from models.bench import make
from models.detector import Floats

NAB_GOALS = {"standard": 71.0, "low_FP": 63.0, "low_FN": 75.0}
F1_GOAL, FAR_GOAL, MAR_GOAL, CHANGEPOINT_GOAL = 0.83, 16.0, 18.0, 32.5
SKAB_THRESHOLD = 0.5
SPLITS = 20
"""Halvings of the files; more change the means by less than half a point."""

File = tuple[str, Floats, Floats, Any]
"""Name, times [T], values [T, P], labels; as the script gives them."""


@dataclass(frozen=True, slots=True)
class ScoreboardLoad:
    """Where the data are, and which of them."""

    data: Path = Path("../shared/benchmarks")
    only: str = ""
    """Files whose name begins so."""


def scoreboards(load: ScoreboardLoad, tell: Callable[[str], None]) -> Result:
    """Score the development files. Raises NotMeasured if they are not there."""
    script = _script(load.data)
    nab, skab = (_files(script, load, which) for which in ("nab", "skab"))
    figures: list[Figure] = []
    goals: list[Goal] = []
    if nab:
        said = list(_said(script, nab, tell))
        for name, false, missed in ((each[0], each[2], each[3]) for each in script.PROFILES):
            best = script.nab_curve(script.nab_flatten(nab, said), false, missed)[1].max()
            figures.append(Figure(f"NAB {name}", "", (float(best),)))
            goals.append(Goal(f"NAB {name} at least {NAB_GOALS[name]:g}", best >= NAB_GOALS[name]))
        if len(nab) > 3:
            figures += _across(script, nab, said)
    if skab:
        said = list(_said(script, skab, tell))
        f1, far, mar = script.skab_confusion(skab, said, SKAB_THRESHOLD)
        changes = float(script.skab_changepoints(skab, said, SKAB_THRESHOLD)[0][0])
        found = (
            ("F1", "", f1),
            ("false alarm rate", "%", far),
            ("missed alarm rate", "%", mar),
            ("changepoints", "", changes),
        )
        figures += [Figure(f"SKAB {name}", unit, (float(value),)) for name, unit, value in found]
        figures.append(_halves("SKAB F1 of one half", _f1_by_half(script, skab, said)))
        goals.append(Goal(f"SKAB F1 at least {F1_GOAL:g}", f1 >= F1_GOAL))
        goals.append(
            Goal(
                f"SKAB false alarms at most {FAR_GOAL:g} %, missed {MAR_GOAL:g} %", far <= FAR_GOAL and mar <= MAR_GOAL
            )
        )
        goals.append(Goal(f"SKAB changepoints at least {CHANGEPOINT_GOAL:g}", changes >= CHANGEPOINT_GOAL))
    text = (
        f"development split: {len(nab)} files of NAB at the best threshold, {len(skab)} of SKAB at {SKAB_THRESHOLD:g}; "
    )
    text += f"min, median and max of {SPLITS} random halves where a half is named"
    return Result("scoreboards", text, tuple(figures), tuple(goals))


def halves(names: Sequence[str], seed: int) -> tuple[list[int], list[int]]:
    """Two halves of the files, each with half of every folder."""
    rng = np.random.default_rng(seed)
    folders: dict[str, list[int]] = {}
    for number, name in enumerate(names):
        folders.setdefault(name.split("/")[0], []).append(number)
    order = [number for folder in folders.values() for number in rng.permutation(folder).tolist()]
    return order[::2], order[1::2]


def _across(script: Any, files: list[File], said: list[Floats]) -> Iterator[Figure]:
    """The standard score of one half with the threshold that is best on the other, and with its own best one."""
    _, _, false, missed = script.PROFILES[0]
    told, own = [], []
    for seed in range(SPLITS):
        ours, theirs = (_flat(script, files, said, half) for half in halves([file[0] for file in files], seed))
        thresholds, worth = script.nab_curve(theirs, false, missed)
        told.append(float(script.nab_at(ours, false, missed, thresholds[int(np.argmax(worth))])))
        own.append(float(script.nab_curve(ours, false, missed)[1].max()))
    yield _halves("NAB standard of one half, threshold of the other", told)
    yield _halves("NAB standard of one half, its own threshold", own)


def _f1_by_half(script: Any, files: list[File], said: list[Floats]) -> Iterator[float]:
    for seed in range(SPLITS):
        half, _ = halves([file[0] for file in files], seed)
        yield float(script.skab_confusion([files[i] for i in half], [said[i] for i in half], SKAB_THRESHOLD)[0])


def _halves(name: str, scores: Iterator[float] | list[float]) -> Figure:
    return Figure(name, "", tuple(scores))


def _flat(script: Any, files: list[File], said: list[Floats], which: list[int]) -> Any:
    return script.nab_flatten([files[i] for i in which], [said[i] for i in which])


def _said(script: Any, files: list[File], tell: Callable[[str], None]) -> Iterator[Floats]:
    for name, times, values, _ in files:
        tell(f"scoreboards: {name}")
        scores: Floats = script.run(make, times, values)[0]
        yield scores


def _files(script: Any, load: ScoreboardLoad, which: str) -> list[File]:
    found: list[File] = script.load_pack([str(load.data)], which)
    return [file for file in found if f"{which}/{file[0]}".startswith(load.only)]


def _script(data: Path) -> Any:
    """The scoring script of the data, as a module."""
    path = data / "score.py"
    spec = spec_from_file_location("scoreboard", path) if path.is_file() else None
    if spec is None or spec.loader is None:
        raise NotMeasured(f"there are no scoreboard data in {data}; name their folder with --data")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
