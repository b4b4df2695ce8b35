"""The numbers behind a ticket, as they are stored and sent."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from gateway.core.messages import Language
from gateway.core.plain import plain
from gateway.tickets import texts
from models.detector import Explanation
from rules.rule import Transition


def evidence_of(transition: Transition, why: Mapping[str, Explanation], language: Language) -> dict[str, Any]:
    """What the rule saw, and why detectors saw it so; JSON types only."""
    evidence: dict[str, Any] = {"since": transition.since, "values": dict(transition.evidence)}
    if why:
        evidence["scores"] = {
            name: {"text": texts.explanation(explanation, language), **asdict(explanation)}
            for name, explanation in why.items()
        }
    json_only: dict[str, Any] = plain(evidence)
    return json_only
