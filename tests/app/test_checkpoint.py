"""What detectors have learnt comes back for the devices that are still there; a bad file is refused, no more."""

import io
import json
import logging
import os
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.device import Device
from gateway.app import checkpoint
from gateway.app.build import checkpoint_file
from gateway.core.types import Block, Fleet
from models.settings import Settings
from models.usual import Usual
from tests.app.small_site import PROFILE, T0, new_engine

NOW = T0 + 3600.0


def fleet_of(*ids: str) -> Fleet:
    return Fleet(PROFILE, tuple(Device(id=name, profile="pump", on="x") for name in ids))


OLD = fleet_of("P-0", "P-1", "P-2")


def detector(devices: int = 3, step: str = "30s") -> Usual:
    return Usual(Settings.model_validate({"step": step, "warm_up": "1d"}), PROFILE.names, devices)


def learnt(seed: int = 1) -> Usual:
    """A detector that knows its three pumps apart."""
    taught, rows = detector(), 400
    values = np.random.default_rng(seed).normal([[3.0, 5.0], [4.0, 6.0], [5.0, 7.0]], 0.1, (rows, 3, 2))
    frozen = np.zeros(3, dtype=np.bool_)
    taught.update(T0 + 9.0 * np.arange(rows, dtype=np.float64), values, np.zeros_like(values), frozen)
    return taught


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "models" / "pump.npz"
    checkpoint.write(path, checkpoint.snapshot(OLD, {"usual": learnt()}, T0 + 3591.0))
    return path


def read(path: Path, fleet: Fleet = OLD, taught: Usual | None = None, now: float = NOW) -> float | None:
    return checkpoint.read(path, fleet, {"usual": taught or detector(len(fleet.devices))}, now)


def test_what_was_learnt_comes_back(file: Path) -> None:
    taught, again = learnt(), detector()
    assert read(file, taught=again) == T0 + 3591.0
    states = taught.state(), again.state()
    assert states[0].keys() == states[1].keys()
    for name, array in states[0].items():
        np.testing.assert_array_equal(states[1][name], array)
    row = np.array([[[3.3, 5.0], [4.0, 6.0], [5.0, 7.0]]])
    for one in (taught, again):
        one.update(np.array([NOW]), row, np.zeros_like(row), np.zeros(3, dtype=np.bool_))
    for name, array in taught.state().items():
        np.testing.assert_array_equal(again.state()[name], array)


def test_devices_may_come_go_and_change_places(file: Path) -> None:
    fleet, again = fleet_of("P-2", "P-9", "P-0"), detector()
    cold, taught = again.state(), learnt().state()
    assert read(file, fleet, again) is not None
    for name, array in again.state().items():
        if array.ndim:
            np.testing.assert_array_equal(array[0], taught[name][2])
            np.testing.assert_array_equal(array[1], cold[name][1])
            np.testing.assert_array_equal(array[2], taught[name][0])


def test_there_may_be_none(tmp_path: Path) -> None:
    assert read(tmp_path / "none.npz") is None


def repacked(file: Path, change: Callable[[dict[str, Any]], None]) -> None:
    with np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    change(arrays)
    np.savez(file, **arrays)


def with_header(**other: Any) -> Callable[[Path], None]:
    def change(arrays: dict[str, Any]) -> None:
        header = {**json.loads(arrays["header"].tobytes()), **other}
        arrays["header"] = np.frombuffer(json.dumps(header).encode(), dtype=np.uint8)

    return lambda file: repacked(file, change)


