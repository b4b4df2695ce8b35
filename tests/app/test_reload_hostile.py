"""Damaged configurations, one after another, reloaded by one daemon: it misses no round and takes none over by half."""

import asyncio
import logging
import os
import random
import time
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from gateway.app.reload import Reloads
from gateway.app.reload_report import Report
from gateway.core import systemd
from gateway.core.config import Config, load
from gateway.core.plugins import Plugins
from tests.app.mutilated import Mutilator
from tests.app.played import Pumps, running
from tests.app.small_site import until

log = logging.getLogger(__name__)

CASES = int(os.environ.get("SOAK_RELOADS", "100"))
READINGS = ((3.0, 5.0), (1.5, 5.0), (0.5, 9.0), (3.0, 3.0), (3.0, 0.5))


@pytest.mark.timeout(60 + CASES)
async def test_any_configuration_is_taken_over_whole_or_not_at_all(
    config: Config, plugins: Plugins, pumps: Pumps, reloads: list[Reloads], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, chance, became = Mutilator(config.path.parent, seed=CASES), random.Random(CASES), Counter[str]()
    worked: list[float] = []
    monkeypatch.setattr(systemd, "pat_watchdog", lambda: worked.append(time.perf_counter()))
    longest_s = 0.0
    async with running(config, plugins):
        (mine,) = reloads
        await until(lambda: len(worked) > 2)
        for number in range(CASES):
            pumps.shown[f"P-{number % 2}"] = chance.choice(READINGS)
            done, before, rounds = site.next(), _in_force(mine), len(worked)
            began = time.perf_counter()
            report = await mine.reload()
            longest_s = max(longest_s, time.perf_counter() - began)
            assert "reload_failed" not in [finding.kind for finding in report.errors], done
            today = await asyncio.to_thread(load, config.path, plugins=plugins)
            _assert_whole(mine, report, before, today.config, done)
            became[report.errors[0].kind if report.errors else "accepted"] += 1
            await until(lambda rounds=rounds: len(worked) > rounds)  # type: ignore[misc]  # mypy has no type for it
            await _assert_stored(mine, done)
    gaps = [after - before for before, after in pairwise(worked)]
    log.info("reloads=%d longest_reload_s=%.2f longest_round_gap_s=%.2f", CASES, longest_s, max(gaps))
    log.info("became=%s", dict(became.most_common()))
    assert 0.1 * CASES < became["accepted"] < 0.9 * CASES
    assert max(gaps) < 2.0


def _in_force(mine: Reloads) -> tuple[object, ...]:
    """All that decides: the desk's rules and policies, and each engine's rules by fingerprint."""
    desk, engines = mine._round.desk, mine._round.engines
    return dict(desk.rules), dict(desk.terms.policies), {name: e.book.fingerprints for name, e in engines.items()}


def _assert_whole(mine: Reloads, report: Report, before: tuple[object, ...], today: Config | None, done: str) -> None:
    if not report.accepted:
        assert _in_force(mine) == before, done
        assert mine.health().state == "degraded"
        return
    assert today is not None, done
    rules = today.all_rules
    books = {p: {r.id: r.fingerprint for r in today.rules_for(p)} for p in mine._round.engines}
    assert _in_force(mine) == (rules, dict(today.policies), books), done
    assert mine.health().state == "ok"


async def _assert_stored(mine: Reloads, done: str) -> None:
    """Between two rounds: what fires in the engine, at the desk and in the store is the same, under today's rules."""
    round_ = mine._round
    async with asyncio.timeout(10.0):
        await round_.save()
        while round_._unsaved.changes(0.0) is not None:  # a round was worked while the disk was waited for
            await round_.save()
    store = round_.writer._store  # asked on the loop, so that no round is worked meanwhile
    saved = store.load()
    (engine,) = round_.engines.values()
    devices = engine.fleet.ids
    rules, cells = list(engine.book.fingerprints), np.flatnonzero(engine.book._tracker.level)
    firing = {(rules[cell // len(devices)], devices[cell % len(devices)]) for cell in cells}
    stored = {(state.rule, state.device): state.fingerprint for state in saved.rule_states}
    assert {key for key in stored if key in firing} == firing, done
    assert all(engine.book.fingerprints.get(rule) == fingerprint for (rule, _), fingerprint in stored.items()), done
    at_desk = {(rule, ticket.device) for ticket in round_.desk.open_tickets for rule in ticket.firing}
    assert at_desk == firing, done
    assert {t.id: t for t in saved.open_tickets} == {t.id: t for t in round_.desk.open_tickets}, done
    await asyncio.sleep(0)
