"""The ledger: what people said of tickets when they closed them, and what that says of the rules.

A rule's precision is the share of its tickets that meant something: true / (true + false). A ticket closed as normal
counts as neither: it was worth a look, and is not to come again.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.core.types import Closing, Ticket, Verdict

_SCORE = "score."


@dataclass(frozen=True, slots=True)
class Tally:
    """How many tickets were closed with each verdict."""

    done: int = 0
    normal: int = 0
    false: int = 0

    @property
    def precision(self) -> float | None:
        """Share of true ones among the true and the false, 0 to 1; None if there are neither."""
        return self.done / (self.done + self.false) if self.done + self.false else None

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> "Tally":
        """Count."""
        count = Counter(verdicts)
        return cls(count[Verdict.DONE], count[Verdict.NORMAL], count[Verdict.FALSE])


def closing_of(ticket: Ticket, verdict: Verdict, by: str, now: float) -> Closing:
    """The line for a ticket that is being closed."""
    seen = [ticket.evidence, ticket.evidence.get("escalated") or {}]
    names = {name for evidence in seen for name in evidence.get("values") or {}}
    scores = tuple(sorted(name.removeprefix(_SCORE) for name in names if name.startswith(_SCORE)))
    return Closing(ticket.id, ticket.rule, ticket.device, ticket.kind, ticket.fired_at, now, verdict, by, scores)


def tallies(closings: Iterable[Closing]) -> Mapping[str, Tally]:
    """By rule, those with most closings first."""
    verdicts = defaultdict(list)
    for closing in closings:
        verdicts[closing.rule].append(closing.verdict)
    return {rule: Tally.of(verdicts[rule]) for rule in sorted(verdicts, key=lambda rule: (-len(verdicts[rule]), rule))}
