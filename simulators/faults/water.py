"""How water gets where it should not: it wets a leak cable, bursts a main, seeps for weeks; and what only looks so."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault, part_of
from simulators.plant import water_leak, water_meter
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Signals
from simulators.plant.noise import uniform

_WET_UA, _WET_UA_PER_M = 160.0, 40.0  # current through a wet cable: what the first drop lets through, and each metre
_MOST_ZONES = 4.0
_BLIP_EVERY_S, _BLIP_S = 600.0, 3.0
_BURST_MEANS, _BURST_MORE = 2.5, 2.5  # water lost, in mean flows of the zone: at least, and more with severity
_NIGHT = 0.06  # of the mean flow
_OPENS = 1.0 / 6.0  # of its time until failure in which a leak mostly opens: some days of three weeks


def leak(case: Case, times: Floats, signals: Signals) -> Signals:
    """Water reaches the cable and spreads along it by 0.5 to 3.5 m a minute; zone after zone gets wet."""
    age = times - case.onset
    during = age < case.duration_s
    length = water_leak.cable_m(case.machine)
    spread = np.minimum((0.5 + 3.0 * case.severity) * age / 60.0, length)
    share = 0.3 + 0.6 * float(uniform(case.machine.key("place"), np.zeros(1, dtype=np.int64))[0])
    place = np.maximum(share * length - spread / 2.0, 0.1)
    zones = np.minimum(1.0 + np.floor(age / (120.0 - 100.0 * case.severity)), _MOST_ZONES)
    current = signals["leak_current"] + _WET_UA + _WET_UA_PER_M * spread
    wetted = {"wet": np.ones_like(times), "distance": place, "zones": zones, "leak_current": current}
    return {name: np.where(during, values, signals[name]) for name, values in wetted.items()}


def condensation(case: Case, times: Floats, signals: Signals) -> Signals:
    """Dew closes the electrodes for three seconds, every ten minutes; there is no water."""
    age = times - case.onset
    blip = (np.mod(age, _BLIP_EVERY_S) < _BLIP_S) & (age < case.duration_s)
    return {
        "wet": np.where(blip, 1.0, signals["wet"]),
        "leak_current": np.where(blip, _WET_UA * (0.8 + 0.2 * case.severity), signals["leak_current"]),
    }


def cable_cut(case: Case, times: Floats, signals: Signals) -> Signals:
    """The cable is cut: no current comes back, and the controller says so."""
    during = times < case.onset + case.duration_s
    return {
        "cable_fault": during.astype(np.float64),
        "leak_current": np.where(during, 0.0, signals["leak_current"]),
    }


def burst(case: Case, times: Floats, signals: Signals) -> Signals:
    """A main of the zone opens: the pressure falls by 20 to 60 %, and 2.5 to 5 mean flows run away on top.

    The register of the total goes on as if they did not: what a fault does must be over some time after its end.
    """
    opened = case.growth(times - case.onset, tau_s=15.0)
    lost = (_BURST_MEANS + _BURST_MORE * case.severity) * water_meter.mean_flow(case.machine)
    return {
        "flow": signals["flow"] + lost * opened,
        "pressure": signals["pressure"] * (1.0 - (0.2 + 0.4 * case.severity) * opened),
    }


def zone_leak(case: Case, times: Floats, signals: Signals) -> Signals:
    """A joint begins to seep: within days 1.5 to 3 times as much flows at night, until the pipe breaks in the end.

    The pressure stays, and by day it is lost in what people draw.
    """
    nights = (0.5 + 1.5 * case.severity) * min(1.0, 5.0 * case.severity)
    lost = nights * _NIGHT * water_meter.mean_flow(case.machine)
    opened = 1.0 - np.exp(-part_of(case, times) / _OPENS)
    during = times < case.onset + case.duration_s
    return {"flow": signals["flow"] + np.where(during, lost * opened, 0.0)}


def weak_echo(case: Case, times: Floats, signals: Signals) -> Signals:
    """The coupling grease has dried: the echo is weak, and the flow that the meter makes of it is mere chance."""
    during = times < case.onset + case.duration_s
    chance = 0.3 + 1.4 * uniform(case.machine.key("echo"), np.floor(times).astype(np.int64))
    quality = np.round(50.0 - 30.0 * case.severity)
    return {
        "flow": np.where(during, signals["flow"] * chance, signals["flow"]),
        "signal_quality": np.where(during, quality, signals["signal_quality"]),
    }


def wet(now: Signals, _: Signals) -> Bools:
    """There is water on the cable."""
    return now["wet"] > 0.5


def spreads(now: Signals, _: Signals) -> Bools:
    """There is water in a second zone."""
    return (now["wet"] > 0.5) & (now["zones"] > 1.5)


def broken(now: Signals, _: Signals) -> Bools:
    """The controller says that its cable is broken."""
    return now["cable_fault"] > 0.5


def gushes(now: Signals, normal: Signals) -> Bools:
    """Much more flow, and much less pressure."""
    return (now["flow"] > 1.5 * normal["flow"]) & (now["pressure"] < 0.85 * normal["pressure"])


def seeps(now: Signals, normal: Signals) -> Bools:
    """Half as much again flows as would: only in still hours can that be."""
    return now["flow"] > 1.5 * normal["flow"]


def faint(now: Signals, _: Signals) -> Bools:
    """The meter itself does not trust its echo."""
    return now["signal_quality"] < 60.0


FAULTS: Mapping[str, Fault] = {
    "water-leak": Fault("water-leak", leak, {"yellow": wet, "red": spreads}, "water.leak", family="safety"),
    # A near miss: nobody must be sent.
    "condensation": Fault("water-leak", condensation, {}, "water.leak", family="sensor"),
    "leak-cable-cut": Fault("water-leak", cable_cut, {"yellow": broken}, "water.sensor", family="sensor"),
    "zone-burst": Fault("water-meter", burst, {"red": gushes}, "water.loss", tail_s=300.0, family="safety"),
    "zone-leak": Fault("water-meter", zone_leak, {"yellow": seeps}, "water.loss", family="slow", lasts_s=21 * DAY_S),
    "weak-echo": Fault(
        "water-meter", weak_echo, {"yellow": faint}, "water.sensor", family="sensor", of_reading=True, lasts_s=7200.0
    ),
}
