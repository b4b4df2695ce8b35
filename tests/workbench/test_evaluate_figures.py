"""The figures and the tables of an evaluation, from trials and tickets that are given; and the page that shows them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.core.config import Config
from gateway.workbench.evaluate.campaign import Asked
from gateway.workbench.evaluate.figures import Figure, figures
from gateway.workbench.evaluate.page import pieces
from gateway.workbench.evaluate.plain import plain_evaluation
from gateway.workbench.evaluate.run import Evaluation, Weeks
from gateway.workbench.evaluate.summary import summarise
from tests.workbench import lane
from tests.workbench.judged import DAY, T0, evaluation


@pytest.fixture
def site(tmp_path: Path) -> Config:
    return lane.site(tmp_path)


def by_name(found: Evaluation) -> dict[str, Figure]:
    return {figure.name: figure for figure in figures(found)}


def test_what_is_asked_and_what_was_seen(site: Config) -> None:
    seen = {name: (figure.seen, figure.is_met) for name, figure in by_name(evaluation(site)).items()}
    assert seen == {
        "false_red": (1.0, False),
        "false_yellow": (0.25, False),  # one in two weeks of four devices
        "safety_red": (1.0, True),
        "safety_delay": (pytest.approx(18.0), False),
        "slow_found": (0.5, False),
        "slow_in_time": (0.5, False),
        "slow_warning": (8.0, True),
        "wrong_kind": (1.0, False),
        "one_ticket": (None, None),
    }


def test_each_seed_has_figures_of_its_own(site: Config) -> None:
    found = by_name(evaluation(site))
    assert found["slow_found"].by_seed == {7: 1.0, 8: 0.0}
    assert found["safety_delay"].by_seed == {7: pytest.approx(3.0), 8: pytest.approx(18.0)}
    assert found["wrong_kind"].by_seed == {7: 1.0, 8: None}


def test_what_was_not_played_is_neither_met_nor_missed(site: Config) -> None:
    empty = Evaluation(site, Asked(7, {7: T0}, 5.0, 1, ()))
    assert {(figure.seen, figure.is_met) for figure in figures(empty)} == {(None, None)}
    quiet = replace(empty, weeks=(Weeks(7, T0, T0 + DAY, ()),))
    assert [figure.is_met for figure in figures(quiet) if figure.seen is not None] == [True, True]


def test_a_line_for_each_fault(site: Config) -> None:
    wear, dry, stuck = summarise(evaluation(site)).faults
    assert (wear.fault, wear.trials, wear.found, wear.level_right, wear.by_score, wear.repeated) == (
        *("bearing-wear", 2, 1, 1, 1, 1),
    )
    assert (wear.since_onset_s, wear.since_shown_s, wear.warning_s) == (2 * DAY, DAY, 8 * DAY)
    assert dry.found == 2
    assert dry.red_delay_s == pytest.approx(18.0)
    assert (stuck.found, stuck.wrong_kind, stuck.beside) == (0, 1, 0)


def test_normal_weeks_by_rule_and_building(site: Config) -> None:
    summary = summarise(evaluation(site))
    assert [(line.rule, line.red, line.yellow) for line in summary.rules] == [
        ("pump-dry_run", 1, 0),
        ("pump-unusual", 0, 1),
    ]
    assert {line.building: (line.yellow_per_week, line.red_per_week) for line in summary.buildings} == {
        "": (0.0, 0.0),
        "A": (0.5, 0.5),
        "B": (0.0, 0.0),
    }
    assert summary.found_by_score == pytest.approx(1 / 3)
    assert summary.false_by_score == 0.5


def test_json_keeps_its_form(site: Config) -> None:
    plain = json.loads(json.dumps(plain_evaluation(evaluation(site))))
    assert {*plain} == {
        *("site", "devices", "days", "every_s", "cases", "seeds", "evaluations", "trial_days"),
        *("figures", "summary", "normal", "trials", "unexplained"),
    }
    assert plain["figures"][0] == {
        "name": "false_red",
        "unit": "count",
        "asked": {"at_most": 0.0},
        "seen": 1.0,
        "met": False,
        "by_seed": {"7": 1.0, "8": 0.0},
    }
    first = plain["trials"][0]
    assert (first["fault"], first["found"], first["level"], first["warning_s"]) == (
        "bearing-wear",
        True,
        "yellow",
        8 * DAY,
    )
    assert {*plain["unexplained"][0]} >= {"why", "during", "class", "rule", "told"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_needs_nothing_else(site: Config, language: str) -> None:
    text = "".join(pieces(evaluation(site), "zh" if language == "zh" else "en"))
    assert text.count("<svg") == 1 + 1 + 1 + 1  # bearing wear, dry run, false tickets of one seed, an example
    assert "http" not in text.replace("http-equiv", "")
    assert text.count("nan") == 0
    assert ("onset" in text) is (language == "en")
    assert ("缓慢劣化的发现率" in text) is (language == "zh")
