"""Judges bytes of a serial line against the question that was asked; pure.

A serial frame has a checksum instead of a number, and there may be more on the line than the answer: noise of a driver
that switches, our own question echoed, traffic of another master. So the answer is searched, and taken if its unit,
function, size and checksum fit, three bytes and sixteen bits, and if nothing else fits as well.
"""

from pymodbus.framer import FramerRTU

from drivers.modbus.question import READ_FUNCTIONS, REFUSED, ForbiddenFunctionError, Verdict


class SerialQuestion:
    """One request on its way, seen as the frame that goes out: unit, function, address, count, checksum."""

    __slots__ = ("_answer", "_echo", "_head", "_refusal", "_size")

    def __init__(self, frame: bytes) -> None:
        function = frame[1]
        if function not in READ_FUNCTIONS:
            raise ForbiddenFunctionError(f"function code {function} does not read")
        count = frame[4] << 8 | frame[5]
        data = 2 * count if function > 2 else -(-count // 8)
        self._head = bytes((frame[0], function, data))
        self._refusal = bytes((frame[0], function | REFUSED))
        self._size = data + 5
        self._echo = frame
        self._answer = b""

    def judge(self, data: bytes) -> Verdict:
        """Judge everything that has arrived since the question left. Only an answer ends the waiting."""
        rest = data.removeprefix(self._echo)
        found = [*_frames(rest, self._head, self._size), *_frames(rest, self._refusal, 5)]
        if len(found) > 1:
            return Verdict.SURPLUS
        if found:
            self._answer = found[0]
            return Verdict.ANSWER
        return self._doubt(rest)

    def judge_unasked(self, data: bytes) -> Verdict:
        """Nobody waits, so nothing on the line means us."""
        return Verdict.LATE

    @property
    def pdu(self) -> bytes:
        """The answer from its function code on, once there is one, without what was around it."""
        return self._answer[1:-2]

    def _doubt(self, data: bytes) -> Verdict:
        """What the bytes look like, for the case that nothing better comes."""
        if not data:
            return Verdict.LATE
        at = data.find(self._head)
        if at >= 0 and len(data) - at >= self._size:
            return Verdict.CHECKSUM
        if self._head.startswith(data[-2:]) or at >= 0:
            return Verdict.PART
        if _is_frame(data):
            return Verdict.UNIT if data[0] != self._head[0] else Verdict.LENGTH
        return Verdict.NOISE


def _frames(data: bytes, head: bytes, size: int) -> list[bytes]:
    """Every whole frame with this head and size and a checksum that is right."""
    found, at = [], data.find(head)
    while 0 <= at <= len(data) - size:
        if _is_frame(data[at : at + size]):
            found.append(data[at : at + size])
        at = data.find(head, at + 1)
    return found


def _is_frame(data: bytes) -> bool:
    return len(data) >= 5 and FramerRTU.check_CRC(data[:-2], data[-2] << 8 | data[-1])
