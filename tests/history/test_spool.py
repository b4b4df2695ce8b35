import resource
from pathlib import Path

import pytest

from gateway.history.influx.spool import Spool


def lines(first: int, count: int = 10) -> bytes:
    return b"".join(b"m f=%d %d\n" % (n, n) for n in range(first, first + count))


def drained(spool: Spool) -> bytes:
    text = b""
    while spool:
        text += spool.oldest()
        spool.discard_oldest()
    return text


def test_first_in_first_out_across_segments_and_restarts(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "buffer", limit=10**6, segment_bytes=100)
    for n in range(20):
        spool.append(lines(n * 10))
    again = Spool(tmp_path / "buffer", limit=10**6, segment_bytes=100)
    again.append(lines(200))
    assert again.size_bytes == sum(path.stat().st_size for path in (tmp_path / "buffer").iterdir())
    assert drained(again) == lines(0, 210)
    assert not list((tmp_path / "buffer").iterdir())


def test_small_bodies_share_a_segment(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=10**6)
    for n in range(20):
        spool.append(lines(n * 10))
    assert len(list(tmp_path.iterdir())) == 1
    assert spool.oldest() == lines(0, 200)


def test_at_the_limit_the_oldest_go_first_and_are_counted(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=2_000, segment_bytes=200)
    for n in range(300):
        spool.append(lines(n * 10))
        assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 2_000
    assert spool.lost > 0
    assert drained(spool) == lines(spool.lost, 3_000 - spool.lost)


def test_a_write_that_fails_half_way_leaves_no_torn_member(tmp_path: Path) -> None:
    spool = Spool(tmp_path, limit=10**6)
    size = spool.append(lines(0))
    allowed = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, allowed[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            spool.append(lines(10))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, allowed)
    spool.append(lines(10))
    assert drained(spool) == lines(0, 20)
    assert spool.torn == 0


@pytest.mark.parametrize("damage", ["torn", "flipped"])
def test_a_damaged_segment_gives_what_was_written_before_the_damage(tmp_path: Path, damage: str) -> None:
    spool = Spool(tmp_path, limit=10**6)
    size = spool.append(lines(0))
    spool.append(lines(10))
    spool.append(lines(20))
    [path] = tmp_path.iterdir()
    data = bytearray(path.read_bytes())
    data = data[: size + 20] if damage == "torn" else data
    data[size + 15] ^= 0x40
    path.write_bytes(data)
    again = Spool(tmp_path, limit=10**6)
    assert again.oldest() == lines(0)
    assert again.torn == 1
