import shutil
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gateway.core import room
from gateway.core.clock import ManualClock
from gateway.core.history_settings import LocalSettings
from gateway.core.types import Fleet, Fresh
from gateway.history.chunk import Chunk, pack
from gateway.history.file import HistoryFile
from gateway.history.intake import Intake
from gateway.history.local import LocalHistory, write_history
from gateway.history.packer import FULL
from gateway.history.recording import Recording

Fleets = Callable[..., Fleet]
Freshes = Callable[..., Fresh]
Eventually = Callable[..., None]
SMALLEST = LocalSettings.model_validate({"max_size": "32MiB"})


def history(path: Path, settings: LocalSettings = SMALLEST, flush_s: float = 0.05) -> LocalHistory:
    local = LocalHistory(path, settings, ManualClock(77.0), flush_s)
    local.open()
    return local


def noise(fleet: Fleet, row: float) -> Fresh:
    """Readings that cannot be compressed."""
    count = len(fleet.devices)
    values = np.random.default_rng(int(row)).normal(size=(count, len(fleet.profile.points)))
    return Fresh(fleet, np.full(count, row), np.arange(count), np.full(count, row), values)


def rows(path: Path, fleet: Fleet) -> list[float]:
    with Recording(path) as recording:
        return sorted({row for part in recording.fresh(fleet, 0.0, 1e12) for row in part.rows.tolist()})


def disk_bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.glob("history.db*"))


def test_what_was_appended_is_there_after_close(tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes) -> None:
    fleet, path = fleet_of(), tmp_path / "state" / "history.db"
    local = history(path, flush_s=60.0)
    for row in range(1, 101):
        local.append(fresh_of(fleet, [float(row)]))
    local.close()
    assert rows(path, fleet) == list(range(1, 101))
    stats = local.stats()
    assert (stats.saved, stats.dropped, stats.chunks, stats.oldest, stats.newest) == (300, 0, 1, 1.0, 100.0)


def test_who_needs_it_now_can_read_at_once_what_was_appended(
    tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes
) -> None:
    fleet, path = fleet_of(), tmp_path / "history.db"
    local = history(path, flush_s=60.0)
    for row in (1.0, 2.0, 3.0):
        local.append(fresh_of(fleet, [row]))
        assert local.settle(5.0)
        assert rows(path, fleet)[-1] == row
    local.close()


def test_a_file_that_cannot_be_written_settles_nothing(tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes) -> None:
    (tmp_path / "history.db").mkdir()
    local = history(tmp_path / "history.db", flush_s=60.0)
    local.append(fresh_of(fleet_of(), [1.0]))
    assert not local.settle(5.0)
    local.close()
    assert not Intake(10).settle(0.01), "nobody takes anything"


def test_an_open_chunk_is_saved_again_and_again(
    tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually
) -> None:
    fleet, path = fleet_of(), tmp_path / "history.db"
    local = history(path)
    for row in range(1, 13):
        local.append(fresh_of(fleet, [float(row)]))
        eventually(lambda saved=row * 3: local.stats().saved == saved)
        assert rows(path, fleet) == list(range(1, row + 1))  # readable beside the writer
    local.close()
    assert local.stats().chunks == 2


def test_a_changed_fleet_begins_a_new_chunk(tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes) -> None:
    small, large = fleet_of(devices=1), fleet_of(devices=3)
    local = history(tmp_path / "history.db")
    local.append(fresh_of(small, [1.0]))
    local.append(fresh_of(large, [2.0]))
    local.close()
    with Recording(tmp_path / "history.db") as recording:
        assert sum(len(part.rows) for part in recording.fresh(large, 0.0, 9.0)) == 4


