"""What a benchmark found: figures with their spread, and ratios to the reference. Measures and prints nothing."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One quantity, measured once in every round."""

    name: str
    unit: str
    rounds: tuple[float, ...]

    @property
    def low(self) -> float:
        """The smallest round."""
        return min(self.rounds)

    @property
    def middle(self) -> float:
        """The median of the rounds."""
        return median(self.rounds)

    @property
    def high(self) -> float:
        """The largest round."""
        return max(self.rounds)

    def json(self) -> dict[str, Any]:
        """For machines."""
        spread = {"min": self.low, "median": self.middle, "max": self.high}
        return {"name": self.name, "unit": self.unit, **spread, "rounds": list(self.rounds)}


@dataclass(frozen=True, slots=True)
class Goal:
    """What was aimed at, and whether the median got there."""

    text: str
    met: bool


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark's outcome. `load` says what was done; `costs` are lines of a profile, if one was asked for."""

    name: str
    load: str
    figures: tuple[Figure, ...]
    goals: tuple[Goal, ...]
    costs: tuple[str, ...] = field(default=())

    def json(self) -> dict[str, Any]:
        """For machines."""
        goals = [{"goal": goal.text, "met": goal.met} for goal in self.goals]
        return {
            "name": self.name,
            "load": self.load,
            "figures": [figure.json() for figure in self.figures],
            "goals": goals,
            "costs": list(self.costs),
        }


def ratio(name: str, more: Sequence[float], less: Sequence[float]) -> Figure:
    """How many times as much the first is as the second, round by round."""
    return Figure(name, "x", tuple(a / b for a, b in zip(more, less, strict=True)))


def machine() -> dict[str, Any]:
    """What the figures were measured on; the load average tells how quiet it was."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cores": os.cpu_count(),
        "load_average": [round(load, 2) for load in os.getloadavg()],
    }
