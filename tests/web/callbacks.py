"""A server of callbacks on a free port, with an ear that the test makes up; and whoever signs what it sends."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientSession

from gateway.core.casework import Callback, Complaint
from gateway.core.clock import ManualClock
from gateway.core.hearing import Heard, Reply
from gateway.web.callbacks import CallbackWeb
from gateway.web.signature import sign

SECRET = "the-secret-of-the-tests"
TICKET = "lakeside:P-1:low:20260315T000105.250Z"
EVENTS = f"/v1/tickets/{TICKET}/events"
COMPLAINTS = "/v1/complaints"
NOW = 1_773_532_865.0


@dataclass
class FakeEar:
    """Remembers what it heard and answers what the test wants."""

    heard: list[Callback | Complaint] = field(default_factory=list)
    reply: Reply = field(default_factory=lambda: Reply(Heard.TAKEN))
    slow_s: float = 0.0

    async def hear(self, callback: Callback) -> Reply:
        self.heard.append(callback)
        await asyncio.sleep(self.slow_s)
        return self.reply

    async def complain(self, complaint: Complaint) -> Reply:
        self.heard.append(complaint)
        return self.reply


def signed(body: bytes, at: float = NOW, secret: str = SECRET) -> Mapping[str, str]:
    """The headers of a body that is sent at some time."""
    stamp = f"{at:.0f}"
    return {"X-Timestamp": stamp, "X-Signature": sign(secret.encode(), stamp, body)}


@dataclass(frozen=True)
class Caller:
    """The property company's software."""

    session: ClientSession
    ear: FakeEar
    web: CallbackWeb
    clock: ManualClock

    async def say(self, path: str, said: Any, headers: Mapping[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        """Send something, signed unless other headers are given; returns status and answer."""
        body = said if isinstance(said, bytes) else json.dumps(said, ensure_ascii=False).encode()
        given = signed(body, self.clock.now()) if headers is None else headers
        async with self.session.post(path, data=body, headers=given) as answer:
            return answer.status, await answer.json()


def event(**more: Any) -> dict[str, Any]:
    """An event, with further keys."""
    return {"id": "e-1", "event": "accepted", "at": NOW} | more
