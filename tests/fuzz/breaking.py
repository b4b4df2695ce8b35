"""Answers that no equipment should give, made from those that it should: cut, grown, flipped, swapped, joined."""

from collections.abc import Callable
from random import Random

from tests.fuzz.answers import ASKED, EDGES, LENGTHS, Asked

_TIMES = (0, 1, 1, 1, 1, 1, 2, 2, 3)


class Breaker:
    """Breaks answers without end; the same ones for the same seed."""

    def __init__(self, seed: int, framed: Callable[[bytes], bytes] = bytes) -> None:
        """`framed` turns a whole frame of Modbus TCP into what is on another wire."""
        self._random, self._framed = Random(seed), framed
        self._asked, self._transaction = ASKED[0], 0
        head = (self._flipped, self._flipped, self._replaced, self._replaced, self._swapped, self._counted_again)
        length = (self._cut, self._grown, self._left_out, self._twice)
        whole = (self._refused, self._another, self._noise, self._echo)
        joined = (self._after_late, self._after_late, self._before_another)
        self._ways: tuple[Callable[[bytes], bytes], ...] = (*head, self._counted_again, *length, *whole, *joined)

    def answer(self, asked: Asked, transaction: int) -> bytes:
        """What comes for this question; now and then it is whole, or a refusal."""
        self._asked, self._transaction = asked, transaction
        data = self._framed(asked.answer(transaction, self._random))
        for _ in range(_TIMES[self._below(len(_TIMES))]):
            data = self._ways[self._below(len(self._ways))](data)
        return data

    def _below(self, limit: int) -> int:
        return int(self._random.random() * limit)  # four times as fast as randrange

    def _cut(self, data: bytes) -> bytes:
        return data[: self._below(len(data) + 1)]

    def _grown(self, data: bytes) -> bytes:
        return data + self._random.randbytes(1 + self._below(12))

    def _flipped(self, data: bytes) -> bytes:
        """A bit, mostly of the first bytes, which decide what a frame is."""
        if not data:
            return data
        place = self._below(min(len(data), 9 if self._random.random() < 0.7 else len(data)))
        return data[:place] + bytes((data[place] ^ 1 << self._below(8),)) + data[place + 1 :]

    def _replaced(self, data: bytes) -> bytes:
        place = self._below(min(len(data), 10))
        return data[:place] + bytes((EDGES[self._below(len(EDGES))],)) + data[place + 1 :]

    def _swapped(self, data: bytes) -> bytes:
        """Two neighbouring fields, or the bytes of one."""
        place, width = self._below(8), 1 + self._below(2)
        end = place + 2 * width
        return data[:place] + data[place + width : end] + data[place : place + width] + data[end:]

    def _left_out(self, data: bytes) -> bytes:
        place = self._below(len(data) + 1)
        return data[:place] + data[place + 1 + self._below(3) :]

    def _counted_again(self, data: bytes) -> bytes:
        """The length says how much there is, whatever there is; now and then the byte count does, too."""
        if not 9 <= len(data) < 262:
            return data
        data = data[:4] + (len(data) - 6).to_bytes(2, "big") + data[6:]
        return data if self._random.random() < 0.5 else data[:8] + bytes((len(data) - 9 & 255,)) + data[9:]

    def _twice(self, data: bytes) -> bytes:
        return data + data

    def _refused(self, data: bytes) -> bytes:
        return self._framed(self._asked.refusal(self._transaction, self._below(256)))

    def _after_late(self, data: bytes) -> bytes:
        """Behind an answer to an earlier question, or behind something like one."""
        number = max(self._transaction - self._below(4), 0) if self._random.random() < 0.8 else 0
        if self._random.random() < 0.6:
            return self._framed(self._neighbour().answer(number, self._random)) + data
        length = LENGTHS[self._below(len(LENGTHS))]
        return b"%b\0\0%b%b" % (number.to_bytes(2), length.to_bytes(2), self._random.randbytes(length)) + data

    def _before_another(self, data: bytes) -> bytes:
        return data + self._framed(self._neighbour().answer(self._transaction + self._below(2) & 65535, self._random))

    def _another(self, data: bytes) -> bytes:
        """The answer to another question under this one's number, or the other way round."""
        if self._random.random() < 0.5:
            return self._framed(self._neighbour().answer(self._transaction, self._random))
        return self._framed(self._asked.answer(self._below(65536), self._random))

    def _noise(self, data: bytes) -> bytes:
        return self._random.randbytes(self._below(40))

    def _echo(self, data: bytes) -> bytes:
        """The question itself, as a line without a receiver gives it back."""
        return self._framed(self._asked.question(self._transaction))

    def _neighbour(self) -> Asked:
        return ASKED[self._below(len(ASKED))]