def test_the_file_never_outgrows_its_size_and_keeps_the_newest(tmp_path: Path, fleet_of: Fleets) -> None:
    fleet, path = fleet_of(devices=FULL // 50 + 1, points=50), tmp_path / "history.db"
    with HistoryFile(path, SMALLEST.max_size) as file:
        assert file.oldest is None
    local = LocalHistory(path, SMALLEST, ManualClock())
    for row in range(1, 61):  # 60 MiB
        local._sort([noise(fleet, float(row))])
        local._flush()
        assert disk_bytes(tmp_path) <= SMALLEST.max_size
    assert local._file is not None
    local._file.close()
    kept = rows(path, fleet)
    assert kept == list(range(int(kept[0]), 61))
    assert len(kept) >= 16
    stats = local.stats()
    assert stats.oldest == kept[0]
    assert stats.chunks == len(kept)
    assert local.health().state == "ok"
    assert stats.hours == pytest.approx(len(kept) / 3600, rel=0.6)


def test_a_lowered_limit_shrinks_the_file(tmp_path: Path, fleet_of: Fleets) -> None:
    fleet, path = fleet_of(devices=FULL // 50 + 1, points=50), tmp_path / "history.db"
    write_history(path, (noise(fleet, float(row)) for row in range(1, 51)), max_size=2**30)
    assert path.stat().st_size > SMALLEST.max_size
    local = LocalHistory(path, SMALLEST, ManualClock())
    local._sort([noise(fleet, 51.0)])
    local._flush()
    assert local._file is not None
    local._file.close()
    assert disk_bytes(tmp_path) <= SMALLEST.max_size
    assert rows(path, fleet)[-1] == 51.0


def test_what_is_older_than_keep_goes(tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes) -> None:
    fleet, path = fleet_of(), tmp_path / "history.db"
    for day in range(5):
        write_history(path, [fresh_of(fleet, [day * 86400.0])])
    local = history(path, LocalSettings.model_validate({"keep": "2d"}))
    local.append(fresh_of(fleet, [5 * 86400.0]))
    local.close()
    assert rows(path, fleet) == [3 * 86400.0, 4 * 86400.0, 5 * 86400.0]


def test_a_clock_that_leaps_for_a_moment_does_not_empty_the_file(
    tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes
) -> None:
    fleet, path = fleet_of(devices=1), tmp_path / "history.db"
    with HistoryFile(path, 2**30) as file:
        for minute in range(200):
            file.save("pump-set", minute * 60.0, minute * 60.0, pack(Chunk.of(fresh_of(fleet, [minute * 60.0]))))
    local = history(path)
    local.append(fresh_of(fleet, [1e10]))
    local.close()
    assert len(rows(path, fleet)) > 50


@pytest.mark.parametrize("damage", ["garbage", "empty pages", "newer version"])
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(
    tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, damage: str
) -> None:
    fleet, path = fleet_of(), tmp_path / "history.db"
    write_history(path, [fresh_of(fleet, [1.0])])
    if damage == "newer version":
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA user_version = 99")
        db.close()
    else:
        path.write_bytes(
            b"\x00" * 10 + b"?" * 9000 if damage == "garbage" else path.read_bytes()[:4096] + b"\0" * 40960
        )
    local = history(path)
    local.append(fresh_of(fleet, [2.0]))
    local.close()
    assert rows(path, fleet) == [2.0]
    assert local.health().state == "ok"
    assert len(list(tmp_path.glob("history.db.corrupt-*"))) == 1


def test_damage_while_running_costs_the_file_but_not_what_is_unsaved(
    tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes
) -> None:
    fleet, path = fleet_of(), tmp_path / "history.db"
    write_history(path, [fresh_of(fleet, [float(row)]) for row in range(1000)])
    local = LocalHistory(path, SMALLEST, ManualClock())
    local._sort([fresh_of(fleet, [2000.0])])
    local._flush()
    assert local._file is not None
    local._file.close()
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 20_000)
    local._file._db = sqlite3.connect(path, isolation_level=None)
    local._sort([fresh_of(fleet, [2001.0])])
    local._flush()
    local._flush()
    assert local.health().state == "ok"
    local._file.close()
    assert rows(path, fleet) == [2000.0, 2001.0]


def test_a_folder_that_is_not_there_degrades_and_recovers(
    tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually
) -> None:
    fleet, blocked = fleet_of(), tmp_path / "state"
    blocked.write_text("a file, not a folder")
    local = history(blocked / "history.db")
    local.append(fresh_of(fleet, [1.0]))
    eventually(lambda: local.health().state == "degraded")
    assert local.health().since == 77.0
    assert "cannot write history.db" in local.health().reason
    blocked.unlink()
    eventually(lambda: local.health().state == "ok")
    local.close()
    assert rows(blocked / "history.db", fleet) == [1.0]


def test_appending_is_quick_while_another_program_locks_the_file(
    tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually
) -> None:
    fleet, path = fleet_of(), tmp_path / "history.db"
    write_history(path, [fresh_of(fleet, [0.0])])
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN EXCLUSIVE")
        local = history(path)
        slowest = 0.0
        for row in range(1, 501):
            fresh = fresh_of(fleet, [float(row)])
            began = time.perf_counter()
            local.append(fresh)
            slowest = max(slowest, time.perf_counter() - began)
        eventually(lambda: local.health().state == "degraded")
        other.execute("ROLLBACK")
    other.close()
    local.close()
    assert slowest < 0.1
    assert rows(path, fleet) == list(range(501))


def test_a_full_queue_drops_the_newest_and_counts_them(fleet_of: Fleets, fresh_of: Freshes) -> None:
    fleet = fleet_of(devices=3, points=2)
    intake = Intake(enough=100, limit=20)
    for row in range(5):
        intake.put(fresh_of(fleet, [float(row)]))
    intake.put(replace(fresh_of(fleet, []), fleet=fleet))
    assert [float(fresh.rows[0]) for fresh in intake.take(0.0)] == [0.0, 1.0, 2.0]
    assert intake.dropped == 6
    intake.close()
    intake.put(fresh_of(fleet, [9.0]))
    assert intake.dropped == 9
    assert intake.take(5.0) == []


def test_a_copy_on_a_read_only_disk_can_be_read(tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes) -> None:
    fleet = fleet_of()
    write_history(tmp_path / "history.db", [fresh_of(fleet, [1.0])])
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy(tmp_path / "history.db", copy)
    (copy / "history.db").chmod(0o444)
    copy.chmod(0o555)
    assert rows(copy / "history.db", fleet) == [1.0]
    copy.chmod(0o755)


def test_history_leaves_the_last_room_to_tickets_and_goes_on_when_there_is_more(
    tmp_path: Path, fleet_of: Fleets, fresh_of: Freshes, eventually: Eventually, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = room.KEPT_FOR_TICKETS - 1
    monkeypatch.setattr(room, "free_bytes", lambda _: free)
    fleet, path = fleet_of(), tmp_path / "history.db"
    local = history(path)
    local.append(fresh_of(fleet, [1.0]))
    eventually(lambda: local.health().state == "degraded")
    assert "kept for tickets" in local.health().reason
    assert not path.exists()
    free = room.KEPT_FOR_TICKETS
    eventually(lambda: local.health().state == "ok")
    local.close()
    assert rows(path, fleet) == [1.0], "and nothing was forgotten meanwhile"
