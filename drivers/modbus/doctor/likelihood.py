"""How probable the bits in the registers are if they are a number of a given type; pure, in natural logarithms.

The right reading is the one that makes the least of a coincidence. Wrong readings of a float have absurd exponents,
wrong readings of a counter are huge numbers, and both jump from sample to sample.
"""

from functools import cache

import numpy as np

from drivers.encoding import dtype_of
from drivers.modbus.doctor.candidates import Candidate, Decoded, Floats
from drivers.modbus.doctor.quantities import density

IMPOSSIBLE = -60.0
"""As good as impossible; not more, so that a device of odd values still gets a ranking."""

_ZERO = 0.25  # a register that holds nothing
_SENTINEL = 0.004  # all ones, the highest or lowest of a signed type, or "not a number": mostly "no value"
_QUIET = {"f32": float(0x7FC0 << 16), "f64": float(0x7FF8 << 48)}  # the usual "not a number"
_FLOAT_LOW = 1e-4  # sizes of measured values in the units that people use
_FLOAT_HIGH = {"f32": 1e8, "f64": 1e12}
_ROUND = 0.15  # floats that are decimal numbers of a few digits, because the device rounds them
_MOST_DECIMALS = 3
_MOST_DIGITS = {"f32": 1e7, "f64": 1e13}
_ROOMY, _NARROW = 10_000, 0.35  # what becomes larger is seldom given one register only
_UPWARDS = 0.75  # whole numbers that take more than one register are mostly counters
_STILL = 0.5  # a value that is the same in the next sample
_STILL_ZERO = 0.95  # most registers that hold 0 are not used
_CALM, _CALM_WITHIN = 0.85, 0.05  # most values move by less than a twentieth from sample to sample
_MANTISSA = {"f32": 23, "f64": 52}
_ALIKE = 0.3  # the next value of the same type is about as large, like the three phases of a meter
_ALIKE_WITHIN = 0.15


def of_samples(found: Decoded, candidate: Candidate) -> Floats:
    """Log probability of all samples at each address, [M]."""
    first = of_first(found, candidate)
    return np.asarray(np.maximum(first + _changes(found, candidate).sum(axis=0), IMPOSSIBLE * len(found.values)))


def of_first(found: Decoded, candidate: Candidate) -> Floats:
    """Log probability of the first sample alone, [M]."""
    values = found.values[0]
    probable = _floats(values, candidate) if candidate.kind in _FLOAT_HIGH else _whole(values, candidate)
    probable = np.where(values == 0, _ZERO**candidate.width * _no_minus(values), probable)
    if candidate.kind in _QUIET:
        probable = np.where(found.places == _QUIET[candidate.kind], _SENTINEL, probable)
    with np.errstate(divide="ignore"):
        return np.maximum(np.log(np.nan_to_num(probable)), IMPOSSIBLE)


def alike(found: Decoded, first: Floats, candidate: Candidate) -> Floats:
    """What it adds to the log probability that the value before, of the same type, is of about the same size, [M]."""
    bonus = np.zeros(len(first))
    width = candidate.width
    now, before = found.values[0, width:], found.values[0, : max(0, len(first) - width)]
    with np.errstate(all="ignore"):
        near = (np.abs(now - before) <= _ALIKE_WITHIN * np.abs(before)) & (before != 0)
        within = _rung(before, candidate) / (2 * _ALIKE_WITHIN * np.abs(before))
        better = np.log1p(_ALIKE * (within / np.exp(first[width:]) - 1.0))
    bonus[width:] = np.where(near & np.isfinite(better), better, np.log(1.0 - _ALIKE) * np.isfinite(now))
    return bonus


def _whole(values: Floats, candidate: Candidate) -> Floats:
    """Whole numbers: all sizes alike, so that each single large number is rare."""
    dtype: np.dtype[np.generic] = dtype_of(candidate.kind)
    bits = 8 * dtype.itemsize
    signed = dtype.kind == "i"
    span = 2 * dtype.itemsize * np.log(10.0) if candidate.kind.startswith("bcd") else bits * np.log(2.0)
    with np.errstate(all="ignore"):
        sizes = np.where(values < 0, 0.15, 0.85 if signed or bits > 16 else 1.0) * 0.7 / (np.abs(values) * span)
    if bits == 16:
        sizes *= np.where(np.abs(values) > _ROOMY, _NARROW, 1.0)
    marks = (values == 2.0**bits - 1) | (
        signed & ((values == 2.0 ** (bits - 1) - 1) | (values == -(2.0 ** (bits - 1))))
    )
    return np.asarray(sizes + density(values, whole=True) + marks * _SENTINEL)


