"""Tickets of a daemon that does not run, read from and changed in its state file: the same desk, the same store."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict
from typing import Any

from gateway.app.spoken import decided, ended, silenced
from gateway.app.ticket_view import brief, listed, whole
from gateway.app.unsaved import Unsaved
from gateway.cli.screen import Failed
from gateway.core.casework import Callback, Silence
from gateway.core.clock import SystemClock
from gateway.core.config import Config
from gateway.core.types import Closing, Status
from gateway.delivery import notices
from gateway.delivery.casefile import silences
from gateway.delivery.ledger import read_ledger
from gateway.delivery.records import Saved
from gateway.delivery.statefile import FILE, StateInUse, StorageFailed
from gateway.delivery.store import Store
from gateway.tickets.desk import Desk
from gateway.tickets.terms import Terms


class Offline:
    """The state of a stopped daemon."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store
        self._terms = Terms.of(config)
        self._now = SystemClock().now()

    def tickets(self, status: Status | None, limit: int) -> list[Mapping[str, Any]]:
        """Tickets, newest first."""
        found = self._store.tickets(status=status, limit=limit)
        return [listed(ticket, delivery, self._terms) for ticket, delivery in found]

    def ticket(self, ticket_id: str) -> Mapping[str, Any] | None:
        """One ticket with its ledger, its messages and its notices."""
        ticket, store = self._store.ticket(ticket_id), self._store
        if ticket is None:
            return None
        told = store.transaction(lambda db: notices.of_ticket(db, ticket_id))
        return whole(ticket, store.messages(ticket_id), store.entries(ticket_id), told, self._terms, self._now)

    def open_tickets(self) -> list[Mapping[str, Any]]:
        """What the status says of each."""
        return [brief(ticket, self._terms) for ticket in self._store.load().open_tickets]

    def counts(self) -> Mapping[str, int]:
        """How the outbox stands."""
        return self._store.counts()

    def act(self, said: Callback) -> None:
        """What a person says of a ticket; the messages go out when the daemon runs again. Raises Denied."""
        saved, desk = self._desk()
        decision = decided(desk, said, self._now)
        unsaved = Unsaved()
        for each in (decision, *desk.tick(_last_tick(saved, self._now))):
            unsaved.note(each)
        self._keep(saved, unsaved)

    def resend(self, ticket_id: str) -> bool:
        """Send again what waits or was refused, when the daemon runs again; False if there is nothing."""
        told = self._store.transaction(lambda db: notices.resend(db, ticket_id))
        return self._store.resend(ticket_id) or told

    def silences(self) -> list[Mapping[str, Any]]:
        """What is silenced now, soonest over first."""
        return [asdict(silence) for silence in self._store.transaction(lambda db: silences(db, self._now))]

    def silence(self, asked: Silence, lasts_s: float) -> Mapping[str, Any]:
        """Hold tickets back from now on. Raises Denied."""
        saved, desk = self._desk()
        made = silenced(desk, asked, lasts_s, self._now)
        self._keep(saved, Unsaved(silences=[made]))
        return asdict(made)

    def unsilence(self, silence_id: str) -> None:
        """End a silence now. Raises Denied."""
        saved, desk = self._desk()
        over = ended(desk, silence_id, self._now)
        desk.silence(over)
        held = {ticket.id: ticket for ticket in desk.open_tickets if ticket.held is not None}
        self._keep(saved, Unsaved(silences=[over], tickets=held))

    def _desk(self) -> tuple[Saved, Desk]:
        saved = self._store.load()
        terms, tickets = Terms.of(self._config, saved.silences), [*saved.open_tickets, *saved.closed_lately]
        return saved, Desk(terms, self._config.all_rules, tickets, saved.entries)

    def _keep(self, saved: Saved, unsaved: Unsaved) -> None:
        if (changes := unsaved.changes(_last_tick(saved, self._now))) is not None:
            self._store.commit(changes)


def _last_tick(saved: Saved, now: float) -> float:
    """The state must not look younger than it is, and nothing becomes due by it: downtime is not evidence."""
    return saved.saved_at or now


def kept_closings(config: Config) -> tuple[Closing, ...] | None:
    """The ledger, whether a daemon runs or not; None where there is none. Raises Failed."""
    try:
        return read_ledger(config.state_folder)
    except StorageFailed as error:
        raise Failed("state_unreadable", "the state cannot be read: {reason}", reason=error) from error


class FolderInUse(Failed):
    """A daemon runs, but its pages cannot be had."""


@contextmanager
def offline(config: Config) -> Iterator[Offline]:
    """Open the state of a stopped daemon. Raises Failed if there is none, or a gateway has it, or the disk fails."""
    folder = config.state_folder
    if not (folder / FILE).exists():
        raise Failed("no_state", "no daemon has run with the state folder {folder}", folder=folder)
    try:
        with closing(Store(folder)) as store:
            yield Offline(config, store)
    except StateInUse as error:
        raise FolderInUse(
            "folder_in_use",
            "a gateway works with the state folder {folder}, but does not answer at {address}",
            folder=folder,
            address=config.web.bind,
        ) from error
    except StorageFailed as error:
        raise Failed("state_unreadable", "the state cannot be read: {reason}", reason=error) from error
