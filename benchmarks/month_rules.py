"""The 24 rules of the backtest benchmark, each written twice: for the product, and as a plain Python function."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks import plain_windows as over
from benchmarks.month import POINTS, RATINGS
from benchmarks.plain_windows import Step
from rules.duration import duration_s, hours_s
from rules.rule import Rule

Row = Sequence[float]
"""Values of one device, in the order of the points."""
Quantity = Callable[[float, Row], float]
"""Time and row -> what the rule compares with its limits."""

RATED_A, RATED_KW, RATED_FLOW = RATINGS["rated_current"], RATINGS["rated_power"], RATINGS["rated_flow"]
(RUNNING, A, B, C, VOLTAGE, POWER, TEMPERATURE, VIBRATION, PRESSURE, FLOW, LEVEL, VALVE) = range(len(POINTS))


@dataclass(frozen=True, slots=True)
class MonthRule:
    """Yellow, red and clear are limits of one quantity: it is above them, or below them if clear is above yellow."""

    kind: str
    text: str
    plain: Callable[[], Quantity]
    """Makes the same quantity for one device."""
    yellow: float
    clear: float
    red: float | None = None
    for_: str = "0s"
    keep: str = "0s"
    between: str | None = None

    @property
    def sign(self) -> float:
        """1 if values above the limits are bad, -1 if those below."""
        return 1.0 if self.clear <= self.yellow else -1.0

    @property
    def for_s(self) -> float:
        """How long a level must hold, in seconds."""
        return duration_s(self.for_)

    @property
    def keep_s(self) -> float:
        """How long the clear condition must hold, in seconds."""
        return duration_s(self.keep)

    @property
    def hours_s(self) -> tuple[float, float]:
        """When the levels count, in seconds of the day."""
        return hours_s(self.between) if self.between else (0.0, 86400.0)

    def written(self, number: int) -> Rule:
        """The rule as a person would write it."""
        bad, good = (">", "<") if self.sign > 0 else ("<", ">")
        hours = {"between": self.between} if self.between else {}
        levels = {"yellow": self.yellow, "red": self.red}
        conditions = {
            name: {"when": f"{self.text} {bad} {limit:g}", "for": self.for_, **hours}
            for name, limit in levels.items()
            if limit is not None
        }
        clear = f"{self.text} {good} {self.clear:g}"
        return Rule.model_validate({"id": f"rule-{number:02d}", **conditions, "clear": clear, "keep": self.keep})


def _point(column: int) -> Callable[[], Quantity]:
    return lambda: lambda _, row: row[column]


def _of(quantity: Callable[[Row], float]) -> Callable[[], Quantity]:
    return lambda: lambda _, row: quantity(row)


def _window(function: Callable[[float], Step], column: int, length: str) -> Callable[[], Quantity]:
    def made() -> Quantity:
        step = function(duration_s(length))
        return lambda time, row: step(time, row[column])

    return made


def _over(function: Callable[[float], Step], quantity: Callable[[Row], float], length: str) -> Callable[[], Quantity]:
    def made() -> Quantity:
        step = function(duration_s(length))
        return lambda time, row: step(time, quantity(row))

    return made


def _swing(column: int, length: str) -> Callable[[], Quantity]:
    """The highest value less the lowest."""

    def made() -> Quantity:
        high, low = over.highest(duration_s(length)), over.lowest(duration_s(length))
        return lambda time, row: high(time, row[column]) - low(time, row[column])

    return made


def _ratio(a: float, b: float) -> float:
    return a / b if b else math.nan


def _unbalance(row: Row) -> float:
    phases = a, b, c = row[A], row[B], row[C]
    return math.nan if math.isnan(a + b + c) else max(phases) - min(phases)


def _over_mean(row: Row) -> float:
    return _ratio(_unbalance(row), (row[A] + row[B] + row[C]) / 3.0)


def _is_above(column: int, limit: float) -> Callable[[Row], float]:
    def above(row: Row) -> float:
        x = row[column]
        return 1.0 if x > limit else 0.0 if x <= limit else x

    return above


MONTH_RULES = (
    MonthRule("threshold", "temperature", _point(TEMPERATURE), 74.013, 66.013, 88.013, for_="5m", keep="10m"),
    MonthRule("threshold", "pressure", _point(PRESSURE), 2.413, 2.713, 1.513, for_="10m"),
    MonthRule("threshold", "voltage", _point(VOLTAGE), 379.013, 387.013, for_="2m"),
    MonthRule("threshold", "voltage", _point(VOLTAGE), 419.013, 412.013, for_="2m"),
    MonthRule("threshold", "vibration", _point(VIBRATION), 4.513, 3.813, 6.013, for_="2m", keep="30m"),
    MonthRule("threshold", "level", _point(LEVEL), 92.013, 86.013, for_="5m", keep="5m"),
    MonthRule("between", "valve", _point(VALVE), 88.013, 80.013, for_="5m", between="22:00-06:00"),
    MonthRule("between", "power", _point(POWER), 1.013, 0.513, for_="15m", keep="15m", between="22:30-02:30"),
    MonthRule(
        "arithmetic", "current_a / rated_current", _of(lambda r: r[A] / RATED_A), 1.1013, 1.0013, 1.3013, for_="10m"
    ),
    MonthRule("arithmetic", "power - 0.4 * flow", _of(lambda r: r[POWER] - 0.4 * r[FLOW]), 4.013, 1.013, for_="5m"),
    MonthRule(
        "arithmetic", "running * rated_flow - flow", _of(lambda r: r[RUNNING] * RATED_FLOW - r[FLOW]), 80.013, 60.013
    ),
    MonthRule("phases", "spread(current_a, current_b, current_c)", _of(_unbalance), 15.013, 8.013, for_="5m"),
    MonthRule(
        "phases",
        "spread(current_a, current_b, current_c) / mean(current_a, current_b, current_c)",
        _of(_over_mean),
        0.2513,
        0.1213,
        for_="5m",
    ),
    MonthRule("avg, held", "avg(temperature, 5m)", _window(over.average, TEMPERATURE, "5m"), 72.513, 66.013, 85.013),
    MonthRule("avg, held", "avg(power, 1h)", _window(over.average, POWER, "1h"), 42.013, 40.013),
    MonthRule("avg, held", "avg(current_a, 24h)", _window(over.average, A, "24h"), 47.013, 46.013),
    MonthRule("avg, held", "held(flow > 95, 24h)", _over(over.average, _is_above(FLOW, 95.0), "24h"), 0.7513, 0.6013),
    MonthRule("std", "std(pressure, 30m)", _window(over.deviation, PRESSURE, "30m"), 1.0513, 0.5013),
    MonthRule("std", "std(vibration, 6h)", _window(over.deviation, VIBRATION, "6h"), 1.3513, 1.0013),
    MonthRule("rate, delta", "rate(level, 10m)", _window(over.rate, LEVEL, "10m"), 0.02013, 0.01013),
    MonthRule("rate, delta", "delta(valve, 30m)", _window(over.delta, VALVE, "30m"), 12.013, 8.013, for_="2m"),
    MonthRule("min, max", "max(vibration, 1h) - min(vibration, 1h)", _swing(VIBRATION, "1h"), 4.513, 3.013),
    MonthRule("rises, stuck", "rises(running, 1h)", _window(over.rises, RUNNING, "1h"), 5.5, 2.5, keep="1h"),
    MonthRule("rises, stuck", "stuck(valve, 2h)", _window(over.stuck, VALVE, "2h"), 0.5, 0.3),
)

FURTHER_RULES = tuple(
    Rule.model_validate({"id": name, "yellow": {"when": when, "for": "10m"}})
    for name, when in {
        "quantile": "quantile(power, 0.9, 6h) > 45.013",
        "ago": "running and flow < 0.5 * ago(flow, 24h)",
        "usual": "running and abs(temperature - usual(temperature)) > 25.013",
    }.items()
)
"""Rules that nobody would write as plain Python in a moment; only their cost is shown."""
