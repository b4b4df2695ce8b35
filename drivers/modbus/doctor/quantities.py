"""Quantities whose size gives them away: the mains have the same voltage and frequency everywhere."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Quantity(NamedTuple):
    """A quantity that lies in a narrow range, and the scales that makers write it in. `share`: how often it is met."""

    name: str
    unit: str
    low: float
    high: float
    scales: tuple[float, ...]
    share: float


QUANTITIES = (
    Quantity("mains voltage", "V", 207.0, 253.0, (1.0, 0.1, 0.01, 0.001), 0.06),
    Quantity("voltage between phases", "V", 360.0, 438.0, (1.0, 0.1, 0.01, 0.001), 0.03),
    Quantity("mains frequency", "Hz", 49.7, 50.3, (1.0, 0.1, 0.01, 0.001), 0.03),
    Quantity("mains frequency", "Hz", 59.7, 60.3, (1.0, 0.1, 0.01, 0.001), 0.01),
)

_WHOLE_SHARE = (0.1, 0.6, 0.3, 0.03)  # whole numbers are mostly tenths: 2301, seldom 230
_FLOAT_SHARE = (1.0, 0.0, 0.0, 0.0)


class Met(NamedTuple):
    """A quantity that a value can be, with the scale that makes it so."""

    quantity: Quantity
    scale: float


def density(values: NDArray[np.float64], *, whole: bool) -> NDArray[np.float64]:
    """How probable a value is for being one of these quantities, per unit of the value."""
    found = np.zeros_like(values)
    for quantity in QUANTITIES:
        for scale, share in zip(quantity.scales, _WHOLE_SHARE if whole else _FLOAT_SHARE, strict=True):
            low, high = quantity.low / scale, quantity.high / scale
            inside = (values >= low) & (values <= high)
            found += inside * (quantity.share * share / (high - low))
    return found


def recognised(value: float, *, whole: bool) -> Met | None:
    """The most probable quantity of this size."""
    best, most = None, 0.0
    for quantity in QUANTITIES:
        for scale, share in zip(quantity.scales, _WHOLE_SHARE if whole else _FLOAT_SHARE, strict=True):
            weight = quantity.share * share / (quantity.high - quantity.low) * scale
            # a small whole number is met too often to mean anything: 230 is a voltage only by chance
            if quantity.low <= value * scale <= quantity.high and weight > most and not (whole and scale == 1.0):
                best, most = Met(quantity, scale), weight
    return best


class Expected(NamedTuple):
    """What the device's display shows, and how far its last digit lets it be from the truth."""

    value: float
    half_digit: float

    @classmethod
    def of(cls, written: str) -> "Expected":
        """Take a number as the display shows it. Raises ValueError."""
        value = float(written)
        if not math.isfinite(value):
            raise ValueError(written)
        digits, _, exponent = written.lower().partition("e")
        decimals = len(digits.partition(".")[2]) - (int(exponent) if exponent else 0)
        return cls(value, 0.5 * 10.0**-decimals)

    def scale(self, value: float) -> float | None:
        """The scale, a power of ten, that makes the value agree within two percent; None if none does."""
        if self.value == 0 or value == 0 or not math.isfinite(value):
            return 1.0 if abs(self.value) <= self.half_digit and abs(value) <= self.half_digit else None
        exponent = round(math.log10(abs(self.value)) - math.log10(abs(value)))
        if not -6 <= exponent <= 6:
            return None
        scale = 10.0**exponent if exponent >= 0 else 1.0 / 10.0**-exponent
        off = abs(value * scale - self.value)
        return scale if off <= max(0.02 * abs(self.value), self.half_digit) else None
