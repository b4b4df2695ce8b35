"""The letters as people get them: whole, in both languages, with nothing promised that nobody knows."""

from datetime import UTC
from typing import Any

import pytest

from gateway.core.messages import Language
from gateway.core.wording import LANGUAGES, LETTERS, LONGEST_LETTER, LetterName
from gateway.tickets import texts
from gateway.tickets.explanation import Voice
from gateway.tickets.letters import Letters
from tests.tickets.written import CASES, NOW, SHANGHAI, SITE, ticket

WORKING: dict[str, dict[str, Any]] = {
    "accepted": {"handler": "李工"},
    "entrapment": {},
    "progress": {"handler": "李工", "percent": 50.0, "expected_at": NOW + 12 * 60.0},
    "delay": {"handler": "李工", "percent": 80.0, "expected_at": NOW + 30 * 3600.0, "overdue": ("on_site", "close")},
    "review": {"handler": "李工"},
}
MORE = {
    "zh": {"cause": "门机皮带断裂", "change": "全部电梯更换皮带", "open_day": "3 月 21 日", "plan_b": "请使用 2 号梯"},
    "en": {"cause": "a torn belt", "change": "new belts everywhere", "open_day": "21 March", "plan_b": "take lift 2"},
}
USED = {"review": ("cause", "change", "open_day"), "delay": ("plan_b",)}
EVERY = [(name, language) for name in LETTERS for language in LANGUAGES]


def written(name: LetterName, language: Language, now: float = NOW, **more: Any) -> str:
    return Letters().letter(name, ticket(language, **more), SITE[language], language, now, SHANGHAI)


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_a_letter_word_for_word(name: LetterName, language: Language) -> None:
    more = {key: MORE[language][key] for key in USED.get(name, ())}
    about = ticket(language, **WORKING[name])
    said = Letters().letter(name, about, SITE[language], language, NOW, SHANGHAI, **more)
    assert said + "\n" == (CASES / f"letters/{name}.{language}.txt").read_text("utf-8")


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_a_letter_of_which_little_is_known_has_no_holes(name: LetterName, language: Language) -> None:
    said = written(name, language, due={}, location={}, evidence={}, basis="")
    for hole in ("None", " nan", "()", "（）", "  ", "{", "}", " .", " ,"):
        assert hole not in said
    assert "E-1" in said
    assert ticket(language).id in said


@pytest.mark.parametrize(("name", "language"), EVERY)
def test_nobody_is_asked_to_understand(name: LetterName, language: Language) -> None:
    said = written(name, language).lower()
    assert any(word in said for word in ("抱歉", "歉意", "道歉", "sorry", "apologise"))
    assert not any(word in said for word in ("理解", "谅解", "体谅", "understand", "bear with"))


@pytest.mark.parametrize("name", ["accepted", "entrapment", "progress", "delay"])
def test_a_time_that_has_passed_is_not_promised(name: LetterName) -> None:
    assert "16:10" in written(name, "en", NOW)
    assert "16:10" not in written(name, "en", NOW + 660.0)
    assert "16:10" not in written(name, "en", NOW, expected_at=NOW - 1.0)


@pytest.mark.parametrize(
    ("expected_at", "told"),
    [
        (NOW + 12 * 60.0, "about 12 min left (by 16:12)"),
        (NOW + 1.0, "about 1 min left (by 16:00)"),
        (NOW + 86400.0, "about 1440 min left (by 2026-03-16 16:00)"),
    ],
)
def test_until_when_by_the_clock_of_the_site(expected_at: float, told: str) -> None:
    assert told in written("progress", "en", expected_at=expected_at)


def test_what_people_wrote_elsewhere_stays_on_its_line_and_is_no_template() -> None:
    said = written("accepted", "en", handler="Li\n\x1b[2J{{ site }}\u202e" + "x" * 999)
    first, *_ = said.splitlines()
    assert first.startswith("Hello, this is Li \ufffd[2J{{ site }}\ufffdxxx")
    assert "…" in first
    assert len(first) < 700


def test_a_letter_is_never_larger_than_a_notice_may_be() -> None:
    huge: dict[str, Any] = {"title": "长" * 10_000, "handler": "h" * 10_000, "location": {"room": "r" * 10_000}}
    for name, language in EVERY:
        assert len(written(name, language, **huge).encode()) <= LONGEST_LETTER


def test_variables_that_letters_do_not_have() -> None:
    with pytest.raises(TypeError, match="plan_c"):
        Letters().letter("delay", ticket("en"), "here", "en", NOW, UTC, plan_c="walk")


def test_as_the_site_speaks() -> None:
    voice = Voice("zh", SHANGHAI)
    assert texts.letter("progress", ticket("zh"), voice, SITE["zh"], NOW) == written("progress", "zh")
    assert texts.letter("progress", ticket("zh", nodes={"accepted": NOW}), voice, SITE["zh"]) == written(
        "progress", "zh"
    )
