"""One device on a Sparkplug edge node: metrics by name or alias -> rows, each at its own time."""

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.device import Batch
from drivers.mqtt.feed import Feed
from drivers.mqtt.inbox import Arrived
from drivers.mqtt.profile import MqttProfile
from drivers.mqtt.sparkplug import Metric, Payload
from drivers.payload import NAN, reading
from drivers.refused import Refused

_NO_BIRTH = "metrics by alias, and the birth certificate that names them was missed; have its edge node born again"


@dataclass(frozen=True, slots=True)
class _Birth:
    """What the last birth said of the metrics that our profile wants."""

    names: Mapping[int, str]  # by alias
    types: Mapping[str, int]


_UNBORN = _Birth({}, {})


class Member:
    """A device of ours. Only metrics of its profile make state."""

    def __init__(self, feed: Feed, profile: MqttProfile) -> None:
        self.feed = feed
        self._width = len(profile.points)
        self._readings = [reading(point) for point in profile.points]
        self._columns: dict[str, list[int]] = {}
        for column, point in enumerate(profile.points):
            self._columns.setdefault(point.metric or point.name, []).append(column)
        self._birth = _UNBORN

    def forget_birth(self) -> None:
        """From now on aliases mean nothing, until the next birth."""
        self._birth = _UNBORN

    def leave(self, reason: str, at: float) -> list[Batch]:
        """The device or its node is gone."""
        self.forget_birth()
        return self.feed.leave(reason, at)

    def take(self, payload: Payload, arrived: Arrived, *, birth: bool) -> list[Batch]:
        """The news in a message, oldest first."""
        if birth:
            self._birth = self._named(payload)
        rows = self._rows(payload, birth=birth)
        try:
            if not rows:
                self._nothing(payload, arrived, birth=birth)
        except Refused as refusal:
            self.feed.refuse(refusal, arrived.time)
        batches = []
        for (stamp, historical), row in sorted(rows.items(), key=_when):
            try:
                if historical:  # what comes late may fill a gap, but not change what is known since
                    batch = self.feed.take(stamp, row, arrived.time, "historical")
                else:
                    batch = self.feed.take_part(stamp, row, arrived.time, arrived.old)
            except Refused as refusal:
                self.feed.refuse(refusal, arrived.time)
            else:
                batches += [batch] if batch else []
        return batches

    def _named(self, payload: Payload) -> _Birth:
        ours = [metric for metric in payload.metrics if metric.name in self._columns]
        return _Birth(
            names={metric.alias: metric.name for metric in ours if metric.alias is not None and metric.name},
            types={metric.name: metric.datatype for metric in ours if metric.name and metric.datatype is not None},
        )

    def _rows(self, payload: Payload, *, birth: bool) -> dict[tuple[float | None, bool], list[float | None]]:
        """The values by time. A birth says how things stand at its own time, however long a value has been so."""
        rows: dict[tuple[float | None, bool], list[float | None]] = {}
        for metric in payload.metrics:
            name = self._name(metric)
            if name not in self._columns:
                continue
            own = None if birth and not metric.historical else metric.stamp
            when = (payload.stamp if own is None else own), metric.historical
            row = rows.setdefault(when, [None] * self._width)
            value = metric.value(self._birth.types.get(name) if metric.datatype is None else metric.datatype)
            for column in self._columns[name]:
                row[column] = NAN if value is None else self._readings[column](value)
        return rows

    def _name(self, metric: Metric) -> str:
        if metric.name is not None:
            return metric.name
        return self._birth.names.get(-1 if metric.alias is None else metric.alias, "")

    def _nothing(self, payload: Payload, arrived: Arrived, *, birth: bool) -> None:
        """A message without any of our points. Data may be so, for it holds only what has changed; a birth may not."""
        if birth:
            raise Refused("empty", "the birth certificate has none of the profile's metrics")
        if self._birth is _UNBORN and any(metric.name is None for metric in payload.metrics):
            raise Refused("birth", _NO_BIRTH)
        if self._birth is not _UNBORN and not arrived.old:
            self.feed.listen(arrived.time)


def _when(item: tuple[tuple[float | None, bool], object]) -> tuple[bool, float, bool]:
    (stamp, historical), _ = item
    return stamp is None, stamp or 0.0, historical
