"""What drivers learn survives restarts of the driver and of the daemon, and no file can stop either."""

import json
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drivers.device import Batch, Health
from gateway.app import notes
from gateway.app.notes import FILE, DriverNotes
from gateway.app.supervisor import Supervisor
from gateway.core.clock import ManualClock
from tests.app.small_site import T0


class Learner:
    """A driver that knows what it was told."""

    def __init__(self) -> None:
        self.known: Mapping[str, Any] = {}

    async def batches(self) -> AsyncGenerator[Batch]:
        while True:
            yield Batch("P-1", T0, np.array([1.0]))

    def health(self) -> Mapping[str, Health]:
        return {}

    def counters(self) -> Mapping[str, int]:
        return {}

    def recall(self, notes: Mapping[str, Any]) -> None:
        self.known = notes

    def notes(self) -> Mapping[str, Any]:
        return self.known


def supervised() -> tuple[Supervisor, Learner]:
    driver = Learner()
    return Supervisor("bus", lambda: driver, ManualClock(T0)), driver


LEARNT = {"P-1": {"map": 7, "cuts": [["holding", 5]], "refused": []}}


async def test_what_was_learnt_is_there_after_a_restart(tmp_path: Path) -> None:
    supervisor, driver = supervised()
    driver.known = LEARNT
    await DriverNotes(tmp_path, [supervisor]).keep()
    again, successor = supervised()
    DriverNotes(tmp_path, [again]).recall()
    assert successor.known == LEARNT


async def test_the_file_is_written_only_for_news(tmp_path: Path) -> None:
    supervisor, driver = supervised()
    kept = DriverNotes(tmp_path, [supervisor])
    await kept.keep()
    assert not (tmp_path / FILE).exists()
    driver.known = LEARNT
    await kept.keep()
    written = (tmp_path / FILE).stat().st_mtime_ns
    await kept.keep()
    assert (tmp_path / FILE).stat().st_mtime_ns == written
    driver.known = {}
    await kept.keep()
    assert json.loads((tmp_path / FILE).read_text()) == {}


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, "7", "null", '{"bus": 7}', '{"bus": [1]}', '{"other": {"P-1": {}}}', "\xff\xfe"],
)
def test_a_file_that_makes_no_sense_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="latin-1")
    supervisor, driver = supervised()
    DriverNotes(tmp_path, [supervisor]).recall()
    assert driver.known == {}


async def test_a_disk_that_is_full_is_told_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(notes, "write", full)
    supervisor, driver = supervised()
    driver.known = LEARNT
    kept = DriverNotes(tmp_path, [supervisor])
    await kept.keep()
    await kept.keep()
    assert [record.message for record in caplog.records] == [f"file={FILE} cannot be written: No space left on device"]
    monkeypatch.undo()
    await kept.keep()
    assert json.loads((tmp_path / FILE).read_text()) == {"bus": LEARNT}


async def test_a_driver_that_is_opened_again_goes_on_with_what_the_old_one_knew() -> None:
    made = [Learner(), Learner()]
    supervisor = Supervisor("bus", lambda: made.pop(0), ManualClock(T0))
    first = supervisor.driver
    assert isinstance(first, Learner)
    first.known = LEARNT
    supervisor._open_again()
    assert isinstance(supervisor.driver, Learner)
    assert supervisor.driver is not first
    assert supervisor.driver.known == LEARNT
