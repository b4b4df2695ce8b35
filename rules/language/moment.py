"""Functions of several numbers of the same moment, each [T, D] or anything that broadcasts to it; NaN in, NaN out."""

from functools import reduce

import numpy as np

from rules.vocabulary import Floats


def lowest(*numbers: Floats) -> Floats:
    """The smallest."""
    return reduce(np.minimum, numbers)


def highest(*numbers: Floats) -> Floats:
    """The largest."""
    return reduce(np.maximum, numbers)


def mean(*numbers: Floats) -> Floats:
    """Their mean."""
    return reduce(np.add, numbers) / len(numbers)


def spread(*numbers: Floats) -> Floats:
    """The largest less the smallest."""
    return highest(*numbers) - lowest(*numbers)
