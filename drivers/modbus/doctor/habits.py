"""Which types and orders devices use, before anything is known of this one: the prior probabilities.

A hypothesis is about a whole device: the order of its wide values, whether they lie at odd addresses, and whether it
writes decimal digits (BCD). Nearly all of its values follow it; how often each type occurs is learnt from the device.
"""

from collections.abc import Mapping
from itertools import product
from typing import NamedTuple, get_args

import numpy as np

from drivers.encoding import Kind, WideOrder, lowest_first
from drivers.modbus.doctor.candidates import CANDIDATES, Candidate, Floats


class Hypothesis(NamedTuple):
    """What nearly all values of a device have in common."""

    order: WideOrder
    digits: bool
    odd: bool


ORDERS: tuple[WideOrder, ...] = get_args(WideOrder)
HYPOTHESES = tuple(Hypothesis(*each) for each in product(ORDERS, (False, True), (False, True)))

_OF_ORDERS: Mapping[WideOrder, float] = {"ABCD": 0.55, "CDAB": 0.35, "BADC": 0.05, "DCBA": 0.05}
_DIGITS = 0.01  # few devices write decimal digits, and those write hardly anything else
_OF_VALUES: Mapping[Kind, float] = {
    "u16": 0.25, "s16": 0.18, "bcd16": 1e-6, "u32": 0.09, "s32": 0.1, "f32": 0.3, "bcd32": 1e-6,
    "u64": 0.003, "s64": 0.004, "f64": 0.003,
}  # fmt: skip
_OF_DIGITS: Mapping[Kind, float] = {"bcd16": 0.4, "bcd32": 0.3}
_OTHERWISE = {1: 0.002, 2: 0.008, 4: 0.02}  # a value in another order than the rest of its device, by width
_SWAPPED = ("BADC", "DCBA")
_ASTRAY = -2.0  # log probability of a wide value at an address of the other parity
_STRENGTH = 6.0  # the prior counts as much as so many values of the device itself


def of_devices() -> Floats:
    """Log probability of each hypothesis, [O]."""
    digits = [_DIGITS if each.digits else 1.0 - _DIGITS for each in HYPOTHESES]
    return np.asarray(np.log([0.5 * _OF_ORDERS[each.order] for each in HYPOTHESES]) + np.log(digits))


def of_values() -> Floats:
    """Log probability of each type and order under each hypothesis, [O, K]."""
    return _spread(_SHARES)


def learnt(counts: Floats) -> Floats:
    """The same once `counts` [O, K] values of this device were seen: types are learnt, the hypothesis is not."""
    of_kind = counts @ (_KIND_OF[:, None] == np.arange(len(_KINDS)))
    return _spread(of_kind * _LEARNS + _STRENGTH * _SHARES)


def parity() -> Floats:
    """What it adds to a log probability that a value begins at an even or at an odd address, [O, 2, K]."""
    wide = np.array([candidate.width > 1 for candidate in CANDIDATES])
    strays = np.array([[each.odd, not each.odd] for each in HYPOTHESES])
    return np.asarray(_ASTRAY * strays[:, :, None] * wide)


def by_order(weights: Floats) -> dict[WideOrder, float]:
    """Probabilities of the orders from log probabilities of the hypotheses [O]."""
    shares = np.exp(weights)
    return {o: float(sum(s for s, h in zip(shares, HYPOTHESES, strict=True) if h.order == o)) for o in ORDERS}


def _spread(shares: Floats) -> Floats:
    """From types [O, kinds] to types in an order [O, K]."""
    spread = shares[:, _KIND_OF] * _FITS
    return np.asarray(np.log(spread / spread.sum(axis=1, keepdims=True)))


def _share(kind: Kind, hypothesis: Hypothesis) -> float:
    return _OF_DIGITS.get(kind, 0.3 * _OF_VALUES[kind]) if hypothesis.digits else _OF_VALUES[kind]


def _fits(candidate: Candidate, order: WideOrder) -> float:
    if candidate.width == 1:
        if order in _SWAPPED:
            return 0.5
        return 1.0 if candidate.order == "AB" else _OTHERWISE[1]
    same = lowest_first(candidate.kind, order) == lowest_first(*candidate)
    return 0.9 if same else _OTHERWISE[candidate.width]


_KINDS = tuple(_OF_VALUES)
_KIND_OF = np.array([_KINDS.index(candidate.kind) for candidate in CANDIDATES])
_SHARES = np.array([[_share(kind, hypothesis) for kind in _KINDS] for hypothesis in HYPOTHESES])
_LEARNS = np.array([[not each.digits and not kind.startswith("bcd") for kind in _KINDS] for each in HYPOTHESES])
_FITS = np.array([[_fits(candidate, each.order) for candidate in CANDIDATES] for each in HYPOTHESES])
