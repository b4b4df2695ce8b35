"""The simulated property company calls back: a signed POST for each thing that one of its people does to an order."""

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

EVENTS = {
    "acknowledged": "accepted",
    "dispatched": "departed",
    "on_site": "arrived",
    "in_progress": "progress",
    "resolved": "resolved",
    "closed": "closed",
    "rejected": "rejected",
}
"""What a person who sets a state has done."""

_TRIES = 5


def signed(secret: str, body: bytes, timestamp: int) -> dict[str, str]:
    """The headers that prove who sent `body`, and when."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Timestamp": str(timestamp), "X-Signature": digest, "Content-Type": "application/json"}


class Hooks:
    """Calls back in the background, a few times with the same id if need be; `answers` are the statuses it got."""

    def __init__(self, url: str, secret: str, clock: Callable[[], float] = time.time, pause_s: float = 0.5) -> None:
        self.url, self.answers = url.rstrip("/"), list[int]()
        self._secret, self._clock, self._pause_s = secret, clock, pause_s
        self._count = 0
        self._calls: set[asyncio.Task[None]] = set()

    def tell(self, external_id: str, event: str, said: Mapping[str, Any]) -> None:
        """Something happened to an order; `said` are further fields of the callback."""
        self._count += 1
        now = self._clock()
        told = {"id": f"cb-{now:.6f}-{self._count}", "at": datetime.fromtimestamp(now, UTC).isoformat(), **said}
        call = asyncio.create_task(self._call(external_id, json.dumps({**told, "event": event}).encode()))
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)

    async def drained(self) -> None:
        """Wait until nothing is under way."""
        await asyncio.gather(*self._calls)

    async def close(self) -> None:
        """Give up what is under way."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _call(self, external_id: str, body: bytes) -> None:
        url = URL(f"{self.url}/v1/tickets/{quote(external_id, safe='')}/events", encoded=True)
        timeout = aiohttp.ClientTimeout(total=5.0)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for _ in range(_TRIES):
                headers = signed(self._secret, body, int(self._clock()))
                try:
                    async with session.post(url, data=body, headers=headers, allow_redirects=False) as answer:
                        self.answers.append(answer.status)
                        if answer.status < 500 and answer.status != 429:
                            return
                except (aiohttp.ClientError, TimeoutError):
                    self.answers.append(0)
                await asyncio.sleep(self._pause_s)
