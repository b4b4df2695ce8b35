"""Copies every fresh reading to an InfluxDB, from one thread, through a disk buffer while the server is down.

The main path only appends to a queue. The thread builds bodies of lines and posts them in order; when the server
does not answer they go to the buffer and are sent later, the oldest first. Lines that the server refuses are parked
in a file, so that one bad line never holds up the others.
"""

import logging
import random
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from drivers.device import Clock
from gateway.core.health import Part
from gateway.core.history_settings import InfluxSettings
from gateway.history.influx.lines import Lines
from gateway.history.influx.spool import Spool
from gateway.history.influx.wire import Answer, Post, open_wire
from gateway.history.recorder import Recorder

log = logging.getLogger(__name__)

FLUSH_S = 2.0
_ENOUGH = 100_000  # values that are sent without waiting for the flush
_LONGEST_PAUSE = 15  # flushes between two attempts while the server is down: 30 s
_CATCH_UP = 8  # buffered segments sent between two looks at the queue
_MOST_POSTS = 64  # requests spent on finding the bad lines of one body
_MOST_PARKED_BYTES = 4 * 2**20
_CLOSE_S = 12.0
_RATIO = 0.2  # compressed to plain size of lines, until measured


@dataclass(frozen=True, slots=True)
class InfluxStats:
    """Lines by what became of them, and the buffer."""

    sent: int
    parked: int  # refused by the server, kept in refused.lines
    lost: int  # pushed out of the full buffer, or the disk refused them
    dropped: int  # readings that came faster than the writer could take them
    buffer_bytes: int
    hours_left: float | None  # until the buffer is full, at the present rate; None before there is a rate


class InfluxHistory(Recorder):
    """Sends fresh readings to an InfluxDB. `open` starts its thread, `close` puts what is left on disk and ends it."""

    def __init__(
        self, folder: Path, settings: InfluxSettings, site: str, clock: Clock, flush_s: float = FLUSH_S
    ) -> None:
        super().__init__("influxdb", _ENOUGH)
        self._settings = settings
        self._folder = folder
        self._clock = clock
        self._flush_s = flush_s
        self._lines = Lines(site)
        self._post: Post = open_wire(settings)
        self._spool = Spool(folder, settings.buffer_size)
        self._down: Answer | None = None
        self._since = 0.0
        self._failures = self._pause = 0
        self._sent = self._parked = self._lost = 0
        self._rate = _Rate()

    def stats(self) -> InfluxStats:
        """Figures for the metrics page."""
        return InfluxStats(
            self._sent,
            self._parked,
            self._lost + self._spool.lost,
            self._intake.dropped,
            self._spool.size_bytes,
            self._rate.hours(self._settings.buffer_size - self._spool.size_bytes),
        )

    def health(self) -> Part:
        """Whether the server takes our lines; if not why, since when, and how long the buffer lasts."""
        down, hours = self._down, self.stats().hours_left
        if down is None:
            return Part("influxdb")
        lasts = "" if hours is None else f"; the buffer lasts {hours:.1f} h more"
        return Part("influxdb", "degraded", f"{down.reason}; readings are buffered on disk{lasts}", self._since)

    def _write(self) -> None:
        while not self._intake.closed:
            behind = self._spool and self._down is None
            for body in self._lines.bodies(self._intake.take(0.0 if behind else self._flush_s)):
                self._forward(body)
            self._catch_up()
        for body in self._lines.bodies(self._intake.take(0.0)):
            self._keep(body)

    def _forward(self, body: bytes) -> None:
        self._rate.add(self._clock.now(), len(body))
        if self._spool or self._pause > 0 or not self._deliver(body):
            self._keep(body)

    def _keep(self, body: bytes) -> None:
        try:
            self._rate.ratio = self._spool.append(body) / len(body)
        except OSError as error:
            self._lost += body.count(b"\n")
            self._note(Answer("down", f"cannot buffer: {error.strerror}"))

    def _catch_up(self) -> None:
        """Send buffered segments; while the server is down, one attempt at growing intervals."""
        if self._pause > 0:
            self._pause -= 1
            return
        try:
            for _ in range(_CATCH_UP):
                if not self._spool:
                    break
                body = self._spool.oldest()
                if body and not self._deliver(body):
                    return
                self._spool.discard_oldest()
        except OSError as error:
            self._note(Answer("down", f"cannot read the buffer: {error.strerror}"))
            self._wait()

    def _deliver(self, body: bytes) -> bool:
        """Post a body; halve what is refused until the bad lines are found. False if the server is down."""
        pieces, posts = [body], 0
        while pieces:
            piece = pieces.pop()
            answer = self._post(piece)
            posts += 1
            if answer.outcome == "down":
                self._note(answer)
                self._wait()
                return False
            if answer.outcome == "stored":
                self._sent += piece.count(b"\n")
            elif posts < _MOST_POSTS and (halves := _halves(piece)):
                pieces.extend(reversed(halves))
            else:
                self._park(piece, answer)
        self._back()
        return True

    def _park(self, lines: bytes, answer: Answer) -> None:
        if not self._parked:
            log.warning("influxdb_lines_refused reason=%r kept_in=%s", answer.reason, "refused.lines")
        self._parked += lines.count(b"\n")
        path = self._folder / "refused.lines"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with path.open("ab") as file:
                if file.tell() < _MOST_PARKED_BYTES:
                    file.write(f"# {answer.reason}\n".encode() + lines)
        except OSError as error:
            log.warning("influxdb_lines_not_parked error=%r", error.strerror)

    def _note(self, answer: Answer) -> None:
        if self._down is None:
            self._since = self._clock.now()
            log.warning("influxdb_down url=%s reason=%r", self._settings.url, answer.reason)
        self._down = answer

    def _wait(self) -> None:
        self._failures += 1
        self._pause = min(2 ** min(self._failures - 1, 8), _LONGEST_PAUSE)
        self._pause -= random.randrange(self._pause // 4 + 1)

    def _back(self) -> None:
        if self._down is not None:
            log.info("influxdb_back url=%s buffered_bytes=%d", self._settings.url, self._spool.size_bytes)
        self._down, self._failures, self._pause = None, 0, 0


class _Rate:
    """Bytes of lines per second of site time over the last bodies, and how far they shrink on disk."""

    def __init__(self) -> None:
        self.ratio = _RATIO
        self._recent: deque[tuple[float, int]] = deque(maxlen=64)

    def add(self, now: float, size: int) -> None:
        self._recent.append((now, size))

    def hours(self, room: int) -> float | None:
        """How long `room` bytes last."""
        recent = list(self._recent)
        if len(recent) < 2 or recent[-1][0] <= recent[0][0]:
            return None
        per_s = sum(size for _, size in recent[1:]) / (recent[-1][0] - recent[0][0])
        return max(0.0, room / (per_s * self.ratio) / 3600.0)


def _halves(piece: bytes) -> list[bytes]:
    """Cut at a line end near the middle; empty if it is one line."""
    cut = piece.rfind(b"\n", 0, len(piece) // 2) + 1 or piece.find(b"\n") + 1
    return [piece[:cut], piece[cut:]] if 0 < cut < len(piece) else []
