"""What the chat robots have in common: one POST per message, and an answer whose body alone says how it went.

They answer HTTP 200 to nearly everything. Neither the key in an address nor a signature ever leaves this module other
than in the request.
"""

import asyncio
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
from pydantic import SecretStr
from pydantic_core import from_json
from yarl import URL

from gateway.core.casework import Notice
from gateway.core.channel import (
    Allowance,
    ChannelSettings,
    Delivered,
    Outcome,
    Refused,
    Rejected,
    Retry,
    Sender,
    TooOften,
)
from gateway.core.channel_settings import RobotUrl
from gateway.delivery.channels.text import cut, digest, single
from gateway.delivery.rows import canonical

DEADLINE_S = 10.0
LONGEST_ANSWER_BYTES = 64 * 1024
SLOW_PAUSE_S = 30.0
"""The pause after an answer that nobody has described."""

_SHOWN = 200
_AUTH = {401, 403, 404, 410}


class RobotSettings(ChannelSettings):
    """A robot of a chat group. `token` is the part of the address that its page shows as the robot's own."""

    url: RobotUrl
    token: SecretStr


@dataclass(frozen=True, slots=True)
class Codes:
    """What the codes in an answer mean; 0 is success, and one that is not listed is tried again, slowly."""

    code: str
    said: str
    too_often: frozenset[int]
    refused: frozenset[int]
    rejected: frozenset[int]
    rest_s: float
    """How long to be silent after `too_often`."""
    too_often_words: re.Pattern[str] = re.compile(r"too (many|fast)|too frequent|frequency|freq |限流", re.IGNORECASE)
    """What the text says of a limit under whatever code."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider's robot is spoken to."""

    codes: Codes
    allowances: tuple[Allowance, ...]
    text_bytes: Callable[[Any], int]
    """(settings) -> the longest text."""
    request: Callable[[Any, str, float], tuple[str, Mapping[str, Any]]]
    """(settings, text, seconds since 1970) -> address with everything secret in it, and the JSON body."""


class Robot:
    """One robot. Every message has a connection of its own."""

    digests = True

    def __init__(
        self, dialect: Dialect, settings: RobotSettings, sender: Sender, deadline_s: float = DEADLINE_S
    ) -> None:
        self.allowances: Sequence[Allowance] = dialect.allowances
        self._dialect = dialect
        self._settings = settings
        self._sender = sender
        self._deadline_s = deadline_s

    async def send(self, notices: Sequence[Notice]) -> Outcome:
        """See Channel.send."""
        limit = self._dialect.text_bytes(self._settings)
        text, count = single(notices[0], limit), 1
        if len(notices) > 1:
            text, count = digest(notices, limit, self._sender.language)
        address, body = self._dialect.request(self._settings, text, self._sender.clock.now())
        try:
            status, answer = await self._post(address, canonical(body))
        except TimeoutError:
            return Retry(f"no answer within {self._deadline_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return Retry(self._wiped(_words(error)))
        return judge(status, answer, self._dialect.codes, count, self._wiped)

    async def _post(self, address: str, body: bytes) -> tuple[int, str]:
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "identity"}
        timeout = aiohttp.ClientTimeout(total=self._deadline_s)
        async with (
            asyncio.timeout(self._deadline_s),
            aiohttp.ClientSession(
                timeout=timeout, auto_decompress=False, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
            ) as session,
            session.post(URL(address, encoded=True), data=body, headers=headers, allow_redirects=False) as response,
        ):
            return response.status, (await _read(response)).decode("utf-8", "replace")

    def _wiped(self, text: str) -> str:
        """A text from outside without our secrets, should it repeat them."""
        for value in dict(self._settings).values():
            if isinstance(value, SecretStr) and (secret := value.get_secret_value()):
                text = text.replace(secret, "***")
        return text


def judge(status: int, body: str, codes: Codes, count: int, wiped: Callable[[str], str]) -> Outcome:
    """What an answer means: the code in its body decides, whatever the HTTP status is. Its words are `wiped`."""
    answer = _object(body)
    code, said = _whole(answer.get(codes.code)), _shown(wiped(str(answer.get(codes.said, ""))))
    if code is None:
        return _without_code(status, wiped(body))
    reason = f"{codes.code} {code} {said}"
    if code == 0:
        return Delivered(reason.rstrip(), count) if status == 200 else Retry(f"HTTP {status}, {reason}", SLOW_PAUSE_S)
    if code in codes.too_often or (code not in codes.refused and codes.too_often_words.search(said)):
        return TooOften(reason, codes.rest_s)
    if code in codes.refused:
        return Refused(reason)
    return Rejected(reason) if code in codes.rejected else Retry(reason, SLOW_PAUSE_S)


def _without_code(status: int, body: str) -> Outcome:
    reason = f"HTTP {status}: {_shown(body)}"
    if status == 429:
        return TooOften(reason, 60.0)
    if status in _AUTH or status // 100 == 3:
        return Refused(reason)
    return Retry(reason, SLOW_PAUSE_S if status < 500 else 0.0)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The body; one that is too long is no answer."""
    text = bytearray()
    async for chunk in response.content.iter_any():
        text += chunk
        if len(text) > LONGEST_ANSWER_BYTES:
            response.close()
            raise ValueError("the answer is too long")
    return bytes(text)


def _words(error: Exception) -> str:
    """What went wrong with the line. Texts of errors may hold the whole address, so only known ones are shown."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "unknown")
        return f"the certificate of {error.host} is not accepted: {why}"
    if isinstance(error, aiohttp.ClientConnectorError):
        number = error.os_error.errno or 0
        why = os.strerror(number).lower() if number > 0 else "there is no such name"
        return f"cannot connect to {error.host}:{error.port}: {why}"
    return str(error) if type(error) is ValueError else type(error).__name__


def _object(body: str) -> Mapping[str, Any]:
    try:
        value = from_json(body, allow_inf_nan=False)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _whole(value: object) -> int | None:
    """A code. DingTalk's own manual shows it as text too."""
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,9}", value):
        return int(value)
    return value if type(value) is int else None


def _shown(text: str) -> str:
    """The start of a foreign text on one line."""
    return cut("".join(char if char.isprintable() else " " for char in text), _SHOWN)
