"""What the local pages ask of the daemon, and may not have."""

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.core.casework import Callback, Silence


class Unavailable(Exception):
    """What was asked for cannot be had now; ask again later."""


class Window(Protocol):
    """What the pages show of the daemon, as JSON types. Methods that reach for the disk may raise Unavailable.

    Methods that change something raise Denied when it cannot be so.
    """

    def health(self) -> Mapping[str, Any]:
        """The health report."""
        ...

    def status(self) -> Mapping[str, Any]:
        """Health, devices and counts."""
        ...

    async def tickets(self, status: str | None, limit: int) -> list[Mapping[str, Any]]:
        """Tickets, newest first."""
        ...

    async def ticket(self, ticket_id: str) -> Mapping[str, Any] | None:
        """One ticket with its ledger and its messages, or None."""
        ...

    def why(self, rule: str, device: str) -> Mapping[str, Any] | None:
        """How a rule stands on a device, part by part; None if it does not watch it."""
        ...

    async def act(self, said: Callback) -> None:
        """A person says something of a ticket, now."""
        ...

    async def resend(self, ticket_id: str) -> bool:
        """Send again; False if nothing of that ticket waits or was refused."""
        ...

    def silences(self) -> list[Mapping[str, Any]]:
        """What is silenced now."""
        ...

    async def silence(self, asked: Silence, lasts_s: float) -> Mapping[str, Any]:
        """Hold tickets back from now on for so long; the silence as it was made."""
        ...

    async def unsilence(self, silence_id: str, by: str) -> None:
        """End a silence now."""
        ...

    async def reload(self) -> Mapping[str, Any]:
        """Take the configuration over as it is written now; what became of that."""
        ...
