"""Fits a site to a record of it: what was never recorded is left out, and what was thinned out is held for longer.

A device that is polled every second but was kept once a minute would look silent for most of each minute.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from statistics import median

import numpy as np

from gateway.core.config import Config
from gateway.core.note import Note
from gateway.core.types import Fleet, Fresh
from gateway.core.unfold import stale_limits
from gateway.history.columns import join
from gateway.history.past import Past
from gateway.workbench.backtest.figures import roughly
from gateway.workbench.backtest.outcome import Span
from rules.duration import DAY_S

_THIN = "only one reading in about {pace} was kept of {profiles}: it is held for longer than the daemon would"
_COLD = "the record begins {lead} before this time: detectors know little of the devices at first"
_EXPERIENCED_S = 7 * DAY_S
_PROBES = 9
_PROBE_S = 6 * 3600.0
_ENOUGH = 16
"""Readings of each device, on average, that show its pace."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """A site as far as a record knows it."""

    config: Config
    fleets: tuple[Fleet, ...]
    """Those that were recorded at all."""
    notes: tuple[Note, ...]


def fit(config: Config, past: Past, start: float, end: float) -> Fitted:
    """What the record of [start, end) can say about the site."""
    recorded = past.profiles()
    kept = [fleet for fleet in config.fleets if fleet.profile.profile in recorded]
    thin = {
        fleet.profile.profile: pace_s
        for fleet in kept
        if (pace_s := pace(past, fleet, start, end)) > stale_limits(fleet).max()
    }
    fleets = tuple(_slowed(fleet, thin.get(fleet.profile.profile)) for fleet in kept)
    devices = tuple(device for fleet in fleets for device in fleet.devices)
    notes = (*_absent(config, recorded), *_thinned(thin), *_experience(config, recorded, start))
    return Fitted(replace(config, fleets=fleets, devices=devices), fleets, notes)


def _absent(config: Config, recorded: Collection[str]) -> Iterator[Note]:
    names = [fleet.profile.profile for fleet in config.fleets]
    if absent := [name for name in names if name not in recorded]:
        yield Note("not_recorded", "not in the record and left out: {profiles}", {"profiles": absent})


def _thinned(paces_s: Mapping[str, float]) -> Iterator[Note]:
    for shown in dict.fromkeys(map(roughly, paces_s.values())):
        names = [name for name, pace_s in paces_s.items() if roughly(pace_s) == shown]
        yield Note("thin_record", _THIN, {"profiles": names, "pace": shown})


def _experience(config: Config, recorded: Mapping[str, Span], start: float) -> Iterator[Note]:
    """Whether detectors begin with little or nothing learnt."""
    watched = {profile for use in config.models.values() for profile in use.profiles}
    begins = [span[0] for profile, span in recorded.items() if profile in watched]
    if begins and min(begins) >= start - 1.0:
        yield Note("no_past", "nothing is recorded from before this time: detectors begin with nothing learnt")
    elif begins and start - min(begins) < _EXPERIENCED_S:
        yield Note("cold_start", _COLD, {"lead": roughly(start - min(begins))})


def pace(past: Past, fleet: Fleet, start: float, end: float) -> float:
    """Typical seconds between two readings of a device, for most of the time; 0 if it cannot be told."""
    probes = [_gap(past, fleet, at, min(at + _PROBE_S, end)) for at in np.linspace(start, end, _PROBES + 1)[:-1]]
    return median(gap for gap in probes if gap) if any(probes) else 0.0


def _gap(past: Past, fleet: Fleet, start: float, end: float) -> float:
    """Typical seconds between two readings of a device near the beginning of [start, end); 0 if it cannot be told."""
    parts: list[Fresh] = []
    for part in past.fresh(fleet, start, end):
        parts.append(part)
        if sum(len(each.times) for each in parts) >= _ENOUGH * len(fleet.devices):
            break
    whole = join(fleet, parts)
    order = np.lexsort((whole.times, whole.devices))
    gaps = np.diff(whole.times[order])[np.diff(whole.devices[order]) == 0]
    return float(np.median(gaps)) if gaps.size else 0.0


def _slowed(fleet: Fleet, pace_s: float | None) -> Fleet:
    """The fleet as if it were polled at the pace of a thin record."""
    if pace_s is None:
        return fleet
    return replace(fleet, devices=tuple(device.model_copy(update={"every": pace_s}) for device in fleet.devices))
