"""What lies between paho's thread and the event loop: a bounded queue of messages that loses the oldest, and counts."""

from collections import deque
from dataclasses import dataclass, field
from threading import Lock

PAYLOAD_LIMIT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message as it came."""

    topic: str
    payload: bytes | None  # None: over the limit, and not worth keeping
    time: float  # site time, seconds since 1970
    retained: bool


@dataclass(slots=True)
class Inbox:
    """Bounded by messages and by bytes, so that neither a flood nor large payloads can eat the memory."""

    most: int = 10_000
    most_bytes: int = 16 * 1024 * 1024
    dropped: int = 0
    _queue: deque[Arrived] = field(default_factory=deque)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    def put(self, topic: str, payload: bytes, time: float, *, retained: bool) -> None:
        """Append one message; called from paho's thread only."""
        kept = payload if len(payload) <= PAYLOAD_LIMIT else None
        with self._lock:
            self._queue.append(Arrived(topic, kept, time, retained))
            self._bytes += len(kept or b"")
            while len(self._queue) > self.most or self._bytes > self.most_bytes:
                self._bytes -= len(self._queue.popleft().payload or b"")
                self.dropped += 1

    def take(self, most: int) -> list[Arrived]:
        """The oldest messages, at most that many; they are gone from the queue."""
        with self._lock:
            taken = [self._queue.popleft() for _ in range(min(most, len(self._queue)))]
            self._bytes -= sum(len(message.payload or b"") for message in taken)
        return taken
