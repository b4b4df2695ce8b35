"""What `gateway test` prints for each folder in tests/cases/test, word for word.

`pytest tests/cli --update` rewrites the expected output; the wording is then reviewed in the diff.
"""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app

CASES = Path(__file__).parents[1] / "cases" / "test"


@pytest.mark.parametrize("case", sorted(CASES.iterdir()), ids=lambda case: case.name)
def test_gateway_test_prints_what_the_case_expects(
    case: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.chdir(case)
    paths = [] if (case / "config.yaml").exists() else ["."]
    result = CliRunner().invoke(app, ["test", *paths], env={"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"})
    printed = f"{result.output.rstrip()}\n\nexit status {result.exit_code}\n"
    expected = case / "expected.txt"
    if request.config.getoption("--update", default=False):
        expected.write_text(printed, encoding="utf-8")
    assert printed == expected.read_text(encoding="utf-8")
