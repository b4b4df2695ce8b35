"""Reads a profile: which functions cost most, per request. Under a profiler everything is slower, calls most of all."""

import pstats
from pathlib import Path

SHOWN = 30

Function = tuple[str, int, str]
"""File, line, name."""


def costs(profile: Path, requests: int) -> tuple[str, ...]:
    """The functions with most time of their own, the time per request including what they call, and how often."""
    # typeshed does not know the attribute that every reader of profiles uses
    stats: dict[Function, tuple[int, int, float, float, object]]
    stats = pstats.Stats(str(profile)).stats  # type: ignore[attr-defined]
    whole = sum(own for _, _, own, _, _ in stats.values())
    entries = [(key, calls, own, total) for key, (_, calls, own, total, _) in stats.items()]
    dearest = sorted(entries, key=lambda entry: -entry[2])[:SHOWN]
    head = f"{'share':>6} {'own us':>8} {'all us':>8} {'calls':>7}  function, per request"
    return head, *(
        _line(key, calls / requests, own / whole, own / requests, total / requests)
        for key, calls, own, total in dearest
    )


def _line(function: Function, calls: float, share: float, own_s: float, total_s: float) -> str:
    return f"{share:6.1%} {1e6 * own_s:8.2f} {1e6 * total_s:8.2f} {calls:7.2f}  {_name(function)}"


def _name(function: Function) -> str:
    file, line, name = function
    return name if file == "~" else f"{'/'.join(Path(file).parts[-3:])}:{line} {name}"
