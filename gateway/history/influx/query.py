"""Asks an InfluxDB one question in InfluxQL, at `/query`: what every version from 1 to 3 understands.

One connection for each question, no redirects, a limit on time and size. What goes wrong is one sentence.
"""

import json
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr

from gateway.history.past import NoPast

CONNECT_S = 5.0
SILENCE_S = 30.0
DEADLINE_S = 120.0
MOST_BYTES = 16 * 2**20
_PIECE = 1 << 16
_MOST_REASON = 200
_NO_ENTRY = {401, 403}
_OK = 200


_NONE = SecretStr("")


@dataclass(frozen=True, slots=True)
class InfluxSource:
    """Where a database is, and how to log in: `login` is "user:password", a token, or empty."""

    url: str
    database: str
    retention_policy: str = ""
    login: SecretStr = _NONE
    site: str = ""
    """Only readings with this tag `site`; empty: all."""


@dataclass(frozen=True, slots=True)
class Series:
    """One series of an answer: rows of cells, as JSON has them; times are milliseconds."""

    tags: Mapping[str, str]
    columns: tuple[str, ...]
    rows: list[list[Any]]


class TooMuch(NoPast):
    """The answer is larger than what can be taken at once; ask for less."""

    def __init__(self, url: str) -> None:
        super().__init__("influx_too_much", "{url} has more in one tick than can be taken at once", url=url)


class Wire:
    """The way to one database."""

    def __init__(self, source: InfluxSource, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._monotonic = monotonic

    def ask(self, question: str) -> list[Series]:
        """The answer to one question. Raises NoPast, TooMuch."""
        try:
            status, body = self._post(question)
        except ConnectionRefusedError as error:
            raise self._failed("influx_refused", "nothing answers at {url}") from error
        except (ConnectionError, IncompleteRead) as error:
            raise self._cut_off() from error
        except HTTPException as error:
            raise self._no_influxdb(0) from error
        except TimeoutError as error:
            raise self._failed("influx_slow", "{url} did not answer in time") from error
        except OSError as error:
            raise self._failed("influx_unreachable", "{url} cannot be reached: {reason}", reason=error) from error
        return [*self._understood(status, body)]

    def _post(self, question: str) -> tuple[int, bytes]:
        deadline = self._monotonic() + DEADLINE_S
        source = self._source
        query = {"db": source.database, "epoch": "ms"}
        if source.retention_policy:
            query["rp"] = source.retention_policy
        where = urlsplit(source.url)
        connection = _connection(where.scheme, where.hostname or "", where.port)
        try:
            connection.connect()
            connection.sock.settimeout(SILENCE_S)
            headers = {
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                **self._login(),
            }
            connection.request("POST", f"{where.path}/query?{urlencode(query)}", urlencode({"q": question}), headers)
            answer = connection.getresponse()
            return answer.status, b"".join(self._pieces(answer, deadline))
        finally:
            connection.close()

    def _pieces(self, answer: HTTPResponse, deadline: float) -> Iterator[bytes]:
        size, promised = 0, answer.length
        while piece := answer.read1(_PIECE):
            size += len(piece)
            if size > MOST_BYTES:
                raise TooMuch(self._source.url)
            if self._monotonic() > deadline:
                raise TimeoutError
            yield piece
        if promised is not None and size < promised:
            raise IncompleteRead(b"", promised - size)

    def _understood(self, status: int, body: bytes) -> Iterator[Series]:
        if status in _NO_ENTRY:
            raise self._failed("influx_login", "{url} does not accept the login ({status})", status=status)
        try:
            answer = json.loads(body)
            if (said := _complaint(answer)) or status != _OK:
                raise self._said(said or str(status))
            for series in (series for result in answer["results"] for series in result.get("series", ())):
                if series.get("partial"):
                    raise TooMuch(self._source.url)
                yield Series(series.get("tags", {}), tuple(series["columns"]), series["values"])
        except json.JSONDecodeError as error:
            if status == _OK and body.lstrip()[:1] == b"{":
                raise self._cut_off() from error
            raise self._no_influxdb(status) from error
        except (KeyError, TypeError, AttributeError, ValueError, RecursionError) as error:
            raise self._no_influxdb(status) from error

    def _login(self) -> dict[str, str]:
        login = self._source.login.get_secret_value()
        if not login:
            return {}
        if ":" in login:
            return {"Authorization": f"Basic {b64encode(login.encode()).decode()}"}
        return {"Authorization": f"Token {login}"}

    def _said(self, text: str) -> NoPast:
        if "database not found" in text or "retention policy not found" in text:
            english = "{url} has no database {database}: {reason}"
            return self._failed(
                "influx_no_database", english, database=self._source.database, reason=self._hidden(text)
            )
        return self._failed("influx_said", "{url} refused the question: {reason}", reason=self._hidden(text))

    def _hidden(self, text: str) -> str:
        login = self._source.login.get_secret_value()
        return " ".join((text.replace(login, "***") if login else text).split())[:_MOST_REASON]

    def _cut_off(self) -> NoPast:
        return self._failed("influx_cut_off", "the answer of {url} broke off in the middle")

    def _no_influxdb(self, status: int) -> NoPast:
        return self._failed(
            "influx_no_influxql", "what answers at {url} is no InfluxDB that speaks InfluxQL ({status})", status=status
        )

    def _failed(self, kind: str, english: str, **words: Any) -> NoPast:
        return NoPast(kind, english, url=self._source.url, **words)


def _connection(scheme: str, host: str, port: int | None) -> HTTPConnection:
    if scheme == "https":
        return HTTPSConnection(host, port, timeout=CONNECT_S, context=ssl.create_default_context())
    return HTTPConnection(host, port, timeout=CONNECT_S)


def _complaint(answer: Mapping[str, Any]) -> str:
    """What the server has to say against the question; version 1 says it with each result, version 2 as a message."""
    said = [answer.get("error"), answer.get("message"), *(result.get("error") for result in answer.get("results", ()))]
    return "; ".join(str(text) for text in said if text)
