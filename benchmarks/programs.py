"""Starts the programs that a benchmark needs beside its own process, and ends them."""

import json
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_FILES_BESIDE_SOCKETS = 200
_STOP_S = 15.0
PORTS = 16
"""So many ports share the devices; the kernel tells their connections apart by the other end."""


class NotMeasured(Exception):
    """The machine, or a program, did not allow the measurement; the text says what and what to do."""


def allow_sockets(count: int) -> None:
    """Raise the soft limit of open files, for programs started later too. Raises NotMeasured."""
    needed = count + _FILES_BESIDE_SOCKETS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise NotMeasured(f"{count} devices need {needed} open files, the limit is {hard}: use fewer --devices")
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


@contextmanager
def equipment(silent: int = 0) -> Iterator[list[int]]:
    """Devices to poll, in a process of their own; yields their ports. On the last ones, so many, nobody answers."""
    with serving("benchmarks.equipment", str(PORTS), str(silent)) as ports:
        yield ports


@contextmanager
def serving(module: str, *arguments: str) -> Iterator[list[Any]]:
    """Run a program that prints as JSON where it is and serves until its standard input ends. Raises NotMeasured."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise NotMeasured(f"{module} did not start")
        try:
            yield json.loads(line)
        finally:
            process.stdin.close()
            _wait(process)


@contextmanager
def running(command: Sequence[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block lasts, what it says in a file; it is stopped in order, by force if need be."""
    with log.open("wb") as out, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out) as process:
        try:
            yield process
        finally:
            process.terminate()
            _wait(process)


def last_line(command: Sequence[str], timeout_s: float) -> str:
    """Run a program to its end and return the last line that it printed. Raises NotMeasured with its complaint."""
    try:
        done = subprocess.run(command, capture_output=True, check=True, text=True, timeout=timeout_s)
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"{command[2]} did not finish within {timeout_s:.0f} s") from None
    except subprocess.CalledProcessError as error:
        raise NotMeasured(f"{command[2]} failed: {str(error.stderr).strip()[-800:]}") from None
    return done.stdout.strip().splitlines()[-1]


def resident_mib(pid: int) -> float:
    """Memory of a process that is in RAM, in MiB."""
    statm = Path(f"/proc/{pid}/statm")
    if statm.exists():
        return int(statm.read_text().split()[1]) * resource.getpagesize() / 2**20
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, check=True, text=True)  # noqa: S607
    return int(shown.stdout) / 1024


def peak_mib() -> float:
    """The most memory that this process ever had in RAM, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
