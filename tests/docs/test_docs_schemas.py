"""Every YAML file of this repository fits its schema, and an editor has something to show for every key."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from typer.testing import CliRunner

from gateway.cli.editor import NAMES, editor_schema
from gateway.cli.main import app
from gateway.core import yamlfile
from gateway.core.plugins import discover
from tests.docs.pages import ROOT, Fence, fences

PLUGINS = discover()
SCHEMAS = {name: editor_schema(name, PLUGINS) for name in NAMES}
SHIPPED = {
    "config": [ROOT / "config.yaml"],
    "profile": sorted((ROOT / "drivers/profiles").glob("*.yaml")),
    "tests": sorted((ROOT / "rules/packs").glob("*.test.yaml")),
    "rules": sorted(path for path in (ROOT / "rules/packs").glob("*.yaml") if not path.name.endswith(".test.yaml")),
}
FILES = [(name, path) for name, paths in SHIPPED.items() for path in paths]
FENCES = [(name, fence) for name in ("config", "profile", "pack", "tests") for fence in fences(name)]


@pytest.mark.parametrize(("name", "path"), FILES, ids=str)
def test_shipped_files_fit(name: str, path: Path) -> None:
    assert _faults(name, path) == []


@pytest.mark.parametrize(("title", "fence"), FENCES, ids=str)
def test_examples_of_the_documentation_fit(title: str, fence: Fence, tmp_path: Path) -> None:
    (tmp_path / "example.yaml").write_text(fence.text)
    assert _faults({"pack": "rules"}.get(title, title), tmp_path / "example.yaml") == []


@pytest.mark.parametrize("name", NAMES)
def test_every_key_is_explained(name: str) -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMAS[name])
    keys = [(key, node) for each in _objects(SCHEMAS[name]) for key, node in each.items()]
    assert keys
    assert [key for key, node in keys if not node.get("description")] == []
    assert not [key for key, node in keys if "](" in node["description"]]


def test_defaults_are_as_a_person_writes_them() -> None:
    levels = SCHEMAS["rules"]["$defs"]["LevelCondition"]["properties"]
    assert (levels["for"]["default"], "running and flow" in str(levels["when"]["examples"])) == ("0s", True)
    assert SCHEMAS["config"]["$defs"]["LocalSettings"]["properties"]["max_size"]["default"].endswith("iB")
    assert "default" not in SCHEMAS["tests"]["$defs"]["RuleTest"]["properties"]["start"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rules", "profile: x\nrules: [{id: a, red: {when: flow > 1, for: '5'}}]\n"),
        ("rules", "profile: x\nrules: [{id: a, red: {when: flow > 1, for: 5}}]\n"),
        ("rules", "profile: x\nrules: [{id: a, red: {when: flow > 1, between: '6-23'}}]\n"),
        ("rules", "profile: x\nrules: [{id: a, red: {wenn: flow > 1}}]\n"),
        ("tests", "tests: [{name: a, device: {profile: x}, step: 1 min, series: {flow: 1}, expect: []}]\n"),
        ("tests", "tests: [{name: a, device: {profile: x}, step: 1m, start: 9:30, series: {flow: 1}, expect: []}]\n"),
        ("tests", "tests: [{name: a, step: 1m, series: {flow: 1}, expect: [{rule: r, fired: orange}]}]\n"),
    ],
)
def test_an_editor_sees_the_slip(name: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "slip.yaml").write_text(text)
    assert _faults(name, tmp_path / "slip.yaml") != []


def test_all_schemas_are_written_to_a_folder(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["schema", "--out", str(tmp_path / "new" / "schemas")])
    names = [f"{name}.schema.json" for name in NAMES]
    assert result.exit_code == 0
    assert sorted(path.name for path in (tmp_path / "new" / "schemas").iterdir()) == sorted(names)
    assert json.loads((tmp_path / "new" / "schemas" / "rules.schema.json").read_text("utf-8")) == SCHEMAS["rules"]
    (tmp_path / "file").touch()
    refused = CliRunner().invoke(app, ["schema", "rules", "--out", str(tmp_path / "file")])
    assert (refused.exit_code, "rules.schema.json" in refused.stderr) == (1, True)


def _faults(name: str, path: Path) -> list[str]:
    """What the schema finds in a file, a secret taken for a text."""
    document = yamlfile.read(path)
    assert not document.problems
    data = json.loads(json.dumps(document.data, default=str))
    return [
        f"{error.json_path}: {error.message}" for error in jsonschema.Draft7Validator(SCHEMAS[name]).iter_errors(data)
    ]


def _objects(node: Any) -> Iterator[Mapping[str, Any]]:
    """The properties of every object in a schema."""
    if isinstance(node, dict):
        if isinstance(node.get("properties"), dict):
            yield node["properties"]
        node = list(node.values())
    for each in node if isinstance(node, list) else ():
        yield from _objects(each)
