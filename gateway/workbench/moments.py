"""How moments of a test are written: in the units of the rule files, so that they can be pasted into one."""

from rules.duration import UNITS_S

_LARGEST_FIRST = ("d", "h", "m", "s")
_DIGITS = 5


def moment(seconds: float) -> str:
    """The moment in the largest unit that needs at most two decimals, else in several units.

    >>> [moment(900), moment(150), moment(7320), moment(0.5), moment(93784)]
    ['15m', '2.5m', '122m', '0.5s', '1d2h3m4s']
    """
    for unit in _LARGEST_FIRST:
        count = seconds / UNITS_S[unit]
        if abs(count - round(count, 2)) < 1e-9 * max(1.0, count) and (count >= 1 or unit == "s"):
            text = f"{round(count, 2):.12g}"
            return f"{text}{unit}" if len(text) < _DIGITS else _in_several_units(seconds)
    return _in_several_units(seconds)


def _in_several_units(seconds: float) -> str:
    parts = []
    for unit in _LARGEST_FIRST[:-1]:
        count, seconds = divmod(seconds, UNITS_S[unit])
        if count:
            parts.append(f"{count:.0f}{unit}")
    if (rest := round(seconds, 3)) or not parts:
        parts.append(f"{rest:g}s")
    return "".join(parts)
