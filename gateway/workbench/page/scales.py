"""Scales of a drawing: round moments on the clock of the site, and labels that keep their distance."""

from collections.abc import Sequence

import numpy as np

from gateway.core.almanac import Almanac

_STEPS_S = tuple(
    count * unit
    for unit, counts in (
        (1, (1, 2, 5, 10, 15, 30)),
        (60, (1, 2, 5, 10, 15, 30)),
        (3600, (1, 2, 3, 6, 12)),
        (86400, (1, 2, 7, 14, 28, 56, 112)),
    )
    for count in counts
)


def time_ticks(start: float, end: float, most: int, almanac: Almanac) -> tuple[list[float], float]:
    """At most so many round moments of the site's clock in [start, end], and the step between them in seconds."""
    step = next((step for step in _STEPS_S if (end - start) / step <= most), _STEPS_S[-1])
    wall = float(almanac.wall(np.array([start]))[0])
    first = start + (-wall) % step
    return np.arange(first, end, step).tolist(), float(step)


def spread(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Places for labels, each as near to where it is wanted as its neighbours allow, inside [low, high] if they fit.

    >>> spread([10.0, 12.0, 40.0], 8.0, 0.0, 50.0)
    [10.0, 18.0, 40.0]
    >>> spread([48.0, 49.0], 8.0, 0.0, 50.0)
    [42.0, 50.0]
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed: list[float] = []
    for i in order:
        placed.append(max(wanted[i], low if not placed else placed[-1] + gap))
    limit = high
    for k in reversed(range(len(placed))):
        placed[k] = min(placed[k], limit)
        limit = placed[k] - gap
    by_label = dict(zip(order, placed, strict=True))
    return [by_label[i] for i in range(len(wanted))]
