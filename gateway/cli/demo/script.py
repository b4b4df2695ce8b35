"""What happens in the demo, and when: six faults, and the ticket that each must make."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.cli.demo.verdict import Expected
from gateway.cli.screen import Failed
from gateway.core.clock import ScaledClock
from gateway.core.config import Config
from simulators.site import Injection, SimulatedSite

MARGIN_S = 2.0
"""Wall seconds beyond one poll and the rule's own wait within which a ticket must be at the dispatch API."""


@dataclass(frozen=True, slots=True)
class Scene:
    """One fault: injected `at_s` wall seconds after the curtain, for `lasts_s` of site time.

    `needs_s` of site time after the injection its ticket must be there; the demo has to last that long.
    """

    fault: str
    device: str
    at_s: float
    severity: float
    lasts_s: float
    needs_s: float


SCENES = (
    Scene("pipe-burst", "P-4", 2.0, 0.8, 1800.0, needs_s=85.0),
    Scene("bearing-wear", "P-3", 4.0, 0.5, 3 * 3600.0, needs_s=3300.0),
    Scene("transformer-overload", "TR-1", 6.0, 1.0, 4 * 3600.0, needs_s=3300.0),
    Scene("dry-run", "P-1", 10.0, 0.7, 900.0, needs_s=25.0),
    Scene("entrapment", "EL-3-1", 16.0, 0.7, 1800.0, needs_s=50.0),
    Scene("silent-meter", "PM-2", 22.0, 1.0, 3600.0, needs_s=330.0),
)


def scenes(config: Config, speed: float, seconds: float) -> tuple[list[Scene], list[Scene]]:
    """The faults that can befall this site and be answered within the demo, and those for which the time is too short.

    At real time only the fast ones can. Raises Failed if there are none at all.
    """
    here = {device.id for device in config.devices}
    possible = [scene for scene in SCENES if scene.device in here]
    short = [scene for scene in possible if scene.at_s + scene.needs_s / speed + MARGIN_S > seconds]
    if len(short) == len(possible):
        devices = [scene.device for scene in SCENES]
        raise Failed(
            "no_scene",
            "nothing can go wrong in {seconds} s on this site; the demo's faults befall {devices}",
            seconds=seconds,
            devices=devices,
        )
    return [scene for scene in possible if scene not in short], short


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


def expectations(
    property_: SimulatedSite, config: Config, clock: ScaledClock, excused_until: float = 0.0
) -> list[Expected]:
    """The ticket that each fault must make, from the simulator's truth and the rules' own durations.

    None can be late before `excused_until` (wall time): the dispatch API was away.
    """
    every_s = {device.id: device.every for device in config.devices}
    rules = config.all_rules
    together_s = {"yellow": config.tickets.common_cause.within}  # it may turn out to be part of something larger
    waits: dict[tuple[str, str], float] = {
        (rule.id, level): (written.for_s + together_s.get(level, 0.0)) / clock.speed
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
            excused_until=excused_until,
        )
        for truth in property_.truths()
    ]
