"""`gateway why`: what it says of each way in which a rule can stand, and of questions that cannot be answered.

`pytest tests/cli --update` redraws the screens.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.cli.screen import FAILED
from gateway.cli.why_view import missing, why_lines
from gateway.core.messages import Language
from gateway.core.settings import Site
from tests.cli import shop
from tests.cli.explained import DEAF, DRY, HOT, RUNNING, answer

PICTURES = Path(__file__).parents[1] / "cases" / "screens"
ZONE = Site(id="shop", name="The Shop", timezone="Asia/Shanghai").zone
CASES: Mapping[str, Mapping[str, Any]] = {
    "quiet": answer("pump-dry-run", RUNNING),
    "unknown": answer("pump-dry-run", DEAF),
    "never read": answer("pump-vibration", RUNNING),
    "firing": answer("pump-dry-run", DRY, DRY),
    "firing, ticket closed": answer("pump-dry-run", DRY, DRY, closed=True),
    "waiting, may clear": answer("pump-bearing-hot", *[HOT] * 5),
    "at other hours": answer("night-flow", RUNNING),
    "out of season": answer("summer-flow", RUNNING),
    "not yet ahead of its season": answer("before-summer", RUNNING),
    "carried by another device": {**answer("summer-flow", RUNNING), "resting": {"carried_by": "first"}},
    "nothing read": answer("night-flow"),
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    file = shop.write_site(tmp_path)
    rules = Path(__file__).parents[2] / "rules" / "packs"
    file.write_text(
        f"{file.read_text('utf-8')}rules: ['{rules}']\nmodels: {{usual: {{detector: usual, profiles: [pump-set]}}}}\n"
    )
    return file


def why(site: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["why", *words, "-c", str(site)])


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_way_to_stand_on_a_screen(language: Language, request: pytest.FixtureRequest) -> None:
    shown = [
        [f"== {name}", *(line.plain.rstrip() for line in why_lines(CASES[name], ZONE, language)), ""] for name in CASES
    ]
    picture = "\n".join(line for lines in shown for line in lines)
    golden = PICTURES / f"why-{language}.txt"
    if request.config.getoption("--update", default=False):
        golden.write_text(picture, encoding="utf-8")
    assert picture == golden.read_text(encoding="utf-8")


def test_the_answer_comes_from_the_daemon(site: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shop, "WHY", CASES["quiet"])
    with shop.daemon(site):
        screen, machine = why(site, "pump-dry-run", "P-1"), why(site, "pump-dry-run", "P-1", "--json")
    assert (screen.exit_code, screen.output.splitlines()[0]) == (0, "pump-dry-run on P-1 at 03-16 17:00:00: not firing")
    found = json.loads(machine.output)
    assert found["missing"] == missing(CASES["quiet"], "en")
    assert found["levels"][0]["needs"][0]["part"]["text"] == "flow < 0.5"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("pump-dry-run", "P-9"), "there is no device P-9"),
        (("pump-dry-rum", "P-1"), "no rule pump-dry-rum watches P-1, a pump-set: pump-dry-run?"),
        (("pump-bearing-hot", "P-1"), "the running daemon does not have the rule pump-bearing-hot"),
    ],
)
def test_what_nobody_can_answer(site: Path, words: tuple[str, str], said: str) -> None:
    with shop.daemon(site):
        result = why(site, *words)
    assert result.exit_code == FAILED
    assert said in result.stderr


def test_without_a_daemon_nobody_knows(site: Path) -> None:
    result = why(site, "pump-dry-run", "P-1", "--lang", "zh")
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert "没有网关应答" in result.stderr
