"""Holds what the rules did against what a test expects: whatever calls a person must be expected, and nothing else.

Firing and escalating are exact: each must be expected, unless the rule is ignored. Clearing is looked at only for the
rules of which the test expects it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from gateway.core.messages import Language
from gateway.core.types import Ticket
from gateway.workbench.testing.moments import moment
from gateway.workbench.testing.testfile import Expectation, RuleTest, TicketExpectation
from rules.rule import Transition

SLACK_S = 1e-3
"""Sums of steps since 1970 are no better than this; a moment on a limit does not lie before or after it."""


@dataclass(frozen=True, slots=True)
class Event:
    """A change of a rule, and the ticket as it stood right after it, in each language."""

    begin: float
    """The moment that the test calls 0."""
    transition: Transition
    tickets: Mapping[Language, Ticket | None]
    message: str = "none"
    """The event that the dispatch API is told of; `none` if it need not know."""

    @property
    def at(self) -> float:
        """Seconds since the beginning of the test."""
        return self.transition.time - self.begin

    def is_a(self, expectation: Expectation) -> bool:
        """Whether it is what is expected, whenever it may have come."""
        is_, want = self.transition, expectation
        return (is_.rule, is_.change, is_.level) == (want.rule, want.change, want.level)


@dataclass(frozen=True, slots=True)
class Misfit:
    """A field of a ticket that is not as expected; `actual` is empty where the ticket lacks it, or is not there."""

    field: str
    expected: str
    actual: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Something expected that did not come, or came at another time; something that came and was not expected.

    With `misfits`, the change came as expected and its ticket says something else.
    """

    rule: str
    expected: Expectation | None = None
    actual: Event | None = None
    misfits: tuple[Misfit, ...] = ()


def judge(test: RuleTest, events: Sequence[Event]) -> tuple[Failure, ...]:
    """Everything in which the events differ from what the test expects; nothing if it passes."""
    left, missed, failures = list(events), list[Expectation](), list[Failure]()
    for expectation in sorted(test.expect, key=lambda each: each.at is None):  # exact moments choose first
        mine = [event for event in left if event.is_a(expectation) and _may_be(expectation, event, test.step)]
        if mine:
            left = [event for event in left if event not in (mine if expectation.at is None else mine[:1])]
            failures += _judge_one(expectation, mine[0])
        elif not expectation.never:
            missed.append(expectation)
    left = [event for event in left if _counts(event, test)]
    for expectation in missed:
        of_rule = (event for event in left if event.transition.rule == expectation.rule)
        nearest = min(of_rule, key=_distance(expectation), default=None)
        left = [event for event in left if event is not nearest]
        failures.append(Failure(expectation.rule, expectation, nearest))
    never = {each.rule: each for each in test.expect if each.never}
    failures += [Failure(event.transition.rule, never.get(event.transition.rule), event) for event in left]
    return tuple(failures)


def _may_be(expectation: Expectation, event: Event, step_s: float) -> bool:
    return expectation.at is None or abs(event.at - expectation.at) < step_s / 2


def _counts(event: Event, test: RuleTest) -> bool:
    """Whether it fails the test if nothing expects it."""
    rule = event.transition.rule
    told = event.transition.change != "cleared" or any(each.cleared and each.rule == rule for each in test.expect)
    return told and rule not in test.ignore


def _distance(expectation: Expectation) -> Callable[[Event], tuple[bool, float]]:
    """What makes a change near to an expected one: that it is the same change, then when it came."""
    wanted = next((at for at in (expectation.at, expectation.before, expectation.after) if at is not None), 0.0)
    return lambda event: (not event.is_a(expectation), abs(event.at - wanted))


def _judge_one(expectation: Expectation, event: Event) -> Iterator[Failure]:
    """What is wrong with the change that came as expected."""
    too_late = expectation.before is not None and event.at > expectation.before - SLACK_S
    too_early = expectation.after is not None and event.at < expectation.after + SLACK_S
    if too_late or too_early:
        yield Failure(expectation.rule, expectation, event)
    elif expectation.ticket and (misfits := tuple(_misfits(expectation.ticket, event))):
        yield Failure(expectation.rule, expectation, event, misfits)


def _misfits(want: TicketExpectation, event: Event) -> Iterator[Misfit]:
    """The fields of the ticket that say something else."""
    for field, expected, actual in _fields(want, event):
        if expected != actual:
            yield Misfit(field, expected, actual)


def _fields(want: TicketExpectation, event: Event) -> Iterator[tuple[str, str, str]]:
    """Each field that is expected: its name, what it should be, what it is."""
    for language, text in want.title.items():
        ticket = event.tickets[language]
        yield f"title.{language}", text, ticket.title if ticket else ""
    ticket = event.tickets["en"]
    for field, expected in (("level", want.level), ("class", want.kind), ("policy", want.policy)):
        if expected is not None:
            yield field, expected, getattr(ticket, "kind" if field == "class" else field, "")
    for limit, seconds in want.due.items():
        due = ticket.due.get(limit) if ticket else None
        yield f"due.{limit}", moment(seconds), "" if due is None else moment(round(due - event.transition.time, 3))
    if want.occurrences is not None:
        yield "occurrences", f"{want.occurrences}", f"{ticket.occurrences}" if ticket else ""
    if want.message is not None:
        yield "message", want.message, event.message
