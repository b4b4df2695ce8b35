"""What goes out of the gateway and what comes back: dispatch, channels, callbacks, and asking where nobody calls back.

All of it runs on the wall clock: the network, and the people, do not run faster for a demo.
"""

from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from typing import Self

from drivers.device import Clock
from gateway.app import channels
from gateway.app.callback_door import CallbackDoor
from gateway.app.ear import DeskEar
from gateway.app.round import Round
from gateway.core.clock import SystemClock
from gateway.core.config import Config
from gateway.core.health import Part
from gateway.core.plugins import Plugins
from gateway.core.types import Ticket
from gateway.delivery.dispatch import Dispatch, Pace
from gateway.delivery.line import LineHealth
from gateway.delivery.mapping import SiteFacts
from gateway.delivery.notifier import Notifier
from gateway.delivery.own_api import OwnApi
from gateway.delivery.polling import Polling
from gateway.delivery.transport import HttpTransport
from gateway.delivery.writer import Writer
from gateway.tickets.complaints import Lead
from gateway.web.metrics import Sample, counts


class Outward:
    """One site's way to the property company and its people, and their way back."""

    def __init__(self, config: Config, plugins: Plugins, writer: Writer, receiver: OwnApi, site_clock: Clock) -> None:
        wall = SystemClock()
        pace = Pace(workers=config.dispatch.workers, deadline_s=config.dispatch.timeout)
        self.dispatch = Dispatch(writer, receiver, wall, pace)
        self._notifier: Notifier = channels.notifier(config, plugins, writer, wall)
        self._door = CallbackDoor(config.callbacks, wall)
        self._is_called = config.callbacks is not None
        self._devices = [device.id for device in config.devices]
        self._writer, self._receiver, self._site_clock, self._wall = writer, receiver, site_clock, wall
        self._ear: DeskEar | None = None
        self._polling: Polling | None = None

    @classmethod
    async def opened(
        cls, config: Config, plugins: Plugins, writer: Writer, site_clock: Clock, stack: AsyncExitStack
    ) -> Self:
        """With its connections to the dispatch API, which the stack closes; nothing is sent yet."""
        settings, site = config.dispatch, config.site
        transport = await stack.enter_async_context(HttpTransport(settings.url, settings.token, settings.timeout))
        facts = SiteFacts(gateway=site.id, community=site.name, zone=site.zone)
        return cls(config, plugins, writer, OwnApi(transport, facts), site_clock)

    def wake(self) -> None:
        """There may be something to send."""
        self.dispatch.wake()
        self._notifier.wake()

    def jobs(self, round_: Round) -> Mapping[str, Coroutine[None, None, None]]:
        """All that has to run, by name."""
        ear = self._ear = DeskEar(round_.desk, round_, self._writer, self._devices, self._site_clock)
        polling = self._polling = Polling(
            self._receiver, self._writer, _told(round_), self._is_up, ear.told_at, self._wall
        )
        return {
            "dispatch": self.dispatch.run(),
            "channels": self._notifier.run(),
            "callbacks": self._door.run(ear),
            "polling": polling.run(ear),
            "complaints": ear.recall(),
        }

    def health(self) -> Iterator[Part]:
        """Every part of it."""
        yield _line(self.dispatch.health())
        if self._is_called:
            yield self._door.health()
        yield from self._notifier.health()

    def lead(self) -> Lead | None:
        """How much earlier than residents the gateway was."""
        return None if self._ear is None else self._ear.lead()

    def samples(self) -> Iterator[Sample]:
        """Figures for the metrics page."""
        yield from counts("dispatch_events", "What dispatch counts.", self.dispatch.counters(), "what")
        yield from counts("callback_events", "What became of callbacks.", self._door.counters(), "what")
        for name, found in self._notifier.counters().items():
            for what, value in found.items():
                labels = (("channel", name), ("what", what))
                yield Sample("channel_events", "What channels count.", value, labels=labels)
        if self._polling is not None:
            yield from counts("polling_events", "What asking for orders counts.", self._polling.counters(), "what")

    def _is_up(self) -> bool:
        return self.dispatch.health().state == "up"


def _told(round_: Round) -> Callable[[], Iterable[Ticket]]:
    """The open tickets that the property company knows of."""
    return lambda: [each for each in round_.desk.open_tickets if each.held is None and not each.parent]


def _line(health: LineHealth) -> Part:
    if health.state in {"up", "unknown"}:
        return Part("dispatch")
    return Part("dispatch", "degraded", f"{health.state}: {health.reason}", health.since)
