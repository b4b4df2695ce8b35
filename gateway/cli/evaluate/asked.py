"""What a person asks an evaluation for: which days, which seeds, which faults."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.cli.backtest.chosen import duration
from gateway.cli.faults import local_seconds
from gateway.cli.screen import Failed
from gateway.core.config import Config
from gateway.workbench.evaluate.campaign import Asked
from simulators.faults import FAULTS
from simulators.faults.incident import INCIDENTS

Part = Literal["normal", "faults"]

SEASONS = ("2026-04-06", "2026-07-06", "2026-02-02")
"""When the weeks of the first, second, third seed begin: spring, the hottest weeks, and winter with Spring Festival."""

_FINEST_S, _COARSEST_S = 1.0, 60.0


def asked_for(
    config: Config,
    known: Sequence[str],
    days: int,
    seeds: Sequence[int],
    since: str | None,
    every: str,
    cases: int,
    faults: Sequence[str],
    only: Part | None,
) -> Asked:
    """What to play; `known` are the faults that can befall the site. Raises Failed."""
    every_s = duration(every, "--every")
    if not _FINEST_S <= every_s <= _COARSEST_S:
        raise Failed("every_out_of_range", "--every {text} is not within 1s and 60s", text=every)
    for name in faults:
        _refuse_unknown(name, known)
    if only == "normal" and faults:
        raise Failed("fault_of_normal_weeks", "--fault goes without --only normal: nothing befalls anything then")
    if not config.devices:
        raise Failed("nothing_to_evaluate", "the site has no devices")
    return Asked(
        days=days,
        starts=_starts(list(dict.fromkeys(seeds)), since, config.site.zone),
        every_s=every_s,
        cases=cases,
        faults=() if only == "normal" else tuple(dict.fromkeys(faults or known)),
        normal=only != "faults" and not faults,
    )


def _refuse_unknown(name: str, known: Sequence[str]) -> None:
    """Raises Failed if no such fault can befall the site."""
    if name not in FAULTS and name not in INCIDENTS:
        near = get_close_matches(name, [*FAULTS, *INCIDENTS], n=1)
        if near:
            raise Failed(
                "no_such_fault_near", "there is no fault {name}; did you mean {near}?", name=name, near=near[0]
            )
        raise Failed("no_such_fault", "there is no fault {name}; there are {known}", name=name, known=" ".join(known))
    if name in INCIDENTS and name not in known:
        raise Failed("incident_without_place", "{name} has no place in this site", name=name)
    if name not in known:
        kind = FAULTS[name].kind
        raise Failed(
            "fault_without_machine",
            "{name} needs a device of type {machine}, and the site has none",
            name=name,
            machine=kind,
        )


def _starts(seeds: Sequence[int], since: str | None, zone: ZoneInfo) -> dict[int, float]:
    """Midnight in the site's zone."""
    try:
        return {seed: local_seconds(since or SEASONS[n % len(SEASONS)], zone) for n, seed in enumerate(seeds)}
    except ValueError as error:
        raise Failed("no_date", "--from {text} is no date; write it as 2026-03-16", text=since) from error
