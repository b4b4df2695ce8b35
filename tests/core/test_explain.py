"""What pydantic says becomes a place, a sentence and what would be right."""

from typing import Annotated, Literal

import pytest
from pydantic import Field, SecretStr
from pydantic_core import InitErrorDetails, PydanticCustomError

from drivers.device import Name, Seconds, Written
from gateway.core.explain import explain, validated
from gateway.core.findings import Finding, has_errors, in_order, summary
from gateway.core.yamlfile import parse


class Part(Written):
    every: Seconds = 1.0
    level: Literal["red", "yellow"] = "red"
    count: Annotated[int, Field(ge=1, lt=9)] = 1
    token: SecretStr | None = None


class Whole(Written):
    id: Name
    title: str = ""
    on: bool = True
    share: float = 0.0
    parts: dict[str, Part] = Field(default_factory=dict)
    kind: str = Field(default="", alias="class")
    list_of: tuple[Part, ...] = ()


@pytest.mark.parametrize(
    ("text", "kind", "under", "hint"),
    [
        ("id: a\ntitel: x", "unknown_key", "titel", "try: title"),
        ("id: a\nclas: x", "unknown_key", "clas", "try: class"),
        ("id: a\nparts: {p: {evry: 1s}}", "unknown_key", "evry", "try: every"),
        ("id: a\nlist_of: [{levl: red}]", "unknown_key", "levl", "try: level"),
        ("id: a\nlist_of: [{zzz: red}]", "unknown_key", "zzz", "one of: every, level, count, token"),
        ("title: x", "missing_key", "title", ""),
        ("id: a b", "bad_name", "a b", ""),
        ("id: 7", "not_text", "7", 'try: "7"'),
        ("id: a\non: 5", "not_true_or_false", "5", ""),
        ("id: a\nshare: much", "not_a_number", "much", ""),
        ("id: a\nparts: [1]", "not_a_mapping", "parts", ""),
        ("id: a\nlist_of: 3", "not_a_list", "3", ""),
        ("id: a\nparts: {p: {level: rad}}", "not_a_choice", "rad", "try: red"),
        ("id: a\nparts: {p: {count: 0}}", "below_minimum", "0", ""),
        ("id: a\nparts: {p: {count: 9}}", "too_large", "9", ""),
        ("id: a\nparts: {p: {count: x}}", "not_a_whole_number", "x", ""),
        ("id: a\nparts: {p: {every: 300}}", "duration_without_unit", "300", ""),
        ("id: a\nparts: {p: {every: soon}}", "bad_duration", "soon", ""),
        ("id: a\nparts: {p: {token: hush}}", "inline_secret", "****", "try: !secret token"),
        ("id: a\ntitle: !secret x", "not_a_secret", "!secret x", ""),
    ],
)
def test_each_problem_has_a_place_and_a_hint(text: str, kind: str, under: str, hint: str) -> None:
    read, (finding,) = validated(Whole, parse(text))
    assert read is None
    start = finding.column - 1
    assert (finding.kind, finding.source[start : start + finding.length]) == (kind, under)
    assert finding.hint() == hint


def test_all_problems_come_at_once() -> None:
    _, findings = validated(Whole, parse("parts: {p: {count: 0, level: x}}\nfoo: 1"))
    assert {finding.kind for finding in findings} == {"missing_key", "below_minimum", "not_a_choice", "unknown_key"}
    assert has_errors(findings)
    assert summary(findings) == "4 errors"
    assert summary(findings, "zh") == "4 个错误"
    assert [finding.line for finding in in_order(findings)] == sorted(finding.line for finding in findings)


def test_a_span_points_into_an_expression() -> None:
    document = parse("rules:\n  - when: 'it''s > bad'\n")
    problem = PydanticCustomError("unknown_name", "no {name}", {"name": "bad", "span": (7, 10), "hint": "bed"})
    details = InitErrorDetails(type=problem, loc=(0, "when"), input="it's > bad")
    (finding,) = explain([details], document, ("rules",))
    assert finding.show() == (
        "text:2:20: error: no bad\n"
        "  2 |   - when: 'it''s > bad'\n"
        "    |                    ^^^ try: bed\n"
        "    = see docs/reference/checks.md#unknown_name"
    )


def test_foreign_text_cannot_drive_the_terminal_and_wide_characters_keep_the_caret() -> None:
    _, (finding,) = validated(Whole, parse('id: a\nparts: {水泵房: {count: 0}, "\u202e": {}}'))
    shown = finding.show("zh")
    source, caret = shown.splitlines()[1:3]
    assert "\u202e" not in shown
    assert caret.index("^") == source.index("0}") + 3  # three wide characters stand before it


def test_a_long_line_is_cut_around_the_caret() -> None:
    _, (finding,) = validated(Whole, parse(f"{{id: a, title: {'x' * 300}, titel: y}}"))
    lines = finding.show().splitlines()
    assert all(len(line) < 140 for line in lines)
    assert lines[1][lines[2].index("^") :].startswith("titel")


def test_passwords_are_never_shown() -> None:
    _, findings = validated(Whole, parse("id: a\nparts: {p: {token: hunter2, count: 0}}"))
    assert len(findings) == 2
    for finding in findings:
        assert "hunter2" not in finding.show() + str(finding.json())


def test_a_finding_speaks_to_machines() -> None:
    finding: Finding = validated(Whole, parse("id: a\ntitel: x"))[1][0]
    assert finding.json() == {
        "file": "text",
        "line": 2,
        "column": 1,
        "length": 5,
        "severity": "error",
        "kind": "unknown_key",
        "message": "titel is not a setting here",
        "hint": "try: title",
        "page": "docs/reference/checks.md#unknown_key",
    }
