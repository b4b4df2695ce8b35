"""What a ticket is to others of the same cause: a candidate, a member, or nothing like them. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from gateway.core.types import Member, Status, Ticket
from gateway.tickets.causes import Candidate, Cause, Topology, sees_water, suffers_from_water
from gateway.tickets.limits import RANK

_WATER = "water:"


def is_like(ticket: Ticket, parent: Ticket) -> bool:
    """Whether a late one belongs to the others: a worn bearing under a feeder that is out is a problem of its own."""
    kinds = {parent.kind, *(each.kind for each in parent.members)}
    is_water = sees_water(ticket.kind) and parent.cause.startswith(_WATER)
    return ticket.kind in kinds or ticket.kind.startswith("device.") or is_water


def is_in_its_water(ticket: Ticket, other: Ticket) -> bool:
    """Whether water stands in the room of a device, as another's ticket says, that may be behind its problem."""
    same_room = bool(ticket.location.get("room")) and all(
        ticket.location.get(key) == other.location.get(key) for key in ("building", "room")
    )
    wet = sees_water(other.kind) and not other.parent and other.device != ticket.device
    return same_room and wet and (sees_water(ticket.kind) or suffers_from_water(ticket.kind))


def flood_around(ticket: Ticket, others: Iterable[Ticket], topology: Topology) -> Ticket | None:
    """The ticket of the water in which a device stands, however long it has been there."""
    flood = next((each for each in others if is_in_its_water(ticket, each) and goes_on(each)), None)
    cause = None if flood is None else next(iter(topology.causes(flood.device, flood.kind)), None)
    if flood is None or cause is None or flood.held is not None:
        return None
    return replace(flood, cause=flood.cause or cause.key)


def goes_on(ticket: Ticket) -> bool:
    """Whether its problem is there and nobody has said that it is done."""
    return ticket.cleared_at is None and RANK[ticket.status] < RANK[Status.RESOLVED]


def noted_at(ticket: Ticket) -> float:
    """When it was told, or else found."""
    return ticket.nodes.get("created", ticket.detected_at)


def told_at(parent: Ticket) -> float:
    """When its members were told last; right after it was raised most are still to come."""
    return max(parent.nodes.get("members", 0.0), parent.nodes.get("created", 0.0))


def candidate_of(ticket: Ticket) -> Candidate:
    """What the search for causes needs to know of a ticket."""
    return Candidate(ticket.id, ticket.device, ticket.kind, ticket.level, ticket.detected_at)


def member_of(ticket: Ticket) -> Member:
    """Its line in the list of its parent."""
    return Member(ticket.id, ticket.device, ticket.kind, ticket.level, ticket.fired_at, ticket.cleared_at, ticket.title)


def kind_of(cause: Cause) -> str:
    """Of a ticket about the cause itself."""
    return f"common.{cause.kind}"
