"""The walk from an unknown device to its readings, word by word: the page's commands on a simulated device.

Figures differ from run to run, so they are masked; `…` on a line of its own stands for lines that the page leaves out.
"""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Fence, blocks
from tests.ports import free_port

PAGE = ROOT / "docs/how-to/add-a-device.md"
WALK = {"terminal", "run", "shows"}
TRIES = 100


class Walk:
    """A folder in which a reader types what the page says; its ports are free ones."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self._folder, self._stack = folder, stack
        self._ports = {"1502": str(free_port()), "8787": str(free_port())}
        program = folder / "gateway"
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m gateway.cli.main "$@"\n')
        program.chmod(0o700)
        path = {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "COLUMNS": "120"}
        self._environment = os.environ | path

    def here(self, text: str) -> str:
        """A text of the page with the ports of this walk."""
        for port, ours in self._ports.items():
            text = text.replace(port, ours)
        return text

    def save(self, name: str, text: str) -> None:
        """Write a file of the page."""
        file = self._folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.here(text), "utf-8")

    def run(self, command: str) -> str:
        """What a command prints; it must not fail."""
        done = subprocess.run(  # noqa: S602 - the page's own commands, as a reader types them
            self.here(command),
            shell=True,
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout if done.returncode == 0 else f"{done.stdout}{done.stderr}"

    def start(self, command: str) -> None:
        """Have a command run in a terminal of its own until the walk is over."""
        child = subprocess.Popen(
            self.here(command).split(),
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._stack.callback(child.wait, 30)
        self._stack.callback(child.send_signal, signal.SIGTERM)


def masked(text: str) -> str:
    """A text without its figures: registers, numbers, bars, and how far columns are apart."""
    text = re.sub(r"\b[0-9A-F]{4}\b(?! *bytes)", "#", text)
    text = re.sub(r"[█░▏▎▍▌▋▊▉]+ *>?\d+%", "#", text)
    text = re.sub(r"[<>]?[-+]?\d+(\.\d+)?(e[-+]?\d+)?%?", "#", text)
    return "\n".join(re.sub(" +", " ", line).rstrip() for line in text.strip().splitlines())


def shows(page: str, printed: str) -> bool:
    """Whether the page shows what was printed, part by part, in order."""
    at, printed = 0, masked(printed)
    for part in re.split(r"^…$", page, flags=re.MULTILINE):
        found = printed.find(masked(part), at)
        if found < 0:
            return False
        at = found + len(masked(part))
    return True


def files() -> dict[str, Fence]:
    """The files of the walk, by where they are saved: the first configuration and the first profile of the page."""
    found = {title: next(block for block in blocks(PAGE) if block.title == title) for title in ("config", "profile")}
    return {"site/config.yaml": found["config"], "site/profiles/my-meter.yaml": found["profile"]}


@pytest.mark.timeout(180)
@pytest.mark.real
def test_it_does_what_it_says(tmp_path: Path) -> None:
    steps = [block for block in blocks(PAGE) if block.title in WALK]
    assert [step.title for step in steps].count("shows") == 6
    with ExitStack() as stack:
        walk = Walk(tmp_path, stack)
        for name, fence in files().items():
            assert f"`{name}`" in PAGE.read_text("utf-8")
            walk.save(name, fence.text)
        command = ""
        for step in steps:
            if step.title == "terminal":
                walk.start(step.text)
            elif step.title == "run":
                command = step.text
            else:
                printed = ""
                for _ in range(TRIES):  # a program in another terminal may need a moment
                    printed = walk.run(command)
                    if shows(walk.here(step.text), printed):
                        break
                    time.sleep(0.1)
                else:
                    pytest.fail(f"{command}{printed}")


def test_a_page_that_shows_something_else_is_noticed() -> None:
    assert shows("a  1\n…\nc 2.5", "a 7\nb\nc  3")
    assert not shows("a  1\n…\nd 2.5", "a 7\nb\nc  3")
    assert not shows("2 units", "2 devices")
