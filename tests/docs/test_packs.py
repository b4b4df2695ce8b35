"""The pages of the packs: none is missing or left over, and conditions are told as an engineer would say them."""

import re

import pytest

from drivers.device import Point
from gateway.cli.reference.packs import STATUSES, Shipped, index_page, pack_page, shipped
from gateway.cli.reference.pages import PAGES
from gateway.cli.reference.sentence import sentence, vocabulary_of
from rules.language.functions import CALLED, WORDS
from tests.docs.pages import ROOT

POINTS = {
    name: Point.model_validate({"name": name, "unit": unit, "title": {"zh": "量", "en": title} if title else {}})
    for name, unit, title in (
        ("running", "", "running"),
        ("flow", "m³/h", "flow"),
        ("pressure", "MPa", "discharge pressure"),
        ("suction_pressure", "MPa", "suction pressure"),
        ("bearing_temp", "°C", "bearing temperature"),
        ("ambient_temp", "°C", "room temperature"),
        ("vibration", "mm/s", ""),
        ("power", "kW", "power"),
        ("speed_hz", "Hz", "speed"),
    )
}
EXAMPLES = [entry.example for table in (*CALLED, WORDS) for entry in table.values()]


def said(text: str) -> str:
    return sentence(text, POINTS, vocabulary_of((text,), POINTS))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("running and flow < 0.5", "running and flow below 0.5 m³/h"),
        (
            "not running or (flow >= 1 and power <= 2 kW)",
            "not running or (flow at least 1 m³/h and power at most 2 kW)",
        ),
        ("pressure < 0.88 * set_pressure", "discharge pressure below 0.88 × set pressure"),
        ("abs(pressure - set_pressure) > 0.03", "the size of discharge pressure − set pressure above 0.03 MPa"),
        ("avg(vibration, 5m) > 5.1", "the 5m mean of vibration above 5.1 mm/s"),
        ("max(bearing_temp, ambient_temp) > 80", "the highest of bearing temperature and room temperature above 80 °C"),
        ("2 <= hour < 5 and missing(flow)", "2 at most the hour of the day below 5 and flow is unknown"),
        ("age(flow) > 5m and not (running == 1)", "the age of flow above 5m and not (running is 1)"),
        ("suction_pressure > -0.05", "suction pressure above −0.05 MPa"),
        ("held(flow > 3, 1h) > 0.5", "the share of the last 1h with (flow above 3 m³/h) above 0.5"),
        ("(power - 1) / rated_power > 0.9", "(power − 1 kW) / rated power above 0.9"),
        ("score.usual > 0.5 and offline", "the score of detector usual above 0.5 and no point is known"),
    ],
)
def test_a_condition_in_words(text: str, words: str) -> None:
    assert said(text) == words


@pytest.mark.parametrize("text", EXAMPLES)
def test_every_function_has_words(text: str) -> None:
    assert not re.search(r"\w\(|\{|_", said(text))


def test_no_page_is_left_over() -> None:
    found = {f"packs/{page.name}" for page in (ROOT / "docs/reference/packs").iterdir()}
    assert found == {name for name in PAGES if name.startswith("packs/")}


@pytest.mark.parametrize("pack", shipped(), ids=lambda pack: pack.name)
def test_a_page_tells_every_rule_with_figure_standard_and_tests(pack: Shipped) -> None:
    page = pack_page(pack)
    for rule in pack.pack.rules:
        row = page.partition(f"| [{rule.id}](")[2].partition("\n")[0]
        section = page.partition(f"\n## {rule.id}\n")[2].partition("\n## ")[0]
        assert row.endswith(f"| {rule.status} |")
        for told in (rule.title, rule.advice, rule.basis):
            assert told["en"] in section
            assert told["zh"] in section
        assert all(f"“{name}”" in section for name in (*pack.firing(rule.id), *pack.quiet(rule)[:3]))


def test_the_index_counts_what_is_checked() -> None:
    page = index_page()
    rules = [rule for pack in shipped() for rule in pack.pack.rules]
    total = [str(sum(rule.status == each for rule in rules)) for each in STATUSES]
    assert f"| all |  | {len(rules)} | {' | '.join(total)} |" in page
    assert all(f"({pack.name}.md)" in page for pack in shipped())
