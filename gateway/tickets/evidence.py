"""The numbers behind a ticket, as they are stored and sent."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.core.plain import plain
from gateway.tickets.explanation import Voice, explained
from gateway.tickets.facts import told
from models.detector import Explanation
from rules.rule import Rule, Transition

NO_RATINGS: Mapping[str, float] = MappingProxyType({})


def evidence_of(
    transition: Transition,
    why: Mapping[str, Explanation],
    profile: str,
    voice: Voice,
    rule: Rule | None = None,
    ratings: Mapping[str, float] = NO_RATINGS,
) -> dict[str, Any]:
    """What the rule saw on a device of the profile, beside which limits, and why detectors saw it so; JSON types only.

    With the rule it also says which condition held, and each value with its limit in `text`.
    """
    evidence: dict[str, Any] = {"since": transition.since, "values": dict(transition.evidence)}
    if rule is not None:
        evidence |= told(rule, transition, profile, ratings, voice)
    if why:
        evidence["scores"] = {name: explained(each, profile, transition.time, voice) for name, each in why.items()}
    json_only: dict[str, Any] = plain(evidence)
    return json_only
