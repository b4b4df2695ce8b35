"""What a point of a given name and unit is usually like, on equipment of which nothing else is known."""

import re
from dataclasses import dataclass
from typing import Literal

from simulators.plant.machine import Noise

Course = Literal["steady", "electricity", "water", "air", "counter", "code"]
"""How it goes through the day: nearly the same, as the building needs it, as the weather, upwards, or a few values."""


_NONE = Noise()


@dataclass(frozen=True, slots=True)
class Habit:
    """A course around a usual level (of a counter: its growth in an hour), with a slow relative swing and noise."""

    course: Course
    level: float
    swing: float = 0.0
    noise: Noise = _NONE


def _steady(level: float, swing: float, noise: float = 0.002) -> Habit:
    return Habit("steady", level, swing, Noise(relative=noise))


def _load(level: float) -> Habit:
    return Habit("electricity", level, noise=Noise(relative=0.01))


def _air(level: float) -> Habit:
    return Habit("air", level, noise=Noise(absolute=0.1))


def _counter(growth: float) -> Habit:
    return Habit("counter", growth)


CODE = Habit("code", 0.0)

_BY_NAME: tuple[tuple[str, str, Habit], ...] = (
    # What the name must have, which unit (any if empty), and what it is then.
    (r"power_?factor|cos_?phi|(^|_)pf(_|$)", "", _steady(0.9, 0.01)),
    (r"(^|_)(ab|bc|ca|ll|line)(_|$)|l[123]_?l[123]|u[123]{2}", "V", _steady(380.0, 0.01)),
    (r"(^|_)(dc|bus)(_|$)|dc_", "V", _steady(540.0, 0.01)),
    (r"batt", "V", _steady(48.0, 0.005)),
    (r"thd|unbalance", "%", _steady(2.5, 0.1, 0.02)),
    (r"batt|charge|soc|signal", "%", _steady(97.0, 0.003)),
    (r"load|torque", "%", _load(40.0)),
    (r"hum", "%", _steady(55.0, 0.05)),
    (r"neutral|(^|_)i_?n(_|$)", "A", _load(4.0)),
    (r"wind|motor|core|bear|heat|module|inverter", "°C", _air(55.0)),
    (r"cool|oil|engine", "°C", _air(78.0)),
    (r"export|reverse|(^|_)exp(_|$)", "kWh", _counter(0.1)),
    (r"run|oper|total|up_?time|on_time", "s", _counter(1440.0)),
    (r"run|oper|total|up_?time|on_time", "min", _counter(24.0)),
    (r"(^|_)(days?)(_|$)", "d", _counter(0.017)),
    (
        r"starts?$|(^|_)(starts|runs|cycles|counts?|counter|trips|operations|total|pulses|switchings)(_|$)",
        "",
        _counter(0.5),
    ),
)

_BY_UNIT = {
    "V": _steady(220.0, 0.01),
    "kV": _steady(10.0, 0.01),
    "mV": _steady(500.0, 0.02),
    "A": _load(60.0),
    "mA": _steady(12.0, 0.02),
    "kW": _load(30.0),
    "W": _load(30_000.0),
    "MW": _load(0.3),
    "kVA": _load(33.0),
    "VA": _load(33_000.0),
    "kvar": _load(14.0),
    "var": _load(14_000.0),
    "Hz": Habit("steady", 50.0, 0.0002, Noise(absolute=0.003)),
    "°C": _air(24.0),
    "°F": _air(75.0),
    "K": _air(297.0),
    "%": _steady(45.0, 0.04),
    "%RH": _steady(55.0, 0.05),
    "MPa": _steady(0.45, 0.02),
    "kPa": _steady(450.0, 0.02),
    "Pa": _steady(450_000.0, 0.02),
    "bar": _steady(4.5, 0.02),
    "mbar": _steady(1013.0, 0.003),
    "hPa": _steady(1013.0, 0.003),
    "m": _steady(2.5, 0.04),
    "cm": _steady(250.0, 0.04),
    "mm": _steady(2500.0, 0.04),
    "m/s": _steady(1.2, 0.05),
    "mm/s": _steady(1.4, 0.05, 0.03),
    "m/s²": _steady(1.0, 0.05, 0.03),
    "g": _steady(0.05, 0.05, 0.03),
    "µm": _steady(20.0, 0.05, 0.03),
    "rpm": _steady(1450.0, 0.005),
    "Nm": _load(60.0),
    "m³/h": Habit("water", 12.0, noise=Noise(relative=0.02)),
    "L/s": Habit("water", 3.3, noise=Noise(relative=0.02)),
    "L/min": Habit("water", 200.0, noise=Noise(relative=0.02)),
    "dB(A)": _steady(45.0, 0.02, 0.01),
    "dB": _steady(45.0, 0.02, 0.01),
    "ppm": _steady(600.0, 0.08, 0.01),
    "lx": _steady(300.0, 0.05, 0.01),
    "µg/m³": _steady(35.0, 0.1, 0.02),
    "s": _steady(12.0, 0.02),
    "min": _steady(40.0, 0.02),
    "ms": _steady(20.0, 0.02),
    "kWh": _counter(12.6),
    "MWh": _counter(0.0126),
    "Wh": _counter(12_600.0),
    "kvarh": _counter(5.0),
    "varh": _counter(5000.0),
    "Mvarh": _counter(0.005),
    "kVAh": _counter(14.0),
    "VAh": _counter(14_000.0),
    "h": _counter(0.4),
    "d": _counter(0.017),
    "m³": _counter(9.0),
    "L": _counter(9000.0),
}

_CODED = re.compile(r"alarm|fault|warn|error|err(_|$)|trip|status|state|mode|code|sequence|flag|word|fail|event")
QUIET = re.compile(
    r"alarm|fault|warn|error|trip|fail|emergency|leak|smoke|fire|lock|limit|over|under|low|lost|bad|batt|replace|revers"
    r"|bypass|off|test|missing"
)
"""Names of what is on only when something is unusual."""

ACTIVE = re.compile(r"running|online|ready|enabled|mains|healthy|normal|passed|connected|(^|_)(on|ok|run)(_|$)")
"""Names of what is on as long as all is well."""


def habit_of(name: str, unit: str) -> Habit | None:
    """What a point is usually like; None if neither its name nor its unit says so."""
    for pattern, of_unit, habit in _BY_NAME:
        if of_unit == unit and re.search(pattern, name):
            return habit
    if not unit and _CODED.search(name):
        return CODE
    return _BY_UNIT.get(unit)
