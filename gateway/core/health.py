"""How the parts of the daemon stand, in words that a person can act on."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["ok", "degraded"]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the daemon: `reason` says what is wrong and `since` when it began (seconds since 1970)."""

    name: str
    state: State = "ok"
    reason: str = ""
    since: float | None = None


def report(parts: Iterable[Part]) -> Mapping[str, Any]:
    """The health page as JSON: degraded if any part is, with the degraded parts first."""
    ordered = sorted(parts, key=lambda part: (part.state == "ok", part.name))
    worst = "degraded" if any(part.state == "degraded" for part in ordered) else "ok"
    return {
        "status": worst,
        "parts": [
            {"part": part.name, "state": part.state, "reason": part.reason, "since": part.since} for part in ordered
        ],
    }
