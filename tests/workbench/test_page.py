"""The page of a backtest: whole, well-formed, closed to the outside, whatever the site calls its things."""

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gateway.core.config import Config
from gateway.core.markup import element, join
from gateway.core.messages import Language
from gateway.history.past import Past
from gateway.workbench.backtest.outcome import Outcome
from gateway.workbench.backtest.play import Rules, play
from gateway.workbench.page import PLOTS, write_page
from gateway.workbench.page.document import pieces
from gateway.workbench.page.report import Report
from tests.workbench import lane
from tests.workbench.lane import DAY, HOUR, PLUGINS, T0, Spell

LENGTH = 2 * DAY
SPELLS = (
    Spell("P-1", HOUR, 2 * HOUR, "bearing_temp", 75.0),
    Spell("P-1", 1.5 * HOUR, 1.8 * HOUR, "bearing_temp", 85.0),
    Spell("P-2", 5 * HOUR, 6 * HOUR, "vibration", 7.5),
    Spell("P-2", 5.2 * HOUR, 5.26 * HOUR),
    Spell("M-1", 30 * HOUR, LENGTH, "power", 95.0),
    Spell("P-3", 1000.0, 8000.0),
)
HOSTILE = "<script>alert(1)</script>\"'&\u202e"
VOID = {"meta", "br", "input"}


class Page(HTMLParser):
    """Reads a page strictly: every element that is opened is closed, in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def site(tmp_path: Path) -> Config:
    return lane.site(tmp_path)


@pytest.fixture
def past(site: Config) -> Iterator[Past]:
    with lane.record(site, LENGTH, SPELLS) as past:
        yield past


@pytest.fixture
def outcome(site: Config, past: Past) -> Outcome:
    return play(site, PLUGINS, past, T0, T0 + LENGTH, {"ours": site.rules})["ours"]


def written(
    outcome: Outcome, past: Past, language: Language = "en", before: Outcome | None = None, plots: int = PLOTS
) -> str:
    return "".join(pieces(Report.of(outcome, before, language, plots), past))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_well_formed_and_leads_nowhere_else(outcome: Outcome, past: Past, language: Language) -> None:
    text = written(outcome, past, language)
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {link["href"] for link in page.all("a")} <= {f"#{name}" for name in ids}
    assert not re.search(r"(https?:|//[a-z]|url\(|@import|\bsrc=|<link|<img|<iframe)", text)
    assert "default-src 'none'" in (page.all("meta")[1]["content"] or "")
    assert not any(name.startswith("on") or name == "style" for _, attributes in page.tags for name in attributes)


def test_every_drawing_is_xml_with_a_title(outcome: Outcome, past: Past) -> None:
    drawings = re.findall(r"<svg.*?</svg>", written(outcome, past), re.DOTALL)
    assert len(drawings) > len(outcome.cases)
    for drawing in drawings:
        root = ET.fromstring(drawing)  # noqa: S314 - our own
        assert root[0].tag == "title"
        assert root[0].text
        assert 'class="plot"' not in drawing or len(drawing) < 10_000


def test_every_table_has_a_caption_and_heads_with_a_scope(outcome: Outcome, past: Past) -> None:
    page = Page(written(outcome, past))
    assert len(page.all("caption")) == len(page.all("table")) == 4
    assert all(head.get("scope") in {"col", "row"} for head in page.all("th"))


def test_the_page_says_what_was_found(outcome: Outcome, past: Past) -> None:
    text = " ".join(Page(written(outcome, past)).text)
    assert "The Lane" in text
    assert "Mon 16 Mar 2026" in text
    assert "4 tickets: 7.0 red and 7.0 yellow a week" in text
    assert "close each ticket 24 h after" in text
    assert "bearing_temp 85 °C" in text
    assert "still there at the end" in text


def test_hostile_names_stay_text(outcome: Outcome, past: Past) -> None:
    config = outcome.config
    cases = tuple(
        replace(
            case,
            ticket=replace(case.ticket, title=HOSTILE, evidence={"scores": {"usual": {"text": HOSTILE}}}),
            device=case.device.model_copy(
                update={"name": HOSTILE, "location": {"building": HOSTILE, HOSTILE: HOSTILE}}
            ),
        )
        for case in outcome.cases
    )
    named = replace(config, site=config.site.model_copy(update={"name": HOSTILE}))
    text = written(replace(outcome, config=named, cases=cases), past)
    page = Page(text)
    assert len(page.all("script")) == 1
    assert "\u202e" not in text
    assert "<script>alert(1)</script>\"'&\ufffd" in "".join(page.text)


def test_without_tickets_the_page_says_so(outcome: Outcome, past: Past) -> None:
    page = Page(written(replace(outcome, cases=()), past))
    assert "No rule would have opened a ticket." in page.text
    assert not page.all("svg")


def test_only_so_many_plots_red_first(outcome: Outcome, past: Past) -> None:
    page = Page(written(outcome, past, plots=2))
    assert [article["data-level"] for article in page.all("article")] == ["red", "red"]
    assert any(text.startswith("2 of 4 tickets have a plot") for text in page.text)


def test_a_change_of_rules(site: Config, past: Past, outcome: Outcome) -> None:
    def later(rule_id: str, for_s: float) -> Rules:
        return {
            profile: tuple(
                rule.model_copy(update={"yellow": rule.yellow.model_copy(update={"for_s": for_s})})
                if rule.id == rule_id and rule.yellow
                else rule
                for rule in rules
            )
            for profile, rules in site.rules.items()
        }

    changed = {name: later(name, for_s) for name, for_s in (("hot", 300.0), ("silent", DAY))}
    found = play(site, PLUGINS, past, T0, T0 + LENGTH, changed)
    moved = " ".join(Page(written(found["hot"], past, before=outcome)).text)
    assert "adds 0 tickets, loses 0, moves 1 in time" in moved
    assert "4 min later than before" in moved
    lost = " ".join(Page(written(found["silent"], past, before=outcome)).text)
    assert "adds 0 tickets, loses 1, moves 0 in time" in lost


def test_the_page_as_a_file(outcome: Outcome, past: Past, tmp_path: Path) -> None:
    shares: list[float] = []
    write_page(tmp_path / "page.html", outcome, past, language="zh", progress=shares.append)
    assert shares == sorted(shares)
    assert shares[-1] > 0.9
    text = (tmp_path / "page.html").read_text("utf-8")
    assert text.startswith('<!doctype html>\n<html lang="zh">')
    assert text.endswith("</html>\n")


def test_markup_escapes_what_is_not_markup() -> None:
    assert element("b", "<i>", element("i", '"'), None, [1, "&"]) == "<b>&lt;i&gt;<i>&quot;</i>1&amp;</b>"
    assert (
        element("a", "x", href='#"', class_=None, hidden=True, data_n=1.0)
        == '<a href="#&quot;" hidden data-n="1">x</a>'
    )
    assert join("a\u202eb", None) == "a\ufffdb"
