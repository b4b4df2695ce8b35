"""What became of a reload: for the log, for the pages, and for the person who asked for it."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from gateway.app.difference import Difference
from gateway.core.findings import Finding
from gateway.core.messages import Language, say

log = logging.getLogger(__name__)

MOST_NAMED = 20
"""Rules, alerts or findings that one list names; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Report:
    """One reload. Refused, it changed nothing, and `findings` has an error."""

    at: float
    accepted: bool
    findings: tuple[Finding, ...] = ()
    difference: Difference = field(default_factory=Difference)
    cleared: tuple[tuple[str, str], ...] = ()
    """Alerts (rule, device) that were active and ended with their rule."""
    blind: tuple[str, ...] = ()
    """Rules with a new window of which the past is not known; they see once it has filled."""

    @property
    def errors(self) -> Sequence[Finding]:
        """What is wrong, in the order of the files."""
        return [finding for finding in self.findings if finding.severity == "error"]

    def reason(self, language: Language) -> str:
        """Why it was refused, in one sentence."""
        first, *others = self.errors
        more = say("and_more", " (and {count} more)", {"count": len(others)}, language) if others else ""
        stays = say("old_rules_stay", "; the old rules stay in force", {}, language)
        return f"{first.file}:{first.line}: {first.message(language)}{more}{stays}"

    def json(self, language: Language) -> Mapping[str, Any]:
        """The report for machines; the sentences of findings are in the language."""
        return {
            "at": self.at,
            "outcome": "accepted" if self.accepted else "refused",
            "errors": len(self.errors),
            "findings": [finding.json(language) for finding in self.findings[:MOST_NAMED]],
            **asdict(self.difference),
            "cleared": [{"rule": rule, "device": device} for rule, device in self.cleared],
            "blind": list(self.blind),
        }

    def tell(self) -> None:
        """Write it to the log."""
        if not self.accepted:
            log.error("reload outcome=refused errors=%d; the old rules stay in force", len(self.errors))
        for finding in self.findings:
            level = logging.ERROR if finding.severity == "error" else logging.WARNING
            log.log(level, "reload %s:%d:%d: %s", finding.file, finding.line, finding.column, finding.message())
        if self.accepted:
            log.info("reload outcome=accepted kept=%d", self.difference.kept)
            lists = {**asdict(self.difference), "cleared": map("@".join, self.cleared), "blind": self.blind}
            for name in ("added", "removed", "changed", "reworded", "policies", "cleared", "blind"):
                _tell(name, lists[name])


def _tell(name: str, items: Iterable[str]) -> None:
    listed = list(items)
    if listed:
        more = f" and {len(listed) - MOST_NAMED} more" if len(listed) > MOST_NAMED else ""
        log.info("reload %s=%s%s", name, ",".join(listed[:MOST_NAMED]), more)
