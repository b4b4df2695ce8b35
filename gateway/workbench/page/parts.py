"""Small things that several sections of the page are made of: levels, links, tables, bars."""

from collections.abc import Iterable, Sequence

from gateway.core.markup import Content, Markup, element
from gateway.workbench.backtest.outcome import Case
from gateway.workbench.page.report import Report
from gateway.workbench.page.words import Words

Cell = tuple[Content, float | str | None]
"""What a cell shows, and what it is sorted by; None leaves that to its text."""


def level_word(level: str, words: Words) -> Markup:
    """A level in its colour and, for those who do not see that, in words."""
    return element("span", words.level(level), class_=f"level {level}")


def levels(case: Case, words: Words) -> Content:
    """The level of a ticket, with the one that it was born with if that was another."""
    now = case.ticket.level
    return (
        [level_word(case.opened_as, words), " → ", level_word(now, words)]
        if now != case.opened_as
        else level_word(now, words)
    )


def link(case: Case, report: Report, text: Content) -> Content:
    """A link to the plot of a ticket, or the text alone if it has none."""
    anchor = report.anchor(case)
    return element("a", text, href=f"#{anchor}") if anchor and case.ticket.id in report.drawn else text


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Cell]], *, numbers: frozenset[int]) -> Markup:
    """A table; the columns in `numbers` are set flush right. The first cell of a row names it."""
    top = [element("th", head, scope="col", class_="number" if i in numbers else None) for i, head in enumerate(heads)]
    return element(
        "div",
        element(
            "table",
            element("caption", caption),
            element("thead", element("tr", top)),
            element("tbody", (element("tr", _cells(row, numbers)) for row in rows)),
            class_="sortable",
        ),
        class_="wide",
    )


def bar(red: float, yellow: float, most: float, label: str) -> Markup:
    """A bar of two parts, as long as its share of the longest one."""
    wide = 120.0 / most if most else 0.0
    parts = [
        element("rect", x=0, y=2, width=red * wide, height=8, class_="bar red") if red else None,
        element("rect", x=red * wide, y=2, width=yellow * wide, height=8, class_="bar yellow") if yellow else None,
    ]
    return element("svg", element("title", label), *parts, class_="bars", viewBox="0 0 120 12", role="img")


def _cells(row: Sequence[Cell], numbers: frozenset[int]) -> Iterable[Markup]:
    for i, (shown, key) in enumerate(row):
        kind = "number" if i in numbers else None
        if i == 0:
            yield element("th", shown, scope="row", class_=kind, data_key=key)
        else:
            yield element("td", shown, class_=kind, data_key=key)
