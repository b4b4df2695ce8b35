"""Round moments on the clock of a site, for the axis of a drawing."""

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
