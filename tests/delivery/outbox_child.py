"""A gateway reduced to its outbox, for the kill test: commits tickets, prints their numbers, sends what is due.

`python outbox_child.py FOLDER URL FIRST_NUMBER`; with `drain` as the first number nothing new is committed, and it
ends when nothing is pending.
"""

import asyncio
import sys
from pathlib import Path

from gateway.core.clock import SystemClock
from gateway.core.types import Level
from gateway.delivery.dispatch import Dispatch, Pace
from gateway.delivery.mapping import SiteFacts
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from gateway.delivery.transport import HttpTransport
from gateway.delivery.writer import Writer
from tests.delivery.made import make_message, make_ticket


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


async def produce(writer: Writer, dispatch: Dispatch, number: int) -> None:
    while True:
        ticket = make_ticket(number, Level.RED if number % 5 == 0 else Level.YELLOW)
        messages = (make_message(ticket), make_message(ticket, 1, "occurred_again"))
        await writer.commit(Changes((ticket,), messages, saved_at=float(number)))
        say(str(number))
        dispatch.wake()
        number += 1
        await asyncio.sleep(0.01)


async def drain(writer: Writer) -> None:
    while (await writer.counts())["pending"]:  # noqa: ASYNC110 - the store has no event for it
        await asyncio.sleep(0.05)


async def main(folder: str, url: str, first: str) -> None:
    store = Store(Path(folder))
    damaged = store.load().damaged
    assert not damaged, damaged
    writer = Writer(store)
    say("ready")
    async with HttpTransport(url, deadline_s=0.5) as transport:
        pace = Pace(first_pause_s=0.02, longest_pause_s=0.2)
        dispatch = Dispatch(writer, transport, SiteFacts("gw", "Lakeside"), SystemClock(), pace)
        sending = asyncio.create_task(dispatch.run())
        await (drain(writer) if first == "drain" else produce(writer, dispatch, int(first)))
        sending.cancel()
    await writer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
