"""Carries one request to the dispatch API and one answer back, within a deadline and a size; judging it is answers'.

What the other side says never becomes an address, a redirect is not followed, and nothing is unpacked.
"""

import asyncio
from types import TracebackType
from typing import Protocol, Self

import aiohttp
from pydantic import SecretStr
from yarl import URL

from gateway.delivery.answers import LONGEST_ANSWER_BYTES, Answer
from gateway.delivery.mapping import Request
from gateway.delivery.receiver import Reason
from gateway.delivery.rows import canonical

_NOT_CONNECTED = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class NoAnswer(Exception):
    """There is no answer to judge; `reason` says how it ended. UNREACHABLE: the request was never sent."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


class Transport(Protocol):
    """The way to the receiver; tests supply another."""

    async def send(self, request: Request, key: str) -> Answer:
        """Make the request under an idempotency key. Raises NoAnswer."""
        ...

    async def find(self, path: str) -> Answer:
        """GET a list. Raises NoAnswer."""
        ...


class HttpTransport:
    """HTTP to one base address. Use as `async with`; the token leaves this object only as a header."""

    def __init__(self, url: str, token: SecretStr | None = None, deadline_s: float = 10.0) -> None:
        self._base = url.rstrip("/")
        self._token = token
        self._deadline_s = deadline_s

    async def __aenter__(self) -> Self:
        """Open the pool of connections; nothing is sent yet."""
        self._session = aiohttp.ClientSession(
            headers=self._headers(),
            timeout=aiohttp.ClientTimeout(total=self._deadline_s, sock_connect=self._deadline_s / 2),
            auto_decompress=False,
            trust_env=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all connections."""
        await self._session.close()

    async def send(self, request: Request, key: str) -> Answer:
        """See Transport.send."""
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        return await self._exchange(request.method, request.path, canonical(request.json), headers)

    async def find(self, path: str) -> Answer:
        """See Transport.find."""
        return await self._exchange("GET", path, None, {})

    async def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        try:
            async with (
                asyncio.timeout(self._deadline_s),
                self._session.request(
                    method, URL(self._base + path, encoded=True), data=body, headers=headers, allow_redirects=False
                ) as response,
            ):
                text = await _read(response)
                return Answer(response.status, {k.lower(): v for k, v in response.headers.items()}, text)
        except _NOT_CONNECTED as error:
            raise NoAnswer(Reason.UNREACHABLE, f"{type(error).__name__}: {error}") from error
        except TimeoutError as error:
            raise NoAnswer(Reason.TIMED_OUT, f"no answer within {self._deadline_s:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise NoAnswer(Reason.BROKEN_OFF, f"{type(error).__name__}: {error}") from error

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "property-gateway"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token.get_secret_value()}"
        return headers


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body, or its first bytes past the limit: enough to see that it is too long, then the line is cut."""
    text = bytearray()
    async for chunk in response.content.iter_any():
        text += chunk
        if len(text) > LONGEST_ANSWER_BYTES:
            response.close()
            break
    return bytes(text[: LONGEST_ANSWER_BYTES + 1])
