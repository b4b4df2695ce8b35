"""The reference of the rules benchmark: one plain Python object per rule and device, as anyone would write it."""

from collections.abc import Iterable, Sequence

Seen = tuple[float, int, int, str]
"""Time, rule, device, what happened."""


class Alert:
    """One rule on one device: fires when a value was above `limit` for `for_s`, clears when it is below `clear`."""

    __slots__ = ("_clear", "_firing", "_for_s", "_limit", "_since")

    def __init__(self, limit: float, for_s: float, clear: float) -> None:
        self._limit, self._for_s, self._clear = limit, for_s, clear
        self._since: float | None = None
        self._firing = False

    def step(self, time: float, value: float) -> str | None:
        """Take the next value; says what it changed."""
        if self._firing:
            if value < self._clear:
                self._firing, self._since = False, None
                return "cleared"
        elif value > self._limit:
            if self._since is None:
                self._since = time
            if time - self._since >= self._for_s:
                self._firing = True
                return "fired"
        else:
            self._since = None
        return None


class PlainBook:
    """Rule r watches point r; alerts[d][r]."""

    def __init__(self, rules: Iterable[tuple[float, float, float]], devices: int) -> None:
        """`rules` are limit, for_s and clear."""
        limits = list(rules)
        self._alerts = [[Alert(*rule) for rule in limits] for _ in range(devices)]

    def update(self, time: float, values: Sequence[Sequence[float]]) -> list[Seen]:
        """Take one tick, values[D][P]; returns what happened in the order of rules, then devices."""
        seen: list[Seen] = []
        for device, (alerts, row) in enumerate(zip(self._alerts, values, strict=True)):
            for rule, (alert, value) in enumerate(zip(alerts, row, strict=True)):
                change = alert.step(time, value)
                if change is not None:
                    seen.append((time, rule, device, change))
        return sorted(seen)
