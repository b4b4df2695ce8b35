"""What the figures of an evaluation are called, and how their values are written, wherever they are shown."""

from gateway.core.messages import Language, say
from gateway.workbench.evaluate.figures import Figure, Unit

UNKNOWN = "–"

_FIGURES = {
    "false_red": "false red tickets in normal weeks",
    "false_yellow": "false yellow per device and 14 days",
    "safety_red": "safety events that became red",
    "safety_delay": "longest delay of red, beyond `for`",
    "slow_found": "slow faults found",
    "slow_in_time": "slow faults found 3 days before failure",
    "slow_warning": "days of warning of slow faults, median",
    "wrong_kind": "sensor faults raised as process tickets",
    "one_ticket": "incidents told by one ticket",
}


def figure_name(figure: Figure, language: Language) -> str:
    """What it is."""
    return say(f"figure_{figure.name}", _FIGURES[figure.name], {}, language)


def asked_value(figure: Figure) -> str:
    """What is asked for."""
    return f"{'≤' if figure.at_most else '≥'} {figure_value(figure.limit, figure.unit)}"


def figure_value(value: float | None, unit: Unit) -> str:
    """A value with its unit; a dash for what was not played."""
    if value is None:
        return UNKNOWN
    match unit:
        case "count":
            return f"{value:.0f}"
        case "rate":
            return f"{value:.2f}"
        case "share":
            return percent(value)
        case "s":
            return f"{value:.0f} s"
        case "d":
            return f"{value:.1f} d"


def percent(share: float) -> str:
    """Never rounded up to all or down to nothing."""
    hundredths = 100 * share
    return "<1%" if 0 < hundredths < 1 else ">99%" if 99 < hundredths < 100 else f"{hundredths:.0f}%"
