"""The faults that can be simulated, by name; each kind of machine has a file with its own."""

from collections.abc import Mapping

from simulators.faults import elevator, fire_pump, line, power, pump, room, sensor, sump, ups, water
from simulators.faults.fault import Case, Family, Fault, Level

__all__ = ["FAULTS", "SLOW", "Case", "Family", "Fault", "Level"]

FAULTS: Mapping[str, Fault] = {
    **elevator.FAULTS,
    **pump.FAULTS,
    **power.FAULTS,
    **ups.FAULTS,
    **room.FAULTS,
    **fire_pump.FAULTS,
    **sump.FAULTS,
    **water.FAULTS,
    **line.FAULTS,
    **sensor.FAULTS,
}

SLOW = tuple(name for name, fault in FAULTS.items() if fault.family == "slow")
"""Those that take days or weeks, for detectors to be judged by."""
