"""One attempt to deliver a message: probe, find, create; never a second work order, whatever the receiver answers.

A message that was never sent, or surely never arrived, is simply sent. One that may have arrived is looked for first:

- found: delivered;
- absent, and the session is good: sent again;
- absent although the receiver had told a number: stops, and a person looks; it is never made again;
- the answer proves nothing: sent again only while the receiver surely remembers its key.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

from gateway.delivery.answers import SLOW_PAUSE_S
from gateway.delivery.receiver import Outcome, Reason, Receiver, Result
from gateway.delivery.records import Outgoing

log = logging.getLogger(__name__)


async def run(receiver: Receiver, outgoing: Outgoing, now: float, trying: Callable[[], Awaitable[None]]) -> Result:
    """Make the attempt; `trying` is awaited right before something goes out that may arrive."""
    if outgoing.tried_at is not None:
        looked = await _look_up(receiver, outgoing, now)
        if looked.delivered:
            return await _moved(receiver, outgoing, looked)
        if looked.outcome is not Outcome.ABSENT:
            return looked
    await trying()
    if outgoing.message.event == "created":
        return await receiver.create(outgoing.message)
    told = await receiver.comment(outgoing.message, outgoing.work_order)
    return await _moved(receiver, outgoing, told) if told.delivered else told


async def _look_up(receiver: Receiver, outgoing: Outgoing, now: float) -> Result:
    """EXISTS, ABSENT if it may be sent, else why not."""
    session = await receiver.probe()
    if session.outcome is not Outcome.OK:
        return session
    found = await receiver.find(outgoing.message)
    if found.detail and found.outcome is Outcome.EXISTS:
        log.warning("message=%s found more than once: %s", outgoing.message.key, found.detail)
    if found.outcome is Outcome.UNKNOWN:
        return _unproven(receiver, outgoing, now, found)
    if found.outcome is Outcome.ABSENT and outgoing.message.event == "created" and outgoing.work_order:
        detail = f"the receiver said it made {outgoing.work_order}, but does not find it by our id"
        return Result(Outcome.PERMANENT, Reason.MADE_BUT_ABSENT, id=outgoing.work_order, detail=detail)
    return found


def _unproven(receiver: Receiver, outgoing: Outgoing, now: float, found: Result) -> Result:
    tried_at = now if outgoing.tried_at is None else outgoing.tried_at
    if 0.0 <= now - tried_at < receiver.remembers_s:
        return Result(Outcome.ABSENT, Reason.UNPROVEN)
    return Result(Outcome.RETRY, Reason.UNPROVEN, detail=found.detail, at_least_s=SLOW_PAUSE_S)


async def _moved(receiver: Receiver, outgoing: Outgoing, told: Result) -> Result:
    """The receiver has the message; see that the state follows, where it does not by itself."""
    if outgoing.message.event == "created":
        return told
    moved = await receiver.set_state(outgoing.message, outgoing.work_order)
    if moved.delivered:
        return told
    # Whatever became of the state, the message has arrived: it must be found, not told again.
    return moved if moved.outcome is Outcome.PERMANENT else replace(moved, outcome=Outcome.UNKNOWN)
