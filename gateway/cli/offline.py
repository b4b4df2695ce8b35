"""Tickets of a daemon that does not run, read from and changed in its state file: the same desk, the same store."""

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

from gateway.cli.screen import Failed
from gateway.core.clock import SystemClock
from gateway.core.config import Config
from gateway.core.types import Closing, Status, Verdict
from gateway.delivery.ledger import read_ledger
from gateway.delivery.records import Changes, shown, shown_whole
from gateway.delivery.statefile import FILE, StateInUse, StorageFailed
from gateway.delivery.store import Store
from gateway.tickets.desk import Desk


class Offline:
    """The state of a stopped daemon."""

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store

    def tickets(self, status: Status | None, limit: int) -> list[Mapping[str, Any]]:
        """Tickets, newest first."""
        found = self._store.tickets(status=status, limit=limit)
        return [shown(ticket, delivery) for ticket, delivery in found]

    def ticket(self, ticket_id: str) -> Mapping[str, Any] | None:
        """One ticket with its messages."""
        ticket = self._store.ticket(ticket_id)
        return None if ticket is None else shown_whole(ticket, self._store.messages(ticket_id))

    def counts(self) -> Mapping[str, int]:
        """How the outbox stands."""
        return self._store.counts()

    def act(self, ticket_id: str, action: str, by: str, verdict: Verdict) -> bool:
        """Do what a person asked for; the messages go out when the daemon runs again."""
        if action == "resend":
            return self._store.resend(ticket_id)
        site, saved, now = self._config.site, self._store.load(), SystemClock().now()
        desk = Desk(site.id, site.language, {}, self._config.policies, saved.open_tickets)
        acknowledged = action == "ack"
        decision = desk.acknowledge(ticket_id, by, now) if acknowledged else desk.close(ticket_id, by, now, verdict)
        if decision is None or decision.ticket is None:
            return False
        closings = (decision.closing,) if decision.closing else ()
        changes = Changes((decision.ticket,), decision.messages, closings=closings, saved_at=saved.saved_at or now)
        self._store.commit(changes)
        return True


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
