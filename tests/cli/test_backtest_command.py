"""`gateway backtest`: what it shows, what it compares, and one sentence for each thing that is wrong.

`pytest tests/cli --update` redraws the golden screens in tests/cases/backtest.
"""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.cli.screen import FAILED, WRONG_USE
from gateway.core.config import Config
from gateway.core.types import Closing, Verdict
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from tests.workbench import lane
from tests.workbench.lane import DAY, HOUR, Spell

PICTURES = Path(__file__).parents[1] / "cases" / "backtest"
SPELLS = (
    Spell("P-1", HOUR, 2 * HOUR, "bearing_temp", 75.0),
    Spell("P-1", 5 * HOUR, 6 * HOUR, "bearing_temp", 75.0),
    Spell("P-2", 8 * HOUR, 10 * HOUR, "bearing_temp", 68.0),
    Spell("M-1", 30 * HOUR, 31 * HOUR, "power", 60.0),
    Spell("M-1", 30.5 * HOUR, 30.6 * HOUR, "power", 95.0),
    Spell("P-3", 40 * HOUR, 42 * HOUR),
    *(Spell(device, 44 * HOUR, 44.5 * HOUR) for device in ("P-1", "P-2", "P-3", "M-1")),
)


@pytest.fixture
def site(tmp_path: Path) -> Config:
    site = lane.site(tmp_path)
    lane.record(site, 2 * DAY, SPELLS).close()
    return site


@pytest.fixture
def tuned(tmp_path: Path) -> Path:
    """Rules that see less and more than the site's, and later."""
    pumps = lane.PUMPS.replace("> 70, for: 1m", "> 70, for: 1m").replace("bearing_temp > 70", "bearing_temp > 66")
    meters = lane.METERS.replace("> 90", "> 99").replace("for: 1m", "for: 10m")
    return lane.rules(tmp_path / "tuned", pumps=pumps, meters=meters)


def keep_ledger(site: Config) -> None:
    """People have closed three tickets of this time, and one of an earlier one."""
    real = (("P-1", "hot", 1.1, Verdict.DONE), ("P-2", "hot", 9, Verdict.FALSE), ("P-3", "silent", 41, Verdict.FALSE))
    with closing(Store(site.state_folder)) as store:
        for device, rule, at_h, verdict in (*real, ("P-1", "hot", -9, Verdict.FALSE)):
            fired_at = lane.T0 + at_h * HOUR
            said = Closing(f"{device} {at_h}", rule, device, rule, fired_at, fired_at + 60.0, verdict, "li")
            store.commit(Changes(closings=(said,)))


def run(site: Config, *words: str) -> Result:
    return CliRunner(env={"LANG": "en_US.UTF-8"}).invoke(app, ["backtest", "-c", str(site.path), *words])


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", ["plain", "device", "against", "nothing", "suggest", "budget", "judged"])
def test_screens(site: Config, tuned: Path, name: str, language: str, request: pytest.FixtureRequest) -> None:
    words = {
        "plain": [],
        "device": ["--device", "P-1", "--rule", "hot"],
        "against": ["--rules", str(tuned), "--against", str(site.path.parent / "rules")],
        "nothing": ["--to", "2026-03-16T17:50"],
        "suggest": ["--step", "1m", "--suggest", "hot"],
        "budget": ["--step", "1m", "--budget", "3"],
        "judged": ["--rules", str(tuned), "--against", str(site.path.parent / "rules")],
    }[name]
    if name == "judged":
        keep_ledger(site)
    result = run(site, *words, "--lang", language)
    assert (result.exit_code, result.stderr) == (0, "")
    picture = result.stdout.replace(str(site.path.parent), "SITE")
    golden = PICTURES / f"{name}-{language}.txt"
    if request.config.getoption("--update", default=False):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(picture, encoding="utf-8")
    assert picture == golden.read_text(encoding="utf-8")


def test_everything_for_machines(site: Config, tuned: Path, tmp_path: Path) -> None:
    file = tmp_path / "outcome.json"
    shown = run(site, "--rules", str(tuned), "--against", str(tmp_path / "rules"), "--json", str(file))
    printed = run(site, "--rules", str(tuned), "--against", str(tmp_path / "rules"), "--json", "-")
    everything = json.loads(file.read_text(encoding="utf-8"))
    assert json.loads(printed.stdout) == everything
    assert shown.stdout.startswith("The Lane")
    assert {ticket["device"] for ticket in everything["tickets"]} == {"P-1", "P-2", "M-1"}
    assert everything["summary"]["site"]["yellow"] == len(everything["tickets"])
    assert [ticket["rule"] for ticket in everything["comparison"]["lost"]] == ["silent"] * 4


