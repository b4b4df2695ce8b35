"""What the rule tests of one profile have in common: its rules, and the names that these may use."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from drivers.device import Profile
from gateway.core.almanac import UTC_ALMANAC
from gateway.core.config import ranges_of
from gateway.core.packs import Packs
from gateway.workbench.testing.kit import Kit
from gateway.workbench.testing.testfile import RuleTest
from rules.plan import plan_rules
from rules.rule import Rule
from rules.vocabulary import SAID, Vocabulary

_SAID = re.compile(rf"\b(?:{'|'.join(SAID)})\.([A-Za-z0-9_]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Subject:
    """The rules of one pack for one profile."""

    profile: Profile
    rules: Mapping[str, Rule]
    scores: tuple[str, ...]
    """Every detector that a rule reads; what nobody plays or computes is unknown."""
    ratings: tuple[str, ...]
    """The ratings of the profile and of all tests together: what a test and the profile lack is unknown there."""

    def vocabulary(self, ratings: Mapping[str, float]) -> Vocabulary:
        """The names that rules may use about one device. The clock on its wall shows the seconds since 1970."""
        return Vocabulary(
            points=self.profile.names,
            units={point.name: point.unit for point in self.profile.points},
            ratings={name: np.array([self.profile.rated(name, ratings)]) for name in self.ratings},
            scores=self.scores,
            devices=1,
            calendar=UTC_ALMANAC,
            ranges=ranges_of(self.profile),
        )

    def read_by(self, rule: str) -> frozenset[str]:
        """The points and scores that a rule speaks of."""
        plans, _ = plan_rules([self.rules[rule]], self.vocabulary({}), {})
        return plans[0].names


def subjects(tests: Iterable[RuleTest], packs: Packs, kit: Kit) -> dict[str, Subject]:
    """One for each profile of the tests that exists, by its name."""
    by_profile: dict[str, list[RuleTest]] = {}
    for test in tests:
        by_profile.setdefault(test.profile, []).append(test)
    return {name: _subject(kit.profiles[name], of, packs) for name, of in by_profile.items() if name in kit.profiles}


def _subject(profile: Profile, tests: Iterable[RuleTest], packs: Packs) -> Subject:
    rules = packs.rules_for(profile.profile)
    scores = {score for rule in rules for text in rule.conditions for score in _SAID.findall(text)}
    ratings = {*profile.ratings, *(name for test in tests if test.device for name in test.device.ratings)}
    return Subject(profile, {rule.id: rule for rule in rules}, tuple(sorted(scores)), tuple(sorted(ratings)))
