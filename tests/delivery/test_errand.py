"""One attempt against receivers that no key protects: what may have arrived is found, and made a second time never."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from gateway.core.types import Message
from gateway.delivery import errand
from gateway.delivery.receiver import Outcome, Reason, Result
from gateway.delivery.records import Outgoing

Make = Callable[..., Any]
OK = Result(Outcome.OK, Reason.ACCEPTED)
EXISTS = Result(Outcome.EXISTS, Reason.KNOWN, id="7")
ABSENT = Result(Outcome.ABSENT, Reason.NOT_FOUND)
AUTH = Result(Outcome.AUTH, Reason.REFUSED, detail="401")
LOST = Result(Outcome.UNKNOWN, Reason.BROKEN_OFF)
MUTE = Result(Outcome.UNKNOWN, Reason.BAD_ANSWER, detail="nothing to go by")
LATER = Result(Outcome.RETRY, Reason.BUSY)
NO = Result(Outcome.PERMANENT, Reason.REJECTED, detail="isn't a valid status")
NOW = 1_000_000.0


@dataclass
class Scripted:
    """A receiver whose answers are written down, and what it was asked."""

    answers: dict[str, Result]
    remembers_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def probe(self) -> Result:
        return self._answer("probe", OK)

    async def find(self, message: Message) -> Result:
        return self._answer("find", ABSENT)

    async def create(self, message: Message) -> Result:
        return self._answer("create", OK)

    async def comment(self, message: Message, work_order: str) -> Result:
        return self._answer("comment", OK)

    async def set_state(self, message: Message, work_order: str) -> Result:
        return self._answer("set_state", OK)

    async def read(self, ticket: str, work_order: str = "") -> Result:
        return self._answer("read", OK)

    async def trying(self) -> None:
        self.asked.append("trying")

    def _answer(self, step: str, otherwise: Result) -> Result:
        self.asked.append(step)
        return self.answers.get(step, otherwise)


@pytest.fixture
def waiting(ticket: Make, message: Make) -> Callable[..., Outgoing]:
    def make(number: int = 0, **stands: Any) -> Outgoing:
        event = "closed" if number else "created"
        return replace(Outgoing(message(ticket(1), number, event), "pending", 0, 0.0, None, ""), **stands)

    return make


async def attempt(receiver: Scripted, outgoing: Outgoing) -> Result:
    return await errand.run(receiver, outgoing, NOW, receiver.trying)


async def test_what_was_never_sent_is_made_without_looking(waiting: Callable[..., Outgoing]) -> None:
    receiver = Scripted({})
    assert (await attempt(receiver, waiting())).delivered
    assert receiver.asked == ["trying", "create"], "it is known before it goes out that it may have arrived"


@pytest.mark.parametrize(
    ("answers", "asked", "result"),
    [
        ({"find": EXISTS}, ["probe", "find"], EXISTS),
        ({}, ["probe", "find", "trying", "create"], OK),
        ({"create": LOST}, ["probe", "find", "trying", "create"], LOST),
        ({"probe": AUTH, "find": ABSENT}, ["probe"], AUTH),
        ({"probe": LATER}, ["probe"], LATER),
        ({"find": LATER}, ["probe", "find"], LATER),
    ],
)
async def test_what_may_have_arrived_is_looked_for_in_a_session_that_is_proven(
    waiting: Callable[..., Outgoing], answers: dict[str, Result], asked: list[str], result: Result
) -> None:
    receiver = Scripted(answers)
    assert await attempt(receiver, waiting(tried_at=NOW - 5.0)) == result
    assert receiver.asked == asked


@pytest.mark.parametrize(("age_s", "made"), [(59.0, True), (61.0, False), (-5.0, False)])
async def test_an_answer_that_proves_nothing_is_enough_only_while_the_key_is_remembered(
    waiting: Callable[..., Outgoing], age_s: float, *, made: bool
) -> None:
    receiver = Scripted({"find": MUTE}, remembers_s=60.0)
    result = await attempt(receiver, waiting(tried_at=NOW - age_s))
    assert ("create" in receiver.asked) is made
    assert (result.outcome, result.reason) == (("ok", "accepted") if made else ("retry", "unproven"))


async def test_made_but_not_found_stops_and_is_shown(waiting: Callable[..., Outgoing]) -> None:
    receiver = Scripted({})
    result = await attempt(receiver, waiting(tried_at=NOW - 5.0, work_order="42"))
    assert (result.outcome, result.reason) == (Outcome.PERMANENT, Reason.MADE_BUT_ABSENT)
    assert "42" in result.detail
    assert receiver.asked == ["probe", "find"]


async def test_an_event_of_an_order_with_a_number_is_no_such_case(waiting: Callable[..., Outgoing]) -> None:
    receiver = Scripted({})
    assert (await attempt(receiver, waiting(3, tried_at=NOW - 5.0, work_order="42"))).delivered
    assert receiver.asked == ["probe", "find", "trying", "comment", "set_state"]


@pytest.mark.parametrize(
    ("moved", "outcome"), [(OK, Outcome.OK), (LATER, Outcome.UNKNOWN), (AUTH, Outcome.UNKNOWN), (NO, Outcome.PERMANENT)]
)
async def test_a_state_that_does_not_follow_is_not_told_again(
    waiting: Callable[..., Outgoing], moved: Result, outcome: Outcome
) -> None:
    """The comment has arrived: what comes next must look for it."""
    receiver = Scripted({"set_state": moved})
    assert (await attempt(receiver, waiting(3))).outcome is outcome
    found = Scripted({"find": EXISTS, "set_state": moved})
    await attempt(found, waiting(3, tried_at=NOW))
    assert found.asked == ["probe", "find", "set_state"]


async def test_two_of_it_are_a_warning(waiting: Callable[..., Outgoing], caplog: pytest.LogCaptureFixture) -> None:
    twice = replace(EXISTS, detail="the receiver has it 2 times: 7, 12")
    with warned(caplog) as said:
        assert (await attempt(Scripted({"find": twice}), waiting(tried_at=NOW))).id == "7"
    assert any("7, 12" in line for line in said)


@contextmanager
def warned(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    said: list[str] = []
    with caplog.at_level(logging.WARNING, "gateway.delivery.errand"):
        yield said
    said += caplog.messages
