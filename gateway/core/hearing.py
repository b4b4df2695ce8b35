"""How what the property company says reaches the desk: one ear, whether it was told to us or found by asking."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from gateway.core.casework import Callback, Complaint


class Heard(StrEnum):
    """What became of something that was said."""

    TAKEN = "taken"
    """It is stored, and what it changed with it."""
    KNOWN = "known"
    """The same was said before; nothing changes."""
    UNKNOWN = "unknown"
    """There is no such ticket, or no such device."""
    REFUSED = "refused"
    """It cannot be so; `why` says what is missing."""
    BUSY = "busy"
    """It could not be stored; say it again later, under the same id."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of something that was said, and why if it was not taken."""

    heard: Heard
    why: str = ""


class Ear(Protocol):
    """Takes what is said. What it answers is true on the disk already, and waits for no delivery."""

    async def hear(self, callback: Callback) -> Reply:
        """Something happened to a ticket."""
        ...

    async def complain(self, complaint: Complaint) -> Reply:
        """A resident complained about a device."""
        ...
