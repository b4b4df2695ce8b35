"""Were we faster than the resident?"""

import pytest

from gateway.core.casework import Complaint
from gateway.core.types import Status, Ticket
from gateway.tickets.complaints import Lead, lead, match
from tests.delivery.made import T0, make_ticket

DAY_S = 86400.0


def complaint(at: float, device: str = "P-1") -> Complaint:
    return Complaint("c-1", device, at, "没水了")


def ticket(fired_at: float, closed_at: float | None = None, number: int = 1) -> Ticket:
    status = Status.OPEN if closed_at is None else Status.CLOSED
    return make_ticket(number, fired_at=fired_at, closed_at=closed_at, status=status, id=f"t-{number}-{fired_at:.0f}")


@pytest.mark.parametrize(
    ("tickets", "lead_s"),
    [
        ([ticket(T0)], 600.0),
        ([ticket(T0 + 600.0)], 0.0),
        ([ticket(T0 + 601.0)], None),
        ([ticket(T0, number=2)], None),
        ([], None),
        ([ticket(T0 - DAY_S), ticket(T0)], 600.0),
        ([ticket(T0 - DAY_S), ticket(T0, closed_at=T0 + 60.0)], 600.0 + DAY_S),
        ([ticket(T0 - DAY_S, closed_at=T0 + 601.0), ticket(T0, closed_at=T0 + 60.0)], 600.0 + DAY_S),
        ([ticket(T0 - 8 * DAY_S, closed_at=T0 + 600.0 - 7 * DAY_S)], 600.0 + 8 * DAY_S),
        ([ticket(T0 - 8 * DAY_S, closed_at=T0 + 599.0 - 7 * DAY_S)], None),
    ],
    ids=[
        *("before", "at once", "too late", "another device", "none", "two open: the latest"),
        *("an open one before a closed one", "closed after the complaint is open", "closed a week ago", "longer ago"),
    ],
)
def test_the_ticket_that_was_there_before(tickets: list[Ticket], lead_s: float | None) -> None:
    matched = match(complaint(T0 + 600.0), tickets)
    assert matched.lead_s == lead_s
    assert bool(matched.ticket) == (lead_s is not None)
    assert (matched.id, matched.device, matched.text) == ("c-1", "P-1", "没水了")


def test_nobody_can_claim_a_match() -> None:
    claimed = Complaint("c-1", "P-1", T0, "", ticket="t-9", lead_s=9999.0)
    assert match(claimed, []) == Complaint("c-1", "P-1", T0)


def test_figures_of_thirty_days() -> None:
    def matched(days_ago: float, lead_s: float | None) -> Complaint:
        return Complaint(f"c-{days_ago}", "P-1", T0 - days_ago * DAY_S, lead_s=lead_s)

    said = [matched(0, 60.0), matched(1, None), matched(2, 600.0), matched(30, 120.0), matched(31, None)]
    figures = lead(said, T0)
    assert figures == Lead(complaints=4, missed=1, median_s=120.0)
    assert figures.miss_rate == 0.25


def test_without_complaints_there_is_no_rate() -> None:
    assert lead([], T0) == Lead(0, 0, None)
    assert Lead(0, 0, None).miss_rate is None
