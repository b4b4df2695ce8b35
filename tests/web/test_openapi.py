"""The description of what is answered by HTTP: in step with the servers, and nothing it allows or forbids breaks them.

Schemathesis makes the requests; the servers run on a loop of their own in another thread.
"""

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import requests
import schemathesis
import yaml
from aiohttp import web
from hypothesis import HealthCheck, settings
from prometheus_client import CollectorRegistry
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    positive_data_acceptance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.core.clock import ManualClock
from gateway.web.callbacks import CallbackWeb
from gateway.web.server import LocalWeb
from gateway.web.statements import Event, Grievance, Satisfaction
from tests.ports import free_port
from tests.web.callbacks import NOW, SECRET, FakeEar, signed
from tests.web.conftest import TOKEN, Shown

FILE = Path(__file__).parents[2] / "docs" / "reference" / "local-api.openapi.yaml"
DESCRIBED = yaml.safe_load(FILE.read_text("utf-8"))
SCHEMA = schemathesis.openapi.from_dict(DESCRIBED)
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
PAGES, CALLBACKS = SCHEMA.include(tag="pages"), SCHEMA.include(tag="callbacks")
BOUNDED = settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[*HealthCheck])


AnyCase: TypeAlias = Case[Any]


@dataclass(frozen=True)
class Servers:
    """Both, and what they change."""

    pages: str
    callbacks: str
    shown: Shown
    ear: FakeEar
    session: requests.Session

    @property
    def changes(self) -> int:
        """How often anything was asked for that changes something."""
        return len(self.ear.heard) + sum(asked[0] not in {"ticket", "tickets"} for asked in self.shown.asked)


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def run(work: Coroutine[Any, Any, None]) -> None:
        done: Future[None] = asyncio.run_coroutine_threadsafe(work, loop)
        done.result(10.0)

    shown, ear, first, second = Shown(), FakeEar(), free_port(), free_port()
    pages = LocalWeb(f"127.0.0.1:{first}", TOKEN, shown, CollectorRegistry())
    callbacks = CallbackWeb(f"127.0.0.1:{second}", SECRET, ear, ManualClock(NOW))
    run(pages.start())
    run(callbacks.start())
    with requests.Session() as session:
        session.trust_env = False
        yield Servers(f"http://127.0.0.1:{first}", f"http://127.0.0.1:{second}", shown, ear, session)
    run(pages.stop())
    run(callbacks.stop())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def routes(app: web.Application) -> set[tuple[str, str]]:
    """Methods and paths that a server answers."""
    found = {(route.method.lower(), route.resource.canonical) for route in app.router.routes() if route.resource}
    return {(method, path) for method, path in found if method != "head"}


def test_it_names_every_route_and_no_other() -> None:
    pages = LocalWeb("127.0.0.1:1", TOKEN, Shown(), CollectorRegistry()).application()
    callbacks = CallbackWeb("127.0.0.1:1", SECRET, FakeEar(), ManualClock(NOW)).application()
    described = {(method, path) for path, methods in DESCRIBED["paths"].items() for method in methods}
    assert described == routes(pages) | routes(callbacks)


def test_it_names_every_key_of_what_can_be_said() -> None:
    schemas = DESCRIBED["components"]["schemas"]
    for name, model in (("Event", Event), ("Complaint", Grievance)):
        assert list(schemas[name]["properties"]) == list(model.model_fields)
        assert schemas[name]["required"] == [key for key, field in model.model_fields.items() if field.is_required()]
    marks = schemas["Event"]["properties"]["satisfaction"]["properties"]
    assert list(marks) == list(Satisfaction.model_fields)


@PAGES.parametrize()
@BOUNDED
def test_pages_with_the_token(case: AnyCase, servers: Servers) -> None:
    case.headers["Authorization"] = f"Bearer {TOKEN}"
    _check(case, _sent(case, servers.session, servers.pages))


@PAGES.parametrize()
@BOUNDED
def test_pages_without_the_token_change_nothing(case: AnyCase, servers: Servers) -> None:
    before = servers.changes
    case.headers.pop("Authorization", None)
    response = _sent(case, servers.session, servers.pages)
    _check(case, response)
    assert servers.changes == before
    assert case.method == "GET" or response.status_code in {400, 401}


@CALLBACKS.parametrize()
@BOUNDED
def test_callbacks_with_the_signature(case: AnyCase, servers: Servers) -> None:
    response = _sent(case, servers.session, servers.callbacks, sign=True)
    case.validate_response(response, checks=[*CHECKS, positive_data_acceptance])
    assert response.status_code != 401


@CALLBACKS.parametrize()
@BOUNDED
def test_callbacks_without_the_signature_change_nothing(case: AnyCase, servers: Servers) -> None:
    before = servers.changes
    response = _sent(case, servers.session, servers.callbacks)
    _check(case, response)
    assert servers.changes == before
    assert response.status_code >= 400


def _sent(case: AnyCase, session: requests.Session, url: str, *, sign: bool = False) -> requests.Response:
    request = requests.Request(**case.as_transport_kwargs(base_url=url)).prepare()
    if sign:
        body = request.body or b""
        assert isinstance(body, str | bytes)
        request.headers.update(signed(body.encode() if isinstance(body, str) else body))
    return session.send(request, allow_redirects=False, timeout=10.0)


def _check(case: AnyCase, response: requests.Response) -> None:
    case.validate_response(response, checks=CHECKS)
