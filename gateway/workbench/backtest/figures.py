"""How a figure of a backtest is written for people."""

_LARGE = 1.5
_UNITS = (("d", 86400.0), ("h", 3600.0), ("m", 60.0))


def roughly(seconds: float) -> str:
    """A duration to about two figures, in the largest unit of which there is more than one: "45s", "5m", "2.5h"."""
    for unit, size in _UNITS:
        if abs(seconds) >= _LARGE * size:
            return f"{float(f'{seconds / size:.2g}'):g}{unit}"
    return f"{float(f'{seconds:.3g}'):g}s"
