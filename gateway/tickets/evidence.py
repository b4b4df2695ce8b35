"""The numbers behind a ticket, as they are stored and sent."""

from collections.abc import Mapping
from typing import Any

from gateway.core.plain import plain
from gateway.tickets.explanation import Voice, explained
from models.detector import Explanation
from rules.rule import Transition


def evidence_of(transition: Transition, why: Mapping[str, Explanation], profile: str, voice: Voice) -> dict[str, Any]:
    """What the rule saw on a device of the profile, and why detectors saw it so; JSON types only."""
    evidence: dict[str, Any] = {"since": transition.since, "values": dict(transition.evidence)}
    if why:
        evidence["scores"] = {name: explained(each, profile, transition.time, voice) for name, each in why.items()}
    json_only: dict[str, Any] = plain(evidence)
    return json_only
