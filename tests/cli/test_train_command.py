"""`gateway train`: a model from history that the same site then works with, and one sentence for what is wrong.

`pytest tests/cli --update` redraws the golden screens in tests/cases/train.
"""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.cli.screen import FAILED
from gateway.cli.train.text import screen
from gateway.core.config import Config, load
from gateway.core.note import Note
from gateway.core.plugins import discover
from gateway.workbench.training import Trained
from models.trained.bundle import read_bundle
from models.trained.manifest import Origin
from models.trained.trial import Rate, Report
from tests.cli import shop

PICTURES = Path(__file__).parents[1] / "cases" / "train"
RULES = """
profile: pump-set
rules:
  - {id: worn, yellow: {when: "score.trained > 0.95 and running", for: 15m}}
  - {id: hot, yellow: {when: "bearing_temp > 90"}}
"""
WEAR = '{"fault": "bearing-wear", "device": "P-2", "severity": 1.0, "onset": "2026-03-14", "duration_s": 172800}'


def run(*words: str, given: str = "") -> Result:
    return CliRunner(env={"LANG": "en_US.UTF-8", "GATEWAY_SECRET_DISPATCH_TOKEN": "x"}).invoke(
        app, list(words), input=given
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two pumps, eight normal days, two more in which a bearing wears; rules that read the score of the model."""
    folder = tmp_path_factory.mktemp("site")
    site = shop.write_site(folder)
    record = ["simulate", str(site), "--record", str(folder / "past.db"), "--until", "2026-03-16", "--days", "10"]
    assert run(*record, "--faults", given=WEAR).exit_code == 0
    return site


@pytest.fixture(scope="module")
def trained(site: Path) -> Result:
    words = ["train", "-c", str(site), "--profile", "pump-set", "--source", str(site.parent / "past.db")]
    result = run(*words, "--to", "2026-03-14")
    assert (result.exit_code, result.stderr) == (0, "")
    return result


def config_of(site: Path) -> Config:
    config = load(site, plugins=discover(), need_secrets=False).config
    assert config is not None
    return config


def test_what_is_written_is_what_is_said(site: Path, trained: Result) -> None:
    lines = trained.stdout.splitlines()
    assert lines[0] == "pump-set, devices: 2, 2026-03-06 00:00 to 2026-03-14 00:00 (8d)"
    left_out = "running, running_1, running_2 (switch); starts (counter); running_3, drive_fault (constant)"
    assert f"leaves out {left_out}" in lines
    assert lines[-1] == "  trained: {detector: trained, bundle: pump-set.bundle.json, profiles: [pump-set]}"
    points = config_of(site).fleets[0].profile.names
    bundle = read_bundle(site.parent / "pump-set.bundle.json", points, "pump-set")
    assert bundle.manifest.units["flow"] == "m³/h"
    assert "property-gateway" in bundle.manifest.versions


def test_the_site_works_with_it(site: Path, trained: Result) -> None:
    """The bundle is found beside config.yaml from any folder, and wear makes a ticket that normal days do not."""
    (site.parent / "worn.yaml").write_text(RULES)
    with_it = site.parent / "with.yaml"
    models = "\n".join(trained.stdout.splitlines()[-2:])
    with_it.write_text(f"{site.read_text()}rules: [worn.yaml]\n{models}\n")
    assert "no problems" in run("check", "-c", str(with_it)).stdout.splitlines()[-1]
    words = ["--source", str(site.parent / "past.db"), "--from", "2026-03-13", "--step", "1m", "--json", "-"]
    found = json.loads(run("backtest", "-c", str(with_it), *words).stdout)
    (ticket,) = [ticket for ticket in found["tickets"] if ticket["rule"] == "worn"]
    assert ticket["device"] == "P-2"


def test_a_bad_bundle_is_a_warning_at_its_line(site: Path) -> None:
    bad = site.parent / "bad.yaml"
    (site.parent / "bad.json").write_text("{}")
    bad.write_text(f"{site.read_text()}models:\n  t: {{detector: trained, bundle: bad.json, profiles: [pump-set]}}\n")
    for language, words in (("en", "is damaged or was changed"), ("zh", "已损坏或被改动")):
        result = run("check", "-c", str(bad), "--lang", language)
        assert result.exit_code == 0
        line = next(line for line in result.stdout.splitlines() if "bad.json" in line)
        assert line.startswith(f"{bad}:9:34: ")
        assert words in line


def test_a_backtest_says_that_a_score_is_unknown(site: Path) -> None:
    (site.parent / "worn.yaml").write_text(RULES)
    bad = site.parent / "none.yaml"
    model = "models:\n  trained: {detector: trained, bundle: none.json, profiles: [pump-set]}\n"
    bad.write_text(f"{site.read_text()}rules: [worn.yaml]\n{model}")
    words = ["--source", str(site.parent / "past.db"), "--from", "2026-03-15", "--step", "1m"]
    shown = run("backtest", "-c", str(bad), *words).stdout
    assert "note: score.trained of pump-set is unknown: its detector cannot work" in shown


def test_for_machines_and_what_a_fault_in_the_history_does(site: Path, tmp_path: Path) -> None:
    """A bearing wears in the last quarter: it is full of alarms, and the report says so."""
    words = ["train", "-c", str(site), "--profile", "pump-set", "--source", str(site.parent / "past.db"), "--json"]
    file = tmp_path / "other.json"
    found = json.loads(run(*words, "--out", str(file)).stdout)
    assert found["bundle"] == str(file)
    assert file.exists()
    assert found["left_out"] == {
        "running": "switch",
        "starts": "counter",
        "running_1": "switch",
        "running_2": "switch",
        "running_3": "constant",
        "drive_fault": "constant",
    }
    assert [rate["model"] for rate in found["rates"]] == ["forest"] * 2 + ["t2"] * 2 + ["q"] * 2 + ["together"] * 2
    assert found["held_back_weeks"] == pytest.approx(2 * 2.5 / 7, rel=0.01)
    assert found["origin"]["devices"] == 2
    assert [rate["alarms"] > 0 for rate in found["rates"] if rate["model"] == "together"] == [True, True]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--profile", "elevator"], "no device of this site is of the type elevator; there are pump-set"),
        (["--from", "3d"], "3.0 days of history are too short to train on: at least 7 are needed"),
        (["--source", "nowhere.db"], "there is no history at nowhere.db"),
        (["--out", "no/such/folder/file.json"], "there is no folder no/such/folder"),
        (["--from", "2030-01-01"], "--from 2030-01-01 00:00:00 leaves nothing of the record"),
    ],
)
def test_one_sentence_for_what_is_wrong(site: Path, words: list[str], sentence: str) -> None:
    told = ["--profile", "pump-set", "--source", str(site.parent / "past.db"), "--out", str(site.parent / "no.json")]
    result = run("train", "-c", str(site), *told, *words)
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.stderr.startswith(f"error: {sentence}")
    assert result.stderr.count("\n") == 1
    assert "错误: " in run("train", "-c", str(site), *told, *words, "--lang", "zh").stderr
    assert not (site.parent / "no.json").exists()


@pytest.mark.usefixtures("trained")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_screen(site: Path, language: str, request: pytest.FixtureRequest) -> None:
    """With figures of its own, so that another version of scikit-learn draws the same picture."""
    config = config_of(site)
    bundle = read_bundle(site.parent / "pump-set.bundle.json", config.fleets[0].profile.names)
    day = 86400.0
    first = shop.T0
    origin = Origin(
        first=first,
        fitted_until=first + 14 * day,
        calibrated_until=first + 21 * day,
        last=first + 28 * day,
        devices=2,
        rows=40_000,
    )
    rates = [
        Rate(model, score, alarms, alarms / 2.0, (1 - score) / score)
        for model, both in {"forest": (3, 0), "t2": (1, 0), "q": (12, 1), "together": (2, 0)}.items()
        for score, alarms in zip((0.5, 0.95), both, strict=True)
    ]
    left_out = {"running": "switch", "suction_pressure": "unknown", "ambient_temp": "constant", "starts": "counter"}
    report = Report(origin, 80_000, 0.0123, ("flow", "power"), left_out, 2.0, tuple(rates))
    note = Note("nothing_heard", "nothing is known of {devices} in this time", {"devices": ["P-2"]})
    found = Trained(replace(bundle), report, (note,))
    lines = screen(found, config.path.parent / "pump-set.bundle.json", config, "zh" if language == "zh" else "en")
    picture = "\n".join(line.plain for line in lines).replace(str(site.parent), "SITE") + "\n"
    golden = PICTURES / f"screen-{language}.txt"
    if request.config.getoption("--update", default=False):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(picture, encoding="utf-8")
    assert picture == golden.read_text(encoding="utf-8")
