"""The functions of the rule language: one entry per function; the reference page is made from these tables.

To add one, add one entry. `expression` gives it its arguments, checks their number and units, and knows no names.
"""

from collections.abc import Mapping
from functools import partial
from itertools import chain

from rules.language import words
from rules.language.entries import Entry, Knowledge, OverTime, Word
from rules.language.learnt import FORECAST, LEARNT, OF_DEVICE
from rules.language.moment import OVER_POINTS
from rules.windows.basic import Average, Change, Deviation, Highest, Lowest, Rate, Rises, Stuck, Total
from rules.windows.looks import Ago, Quantile

__all__ = ["CALLED", "FORECAST", "FUNCTIONS", "KNOWLEDGE", "LEARNT", "OF_DEVICE", "OVER_POINTS", "OVER_TIME", "WORDS"]

_HALF = "while less than half of the window is known"
_ENDS = "when the value now or the value at the beginning of the window is unknown"

OVER_TIME: Mapping[str, OverTime] = {
    "avg": OverTime(
        usage="avg(x, 5m)",
        doc="the mean over the last five minutes, weighted by time",
        example="avg(vibration, 5m) > 5.1 mm/s",
        unknown=_HALF,
        of=Average,
    ),
    "min": OverTime(
        usage="min(x, 5m)",
        doc="the lowest value of the last five minutes",
        example="min(pressure, 3h) > 0.88 * set_pressure",
        unknown=_HALF,
        of=Lowest,
    ),
    "max": OverTime(
        usage="max(x, 5m)",
        doc="the highest value of the last five minutes",
        example="max(suction_pressure, 10m) < 0.04 MPa",
        unknown=_HALF,
        of=Highest,
    ),
    "std": OverTime(
        usage="std(x, 5m)",
        doc="the standard deviation over the last five minutes, weighted by time",
        example="running and std(pressure, 10m) > 0.02 MPa",
        unknown=_HALF,
        of=Deviation,
    ),
    "sum": OverTime(
        usage="sum(x, 1h)",
        doc="x times seconds, summed over the last hour; kW gives kJ, m³/h divided by 3600 gives m³",
        example="sum(flow, 1d) / 3600 > 500",
        unknown=_HALF,
        unit="unknown",
        of=Total,
    ),
    "quantile": OverTime(
        usage="quantile(x, 0.9, 1h)",
        doc="the value that x stayed below for nine tenths of the last hour: x is looked at 60 times in the window, and"
        " between two looks the quantile is linear; 0.5 gives the median",
        example="quantile(power, 0.95, 1d) > 0.9 * rated_power",
        unknown="while less than half of the looks are known",
        of=Quantile,
        share=True,
    ),
    "rate": OverTime(
        usage="rate(x, 5m)",
        doc="the change per second over the last five minutes",
        example="rate(bearing_temp, 10m) > 0.02 °C/s",
        unknown=_ENDS,
        unit="same per second",
        of=Rate,
    ),
    "delta": OverTime(
        usage="delta(x, 5m)",
        doc="the value now less the value five minutes ago",
        example="delta(bearing_temp, 30m) > 15 °C",
        unknown=_ENDS,
        of=Change,
    ),
    "ago": OverTime(
        usage="ago(x, 1d)",
        doc="the value that x had a day ago; right to a 720th of the window (a day: two minutes), and exact where rows"
        " are further apart than that",
        example="running and flow < 0.5 * ago(flow, 1w)",
        unknown="when the value was unknown then, or nobody looked then",
        of=Ago,
    ),
    "held": OverTime(
        usage="held(cond, 1h)",
        doc="the share (0 to 1) of the last hour in which cond was true",
        example="held(speed_hz > 48, 1d) > 0.5",
        unknown=_HALF,
        unit="none",
        of=Average,
        takes="condition",
    ),
    "rises": OverTime(
        usage="rises(cond, 1h)",
        doc="how often cond became true in the last hour",
        example="rises(running, 1h) > 20",
        unknown=_HALF,
        unit="none",
        of=Rises,
        takes="condition",
    ),
    "stuck": OverTime(
        usage="stuck(x, 1h)",
        doc="true if x was known and did not change at all in the last hour",
        example="running and stuck(pressure, 30m)",
        unknown="while part of the window is unknown and no change was seen",
        unit="none",
        of=Stuck,
    ),
}

KNOWLEDGE: Mapping[str, Knowledge] = {
    "age": Knowledge(
        usage="age(point)",
        doc="seconds since the last good value; endless if there never was one",
        example="age(bearing_temp) > 15m",
        unknown="",
        unit="seconds",
        of=words.age,
    ),
    "missing": Knowledge(
        usage="missing(point)",
        doc="true if the point is unknown now",
        example="running and missing(bearing_temp)",
        unknown="",
        unit="none",
        of=words.missing,
    ),
}

WORDS: Mapping[str, Word] = {
    "always": Word(
        usage="always",
        doc="true; for rules that only their season and their hours decide",
        example="always",
        unknown="",
        unit="none",
        reader=lambda: words.always,
    ),
    "offline": Word(
        usage="offline",
        doc="true if no point of the device is known",
        example="offline",
        unknown="",
        unit="none",
        reader=lambda: words.offline,
    ),
    "hour": Word(
        usage="hour",
        doc="the hour on the clock on the wall of the site, 0 to 23",
        example="2 <= hour < 5 and flow > 3 m³/h",
        unknown="",
        unit="none",
        reader=partial(words.OnTheWall, words.hour),
    ),
    "weekday": Word(
        usage="weekday",
        doc="the day of the week at the site, 1 for Monday to 7 for Sunday",
        example="weekday >= 6 and power > 0.5 * rated_power",
        unknown="",
        unit="none",
        reader=partial(words.OnTheWall, words.weekday),
    ),
    "workday": Word(
        usage="workday",
        doc="true on days on which people work. With `site: calendar: CN` public holidays are days off and the weekends"
        " that are worked in exchange are workdays",
        example="not workday and power > usual(power) + 5 kW",
        unknown="",
        unit="none",
        reader=partial(words.OnTheWall, words.workday),
    ),
}

CALLED: tuple[Mapping[str, Entry], ...] = (OVER_POINTS, OVER_TIME, LEARNT, OF_DEVICE, FORECAST, KNOWLEDGE)
"""The tables of all that is written with parentheses."""

FUNCTIONS = {
    name: " or ".join(table[name].usage for table in CALLED if name in table) for name in sorted({*chain(*CALLED)})
}
"""How each function is written, by name."""
