"""What systemd hears of us, on a socket of the kind that it opens; and that nobody hearing us stops nothing."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.core import systemd


@pytest.fixture
def listening(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(path)
        listening.setblocking(False)  # noqa: FBT003 - the socket's own word
        monkeypatch.setenv("NOTIFY_SOCKET", path)
        yield listening


def heard(listening: socket.socket) -> list[bytes]:
    messages = []
    while True:
        try:
            messages.append(listening.recv(4096))
        except BlockingIOError:
            return messages


def test_systemd_hears_what_we_say(listening: socket.socket) -> None:
    systemd.notify("READY=1")
    systemd.notify("STOPPING=1")
    assert heard(listening) == [b"READY=1", b"STOPPING=1"]


def test_systemd_hears_since_when_we_reload(listening: socket.socket) -> None:
    before = time.monotonic_ns() // 1000
    systemd.notify_reloading()
    (said,) = heard(listening)
    state, since = said.decode().split("\n")
    assert state == "RELOADING=1"
    assert before <= int(since.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000


def test_an_abstract_address_begins_with_an_at_sign(monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"gateway-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}")
        systemd.notify("READY=1")
        assert listening.recv(100) == b"READY=1"


@pytest.mark.parametrize("address", ["", "/nonexistent/notify", "relative", "@nobody-listens-here"])
def test_nobody_hears_and_nothing_happens(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", address)
    systemd.notify("READY=1")


def test_a_systemd_that_does_not_read_is_not_waited_for(listening: socket.socket) -> None:
    for _ in range(1000):
        systemd.notify("WATCHDOG=1")
    assert len(heard(listening)) < 1000


@pytest.mark.parametrize(
    ("usec", "pid", "said"),
    [
        ("30000000", str(os.getpid()), [b"WATCHDOG=1"]),
        ("30000000", None, [b"WATCHDOG=1"]),
        ("30000000", "1", []),
        (None, str(os.getpid()), []),
    ],
    ids=["for us", "for whoever is there", "for another process", "without a period"],
)
def test_the_watchdog_is_patted_only_if_it_watches_us(
    usec: str | None, pid: str | None, said: list[bytes], listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("WATCHDOG_USEC", usec), ("WATCHDOG_PID", pid)):
        monkeypatch.delenv(name, raising=False)
        if value is not None:
            monkeypatch.setenv(name, value)
    systemd.pat_watchdog()
    assert heard(listening) == said
