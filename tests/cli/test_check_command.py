"""The forms of `gateway check` and `gateway schema`: for people, for machines, in two languages, in a pipe."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.core import yamlfile
from gateway.core.document import SecretRef
from gateway.core.schemas import SCHEMAS

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "check"
RUN = CliRunner()


def test_json_is_for_machines() -> None:
    result = RUN.invoke(app, ["check", "-c", str(CASES / "unknown-connection" / "config.yaml"), "--format", "json"])
    report = json.loads(result.output)
    assert (result.exit_code, report["ok"], report["counts"]) == (1, False, {})
    (problem,) = report["problems"]
    assert problem["kind"] == "unknown_connection"
    assert problem["hint"] == "try: bus"


def test_json_of_a_good_site_counts_what_it_has() -> None:
    result = RUN.invoke(app, ["check", "-c", str(CASES / "fine" / "config.yaml"), "--format", "json"])
    assert json.loads(result.output) == {
        "ok": True,
        "problems": [],
        "counts": {"devices": 1, "profiles": 1, "rules": 0},
    }


def test_the_language_can_be_asked_for() -> None:
    result = RUN.invoke(app, ["check", "-c", str(CASES / "unknown-connection" / "config.yaml"), "--lang", "zh"])
    assert "没有连接 buss" in result.output


@pytest.mark.parametrize("arguments", [["--lang", "fr"], ["--format", "xml"], ["--no-such-option"], ["extra"]])
def test_wrong_use_ends_with_two(arguments: list[str]) -> None:
    assert RUN.invoke(app, ["check", *arguments]).exit_code == 2


def test_a_pipe_gets_no_colours() -> None:
    command = [sys.executable, "-m", "gateway.cli.main", "check", "-c", str(CASES / "chinese" / "config.yaml")]
    done = subprocess.run(command, capture_output=True, check=False, cwd=ROOT)
    assert done.returncode == 1
    assert b"\x1b" not in done.stdout


def test_every_schema_is_a_schema() -> None:
    schemas = json.loads(RUN.invoke(app, ["schema"]).output)
    assert schemas.keys() == {*SCHEMAS, "tests"}
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)


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
