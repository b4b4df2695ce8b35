"""The two ways to hand a body of lines to a server: InfluxDB's v2 API through influxdb-client, v1 through urllib3.

Decides what an answer means for the body; what to do about it is the caller's business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlencode

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException

from gateway.core.history_settings import InfluxSettings

CONNECT_S = 2.0
READ_S = 8.0
_ABOUT_THE_BODY = {400, 413, 422}
_MOST_REASON = 200
_MS: Any = WritePrecision.MS  # the client declares its enumeration and gives strings


@dataclass(frozen=True, slots=True)
class Answer:
    """`stored`; `refused`: something is wrong with these lines; `down`: try again later, the lines are not to blame."""

    outcome: Literal["stored", "refused", "down"]
    reason: str = ""


Post = Callable[[bytes], Answer]


def open_wire(settings: InfluxSettings) -> Post:
    """The function that posts one body. It never raises."""
    return _v1(settings) if settings.api == "v1" else _v2(settings)


def _v2(settings: InfluxSettings) -> Post:
    client = InfluxDBClient(
        url=settings.url,
        token=settings.token.get_secret_value(),
        org=settings.org,
        timeout=(int(CONNECT_S * 1000), int(READ_S * 1000)),
    )
    api = client.write_api(write_options=SYNCHRONOUS)

    def post(body: bytes) -> Answer:
        try:
            api.write(bucket=settings.bucket, record=body, write_precision=_MS)
        except ApiException as error:
            return _meaning(error.status or 0, str(error.body or error.reason), settings)
        except (urllib3.exceptions.HTTPError, UnicodeDecodeError) as error:
            return Answer("down", _unreachable(error))
        return Answer("stored")

    return post


def _v1(settings: InfluxSettings) -> Post:
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=CONNECT_S, read=READ_S), retries=False)
    login = settings.token.get_secret_value()
    headers = urllib3.make_headers(basic_auth=login) if login else {}
    address = f"{settings.url}/write?{urlencode({'db': settings.bucket, 'precision': 'ms'})}"

    def post(body: bytes) -> Answer:
        try:
            answer = pool.request("POST", address, body=body, headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return Answer("down", _unreachable(error))
        return _meaning(answer.status, answer.data.decode("utf-8", "replace"), settings)

    return post


def _meaning(status: int, text: str, settings: InfluxSettings) -> Answer:
    if 200 <= status < 300:
        return Answer("stored")
    words = " ".join(text.split())[:_MOST_REASON]
    if token := settings.token.get_secret_value():
        words = words.replace(token, "***")
    hint = "; is this an InfluxDB before 1.8? then set api: v1" if status == 404 and settings.api == "v2" else ""
    return Answer("refused" if status in _ABOUT_THE_BODY else "down", f"server answered {status}: {words}{hint}")


def _unreachable(error: Exception) -> str:
    return f"server not reachable ({type(error).__name__})"
