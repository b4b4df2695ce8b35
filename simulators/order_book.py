"""What the simulated property company remembers: work orders and their events, each once per idempotency key.

The journal, one JSON line per thing that happened, outlives a kill and is read back at the next start.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

STATES = ("new", "acknowledged", "dispatched", "on_site", "in_progress", "resolved", "verified", "closed")
"""Of an order, in the order in which it goes through them."""

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
    state: str = "new"
    state_by: str = "gateway"
    state_at: float = 0.0
    said: dict[str, Any] = field(default_factory=dict)
    """What people at the property company wrote to it: handler, progress_pct, eta_min, text, evidence, ..."""

    def shown(self) -> dict[str, Any]:
        """The order as a client sees it: how it stands, not what the client itself has said, which may be long."""
        newest = next((event["body"] for event in reversed(self.events) if "level" in event["body"]), self.body)
        return {
            **self.said,
            "work_order_id": self.work_order_id,
            "external_id": self.external_id,
            "idempotency_key": self.key,
            "state": self.state,
            "state_by": self.state_by,
            "state_at": self.state_at,
            "url": f"/work-orders/{self.work_order_id}",
            "level": newest["level"],
            "arrived_at": self.arrived_at,
        }

    def move(self, state: object, by: str, at: float) -> None:
        """Somebody says how it stands."""
        if isinstance(state, str) and state:
            self.state, self.state_by, self.state_at = state, by, at


class OrderBook:
    """All orders, by the client's id. `posts` counts every request per key, however it ended.

    `twice` holds what was made a second time, because the key was older than `remembers_s`.
    """

    def __init__(
        self, journal: Path | None = None, remembers_s: float = float("inf"), clock: Callable[[], float] = time.time
    ) -> None:
        self.orders: dict[str, Order] = {}
        self.posts: Counter[str] = Counter()
        self.twice: list[Order] = []
        self._remembers_s = remembers_s
        self._clock = clock
        self._journal = journal
        if journal is not None and journal.exists():
            self._replay(journal)

    def note_post(self, key: str, path: str, mood: str) -> None:
        """A POST arrived; what becomes of it is another matter."""
        self.posts[key] += 1
        self._write({"happened": "post", "key": key, "path": path, "mood": mood, "at": self._clock()})

    def find(self, either_id: str) -> Order | None:
        """By the client's id, or by our own number."""
        if order := self.orders.get(either_id):
            return order
        return next((order for order in self.orders.values() if order.work_order_id == either_id), None)

    def open(self, key: str, body: Mapping[str, Any]) -> Reply:
        """A new work order, or the one that is there already."""
        if missing := [name for name in _NEEDED if not isinstance(body.get(name), str)]:
            return Reply(422, {"error": "missing", "fields": missing})
        known, now = self.orders.get(body["external_id"]), self._clock()
        if known is None or not self._remembers(known.arrived_at):
            order = self._add_order(key, body, now)
            self._write({"happened": "order", "key": key, "body": body, "at": now})
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
        if known is None or not self._remembers(known["arrived_at"]):
            arrived_at = self._clock()
            self._add_event(external_id, key, body, arrived_at)
            self._write({"happened": "event", "order": external_id, "key": key, "body": body, "at": arrived_at})
            return Reply(201, receipt)
        if known["body"] == body:
            return Reply(200, receipt)
        return Reply(409, {"error": "another event has this key", "idempotency_key": key})

    def change(self, order: Order, by: str, said: Mapping[str, Any]) -> None:
        """A person at the property company writes to an order; `state` among `said` moves it."""
        at = self._clock()
        self._change(order, by, said, at)
        self._write({"happened": "change", "order": order.external_id, "by": by, "said": said, "at": at})

    def _remembers(self, arrived_at: float) -> bool:
        return self._clock() - arrived_at <= self._remembers_s

    def _add_order(self, key: str, body: Mapping[str, Any], at: float) -> Order:
        number = len(self.orders) + len(self.twice) + 1
        order = Order(f"WO-{number:06d}", body["external_id"], key, body, at, state_at=at)
        if order.external_id in self.orders:
            self.twice.append(order)
        else:
            self.orders[order.external_id] = order
        return order

    def _add_event(self, external_id: str, key: str, body: Mapping[str, Any], at: float) -> None:
        order = self.orders[external_id]
        order.events.append({"idempotency_key": key, "body": body, "arrived_at": at})
        state = body.get("status") or ("closed" if body.get("event") == "closed" else None)
        if body.get("event") == "reopened" or _is_further(state, order.state):
            order.move(state, "gateway", at)

    def _change(self, order: Order, by: str, said: Mapping[str, Any], at: float) -> None:
        order.said |= {name: value for name, value in said.items() if name != "state"}
        order.move(said.get("state"), by, at)

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
                case "change":
                    self._change(self.orders[line["order"]], line["by"], line["said"], line["at"])


def _is_further(state: object, than: str) -> bool:
    """What people have set is not undone by a client that has not heard of it yet."""
    return state in STATES and than in STATES and STATES.index(str(state)) > STATES.index(than)


def read_journal(journal: Path) -> list[dict[str, Any]]:
    """The complete lines of a journal; a kill may have cut the last one."""
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]
