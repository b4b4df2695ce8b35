"""A start on a disk that cannot be written: the state lives in memory, and goes home when it can."""

import errno
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from gateway.delivery import refuge, statefile
from gateway.delivery.refuge import Refuge, open_store
from gateway.delivery.statefile import FILE, BadFolder, StateInUse, StorageFailed
from gateway.delivery.store import Store
from tests.delivery.made import make_opened, make_ticket

NOW = 2_000_000_000.0


class ReadOnly:
    """Makes the lock of a folder fail as on a read-only disk."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.is_on, self._open = True, os.open
        self._lock = folder / statefile.LOCK
        monkeypatch.setattr(os, "open", self.open)

    def open(self, path: Path, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if self.is_on and path == self._lock and flags & os.O_RDWR:
            raise OSError(errno.EROFS, "Read-only file system")
        return self._open(path, flags, mode, dir_fd=dir_fd)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    store = Store(tmp_path / "state")
    store.commit(make_opened(1))
    store.close()
    return tmp_path / "state"


@pytest.fixture
def disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> ReadOnly:
    return ReadOnly(monkeypatch, home)


@pytest.fixture
def store(disk: ReadOnly, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(refuge, "TRY_HOME_EVERY_S", 0.0)
    assert disk.is_on
    store = open_store(home)
    assert isinstance(store, Refuge)
    yield store
    with suppress(StorageFailed, OSError):
        store.close()  # if the test has not


def test_what_was_known_is_known_and_work_goes_on_in_memory(store: Store, home: Path) -> None:
    before = (home / FILE).read_bytes()
    store.commit(make_opened(2))
    assert [ticket.id for ticket in store.load().open_tickets] == [make_ticket(n).id for n in (1, 2)]
    assert len(store.due(NOW, 10)) == 2
    assert "Read-only file system" in store.trouble
    assert "only in memory" in store.trouble
    assert (home / FILE).read_bytes() == before


def test_it_goes_home_with_all_it_has_when_the_disk_is_well(store: Store, disk: ReadOnly, home: Path) -> None:
    away = store.folder
    store.commit(make_opened(2))
    store.sent(make_ticket(1).id, NOW, "")
    disk.is_on = False
    store.commit(make_opened(3))
    assert (store.trouble, store.folder, away.exists()) == ("", home, False)
    store.commit(make_opened(4))
    store.close()
    again = Store(home)
    assert [ticket.id for ticket in again.load().open_tickets] == [make_ticket(n).id for n in (1, 2, 3, 4)]
    assert (again.counts()["sent"], again.load().damaged) == (1, [])
    again.close()


def test_two_gateways_do_not_share_a_read_only_folder(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Store(home)
    ReadOnly(monkeypatch, home)
    with pytest.raises(StateInUse):
        open_store(home)
    first.close()


def test_a_folder_that_is_none_is_an_error_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadFolder, match="state folder"):
        open_store(tmp_path / "file")
