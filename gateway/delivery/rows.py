"""Turns records into rows of the state file and back: canonical JSON and a seal per row; the store does the SQL.

SQLite's own check does not see a flipped byte inside a row, the seal does. It covers every column that never changes
behind our back; the delivery columns of the outbox are outside it, and are such that damage there costs one more
attempt at worst.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeVar, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from gateway.core.casework import Callback, Complaint, Entry, Notice, Silence
from gateway.core.types import Closing, Message, RuleState, Ticket

_TICKET = TypeAdapter(Ticket)
_MESSAGE = TypeAdapter(Message)
_RULE_STATE = TypeAdapter(RuleState)
_CLOSING = TypeAdapter(Closing)
_ENTRY = TypeAdapter(Entry)
_NOTICE = TypeAdapter(Notice)
_SILENCE = TypeAdapter(Silence)
_CALLBACK = TypeAdapter(Callback)
_COMPLAINT = TypeAdapter(Complaint)
_Record = TypeVar("_Record")


class DamagedRow(Exception):
    """A row whose seal or body is not what was written."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the state file: its sealed columns (the body last), the free ones, and what its body must read as."""

    name: str
    key: tuple[str, ...]
    sealed: tuple[str, ...]
    free: tuple[str, ...]
    read: Callable[[bytes], object]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, in the order of the file."""
        return (*self.sealed, "seal", *self.free)

    def verify(self, row: Sequence[Any]) -> None:
        """Raise DamagedRow unless `row`, in column order, is as it was written."""
        width = len(self.sealed)
        if row[width] != seal(*row[:width]):
            raise DamagedRow("checksum")
        self.read(row[width - 1])

    def label(self, row: Sequence[Any]) -> str:
        """The row's table and key, for people."""
        return " ".join([self.name, *(str(part) for part in row[: len(self.key)])])


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces, UTF-8. NaN and infinity, which JSON lacks, become null."""
    plain = json.loads(to_json(value, fallback=dict, inf_nan_mode="null"))
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def seal(*columns: Any) -> int:
    """CRC-32 over all columns of a row."""
    return zlib.crc32(b"\x1f".join(_raw(column) for column in columns))


def ticket_row(ticket: Ticket) -> tuple[Any, ...]:
    """The row of a ticket, seal included."""
    closed_at = None if ticket.closed_at is None else float(ticket.closed_at)
    return _sealed(ticket.id, str(ticket.status), float(ticket.fired_at), closed_at, _body(ticket))


def message_row(message: Message) -> tuple[Any, ...]:
    """The sealed part of an outbox row."""
    columns = (message.key, message.ticket, message.number, str(message.level), float(message.created_at))
    return _sealed(*columns, _body(message))


def rule_state_row(state: RuleState) -> tuple[Any, ...]:
    """The row of a rule's state on one device."""
    return _sealed(state.rule, state.device, _body(state))


def closing_row(closing: Closing) -> tuple[Any, ...]:
    """The row of a closing in the ledger."""
    return _sealed(closing.ticket, float(closing.closed_at), _body(closing))


def entry_row(entry: Entry) -> tuple[Any, ...]:
    """The row of a line in a ticket's ledger."""
    return _sealed(entry.ticket, entry.number, float(entry.at), _body(entry))


def notice_row(notice: Notice) -> tuple[Any, ...]:
    """The sealed part of a notice's row."""
    columns = (notice.key, notice.channel, notice.ticket, str(notice.level), float(notice.created_at))
    return _sealed(*columns, _body(notice))


def silence_row(silence: Silence) -> tuple[Any, ...]:
    """The row of a silence."""
    return _sealed(silence.id, float(silence.until), _body(silence))


def heard_row(callback: Callback) -> tuple[Any, ...]:
    """The row of a callback that was heard."""
    return _sealed(callback.id, float(callback.at), _body(callback))


def complaint_row(complaint: Complaint) -> tuple[Any, ...]:
    """The row of a complaint."""
    return _sealed(complaint.id, float(complaint.at), _body(complaint))


