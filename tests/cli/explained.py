"""Answers to `gateway why` as a daemon gives them: the shipped rules of a pump, shown some readings."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from drivers.device import Device, Profile
from gateway.app.why import why
from gateway.core import yamlfile
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.packs import read_packs
from gateway.core.plugins import discover
from gateway.core.settings import BUILT_IN_POLICIES
from gateway.core.types import Fleet
from gateway.pipeline.engine import Engine
from gateway.tickets.desk import Desk
from gateway.tickets.terms import Terms
from gateway.workbench.testing.kit import Kit
from rules.book import Book
from rules.rule import Rule
from rules.vocabulary import Vocabulary

ROOT = Path(__file__).parents[2]
T0 = 1_773_651_600.0  # 2026-03-16 17:00 in Shanghai
RUNNING = {"running": 1.0, "flow": 3.2, "power": 6.1, "pressure": 0.45, "bearing_temp": 50.0}
DEAF = {name: value for name, value in RUNNING.items() if name != "power"} | {"flow": 0.1, "pressure": 0.02}
DRY = DEAF | {"power": 1.2}
HOT = RUNNING | {"bearing_temp": 76.0}
AT_NIGHT = Rule.model_validate(
    {"id": "night-flow", "yellow": {"when": "flow > 2 or avg(flow, 1h) > 0.5", "for": "5m", "between": "02:00-04:00"}}
)
IN_SUMMER = Rule.model_validate(
    {"id": "summer-flow", "season": {"from": "05-01", "to": "09-30"}, "yellow": {"when": "flow > 2"}}
)
BEFORE_SUMMER = IN_SUMMER.model_copy(update={"id": "before-summer", "ahead_s": 30 * 86_400.0})


@cache
def _profile() -> Profile:
    return Kit.built_in(discover()).profiles["pump-set"]


def answer(rule: str, *shown: Mapping[str, float], closed: bool = False) -> Mapping[str, Any]:
    """How a rule stands after readings a minute apart; `closed`: a person closes every ticket at once."""
    profile = _profile()
    device = Device(id="P-1", profile="pump-set", on="bus", ratings={"rated_power": 7.5, "set_pressure": 0.45})
    packs = read_packs(yamlfile.read(ROOT / "config.yaml"), ROOT, ["rules/packs/pump-set.yaml"])
    rules = {each.id: each for each in (*packs.rules_for("pump-set"), AT_NIGHT, IN_SUMMER, BEFORE_SUMMER)}
    ratings = {name: np.array([value]) for name, value in device.ratings.items()}
    units = {point.name: point.unit for point in profile.points}
    words = Vocabulary(profile.names, units, ratings, ("usual",), 1, UTC_ALMANAC)
    engine = Engine(Fleet(profile, (device,)), {}, Book(tuple(rules.values()), words))
    desk = Desk(Terms("shop", "zh", BUILT_IN_POLICIES), rules)
    for i, row in enumerate(shown):
        values = np.array([[[row.get(name, np.nan) for name in profile.names]]])
        age = np.where(np.isnan(values), np.where(np.isin(profile.names, ["vibration"]), np.inf, 187.0), 0.0)
        for change in engine.book.update(
            np.array([T0 + 60.0 * i]),
            values,
            age,
            dict.fromkeys(words.said, np.full((1, 1), np.nan)),
        ):
            desk.receive(device, change, change.time)
            for ticket in desk.open_tickets if closed else ():
                desk.close(ticket.id, "somebody", change.time)
    found = why([engine], desk, rule, "P-1")
    assert found is not None
    return found
