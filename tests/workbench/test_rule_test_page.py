"""The examples of the page about rule tests pass, and the page names every key."""

import re
from pathlib import Path

import pytest

from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.play import play
from gateway.workbench.testing.suite import read_suite
from gateway.workbench.testing.testfile import Expectation, RuleTest, Simulation
from simulators.faults import FAULTS
from simulators.plant import PLANTS

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "rule-tests.md").read_text("utf-8")
PACK, *TESTS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("text", TESTS)
def test_every_example_passes(text: str, tmp_path: Path, kit: Kit) -> None:
    (tmp_path / "pumps.yaml").write_text(PACK, encoding="utf-8")
    (tmp_path / "pumps.test.yaml").write_text(text, encoding="utf-8")
    suite = read_suite(tmp_path / "pumps.test.yaml", kit)
    assert not suite.findings, [finding.show() for finding in suite.findings]
    for test in suite.tests.values():
        assert play(test, suite.subjects[test.profile], kit).passed, test.name


@pytest.mark.parametrize("word", [*RuleTest.model_fields, *Expectation.model_fields, *Simulation.model_fields])
def test_every_key_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE or f"{word}:" in PAGE


@pytest.mark.parametrize("word", [*PLANTS, *FAULTS])
def test_every_machine_and_fault_is_on_the_page(word: str) -> None:
    assert f"`{word}`" in PAGE
