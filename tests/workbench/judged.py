"""Trials and tickets as literals, for the tests of the evaluation; times are seconds after T0."""

import numpy as np

from gateway.core.config import Config
from gateway.core.types import Level
from gateway.workbench.evaluate.campaign import Asked
from gateway.workbench.evaluate.example import Example
from gateway.workbench.evaluate.judge import unexplained, verdicts
from gateway.workbench.evaluate.raised import Raised
from gateway.workbench.evaluate.run import Evaluation, Weeks
from gateway.workbench.evaluate.trial import Trial
from simulators.faults import Family

T0 = 1_775_404_800.0  # 2026-04-06 00:00 in Shanghai
HOUR, DAY = 3600.0, 86400.0


def trial(
    fault: str = "bearing-wear",
    *devices: str,
    family: Family = "slow",
    classes: tuple[str, ...] = ("pump.unusual", "pump.bearing"),
    onset: float = DAY,
    lasts: float = 10 * DAY,
    severity: float = 0.5,
    seed: int = 7,
    **shown: float,
) -> Trial:
    """A fault on P-1 unless other devices are named; `shown` says when, by level: a day after onset if nothing is."""
    until = T0 + onset + lasts
    return Trial(
        fault=fault,
        kind="pump-set",
        devices=devices or ("P-1",),
        seed=seed,
        severity=severity,
        channel="",
        family=family,
        classes=classes,
        onset=T0 + onset,
        felt_until=until,
        failure=until if family == "slow" else None,
        shown={Level(level): T0 + at for level, at in (shown or {"yellow": onset + DAY}).items()},
    )


def ticket(
    kind: str = "pump.unusual",
    yellow: float | None = None,
    red: float | None = None,
    *,
    devices: tuple[str, ...] = ("P-1",),
    red_for: float = 0.0,
    by_score: bool = False,
    number: int = 0,
) -> Raised:
    """A ticket that was yellow, red, or yellow and then red."""
    told = [(T0 + at, level) for at, level in ((yellow, Level.YELLOW), (red, Level.RED)) if at is not None]
    return Raised(
        ticket=f"{kind}:{devices[0]}:{told[0][0]:.0f}:{number}",
        devices=devices,
        building="A",
        kind=kind,
        rule=kind.replace(".", "-"),
        title=f"{devices[0]} {kind}",
        told=tuple(told),
        red_for_s=red_for,
        by_score=by_score,
    )


def evaluation(site: Config) -> Evaluation:
    """Two seeds: two slow faults, of which one is missed, two dry runs, a stuck sensor, and two false tickets."""
    trials = [
        trial(severity=0.3),
        trial("bearing-wear", "P-2", severity=1.0, seed=8),
        trial("dry-run", "P-1", family="safety", classes=("pump.dry_run",), lasts=HOUR, red=DAY + 2.0),
        trial("dry-run", "P-2", family="safety", classes=("pump.dry_run",), lasts=HOUR, red=DAY + 2.0, seed=8),
        trial("stuck-sensor", "P-3", family="sensor", classes=("pump.sensor",), lasts=DAY, yellow=DAY),
    ]
    told = [
        ticket(yellow=3 * DAY, by_score=True),
        ticket("pump.bearing", yellow=6 * DAY),
        ticket("pump.dry_run", red=DAY + 15.0, red_for=10.0),
        ticket("pump.dry_run", red=DAY + 30.0, red_for=10.0, devices=("P-2",)),
        ticket("pump.clog", yellow=DAY + HOUR, devices=("P-3",)),
    ]
    of_seed = {seed: [each for each in trials if each.seed == seed] for seed in (7, 8)}
    heard = {7: [told[0], told[1], told[2], told[4]], 8: [told[3]]}
    judged = [verdict for seed in (7, 8) for verdict in verdicts(of_seed[seed], heard[seed])]
    strays = [stray for seed in (7, 8) for stray in unexplained(of_seed[seed], heard[seed], seed)]
    false = (ticket("pump.unusual", yellow=HOUR, by_score=True), ticket("pump.dry_run", red=2 * HOUR))
    times = np.linspace(T0, T0 + 11 * DAY, 50)
    return Evaluation(
        config=site,
        asked=Asked(7, {7: T0, 8: T0 + 90 * DAY}, 5.0, 1, ("bearing-wear", "dry-run", "stuck-sensor")),
        weeks=(Weeks(7, T0, T0 + 7 * DAY, false), Weeks(8, T0 + 90 * DAY, T0 + 97 * DAY, ())),
        verdicts=tuple(judged),
        strays=tuple(strays),
        examples=(Example(judged[0], "vibration", "mm/s", times, np.sin(times) + times - T0, np.sin(times)),),
        trial_days=33.0,
        evaluations=1234,
    )
