"""The reference pages are what the program says today, and leave nothing out."""

import re
from pathlib import Path

import pytest
import typer

from gateway.cli.main import app
from gateway.cli.reference.__main__ import main
from gateway.cli.reference.commands import commands
from gateway.cli.reference.files import config_page, profile_page, rules_page
from gateway.cli.reference.kinds import kinds
from gateway.cli.reference.markdown import words
from gateway.cli.reference.pages import PAGES
from gateway.core.messages import chinese
from rules.language.functions import CALLED, WORDS
from tests.core.test_messages import KINDS
from tests.docs.pages import ROOT, anchors

REFERENCE = ROOT / "docs/reference"


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_not_stale(name: str) -> None:
    assert (REFERENCE / name).read_text("utf-8") == PAGES[name](), "run scripts/reference and commit the pages"


def test_the_generator_writes_what_is_old_and_only_says_so_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["reference", "--check", "--folder", str(tmp_path)])
    assert main() == 1
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr("sys.argv", ["reference", "--folder", str(tmp_path)])
    assert main() == 0
    assert {str(page.relative_to(tmp_path)) for page in tmp_path.rglob("*.md")} == set(PAGES)
    capsys.readouterr()
    assert main() == 0
    assert capsys.readouterr().out == ""


def test_every_command_has_a_section_and_every_option_a_sentence() -> None:
    sections = anchors(REFERENCE / "commands.md")
    for path, command in commands():
        assert path.replace(" ", "-") in sections
        assert command.help, f"{path} has no help"


@pytest.mark.parametrize("readme", ["README.md", "README.zh.md"])
def test_the_readme_names_every_command(readme: str) -> None:
    text = (ROOT / readme).read_text("utf-8")
    group = typer.main.get_command(app)
    named = re.findall(r"^\| `gateway (\w+)` \|", text, re.MULTILINE)
    assert sorted(named) == sorted(getattr(group, "commands", {}))


def test_every_finding_has_its_anchor_its_chinese_and_its_advice() -> None:
    assert set(kinds()) <= anchors(REFERENCE / "checks.md")
    assert set(kinds()) <= set(chinese())
    assert all(kinds().values()), "the English sentence of a kind is not written out beside it"


def test_advice_is_given_for_the_kinds_that_exist() -> None:
    assert set(words("checks")) == set(kinds())


def test_the_scan_finds_the_kinds_that_the_catalogue_of_messages_is_tested_with() -> None:
    assert set(kinds()) <= set(KINDS)
    assert {"unknown_key", "missing_secret", "unknown_name", "overlapping_points", "no_sample"} <= set(kinds())


def test_every_meaning_of_a_key_is_used() -> None:
    pages = config_page() + profile_page() + rules_page()
    for key, meaning in words("keys").items():
        assert f"`{key.partition('.')[2]}`" in pages
        assert str(meaning).strip() in pages, f"words/keys.yaml: nothing has the key {key}"


def test_every_function_of_the_rule_language_is_described() -> None:
    page = (REFERENCE / "functions.md").read_text("utf-8")
    for table in (*CALLED, WORDS):
        for entry in table.values():
            section = page.partition(f"### `{entry.usage}`\n")[2].partition("###")[0]
            assert f"- Meaning: {entry.doc}." in section
            assert entry.example in section
            assert f"- Unknown: {entry.unknown or 'never'}." in section


def test_the_metrics_are_those_of_the_daemon() -> None:
    makers = ("app/status.py", "app/outward.py", "app/tally.py", "tickets/figures.py")
    source = "\n".join((ROOT / "gateway" / maker).read_text("utf-8") for maker in makers)
    made = set(re.findall(r"\b(?:Sample|counts|Figure|_quantiles)\(\s*\"(\w+)\"", source))
    made |= set(re.findall(r"^ {12}\(\"(\w+)\", \"", source, re.MULTILINE))
    for names in re.findall(r"for name in \(([^)]*)\)", source):
        made |= set(re.findall(r"\"(\w+)\"", names))
    assert set(words("wire")["metrics"]) == made
