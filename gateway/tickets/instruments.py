"""Instruments that are not to be believed: what rests on their readings joins their ticket, unless it is red. Pure.

A sensor that has failed is told by a rule that `doubts` its readings. Until somebody has looked, a yellow problem of
the same device that was seen through such a reading is no second errand: it joins that ticket, and gets one of its own
when that is closed and it is still there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.core.types import Level, Status, Ticket
from gateway.tickets.limits import RANK


def doubter(ticket: Ticket, others: Iterable[Ticket]) -> Ticket | None:
    """The open ticket of the device that doubts a reading on which this one rests, marked as the cause of it.

    What doubts readings itself is about another instrument, and no danger is explained by one.
    """
    if ticket.doubts or ticket.level is Level.RED:
        return None
    rests_on = frozenset(_rests_on(ticket))
    found = (each for each in others if each.device == ticket.device and _is_in_doubt(each))
    first = next((each for each in found if not rests_on.isdisjoint(each.doubts)), None)
    return first and replace(first, cause=_cause(first))


def without_member(parent: Ticket, member: Ticket) -> Ticket | None:
    """The instrument's ticket after a member has become a danger, which nobody may take for its fault.

    None if it is a ticket of another kind.
    """
    if not is_of_instrument(parent):
        return None
    left = tuple(each for each in parent.members if each.ticket != member.id)
    return replace(parent, members=left, members_told=min(parent.members_told, len(left)))


def is_of_instrument(ticket: Ticket) -> bool:
    """Whether its members are what was seen through a reading that it doubts."""
    return ticket.cause == _cause(ticket)


def _cause(ticket: Ticket) -> str:
    """What its members share, as it is kept in the ticket."""
    return f"instrument:{ticket.device}"


def _is_in_doubt(other: Ticket) -> bool:
    """Whether it doubts something now, and is not part of something larger itself."""
    is_there = bool(other.firing) and other.held is None and RANK[other.status] < RANK[Status.RESOLVED]
    return is_there and not other.parent and other.cause in {"", _cause(other)}


def _rests_on(ticket: Ticket) -> Iterator[str]:
    """The points that its rule names or that drive the scores which it reads, and these as `score.NAME:POINT`, too."""
    yield from ticket.evidence.get("values", ())
    for name, score in ticket.evidence.get("scores", {}).items():
        for channel in score["channels"][:1]:
            yield from (channel["point"], f"score.{name}:{channel['point']}")
