"""No callbacks: what people do at the property company's own software is found by asking, as the daemon is wired."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from gateway.app.ear import DeskEar
from gateway.core.clock import ManualClock, SystemClock
from gateway.core.types import Status, Ticket
from gateway.delivery.dispatch import Dispatch
from gateway.delivery.mapping import SiteFacts
from gateway.delivery.own_api import OwnApi
from gateway.delivery.polling import EVERY_S, Polling
from gateway.delivery.store import Store
from gateway.delivery.transport import HttpTransport
from gateway.delivery.writer import Writer
from simulators.order_book import OrderBook
from simulators.property_api import PropertyApi
from tests.app.small_site import FLEET, GOOD, T0, VERY_LOW, new_round, show

MINUTES = 3
"""Of site time, in which a red ticket is asked for at least once, whatever the jitter."""


class Office:
    """A gateway without an address for callbacks, and the order of its one red ticket."""

    def __init__(self, writer: Writer, api: PropertyApi, transport: HttpTransport, clock: ManualClock) -> None:
        receiver = OwnApi(transport, SiteFacts(gateway="lakeside", community="Lakeside"))
        self.api, self.writer, self.clock = api, writer, clock
        self.dispatch = Dispatch(writer, receiver, SystemClock())
        self.round = new_round(writer, clock, stored=self.dispatch.wake)
        self.ear = DeskEar(self.round.desk, self.round, writer, FLEET.ids, clock)
        self.polling = Polling(
            receiver, writer, lambda: self.round.desk.open_tickets, lambda: True, self.ear.told_at, clock
        )

    @property
    def ticket(self) -> Ticket:
        """The ticket, open or closed a moment ago."""
        found = self.round.desk.ticket(next(iter(self.api.book.orders)))
        assert found is not None
        return found

    async def goes(self, pump: tuple[float, float]) -> None:
        """The next second: what the pump shows, stored and sent."""
        self.clock.time += 1.0
        show(self.round, self.clock.now(), pump)
        await self.round.save()
        await self._sent()

    def writes(self, **said: Any) -> None:
        """Somebody writes to the order in the property company's software."""
        self.clock.time += 1.0
        (order,) = self.api.book.orders.values()
        self.api.book.change(order, "Wang", said)

    async def asks(self) -> Ticket:
        """Three minutes go by; returns how the ticket stands then."""
        for _ in range(MINUTES):
            self.clock.time += EVERY_S[self.ticket.level]
            self.round.work(self.clock.now())
            await self.round.save()
            await self._sent()
            await self.polling.poll(self.ear)
        return self.ticket

    async def _sent(self) -> None:
        """Until the property company knows all that was said."""
        async with asyncio.timeout(10.0):
            while (await self.writer.counts())["pending"]:  # noqa: ASYNC110 - the outbox has no event for that
                await asyncio.sleep(0.01)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock, writer = ManualClock(T0), Writer(Store(tmp_path / "state"))
    async with (
        PropertyApi(book=OrderBook(clock=clock.now)) as api,
        HttpTransport(api.url, None, 5.0) as transport,
    ):
        office = Office(writer, api, transport, clock)
        sending = asyncio.create_task(office.dispatch.run())
        yield office
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    await writer.close()


async def test_what_people_do_at_their_own_software_is_found_by_asking(office: Office) -> None:
    await office.goes(VERY_LOW)
    assert (await office.asks()).status is Status.OPEN, "what we put there ourselves is nobody's word"
    office.writes(state="acknowledged", handler="Li")
    assert (await office.asks()).status is Status.ACKNOWLEDGED
    office.writes(state="in_progress", handler="Wang", progress_pct=50, eta_min=12)
    ticket = await office.asks()
    assert (ticket.status, ticket.handler, ticket.percent) == (Status.IN_PROGRESS, "Wang", 50.0)
    lines = ticket.lines
    assert (await office.asks()).lines == lines, "the same is no news"
    await office.goes(GOOD)
    office.writes(state="resolved", evidence=["photo-17.jpg"])
    assert (await office.asks()).status is Status.RESOLVED
    await office.goes(VERY_LOW)
    assert (ticket.reopened, office.ticket.reopened, office.ticket.status) == (0, 1, Status.OPEN)
    assert (await office.asks()).status is Status.OPEN, "what was said before it came back does not count again"
    office.writes(state="closed")
    assert (await office.asks()).status is Status.CLOSED


async def test_what_they_did_is_not_undone_by_what_is_said_before_it_is_known(office: Office) -> None:
    await office.goes(VERY_LOW)
    office.writes(state="on_site", handler="Wang")
    office.clock.time += 61.0
    await office.goes(VERY_LOW)
    (order,) = office.api.book.orders.values()
    assert [event["body"]["event"] for event in order.events] == ["overdue"], "nobody has told us that they are there"
    ticket = await office.asks()
    assert (ticket.status, ticket.handler) == (Status.ON_SITE, "Wang")
