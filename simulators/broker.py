"""A private MQTT broker for the demo: Mosquitto where installed, else amqtt; loopback only.

Either runs as a child process with a configuration of its own, so that it takes no turn of our event loop and leaves
nothing behind. amqtt carries a demo (some 200 messages a second); it is not for production.
"""

import asyncio
import base64
import hashlib
import json
import os
import secrets
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

Program = Literal["mosquitto", "amqtt"]

_SBIN = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"  # where Mosquitto is, and the path of most users is not
_LOOKS, _LOOK_S = 300, 0.05  # how often, and how far apart, we look whether it listens
_STOP_S = 3.0


class BrokerNotStarted(RuntimeError):
    """The broker ended, or did not open its port in time; the text holds what it said."""


class NoBroker(BrokerNotStarted):
    """Neither Mosquitto nor amqtt is on this machine."""


@asynccontextmanager
async def broker(port: int, username: str, password: str, *, program: Program | None = None) -> AsyncIterator[Program]:
    """Run a broker on 127.0.0.1 while the block lasts; yields which program it is. Raises `BrokerNotStarted`.

    Without a username it lets anybody on this machine in.
    """
    if await _answers(port):
        raise BrokerNotStarted(f"something else listens on 127.0.0.1:{port} already")
    name = program or _installed()
    with TemporaryDirectory(prefix="broker-") as folder:
        write = _write_mosquitto if name == "mosquitto" else _write_amqtt
        command = write(Path(folder), port, username, password)
        said = Path(folder) / "said.txt"
        with said.open("wb") as out:
            process = await asyncio.create_subprocess_exec(*command, stdout=out, stderr=out)
        try:
            if not await _listens(process, port):
                raise BrokerNotStarted(f"{name} does not listen on 127.0.0.1:{port}: {_last_words(said)}")
            yield name
        finally:
            await _end(process)


def _installed() -> Program:
    if _mosquitto():
        return "mosquitto"
    if find_spec("amqtt"):
        return "amqtt"
    raise NoBroker("neither mosquitto nor amqtt is installed")


def _last_words(said: Path) -> str:
    return said.read_text(encoding="utf-8", errors="replace").strip()[-500:] or "it said nothing"


def _mosquitto() -> str | None:
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_SBIN)


def _write_mosquitto(folder: Path, port: int, username: str, password: str) -> list[str]:
    """Write its files; returns the command line."""
    passwords = folder / "passwords"
    if username:
        passwords.write_text(f"{username}:{_mosquitto_hash(password)}\n", encoding="utf-8")
    settings = [
        f"listener {port} 127.0.0.1",
        *(("allow_anonymous false", f"password_file {passwords}") if username else ("allow_anonymous true",)),
        "persistence false",
        "max_packet_size 262144",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
    ]
    if os.geteuid() == 0:
        settings.append("user root")  # it would otherwise turn into a user who cannot read our folder
    file = folder / "mosquitto.conf"
    file.write_text("\n".join(settings) + "\n", encoding="utf-8")
    return [_mosquitto() or "mosquitto", "-c", str(file)]


def _mosquitto_hash(password: str) -> str:
    """Mosquitto's own form, type 7: PBKDF2 with SHA-512, rounds, salt and hash."""
    salt, rounds = secrets.token_bytes(12), 20_000
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, rounds)
    return f"$7${rounds}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _write_amqtt(folder: Path, port: int, username: str, password: str) -> list[str]:
    """Write its files; returns the command line. Left to its defaults amqtt would let anybody in, on all addresses."""
    from pwdlib.hashers.argon2 import Argon2Hasher  # noqa: PLC0415 - comes with amqtt, an optional extra

    door: dict[str, dict[str, object]] = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    if username:
        passwords = folder / "passwords"
        passwords.write_text(f"{username}:{Argon2Hasher().hash(password)}\n", encoding="utf-8")
        door = {"amqtt.plugins.authentication.FileAuthPlugin": {"password_file": str(passwords)}}
    settings = {
        "listeners": {"default": {"type": "tcp", "bind": f"127.0.0.1:{port}", "max_connections": 100}},
        "plugins": door,
    }
    file = folder / "amqtt.yaml"
    file.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
    return [sys.executable, "-W", "ignore", "-m", "amqtt.scripts.broker_script", "-c", str(file)]


async def _listens(process: asyncio.subprocess.Process, port: int) -> bool:
    for _ in range(_LOOKS):
        if process.returncode is not None:
            return False
        if await _answers(port):
            return True
        await asyncio.sleep(_LOOK_S)
    return False


async def _answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
