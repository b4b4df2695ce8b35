"""TLS with a real Mosquitto: whose certificate is accepted, on either side, and what an operator reads if it is not."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.certificates import Authority, locked
from tests.conftest import Mosquitto
from tests.drivers.mqtt_rig import publish, running, says

pytestmark = pytest.mark.real


def openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)  # noqa: S607


def sign(name: str, common_name: str, cwd: Path, ca: str = "ca") -> None:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", *curve, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={common_name}", cwd=cwd)
    signing = ("-CA", f"{ca}.pem", "-CAkey", f"{ca}.key", "-CAcreateserial", "-extfile", "names")
    openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.pem", *signing, cwd=cwd)


@pytest.fixture
def certificates(tmp_path: Path) -> Path:
    """The site's authority with certificates for 127.0.0.1 and for the gateway, and an authority that nobody trusts."""
    (tmp_path / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    for ca in ("ca", "stranger"):
        openssl("req", "-x509", *curve, "-keyout", f"{ca}.key", "-out", f"{ca}.pem", "-subj", f"/CN={ca}", cwd=tmp_path)
    sign("broker", "broker", tmp_path)
    sign("gateway", "gateway", tmp_path)
    sign("intruder", "gateway", tmp_path, ca="stranger")
    return tmp_path


async def test_tls_is_checked_against_the_sites_own_authority(mosquitto: Mosquitto, certificates: Path) -> None:
    mosquitto.stop()
    mosquitto.start(f"certfile {certificates}/broker.pem", f"keyfile {certificates}/broker.key")
    who = {"username": mosquitto.username, "password": mosquitto.password}
    async with running(url=f"mqtts://127.0.0.1:{mosquitto.port}", ca=certificates / "ca.pem", **who) as rig:
        await rig.until(lambda: rig.counts("connections") == 1)
        burst = [says(i % 5) for i in range(200)]
        await asyncio.to_thread(publish, mosquitto, *burst, folder=certificates)
        await rig.until(lambda: rig.speeds == [i % 5 for i in range(200)])
    async with running(url=f"mqtts://127.0.0.1:{mosquitto.port}", **who) as rig:
        await rig.until(lambda: "certificate is not accepted: unable to get local issuer" in rig.health().reason)
    async with running(url=f"mqtts://127.0.0.1:{mosquitto.port}", ca=certificates / "stranger.pem", **who) as rig:
        await rig.until(lambda: "the broker's certificate is not accepted" in rig.health().reason)
    async with running(url=f"mqtts://localhost:{mosquitto.port}", ca=certificates / "ca.pem", **who) as rig:
        await rig.until(lambda: "certificate is not accepted: hostname mismatch" in rig.health().reason.lower())
    async with running(url=mosquitto.url, **who) as rig:
        await rig.until(lambda: rig.health().state == "offline" and rig.health().reason != "not connected yet")


@pytest.mark.parametrize("version", ["v3.1.1", "v5"])
async def test_a_client_certificate_is_name_and_password(
    mosquitto: Mosquitto, certificates: Path, version: str
) -> None:
    mosquitto.stop()
    mosquitto.start(
        f"cafile {certificates}/ca.pem",
        f"certfile {certificates}/broker.pem",
        f"keyfile {certificates}/broker.key",
        "require_certificate true",
        "use_identity_as_username true",
    )
    wire = {"url": f"mqtts://127.0.0.1:{mosquitto.port}", "ca": certificates / "ca.pem", "version": version}
    ours = {"certificate": certificates / "gateway.pem", "key": certificates / "gateway.key"}
    theirs = {"certificate": certificates / "intruder.pem", "key": certificates / "intruder.key"}
    async with running(**wire, **ours) as rig:
        await rig.until(lambda: rig.counts("connections") == 1)
        await asyncio.to_thread(publish, mosquitto, says(1), folder=certificates)
        await rig.until(lambda: rig.speeds == [1])
    for without in ({}, theirs):
        async with running(**wire, **without) as rig:
            await rig.until(lambda: "the broker refuses the TLS connection: " in rig.health().reason, within_s=20)
            assert rig.health().state == "offline"


async def test_files_that_are_of_no_use_are_told_and_nobody_is_asked_for_a_password(tmp_path: Path) -> None:
    ours = Authority(tmp_path).sign("gateway")
    (tmp_path / "text.pem").write_text("no certificate")
    good = {"ca": tmp_path / "ca.pem", "certificate": ours.certificate, "key": ours.key}
    for wrong, reason in (
        ({"key": locked(ours.key)}, "certificate or key cannot be used: the key has a password; store it without one"),
        ({"ca": tmp_path / "text.pem"}, "ca cannot be used: no certificate or crl found"),
    ):
        async with running(url="mqtts://127.0.0.1:1", **good | wrong) as rig:
            await rig.until(lambda: rig.health().reason != "not connected yet")
            assert (rig.health().state, rig.health().reason) == ("offline", reason)
