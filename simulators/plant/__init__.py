"""The kinds of machine that can be simulated: pure functions of time, seed and device."""

from collections.abc import Mapping

from simulators.plant.elevator import ELEVATOR
from simulators.plant.fire_pump import FIRE_PUMP
from simulators.plant.machine import Machine, Plant, Signals
from simulators.plant.meter import POWER_METER
from simulators.plant.pump import PUMP_SET
from simulators.plant.residual import RESIDUAL_CURRENT
from simulators.plant.room import DISTRIBUTION_ROOM
from simulators.plant.sump import SUMP
from simulators.plant.transformer import TRANSFORMER
from simulators.plant.ups import UPS
from simulators.plant.water_leak import WATER_LEAK
from simulators.plant.water_meter import WATER_METER

PLANTS: Mapping[str, Plant] = {
    "elevator": ELEVATOR,
    "pump-set": PUMP_SET,
    "power-meter": POWER_METER,
    "transformer": TRANSFORMER,
    "ups": UPS,
    "distribution-room": DISTRIBUTION_ROOM,
    "fire-pump": FIRE_PUMP,
    "sump": SUMP,
    "water-leak": WATER_LEAK,
    "water-meter": WATER_METER,
    "residual-current": RESIDUAL_CURRENT,
}

__all__ = ["PLANTS", "Machine", "Plant", "Signals"]
