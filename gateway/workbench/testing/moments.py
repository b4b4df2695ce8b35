"""How moments of a test are shown: in the unit that a person would take, which is mostly the one of the file."""

from rules.duration import UNITS_S

_LARGEST_FIRST = ("d", "h", "m", "s")
_EASY = 120
"""Nobody turns larger counts into the next unit at a glance."""


def moment(seconds: float) -> str:
    """The moment as a whole number of the largest unit that allows it, else in several units.

    >>> [moment(900.0), moment(90.0), moment(0.0), moment(7320.0), moment(93784.5)]
    ['15m', '90s', '0s', '2h2m', '1d2h3m4.5s']
    """
    seconds = round(seconds, 3)
    unit = next((unit for unit in _LARGEST_FIRST if seconds >= UNITS_S[unit] and seconds % UNITS_S[unit] == 0), "s")
    count = seconds / UNITS_S[unit]
    return f"{count:g}{unit}" if count < _EASY or unit == "d" else _in_several_units(seconds)


def _in_several_units(seconds: float) -> str:
    parts = []
    for unit in _LARGEST_FIRST[:-1]:
        count, seconds = divmod(seconds, UNITS_S[unit])
        parts.append(f"{count:.0f}{unit}" if count else "")
    return "".join(parts) + (f"{round(seconds, 3):g}s" if seconds else "")
