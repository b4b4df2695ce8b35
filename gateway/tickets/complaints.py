"""Were we faster than the resident? Matches complaints to tickets, and counts how often and by how much.

The lead time is from the ticket to the complaint; a complaint without a ticket before it is a miss.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from statistics import median

from gateway.core.casework import Complaint
from gateway.core.types import Ticket

STILL_ABOUT_S = 7 * 86400.0
"""How long after its closing a ticket still explains a complaint about its device."""
FIGURES_S = 30 * 86400.0


@dataclass(frozen=True, slots=True)
class Lead:
    """Figures of some time: how many complaints, how many without a ticket, and the median lead time of the others."""

    complaints: int
    missed: int
    median_s: float | None

    @property
    def miss_rate(self) -> float | None:
        """Share of complaints without a ticket, 0 to 1; None without complaints."""
        return self.missed / self.complaints if self.complaints else None


def match(complaint: Complaint, tickets: Iterable[Ticket]) -> Complaint:
    """The complaint with the ticket of its device that was there before; of several an open one, then the latest."""
    before = [each for each in tickets if each.device == complaint.device and _explains(each, complaint.at)]
    if not before:
        return replace(complaint, ticket="", lead_s=None)
    ticket = max(before, key=lambda each: (_is_open(each, complaint.at), each.fired_at))
    return replace(complaint, ticket=ticket.id, lead_s=complaint.at - ticket.fired_at)


def lead(complaints: Iterable[Complaint], now: float) -> Lead:
    """The figures of the last 30 days."""
    recent = [each for each in complaints if now - FIGURES_S <= each.at <= now]
    leads = [each.lead_s for each in recent if each.lead_s is not None]
    return Lead(len(recent), len(recent) - len(leads), median(leads) if leads else None)


def _explains(ticket: Ticket, at: float) -> bool:
    return ticket.fired_at <= at and (_is_open(ticket, at) or at - (ticket.closed_at or at) <= STILL_ABOUT_S)


def _is_open(ticket: Ticket, at: float) -> bool:
    return ticket.closed_at is None or ticket.closed_at > at
