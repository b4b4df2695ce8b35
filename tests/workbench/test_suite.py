"""Test files that are odd, and packs that are wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.suite import Suite, read_suite
from gateway.workbench.testing.testfile import RuleTests

Read = Callable[..., Suite]

TEST = """
  - name: a test
    device: {profile: pump-set}
    step: 1m
    series: {bearing_temp: 85x10}
    expect: [{at: 5m, rule: hot, fired: red}]
"""


def _kinds(suite: Suite) -> list[str]:
    return [finding.kind for finding in suite.findings]


def test_a_good_file(suite: Read) -> None:
    read = suite(TEST)
    assert (read.broken, list(read.tests), list(read.subjects)) == (False, [0], ["pump-set"])
    assert read.line(0) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "[]",
        "tests:",
        "tests: 5",
        "tests: []",
        "tests: [1, null]",
        "tests: [{name: [], device: 5, series: 7, expect: {}}]",
        "tests: [{name: a, device: {profile: {}}, step: 1m, series: {1: 2}, expect: [5]}]",
        "tests: [{name: a, device: {profile: pump-set}, step: 0s, series: {flow: [1]}, expect: []}]",
        "tests: &a [*a]",
        "\x00",
    ],
)
def test_no_file_is_too_odd_to_be_explained(text: str, tmp_path: Path, kit: Kit) -> None:
    (tmp_path / "p.yaml").write_text("profile: pump-set\nrules: []\n", encoding="utf-8")
    (tmp_path / "p.test.yaml").write_text(text, encoding="utf-8")
    suite = read_suite(tmp_path / "p.test.yaml", kit)
    assert suite.broken
    assert all(finding.show("zh") for finding in suite.findings)


def test_a_rule_that_cannot_be_read_is_the_only_problem(suite: Read) -> None:
    read = suite(TEST, "profile: pump-set\nrules:\n  - {id: hot, red: {when: bearing_temp > 80, fr: 5m}}\n")
    assert _kinds(read) == ["unknown_key"]


def test_remarks_about_a_pack_are_for_gateway_check(suite: Read) -> None:
    read = suite(TEST, "profile: pump-set\nrules:\n  - {id: hot, red: {when: bearing_temp > 80, for: 0s}}\n")
    assert _kinds(read) == []


def test_a_rule_for_every_profile_is_tested_on_the_one_of_the_test(suite: Read) -> None:
    rules = "profile: '*'\nrules:\n  - {id: hot, profile: pump-set, red: {when: bearing_temp > 80}}\n"
    other = TEST.replace("pump-set", "power-meter").replace("bearing_temp: 85x10", "u_a: 230x10")
    assert _kinds(suite(TEST, rules)) == []
    assert _kinds(suite(other, rules)) == ["unknown_rule"]


def test_a_rating_of_one_test_is_known_in_all(suite: Read) -> None:
    rules = "profile: pump-set\nrules:\n  - {id: hot, red: {when: power > rated_power}}\n"
    rated = TEST.replace("pump-set}", "pump-set, rated_power: 7.5}")
    assert _kinds(suite(TEST, rules)) == ["unknown_name"]
    assert _kinds(suite(TEST + rated, rules)) == []


def test_the_file_has_a_schema_for_editors() -> None:
    keys = RuleTests.model_json_schema()["$defs"]["RuleTest"]["properties"]
    assert {"series", "start", "simulate"} <= keys.keys()
