"""Starts that are killed at their first, second, third... statement, each as a fork; for the test of migrations.

`python start_child.py FOLDER [OLD_FILE]` prints one line per start: the number of rows, the version and what was found
damaged by the start after it. Ends after the first start that came through.
"""

import os
import shutil
import signal
import sqlite3
import sys
from itertools import count
from pathlib import Path

from gateway.delivery import recovery, salvage, statefile
from gateway.delivery.statefile import FILE
from gateway.delivery.store import Store


def killed_at(folder: Path, statement: int) -> bool:
    """Start, and die right before that statement; False if the start was through before."""
    child = os.fork()
    if child == 0:
        die_at(statement)
        Store(folder)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status in {0, signal.SIGKILL}, status
    return status == signal.SIGKILL


def die_at(statement: int) -> None:
    left = iter(range(statement, -1, -1))
    connect = statefile.connect

    def count_down(_: str) -> None:
        if next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(path: Path) -> sqlite3.Connection:
        db = connect(path)
        if str(path) != ":memory:":
            db.set_trace_callback(count_down)
        return db

    recovery.connect = salvage.connect = traced  # type: ignore[attr-defined] # the names that they use


def main(folder: Path, old: Path | None) -> None:
    for statement in count():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        if old is not None:
            shutil.copy(old, folder / FILE)
        killed = killed_at(folder, statement)
        store = Store(folder)
        (version,) = store._db.execute("PRAGMA user_version").fetchone()
        print(store.counts()["pending"], len(store.load().open_tickets), version, store.load().damaged)  # noqa: T201
        store.close()
        if not killed:
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)
