"""A leak detector with its sensing cable: dry, with the small current that damp and dust let through."""

import numpy as np

from simulators.plant import year
from simulators.plant.day import DAY_S
from simulators.plant.machine import Floats, Machine, Noise, Plant, Signals
from simulators.plant.noise import drifting

LENGTH_M = 60.0


def signal(machine: Machine, times: Floats) -> Signals:
    """All channels without noise; a dry cable has no place and no wet zone."""
    local_s = machine.local_s(times)
    damp = np.exp(0.4 * year.season(local_s) + 0.15 * drifting(machine.key("damp"), local_s, DAY_S / 4.0))
    dry = np.zeros_like(times)
    return {
        "wet": dry,
        "cable_fault": dry,
        "distance": dry,
        "zones": dry,
        "leak_current": (8.0 + 2.0 * machine.trait("dust")) * damp,
    }


def cable_m(machine: Machine) -> float:
    """How much cable lies in the room, m."""
    return machine.ratings.get("cable_length", LENGTH_M)


WATER_LEAK = Plant(signal, {"leak_current": Noise(relative=0.03, step=0.1)})
