"""What lies between paho's thread and the event loop: a bounded queue of messages that loses the oldest, and counts."""

from collections import deque
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal

PAYLOAD_LIMIT = 64 * 1024
_OVERHEAD = 300  # bytes that a message weighs beside its payload and topic

Old = Literal["", "retained", "repeated", "historical"]
"""Why a message says nothing about now: kept by the broker, sent a second time, or kept by the device itself."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """One message as it came."""

    topic: str
    payload: bytes | None  # None: over the limit, and not worth keeping
    time: float  # site time, seconds since 1970
    old: Old = ""

    @property
    def weight(self) -> int:
        """About the memory that it takes, in bytes."""
        return len(self.payload or b"") + len(self.topic) + _OVERHEAD


@dataclass(slots=True)
class Inbox:
    """Bounded by messages and by bytes, so that neither a flood nor large payloads can eat the memory."""

    most: int = 10_000
    most_bytes: int = 3 * 1024 * 1024
    dropped: int = 0
    _queue: deque[Arrived] = field(default_factory=deque)
    _bytes: int = 0
    _lock: Lock = field(default_factory=Lock)

    @property
    def crowded(self) -> bool:
        """Whether whoever fills it should wait for a moment, so that nothing need be dropped."""
        return 2 * len(self._queue) > self.most or 2 * self._bytes > self.most_bytes

    def put(self, topic: str, payload: bytes, time: float, old: Old = "") -> None:
        """Append one message; called from paho's thread only."""
        message = Arrived(topic, payload if len(payload) <= PAYLOAD_LIMIT else None, time, old)
        with self._lock:
            self._queue.append(message)
            self._bytes += message.weight
            while len(self._queue) > self.most or self._bytes > self.most_bytes:
                self._bytes -= self._queue.popleft().weight
                self.dropped += 1

    def take(self, most: int) -> list[Arrived]:
        """The oldest messages, at most that many; they are gone from the queue."""
        with self._lock:
            taken = [self._queue.popleft() for _ in range(min(most, len(self._queue)))]
            self._bytes -= sum(message.weight for message in taken)
        return taken