def note_row(name: str, value: Any) -> tuple[Any, ...]:
    """The row of one fact about the file itself."""
    return _sealed(name, canonical(value))


def read_ticket(body: bytes) -> Ticket:
    """The ticket in a body; raises DamagedRow."""
    return _read(_TICKET, body)


def read_message(body: bytes) -> Message:
    """The message in a body; raises DamagedRow."""
    return _read(_MESSAGE, body)


def read_rule_state(body: bytes) -> RuleState:
    """The rule state in a body; raises DamagedRow."""
    return _read(_RULE_STATE, body)


def read_closing(body: bytes) -> Closing:
    """The closing in a body; raises DamagedRow."""
    return _read(_CLOSING, body)


def read_entry(body: bytes) -> Entry:
    """The line of a ledger in a body; raises DamagedRow."""
    return _read(_ENTRY, body)


def read_notice(body: bytes) -> Notice:
    """The notice in a body; raises DamagedRow."""
    return _read(_NOTICE, body)


def read_silence(body: bytes) -> Silence:
    """The silence in a body; raises DamagedRow."""
    return _read(_SILENCE, body)


def read_callback(body: bytes) -> Callback:
    """The callback in a body; raises DamagedRow."""
    return _read(_CALLBACK, body)


def read_complaint(body: bytes) -> Complaint:
    """The complaint in a body; raises DamagedRow."""
    return _read(_COMPLAINT, body)


def read_note(body: bytes) -> object:
    """The JSON value in a body; raises DamagedRow."""
    try:
        return cast("object", json.loads(body))
    except (TypeError, ValueError) as error:
        raise DamagedRow("body") from error


TICKETS = Table("tickets", ("id",), ("id", "status", "fired_at", "closed_at", "body"), (), read_ticket)
OUTBOX = Table(
    "outbox",
    ("key",),
    ("key", "ticket", "number", "level", "created_at", "body"),
    (
        "state",
        "attempts",
        "next_at",
        "first_at",
        "last_answer",
        "device",
        "stored_at",
        "tried_at",
        "sent_at",
        "work_order",
    ),
    read_message,
)
RULE_STATES = Table("rule_states", ("rule", "device"), ("rule", "device", "body"), (), read_rule_state)
NOTES = Table("notes", ("name",), ("name", "body"), (), read_note)
CLOSINGS = Table("closings", ("ticket",), ("ticket", "closed_at", "body"), (), read_closing)
ENTRIES = Table("entries", ("ticket", "number"), ("ticket", "number", "at", "body"), (), read_entry)
NOTICES = Table(
    "notices",
    ("key", "channel"),
    ("key", "channel", "ticket", "level", "created_at", "body"),
    ("state", "attempts", "next_at", "sent_at", "last_answer"),
    read_notice,
)
SILENCES = Table("silences", ("id",), ("id", "until", "body"), (), read_silence)
HEARD = Table("heard", ("id",), ("id", "at", "body"), (), read_callback)
COMPLAINTS = Table("complaints", ("id",), ("id", "at", "body"), (), read_complaint)
TABLES = (TICKETS, OUTBOX, RULE_STATES, NOTES, CLOSINGS, ENTRIES, NOTICES, SILENCES, HEARD, COMPLAINTS)


_Row = Ticket | Message | RuleState | Closing | Entry | Notice | Silence | Callback | Complaint


def _body(record: _Row) -> bytes:
    return canonical({field.name: getattr(record, field.name) for field in fields(record)})


def _sealed(*columns: Any) -> tuple[Any, ...]:
    return (*columns, seal(*columns))


def _raw(column: Any) -> bytes:
    if isinstance(column, bytes):
        return column
    return str(column).encode("utf-8", "surrogateescape")


def _read(adapter: TypeAdapter[_Record], body: bytes) -> _Record:
    try:
        value: Mapping[str, Any] = json.loads(body)
        return adapter.validate_python(value)
    except (TypeError, ValueError, ValidationError) as error:
        raise DamagedRow("body") from error
