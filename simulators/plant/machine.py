"""What every simulated machine has: a name, ratings, habits of its own, and noise on what it measures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from simulators.plant import year
from simulators.plant.day import DAY_S, Demand, Use, Week
from simulators.plant.noise import Key, drifting, normal, stream, uniform

Floats = NDArray[np.float64]
Signals = dict[str, Floats]
"""Channels by name, each [T], in physical units."""

DAY_TO_DAY = 0.06  # sigma of the day's total
_LAG_NODES = 12
# The middles of twelve equal slices of an exponential memory; their plain mean is the first-order lag.
LAG_AGES = -np.log(1.0 - (np.arange(_LAG_NODES) + 0.5) / _LAG_NODES)
_LAG_ROWS = 1024  # at a time, so that what a drive works with stays in the processor's cache


@dataclass(frozen=True, slots=True)
class Machine:
    """One individual: everything about it follows from its id, the seed and its ratings."""

    id: str
    seed: int = 0
    ratings: Mapping[str, float] = field(default_factory=dict)
    utc_offset_s: float = 8 * 3600.0
    use: Use = "residential"
    """What the building around it is for."""

    def key(self, channel: str) -> Key:
        """The random stream of one of its channels."""
        return stream(self.seed, self.id, channel)

    def trait(self, name: str) -> float:
        """A lasting individual deviation in (-1, 1), such as how well its rotor was balanced."""
        return float(2.0 * uniform(self.key(f"trait {name}"), np.zeros(1, dtype=np.int64))[0] - 1.0)

    def local_s(self, times: Floats) -> Floats:
        """Seconds since 1970 on the clock on the wall."""
        return times + self.utc_offset_s

    def week(self, demand: Demand) -> Week:
        """How a demand goes through the week in this building."""
        return demand[self.use]

    def level(self, demand: Demand, times: Floats) -> Floats:
        """A demand that varies from day to day, without its short noise; 1 is the mean of a working day."""
        local_s = self.local_s(times)
        varied = np.exp(DAY_TO_DAY * drifting(self.key("day"), local_s, DAY_S))
        level: Floats = self.week(demand).at(local_s) * varied * year.presence(local_s)
        return level

    def demand(self, demand: Demand, times: Floats, noise: float) -> Floats:
        """The level with its five-minute lognormal noise."""
        return self.level(demand, times) * np.exp(noise * drifting(self.key("demand"), times, 300.0))

    def outdoor_c(self, times: Floats) -> Floats:
        """Outdoor air in °C, the same for all machines of a property."""
        return year.outdoor_c(self.seed, self.local_s(times))

    def rain_mm_h(self, times: Floats) -> Floats:
        """Rain in mm/h, the same for all machines of a property."""
        return year.rain_mm_h(self.seed, self.local_s(times))

    def ambient(self, times: Floats, mean_c: float, swing_k: float) -> Floats:
        """Air temperature in °C: warmest at 15:00, with weather."""
        local_s = self.local_s(times)
        daily = np.cos((local_s / DAY_S - 15.0 / 24.0) * 2.0 * np.pi)
        return mean_c + swing_k * daily + 0.8 * drifting(self.key("weather"), local_s, DAY_S)


@dataclass(frozen=True, slots=True)
class Noise:
    """Gaussian measuring noise, new every second: sigma is `absolute` plus `relative` times the value.

    `step` is the resolution of the sensor; 0 leaves the values as they are.
    """

    absolute: float = 0.0
    relative: float = 0.0
    step: float = 0.0


@dataclass(frozen=True, slots=True)
class Plant:
    """A kind of machine: what it does without noise, and the noise of those channels that have any.

    `shown` is what becomes of the measured signals on the way to the wire, if the machine knows that.
    """

    signal: Callable[[Machine, Floats], Signals]
    noise: Mapping[str, Noise]
    shown: Callable[[Signals], Signals] = lambda signals: signals

    def sigma(self, channel: str, signal: Floats) -> Floats:
        """The noise of a channel at each value of its signal, [T]."""
        noise = self.noise.get(channel, Noise())
        return noise.absolute + noise.relative * np.abs(signal)

    def measured(self, machine: Machine, times: Floats, signals: Signals) -> Signals:
        """The signals with noise: one draw for all noisy channels at once."""
        noisy = [name for name in self.noise if name in signals]
        if not noisy:
            return self.shown(signals)
        keys = np.concatenate([machine.key(name) for name in noisy])
        draws = normal(keys[:, None], np.floor(times).astype(np.int64))
        measured = {name: signals[name] + self.sigma(name, signals[name]) * draws[i] for i, name in enumerate(noisy)}
        for name in noisy:
            if step := self.noise[name].step:
                measured[name] = np.round(measured[name] / step) * step
        return self.shown(signals | measured)


def lagged(drive: Callable[[Floats], Floats], times: Floats, tau_s: float) -> Floats:
    """What a body with time constant `tau_s` makes of a drive: a mean over its exponential memory, without state.

    A drive [..., T] of several bodies makes as many lags.
    """
    lags = []
    for first in range(0, max(1, len(times)), _LAG_ROWS):
        past = times[first : first + _LAG_ROWS, None] - LAG_AGES * tau_s
        driven = drive(past.ravel())
        lags.append(driven.reshape(*driven.shape[:-1], *past.shape).mean(axis=-1))
    lag: Floats = np.concatenate(lags, axis=-1)
    return lag
