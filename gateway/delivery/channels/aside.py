"""A thread for one conversation with a server.

Not asyncio's own threads: there are few of them, all names are resolved in them, and three dead servers would keep the
others, and the dispatch API, waiting.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

_Result = TypeVar("_Result")


async def aside(work: Callable[[], _Result]) -> _Result:
    """What `work` returns, called in a thread of its own that no exit of the program waits for."""
    future: Future[_Result] = Future()
    Thread(target=_run, args=(work, future), name="channel", daemon=True).start()
    return await asyncio.wrap_future(future)


def _run(work: Callable[[], _Result], future: "Future[_Result]") -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 - it is raised where the result is awaited
        future.set_exception(error)
    else:
        future.set_result(result)
