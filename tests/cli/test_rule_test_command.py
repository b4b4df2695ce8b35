"""The forms of `gateway test`: which files, which tests, for machines, in two languages, in a pipe."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "test"
RUN = CliRunner()
ENGLISH = {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"}


@pytest.fixture(autouse=True)
def no_site_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_json_is_for_machines() -> None:
    result = RUN.invoke(app, ["test", str(CASES / "late"), "-k", "five hot", "--json"])
    report = json.loads(result.output)
    (file,) = report["files"]
    (test,) = file["tests"]
    assert (result.exit_code, report["passed"], file["problems"]) == (1, False, [])
    assert (test["name"], test["line"], test["passed"]) == ("five hot minutes raise red", 2, False)
    assert test["failures"] == [
        {
            "rule": "bearing-hot",
            "message": "bearing-hot: expected fired red at 15m, got fired red at 16m",
            "expected": {"fired": "red", "at": 900.0},
            "actual": {"fired": "red", "at": 960.0},
            "ticket": {},
        }
    ]


def test_json_of_what_cannot_be_run_has_the_problems() -> None:
    result = RUN.invoke(app, ["test", str(CASES / "no-pack"), "--json"])
    report = json.loads(result.output)
    assert (result.exit_code, report["passed"], report["files"][0]["tests"]) == (1, False, [])
    assert [problem["kind"] for problem in report["files"][0]["problems"]] == ["no_rules_there"]


def test_only_tests_with_the_text_in_their_name() -> None:
    result = RUN.invoke(app, ["test", str(CASES / "late"), "-k", "fine"], env=ENGLISH)
    assert (result.exit_code, result.output) == (0, f"{CASES}/late/pumps.test.yaml: 1 passed, 3 deselected\n")


def test_a_pack_stands_for_the_tests_beside_it_and_nothing_is_played_twice() -> None:
    folder = CASES / "passing"
    paths = [folder / "pumps.yaml", folder / "pumps.test.yaml", folder]
    result = RUN.invoke(app, ["test", *map(str, paths)], env=ENGLISH)
    assert (result.exit_code, result.output) == (0, f"{folder}/pumps.test.yaml: 7 passed\n")


def test_several_files_end_with_a_total() -> None:
    result = RUN.invoke(app, ["test", *(str(CASES / name) for name in ("passing", "ticket", "no-pack"))], env=ENGLISH)
    assert result.exit_code == 1
    assert result.output.splitlines()[-1] == "3 files: 7 passed, 1 failed, 1 not run"


def test_a_site_is_tested_with_its_own_profiles_and_in_its_language() -> None:
    result = RUN.invoke(app, ["test", "-c", str(CASES / "site" / "config.yaml")], env=ENGLISH)
    assert "fans.test.yaml: 1 个通过，1 个未通过" in result.output
    result = RUN.invoke(app, ["test", "-c", str(CASES / "site" / "config.yaml"), "--lang", "en"])
    assert "fans.test.yaml: 1 passed, 1 failed" in result.output


def test_a_site_that_is_wrong_is_not_tested() -> None:
    result = RUN.invoke(app, ["test", "-c", str(ROOT / "tests/cases/check/typo-in-a-key/config.yaml")])
    assert (result.exit_code, result.stdout) == (1, "")
    assert "unknown_key" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],  # no site here, no rules/packs
        ["nowhere"],
        ["."],
        [str(CASES / "site" / "config.yaml")],  # nothing beside it
        [str(CASES / "late"), "-k", "no test has this name"],
        [str(CASES / "late"), "--lang", "fr"],
        ["--no-such-option"],
    ],
)
def test_wrong_use_ends_with_two(arguments: list[str]) -> None:
    assert RUN.invoke(app, ["test", *arguments]).exit_code == 2


def test_a_pipe_gets_no_colours_and_no_progress() -> None:
    command = [sys.executable, "-m", "gateway.cli.main", "test", str(CASES / "late"), "--lang", "zh"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"\x1b" not in done.stdout


def test_every_shipped_pack_has_tests() -> None:
    packs = {path.name for path in (ROOT / "rules" / "packs").glob("*.yaml")}
    assert {name for name in packs if not name.endswith(".test.yaml")} <= {
        name.replace(".test.yaml", ".yaml") for name in packs if name.endswith(".test.yaml")
    }
