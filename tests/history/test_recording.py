import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.types import Block, Fleet, Floats, Fresh
from gateway.core.unfold import Held, stale_limits, unfold
from gateway.history.chunk import Chunk, DamagedChunk, pack, unpack
from gateway.history.local import write_history
from gateway.history.recording import Recording

NAN = float("nan")


def joined(blocks: list[Block]) -> tuple[Floats, Floats, Floats]:
    return (
        np.concatenate([block.times for block in blocks]),
        np.concatenate([block.values for block in blocks]),
        np.concatenate([block.age for block in blocks]),
    )


def live(fleet: Fleet, end: int, seed: int) -> tuple[list[Block], list[Fresh]]:
    """What an engine sees that wakes up at odd times, with devices that come late, twice, or not at all."""
    rng = np.random.default_rng(seed)
    last, stale_s = Held.empty(len(fleet.devices), len(fleet.profile.points)), stale_limits(fleet)
    blocks, readings = [], []
    first = 0
    while first < end:
        until = min(end, first + int(rng.integers(1, 40)))
        extra = rng.choice(np.arange(first, until), size=2) - 0.5
        times = np.union1d(np.arange(float(first), until), extra[extra > first - 1])
        cells = np.argwhere(rng.random((len(times), len(fleet.devices))) < 0.1)
        cells = np.concatenate((cells, [(int(np.searchsorted(times, x)), 0) for x in extra if x in times]))
        rows, devices = np.unique(cells.astype(np.intp), axis=0).T
        values = rng.normal(size=(len(rows), len(fleet.profile.points)))
        values[rng.random(values.shape) < 0.2] = NAN
        fresh = Fresh(fleet, times[rows], devices, times[rows] - rng.random(len(rows)), values)
        shown, age, last = unfold(times, rows, devices, fresh.times, values, last, stale_s)
        blocks.append(Block(fleet, times, shown, age))
        readings.append(fresh)
        first = until
    return blocks, readings


