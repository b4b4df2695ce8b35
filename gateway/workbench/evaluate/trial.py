"""A trial: a fault that is made to befall a device, and what its tickets must be. Times are seconds since 1970."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.core.types import Level
from simulators.faults import Family
from simulators.truth import Truth

MANY = "many"


@dataclass(frozen=True, slots=True)
class Trial:
    """One fault on one machine, or on several at once: then one ticket has to tell of them all."""

    fault: str
    kind: str
    """Of machine; `many` if machines of several kinds suffer at once."""
    devices: tuple[str, ...]
    """The first one is where it begins."""
    seed: int
    """Of the property in which it happens: each has machines of its own."""
    severity: float
    channel: str
    """What a sensor fault befalls; empty where that goes without saying."""
    family: Family
    classes: tuple[str, ...]
    """The kinds of ticket that tell of it, the foremost first."""
    onset: float
    felt_until: float
    """A ticket that is opened later is about something else."""
    failure: float | None
    """When the machine can no longer serve: the end of a wear."""
    shown: Mapping[Level, float]
    """By level, lowest first: the first moment at which a careful eye on the machine's own signals sees it."""

    @property
    def device(self) -> str:
        """Where it begins."""
        return self.devices[0]

    @property
    def is_incident(self) -> bool:
        """Whether many suffer from it at once."""
        return self.kind == MANY

    @property
    def level(self) -> Level | None:
        """The level that its ticket must reach; None if it is over before it shows."""
        return list(self.shown)[-1] if self.shown else None

    @property
    def shown_at(self) -> float | None:
        """When it first shows."""
        return min(self.shown.values()) if self.shown else None


def trial_of(truth: Truth, kind: str, seed: int) -> Trial:
    """The trial that a fault or an incident of a simulated property is."""
    return Trial(
        fault=truth.fault,
        kind=kind,
        devices=truth.devices or (truth.device,),
        seed=seed,
        severity=truth.severity,
        channel=truth.channel,
        family=truth.family,
        classes=tuple(dict.fromkeys((truth.rule_class, *truth.also))),
        onset=truth.onset,
        felt_until=truth.felt_until,
        failure=truth.failure,
        shown={Level(level): moment for level, moment in truth.shown.items()},
    )
