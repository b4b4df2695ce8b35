"""Modbus Security: Modbus TCP inside TLS, both sides with a certificate."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from drivers.modbus.settings import ModbusConnection
from gateway.core.clock import SystemClock
from tests.certificates import Authority, Signed, locked
from tests.drivers.modbus_servers import device, driver, fast, profile, until
from tests.listening import listening

PAIR = profile({"address": 0}, {"address": 1})


@asynccontextmanager
async def secured(theirs: Signed, clients: Path) -> AsyncIterator[int]:
    """A device that asks its clients for a certificate of this authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(theirs.certificate, theirs.key)
    context.load_verify_locations(clients)
    context.verify_mode = ssl.CERT_REQUIRED

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            question = await reader.readexactly(12)
            writer.write(question[:4] + b"\0\7" + question[6:8] + b"\4\0\5\0\6")

    async with listening(answer, tls=context) as port:
        yield port


async def test_a_device_behind_tls_is_polled(tmp_path: Path) -> None:
    ca = Authority(tmp_path)
    ours = ca.sign("gateway")
    async with secured(ca.sign("meter", "IP:127.0.0.1"), ca.certificate) as port:
        files = {"ca": str(ca.certificate), "certificate": str(ours.certificate), "key": str(ours.key)}
        line = driver(0, PAIR, device("m"), clock=SystemClock(), url=f"tls://127.0.0.1:{port}", **files, timeout="2s")
        batches = await until(line, lambda got: len(got) >= 2)
    assert batches[-1].values.tolist() == [5, 6]


@pytest.mark.parametrize(
    ("signed_by", "known_as", "reason"),
    [
        ("ca", "IP:10.0.0.9", "its certificate is not accepted: IP address mismatch"),
        ("stranger", "IP:127.0.0.1", "its certificate is not accepted: unable to get local issuer certificate"),
    ],
)
async def test_a_certificate_that_proves_nothing_is_refused(
    tmp_path: Path, signed_by: str, known_as: str, reason: str
) -> None:
    ca = Authority(tmp_path)
    theirs = Authority(tmp_path, signed_by).sign("meter", known_as)
    async with secured(theirs, ca.certificate) as port:
        line = driver(
            0,
            PAIR,
            device("m"),
            clock=fast(20),
            url=f"tls://127.0.0.1:{port}",
            ca=str(ca.certificate),
            timeout="2s",
        )
        await until(line, lambda _: line.health()["m"].state == "offline")
    assert reason in line.health()["m"].reason


async def test_a_key_with_a_password_is_told_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    ours = Authority(tmp_path).sign("gateway")
    files = {"certificate": str(ours.certificate), "key": str(locked(ours.key))}
    line = driver(0, PAIR, device("m"), clock=fast(20), url="tls://127.0.0.1:1", **files)
    await until(line, lambda _: line.health()["m"].state == "offline")
    assert line.health()["m"].reason.endswith("cannot be used: the key has a password; store it without one")


async def test_a_device_that_speaks_no_tls_is_told() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"not a handshake")
        await writer.drain()

    async with listening(answer) as port:
        line = driver(0, PAIR, device("m"), clock=fast(20), url=f"tls://127.0.0.1:{port}", timeout="2s")
        await until(line, lambda _: line.health()["m"].state == "offline")
    assert "TLS does not come about: wrong version number" in line.health()["m"].reason


def test_the_usual_port_is_802() -> None:
    assert ModbusConnection.model_validate({"driver": "modbus", "url": "tls://meter.local"}).port == 802
