"""Only what is signed, just now, by whoever knows the secret is heard."""

import asyncio
import subprocess
from collections.abc import Mapping

import pytest
from aiohttp import ClientSession

from drivers.tls import client_context, server_context
from gateway.core.clock import ManualClock
from gateway.web.callbacks import CallbackWeb
from gateway.web.door import Limits
from gateway.web.signature import Unsigned, sign, verify
from tests.certificates import Authority
from tests.web.callbacks import COMPLAINTS, EVENTS, NOW, SECRET, Caller, FakeEar, event, signed

BODY = b'{"id": "e-1", "event": "accepted", "at": 1773532865}'


def test_a_fixed_vector_that_openssl_made_too() -> None:
    known = "511beb38e03ba69b60c465f6f0d6b456e1447af3f18439518d2580f8986ab9c8"
    made = sign(b"secret", "1773532865", b"{}")
    told = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", "secret"],  # noqa: S607 - the one on the path
        input=b"1773532865.{}",
        capture_output=True,
        check=True,
    )
    assert told.stdout.decode().split()[-1] == made == known


@pytest.mark.parametrize("offset_s", [-300, -299, 0, 300])
async def test_clocks_may_differ_by_five_minutes(caller: Caller, offset_s: float) -> None:
    assert (await caller.say(EVENTS, BODY, signed(BODY, NOW + offset_s)))[0] == 200


@pytest.mark.parametrize("offset_s", [-301, 301, -86400, 10**9])
async def test_what_was_signed_long_ago_is_not_heard_again(caller: Caller, offset_s: float) -> None:
    status, answer = await caller.say(EVENTS, BODY, signed(BODY, NOW + offset_s))
    assert status == 401
    assert f"{NOW:.0f}" in answer["error"]
    assert caller.ear.heard == []


GOOD = signed(BODY)
WRONG: Mapping[str, Mapping[str, str]] = {
    "nothing": {},
    "no time": {"X-Signature": GOOD["X-Signature"]},
    "no signature": {"X-Timestamp": GOOD["X-Timestamp"]},
    "empty": {"X-Timestamp": "", "X-Signature": ""},
    "another secret": signed(BODY, secret="another"),
    "an empty secret": signed(BODY, secret=""),
    "another body": signed(BODY + b" "),
    "another time": {**GOOD, "X-Timestamp": f"{NOW + 1:.0f}"},
    "cut": {**GOOD, "X-Signature": GOOD["X-Signature"][:-1]},
    "longer": {**GOOD, "X-Signature": GOOD["X-Signature"] + "0"},
    "a prefix": {**GOOD, "X-Signature": "sha256=" + GOOD["X-Signature"]},
    "no letters": {**GOOD, "X-Signature": "令牌"},
    "a fraction": {**GOOD, "X-Timestamp": GOOD["X-Timestamp"] + ".0"},
    "other digits": {**GOOD, "X-Timestamp": "١٧٧٣٥٣٢٨٦٥"},
    "milliseconds": signed(BODY, NOW * 1000),
    "infinity": {**GOOD, "X-Timestamp": "inf"},
}


@pytest.mark.parametrize("path", [EVENTS, COMPLAINTS])
@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG.keys())
async def test_without_the_signature_nothing_changes(caller: Caller, path: str, headers: Mapping[str, str]) -> None:
    status, answer = await caller.say(path, BODY, headers)
    assert status == 401
    assert SECRET not in answer["error"]
    assert caller.ear.heard == []


async def test_a_signature_in_capitals_is_the_same(caller: Caller) -> None:
    headers = {**GOOD, "X-Signature": GOOD["X-Signature"].upper()}
    assert (await caller.say(EVENTS, BODY, headers))[0] == 200


def test_an_empty_secret_lets_nobody_in() -> None:
    with pytest.raises(Unsigned):
        verify(b"", "1773532865", sign(b"", "1773532865", BODY), BODY, NOW)


async def test_browsers_and_compressed_bodies_are_refused(caller: Caller) -> None:
    assert (await caller.say(EVENTS, BODY, {**GOOD, "Origin": "http://evil.example"}))[0] == 403
    assert (await caller.say(EVENTS, BODY, {**GOOD, "Content-Encoding": "gzip"}))[0] in {400, 415}
    assert caller.ear.heard == []


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_other_methods_are_told_so(caller: Caller, method: str) -> None:
    async with caller.session.request(method, EVENTS, headers=GOOD) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/tickets/x", "/v1/tickets//events", "/health", "/v1/complaints/"])
async def test_there_is_nothing_else_and_nobody_is_sent_elsewhere(caller: Caller, path: str) -> None:
    async with caller.session.post(path, data=BODY, headers=GOOD, allow_redirects=False) as answer:
        assert answer.status == 404


async def test_a_flood_of_wrong_signatures_is_told_once(caller: Caller, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(50):
        await caller.say(EVENTS, BODY, signed(BODY, secret="guess"))
    assert len(caplog.records) == 1
    await caller.say(EVENTS, BODY)
    await caller.say(EVENTS, BODY, {})
    assert len(caplog.records) == 2
    assert caller.web.counters() == {"status_401": 51, "taken": 1}


@pytest.fixture
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def test_over_tls(port: int, authority: Authority) -> None:
    ours = authority.sign("gateway", "IP:127.0.0.1")
    ear, tls = FakeEar(), server_context(ours.certificate, ours.key)
    web = CallbackWeb(f"127.0.0.1:{port}", SECRET, ear, ManualClock(NOW), tls, Limits(stop_s=0.3))
    await web.start()
    trusted = client_context(authority.certificate, None, None)
    async with ClientSession(f"https://127.0.0.1:{port}") as session:
        async with session.post(EVENTS, json=event(), ssl=trusted) as answer:
            assert answer.status == 401
        async with session.post(EVENTS, data=BODY, headers=GOOD, ssl=trusted) as answer:
            assert answer.status == 200
    await web.stop()
    assert len(ear.heard) == 1


async def test_handshakes_that_never_end_count_as_connections_and_are_given_up(port: int, authority: Authority) -> None:
    ours = authority.sign("gateway", "IP:127.0.0.1")
    tls, limits = server_context(ours.certificate, ours.key), Limits(8, slowest_request_s=0.3, stop_s=0.3)
    web = CallbackWeb(f"127.0.0.1:{port}", SECRET, FakeEar(), ManualClock(NOW), tls, limits)
    await web.start()
    flood = [await asyncio.open_connection("127.0.0.1", port) for _ in range(100)]
    await asyncio.sleep(0.05)
    assert 0 < web.connections <= 2 * 8
    async with asyncio.timeout(5.0):
        while web.connections:  # noqa: ASYNC110 - the server has no event for it
            await asyncio.sleep(0.02)
    for _, writer in flood:
        writer.close()
    await web.stop()
