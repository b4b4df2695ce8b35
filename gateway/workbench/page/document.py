"""The page as a whole: one HTML file that needs nothing else, written piece by piece.

A policy in its head forbids everything that is not in the file, even to a text that might get past the escaping.
"""

from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from gateway.core.markup import Markup, element
from gateway.core.messages import Language
from gateway.history.past import Past
from gateway.workbench.backtest.outcome import Outcome
from gateway.workbench.page.changes import changes
from gateway.workbench.page.overview import headline, overview
from gateway.workbench.page.report import Report
from gateway.workbench.page.tickets import rule_sections, rule_table, ticket_list
from gateway.workbench.page.words import Words

PLOTS = 200
"""Tickets that get a plot, unless more or fewer are asked for."""

_OTHER_PIECES = 10


def write_page(
    path: Path,
    outcome: Outcome,
    past: Past,
    *,
    language: Language,
    before: Outcome | None = None,
    plots: int = PLOTS,
    progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Write the page of a backtest; `before`: of the same time by other rules. Raises OSError.

    The series of the plots are read from the past, ticket by ticket; `progress` is told the share that is done, 0 to 1.
    """
    report = Report.of(outcome, before, language, plots)
    count = len(report.drawn) + len(report.by_rule) + _OTHER_PIECES
    with path.open("w", encoding="utf-8") as file:
        for number, piece in enumerate(pieces(report, past), 1):
            file.write(piece)
            progress(min(number / count, 1.0))


def pieces(report: Report, past: Past) -> Iterator[str]:
    """The page in pieces, none of them larger than a table or a plot."""
    outcome = report.outcome
    yield f'<!doctype html>\n<html lang="{report.words.language}">\n'
    yield head(report.words.say("page_title", "Backtest of {site}", site=outcome.config.site.name))
    yield "<body>\n<main>\n"
    yield headline(report)
    yield overview(report)
    if report.comparison:
        yield changes(report.comparison, report)
    if outcome.cases:
        yield rule_table(report)
        yield from rule_sections(report, past)
        yield ticket_list(report)
    yield "\n</main>\n"
    yield script(report.words)
    yield "\n</body>\n</html>\n"


def head(title: str) -> Markup:
    """The head of a page, with its style and its policy."""
    style, code = _inline("page.css"), _inline("page.js")
    policy = f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(code)}"
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", title),
        element("style", style),
    )


def script(words: Words) -> Markup:
    """What makes tables sortable and searchable; it stands at the end of the body."""
    return element("script", _inline("page.js"), **_script_words(words))


def _script_words(words: Words) -> dict[str, str]:
    """What the script says; it makes the controls itself, so that without it there are none."""
    return {
        "data_find": words.say("page_find", "find in the tickets"),
        "data_all": words.say("page_all_levels", "all levels"),
        "data_red": words.level("red"),
        "data_yellow": words.level("yellow"),
    }


@cache
def _inline(name: str) -> Markup:
    """A file of ours that stands in the page as it is."""
    return Markup(files("gateway.workbench.page").joinpath(name).read_text("utf-8"))


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
