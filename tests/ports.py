"""Ports of the loopback for programs that must be told theirs, each given out once."""

import itertools
import os
import random
import socket
from collections.abc import Iterator

_FIRST, _SHARE, _WORKERS = 20_000, 750, 16
"""Below the ports that Linux gives to whoever asks for any; every worker of pytest-xdist has a share of its own."""


def _share() -> Iterator[int]:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % _WORKERS
    first = _FIRST + worker * _SHARE
    begin = random.randrange(_SHARE)  # another run on this machine begins elsewhere
    return itertools.cycle(first + (begin + number) % _SHARE for number in range(_SHARE))


_candidates = _share()


def free_port() -> int:
    """A port of the loopback that nobody has, and that nobody else of this run will be given."""
    for port in itertools.islice(_candidates, _SHARE):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port of this worker's share is free")
