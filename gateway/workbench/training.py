"""Plays the history of one device type through a training. It opens no file; how a model is fitted is handed in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from gateway.core.config import Config
from gateway.core.note import Note
from gateway.core.types import Fleet
from gateway.history.past import Past
from gateway.workbench.backtest.record import fit as fitted_to
from models.trained.bundle import Bundle
from models.trained.levels import STEP_S
from models.trained.training import Fit, Training
from models.trained.trial import Report


@dataclass(frozen=True, slots=True)
class Trained:
    """A model, how it did, and what was odd about the history."""

    bundle: Bundle
    report: Report
    notes: tuple[Note, ...]


def train(
    config: Config,
    past: Past,
    fleet: Fleet,
    start: float,
    end: float,
    fit: Fit,
    versions: Mapping[str, str],
    progress: Callable[[float], None],
) -> Trained:
    """Train on [start, end), seconds since 1970; `progress` is told the share that is done. Raises TooLittle, NoPast.

    The blocks are those that a daemon or a backtest would see, so a minute is to the model what it will be on site.
    """
    record = fitted_to(replace(config, fleets=(fleet,), models={}), past, start, end)
    (fleet,) = record.fleets
    profile = fleet.profile
    training = Training(profile.names, len(fleet.devices), start, end, fit)
    for block in past.blocks(fleet, start, end, STEP_S):
        if len(block.times):
            training.see(block.times, block.values, block.age)
            progress((float(block.times[-1]) - start) / (end - start))
    units = {point.name: point.unit for point in profile.points}
    bundle, report = training.finish(profile.profile, units, versions)
    return Trained(bundle, report, (*record.notes, *past.notes))
