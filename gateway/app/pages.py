"""Keeps the local pages open: an address that is taken is tried again until it is free, and stops nothing else."""

import asyncio
import logging

from prometheus_client import CollectorRegistry

from drivers.device import Clock
from gateway.core.health import Part
from gateway.web.server import LocalWeb
from gateway.web.window import Window

log = logging.getLogger(__name__)

RETRY_S = 5.0


class LocalPages:
    """The pages at one address."""

    def __init__(self, bind: str, token: str, clock: Clock) -> None:
        self._bind, self._token, self._clock = bind, token, clock
        self._part = Part("pages")

    def health(self) -> Part:
        """Degraded while the address cannot be had: then `gateway tickets` cannot reach the daemon."""
        return self._part

    async def run(self, window: Window, registry: CollectorRegistry) -> None:
        """Serve until cancelled."""
        while True:
            web = LocalWeb(self._bind, self._token, window, registry)
            try:
                await web.start()
                self._opened()
                await asyncio.get_running_loop().create_future()
            except OSError as error:
                self._refused(error)
            finally:
                await web.stop()
            await asyncio.sleep(RETRY_S)

    def _opened(self) -> None:
        if self._part.state != "ok":
            log.info("web=%s is there now", self._bind)
        self._part = Part("pages")

    def _refused(self, error: OSError) -> None:
        if self._part.state == "ok":
            log.warning("web=%s cannot be opened: %s; trying again", self._bind, error.strerror)
            reason = f"{self._bind} cannot be opened: {error.strerror}"
            self._part = Part("pages", "degraded", reason, self._clock.now())
