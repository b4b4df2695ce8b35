"""What is said of each function of the rule language, and what each kind of function needs to be called."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from rules.vocabulary import Floats, Frame
from rules.windows.window import Window

Unit = Literal["same", "same per second", "seconds", "none", "unknown"]
"""Of a function's value: that of its arguments, that per second, seconds, a plain number, or one that nothing can be
checked against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One function, in the words of the reference page."""

    usage: str
    doc: str
    example: str
    """A condition that an engineer might write for a booster set."""
    unknown: str
    """When its value is unknown; "" for never."""
    unit: Unit = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class OverPoints(Entry):
    """A function of numbers of the same moment; NaN in, NaN out."""

    least: int = 2
    most: int = 20
    of: Callable[..., Floats]
    condition: bool = False
    """Whether the last argument is a condition, which comes as 0 and 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OverTime(Entry):
    """A function of one quantity (or of a condition, as 0 and 1) over a window that ends now."""

    of: Callable[..., Window]
    """From the window's length in seconds, the number of devices and the share, if it takes one."""
    takes: Literal["number", "condition"] = "number"
    share: bool = False
    """Whether a number from 0 to 1 stands between quantity and window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt(Entry):
    """A function of what one quantity used to be, looked at at whole minutes, on a calendar; it may take a window."""

    of: Callable[..., Window]
    """From the number of devices, the calendar, and the window's length in seconds, if it takes one."""
    window: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast(Entry):
    """A function of what one quantity will be, by what it was at whole minutes of a window: with a limit, then that."""

    of: Callable[[int, float, float], Window]
    """From the number of devices, the limit and the window's length in seconds."""
    shortest_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDevice(Entry):
    """A function of all points of a device over a window, which no rule has to name; it is a condition."""

    of: Callable[[float, int, int], Window]
    """From the window's length in seconds, the number of devices and the number of points it looks at."""
    measured: bool
    """Whether it looks at points with a unit only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge(Entry):
    """A function of one point about what is known of it; [T, D] from a frame and the point's column."""

    of: Callable[[Frame, int], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word(Entry):
    """A name without arguments that is always there and never unknown."""

    reader: Callable[[], Callable[[Frame], Floats]]
    """Makes what reads it from a frame, as anything that broadcasts to [T, D]; each condition has its own."""
