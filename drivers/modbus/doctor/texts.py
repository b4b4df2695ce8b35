"""Finds texts in registers, such as a model or a serial number: two characters in each. Pure."""

import math
import string
from collections.abc import Iterator
from typing import NamedTuple

from drivers.modbus.doctor.candidates import Words

_USUAL = frozenset((string.ascii_letters + string.digits + " -_./:+").encode())
_SHORTEST = 3  # registers
_LEAST_LETTERS = 2
_ANY_TEXT = -7.0  # log probability of meeting a text at all


class Run(NamedTuple):
    """A text at an offset, and how many registers it takes."""

    offset: int
    width: int
    text: str

    @property
    def evidence(self) -> float:
        """Log probability of the registers if they are a text: any of the usual characters is as probable."""
        return _ANY_TEXT - 2 * self.width * math.log(len(_USUAL))


def find(words: Words) -> Iterator[Run]:
    """Texts in registers [S, N] that stay the same from sample to sample."""
    steady = (words == words[0]).all(axis=0)
    start, size = 0, words.shape[1]
    while start < size:
        end = start
        while end < size and steady[end] and _printable(int(words[0, end]), last=False):
            end += 1
        if end < size and end > start and steady[end] and _printable(int(words[0, end]), last=True):
            end += 1
        text = words[0, start:end].astype(">u2").tobytes().rstrip(b"\0").decode("ascii") if end > start else ""
        letters = sum(sign.isalpha() for sign in text)
        if end - start >= _SHORTEST and letters >= _LEAST_LETTERS and len(set(text)) > 2:
            yield Run(start, end - start, text.strip())
        start = max(end, start + 1)


def _printable(word: int, *, last: bool) -> bool:
    high, low = word >> 8, word & 0xFF
    return high in _USUAL and (low == 0 if last else low in _USUAL)