def test_suggestions_and_a_budget_for_machines(site: Config) -> None:
    suggested = json.loads(run(site, "--step", "1m", "--suggest", "hot", "--json", "-").stdout)
    now = [option for each in suggested["suggestions"] for option in each["options"] if option["now"]]
    assert [(option["limit"], option["devices"]) for option in now] == [(70.0, 1), (80.0, 1)]
    kept = json.loads(run(site, "--step", "1m", "--budget", "100", "--json", "-").stdout)["budget"]
    assert (kept["kept"], kept["steps"]) == (True, [])


def test_a_stretch_of_the_record(site: Config) -> None:
    def span(*words: str) -> list[float]:
        found = json.loads(run(site, *words, "--json", "-").stdout)
        return [(found[end] - lane.T0) / HOUR for end in ("start", "end")]

    assert span() == [0.0, 48.0]
    assert span("--from", "1d") == [pytest.approx(24.0, abs=0.01), 48.0]
    assert span("--from", "2026-03-17", "--to", "2026-03-17T08:30:00") == [7.0, 15.5]  # its midnight, on its wall
    assert span("--from", "2026-03-17T00:00Z", "--to", "12h") == [15.0, pytest.approx(36.0, abs=0.01)]
    assert span("--from", "2020-01-01", "--to", "2030-01-01") == [0.0, 48.0]


def test_a_coarser_step_is_said(site: Config) -> None:
    found = json.loads(run(site, "--step", "1m", "--handled", "30m", "--json", "-").stdout)
    assert (found["step_s"], found["handled_s"]) == (60.0, 1800.0)
    assert "every 60s" in run(site, "--step", "1m").stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--from", "yesterday"], "--from yesterday is no date (2026-03-01), no time"),
        (["--from", "1h", "--to", "2h"], "--from 2026-03-18 15:59:50 is not before --to 2026-03-18 14:59:50"),
        (
            ["--from", "2027-01-01"],
            "--from 2027-01-01 00:00:00 leaves nothing of the record, which goes from 2026-03-16",
        ),
        (["--to", "2020-01-01"], "--to 2020-01-01 00:00:00 leaves nothing of the record, which goes from 2026-03-16"),
        (["--from", "2027-01-01", "--to", "2027-01-02"], "nothing is recorded from 2027-01-01 00:00:00 to 2027"),
        (["--handled", "soon"], "--handled soon is not a duration"),
        (["--step", "60"], "--step 60 is not a duration"),
        (["--step", "0s"], "--step 0s is not more than nothing"),
        (["--device", "P-9"], "there is no device P-9"),
        (["--rule", "cold"], "there is no rule cold"),
        (["--suggest", "cold"], "there is no rule cold"),
        (["--source", "nowhere.db"], "there is no history at nowhere.db"),
        (["--json", "no/such/folder/file"], "there is no folder no/such/folder"),
    ],
)
def test_one_sentence_for_what_is_wrong(site: Config, words: list[str], sentence: str) -> None:
    result = run(site, *words)
    assert result.exit_code == FAILED
    assert result.stdout == ""
    assert result.stderr.startswith(f"error: {sentence}")
    assert result.stderr.count("\n") == 1
    assert "错误" in run(site, *words, "--lang", "zh").stderr


def test_a_record_of_another_site(tmp_path: Path) -> None:
    site = lane.site(tmp_path)
    assert run(site).stderr == f"error: there is no history at {site.state_folder / 'history.db'}\n"
    lane.record(replace(site, fleets=site.fleets[1:]), HOUR).close()
    (tmp_path / "config.yaml").write_text(
        "".join(line for line in lane.SITE.splitlines(keepends=True) if "M-1" not in line)
    )
    assert run(site).stderr == "error: no device type of this site is in the record; it has power-meter\n"


def test_a_page_for_a_browser(site: Config, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert run(site, "--html", str(page)).exit_code == 0
    assert "P-1 at 75 °C" in page.read_text(encoding="utf-8")
    assert run(site, "--html", str(tmp_path)).stderr == f"error: {tmp_path} is a folder, not a file\n"


def test_rules_that_do_not_check_are_shown_as_check_shows_them(site: Config, tmp_path: Path) -> None:
    wrong = lane.rules(tmp_path / "wrong", pumps=lane.PUMPS.replace("bearing_temp > 70", "bearing_tmp > 70"))
    for option in ("--rules", "--against"):
        result = run(site, option, str(wrong))
        assert result.exit_code == FAILED
        assert result.stdout == ""
        assert "pumps.yaml:6:21: error:" in result.stderr
        assert "bearing_temp" in result.stderr
    assert run(site, "--rules", "no/such/rules").exit_code == WRONG_USE
