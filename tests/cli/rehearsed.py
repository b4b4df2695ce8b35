"""Commands at work in a folder, as real processes, and what a daemon among them says of its devices."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gateway.cli.local import Pages

ROOT = Path(__file__).parents[2]
PROGRAM = (sys.executable, "-m", "gateway.cli.main")


def without_secrets() -> dict[str, str]:
    """The environment of a user who has none of the site's secrets."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_SECRET_")}
    return kept | {"PYTHONPATH": str(ROOT)}


@contextmanager
def running(arguments: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A command at work in a folder; it ends when it is told to."""
    with subprocess.Popen(
        [*PROGRAM, *arguments],
        cwd=folder,
        env=without_secrets(),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        try:
            yield child
        finally:
            child.send_signal(signal.SIGTERM)
            _, said = child.communicate(timeout=30)
    assert child.returncode == 0, said


def health(pages: Pages, child: subprocess.Popen[str]) -> dict[str, tuple[str, str]]:
    """What the daemon says of its devices when all of them are good, or after a minute."""
    states: dict[str, tuple[str, str]] = {}
    for _ in range(600):
        assert child.poll() is None, child.communicate()[1]
        devices = (pages.get("/api/status") or {"devices": {}})["devices"]
        states = {name: (device["state"], device["reason"]) for name, device in devices.items()}
        if {state for state, _ in states.values()} == {"good"}:
            break
        time.sleep(0.1)
    return states
