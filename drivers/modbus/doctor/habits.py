"""Which types and orders devices use, before anything is known of this one: the prior probabilities."""

from collections.abc import Mapping
from typing import get_args

import numpy as np

from drivers.encoding import Kind, WideOrder
from drivers.modbus.doctor.candidates import CANDIDATES, Candidate, Floats

ORDERS: tuple[WideOrder, ...] = get_args(WideOrder)
"""The hypotheses: a device uses one of them for nearly all of its wide values."""

_OF_DEVICES: Mapping[WideOrder, float] = {"ABCD": 0.55, "CDAB": 0.35, "BADC": 0.05, "DCBA": 0.05}
_OF_VALUES: Mapping[Kind, float] = {
    "u16": 0.25, "s16": 0.18, "bcd16": 0.002, "u32": 0.09, "s32": 0.1, "f32": 0.3, "bcd32": 0.001,
    "u64": 0.01, "s64": 0.011, "f64": 0.006,
}  # fmt: skip
_WIDE_AS = {
    "ABCD": "ABCDEFGH", "DCBA": "HGFEDCBA", "BADC": "BADCFEHG", "CDAB": "GHEFCDAB",
}  # fmt: skip
_OTHERWISE = {1: 0.002, 2: 0.008, 4: 0.02}  # a value in another order than the rest of its device, by width
_SWAPPED = ("BADC", "DCBA")
_STRENGTH = 6.0  # the prior counts as much as so many values of the device itself


def of_devices() -> Floats:
    """Log probability of each order, [O]."""
    return np.log([_OF_DEVICES[order] for order in ORDERS])


def of_values() -> Floats:
    """Log probability of each type and order under each hypothesis, [O, K]."""
    return _spread(np.tile([_OF_VALUES[kind] for kind in _KINDS], (len(ORDERS), 1)))


def learnt(counts: Floats) -> Floats:
    """The same once `counts` [O, K] values of this device were seen: types are learnt, the order is the hypothesis."""
    of_kind = counts @ (_KIND_OF[:, None] == np.arange(len(_KINDS)))
    return _spread(of_kind + _STRENGTH * np.array([_OF_VALUES[kind] for kind in _KINDS]))


def _spread(shares: Floats) -> Floats:
    """From types [O, kinds] to types in an order [O, K]."""
    spread = shares[:, _KIND_OF] * _FITS
    return np.asarray(np.log(spread / spread.sum(axis=1, keepdims=True)))


def _fits(candidate: Candidate, order: WideOrder) -> float:
    if candidate.width == 1:
        if order in _SWAPPED:
            return 0.5
        return 1.0 if candidate.order == "AB" else _OTHERWISE[1]
    wanted = order if candidate.width == 2 else _WIDE_AS[order]
    return 0.9 if candidate.order == wanted else _OTHERWISE[candidate.width]


_KINDS = tuple(_OF_VALUES)
_KIND_OF = np.array([_KINDS.index(candidate.kind) for candidate in CANDIDATES])
_FITS = np.array([[_fits(candidate, order) for candidate in CANDIDATES] for order in ORDERS])
