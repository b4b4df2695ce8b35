"""Finds texts in registers, such as a model or a serial number: two characters in each. Pure."""

import string
from collections.abc import Iterator
from typing import NamedTuple

from drivers.modbus.doctor.candidates import Words

_USUAL = frozenset((string.ascii_letters + string.digits + " -_./:+").encode())
_SHORTEST = 4  # registers; fewer are met by chance in every map
_LEAST_LETTERS = 2


class Run(NamedTuple):
    """A text at an offset, and how many registers it takes."""

    offset: int
    width: int
    text: str


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
