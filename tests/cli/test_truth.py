"""What befell a simulated property, written beside its record; and the list of all that can."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.main import app
from gateway.cli.screen import FAILED
from simulators.faults import FAULTS
from simulators.faults.incident import INCIDENTS
from tests.cli import shop

RECORD = ("--days", "2", "--every", "1h", "--until", "2026-03-16", "--faults")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return shop.write_site(tmp_path)


def record(site: Path, file: Path, *faults: str) -> tuple[int, str]:
    arguments = ["simulate", str(site), "--record", str(file), *RECORD]
    result = CliRunner().invoke(app, arguments, input="\n".join(faults))
    return result.exit_code, result.stderr


def test_the_truth_lies_beside_the_record(site: Path, tmp_path: Path) -> None:
    dry = '{"fault": "dry-run", "device": "P-1", "onset": "2026-03-15T08:00", "severity": 0.5}'
    stuck = '{"fault": "sensor-stuck", "device": "P-1", "onset": "2026-03-14T06:00", "channel": "pressure"}'
    assert record(site, tmp_path / "past.db", dry, "", stuck)[0] == 0
    told = json.loads((tmp_path / "past.db.truth.json").read_text("utf-8"))
    assert told["from"] < told["until"]
    first, second = told["faults"]
    assert (first["fault"], first["channel"], first["classes"]) == ("sensor-stuck", "pressure", ["pump.sensor"])
    assert (second["fault"], second["devices"], second["severity"]) == ("dry-run", ["P-1"], 0.5)
    assert second["onset"].startswith("2026-03-15T08:00:00.000")
    assert second["until"].startswith("2026-03-15T08:10:00")  # its typical duration
    assert second["onset"] <= second["shown"]["red"] < second["until"] < second["felt_until"]
    assert (second["family"], second["failure"]) == ("safety", None)


def test_a_wear_ends_in_failure(site: Path, tmp_path: Path) -> None:
    wear = '{"fault": "impeller-clog", "device": "P-1", "severity": 1.0}'
    assert record(site, tmp_path / "past.db", wear)[0] == 0
    (told,) = json.loads((tmp_path / "past.db.truth.json").read_text("utf-8"))["faults"]
    assert told["failure"] == told["until"] == told["onset"].replace("-03-14", "-03-24")
    assert told["family"] == "slow"


def test_a_truth_of_another_record_is_not_written_over(site: Path, tmp_path: Path) -> None:
    (tmp_path / "past.db.truth.json").write_text("mine", "utf-8")
    code, said = record(site, tmp_path / "past.db")
    assert code == FAILED
    assert "past.db.truth.json is there already" in said
    assert not (tmp_path / "past.db").exists()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ('{"fault": "entrapment", "device": "P-1"}', "entrapment needs kind elevator, and P-1 is of kind pump-set"),
        ('{"fault": "sensor-drift", "device": "P-1", "channel": "taste"}', "P-1 does not measure taste"),
        ('{"fault": "feeder-loss", "device": "P-1"}', "feeder-loss needs a device that feeds others; P-1 is no such"),
        ('{"fault": "riser-drilled", "device": "P-1"}', "riser-drilled needs the pump set or the meter of a zone"),
    ],
)
def test_what_cannot_befall_a_device_is_said_in_one_sentence(site: Path, tmp_path: Path, fault: str, said: str) -> None:
    code, error = record(site, tmp_path / "past.db", fault)
    assert code == FAILED
    assert f"line 1 is not a fault: {said}" in error
    assert len(error.strip().splitlines()) == 1
    assert not list(tmp_path.glob("past.db*"))


@pytest.mark.parametrize(("language", "red"), [("en", "red"), ("zh", "红色")])
def test_all_that_can_befall_is_listed_by_kind(language: str, red: str) -> None:
    result = CliRunner().invoke(app, ["simulate", "--list-faults", "--lang", language])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert len(lines) == len(FAULTS) + len(INCIDENTS)
    (entrapment,) = [line for line in lines if " entrapment " in line]
    assert f"{red} elevator.entrapment" in entrapment