def bomb(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        huge = io.BytesIO()
        np.lib.format.write_array_header_1_0(huge, {"descr": "<f8", "fortran_order": False, "shape": (1 << 50,)})
        archive.writestr("header.npy", huge.getvalue())


def not_arrays(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("header", "some text")


def claims_to_be_huge(file: Path) -> None:
    raw = bytearray(file.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = (0xFFFFFFF0).to_bytes(4, "little")
    file.write_bytes(raw)


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


SPOILT: dict[str, Callable[[Path], Any]] = {
    "empty": lambda file: file.write_bytes(b""),
    "garbage": lambda file: file.write_bytes(os.urandom(4096)),
    "cut": lambda file: file.write_bytes(file.read_bytes()[:-100]),
    "half": lambda file: file.write_bytes(file.read_bytes()[: file.stat().st_size // 2]),
    "folder": a_folder,
    "text in a zip": not_arrays,
    "bomb": bomb,
    "huge": claims_to_be_huge,
    "no header": lambda file: repacked(file, lambda arrays: arrays.pop("header")),
    "header is a list": lambda file: repacked(file, lambda a: a.update(header=np.frombuffer(b"[1]", np.uint8))),
    "header is no JSON": lambda file: repacked(file, lambda a: a.update(header=np.zeros(9, np.uint8))),
    "schema": with_header(schema=2),
    "points": with_header(points=["current", "pressure"]),
    "points are a number": with_header(points=7),
    "fewer devices than rows": with_header(devices=["P-0"]),
    "more devices than rows": with_header(devices=["P-0", "P-1", "P-2", "P-3"]),
    "devices are lists": with_header(devices=[[], [], []]),
    "no time": with_header(time=None),
    "time is no number": with_header(time=float("nan")),
    "from the future": with_header(time=NOW + 7200.0),
    "an array is gone": lambda file: repacked(file, lambda arrays: arrays.pop("usual/level.variance")),
    "an array has another shape": lambda f: repacked(f, lambda a: a.update({"usual/kinds.seen": np.zeros((3, 1))})),
    "of another detector": lambda file: repacked(file, lambda a: a.update({"usual/signature": np.array("other 1")})),
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_what_is_no_good_is_refused_with_a_warning(
    file: Path, spoil: Callable[[Path], Any], caplog: pytest.LogCaptureFixture
) -> None:
    spoil(file)
    assert read(file) is None
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.message.startswith("checkpoint=pump.npz refused: ")


def test_a_detector_that_is_new_in_the_configuration_refuses(file: Path) -> None:
    assert checkpoint.read(file, OLD, {"usual": detector(), "second": detector()}, NOW) is None


@given(position=st.floats(0.0, 1.0, exclude_max=True), flip=st.integers(1, 255))
@settings(max_examples=40, deadline=None)
def test_a_flipped_byte_is_refused_or_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, position: float, flip: int
) -> None:
    file = tmp_path_factory.mktemp("flipped") / "pump.npz"
    checkpoint.write(file, checkpoint.snapshot(OLD, {"usual": learnt()}, T0))
    raw = bytearray(file.read_bytes())
    raw[int(position * len(raw))] ^= flip
    file.write_bytes(raw)
    again = detector()
    if read(file, taught=again) is not None:
        expected = learnt().state()
        for name, array in again.state().items():
            np.testing.assert_array_equal(array, expected[name])


def test_an_interrupted_write_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_bytes()

    monkeypatch.setattr(os, "fsync", Mock(side_effect=OSError(28, "No space left on device")))
    with pytest.raises(OSError, match="No space"):
        checkpoint.write(file, checkpoint.snapshot(OLD, {"usual": learnt(2)}, NOW))
    assert file.read_bytes() == before
    assert not file.with_suffix(".new").exists(), "half a file takes room"


async def test_an_engine_is_kept_up_to_its_last_row(tmp_path: Path) -> None:
    engine = new_engine(("usual", detector(2)))
    path = checkpoint_file(tmp_path, engine.fleet)
    await checkpoint.keep(tmp_path, engine)
    assert not path.exists(), "nothing was learnt"
    engine.learn(Block(engine.fleet, np.array([T0, T0 + 1.0]), np.ones((2, 2, 2)), np.zeros((2, 2, 2))))
    await checkpoint.keep(tmp_path, engine)
    assert checkpoint.read(path, engine.fleet, {"usual": detector(2)}, NOW) == T0 + 1.0
    assert path.parent.stat().st_mode & 0o777 == 0o700


async def test_a_disk_that_refuses_a_checkpoint_costs_a_line_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = new_engine(("usual", detector(2)))
    engine.learn(Block(engine.fleet, np.array([T0]), np.ones((1, 2, 2)), np.zeros((1, 2, 2))))
    (tmp_path / "models").write_text("in the way")
    await checkpoint.keep(tmp_path, engine)
    assert "checkpoint=pump.npz cannot be written" in caplog.text
