"""Reckons how the work on tickets goes, once a minute and away from the rounds, for the metrics and the status page."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from drivers.device import Clock
from gateway.app.outward import Outward
from gateway.delivery import casefile, outbox
from gateway.delivery.statefile import StorageFailed
from gateway.delivery.writer import Writer
from gateway.tickets.figures import Figures, figures
from gateway.tickets.latency import Stamps
from gateway.web.metrics import Sample
from rules.duration import DAY_S

log = logging.getLogger(__name__)

WINDOW_S = 30 * DAY_S
EVERY_S = 60.0
MOST = 10_000
"""Tickets that are reckoned with, the latest."""


class Tally:
    """The figures of the last 30 days."""

    def __init__(self, writer: Writer, outward: Outward, clock: Clock) -> None:
        self._writer, self._outward, self._clock = writer, outward, clock
        self._figures: Figures | None = None

    async def run(self) -> None:
        """Reckon until cancelled."""
        while True:
            try:
                await self.reckon()
            except StorageFailed as error:
                log.debug("figures are not reckoned: %s", error)  # the round says that storage is degraded
            await asyncio.sleep(EVERY_S)

    async def reckon(self) -> Figures:
        """Do it now. Raises StorageFailed."""
        now = self._clock.now()
        tickets = await self._writer.transaction(casefile.raised_since, now - WINDOW_S, MOST)
        passed = await self._writer.transaction(outbox.passed, now - WINDOW_S)
        stamps = [
            Stamps(each.fired_at, each.detected_at, *passed[each.id], each.nodes.get("accepted"))
            for each in tickets
            if each.id in passed
        ]
        self._figures = await asyncio.to_thread(figures, tickets, now, stamps)
        return self._figures

    def samples(self) -> Iterator[Sample]:
        """For the metrics page."""
        if self._figures is not None:
            for figure in self._figures.samples():
                yield Sample(figure.name, figure.help, figure.value, counter=False, labels=figure.labels)
        if (lead := self._outward.lead()) is not None:
            yield Sample("complaints_30d", "Complaints of residents.", lead.complaints, counter=False)
            yield Sample("complaints_missed_30d", "Complaints without a ticket before.", lead.missed, counter=False)
            if lead.median_s is not None:
                text = "From a ticket to the complaint about it, median."
                yield Sample("complaint_lead_seconds", text, lead.median_s, counter=False)

    def shown(self) -> Mapping[str, Any] | None:
        """For the status page; None before the first time."""
        return None if self._figures is None else {figure.name: figure.value for figure in self._figures.samples()}
