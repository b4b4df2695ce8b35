"""Runs a piece of a test under each of the two event loops that the product may use."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import uvloop

LOOPS = [asyncio.new_event_loop, uvloop.new_event_loop]
_AT_MOST_S = 50.0
"""Sooner than the limit of a test: its signal ends in a callback of uvloop that only logs it, and the test goes on."""


def on(loop: Callable[[], asyncio.AbstractEventLoop], what: Coroutine[Any, Any, None]) -> None:
    """Run it to its end. Raises TimeoutError if it takes too long."""
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(asyncio.wait_for(what, _AT_MOST_S))
