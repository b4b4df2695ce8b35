"""What a ticket says: in the language of the site if the author wrote it, and readable whatever is unknown."""

import math
from typing import Any

import pytest

from drivers.device import Device
from gateway.core.messages import Language
from gateway.core.types import Level
from gateway.tickets import texts
from rules.rule import Rule

PUMP = Device.model_validate(
    {"id": "P-1", "name": "1号泵", "profile": "pump", "on": "x", "ratings": {"rated_power": 7.5}}
)
BOTH = {"zh": "{device} 轴承 {temp:.0f} 度，额定 {rated_power} kW", "en": "{device}: bearing at {temp:.0f} C"}


def make_rule(**written: Any) -> Rule:
    return Rule.model_validate({"id": "bearing-hot", "yellow": {"when": "temp > 80"}, **written})


@pytest.mark.parametrize(
    ("title", "language", "values", "said"),
    [
        (BOTH, "zh", {"temp": 91.6}, "1号泵 轴承 92 度，额定 7.5 kW"),
        (BOTH, "en", {"temp": 91.6}, "1号泵: bearing at 92 C"),
        (BOTH, "zh", {}, "1号泵 轴承 – 度，额定 7.5 kW"),
        (BOTH, "en", {"temp": math.nan}, "1号泵: bearing at – C"),
        ({"en": "only English"}, "zh", {}, "only English"),
        ({"zh": "只有中文"}, "en", {}, "只有中文"),
        ({}, "zh", {}, "黄色预警 1号泵 bearing-hot"),
        ({}, "en", {}, "Yellow alert 1号泵 bearing-hot"),
        ({"en": ""}, "en", {}, "Yellow alert 1号泵 bearing-hot"),
    ],
)
def test_titles(title: dict[str, str], language: Language, values: dict[str, float], said: str) -> None:
    assert texts.title(make_rule(title=title), PUMP, Level.YELLOW, values, language) == said


def test_a_device_without_a_name_is_called_by_its_id() -> None:
    nameless = PUMP.model_copy(update={"name": ""})
    assert texts.title(make_rule(), nameless, Level.RED, {}, "en") == "Red alert P-1 bearing-hot"


@pytest.mark.parametrize(
    ("advice", "language", "said"),
    [
        ({"zh": "停泵"}, "zh", "停泵"),
        ({"zh": "停泵"}, "en", "停泵"),
        ({"en": "stop it"}, "zh", "stop it"),
        ({}, "zh", ""),
    ],
)
def test_advice_in_any_language_is_better_than_none(advice: dict[str, str], language: Language, said: str) -> None:
    assert texts.advice(make_rule(advice=advice), language) == said


def test_basis_and_guide_in_the_language_of_the_site() -> None:
    rule = make_rule(basis="GB 1", guide={"zh": "工具：手电\n", "en": "Tools: torch\n"})
    assert [texts.basis(rule, "zh"), texts.basis(rule, "en")] == ["GB 1", "GB 1"]
    assert [texts.guide(rule, "zh"), texts.guide(rule, "en")] == ["工具：手电", "Tools: torch"]
    assert texts.guide(make_rule(), "en") == ""


@pytest.mark.parametrize(
    ("status", "basis", "zh", "en"),
    [
        ("verified", "GB 1", "GB 1；已核对原文", "GB 1; read in the text"),
        ("unverified", "GB 1", "GB 1；待核对原文", "GB 1; to be checked against the text"),
        ("practice", {"zh": "某厂工程经验", "en": "practice of a maker"}, "某厂工程经验", "practice of a maker"),
        ("learnt", "", "自学习", "learnt"),
        (None, "GB 1", "GB 1", "GB 1"),
    ],
)
def test_a_basis_says_how_far_it_is_checked_but_not_twice(
    status: str | None, basis: str | dict[str, str], zh: str, en: str
) -> None:
    rule = make_rule(basis=basis, status=status)
    assert [texts.basis(rule, "zh"), texts.basis(rule, "en")] == [zh, en]


@pytest.mark.parametrize(
    ("time", "said"),
    [(0.0, "19700101T000000.000Z"), (1_773_532_865.9999, "20260315T000105.999Z"), (0.0005, "19700101T000000.000Z")],
)
def test_stamps(time: float, said: str) -> None:
    assert texts.stamp(time) == said
