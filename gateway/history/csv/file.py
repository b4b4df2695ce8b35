"""One CSV file as text: its encoding, its delimiter, what its first line says, and its lines in batches."""

import codecs
import csv
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from gateway.core.regular import open_regular
from gateway.history.past import NoPast

Row = list[str]
T = TypeVar("T")

_LOOK = 1 << 20
_DELIMITERS = ",;\t"
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_BATCH_CELLS = 200_000
_LONGEST_CELL = 10  # lines; a note of a person in quotation marks may have some


@dataclass(frozen=True, slots=True)
class Batch:
    """Some lines of a file, one after the other; blank ones are there too, as empty rows."""

    first_line: int
    rows: list[Row]

    def line(self, index: int) -> int:
        """The line of the file, counted from 1, at which a row begins; a quoted cell may run over several."""
        return self.first_line + index + sum(cell.count("\n") for row in self.rows[:index] for cell in row)


class CsvFile:
    """An open CSV file. Raises NoPast if it cannot be read, or is no text."""

    def __init__(self, path: Path, raw: BinaryIO) -> None:
        self.path = path
        self._raw = raw
        encoding = _encoding(self._raw, path)
        self._text = io.TextIOWrapper(self._raw, encoding, errors="replace", newline="")
        first = self._text.readline()
        self._reader = csv.reader(self._lines(first), delimiter=_delimiter(first))
        self.columns = [cell.strip() for cell in self._next(1)[0]] if first.strip() else []

    @property
    def read(self) -> int:
        """Bytes that have been read."""
        return self._raw.tell()

    def batches(self, most_rows: int) -> Iterator[Batch]:
        """All lines behind the first one."""
        size = max(1, min(most_rows, _BATCH_CELLS // max(1, len(self.columns))))
        while True:
            first_line = self._reader.line_num + 1
            rows = self._next(size)
            if not rows:
                return
            batch = Batch(first_line, rows)
            if self._reader.line_num - first_line - len(rows) >= _LONGEST_CELL:
                self._refuse_open_quote(batch)
            yield batch

    def _refuse_open_quote(self, batch: Batch) -> None:
        """A mark that is never closed makes one cell of all that follows, and would do so without a word."""
        for index, row in enumerate(batch.rows):
            if any(cell.count("\n") >= _LONGEST_CELL for cell in row):
                english = "{file}:{line}: a quotation mark is opened here and not closed; close it, or take it out"
                raise NoPast("csv_open_quote", english, file=self.path, line=batch.line(index))

    def _next(self, count: int) -> list[Row]:
        try:
            return list(islice(self._reader, count))
        except (csv.Error, OSError, UnicodeError) as error:
            line = self._reader.line_num
            raise NoPast(
                "csv_unreadable", "{file}:{line} cannot be read: {reason}", file=self.path, line=line, reason=error
            ) from error

    def _lines(self, first: str) -> Iterator[str]:
        yield first
        yield from self._text


@contextmanager
def opened(path: Path) -> Iterator[CsvFile]:
    """Open a file. Raises NoPast."""
    with _tried(open_regular, path) as raw:
        yield CsvFile(path, raw)


def size(path: Path) -> int:
    """Its size in bytes. Raises NoPast."""
    return _tried(lambda path: path.stat().st_size, path)


def _tried(what: Callable[[Path], T], path: Path) -> T:
    try:
        return what(path)
    except OSError as error:
        raise NoPast("csv_not_opened", "{file} cannot be read: {reason}", file=path, reason=error.strerror) from error


def _encoding(raw: BinaryIO, path: Path) -> str:
    """By the mark at the beginning; without one UTF-8, or GB 18030 where it is not that."""
    head = raw.read(_LOOK)
    raw.seek(0)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if b"\x00" in head or (len(head) == _LOOK and b"\n" not in head):
        raise NoPast("csv_no_text", "{file} is no text file; write the table as CSV", file=path)
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(head)
        except UnicodeDecodeError:
            continue
        return encoding
    return "utf-8"


def _delimiter(header: str) -> str:
    return max(_DELIMITERS, key=header.count)
