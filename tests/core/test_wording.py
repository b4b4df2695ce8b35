"""Letters that a site writes itself: what is wrong is shown where it stands, and no file can stop the gateway."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from gateway.core.document import Document
from gateway.core.wording import FILTERS, LONGEST_LETTER, VARIABLES, compiled, filled, read_wording

KNOWN = {**dict.fromkeys(VARIABLES, ""), "eta": "16:10", "site": "Court"}


def problems(text: str) -> list[tuple[str, int, int]]:
    letter, findings = compiled(Document(Path("delay.en.txt"), text))
    assert (letter is None) == bool(findings)
    return [(finding.kind, finding.line, finding.column) for finding in findings]


def said(text: str, **more: str) -> str:
    letter, findings = compiled(Document(Path("x"), text))
    assert letter, findings
    return filled(letter, {**KNOWN, **more})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("by {{ eta }}", "by 16:10"),
        ("{% if percent %}{{ percent }}%{% elif eta %}soon{% else %}later{% endif %}", "soon"),
        ("{{ percent | default('some', true) }} at {{ site | upper }}", "some at COURT"),
        ("{{ plan_b or 'call ' ~ site }}", "call Court"),
        ("{% if eta == '16:10' and not percent %}yes{% endif %}", "yes"),
        ("{{ 'a' if percent != '' else 'b' }}{# a remark #}", "b"),
        ("{% raw %}{{ site }}{% endraw %}", "{{ site }}"),
        ("<b>{{ site }}</b>", "<b>Court</b>"),
    ],
)
def test_what_a_letter_may_say(text: str, told: str) -> None:
    assert said(text) == told


@pytest.mark.parametrize(
    ("text", "kind", "line", "column"),
    [
        ("Dear all,\nat {{ etta }}", "unknown_variable", 2, 7),
        ("{% if prcent %}x{% endif %}", "unknown_variable", 1, 7),
        ("one\ntwo {{ eta", "letter_syntax", 2, 5),
        ("{% if eta %}\nno end", "letter_syntax", 2, 1),
        ("{% frobnicate %}", "letter_syntax", 1, 1),
        ("a {{ eta | shout }}", "unknown_filter", 1, 12),
        ("a {{ eta | center(10000000000) }}", "unknown_filter", 1, 12),
        ("a {{ eta | upper(1) }}", "filter_arguments", 1, 12),
        ("a {{ eta | default('a', true, 3) }}", "filter_arguments", 1, 12),
        ("a {{ eta | default(value='a') }}", "filter_arguments", 1, 12),
        ("\n{{ ''.__class__ }}", "not_in_letters", 2, 1),
        ("{{ eta['__class__'] }}", "not_in_letters", 1, 1),
        ("{{ ''|attr('__class__') }}", "unknown_filter", 1, 7),
        ("{% for i in range(10**9) %}x{% endfor %}", "not_in_letters", 1, 1),
        ("{{ 10 ** 10 ** 10 }}", "not_in_letters", 1, 1),
        ("{{ 'x' * 10000000000 }}", "not_in_letters", 1, 1),
        ("{{ '%10000000000d' % 1 }}", "not_in_letters", 1, 1),
        ("{{ 5 in eta }}", "not_in_letters", 1, 1),
        ("{{ eta < 5 }}", "not_in_letters", 1, 1),
        ("{{ eta is defined }}", "not_in_letters", 1, 1),
        ("{{ [1, 2] }}", "not_in_letters", 1, 1),
        ("{{ cycler }}", "unknown_variable", 1, 4),
        ("{{ self }}", "unknown_variable", 1, 4),
        ("{{ eta() }}", "not_in_letters", 1, 1),
        ("{% set eta = 'x' %}", "not_in_letters", 1, 1),
        ("{% include '/etc/passwd' %}", "not_in_letters", 1, 1),
        ("{% import 'os' as os %}", "not_in_letters", 1, 1),
        ("{% macro m() %}{{ m() }}{% endmacro %}", "not_in_letters", 1, 1),
        ("{% block b %}{% endblock %}", "not_in_letters", 1, 1),
        ("{% filter upper %}x{% endfilter %}", "not_in_letters", 1, 1),
        ("x" * (LONGEST_LETTER + 1), "letter_too_long", 1, 1),
        ("{{ " + "(" * 3000 + "eta" + ")" * 3000 + " }}", "letter_too_deep", 1, 1),
        ("{{ " + "not " * 1500 + "eta }}", "letter_too_deep", 1, 1),
        ("{% if eta %}" * 200 + "x" + "{% endif %}" * 200, "letter_too_deep", 1, 1),
    ],
)
def test_what_is_wrong_and_where(text: str, kind: str, line: int, column: int) -> None:
    assert problems(text)[0] == (kind, line, column)


def test_every_problem_is_told_at_once() -> None:
    found = problems("{{ a }}\n{% for x in b %}{{ c }}{% endfor %}\n{{ d }}")
    assert [(kind, line) for kind, line, _ in found] == [
        ("unknown_variable", 1),
        ("not_in_letters", 2),
        ("unknown_variable", 3),
    ]


def test_a_finding_for_people() -> None:
    _, (near,) = compiled(Document(Path("delay.en.txt"), "We are back at {{ etaa }}."))
    assert near.show("en").splitlines()[:3] == [
        "delay.en.txt:1:19: error: etaa is not a variable of letters",
        "  1 | We are back at {{ etaa }}.",
        "    |                   ^^^^ try: eta",
    ]
    _, (far,) = compiled(Document(Path("delay.en.txt"), "{{ qqqqqqqq }}"))
    for name in ("eta", "plan_b", "report_group"):
        assert name in far.hint("zh")


@given(st.text(max_size=300) | st.lists(st.sampled_from(
    ["{{ ", " }}", "{% if ", " %}", "{% else %}", "{% endif %}", "eta", "percent", "'a'", " or ", " and ", " not ",
     " ~ ", " == ", " | upper", " | default('x', true)", "7", "(", ")", "\n", "x", "{#", "#}", "true", "none"]
), max_size=40).map("".join))  # fmt: skip
def test_whatever_compiles_can_be_written_and_whatever_does_not_is_told_where(text: str) -> None:
    letter, findings = compiled(Document(Path("x"), text))
    if letter is None:
        lines = text.splitlines() or [""]
        assert findings
        assert all(1 <= each.line <= len(lines) + 1 and each.column >= 1 and each.show("zh") for each in findings)
        return
    for values in (KNOWN, dict.fromkeys(VARIABLES, ""), dict.fromkeys(VARIABLES, "长{{x}}" * 200)):
        assert len(filled(letter, values).encode()) <= LONGEST_LETTER


@given(st.sampled_from(sorted(VARIABLES)), st.text(max_size=3000), st.integers(1, 500))
def test_a_letter_ends_at_its_limit(name: str, value: str, times: int) -> None:
    text = said(f"{{{{ {name} }}}}" * min(times, LONGEST_LETTER // (len(name) + 6)), **{name: value})
    assert len(text.encode()) <= LONGEST_LETTER
    assert text.encode().decode() == text


def test_values_are_text_and_never_templates() -> None:
    assert said("{{ site }}", site="{{ eta }}{% for x in y %}") == "{{ eta }}{% for x in y %}"


def test_a_variable_that_the_program_forgot_is_an_error_of_the_program() -> None:
    letter, _ = compiled(Document(Path("x"), "{{ eta }}"))
    assert letter
    with pytest.raises(UndefinedError):
        filled(letter, {})


def test_a_folder_of_letters(tmp_path: Path) -> None:
    (tmp_path / "delay.zh.txt").write_text("﻿新的时间：{{ eta }}", "utf-8")
    (tmp_path / "delay.en.txt").write_text("{{ nobody }}")
    (tmp_path / "dealy.en.txt").write_text("a")
    (tmp_path / "review.en.txt").write_bytes(b"ok \xff")
    (tmp_path / "progress.en.txt").mkdir()
    (tmp_path / "accepted.en.txt").write_text("x" * 200_000)
    (tmp_path / "notes.md").write_text("{{ nothing of ours }}")
    wording, findings = read_wording(tmp_path)
    assert set(wording.letters) == {("delay", "zh")}
    assert filled(wording.letters["delay", "zh"], KNOWN) == "新的时间：16:10"
    assert [(finding.file.name, finding.kind) for finding in findings] == [
        ("accepted.en.txt", "letter_too_long"),
        ("dealy.en.txt", "unknown_letter"),
        ("delay.en.txt", "unknown_variable"),
        ("progress.en.txt", "no_such_text"),
        ("review.en.txt", "not_utf8"),
    ]
    assert findings[1].hint() == "try: delay.en.txt"


def test_no_folder(tmp_path: Path) -> None:
    wording, (finding,) = read_wording(tmp_path / "texts")
    assert (dict(wording.letters), finding.kind) == ({}, "no_texts_there")
    assert read_wording(tmp_path)[1] == []


def test_the_how_to_tells_all_variables_and_filters() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/change-the-texts.md").read_text("utf-8")
    for name, meaning in VARIABLES.items():
        assert f"| `{name}` | {meaning[0].upper()}{meaning[1:]}. |" in page
    for name in FILTERS:
        assert f"`{name}`" in page
