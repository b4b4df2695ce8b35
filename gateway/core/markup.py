"""Elements of HTML and SVG as plain functions: whatever is not markup already is escaped."""

from collections.abc import Iterable
from html import escape
from typing import TypeAlias

from gateway.core.messages import printable

Value = str | int | float | bool | None
Content: TypeAlias = "str | int | Iterable[Content] | None"

_EMPTY = frozenset({"meta", "br", "path", "rect", "line", "circle", "input"})


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(name: str, /, *content: Content, **attributes: Value) -> Markup:
    """One element; None leaves a part out.

    An attribute's name is written with _ for -, and with one behind it where Python has the word.

    >>> element("a", "P<1", href="#p", class_="quiet", data_level=None)
    '<a href="#p" class="quiet">P&lt;1</a>'
    """
    start = f"<{name}{''.join(_attribute(*pair) for pair in attributes.items())}"
    inside = join(content)
    if name in _EMPTY and not inside:
        return Markup(f"{start}>" if name in {"meta", "br", "input"} else f"{start}/>")
    return Markup(f"{start}>{inside}</{name}>")


def join(*content: Content) -> Markup:
    """Parts one after the other, text among them escaped; no text can hide characters or turn the reading direction."""
    return Markup("".join(_part(part) for part in content))


def _part(part: Content) -> str:
    match part:
        case None:
            return ""
        case Markup():
            return part
        case str() | int():
            return escape(printable(str(part)))
        case _:
            return "".join(_part(inner) for inner in part)


def _attribute(name: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    written = name.rstrip("_").replace("_", "-") if name != "viewBox" else name
    if value is True:
        return f" {written}"
    text = f"{value:.6g}" if isinstance(value, float) else printable(str(value))
    return f' {written}="{escape(text)}"'
