"""Titles: what may stand in braces, and what a reader sees."""

import math

import pytest

from rules.texts import render, template_fields, template_problems

NUMBERS = ("bearing_temp", "rated_power")


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{device} 轴承温度 {bearing_temp:.0f} ℃", "P-1 轴承温度 80 ℃"),
        ("{bearing_temp}", "80.4"),
        ("{rated_power:+.1f}", "–"),
        ("{flow:.1f} {{x}}", "– {x}"),
        ("nothing", "nothing"),
        ("", ""),
    ],
)
def test_rendering(template: str, text: str) -> None:
    assert render(template, {"device": "P-1", "bearing_temp": 80.4, "rated_power": math.nan}) == text


def test_good_templates_have_no_findings() -> None:
    assert template_problems("{device}: {bearing_temp:.1f} of {rated_power:g} {{}}", NUMBERS) == []


@pytest.mark.parametrize(
    ("template", "kind", "place", "hint"),
    [
        ("{device} {bering_temp:.0f}", "unknown_field", "bering_temp", "bearing_temp"),
        ("{device.__class__}", "unknown_field", "device.__class__", None),
        ("{bearing_temp[0]}", "unknown_field", "bearing_temp[0]", "bearing_temp"),
        ("{}", "unknown_field", "}", None),
        ("{bearing_temp!r}", "bad_format", "bearing_temp", "{bearing_temp:.1f}"),
        ("{bearing_temp:99999999}", "bad_format", "bearing_temp", "{bearing_temp:.1f}"),
        ("{bearing_temp:{device}}", "bad_format", "bearing_temp", "{bearing_temp:.1f}"),
        ("{device:>9}", "bad_format", "device", "{device}"),
        ("{bearing_temp", "bad_template", "{bearing_temp", None),
        ("a } b", "bad_template", "a } b", None),
    ],
)
def test_findings_in_templates(template: str, kind: str, place: str, hint: str | None) -> None:
    (problem,) = template_problems(template, NUMBERS)
    context = problem.context or {}
    assert (problem.type, context.get("hint")) == (kind, hint)
    assert template[slice(*context["span"])] == place


def test_fields_of_a_template() -> None:
    assert template_fields("{a:.1f} {b}{{c}}") == {"a", "b"}
    assert template_fields("{a") == frozenset()
