"""The page about callbacks: its section is right, its commands are heard, and its tables name what there is."""

import asyncio
import re
import shutil
import socket
from pathlib import Path

import yaml

from gateway.core.callback_settings import Callbacks
from gateway.core.casework import Callback, Complaint, Happening
from gateway.core.clock import SystemClock
from gateway.core.hearing import Heard, Reply
from gateway.web.callbacks import CallbackWeb
from gateway.web.statements import Event
from tests.docs.pages import ROOT, fences
from tests.needs import absent

PAGE = ROOT / "docs/reference/callbacks.md"
SECRET = "a-secret-of-the-tests"
TICKET = "lakeside:P-1:low:20260315T000105.250Z"


class Listening:
    """An ear that remembers."""

    def __init__(self) -> None:
        self.heard: list[Callback] = []

    async def hear(self, callback: Callback) -> Reply:
        self.heard.append(callback)
        return Reply(Heard.TAKEN)

    async def complain(self, complaint: Complaint) -> Reply:
        raise AssertionError


async def test_the_commands_are_heard() -> None:
    if shutil.which("curl") is None:
        absent("this machine has no curl")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    ear = Listening()
    web = CallbackWeb(f"127.0.0.1:{port}", SECRET, ear, SystemClock())
    await web.start()
    (fence,) = fences("callback")
    url = f"http://127.0.0.1:{port}"
    told = await asyncio.create_subprocess_exec(
        "bash", "-euc", fence.text,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "URL": url, "TICKET": TICKET, "SECRET": SECRET},
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    answer, _ = await told.communicate()
    await web.stop()
    assert answer == b'{"heard": true}'
    (callback,) = ear.heard
    assert (callback.id, callback.ticket, callback.event, callback.by) == ("e-1001", TICKET, Happening.ACCEPTED, "李工")


def test_the_section_is_right(tmp_path: Path) -> None:
    (fence,) = fences("callbacks")
    for name in ("chain.pem", "key.pem"):
        (tmp_path / name).touch()
    text = fence.text.replace("/etc/gateway/tls", str(tmp_path)).replace("!secret callbacks", SECRET)
    settings = Callbacks.model_validate(yaml.safe_load(text)["callbacks"])
    assert settings.certificate == tmp_path / "chain.pem"


def test_the_tables_name_every_key_and_every_event() -> None:
    text = PAGE.read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) == [*Event.model_fields]
    (events,) = re.findall(r"^\| `event` .*$", text, re.MULTILINE)
    assert re.findall(r"`(\w+)`", events)[1:] == [*Happening]
