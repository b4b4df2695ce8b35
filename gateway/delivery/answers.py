"""Judges what the dispatch API answered. Pure; `own_api` asks, dispatch acts.

Only a proper acknowledgement counts as delivered: a system that answers 200 with a login page has not got the ticket.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

from pydantic_core import from_json

from gateway.core.types import Message
from gateway.delivery.outbox import LONGEST_PAUSE_S
from gateway.delivery.receiver import Outcome, Reason, Result

LONGEST_ANSWER_BYTES = 64 * 1024
SLOW_PAUSE_S = 30.0
"""The first pause after an answer that only a person can put right: a wrong token, a wrong address."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read to its end; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


_ACKNOWLEDGING = {200, 201, 202}
_NO_SUCH_PAGE = {404, 405, 501}
_BY_STATUS = {
    401: (Outcome.AUTH, Reason.REFUSED),
    403: (Outcome.AUTH, Reason.REFUSED),
    404: (Outcome.RETRY, Reason.NOT_FOUND),
    408: (Outcome.UNKNOWN, Reason.TIMED_OUT),
    429: (Outcome.RETRY, Reason.BUSY),
}
_BY_CLASS = {
    3: (Outcome.RETRY, Reason.REDIRECTED),
    4: (Outcome.PERMANENT, Reason.REJECTED),
    5: (Outcome.UNKNOWN, Reason.SERVER_ERROR),
}
_SLOW = {Reason.REFUSED, Reason.NOT_FOUND, Reason.REDIRECTED}


def posted(answer: Answer, message: Message) -> Result:
    """What an answer to a POST of `message` means."""
    if answer.status in _ACKNOWLEDGING:
        return _acknowledged(answer, message)
    if answer.status == 409:
        known = _object(answer.body)
        if known.get("idempotency_key") == message.key:
            return Result(Outcome.EXISTS, Reason.KNOWN, id=_number(known))
        return Result(Outcome.PERMANENT, Reason.CONFLICT, detail=_shown(answer))
    return _refused(answer)


def probed(answer: Answer) -> Result:
    """What an answer to `GET /session` means. A receiver without that page still refuses a wrong token, on any page."""
    if answer.status // 100 == 2 or answer.status in _NO_SUCH_PAGE:
        return Result(Outcome.OK, Reason.ACCEPTED)
    return asked(answer)


def found(answer: Answer, message: Message) -> Result:
    """What a list that the receiver was asked for says of `message`; each row is compared here, none is trusted."""
    created = message.event == "created"
    if answer.status == 404 and not created:
        return Result(Outcome.ABSENT, Reason.NOT_FOUND, detail="no such work order")
    if answer.status != 200:
        return asked(answer)
    value = _json(answer.body)
    rows = value.get("items") if isinstance(value, dict) else value
    if not isinstance(rows, list):
        return Result(Outcome.UNKNOWN, Reason.BAD_ANSWER, detail=f"no list in {_shown(answer)}")
    name, ours = ("external_id", message.ticket) if created else ("idempotency_key", message.key)
    numbers = [_number(row) for row in rows if isinstance(row, dict) and row.get(name) == ours]
    if not numbers:
        return _not_in(rows, created=created)
    lowest = min(numbers, key=lambda number: (len(number), number))
    twice = f"the receiver has it {len(numbers)} times: {', '.join(numbers)}" if len(numbers) > 1 else ""
    return Result(Outcome.EXISTS, Reason.KNOWN, id=lowest, detail=_printable(twice))


def stands(answer: Answer, ticket: str) -> Result:
    """What an answer to `GET /work-orders/ID` says of a ticket."""
    if answer.status == 404:
        return Result(Outcome.ABSENT, Reason.NOT_FOUND, detail=_shown(answer))
    if answer.status != 200:
        return asked(answer)
    order = _object(answer.body)
    state = order.get("state")
    if order.get("external_id") != ticket or not isinstance(state, str):
        return Result(Outcome.UNKNOWN, Reason.BAD_ANSWER, detail=f"not this ticket's state: {_shown(answer)}")
    return Result(Outcome.OK, Reason.ACCEPTED, id=_number(order), state=state, said=order)


def asked(answer: Answer) -> Result:
    """What an answer to a GET means that is not the one wanted: nothing was done, so nothing is unknown."""
    result = _refused(answer)
    if result.outcome in {Outcome.AUTH, Outcome.RETRY}:
        return result
    return Result(Outcome.RETRY, result.reason, detail=result.detail, at_least_s=result.at_least_s)


def retry_after_s(headers: Mapping[str, str]) -> float:
    """The pause that the receiver asks for, at most an hour; 0 if it asks for none that can be read."""
    wish = headers.get("retry-after", "").strip()
    if wish.isascii() and wish.isdigit():
        return min(float(wish[:9]), LONGEST_PAUSE_S)
    try:
        until = parsedate_to_datetime(wish) - parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return 0.0
    return min(max(until.total_seconds(), 0.0), LONGEST_PAUSE_S)


def _acknowledged(answer: Answer, message: Message) -> Result:
    order = _object(answer.body)
    number = order.get("work_order_id")
    if not (isinstance(number, str) and number):
        return Result(Outcome.UNKNOWN, Reason.BAD_ANSWER, detail=f"no work_order_id in {_shown(answer)}")
    ours = {"external_id": message.ticket, "idempotency_key": message.key}
    if any(order.get(name, value) != value for name, value in ours.items()):
        return Result(Outcome.UNKNOWN, Reason.BAD_ANSWER, detail=f"about another ticket: {_shown(answer)}")
    state = order.get("state")
    said = str(state) if isinstance(state, str) else ""
    outcome, reason = (Outcome.EXISTS, Reason.KNOWN) if answer.status == 200 else (Outcome.OK, Reason.ACCEPTED)
    return Result(outcome, reason, id=_printable(number), state=_printable(said))


def _refused(answer: Answer) -> Result:
    otherwise = _BY_CLASS.get(answer.status // 100, (Outcome.UNKNOWN, Reason.BAD_ANSWER))
    outcome, reason = _BY_STATUS.get(answer.status, otherwise)
    pause_s = max(retry_after_s(answer.headers), SLOW_PAUSE_S if reason in _SLOW else 0.0)
    return Result(outcome, reason, detail=_shown(answer), at_least_s=pause_s)


def _not_in(rows: list[Any], *, created: bool) -> Result:
    """Other tickets' orders in a look-up mean that the receiver did not look for ours: it may be on the next page."""
    if created and rows:
        detail = f"asked for one external_id, the receiver listed {len(rows)} others"
        return Result(Outcome.UNKNOWN, Reason.BAD_ANSWER, detail=detail)
    return Result(Outcome.ABSENT, Reason.NOT_FOUND)


def _number(order: Mapping[str, Any]) -> str:
    """Some say "7" and then 7."""
    number = order.get("work_order_id")
    return _printable(str(number)) if isinstance(number, (str, int)) else ""


def _object(body: bytes) -> Mapping[str, Any]:
    value = _json(body)
    return value if isinstance(value, dict) else {}


def _json(body: bytes) -> Any:
    """The JSON value, or None: from_json refuses deep nesting that would end the process elsewhere."""
    try:
        return from_json(body, allow_inf_nan=False) if len(body) <= LONGEST_ANSWER_BYTES else None
    except ValueError:
        return None


def _shown(answer: Answer) -> str:
    """The status and the start of a foreign text."""
    return f"{answer.status} {_printable(answer.body[:200].decode('utf-8', 'replace'))}"


def _printable(text: str) -> str:
    """Foreign text, escaped and cut, so that it cannot forge a line of the log."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text[:200])
