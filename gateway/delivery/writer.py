"""Gives the store a thread of its own, so that polling and sending never wait for the disk.

Commits that arrive while one is being synced share the next transaction: a burst costs a few syncs, not one each.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import chain
from typing import Concatenate, ParamSpec, TypeVar

from gateway.core.casework import Callback, Entry
from gateway.core.types import Status, Ticket
from gateway.delivery.ballast import Ballast
from gateway.delivery.records import Changes, Delivery, Outgoing, Saved
from gateway.delivery.statefile import StorageFull
from gateway.delivery.store import Store

_Result = TypeVar("_Result")
_Given = ParamSpec("_Given")


class Writer:
    """The store, awaited. A change that was asked for is made even if the caller is cancelled."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._ballast = Ballast(store)
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._guard = threading.Lock()
        self._waiting: list[Changes] = []
        self._group: Future[None] | None = None

    async def commit(self, changes: Changes) -> None:
        """Save; returns when the changes are on the disk."""
        with self._guard:
            self._waiting.append(changes)
            if self._group is None:
                self._group = self._thread.submit(self._commit_waiting)
            group = self._group
        await asyncio.shield(asyncio.wrap_future(group))

    @property
    def trouble(self) -> str:
        """What is wrong with the disk although changes can be saved; empty if nothing is."""
        full = "the disk is full: the last MiB is kept for tickets; make room"
        return self._store.trouble or ("" if self._ballast.is_there else full)

    async def probe(self) -> None:
        """See Store.probe."""
        await self._call(self._store.probe)

    async def load(self) -> Saved:
        """See Store.load."""
        return await self._call(self._store.load)

    async def due(self, now: float, limit: int) -> list[Outgoing]:
        """See Store.due."""
        return await self._call(self._store.due, now, limit)

    async def next_at(self, now: float) -> float | None:
        """See Store.next_at."""
        return await self._call(self._store.next_at, now)

    async def trying(self, key: str, now: float) -> None:
        """See Store.trying."""
        await self._call(self._store.trying, key, now)

    async def sent(self, key: str, now: float, answer: str, work_order: str = "") -> None:
        """See Store.sent."""
        await self._call(self._store.sent, key, now, answer, work_order)

    async def retry(
        self, key: str, now: float, next_at: float, answer: str, tried_at: float | None = None, work_order: str = ""
    ) -> None:
        """See Store.retry."""
        await self._call(self._store.retry, key, now, next_at, answer, tried_at, work_order)

    async def park(self, key: str, answer: str) -> None:
        """See Store.park."""
        await self._call(self._store.park, key, answer)

    async def resend(self, ticket_id: str) -> bool:
        """See Store.resend."""
        return await self._call(self._store.resend, ticket_id)

    async def hurry(self) -> None:
        """See Store.hurry."""
        await self._call(self._store.hurry)

    async def tickets(self, *, status: Status | None = None, limit: int = 100) -> list[tuple[Ticket, Delivery]]:
        """See Store.tickets."""
        return await self._call(self._store.tickets, status=status, limit=limit)

    async def ticket(self, ticket_id: str) -> Ticket | None:
        """See Store.ticket."""
        return await self._call(self._store.ticket, ticket_id)

    async def messages(self, ticket_id: str) -> list[Outgoing]:
        """See Store.messages."""
        return await self._call(self._store.messages, ticket_id)

    async def counts(self) -> Mapping[str, int]:
        """See Store.counts."""
        return await self._call(self._store.counts)

    async def entries(self, ticket_id: str) -> list[Entry]:
        """See Store.entries."""
        return await self._call(self._store.entries, ticket_id)

    async def heard(self, callback_id: str) -> Callback | None:
        """See Store.heard."""
        return await self._call(self._store.heard, callback_id)

    async def prune(self, before: float, limit: int) -> int:
        """See Store.prune."""
        return await self._call(self._store.prune, before, limit)

    async def forget_closings(self, before: float, most: int) -> int:
        """See Store.forget_closings."""
        return await self._call(self._store.forget_closings, before, most)

    async def transaction(
        self, work: Callable[Concatenate[sqlite3.Connection, _Given], _Result], *args: _Given.args, **kw: _Given.kwargs
    ) -> _Result:
        """Call `work`, a function of a table's own module such as `notices.due`, inside one transaction."""
        return await self._call(self._store.transaction, lambda db: work(db, *args, **kw))

    async def close(self) -> None:
        """Finish what was called, then close the store."""
        await self._in_thread(self._store.close)
        self._thread.shutdown()

    async def _call(self, work: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        return await self._in_thread(partial(self._do, work, *args, **kwargs))

    async def _in_thread(self, work: Callable[[], _Result]) -> _Result:
        return await asyncio.shield(asyncio.wrap_future(self._thread.submit(work)))

    def _commit_waiting(self) -> None:
        with self._guard:
            group, self._waiting, self._group = self._waiting, [], None
        self._do(self._store.commit, merged(group))

    def _do(self, work: Callable[_Given, _Result], *args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        try:
            result = work(*args, **kwargs)
        except StorageFull:
            if not self._ballast.give_room():
                raise
            result = work(*args, **kwargs)
        self._ballast.tend()
        return result


def merged(group: list[Changes]) -> Changes:
    """One set of changes with the effect of all, in order."""
    return Changes(
        tickets=tuple(chain.from_iterable(changes.tickets for changes in group)),
        messages=tuple(chain.from_iterable(changes.messages for changes in group)),
        rule_states=tuple({(s.rule, s.device): s for changes in group for s in changes.rule_states}.values()),
        closings=tuple(chain.from_iterable(changes.closings for changes in group)),
        saved_at=group[-1].saved_at,
        entries=tuple(chain.from_iterable(changes.entries for changes in group)),
        notices=tuple(chain.from_iterable(changes.notices for changes in group)),
        silences=tuple({s.id: s for changes in group for s in changes.silences}.values()),
        heard=tuple(chain.from_iterable(changes.heard for changes in group)),
        complaints=tuple(chain.from_iterable(changes.complaints for changes in group)),
    )
