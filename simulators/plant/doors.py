"""How long the doors of a lift take: the wider they are, the farther their panels go."""

from dataclasses import dataclass

from simulators.plant.machine import Machine

OPEN_S = 4.0
"""How long they stay open at a stop."""

_WIDTH_MM = 800.0
_TURN_S = 0.5  # unlocking, setting off and slowing down, whatever the width
_OPENING_S, _CLOSING_S = 1.9, 2.1  # the way itself, of centre-opening doors of that width
_ONE_SIDE = 1.2  # the leading panel goes twice as far, and faster


@dataclass(frozen=True, slots=True)
class Doors:
    """The doors of one lift, as they were adjusted when they were new."""

    opening_s: float
    closing_s: float

    @property
    def stop_s(self) -> float:
        """From closed to closed."""
        return self.opening_s + OPEN_S + self.closing_s


USUAL = Doors(_TURN_S + _OPENING_S, _TURN_S + _CLOSING_S)
"""800 mm wide, opening from the centre."""


def doors_of(machine: Machine) -> Doors:
    """The doors that its ratings tell of: `door_width` in mm, `side_opening` 1 if all panels go to one side."""
    way = machine.ratings.get("door_width", _WIDTH_MM) / _WIDTH_MM
    if machine.ratings.get("side_opening", 0.0) > 0.0:
        way *= _ONE_SIDE
    return Doors(_TURN_S + _OPENING_S * way, _TURN_S + _CLOSING_S * way)
