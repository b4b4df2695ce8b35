"""Texts within a limit in bytes: whole characters, the ticket's id readable, nothing that a chat would act upon."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.delivery.channels.text import clean, cut, digest, one_line, single
from tests.delivery.told import make_notice

MIXED = st.text(st.one_of(st.characters(codec="utf-8"), st.sampled_from("水泵困人🛗👩‍🔧🇨🇳é\u0301")), max_size=400)


@settings(deadline=None)
@given(MIXED, st.integers(10, 300))
def test_a_cut_text_is_a_beginning_within_the_limit(text: str, limit: int) -> None:
    short = cut(text, limit)
    assert len(short.encode()) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@pytest.mark.parametrize(
    ("text", "limit", "short"),
    [
        ("困人困人", 12, "困人困人"),
        ("困人困人", 11, "困人…"),
        ("ab🛗🛗", 9, "ab🛗…"),
        ("ab🛗🛗", 8, "ab…"),
        ("a👩‍🔧b", 13, "a👩‍🔧b"),
        ("a👩‍🔧bc", 13, "a…"),  # a mechanic is never cut to a woman
        ("👍🏽 ok then", 10, "…"),
        ("🇨🇳🇨🇳🇨🇳", 20, "🇨🇳🇨🇳…"),
        ("e\u0301e\u0301", 5, "…"),
    ],
)
def test_what_a_reader_takes_for_one_character_is_not_split(text: str, limit: int, short: str) -> None:
    assert cut(text, limit) == short


@settings(deadline=None)
@given(MIXED, MIXED, st.integers(300, 2048))
def test_a_message_names_its_ticket_whatever_the_text(title: str, text: str, limit: int) -> None:
    notice = make_notice(7, title=title, text=text)
    message = single(notice, limit)
    assert len(message.encode()) <= limit
    assert notice.ticket in message


@settings(deadline=None)
@given(st.lists(MIXED, min_size=2, max_size=60), st.integers(400, 4096), st.sampled_from(["en", "zh"]))
def test_a_digest_lists_what_fits_and_counts_the_rest(titles: list[str], limit: int, language: str) -> None:
    notices = [make_notice(number, title=title) for number, title in enumerate(titles)]
    text, count = digest(notices, limit, "zh" if language == "zh" else "en")
    assert 1 <= count <= len(notices)
    assert len(text.encode()) <= limit
    assert [notice.ticket in text for notice in notices] == [True] * count + [False] * (len(notices) - count)
    if 1 < count < len(notices):
        assert str(len(notices) - count) in text.splitlines()[-1]


def test_a_digest_in_both_languages() -> None:
    notices = [make_notice(number) for number in range(30)]
    english, count = digest(notices, 600, "en")
    assert english.splitlines()[0] == f"{count} yellow tickets:"
    assert english.splitlines()[-1] == f"{30 - count} more follow"
    chinese, count = digest(notices, 600, "zh")
    assert chinese.splitlines()[0] == f"{count} 张黄色工单："
    assert chinese.splitlines()[-1] == f"另有 {30 - count} 张随后发送"


def test_nothing_in_a_text_is_an_order_to_the_chat() -> None:
    evil = '<at user_id="all">x</at> <@zhang> [win](https://evil.example) a\x1b[2J\ud800\u202eb 3 < 4'
    said = clean(evil)
    assert "<at" not in said
    assert "<@" not in said
    assert "](" not in said
    assert "3 < 4" in said
    assert said.encode()
    assert not {"\x1b", "\u202e"} & set(said)
    assert one_line("a\r\nBcc: b") == "a Bcc: b"


def test_a_text_that_begins_with_its_title_says_it_once() -> None:
    text = "[red] pump P-1\nSite: Lakeside\nTicket: lakeside:P-1:0"
    notice = make_notice(0, title="[red] pump P-1", text=text)
    assert single(notice, 2000).count("[red] pump P-1") == 1
