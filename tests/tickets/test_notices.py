"""What robots and e-mails say: enough to set out by, in both languages, and never a broken line."""

from typing import Any

import pytest

from gateway.core.messages import Language
from gateway.core.types import Level, Verdict
from gateway.core.wording import LANGUAGES
from gateway.tickets import texts
from gateway.tickets.explanation import Voice
from tests.tickets.written import CASES, NOW, SHANGHAI, SITE, members, ticket

HAPPENED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "created": ({}, {}),
    "escalated": ({"evidence": {"text": "old", "escalated": {"text": "new 9 > 8"}}}, {}),
    "overdue": ({"overdue": ("acknowledge",), "step": 1}, {"limit": "acknowledge", "step": 1, "to": "department_head"}),
    "reopened": (
        {"reopened": 1, "handler": "李工", "occurrences": 2},
        {"why": "rejected", "by": "王工", "text": "仍异响"},
    ),
    "members": ({"members": members(7, well=2)}, {}),
    "restored": ({"members": members(2, well=2), "cleared_at": NOW}, {}),
    "condition_cleared": ({"cleared_at": NOW - 60.0}, {}),
    "closed": ({"cleared_at": NOW - 60.0, "handler": "李工", "percent": 100.0}, {"by": "李工", "verdict": "done"}),
    "verified": ({"cleared_at": NOW - 2 * 86400.0, "fired_at": NOW - 3 * 86400.0}, {}),
}


def said(event: str, language: Language, about: dict[str, Any], beside: dict[str, Any]) -> str:
    voice = Voice(language, SHANGHAI)
    return texts.notice(ticket(language, **about), event, beside, voice, SITE[language], NOW)


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_of_them_word_for_word(language: Language) -> None:
    told = [f"# {event}\n{said(event, language, *known)}\n" for event, known in HAPPENED.items()]
    assert "\n".join(told) == (CASES / f"notices/{language}.txt").read_text("utf-8")


@pytest.mark.parametrize("event", HAPPENED)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_level_comes_first_and_the_id_last(event: str, language: Language) -> None:
    lines = said(event, language, *HAPPENED[event]).splitlines()
    assert lines[0].startswith({"zh": "【红色预警】3号楼 1单元 ", "en": "[Red alert] building 3 unit 1 "}[language])
    assert lines[-1].endswith(ticket(language).id)
    assert all(line.strip() == line and line for line in lines)


@pytest.mark.parametrize(
    ("event", "beside", "told"),
    [
        ("overdue", {"limit": "on_site", "again": True}, "Event: time limit still missed: on site"),
        ("overdue", {"limit": "lunch"}, "Event: time limit missed: lunch"),
        ("overdue", {}, "Event: a time limit was missed"),
        ("closed", {"verdict": Verdict.FALSE, "by": "Li"}, "Event: closed: nothing was wrong, Li"),
        ("closed", {"verdict": Verdict.NORMAL}, "Event: closed: this is normal from now on"),
        ("carrier_pigeon", {}, "Event: carrier pigeon"),
        ("created", {"to": "night_watch"}, "Raised to: night_watch"),
    ],
)
def test_what_happened(event: str, beside: dict[str, Any], told: str) -> None:
    assert told in said(event, "en", {}, beside).splitlines()


def test_limits_that_are_past_are_not_told_unless_this_is_about_them() -> None:
    past = {"due": {"acknowledge": NOW - 60.0, "on_site": NOW - 30.0, "close": NOW + 60.0}}
    assert "Due: close 16:01" in said("members", "en", past, {})
    assert "Due: on site 15:59, close 16:01" in said("overdue", "en", past, {"limit": "on_site"})
    assert "Due" not in said("created", "en", {"due": {}}, {})


@pytest.mark.parametrize(
    ("location", "zh", "en"),
    [
        ({"building": "3", "unit": "1", "floor": "-2"}, "3号楼 1单元 -2层", "building 3 unit 1 floor -2"),
        ({"building": "A座", "room": "泵房"}, "A座 泵房", "A座 泵房"),
        ({"building": "", "room": "12"}, "12", "12"),
        ({}, "", ""),
    ],
)
def test_places(location: dict[str, str], zh: str, en: str) -> None:
    for language, told in zip(LANGUAGES, (zh, en), strict=True):
        line = texts.headline(ticket(language, location=location, title="T", level=Level.YELLOW), language)
        head = {"zh": "【黄色预警】", "en": "[Yellow alert] "}[language]
        assert line == f"{head}{told} T" if told else f"{head}T"


def test_foreign_text_can_neither_break_a_line_nor_drive_a_terminal() -> None:
    told = said("reopened", "en", {"title": "a\nb\x1b[2J"}, {"text": "x" * 5000, "by": "m\r\ne"})
    assert "a b\ufffd[2J" in told.splitlines()[0]
    assert "m e" in told
    assert max(map(len, told.splitlines())) <= 400
    assert len(told.encode()) < 8192


def test_without_a_clock_it_is_as_at_the_tickets_last_moment() -> None:
    about, voice = ticket("en", nodes={"accepted": NOW}), Voice("en", SHANGHAI)
    assert texts.notice(about, "created", {}, voice, "here") == texts.notice(about, "created", {}, voice, "here", NOW)
