"""Keeps what a value could be only where other values of the device say the same: 2259 may be a voltage or a power."""

import math
from collections.abc import Sequence

from drivers.modbus.doctor.quantities import Met
from drivers.modbus.doctor.reading import Value

_ALIKE_WITHIN = 0.15
_NEAR = 12  # registers
_PHASES = 3
_ROOT_WITHIN = 0.06  # of the square root of 3 between a phase's voltage and that between two phases


def nearby(values: Sequence[Value]) -> list[Sequence[Value]]:
    """For each value those around it, itself included; `values` are in order of their addresses."""
    return [values[max(0, i - _NEAR) : i + _NEAR + 1] for i in range(len(values))]


def peers(value: Value, near: Sequence[Value]) -> list[Value]:
    """Values nearby that are of the same type and about as large, as the phases of a meter are."""
    return [other for other in near if _alike(value, other)]


def voltages(values: Sequence[Value]) -> list[float]:
    """The mains voltages of the device, as far as it is sure that they are."""
    return [
        value.best.last * value.met.scale
        for value, near in zip(values, nearby(values), strict=True)
        if value.met is not None and value.met.quantity.name == "mains voltage" and _of_phases(value, near)
    ]


def supported(value: Value, near: Sequence[Value], mains: Sequence[float]) -> Met | None:
    """What the value could be, if others support that; `mains` are the mains voltages."""
    met = value.met
    if met is None or (not value.best.whole and met.quantity.name != "voltage between phases"):
        return met
    if met.quantity.name == "mains frequency":
        return met if mains else None
    if not _of_phases(value, near):
        return None
    if met.quantity.name == "mains voltage":
        return met
    ratios = [value.best.last * met.scale / voltage / math.sqrt(3.0) for voltage in mains]
    return met if all(abs(ratio - 1.0) <= _ROOT_WITHIN for ratio in ratios) else None


def _of_phases(value: Value, near: Sequence[Value]) -> bool:
    return len(peers(value, near)) >= _PHASES - 1


def _alike(value: Value, other: Value) -> bool:
    if other is value or other.table != value.table or other.text or other.empty:
        return False
    if abs(other.address - value.address) > _NEAR or other.best.candidate != value.best.candidate:
        return False
    return abs(other.best.last - value.best.last) <= _ALIKE_WITHIN * abs(value.best.last)
