"""One open connection to Modbus equipment: what leaves is a question that reads, what comes back is judged."""

import asyncio
from collections import Counter
from typing import cast

from drivers.modbus.question import DOUBTS, Question, Verdict
from drivers.modbus.question_rtu import SerialQuestion

_MOST = 4096  # bytes that nobody can make sense of; an answer has 260 at most


class Line(asyncio.Protocol):
    """Asks one question at a time. `counts` is shared with the driver's counters."""

    def __init__(self, *, serial: bool, counts: Counter[str]) -> None:
        self._serial, self._counts = serial, counts
        self._transport: asyncio.Transport | None = None
        self._question: Question | SerialQuestion | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._received = b""
        self.verdict: Verdict | None = None
        """On what has arrived since the last question left, if anything did."""
        self.doubted = False
        """Whether its bytes are in doubt, so that it must be closed."""

    @property
    def sound(self) -> bool:
        """Whether it is open and can be trusted."""
        return self._transport is not None and not self.doubted

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The connection stands."""
        self._transport = cast("asyncio.Transport", transport)  # a stream has no other; uvloop's is not of its class

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side has closed it, or the port is gone."""
        self._transport = None
        self.give_up()

    def close(self) -> None:
        """Drop the connection."""
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def ask(self, frame: bytes) -> asyncio.Future[bytes]:
        """Send a question. The future gets the answer from its function code on, or nothing if it was given up.

        This is the lowest function that sends: nothing leaves but what reads. Raises ForbiddenFunctionError.
        """
        question = SerialQuestion(frame) if self._serial else Question(frame)
        self._question, self.verdict = question, None
        if self._serial:
            self._received = b""  # else it is the first part of a late answer
        self._answer = asyncio.get_running_loop().create_future()
        if self._transport is None:
            self.give_up()
        else:
            self._transport.write(frame)
        return self._answer

    def give_up(self) -> None:
        """Nobody waits for the answer any more."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(b"")

    def data_received(self, data: bytes) -> None:
        """Judge what has arrived; only an answer ends the waiting, and only a sound line is listened to."""
        if self.doubted:
            return
        received = self._received + data
        waiting = self._answer is not None and not self._answer.done()
        self.verdict = self._judge(received, waiting=waiting)
        settled = self.verdict in (Verdict.ANSWER, Verdict.LATE)
        self._received = b"" if settled else received[-_MOST:]
        if self.verdict is Verdict.ANSWER and self._question is not None and self._answer is not None:
            if not self._answer.done():  # it may have been cancelled meanwhile
                self._answer.set_result(self._question.pdu)
        elif self.verdict is Verdict.LATE:
            self._counts["late"] += not (self._serial and waiting)  # which is an echo of the question
        elif not self._serial and (self.verdict in DOUBTS or len(received) > _MOST):
            self.doubted = True
            self._counts["rejected"] += 1

    def _judge(self, received: bytes, *, waiting: bool) -> Verdict:
        if self._question is None:
            return Verdict.LATE if self._serial else Verdict.SURPLUS
        return self._question.judge(received) if waiting else self._question.judge_unasked(received)
