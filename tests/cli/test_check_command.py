"""The forms of `gateway check` and `gateway schema`: for people, for machines, in two languages, in a pipe."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from gateway.cli.annotations import annotation
from gateway.cli.main import app
from gateway.core import yamlfile
from gateway.core.document import SecretRef
from gateway.core.findings import Finding
from gateway.core.schemas import SCHEMAS

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "check"
RUN = CliRunner()


def test_json_is_for_machines() -> None:
    result = RUN.invoke(app, ["check", "-c", str(CASES / "unknown-connection" / "config.yaml"), "--format", "json"])
    report = json.loads(result.output)
    assert (result.exit_code, report["ok"], report["counts"]) == (1, False, {})
    warning, problem = report["problems"]
    assert (warning["severity"], warning["kind"]) == ("warning", "no_rules")
    assert problem["kind"] == "unknown_connection"
    assert problem["hint"] == "try: bus"


def test_json_of_a_good_site_counts_what_it_has() -> None:
    result = RUN.invoke(app, ["check", "-c", str(CASES / "fine" / "config.yaml"), "--format", "json"])
    assert json.loads(result.output) == {
        "ok": True,
        "problems": [],
        "counts": {"devices": 1, "profiles": 1, "rules": 1},
    }


def test_the_language_can_be_asked_for() -> None:
    result = RUN.invoke(app, ["check", "-c", str(CASES / "unknown-connection" / "config.yaml"), "--lang", "zh"])
    assert "没有连接 buss" in result.output


@pytest.mark.parametrize("arguments", [["--lang", "fr"], ["--format", "xml"], ["--no-such-option"], ["hot"]])
def test_wrong_use_ends_with_two(arguments: list[str]) -> None:
    assert RUN.invoke(app, ["check", *arguments]).exit_code == 2


def test_marks_for_a_github_workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CASES)
    result = RUN.invoke(app, ["check", "-c", str(CASES / "levels" / "config.yaml"), "--format", "github"])
    lines = result.output.splitlines()
    assert len(lines) == 5
    assert lines[2] == (
        "::warning file=levels/pumps.yaml,line=5,endLine=5,col=75,endColumn=91,title=levels_swapped::"
        "red is milder than yellow: at bearing_temp 75 it is red but not yellow"
        "%0Adocs/reference/checks.md#levels_swapped"
    )
    result = RUN.invoke(app, ["check", "-c", "never-true/config.yaml", "--format", "github"])
    assert result.exit_code == 1
    assert result.output.startswith("::error file=never-true/pumps.yaml,line=3,")


def test_what_a_mark_cannot_hold_is_escaped(tmp_path: Path) -> None:
    finding = Finding(tmp_path / "50%, a:b.yaml", 2, 3, 4, "", "some_kind", "100 % of\nit: a, b")
    assert annotation(finding, "en", tmp_path / "elsewhere") == (
        f"::error file={tmp_path}/50%25%2C a%3Ab.yaml,line=2,endLine=2,col=3,endColumn=6,title=some_kind::"
        "100 %25 of it: a, b%0Adocs/reference/checks.md#some_kind"
    )


def test_the_plan_of_every_rule_is_shown() -> None:
    result = RUN.invoke(app, ["check", "-c", str(ROOT / "config.yaml"), "--explain", "--lang", "en"])
    assert result.exit_code == 0
    assert "elevator, devices: 6; all its rules: about " in result.output
    assert "avg(vibration, 5m): 60 buckets of 5s, " in result.output
    assert "as thresholds, with the others of its profile at once" in result.output
    assert "all rules together: about " in result.output


def test_the_plan_of_one_rule_in_chinese() -> None:
    arguments = ["check", "pump-bearing-hot", "-c", str(ROOT / "config.yaml"), "--explain", "--lang", "zh"]
    result = RUN.invoke(app, arguments)
    assert "黄色  bearing_temp > 70，持续 10m" in result.output
    assert "恢复  bearing_temp < 65，持续 5m" in result.output
    assert "全部规则：" not in result.output
    assert "elevator" not in result.output


def test_the_plan_for_machines() -> None:
    result = RUN.invoke(app, ["check", "-c", str(ROOT / "config.yaml"), "--explain", "--format", "json"])
    plan = json.loads(result.output)["plan"]
    rules = {rule["rule"]: rule for profile in plan["profiles"] for rule in profile["rules"]}
    assert plan["window_bytes"] == sum(profile["window_bytes"] for profile in plan["profiles"]) > 0
    vibration, overload = rules["pump-vibration"], rules["transformer-overload"]
    assert [window["text"] for window in vibration["windows"]] == ["avg(vibration, 5m)"]
    assert vibration["looks_back_s"] == 300.0
    assert (vibration["watched"], overload["watched"]) == ("formula", "thresholds")
    assert (overload["operations"], overload["windows"]) == (2, [])
    assert all(rule["tick_s"] > 0 for rule in rules.values())


@pytest.mark.parametrize("more", [["no-such-rule"], ["--format", "github"]])
def test_a_plan_that_cannot_be_shown_is_wrong_use(more: list[str]) -> None:
    assert RUN.invoke(app, ["check", "-c", str(ROOT / "config.yaml"), "--explain", *more]).exit_code == 2


def test_a_pipe_gets_no_colours() -> None:
    command = [sys.executable, "-m", "gateway.cli.main", "check", "-c", str(CASES / "chinese" / "config.yaml")]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout


def test_every_schema_is_a_schema() -> None:
    schemas = json.loads(RUN.invoke(app, ["schema"]).output)
    assert schemas.keys() == {*SCHEMAS, "tests"}
    for schema in schemas.values():
        jsonschema.Draft7Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("config", ["config.yaml"]),
        ("profile", ["drivers/profiles/*.yaml"]),
        ("rules", ["rules/packs/*.yaml"]),
        ("tests", ["rules/packs/*.test.yaml"]),
    ],
)
def test_the_shipped_files_fit_their_schemas(name: str, files: list[str]) -> None:
    schema = json.loads(RUN.invoke(app, ["schema", name]).output)
    paths = [
        path
        for pattern in files
        for path in ROOT.glob(pattern)
        if path.name.endswith(".test.yaml") == (name == "tests")
    ]
    assert paths
    for path in paths:
        jsonschema.validate(_plain(yamlfile.read(path).data), schema)


def test_the_schema_knows_a_typo() -> None:
    schema = json.loads(RUN.invoke(app, ["schema", "config"]).output)
    data = _plain(yamlfile.read(ROOT / "config.yaml").data)
    data["devices"][0]["unti"] = data["devices"][0].pop("unit")
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, schema)


def test_an_unknown_schema_is_wrong_use() -> None:
    assert RUN.invoke(app, ["schema", "nothing"]).exit_code == 2


def _plain(node: object) -> dict[str, list[dict[str, object]]]:
    """The data as JSON has it: a secret is a text."""
    told = json.dumps(node, default=lambda ref: ref.name if isinstance(ref, SecretRef) else str(ref))
    plain: dict[str, list[dict[str, object]]] = json.loads(told)
    return plain
