"""Keeps the address of the callbacks open: one that is taken, or whose certificate is no good, is tried again."""

import asyncio
import logging
from collections.abc import Mapping

from drivers.device import Clock
from drivers.tls import server_context
from gateway.core.callback_settings import Callbacks
from gateway.core.health import Part
from gateway.core.hearing import Ear
from gateway.web.callbacks import CallbackWeb

log = logging.getLogger(__name__)

RETRY_S = 5.0


class CallbackDoor:
    """The callbacks at their address; without settings there is none."""

    def __init__(self, settings: Callbacks | None, clock: Clock) -> None:
        """`clock` is the wall's, which the senders have too."""
        self._settings, self._clock = settings, clock
        self._part = Part("callbacks")
        self._web: CallbackWeb | None = None

    def health(self) -> Part:
        """Degraded while the address cannot be had: then tickets move on only as the gateway asks for them."""
        return self._part

    def counters(self) -> Mapping[str, int]:
        """Monotone counts: what became of requests."""
        return self._web.counters() if self._web else {}

    async def run(self, ear: Ear) -> None:
        """Serve until cancelled."""
        if self._settings is None:
            return
        while True:
            try:
                await self._serve(self._settings, ear)
            except OSError as error:
                self._refused(self._settings.bind, error)
            await asyncio.sleep(RETRY_S)

    async def _serve(self, settings: Callbacks, ear: Ear) -> None:
        secret = settings.secret.get_secret_value()
        if not secret:
            raise OSError("the secret is empty")
        certificate, key = settings.certificate, settings.key
        tls = server_context(certificate, key) if certificate and key else None
        self._web = web = CallbackWeb(settings.bind, secret, ear, self._clock, tls)
        try:
            await web.start()
            self._opened(settings.bind)
            await asyncio.get_running_loop().create_future()
        finally:
            await web.stop()

    def _opened(self, bind: str) -> None:
        if self._part.state != "ok":
            log.info("callbacks=%s is there now", bind)
        self._part = Part("callbacks")

    def _refused(self, bind: str, error: OSError) -> None:
        if self._part.state == "ok":
            why = error.strerror or str(error)
            log.warning("callbacks=%s cannot be opened: %s; trying again", bind, why)
            self._part = Part("callbacks", "degraded", f"{bind} cannot be opened: {why}", self._clock.now())
