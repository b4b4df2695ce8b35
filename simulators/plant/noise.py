"""Randomness as a pure function: one stream at one count is always the same number, in whatever order one asks.

A stream is a 64-bit key made from names; a count is a whole number, mostly the second of the day's grid. There is no
state, so a month of noise is the same whether it is stepped by seconds, read backwards or taken at one instant.
"""

from functools import lru_cache
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Key = NDArray[np.uint64]

_WEYL = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_LOW_HALF = np.uint64(0xFFFFFFFF)
_HALF_RANGE = 2.0**-32


@lru_cache(maxsize=4096)
def stream(*names: str | int) -> Key:
    """The key of a stream, one element, from anything that names it, such as seed, device and channel."""
    digest = blake2b("\0".join(map(str, names)).encode(), digest_size=8).digest()
    return np.frombuffer(digest, dtype=np.uint64)


def uniform(key: Key, count: Counts) -> Floats:
    """Numbers in (0, 1), one per count."""
    return ((_mixed(key, count) >> np.uint64(32)).astype(np.float64) + 0.5) * _HALF_RANGE


def normal(key: Key, count: Counts) -> Floats:
    """Standard normal numbers (Box-Muller on the two halves of one hash), in the broadcast shape of key and count."""
    bits = _mixed(key, count)
    radius = np.sqrt(-2.0 * np.log(((bits >> np.uint64(32)).astype(np.float64) + 0.5) * _HALF_RANGE))
    angle: Floats = np.cos((bits & _LOW_HALF).astype(np.float64) * (2.0 * np.pi * _HALF_RANGE))
    return radius * angle


def drifting(key: Key, times: Floats, period_s: float) -> Floats:
    """Standard normal numbers that wander: independent every `period_s`, joined by straight lines in between."""
    position = times / period_s
    before = np.floor(position)
    part = position - before
    left, right = _neighbours(key, before.astype(np.int64))
    # Between two lattice points the variance would sag; dividing keeps it at one everywhere.
    wander: Floats = (left * (1.0 - part) + right * part) / np.hypot(1.0 - part, part)
    return wander


def _neighbours(key: Key, count: Counts) -> tuple[Floats, Floats]:
    """The numbers at each count and the next one; drawn once for all instants between two lattice points."""
    if not count.size:
        return np.zeros(count.shape), np.zeros(count.shape)
    first = count.min()
    width = int(count.max() - first) + 2
    if width > count.size:
        left, right = normal(key, np.stack((count, count + 1)))
        return left, right
    lattice = normal(key, np.arange(first, first + width))
    place = count - first
    return lattice[..., place], lattice[..., place + 1]


def _mixed(key: Key, count: Counts) -> NDArray[np.uint64]:
    """SplitMix64: the finaliser of Steele, Lea and Flood (2014) on a Weyl sequence."""
    bits = key + count.astype(np.uint64) * _WEYL
    bits = (bits ^ (bits >> np.uint64(30))) * _MIX_1
    bits = (bits ^ (bits >> np.uint64(27))) * _MIX_2
    mixed: NDArray[np.uint64] = bits ^ (bits >> np.uint64(31))
    return mixed
