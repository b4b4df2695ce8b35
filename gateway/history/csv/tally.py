"""Counts what was odd in the lines of files, and says it in one sentence for each kind, with the first place."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.core.note import Note

_MOST_NAMES = 5


@dataclass(slots=True)
class _Entry:
    note: Note
    count: int = 0
    names: dict[str, None] = field(default_factory=dict)


class Tally:
    """Oddities by kind, in the order in which they were met first."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}

    def add(self, note: Note, count: int, *, about: str = "", names: Iterable[str] = ()) -> None:
        """Count some more of a kind; sentences are kept apart by what they are `about`.

        The first one stands, unless a later one is of an earlier line of the same file: columns are read in turn.
        """
        entry = self._entries.setdefault((note.kind, about), _Entry(note))
        entry.count += count
        if _is_earlier(note.context, entry.note.context):
            entry.note = note
        for name in names:
            if len(entry.names) <= _MOST_NAMES:
                entry.names.setdefault(name)

    def notes(self) -> Iterator[Note]:
        """The sentences, with {count} and {names} filled in."""
        for entry in self._entries.values():
            names = [*entry.names]
            shown = [*names[:_MOST_NAMES], "…"] if len(names) > _MOST_NAMES else names
            context: dict[str, Any] = {**entry.note.context, "count": entry.count, "names": shown}
            yield Note(entry.note.kind, entry.note.english, context)


def _is_earlier(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return "line" in one and one["file"] == other["file"] and bool(one["line"] < other["line"])
