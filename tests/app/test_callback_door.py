"""The callbacks' address is kept open, whatever is wrong with it for a while, and stops nothing else."""

import asyncio
import logging
import socket
from pathlib import Path

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr

from drivers.tls import UselessFiles, client_context, server_context
from gateway.app import callback_door
from gateway.app.callback_door import CallbackDoor
from gateway.core.callback_settings import Callbacks
from gateway.core.clock import ManualClock
from tests.certificates import Authority
from tests.web.callbacks import EVENTS, NOW, SECRET, FakeEar, signed

BODY = b'{"id": "e-1", "event": "accepted", "at": 1773532865}'


def settings(port: int, secret: str = SECRET, files: tuple[Path, Path] | None = None) -> Callbacks:
    certificate, key = files or (None, None)
    return Callbacks(bind=f"127.0.0.1:{port}", secret=SecretStr(secret), certificate=certificate, key=key)


@pytest.fixture
def taken() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callback_door, "RETRY_S", 0.05)


async def became(door: CallbackDoor, state: str) -> None:
    async with asyncio.timeout(10.0):
        while door.health().state != state:  # noqa: ASYNC110 - a part has no event
            await asyncio.sleep(0.01)


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_without_settings_there_is_no_address() -> None:
    door = CallbackDoor(None, ManualClock(NOW))
    await door.run(FakeEar())
    assert (door.health().state, door.counters()) == ("ok", {})


async def test_an_address_that_is_taken_is_tried_again_and_told_once(
    taken: socket.socket, caplog: pytest.LogCaptureFixture
) -> None:
    port = taken.getsockname()[1]
    door, ear = CallbackDoor(settings(port), ManualClock(NOW)), FakeEar()
    caplog.set_level(logging.INFO, "gateway.app.callback_door")
    task = asyncio.create_task(door.run(ear))
    await became(door, "degraded")
    assert "cannot be opened" in door.health().reason
    await asyncio.sleep(0.2)
    taken.close()
    await became(door, "ok")
    async with ClientSession() as session:
        url = f"http://127.0.0.1:{port}{EVENTS}"
        async with session.post(url, data=BODY, headers=signed(BODY)) as answer:
            assert answer.status == 200
    assert door.counters() == {"taken": 1}
    await stopped(task)
    told = [record.message for record in caplog.records if "connection" not in record.message]
    assert [("trying again" in each, "there now" in each) for each in told] == [(True, False), (False, True)]


async def test_a_certificate_that_is_no_good_is_told_and_one_that_is_renewed_is_taken(tmp_path: Path) -> None:
    ours = Authority(tmp_path).sign("gateway", "IP:127.0.0.1")
    good = ours.certificate.read_bytes()
    ours.certificate.write_text("no certificate")
    with pytest.raises(UselessFiles, match="certificate or key cannot be used"):
        server_context(ours.certificate, ours.key)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    door = CallbackDoor(settings(port, files=(ours.certificate, ours.key)), ManualClock(NOW))
    task = asyncio.create_task(door.run(FakeEar()))
    await became(door, "degraded")
    assert "certificate or key cannot be used" in door.health().reason
    ours.certificate.write_bytes(good)
    await became(door, "ok")
    trusted = client_context(Authority(tmp_path).certificate, None, None)
    async with ClientSession() as session:
        url = f"https://127.0.0.1:{port}{EVENTS}"
        async with session.post(url, data=BODY, headers=signed(BODY), ssl=trusted) as answer:
            assert answer.status == 200
    await stopped(task)


async def test_an_empty_secret_opens_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    door = CallbackDoor(settings(port, secret=""), ManualClock(NOW))
    task = asyncio.create_task(door.run(FakeEar()))
    await became(door, "degraded")
    assert door.health().reason == f"127.0.0.1:{port} cannot be opened: the secret is empty"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    await stopped(task)
