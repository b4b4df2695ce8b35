"""A bundle that is not exactly what training wrote is refused with one sentence, quickly, whatever was done to it."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from models.trained import bundle as on_disk
from models.trained import manifest as sealed
from models.trained.bundle import Bundle, read_bundle, write_bundle
from models.trained.manifest import BadBundle, Manifest, Member, read_manifest
from tests.models.made import POINTS, plant, train


@dataclass
class Pair:
    """A good bundle, and copies of it that something is done to."""

    folder: Path
    name: str = "thing.json"
    text: bytes = b""
    arrays: bytes = b""
    loaded: dict[str, NDArray[Any]] = field(default_factory=dict)
    manifest: Any = None

    def write(self, text: bytes | None = None, arrays: bytes | None = None) -> Path:
        file = self.folder / self.name
        file.write_bytes(self.text if text is None else text)
        (self.folder / self.manifest.arrays.file).write_bytes(self.arrays if arrays is None else arrays)
        return file

    def crafted(self, archive: bytes, **changes: Any) -> Path:
        """A pair with a right hash and a right seal around an archive: made by somebody who knows the format."""
        described = self.manifest.arrays.model_copy(
            update={"size": len(archive), "sha256": hashlib.sha256(archive).hexdigest()} | changes
        )
        manifest = self.manifest.model_copy(update={"arrays": described})
        return self.write(manifest.text().encode(), archive)


def packed(arrays: dict[str, Any], compression: int = zipfile.ZIP_STORED) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", compression) as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, array, allow_pickle=True)
            archive.writestr(f"{name}.npy", member.getvalue())
    return content.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    train(folder / "thing.json", POINTS, plant(7.0, devices=2, every_s=120.0))
    return folder / "thing.json"


@pytest.fixture
def pair(made: Path, tmp_path: Path) -> Pair:
    pair = Pair(tmp_path, manifest=read_manifest(made))
    arrays = made.parent / pair.manifest.arrays.file
    pair.text, pair.arrays = made.read_bytes(), arrays.read_bytes()
    with np.load(arrays, allow_pickle=False) as archive:
        pair.loaded = {name: archive[name] for name in archive.files}
    return pair


def test_what_was_written_is_read(pair: Pair) -> None:
    bundle = read_bundle(pair.write(), POINTS, "thing")
    assert bundle.manifest.features == ("load", "heat", "flow", "level")
    assert bundle.manifest.units == {"load": "kW"}
    assert {"python", "numpy", "scikit-learn"} <= bundle.manifest.versions.keys()
    for name, array in pair.loaded.items():
        np.testing.assert_array_equal(bundle.arrays[name], array)
    assert pair.crafted(pair.arrays).read_bytes() == pair.text


def test_a_flipped_byte(pair: Pair) -> None:
    for place in range(0, len(pair.text), 97):
        for flip in (0xFF, 0x2A):  # the second turns a blank into a line's end, which JSON would not mind
            wrong = bytearray(pair.text)
            wrong[place] ^= flip
            with pytest.raises(BadBundle):
                read_bundle(pair.write(text=bytes(wrong)), POINTS)
    for place in range(0, len(pair.arrays), 97 * 41):
        wrong = bytearray(pair.arrays)
        wrong[place] ^= 0xFF
        with pytest.raises(BadBundle, match="damaged"):
            read_bundle(pair.write(arrays=bytes(wrong)), POINTS)


def test_a_flipped_byte_behind_a_right_hash_is_refused_or_changes_no_number(pair: Pair) -> None:
    """An archive has bytes that say nothing, such as the time of day of a member."""
    for place in [*range(0, 1000, 29), *range(len(pair.arrays) - 1500, len(pair.arrays), 29)]:
        wrong = bytearray(pair.arrays)
        wrong[place] ^= 0xFF
        try:
            bundle = read_bundle(pair.crafted(bytes(wrong)), POINTS)
        except BadBundle:
            continue
        for name, array in pair.loaded.items():
            np.testing.assert_array_equal(bundle.arrays[name], array)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.5, 0.9, 0.999])
def test_a_part_of_a_file(pair: Pair, share: float) -> None:
    with pytest.raises(BadBundle):
        read_bundle(pair.write(text=pair.text[: int(share * len(pair.text))]), POINTS)
    with pytest.raises(BadBundle):
        read_bundle(pair.write(arrays=pair.arrays[: int(share * len(pair.arrays))]), POINTS)
    with pytest.raises(BadBundle):
        read_bundle(pair.crafted(pair.arrays[: int(share * len(pair.arrays))]), POINTS)


@pytest.mark.parametrize(
    ("points", "profile", "kind"),
    [
        (POINTS, "another", "bundle_of_other_profile"),
        (tuple(reversed(POINTS)), "thing", "bundle_of_other_points"),
        (POINTS[:-1], "thing", "bundle_of_other_points"),
        ((*POINTS, "more"), None, "bundle_of_other_points"),
    ],
)
def test_a_bundle_of_something_else(pair: Pair, points: tuple[str, ...], profile: str | None, kind: str) -> None:
    with pytest.raises(BadBundle) as caught:
        read_bundle(pair.write(), points, profile)
    assert (caught.value.type, (caught.value.context or {})["key"]) == (kind, "bundle")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"", "bundle_damaged"),
        (b"\x00\xff", "bundle_damaged"),
        (b"[" * 100_000, "bundle_damaged"),
        (b"{" + b" " * sealed.LARGEST + b"}", "bundle_damaged"),
        (b'{"schema": 2}', "bundle_schema"),
        (b'{"schema": 1}', "bundle_damaged"),
        (b"7", "bundle_damaged"),
    ],
)
def test_a_manifest_that_is_none(pair: Pair, text: bytes, kind: str) -> None:
    with pytest.raises(BadBundle) as caught:
        read_bundle(pair.write(text=text), POINTS)
    assert caught.value.type == kind


def test_a_manifest_that_was_tidied_or_points_elsewhere(pair: Pair) -> None:
    plain = json.loads(pair.text)
    with pytest.raises(BadBundle, match="seal"):
        read_bundle(pair.write(text=json.dumps(plain).encode()), POINTS)
    for file in ("../thing.npz", "/etc/passwd", "a/b.npz", ".npz", "thing.txt"):
        plain["arrays"]["file"] = file
        with pytest.raises(BadBundle, match=r"arrays\.file"):
            read_bundle(pair.write(text=json.dumps(plain).encode()), POINTS)


def test_nothing_there(tmp_path: Path, pair: Pair) -> None:
    for absent in (tmp_path / "absent.json", tmp_path):
        with pytest.raises(BadBundle) as caught:
            read_bundle(absent, POINTS)
        assert caught.value.type == "bundle_absent"
    file = pair.write()
    (tmp_path / pair.manifest.arrays.file).unlink()
    with pytest.raises(BadBundle, match=r"\.npz"):
        read_bundle(file, POINTS)


def _nan(arrays: dict[str, Any]) -> None:
    arrays["path"] = np.full_like(arrays["path"], np.nan)


def _infinite(arrays: dict[str, Any]) -> None:
    arrays["mean"] = np.full_like(arrays["mean"], np.inf)


def _flat(arrays: dict[str, Any]) -> None:
    arrays["scale"] = np.zeros_like(arrays["scale"])


def _skewed(arrays: dict[str, Any]) -> None:
    arrays["loadings"] = arrays["loadings"] * 1.1


def _circle(arrays: dict[str, Any]) -> None:
    root = int(arrays["roots"][0])
    arrays["left"][int(arrays["left"][root])] = root


def _beyond(arrays: dict[str, Any]) -> None:
    arrays["right"][0] = len(arrays["right"])


def _no_column(arrays: dict[str, Any]) -> None:
    arrays["feature"][0] = 99


def _short_cut(arrays: dict[str, Any]) -> None:
    arrays["path"][-1] = -1e6


def _negative_root(arrays: dict[str, Any]) -> None:
    arrays["roots"][0] = -1


def _chain(arrays: dict[str, Any]) -> None:
    """A tree that is a chain: it ends, but only after thousands of steps."""
    here = np.arange(len(arrays["left"]), dtype="<i4")
    arrays["left"] = arrays["right"] = np.minimum(here + 1, here[-1]).astype("<i4")


@pytest.mark.parametrize(
    "craft", [_nan, _infinite, _flat, _skewed, _circle, _beyond, _no_column, _short_cut, _negative_root, _chain]
)
def test_crafted_numbers(pair: Pair, craft: Callable[[dict[str, Any]], None]) -> None:
    craft(pair.loaded)
    with pytest.raises(BadBundle, match="damaged"):
        read_bundle(pair.crafted(packed(pair.loaded)), POINTS)


def test_crafted_archives(pair: Pair) -> None:
    other = dict(pair.loaded, mean=np.array([{}], dtype=object))
    bomb = dict(pair.loaded, path=np.zeros(9_000_000))
    extra, fewer = dict(pair.loaded, more=np.zeros(1)), dict(list(pair.loaded.items())[1:])
    archives = [packed(each) for each in (other, extra, fewer)]
    archives += [
        packed(bomb, zipfile.ZIP_DEFLATED),
        packed(pair.loaded, zipfile.ZIP_DEFLATED),
        b"PK\x05\x06" + bytes(18),
    ]
    for archive in archives:
        assert len(archive) < on_disk.LARGEST_ARRAYS
        with pytest.raises(BadBundle, match="damaged"):
            read_bundle(pair.crafted(archive), POINTS)
    huge = {**pair.manifest.arrays.members, "path": Member(shape=(10**15,), dtype="<f8")}
    with pytest.raises(BadBundle, match="damaged"):
        read_bundle(pair.crafted(pair.arrays, members=huge), POINTS)


def test_a_file_larger_than_any_of_ours_is_not_read(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pair.write()
    monkeypatch.setattr(on_disk, "LARGEST_ARRAYS", len(pair.arrays) - 1)
    with pytest.raises(BadBundle, match="more than"):
        read_bundle(file, POINTS)


def test_the_old_bundle_stays_until_the_new_one_is_whole(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pair.write()
    old = read_bundle(file, POINTS)
    arrays = {**old.arrays, "high": old.arrays["high"] + 1.0}
    replaces: list[Path] = []
    plain = Path.replace

    def failing(path: Path, target: Path) -> Path:
        replaces.append(path)
        if len(replaces) == 2:  # the arrays are there, their manifest is not
            raise OSError(28, "No space left on device")
        return plain(path, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(OSError, match="No space"):
        write_bundle(file, old.manifest, arrays)
    assert _same(read_bundle(file, POINTS), old)
    write_bundle(file, old.manifest, arrays)
    assert not _same(read_bundle(file, POINTS), old)
    assert len(list(file.parent.glob("*.npz"))) == 1


def _same(one: Bundle, other: Bundle) -> bool:
    return bool(np.array_equal(one.arrays["high"], other.arrays["high"]))


def test_a_manifest_says_what_it_was_made_of(pair: Pair) -> None:
    origin = Manifest.model_validate_json(pair.text).origin
    assert origin.first < origin.fitted_until < origin.calibrated_until < origin.last
    assert (origin.devices, origin.rows > 2000) == (2, True)
