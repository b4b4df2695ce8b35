"""Draws what a rule saw before it fired, from the history, and hands the picture to the ticket: beside the main path.

A ticket never waits for its chart. It goes out by itself; the chart follows as evidence, once the history has the
readings, and is tried again after a restart while the ticket is young.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Iterator

import numpy as np

from drivers.device import Device
from gateway.app.round import Round
from gateway.core.config import Config
from gateway.core.types import Fleet, Ticket
from gateway.history.local import LocalHistory
from gateway.history.past import NoPast
from gateway.history.recording import Recording
from gateway.tickets.chart import Curve, limits_of, svg

log = logging.getLogger(__name__)

BEFORE_S = 1800.0
"""Site seconds before the alert that a chart shows."""
AFTER_S = 5.0
"""Site seconds after the alert that it waits for."""
YOUNG_S = 3600.0
"""Site seconds after which nobody waits for a chart any more."""
MOST_CURVES = 3
_LOOK_S = 2.0
_FLUSH_S = 10.0


class Charts:
    """The charts of one site's tickets."""

    def __init__(self, config: Config, round_: Round, history: LocalHistory) -> None:
        self._config, self._round, self._history = config, round_, history
        self._place = {device.id: (fleet, device) for fleet in config.fleets for device in fleet.devices}
        self._tried: set[str] = set()

    async def run(self) -> None:
        """Draw until cancelled, one at a time."""
        while True:
            await asyncio.sleep(_LOOK_S)
            for ticket in list(self._waiting()):
                self._tried.add(ticket.id)
                chart = await asyncio.to_thread(self._drawn, ticket)
                if chart and (decision := self._round.desk.draw(ticket.id, chart, self._round.clock.now())) is not None:
                    await self._round.decide(decision)

    def _waiting(self) -> Iterator[Ticket]:
        """Tickets that have no chart yet and shall have one, those that were tried in vain left out."""
        now = self._round.clock.now()
        tickets = self._round.desk.open_tickets
        self._tried &= {ticket.id for ticket in tickets}
        for ticket in tickets:
            is_told = ticket.messages > 0 and ticket.held is None and not ticket.parent
            is_time = AFTER_S <= now - ticket.fired_at <= YOUNG_S
            if is_told and is_time and "chart" not in ticket.nodes and ticket.id not in self._tried:
                yield ticket

    def _drawn(self, ticket: Ticket) -> str:
        """The chart as SVG; empty if there is nothing to draw or the history cannot be read."""
        fleet, device = self._place.get(ticket.device, (None, None))
        if fleet is None or device is None:
            return ""
        points = [name for name in ticket.evidence.get("values") or () if name in fleet.profile.names]
        try:
            self._history.settle(_FLUSH_S)
            return self._chart(ticket, fleet, device, points[:MOST_CURVES]) if points else ""
        except (OSError, sqlite3.Error, NoPast, ValueError) as error:
            log.info("ticket=%s has no chart: %s", ticket.id, error)
            return ""

    def _chart(self, ticket: Ticket, fleet: Fleet, device: Device, points: list[str]) -> str:
        site, row = self._config.site, fleet.devices.index(device)
        times, values = [np.empty(0)], [np.empty((0, len(fleet.profile.names)))]
        with Recording(self._history.path) as past:
            for fresh in past.fresh(fleet, ticket.fired_at - BEFORE_S, ticket.fired_at + YOUNG_S):
                ours = fresh.devices == row
                times.append(fresh.times[ours])
                values.append(fresh.values[ours])
        at, index = np.unique(np.concatenate(times), return_index=True)
        seen = np.concatenate(values)[index]
        if len(at) == 0:
            return ""
        known = {point.name: point for point in fleet.profile.points}
        curves = [
            Curve(
                known[name].title.get(site.language, name),
                known[name].unit,
                seen[:, fleet.profile.names.index(name)],
                limits_of(ticket.evidence, name),
            )
            for name in points
        ]
        return svg(at, curves, ticket.fired_at, site.almanac, site.language, ticket.cleared_at)
