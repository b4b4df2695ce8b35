"""`gateway evaluate`: what it shows, what it writes, how it ends, and one sentence for each thing that is wrong.

`pytest tests/cli --update` redraws the golden screens in tests/cases/evaluate.
"""

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result

from gateway.cli.evaluate.text import cost, screen
from gateway.cli.main import app
from gateway.cli.screen import FAILED, WRONG_USE
from gateway.core.config import Config
from gateway.core.messages import Language
from gateway.workbench.evaluate.run import Evaluation
from tests.workbench import lane
from tests.workbench.judged import evaluation

PICTURES = Path(__file__).parents[1] / "cases" / "evaluate"
DRY = """
profile: pump-set
rules:
  - {id: dry, class: pump.dry_run, red: {when: running and flow < 0.5 and pressure < 0.1}}
"""
QUICK = ("--days", "1", "--every", "10s", "--cases", "1")


def run(site: Config, *words: str) -> Result:
    return CliRunner(env={"LANG": "en_US.UTF-8"}).invoke(app, ["evaluate", str(site.path), *words])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["plain", "quiet"])
def test_screens(tmp_path: Path, name: str, language: Language, request: pytest.FixtureRequest) -> None:
    found = evaluation(lane.site(tmp_path))
    if name == "quiet":
        found = replace(found, weeks=found.weeks[1:], verdicts=(), strays=())
    picture = shown(found, language)
    golden = PICTURES / f"{name}-{language}.txt"
    if request.config.getoption("--update", default=False):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(picture, encoding="utf-8")
    assert picture == golden.read_text(encoding="utf-8")


def shown(found: Evaluation, language: Language) -> str:
    page = Console(file=io.StringIO(), width=400, highlight=False, emoji=False)
    for line in screen(found, language):
        page.print(line, soft_wrap=True)
    assert isinstance(page.file, io.StringIO)
    return page.file.getvalue()


def test_a_site_that_finds_everything(tmp_path: Path) -> None:
    site = lane.site(tmp_path, pumps=DRY)
    plain, page = tmp_path / "found.json", tmp_path / "found.html"
    result = run(site, *QUICK, "--fault", "dry-run", "--json", str(plain), "--html", str(page))
    assert (result.exit_code, result.stdout.splitlines()[0]) == (
        0,
        "The Lane: 4 devices, 1 rule; property 7 (2026-04-06)",
    )
    assert "of one core" in result.stderr
    found = json.loads(plain.read_text(encoding="utf-8"))
    assert [(trial["fault"], trial["level_reached"]) for trial in found["trials"]] == [("dry-run", "red")]
    assert page.read_text(encoding="utf-8").endswith("</html>\n")


def test_a_site_that_misses_something_ends_with_failure(tmp_path: Path) -> None:
    result = run(lane.site(tmp_path), *QUICK, "--fault", "dry-run", "--json", "-")
    assert result.exit_code == FAILED
    assert [figure["met"] for figure in json.loads(result.stdout)["figures"] if figure["seen"] is not None] == [False]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--fault", "dry-rum"], "error: there is no fault dry-rum; did you mean dry-run?"),
        (["--fault", "xyz"], "error: there is no fault xyz; there are dry-run"),
        (["--fault", "entrapment"], "error: entrapment needs a device of type elevator, and the site has none"),
        (["--only", "normal", "--fault", "dry-run"], "error: --fault goes without --only normal"),
        (["--every", "2m"], "error: --every 2m is not within 1s and 60s"),
        (["--every", "soon"], "error: --every soon is not a duration"),
        (["--from", "easter"], "error: --from easter is no date; write it as 2026-03-16"),
        (["--json", "nowhere/found.json"], "error: there is no folder nowhere"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(tmp_path: Path, words: list[str], sentence: str) -> None:
    result = run(lane.site(tmp_path), *words)
    assert result.exit_code == FAILED
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1


def test_wrong_use(tmp_path: Path) -> None:
    site = lane.site(tmp_path)
    assert run(site, "--days", "0").exit_code == WRONG_USE
    assert run(site, "--only", "sundays").exit_code == WRONG_USE


def test_no_such_site(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["evaluate", str(tmp_path / "nowhere.yaml"), "--lang", "en"])
    assert result.exit_code == FAILED
    assert "nowhere.yaml" in result.stderr


def test_what_it_cost() -> None:
    assert cost(80.0, 45.0, 151.3, "en").plain == "took 80s, 45s of one core, at most 151 MiB of memory"
    assert cost(80.0, 45.0, 151.3, "zh").plain == "用时 80s，占用一个核心 45s，内存最多 151 MiB"
