"""Plays a rule test that is written as text."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from gateway.core.plugins import discover
from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.play import Verdict, play
from gateway.workbench.testing.suite import Suite, read_suite

RULES = """
profile: pump-set
rules:
  - id: hot
    class: pump.bearing
    yellow: {when: "bearing_temp > 70", for: 10m}
    red: {when: "bearing_temp > 80", for: 5m}
    clear: bearing_temp < 65
    keep: 5m
    title: {en: "{device} at {bearing_temp:.0f} °C"}
  - {id: unusual, yellow: {when: "score.usual > 0.55 and running", for: 15m}}
  - {id: silent, yellow: {when: offline, for: 5m}}
  - {id: old, yellow: {when: "100s < age(flow) < 1d"}}
"""


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit.built_in(discover())


@pytest.fixture
def suite(tmp_path: Path, kit: Kit) -> Callable[..., Suite]:
    """Read tests, a YAML list, with the rules beside them."""

    def read(tests: str, rules: str = RULES) -> Suite:
        (tmp_path / "pumps.yaml").write_text(rules, encoding="utf-8")
        (tmp_path / "pumps.test.yaml").write_text(f"tests:\n{dedent(tests)}", encoding="utf-8")
        return read_suite(tmp_path / "pumps.test.yaml", kit)

    return read


@pytest.fixture
def played(suite: Callable[..., Suite], kit: Kit) -> Callable[[str], Verdict]:
    """Play one test: the keys under its name."""

    def run(keys: str) -> Verdict:
        body = "\n".join(f"    {line}" for line in dedent(keys).strip().splitlines())
        read = suite(f"  - name: a test\n{body}\n")
        assert not read.findings, [finding.show() for finding in read.findings]
        (test,) = read.tests.values()
        return play(test, read.subjects[test.profile], kit)

    return run
