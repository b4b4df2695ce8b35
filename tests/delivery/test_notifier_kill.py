"""kill -9 between the sending of a mail and its receipt, with real processes: it comes again, as the same mail."""

import asyncio
import os
import sys
from asyncio.subprocess import Process
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from gateway.core.types import Level
from gateway.delivery import notices
from gateway.delivery.store import Store
from tests.delivery.test_channels_email import Mailbox, mail_server
from tests.delivery.told import make_notice, told

ROOT = Path(__file__).parents[2]
CHILD = Path(__file__).with_name("notifier_child.py")


class Executioner(Mailbox):
    """Kills the sender when it has the mail and before it says so, as often as it is told."""

    def __init__(self, kills: int) -> None:
        super().__init__()
        self.kills = kills
        self.victim: Process | None = None

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = await super().handle_DATA(server, session, envelope)
        if self.kills and self.victim is not None:
            self.kills -= 1
            self.victim.kill()
            await self.victim.wait()
        return answer


async def test_a_mail_whose_receipt_was_lost_comes_again_with_the_same_id(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    made = [make_notice(1, Level.RED), make_notice(2), make_notice(3, Level.RED)]
    store = Store(folder)
    store.commit(told(*made))
    store.close()
    box = Executioner(kills=3)
    async with mail_server(box, None, implicit=False, login=False) as port:
        lives = 0
        while lives == 0 or (box.victim is not None and box.victim.returncode):
            lives += 1
            assert lives < 10
            box.victim = await asyncio.create_subprocess_exec(
                sys.executable, CHILD, folder, str(port), env={**os.environ, "PYTHONPATH": str(ROOT)}, cwd=ROOT
            )
            async with asyncio.timeout(30):
                await box.victim.wait()
    assert 2 <= lives <= 4, "a red and a yellow mail of one life may both be answered with a kill"
    store = Store(folder)
    assert store.transaction(notices.counts)["duty"] == {"pending": 0, "parked": 0, "sent": 3}
    store.close()
    assert len(box.mails) >= 3 + 3
    assert len({mail["Message-ID"] for mail in box.mails}) == 3
    assert len({mail.as_bytes() for mail in box.mails}) == 3
