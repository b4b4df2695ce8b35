"""What happens in the demo, and when: six faults, and the ticket that each must make."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.cli.demo.verdict import Expected
from gateway.core.clock import ScaledClock
from gateway.core.config import Config
from simulators.site import Injection, SimulatedSite

MARGIN_S = 2.0
"""Wall seconds beyond one poll and the rule's own wait within which a ticket must be at the dispatch API."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One fault: injected `at_s` wall seconds after the curtain, for `lasts_s` of site time."""

    fault: str
    device: str
    at_s: float
    severity: float
    lasts_s: float
    fast: bool = False
    """Shows within a minute of real time."""


SCENES = (
    Scene("bearing-wear", "P-3", 3.0, 0.5, 3 * 3600.0),
    Scene("transformer-overload", "TR-1", 4.0, 1.0, 4 * 3600.0),
    Scene("dry-run", "P-1", 8.0, 0.7, 900.0, fast=True),
    Scene("entrapment", "EL-3-1", 14.0, 0.7, 1800.0, fast=True),
    Scene("silent-meter", "PM-2", 20.0, 1.0, 3600.0),
    Scene("pipe-burst", "P-4", 26.0, 0.8, 1800.0, fast=True),
)


def scenes(speed: float, seconds: float) -> list[Scene]:
    """The faults that can show and be answered within the demo: at real time only the fast ones."""
    return [scene for scene in SCENES if scene.fast or speed * seconds >= 3600.0]


def injections(chosen: Sequence[Scene], clock: ScaledClock, curtain: float) -> list[Injection]:
    """The scenes as faults in site time; `curtain` is the wall time at which the daemon was ready."""
    return [
        Injection(scene.fault, scene.device, site_time(clock, curtain + scene.at_s), scene.severity, scene.lasts_s)
        for scene in chosen
    ]


def site_time(clock: ScaledClock, wall: float) -> float:
    """What the site's clock shows at a wall time."""
    return clock.site_start + (wall - clock.wall_start) * clock.speed


def wall_time(clock: ScaledClock, site: float) -> float:
    """When the site's clock shows a time, on the wall."""
    return clock.wall_start + (site - clock.site_start) / clock.speed


def expectations(property_: SimulatedSite, config: Config, clock: ScaledClock) -> list[Expected]:
    """The ticket that each fault must make, from the simulator's truth and the rules' own durations."""
    every_s = {device.id: device.every for device in config.devices}
    rules = {rule.id: rule for rules in config.rules.values() for rule in rules}
    waits: dict[tuple[str, str], float] = {
        (rule.id, level): written.for_s / clock.speed
        for rule in rules.values()
        for level, written in rule.levels.items()
    }
    return [
        Expected(
            fault=truth.fault,
            device=truth.device,
            kind=truth.rule_class,
            injected_at=wall_time(clock, truth.onset),
            levels=tuple(truth.shown),
            shown_at={level: wall_time(clock, time) for level, time in truth.shown.items()},
            wait_s=waits,
            limit_s=every_s[truth.device] / clock.speed + MARGIN_S,
        )
        for truth in property_.truths()
    ]