@pytest.mark.parametrize("max_rows", [7, 100, 4096])
def test_a_backtest_sees_what_the_live_engine_saw(
    tmp_path: Path, fleet_of: Callable[..., Fleet], max_rows: int
) -> None:
    fleet = fleet_of(devices=4, points=3)
    blocks, readings = live(fleet, end=600, seed=max_rows)
    write_history(tmp_path / "history.db", readings)
    with Recording(tmp_path / "history.db") as recording:
        replayed = list(recording.blocks(fleet, -10.0, 600.0, 1.0, max_rows))
    assert max(len(block.times) for block in replayed) <= max_rows
    times, values, age = joined(replayed)
    seen = times >= joined(blocks)[0][0]
    for mine, theirs in zip((times[seen], values[seen], age[seen]), joined(blocks), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_start_in_the_middle_knows_what_was_held(
    tmp_path: Path, fleet_of: Callable[..., Fleet], fresh_of: Callable[..., Fresh]
) -> None:
    fleet = fleet_of(devices=2, every="10s")
    write_history(tmp_path / "history.db", [fresh_of(fleet, [0.0, 10.0, 20.0])])
    with Recording(tmp_path / "history.db") as recording:
        [block] = recording.blocks(fleet, 15.0, 45.0, 10.0)
        held = recording.held(fleet, 41.0)
    assert block.times.tolist() == [20.0, 30.0, 40.0]
    np.testing.assert_array_equal(block.values[:, 0, 0], [20.0, 20.0, 20.0])
    np.testing.assert_array_equal(block.age[:, 0, 0], [0.25, 10.25, 20.25])
    np.testing.assert_allclose(held.values[1], [20.1, 20.11])


@pytest.mark.parametrize(
    ("before", "row"), [(5.0, -np.inf), (5.5, 5.0), (20.0, 15.0), (21.0, 20.0), (86400.0, 20.0), (1e9, 86400.0)]
)
def test_when_something_was_heard_last(
    tmp_path: Path, fleet_of: Callable[..., Fleet], fresh_of: Callable[..., Fresh], before: float, row: float
) -> None:
    fleet = fleet_of()
    write_history(tmp_path / "history.db", [fresh_of(fleet, [5.0, 15.0, 20.0]), fresh_of(fleet, [86400.0])])
    with Recording(tmp_path / "history.db") as recording:
        assert recording.heard(fleet, before) == row
        assert recording.heard(fleet_of(profile="power-meter"), before) == -np.inf


def test_devices_and_points_may_change(
    tmp_path: Path, fleet_of: Callable[..., Fleet], fresh_of: Callable[..., Fresh]
) -> None:
    write_history(tmp_path / "history.db", [fresh_of(fleet_of(devices=3, points=2), [5.0])])
    other = fleet_of(devices=2, points=3)
    other = Fleet(other.profile, (*other.devices[::-1], other.devices[0].model_copy(update={"id": "PS-new"})))
    with Recording(tmp_path / "history.db") as recording:
        [fresh] = recording.fresh(other, 0.0, 10.0)
        assert recording.fleet(other.profile).ids == ("PS-0", "PS-1", "PS-2")
        assert recording.profiles() == {"pump-set": (5.0, 5.0)}
    assert dict(zip(fresh.devices.tolist(), fresh.values[:, 0].tolist(), strict=True)) == {0: 5.1, 1: 5.0}
    assert np.isnan(fresh.values[:, 2]).all()


def test_overlapping_stretches_are_merged_and_the_later_reading_counts(
    tmp_path: Path, fleet_of: Callable[..., Fleet], fresh_of: Callable[..., Fresh]
) -> None:
    fleet, path = fleet_of(devices=1, points=1), tmp_path / "history.db"
    write_history(path, [fresh_of(fleet, [0.0, 2.0, 4.0, 6.0])])
    write_history(path, [fresh_of(fleet, [3.0, 4.0, 5.0], start=100.0)])
    with Recording(path) as recording:
        parts = list(recording.fresh(fleet, 0.0, 6.0))
    assert [row for part in parts for row in part.rows.tolist()] == [0.0, 2.0, 3.0, 4.0, 5.0]
    assert [v for part in parts for v in part.values[:, 0].tolist()] == [0.0, 2.0, -97.0, -96.0, -95.0]


def test_a_damaged_chunk_is_skipped_and_counted(
    tmp_path: Path, fleet_of: Callable[..., Fleet], fresh_of: Callable[..., Fresh]
) -> None:
    fleet, path = fleet_of(), tmp_path / "history.db"
    for start in (0.0, 100.0, 200.0):
        write_history(path, [fresh_of(fleet, [start, start + 1])])
    with sqlite3.connect(path) as db:
        body = bytearray(db.execute("SELECT body FROM chunk WHERE id = 2").fetchone()[0])
        body[-3] ^= 1
        db.execute("UPDATE chunk SET body = ? WHERE id = 2", (bytes(body),))
    db.close()
    with Recording(path) as recording:
        rows = {row for part in recording.fresh(fleet, 0.0, 300.0) for row in part.rows.tolist()}
        assert recording.damaged == 1
    assert rows == {0.0, 1.0, 200.0, 201.0}


def test_no_history_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Recording(tmp_path / "history.db")


@settings(max_examples=200)
@given(st.integers(0, 10**9), st.integers(0, 7))
def test_a_flipped_bit_never_passes(place: int, bit: int) -> None:
    row = np.array([1.0])
    chunk = Chunk("x", ("p",), ("d",), row, np.array([0]), row, np.array([[NAN]]))
    data = bytearray(pack(chunk))
    assert np.isnan(unpack(bytes(data)).values).all()
    data[place % len(data)] ^= 1 << bit
    with pytest.raises(DamagedChunk):
        unpack(bytes(data))


def test_a_fortnight_at_one_sample_a_minute_is_written_quickly(
    tmp_path: Path, fleet_of: Callable[..., Fleet], fresh_of: Callable[..., Fresh]
) -> None:
    fleet = fleet_of(devices=13, points=20, every="60s")
    fresh = fresh_of(fleet, (np.arange(20_160) * 60.0).tolist())
    write_history(tmp_path / "history.db", [replace(fresh, values=np.round(fresh.values, 1))])
    with Recording(tmp_path / "history.db") as recording:
        assert sum(len(part.rows) for part in recording.fresh(fleet, 0.0, 2e6)) == 13 * 20_160
