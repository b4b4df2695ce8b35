"""What stands between the parentheses of a function over time: a quantity, perhaps a share, and a window."""

import ast
from typing import NamedTuple

from rules.duration import UNITS_S
from rules.language.functions import FORECAST, FUNCTIONS, LEARNT, OF_DEVICE, OVER_POINTS, OVER_TIME
from rules.language.source import finding, span

_LONGEST_S = 1e9
_ALONE = {*LEARNT, *OF_DEVICE, *FORECAST}


class OverWindow(NamedTuple):
    """A call that is right."""

    quantity: ast.expr
    length_s: float
    shares: tuple[float, ...]


def over_window(node: ast.Call, name: str) -> OverWindow:
    """Take the arguments of a call of a function over time apart. Raises PydanticCustomError."""
    function = OVER_TIME[name]
    if len(node.args) != 2 + function.share:
        message = "{name} is written {usage}"
        raise finding("wrong_arguments", message, span(node), name=name, usage=function.usage)
    quantity, *between, last = node.args
    shares = tuple(_share(share, name) for share in between)
    return OverWindow(quantity, _window_s(last, name), shares)


def of_device(node: ast.Call, name: str) -> float:
    """Take the window of a function of a whole device, in seconds. Raises PydanticCustomError."""
    if len(node.args) != 1:
        message = "{name} is written {usage}"
        raise finding("wrong_arguments", message, span(node), name=name, usage=OF_DEVICE[name].usage)
    return _window_s(node.args[0], name)


def over_learnt(node: ast.Call, name: str) -> tuple[ast.expr, tuple[float, ...]]:
    """Take the quantity of a learnt function, and its window in seconds if it has one. Raises PydanticCustomError."""
    windowed = LEARNT[name].window
    if len(node.args) != 1 + windowed:
        message = "{name} is written {usage}"
        raise finding("wrong_arguments", message, span(node), name=name, usage=LEARNT[name].usage)
    return node.args[0], tuple(_window_s(arg, name) for arg in node.args[1:])


class OverForecast(NamedTuple):
    """A call of a forecast that is right, except perhaps for the unit of its limit."""

    quantity: ast.expr
    limit: ast.Constant
    sign: float
    length_s: float


def over_forecast(node: ast.Call, name: str) -> OverForecast:
    """Take the arguments of a forecast apart. Raises PydanticCustomError."""
    function = FORECAST[name]
    if len(node.args) != 3:
        message = "{name} is written {usage}"
        raise finding("wrong_arguments", message, span(node), name=name, usage=function.usage)
    quantity, limit, last = node.args
    sign = 1.0
    if isinstance(limit, ast.UnaryOp) and isinstance(limit.op, ast.USub):
        sign, limit = -1.0, limit.operand
    if not isinstance(limit, ast.Constant):
        message = "the limit of {name} is a number: {usage}"
        raise finding("no_limit", message, span(node.args[1]), name=name, usage=function.usage)
    length_s = _window_s(last, name)
    if length_s < function.shortest_s:
        message = "{name} looks at 60 whole minutes at least, so its window is 1h or longer"
        raise finding("short_forecast", message, span(last), name=name)
    return OverForecast(quantity, limit, sign, length_s)


def is_over_time(node: ast.Call, name: str) -> bool:
    """Tell `min(x, 5m)` from `min(x, y)`, and from `min(x, 5 m)`: a duration sticks to its number, a unit need not."""
    if name not in OVER_POINTS:
        return name in OVER_TIME
    match node.args:
        case [_, ast.Constant(kind=str(unit))] if name in OVER_TIME:
            return unit in UNITS_S
    return False


def windows_in(node: ast.expr) -> list[ast.Call]:
    """The calls in a quantity that look back themselves, outermost first."""
    calls = (call for call in ast.walk(node) if isinstance(call, ast.Call))
    return [call for call in calls if (name := _name(call)) in _ALONE or is_over_time(call, name)]


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _window_s(node: ast.expr, name: str) -> float:
    match node:
        case ast.Constant(value=int() | float() as count, kind=str(unit)) if unit.strip() in UNITS_S:
            if 0 < count * UNITS_S[unit.strip()] < _LONGEST_S:
                return count * UNITS_S[unit.strip()]
    message = "{name} ends with a duration such as 5m: {usage}"
    raise finding("no_window", message, span(node), name=name, usage=FUNCTIONS[name])


def _share(node: ast.expr, name: str) -> float:
    match node:
        case ast.Constant(value=int() | float() as share, kind=None) if 0 <= share <= 1:
            return float(share)
    message = "{name} takes a number from 0 to 1 before the window: {usage}"
    raise finding("not_a_share", message, span(node), name=name, usage=OVER_TIME[name].usage)
