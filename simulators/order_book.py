"""What the simulated property company remembers: work orders and their events, each once per idempotency key.

The journal, one JSON line per thing that happened, outlives a kill and is read back at the next start.
"""

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

_NEEDED = ("external_id", "level", "title")


class Reply(NamedTuple):
    """An HTTP status and a JSON body."""

    status: int
    body: Mapping[str, Any]


@dataclass(slots=True)
class Order:
    """A work order; `arrived_at` in wall seconds since 1970, `events` with theirs in order of arrival."""

    work_order_id: str
    external_id: str
    key: str
    body: Mapping[str, Any]
    arrived_at: float
    events: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        """The order as a client sees it."""
        newest = next((event["body"] for event in reversed(self.events) if "level" in event["body"]), self.body)
        return {
            "work_order_id": self.work_order_id,
            "external_id": self.external_id,
            "idempotency_key": self.key,
            "state": "closed" if any(event["body"].get("event") == "closed" for event in self.events) else "new",
            "url": f"/work-orders/{self.work_order_id}",
            "level": newest["level"],
            "arrived_at": self.arrived_at,
            "order": self.body,
        }


class OrderBook:
    """All orders, by the client's id. `posts` counts every request per key, however it ended."""

    def __init__(self, journal: Path | None = None) -> None:
        self.orders: dict[str, Order] = {}
        self.posts: Counter[str] = Counter()
        self._journal = journal
        if journal is not None and journal.exists():
            self._replay(journal)

    def note_post(self, key: str, path: str, mood: str) -> None:
        """A POST arrived; what becomes of it is another matter."""
        self.posts[key] += 1
        self._write({"happened": "post", "key": key, "path": path, "mood": mood, "at": time.time()})

    def open(self, key: str, body: Mapping[str, Any]) -> Reply:
        """A new work order, or the one that is there already."""
        if missing := [name for name in _NEEDED if not isinstance(body.get(name), str)]:
            return Reply(422, {"error": "missing", "fields": missing})
        known = self.orders.get(body["external_id"])
        if known is None:
            order = self._add_order(key, body, time.time())
            self._write({"happened": "order", "key": key, "body": body, "at": order.arrived_at})
            return Reply(201, order.shown())
        if (known.key, known.body) == (key, body):
            return Reply(200, known.shown())
        return Reply(409, {"error": "another order has this id", "idempotency_key": known.key})

    def add_event(self, external_id: str, key: str, body: Mapping[str, Any]) -> Reply:
        """Something happened to an order."""
        order = self.orders.get(external_id)
        if order is None:
            return Reply(404, {"error": "no such order"})
        receipt = {"work_order_id": order.work_order_id, "external_id": external_id, "idempotency_key": key}
        known = next((event for event in order.events if event["idempotency_key"] == key), None)
        if known is None:
            arrived_at = time.time()
            self._add_event(external_id, key, body, arrived_at)
            self._write({"happened": "event", "order": external_id, "key": key, "body": body, "at": arrived_at})
            return Reply(201, receipt)
        if known["body"] == body:
            return Reply(200, receipt)
        return Reply(409, {"error": "another event has this key", "idempotency_key": key})

    def _add_order(self, key: str, body: Mapping[str, Any], at: float) -> Order:
        order = Order(f"WO-{len(self.orders) + 1:06d}", body["external_id"], key, body, at)
        self.orders[order.external_id] = order
        return order

    def _add_event(self, external_id: str, key: str, body: Mapping[str, Any], at: float) -> None:
        event = {"idempotency_key": key, "body": body, "arrived_at": at}
        self.orders[external_id].events.append(event)

    def _write(self, happened: Mapping[str, Any]) -> None:
        if self._journal is not None:
            with self._journal.open("a", encoding="utf-8") as file:
                file.write(json.dumps(happened, ensure_ascii=False) + "\n")

    def _replay(self, journal: Path) -> None:
        for line in read_journal(journal):
            match line["happened"]:
                case "post":
                    self.posts[line["key"]] += 1
                case "order":
                    self._add_order(line["key"], line["body"], line["at"])
                case "event":
                    self._add_event(line["order"], line["key"], line["body"], line["at"])


def read_journal(journal: Path) -> list[dict[str, Any]]:
    """The complete lines of a journal; a kill may have cut the last one."""
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
