"""Judges whether bytes that arrived are the answer to the question that was asked; pure, and strict.

Equipment and what lies on the way to it answer late, twice, in part, for others, with other lengths. A value from an
answer that does not fit the question in every byte that can be told belongs to another register.
"""

from enum import StrEnum

READ_FUNCTIONS = frozenset({1, 2, 3, 4})

_HEADER = 6  # transaction, protocol, length; the length counts what follows
REFUSED = 0x80
_LONGEST = 254  # unit, function and 252 bytes


class Verdict(StrEnum):
    """What the bytes are. What is neither answer, late nor part is a doubt."""

    ANSWER = "answer"
    LATE = "late answer"
    PART = "incomplete answer"
    PROTOCOL = "not Modbus TCP"
    TRANSACTION = "answer to another question"
    UNIT = "answer of another unit"
    FUNCTION = "answer with another function code"
    LENGTH = "answer of another length"
    SURPLUS = "more than one answer"
    CHECKSUM = "answer with a wrong checksum"
    NOISE = "noise on the line"


_SERIAL = {Verdict.CHECKSUM, Verdict.NOISE}
DOUBTS = frozenset(Verdict) - {Verdict.ANSWER, Verdict.LATE, Verdict.PART} - _SERIAL
"""What ends a connection of Modbus TCP. A serial line has no connection to end."""


class ForbiddenFunctionError(Exception):
    """Somebody tried to send a function code that does not read. This gateway never writes to equipment."""


class Question:
    """One request on its way, seen as the frame that goes out."""

    __slots__ = ("_answer", "_head", "_refusal", "_size", "_transaction")

    def __init__(self, frame: bytes) -> None:
        function = frame[7]
        if function not in READ_FUNCTIONS:
            raise ForbiddenFunctionError(f"function code {function} does not read")
        count = frame[10] << 8 | frame[11]
        size = 2 * count if function > 2 else -(-count // 8)
        self._transaction = frame[0] << 8 | frame[1]
        self._head = b"%b%c%c%b%c" % (frame[:4], 0, size + 3, frame[6:8], size)
        self._refusal = b"%b\0\3%b%c" % (frame[:4], frame[6:7], function | REFUSED)
        self._size = size + 9
        self._answer = b""

    def judge(self, data: bytes) -> Verdict:
        """Judge everything that has arrived since the question left, late answers to earlier questions included."""
        if len(data) == self._size and data.startswith(self._head):
            self._answer = data
            return Verdict.ANSWER
        rest = without_late(data, self._transaction)
        if not rest:
            return Verdict.LATE
        return Verdict.PART if begins_late(rest, self._transaction) else self._judge(rest)

    @property
    def pdu(self) -> bytes:
        """The answer from its function code on, once there is one."""
        return self._answer[7:]

    def judge_unasked(self, data: bytes) -> Verdict:
        """Judge what arrives when nobody waits any more: an answer that came too late, or something nobody asked."""
        rest = without_late(data, self._transaction + 1)
        if not rest:
            return Verdict.LATE
        return Verdict.PART if begins_late(rest, self._transaction + 1) else Verdict.SURPLUS

    def _judge(self, data: bytes) -> Verdict:
        whole = len(data) == self._size and data.startswith(self._head)
        if whole or (data.startswith(self._refusal) and len(data) == len(self._refusal) + 1):
            self._answer = data
            return Verdict.ANSWER
        if len(data) < self._size and self._head.startswith(data[: len(self._head)]):
            return Verdict.PART
        if self._refusal.startswith(data):
            return Verdict.PART
        return self._doubt(data)

    def _doubt(self, data: bytes) -> Verdict:
        if not self._head[2:4].startswith(data[2:4]):
            return Verdict.PROTOCOL
        if not self._head.startswith(data[:2]):
            return Verdict.TRANSACTION
        if not self._head[6:7].startswith(data[6:7]):
            return Verdict.UNIT
        if data[7:8] not in (b"", self._head[7:8], self._refusal[7:8]):
            return Verdict.FUNCTION
        whole = data.startswith((self._head, self._refusal))
        return Verdict.SURPLUS if whole else Verdict.LENGTH


def without_late(data: bytes, transaction: int) -> bytes:
    """Cut off whole leading answers to transactions before this one."""
    while len(data) > _HEADER:
        length = int.from_bytes(data[4:6], "big")
        late = 0 < int.from_bytes(data[:2], "big") < transaction
        if not late or data[2:4] != b"\0\0" or not 3 <= length <= _LONGEST or len(data) < _HEADER + length:
            break
        data = data[_HEADER + length :]
    return data


def begins_late(data: bytes, transaction: int) -> bool:
    """Whether the data may be the first part of an answer to a transaction before this one."""
    latest = (transaction - 1).to_bytes(2)
    late = data[:1] <= latest[:1] if len(data) < 2 else b"\0\0" < data[:2] <= latest
    length = int.from_bytes(data[4:6])
    fits = len(data) < _HEADER or (3 <= length <= _LONGEST and len(data) < _HEADER + length)
    return late and b"\0\0".startswith(data[2:4]) and data[4:5] in (b"", b"\0") and fits
