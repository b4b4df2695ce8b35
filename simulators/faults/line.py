"""How the way to a device fails: it stops answering."""

from collections.abc import Mapping

import numpy as np

from simulators.faults.fault import Bools, Case, Fault
from simulators.plant.machine import Floats, Signals


def silent(_: Case, times: Floats, signals: Signals) -> Signals:
    """The device stops answering."""
    return {name: np.full_like(times, np.nan) for name in signals}


def _gone(now: Signals, _: Signals) -> Bools:
    gone: Bools = np.logical_and.reduce([np.isnan(values) for values in now.values()])
    return gone


FAULTS: Mapping[str, Fault] = {
    "silent-meter": Fault("*", silent, {"yellow": _gone}, "device.offline", of_reading=True),
}
