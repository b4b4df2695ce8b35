"""Judges what the dispatch API answered: delivered, try again, or refused for good. Pure; dispatch acts on it.

Only a proper acknowledgement counts as delivered: a system that answers 200 with a login page has not got the ticket.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

from pydantic_core import from_json

from gateway.core.types import Message
from gateway.delivery.outbox import LONGEST_PAUSE_S

LONGEST_ANSWER_BYTES = 64 * 1024
SLOW_PAUSE_S = 30.0
"""The first pause after an answer that only a person can put right: a wrong token, a wrong address."""


class Reason(StrEnum):
    """Why a message was delivered, waits, or is parked."""

    ACCEPTED = "accepted"
    KNOWN = "already_known"
    UNREACHABLE = "unreachable"
    TIMED_OUT = "timed_out"
    SERVER_ERROR = "server_error"
    BUSY = "busy"
    BAD_ANSWER = "bad_answer"
    REFUSED = "refused"
    NOT_FOUND = "not_found"
    REDIRECTED = "redirected"
    REJECTED = "rejected"
    CONFLICT = "conflict"
    UNMAPPABLE = "unmappable"


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer, read to its end; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Sent:
    """The receiver has the message; `work_order` is its own number for it."""

    reason: Reason
    work_order: str = ""


@dataclass(frozen=True, slots=True)
class Retry:
    """Not delivered, as far as we know. `at_least_s` is the shortest pause that the receiver should be given."""

    reason: Reason
    detail: str = ""
    at_least_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Park:
    """The receiver will never take this message as it is; a person must look."""

    reason: Reason
    detail: str = ""


Verdict = Sent | Retry | Park

_ACKNOWLEDGING = {200, 201, 202}
_BY_STATUS = {
    401: Reason.REFUSED,
    403: Reason.REFUSED,
    404: Reason.NOT_FOUND,
    408: Reason.TIMED_OUT,
    429: Reason.BUSY,
}
_BY_CLASS = {3: Reason.REDIRECTED, 4: Reason.REJECTED, 5: Reason.SERVER_ERROR}
_SLOW = {Reason.REFUSED, Reason.NOT_FOUND, Reason.REDIRECTED}


def judge(status: int, headers: Mapping[str, str], body: bytes, message: Message) -> Verdict:
    """What an answer to a POST of `message` means."""
    said = f"{status} {_shown(body)}"
    if status in _ACKNOWLEDGING:
        return _acknowledgement(status, body, message, said)
    if status == 409:
        known = _object(body).get("idempotency_key") == message.key
        return Sent(Reason.KNOWN) if known else Park(Reason.CONFLICT, said)
    reason = _BY_STATUS.get(status) or _BY_CLASS.get(status // 100, Reason.BAD_ANSWER)
    if reason is Reason.REJECTED:
        return Park(reason, said)
    return Retry(reason, said, max(retry_after_s(headers), SLOW_PAUSE_S if reason in _SLOW else 0.0))


def found(answer: Answer, message: Message) -> bool:
    """Whether a list that the receiver was asked for holds `message`; each row is compared here, none is trusted."""
    rows = _json(answer.body) if answer.status == 200 else None
    rows = rows.get("items") if isinstance(rows, dict) else rows
    return isinstance(rows, list) and any(isinstance(r, dict) and r.get("idempotency_key") == message.key for r in rows)


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


def _acknowledgement(status: int, body: bytes, message: Message, said: str) -> Verdict:
    answer = _object(body)
    work_order = answer.get("work_order_id")
    if not (isinstance(work_order, str) and work_order):
        return Retry(Reason.BAD_ANSWER, f"no work_order_id in {said}")
    ours = {"external_id": message.ticket, "idempotency_key": message.key}
    if any(answer.get(name, value) != value for name, value in ours.items()):
        return Retry(Reason.BAD_ANSWER, f"about another ticket: {said}")
    return Sent(Reason.KNOWN if status == 200 else Reason.ACCEPTED, work_order)


def _object(body: bytes) -> Mapping[str, Any]:
    value = _json(body)
    return value if isinstance(value, dict) else {}


def _json(body: bytes) -> Any:
    """The JSON value, or None: from_json refuses deep nesting that would end the process elsewhere."""
    try:
        return from_json(body, allow_inf_nan=False) if len(body) <= LONGEST_ANSWER_BYTES else None
    except ValueError:
        return None


def _shown(body: bytes) -> str:
    """The start of a foreign text, escaped, so that it cannot forge a line of the log."""
    return json.dumps(body[:200].decode("utf-8", "replace"), ensure_ascii=False)[1:-1]