def _floats(values: Floats, candidate: Candidate) -> Floats:
    """Floats: sizes of measured values, or decimal numbers of a few digits."""
    with np.errstate(all="ignore"):
        size, high = np.abs(values), _FLOAT_HIGH[candidate.kind]
        usual = (size >= _FLOAT_LOW) & (size <= high)
        sizes = 0.5 * usual / (size * np.log(high / _FLOAT_LOW)) + density(values, whole=False)
        rung = _rung(values, candidate)
        probable = np.where(values < 0, 0.25, 0.75) * sizes * rung
    return np.asarray(probable + _ROUND * _rounded(values, candidate) * usual)


def _rounded(values: Floats, candidate: Candidate) -> Floats:
    """Probability of a float for being a decimal number of few digits, 0 if it is none."""
    dtype: np.dtype[np.floating] = np.dtype(dtype_of(candidate.kind).str)
    most = _MOST_DIGITS[candidate.kind]
    met = density(values, whole=False)
    found = np.zeros_like(values)
    for decimals in range(_MOST_DECIMALS, -1, -1):
        with np.errstate(all="ignore"):
            digits = np.rint(values * 10.0**decimals)
            exact = (digits / 10.0**decimals).astype(dtype) == values.astype(dtype)
            few = (np.abs(digits) >= 1) & (np.abs(digits) < most)
            probable = (1.0 / (np.abs(digits) * np.log(most)) + met / 10.0**decimals) / (1 + _MOST_DECIMALS)
        found = np.where(exact & few, probable, found)
    return found


def _rung(values: Floats, candidate: Candidate) -> Floats:
    """Distance to the next value that the type can hold."""
    if candidate.kind == "f32":
        with np.errstate(all="ignore"):
            return np.asarray(np.spacing(np.abs(values).astype(np.float32)).astype(np.float64))
    return np.spacing(np.abs(values)) if candidate.kind == "f64" else np.ones_like(values)


def _no_minus(values: Floats) -> Floats:
    """-0.0 is what a wrong order makes of 0x0080; no device has it."""
    return np.where(np.signbit(values) & (values == 0), 1e-6, 1.0)


def _changes(found: Decoded, candidate: Candidate) -> Floats:
    """Log probability of each sample after the one before, [S - 1, M].

    Most values stay within a few percent for some seconds, small steps being more probable; the rest may jump anywhere.
    """
    steps = np.abs(found.steps)
    up = _UPWARDS if candidate.width > 1 and candidate.kind not in _FLOAT_HIGH else 0.5
    near = np.maximum(1.0, _CALM_WITHIN * _reach(found, candidate))
    with np.errstate(divide="ignore"):
        calm = _CALM * (steps <= near) / (1.0 + np.log(near))
        moved = np.log((1.0 - _STILL) * (calm + (1.0 - _CALM) / _log_span(candidate)) / steps)
    moved += np.log(np.where(found.steps > 0, up, 1.0 - up))
    still = np.where(found.values[1:] == 0, _STILL_ZERO, _STILL)
    change = np.where(steps == 0, np.log(still) * candidate.width, moved)
    known = np.isfinite(found.values)
    return np.where(known[1:] == known[:-1], np.nan_to_num(change, nan=IMPOSSIBLE), IMPOSSIBLE)


def _reach(found: Decoded, candidate: Candidate) -> Floats | float:
    """The steps between the first value and zero; for floats those between it and twice of it, about as far."""
    return 2.0 ** _MANTISSA[candidate.kind] if candidate.kind in _MANTISSA else found.places


@cache
def _log_span(candidate: Candidate) -> float:
    return float(8 * dtype_of(candidate.kind).itemsize * np.log(2.0))
