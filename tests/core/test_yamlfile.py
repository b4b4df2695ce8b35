"""Reading YAML: the guard against hostile files, YAML 1.2 scalars, and where everything stands."""

import os
import time
from pathlib import Path

import pytest

from gateway.core.document import Document, SecretRef
from gateway.core.yamlfile import parse, read

HOSTILE = {
    "billion laughs": ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "yaml_anchor"),
    "merge bomb": ("\n".join(f"m{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 24)), "yaml_anchor"),
    "depth": ("[" * 100_000, "yaml_too_deep"),
    "python tag": ("a: !!python/object/apply:os.system [ls]\n", "yaml_tag"),
    "foreign tag": ("a: !include /etc/passwd\n", "yaml_tag"),
    "large": ("a: " + "x" * (1 << 20), "file_too_large"),
    "many": ("[" + "1," * 120_000 + "]", "yaml_too_many"),
    "digits": ("a: " + "9" * 5000, "number_too_long"),
    "infinite": ("a: 1e999", "number_too_long"),
    "control": ("a: \x07", "yaml_control"),
    "documents": ("a: 1\n---\nb: 2\n", "yaml_documents"),
    "key": ("? [a, b]\n: c\n", "yaml_key"),
    "secret path": ("a: !secret ../../etc/shadow\n", "secret_name"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_files_are_refused_at_once(text: str, kind: str) -> None:
    began = time.process_time()
    document = parse(text)
    assert [problem.kind for problem in document.problems] == [kind]
    assert document.data is None
    assert time.process_time() - began < 2.0


def test_binary_and_absent_files_are_findings(tmp_path: Path) -> None:
    (tmp_path / "binary.yaml").write_bytes(b"a: \xff\xfe\x00")
    assert read(tmp_path / "binary.yaml").problems[0].kind == "not_utf8"
    assert read(tmp_path / "absent.yaml").problems[0].kind == "file_missing"
    assert read(tmp_path).problems[0].kind == "file_unreadable"
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert read(tmp_path / "empty.yaml").problems[0].kind == "file_empty"


def test_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    for path in (tmp_path / "pipe.yaml", Path("/dev/zero")):
        (problem,) = read(path).problems
        assert (problem.kind, problem.message()) == (
            "file_unreadable", "the file cannot be read: Not a regular file",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"), ("on", "on"), ("12:30", "12:30"), ("0777", "0777"), ("2024-02-30", "2024-02-30"),
        ("1_000", "1_000"), ("true", True), ("~", None), ("12", 12), ("-3", -3), ("0x1F", 31), ("1.5", 1.5),
        ("1e3", 1000.0), (".5", 0.5), ("'12'", "12"), ("!!str 12", "12"), (".inf", ".inf"), ("0", 0),
        ("1.2.3", "1.2.3"),
        ("!secret mqtt_password", SecretRef("mqtt_password")),
    ],
)  # fmt: skip
def test_scalars_are_what_they_look_like(text: str, value: object) -> None:
    assert parse(f"a: {text}\n").data == {"a": value}


def test_keys_are_text_and_a_byte_order_mark_is_ignored() -> None:
    assert parse("\ufeffon: 1\n2: x\n").data == {"on": 1, "2": "x"}


def test_a_duplicate_key_names_both_lines_and_keeps_the_first() -> None:
    document = parse("site: {a: 1}\nb: 2\nsite: {c: [1, 2]}\nd: 3\n")
    (problem,) = document.problems
    assert (problem.kind, problem.line, problem.message()) == ("duplicate_key", 3, "site is already given in line 1")
    assert document.data == {"site": {"a": 1}, "b": 2, "d": 3}


SAMPLE = """\
site: {id: x, name: '湖畔'}
devices:
  - {id: P-1, unit: 3}
  - id: P-2
    note: |
      one
      two words
empty:
"""


@pytest.mark.parametrize(
    ("path", "part", "source"),
    [
        (("site", "name"), "value", "'湖畔'"),
        (("site", "name"), "key", "name"),
        (("site",), "value", "site"),
        (("devices", 0, "unit"), "value", "3"),
        (("devices", 0, "no such", "unit"), "value", "3"),
        (("devices", 1), "value", "id"),
        (("empty",), "value", "empty"),
    ],
)
def test_every_node_knows_where_it_stands(path: tuple[str | int, ...], part: str, source: str) -> None:
    document = parse(SAMPLE)
    start, end = document.span(path, "key" if part == "key" else "value")
    assert document.text[start:end] == source


@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("a:\n\t- b\n", "yaml_tab", (2, 1)),
        ("a: b: c\n", "yaml_colon", (1, 5)),
        ("a:\n  b: 1\n c: 2\n", "yaml_indent", (3, 2)),
        ("a: 'x\n", "yaml_quote", (1, 5)),
        ("a: [1\nb: 2\n", "yaml_bracket", (2, 2)),
        ("a: @x\n", "yaml_character", (1, 4)),
        ('a: "\\q"\n', "yaml_escape", (1, 5)),
        ("a: }\n", "yaml_syntax", (1, 4)),
    ],
)
def test_broken_yaml_is_explained_where_it_breaks(text: str, kind: str, place: tuple[int, int]) -> None:
    (problem,) = parse(text).problems
    assert (problem.kind, (problem.line, problem.column)) == (kind, place)


def test_secrets_in_a_line_are_hidden_even_if_the_yaml_is_broken() -> None:
    whole = parse("c: {password: 'hunter 2', url: 'tcp://me:hunter@host', every: 5}\n")
    for path in (("c", "every"), ("c", "password"), ("c", "url")):
        assert "hunter" not in _source(whole, path)
    (broken,) = parse("c: {password: hunter, x: [}\n").problems
    assert "hunter" not in broken.show()


def _source(document: Document, path: tuple[str, ...]) -> str:
    from pydantic_core import PydanticCustomError  # noqa: PLC0415

    return document.finding(PydanticCustomError("bad_value", "wrong"), path).show()
