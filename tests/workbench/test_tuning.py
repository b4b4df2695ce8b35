"""Other limits for a rule, what each would have cost, and the way to a budget."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.core.types import Level
from gateway.workbench.tuning.budget import Budget, budget
from gateway.workbench.tuning.candidates import Origin
from gateway.workbench.tuning.patch import as_yaml
from gateway.workbench.tuning.suggest import Option, Record, suggest
from rules.rule import Rule
from tests.workbench import lane
from tests.workbench.lane import DAY, HOUR, T0, Made, Spell

RATED = lane.SITE.replace("unit: 1,", "unit: 1, ratings: {rated_power: 10},")
LENGTH_S = 4 * DAY
WARM = [
    *(Spell("P-1", day * DAY + 2 * HOUR, day * DAY + 3 * HOUR, "bearing_temp", 72.0 + day) for day in range(4)),
    Spell("P-2", DAY, DAY + HOUR, "bearing_temp", 74.0),
    Spell("P-1", 3 * DAY + 6 * HOUR, 3 * DAY + 7 * HOUR, "bearing_temp", 85.0),
]
ONE_RULE = """
profile: pump-set
rules:
  - {id: hot, yellow: {when: "%s", for: 1m}, red: {when: "bearing_temp > 80", for: 1m}}
"""


def record(folder: Path, when: str = "bearing_temp > 70", spells: Sequence[Spell] = WARM, **packs: str) -> Record:
    config = lane.site(folder, **(packs or {"pumps": ONE_RULE % when}))
    return Record(config, lane.PLUGINS, Made(config, LENGTH_S, spells), T0, T0 + LENGTH_S, handled_s=HOUR, step_s=300.0)


def yellow_of(options: Sequence[Option]) -> dict[float, int]:
    return {option.number: option.count(Level.YELLOW) for option in options}


def test_each_limit_comes_with_the_tickets_that_it_would_have_made(tmp_path: Path) -> None:
    yellow, red = suggest(record(tmp_path), "hot")
    assert (yellow.level, yellow.limit.quantity, yellow.known, yellow.held) == ("yellow", "bearing_temp", 1.0, 1.0)
    counts = yellow_of(yellow.options)
    assert counts[70.0] == 5, "four warm hours of P-1 and one of P-2; the red one is red"
    assert list(counts) == sorted(counts)
    assert list(counts.values()) == sorted(counts.values(), reverse=True), "a milder limit makes fewer tickets"
    (now,) = [option for option in yellow.options if option.is_now]
    assert (now.number, now.devices, now.count(Level.RED)) == (70.0, 2, 1)
    assert red.level == "red"
    assert {option.number: option.count(Level.RED) for option in red.options}[80.0] == 1


def test_a_limit_counts_where_the_rest_of_the_condition_holds(tmp_path: Path) -> None:
    idle = [Spell("P-1", 0, LENGTH_S, "running", 0.0), *WARM]
    (yellow, _) = suggest(record(tmp_path, "running and bearing_temp > 70", idle), "hot")
    assert yellow.held == pytest.approx(2 / 3, abs=0.01), "one pump of three stands still"
    assert max(yellow_of(yellow.options)) < 75, "what P-1 does while it stands still is no evidence"


def test_a_rest_that_never_holds_is_left_out(tmp_path: Path) -> None:
    (_, yellow, *_) = suggest(record(tmp_path, "current > 500 and bearing_temp > 70"), "hot")
    assert yellow.held == 0.0
    assert len(yellow.options) > 3


def test_a_share_of_a_rating_is_suggested_as_a_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lane, "SITE", RATED)
    (yellow, _) = suggest(record(tmp_path, "power > 3 * rated_power"), "hot")
    assert yellow.limit.rating == "rated_power"
    assert all(1.9 < option.number < 2.1 for option in yellow.options if not option.is_now), "20 kW of 10 kW"
    assert "* rated_power" in yellow.options[0].rule.levels["yellow"].when


def test_no_limit_is_suggested_that_check_would_object_to(tmp_path: Path) -> None:
    pack = (ONE_RULE % "bearing_temp > 70").replace("1m}}", "1m}, clear: bearing_temp < 65}")
    yellow, red = suggest(record(tmp_path, pumps=pack), "hot")
    assert min(yellow_of(yellow.options)) >= 65, "what fires must not clear at once"
    assert min(yellow_of(red.options)) >= 70, "red below yellow makes no sense"


def test_a_rule_without_a_number_has_nothing_to_suggest(tmp_path: Path) -> None:
    assert suggest(record(tmp_path, "missing(bearing_temp) and running"), "hot")[:-1] == ()
    with pytest.raises(KeyError):
        suggest(record(tmp_path / "other"), "no-such-rule")


def test_the_line_to_paste_is_the_level_as_a_person_writes_it() -> None:
    level = {"when": "flow <\n 0.5", "for": "90s", "between": "06:00-24:00"}
    rule = Rule.model_validate({"id": "dry", "yellow": level, "red": {"when": "flow < 0.1"}})
    assert as_yaml(rule, "yellow") == 'yellow: {when: "flow < 0.5", for: 90s, between: "06:00-24:00"}'
    assert as_yaml(rule, "red") == 'red: {when: "flow < 0.1"}'


def within(record: Record, yellow_per_week: float) -> Budget:
    before = record.play({"now": record.config.rules}, lambda _: None)["now"]
    return budget(record, before, yellow_per_week)


def test_the_noisiest_rule_becomes_milder_until_every_building_is_within_its_budget(tmp_path: Path) -> None:
    found = within(record(tmp_path), 2.0)
    assert found.is_kept
    (step,) = found.steps
    assert step.before.is_now
    assert step.after.rule.id == "hot"
    assert 73 < step.after.number < 75, "the mildest change that leaves one of the four in building A"
    assert step.after.rule.levels["red"] == step.before.rule.levels["red"], "red is never limited"
    assert sum(case.ticket.level is Level.RED for case in found.after.cases) == 1


def test_a_budget_that_is_kept_already_asks_for_nothing(tmp_path: Path) -> None:
    found = within(record(tmp_path), 20.0)
    assert (found.is_kept, found.steps) == (True, ())
    assert found.after is found.before


def test_a_budget_that_no_limit_can_keep_says_so(tmp_path: Path) -> None:
    found = within(record(tmp_path, "missing(bearing_temp) or running"), 0.1)
    assert not found.is_kept
    assert found.steps == ()


def test_a_rule_that_helps_nobody_over_budget_is_left_alone(tmp_path: Path) -> None:
    meters = "profile: power-meter\nrules:\n  - {id: loaded, yellow: {when: power > 50, for: 1m}}\n"
    spells = [*WARM, Spell("M-1", 0, HOUR, "power", 60.0)]
    found = within(record(tmp_path, spells=spells, pumps=ONE_RULE % "bearing_temp > 70", meters=meters), 4.0)
    assert found.is_kept
    assert {step.after.rule.id for step in found.steps} == {"hot"}, "the noisiest first"
    assert Origin("now") not in found.steps[0].after.origins
