"""How long somebody may take to answer, in time that this process spent listening; knows no wire.

A plain timer that is overdue looks the same whether the other side is silent or this process stood still and the answer
lies unread. With hundreds of connections the second would look like the loss of all of them at once.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager

_PARTS = 4
_LAST_LOOK_S = 0.001  # a timer of this length lets the event loop look at its sockets once more


class Patience:
    """Calls `out` when it has waited for `seconds` since `begin`, unless `end` comes first. Can be begun again.

    It waits in parts, and a part begins when the one before is seen to be over. So a standstill of this process costs
    the other side one part, however long it was; and what arrived meanwhile is read before `out` is called.
    """

    __slots__ = ("_out", "_parts_s", "_rest_s", "_timer")

    def __init__(self, seconds: float, out: Callable[[], object]) -> None:
        self._parts_s = (seconds / _PARTS,) * _PARTS + (_LAST_LOOK_S,)
        self._out = out
        self._rest_s: Iterator[float] = iter(())
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Start to wait."""
        self._rest_s = iter(self._parts_s)
        self._go_on()

    def end(self) -> None:
        """Stop waiting."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        part_s = next(self._rest_s, None)
        if part_s is None:
            self._timer = None
            self._out()
        else:
            self._timer = asyncio.get_running_loop().call_later(part_s, self._go_on)


@asynccontextmanager
async def at_most(seconds: float) -> AsyncGenerator[None]:
    """Raise TimeoutError out of the block when patience with it has run out."""
    async with asyncio.timeout(None) as limit:
        patience = Patience(seconds, lambda: limit.reschedule(0.0))
        patience.begin()
        try:
            yield
        finally:
            patience.end()
