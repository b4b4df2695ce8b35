"""A gateway reduced to its notifier, for the kill test: one mail channel, and whatever waits in the state folder.

`python notifier_child.py FOLDER PORT` sends until nothing is pending.
"""

import asyncio
import sys
from pathlib import Path

from gateway.core.channel import Sender
from gateway.core.clock import SystemClock
from gateway.delivery import notices
from gateway.delivery.channels.email import EmailChannel, EmailSettings
from gateway.delivery.notifier import Notifier
from gateway.delivery.store import Store
from gateway.delivery.writer import Writer


async def main(folder: str, port: str) -> None:
    writer, clock = Writer(Store(Path(folder))), SystemClock()
    written = {"channel": "email", "host": "127.0.0.1", "port": int(port), "tls": "none", "from": "gw@lakeside.example"}
    settings = EmailSettings.model_validate({**written, "to": ("duty@lakeside.example",)})
    notifier = Notifier(writer, {"duty": EmailChannel(settings, Sender("lakeside", "zh", "duty", clock))}, clock)
    sending = asyncio.create_task(notifier.run())
    while (await writer.transaction(notices.counts))["duty"]["pending"]:  # noqa: ASYNC110 - the store has no event for it
        await asyncio.sleep(0.02)
    sending.cancel()
    await writer.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
