"""Two backtests of the same time side by side: which tickets a change of rules adds, loses, moves or makes worse.

A ticket of one outcome and a ticket of the other are the same if they are about the same device and class of problem
and their lives overlap, or lie no more than an hour apart. Where several could be, those that overlap longest belong
together, then those that begin closest; each ticket has at most one partner.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.workbench.backtest.outcome import Case, Outcome

NEAR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Pair:
    """The same ticket under the rules of before and of after."""

    before: Case
    after: Case

    @property
    def moved_s(self) -> float:
        """How much later it comes; negative: earlier."""
        return self.after.ticket.fired_at - self.before.ticket.fired_at

    @property
    def changed_level(self) -> bool:
        """Whether it opens or ends at another level."""
        before, after = self.before, self.after
        return (before.opened_as, before.ticket.level) != (after.opened_as, after.ticket.level)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changes from `before` to `after`, each in order of time; a pair may be both moved and of another level."""

    added: tuple[Case, ...]
    lost: tuple[Case, ...]
    pairs: tuple[Pair, ...]

    @property
    def moved(self) -> tuple[Pair, ...]:
        """Those that come at another moment."""
        return tuple(pair for pair in self.pairs if pair.moved_s)

    @property
    def levels(self) -> tuple[Pair, ...]:
        """Those that have another level."""
        return tuple(pair for pair in self.pairs if pair.changed_level)

    @property
    def same(self) -> tuple[Pair, ...]:
        """Those with nothing changed."""
        return tuple(pair for pair in self.pairs if not pair.moved_s and not pair.changed_level)


def compare(before: Outcome, after: Outcome) -> Comparison:
    """What the rules of `after` change against those of `before`."""
    old, new = _by_problem(before.cases), _by_problem(after.cases)
    pairs = [pair for problem in old.keys() & new.keys() for pair in _pairs(old[problem], new[problem], after.end)]
    kept_before = {pair.before.ticket.id for pair in pairs}
    kept_after = {pair.after.ticket.id for pair in pairs}
    return Comparison(
        added=tuple(case for case in after.cases if case.ticket.id not in kept_after),
        lost=tuple(case for case in before.cases if case.ticket.id not in kept_before),
        pairs=tuple(sorted(pairs, key=lambda pair: (pair.after.ticket.fired_at, pair.after.ticket.id))),
    )


def _by_problem(cases: Iterable[Case]) -> Mapping[tuple[str, str], list[Case]]:
    found: dict[tuple[str, str], list[Case]] = defaultdict(list)
    for case in cases:
        found[case.ticket.device, case.ticket.kind].append(case)
    return found


def _pairs(old: Sequence[Case], new: Sequence[Case], end: float) -> Iterator[Pair]:
    """The pairs of one device and class, best first."""
    possible = [(pair, common_s) for pair in _neighbours(old, new, end) if (common_s := _common_s(pair, end)) > -NEAR_S]
    possible.sort(key=lambda each: (-max(each[1], 0.0), abs(each[0].moved_s)))
    taken: set[tuple[str, str]] = set()
    for pair, _ in possible:
        ids = {("before", pair.before.ticket.id), ("after", pair.after.ticket.id)}
        if not taken & ids:
            taken |= ids
            yield pair


def _neighbours(old: Sequence[Case], new: Sequence[Case], end: float) -> Iterator[Pair]:
    """All pairs but those that lie too far apart: of one device and class, each ticket ends before the next begins."""
    first = 0
    for case in old:
        begin, until = case.life(end)
        while first < len(new) and new[first].life(end)[1] <= begin - NEAR_S:
            first += 1
        last = first
        while last < len(new) and new[last].life(end)[0] < until + NEAR_S:
            yield Pair(case, new[last])
            last += 1


def _common_s(pair: Pair, end: float) -> float:
    """For how long both are open; negative: how far apart they lie."""
    (a, b), (c, d) = pair.before.life(end), pair.after.life(end)
    return min(b, d) - max(a, c)
