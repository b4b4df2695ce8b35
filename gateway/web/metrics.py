"""Prometheus metrics, read from the daemon's own counters at the moment of the scrape."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


@dataclass(frozen=True, slots=True)
class Sample:
    """One figure: a counter only grows, a gauge may fall. Label values name parts of the plant, never people."""

    name: str
    help: str
    value: float
    counter: bool = True
    labels: tuple[tuple[str, str], ...] = ()


class Figures(Collector):
    """Turns samples into metric families of the same name."""

    def __init__(self, read: Callable[[], Iterable[Sample]]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        """Families in the order in which their first sample came."""
        families: dict[str, CounterMetricFamily | GaugeMetricFamily] = {}
        for sample in self._read():
            family = families.get(sample.name)
            if family is None:
                kind = CounterMetricFamily if sample.counter else GaugeMetricFamily
                family = families[sample.name] = kind(
                    f"gateway_{sample.name}", sample.help, labels=[name for name, _ in sample.labels]
                )
            family.add_metric([value for _, value in sample.labels], sample.value)
        return families.values()


def registry(read: Callable[[], Iterable[Sample]]) -> CollectorRegistry:
    """A registry of its own, so that two daemons in one test do not meet."""
    own = CollectorRegistry(auto_describe=False)
    own.register(Figures(read))
    return own


def counts(name: str, help_text: str, values: Mapping[str, float], label: str, *, counter: bool = True) -> list[Sample]:
    """One sample for each key, labelled with it."""
    return [Sample(name, help_text, value, counter, ((label, key),)) for key, value in values.items()]
