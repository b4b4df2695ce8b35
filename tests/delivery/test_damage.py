"""Random damage to a file with rows in all tables; `scripts/soak storage` does a thousand of these."""

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gateway.delivery.rows import TABLES, Table
from gateway.delivery.statefile import FILE, PAGE_BYTES, connect
from tests.delivery.damage import KINDS, ONE_PAGE, Rows, start, whole_file

TICKS = 30


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, Rows]:
    return whole_file(tmp_path_factory.mktemp("whole"), TICKS)


def test_the_file_has_rows_in_every_table(whole: tuple[bytes, Rows]) -> None:
    assert {table for table, *_ in whole[1]} == {table.name for table in TABLES}


@pytest.mark.parametrize("kind", KINDS, ids=[kind.__name__ for kind in KINDS])
def test_what_is_lost_is_named_and_nothing_is_invented(
    tmp_path: Path, whole: tuple[bytes, Rows], kind: Callable[[bytearray, random.Random], None]
) -> None:
    data, rows = whole
    chance = random.Random(kind.__name__)
    for _ in range(3):
        damaged = bytearray(data)
        kind(damaged, chance)
        found = start(tmp_path / "state", bytes(damaged), rows)
        if kind in ONE_PAGE:
            assert found.lost <= TICKS, "more than one page of rows"


@pytest.mark.parametrize("table", TABLES, ids=[table.name for table in TABLES])
def test_a_flipped_bit_in_any_table_sets_one_row_aside_by_name(
    tmp_path: Path, whole: tuple[bytes, Rows], table: Table
) -> None:
    data, rows = whole
    (tmp_path / FILE).write_bytes(data)
    with closing(connect(tmp_path / FILE)) as db:
        (rowid, body) = db.execute(f"SELECT rowid, body FROM {table.name} LIMIT 1").fetchone()  # noqa: S608 - our own names
        at = len(body) // 2
        flipped = body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :]
        db.execute(f"UPDATE {table.name} SET body = ? WHERE rowid = ?", (flipped, rowid))  # noqa: S608 - our own names
        db.execute("PRAGMA journal_mode = DELETE")
    found = start(tmp_path / "state", (tmp_path / FILE).read_bytes(), rows)
    assert (found.lost, len(found.named)) == (1, 1)
    assert found.named[0].startswith(f"{table.name} ")


@pytest.mark.parametrize("table", ["tickets", "outbox", "entries"])
def test_without_the_page_that_leads_to_a_table_no_row_is_lost(
    tmp_path: Path, whole: tuple[bytes, Rows], table: str
) -> None:
    data, rows = whole
    (tmp_path / FILE).write_bytes(data)
    with closing(connect(tmp_path / FILE)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).fetchone()
    at = (root - 1) * PAGE_BYTES
    assert data[at] == 5, "it has pages below it"
    found = start(tmp_path / "state", data[:at] + bytes(PAGE_BYTES) + data[at + PAGE_BYTES :], rows)
    assert found.lost == 0
