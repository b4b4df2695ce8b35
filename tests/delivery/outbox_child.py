"""A gateway reduced to its outbox, for the kill test: commits tickets, prints their numbers, sends what is due.

Reads lines `FOLDER URL FIRST_NUMBER` and begins one life for each, as a fork of itself, since to import all this takes
longer than such a life; prints `born PID`, and `dead STATUS` when it has ended. With `drain` as the first number
nothing new is committed, and the life ends when nothing is pending.
"""

import asyncio
import os
import sys
from pathlib import Path

from gateway.core.clock import SystemClock
from gateway.core.types import Level
from gateway.delivery.dispatch import Dispatch, Pace
from gateway.delivery.lifeboat import Lifeboat
from gateway.delivery.mapping import SiteFacts
from gateway.delivery.own_api import OwnApi
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from gateway.delivery.transport import HttpTransport
from gateway.delivery.writer import Writer
from tests.delivery.made import make_message, make_ticket


def say(text: str) -> None:
    os.write(sys.stdout.fileno(), f"{text}\n".encode())  # one write: a kill leaves no half line


async def produce(writer: Writer, dispatch: Dispatch, number: int) -> None:
    while True:
        ticket = make_ticket(number, Level.RED if number % 5 == 0 else Level.YELLOW)
        messages = (make_message(ticket), make_message(ticket, 1, "occurred_again"))
        await writer.commit(Changes((ticket,), messages, saved_at=float(number)))
        say(str(number))
        dispatch.wake()
        number += 1
        await asyncio.sleep(0.005)


async def drain(writer: Writer) -> None:
    while (await writer.counts())["pending"]:  # noqa: ASYNC110 - the store has no event for it
        await asyncio.sleep(0.05)


async def main(folder: str, url: str, first: str) -> None:
    store = Store(Path(folder))
    damaged = store.load().damaged
    assert not damaged, damaged
    writer = Lifeboat(store)
    async with HttpTransport(url, deadline_s=0.5) as transport:
        pace = Pace(first_pause_s=0.02, longest_pause_s=0.2)
        dispatch = Dispatch(writer, OwnApi(transport, SiteFacts("gw", "Lakeside")), SystemClock(), pace)
        sending = asyncio.create_task(dispatch.run())
        await (drain(writer) if first == "drain" else produce(writer, dispatch, int(first)))
        sending.cancel()
    await writer.close()


def begin_lives() -> None:
    for line in sys.stdin:
        life = os.fork()
        if life == 0:
            asyncio.run(main(*line.split()))
            os._exit(0)
        say(f"born {life}")
        _, status = os.waitpid(life, 0)
        say(f"dead {status}")


if __name__ == "__main__":
    begin_lives()
