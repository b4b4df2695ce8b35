"""A small site for tests of the commands: its files, its state, and a daemon's local pages with nothing behind them."""

import asyncio
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from gateway.app.ticket_view import brief, whole
from gateway.app.ticket_view import listed as in_list
from gateway.cli.local import TOKEN_FILE
from gateway.core.casework import Callback, Silence
from gateway.core.denial import Denied, Missing
from gateway.core.settings import BUILT_IN_POLICIES
from gateway.core.types import Level, Message, Status, Ticket
from gateway.delivery.records import Changes, Delivery
from gateway.delivery.store import Store
from gateway.tickets.terms import Terms
from gateway.web.server import LocalWeb
from tests.ports import free_port

CONTROL = "token-of-the-tests"
T0 = 1_773_651_600.0  # 2026-03-16 17:00 in Shanghai

RED = Ticket(
    id="shop:P-1:pump-dry-run:20260316T090000.000Z",
    site="shop",
    device="P-1",
    rule="pump-dry-run",
    kind="pump.dry_run",
    level=Level.RED,
    policy="red_strict",
    title="P-1 水泵干转",
    advice="Stop the pump.",
    fired_at=T0,
    detected_at=T0 + 1.0,
    location={"building": "1", "room": "泵房"},
    due={"on_site": T0 + 181.0},
    evidence={"since": T0 - 10.0, "values": {"flow": 0.0, "running": True, "speed_hz": 49.98, "power": None}},
    firing=("pump-dry-run",),
    messages=1,
)
YELLOW = replace(
    RED,
    id="shop:P-2:pump-unusual:20260316T080000.000Z",
    device="P-2",
    level=Level.YELLOW,
    title="P-2 runs \x1b[31mstrangely\x1b[0m",  # a name that would like to drive the terminal
    fired_at=T0 - 3600.0,
    cleared_at=T0 - 60.0,
    occurrences=3,
    evidence={
        "since": T0,
        "values": {},
        "scores": {
            "usual": {
                "text": "Unusual since 14:12: vibration 4.1 mm/s, usually 0.8 to 1.6 mm/s (80% of the score); bearing "
                "temperature 58 °C, usually 44 to 49 °C (20% of the score). It would not have been reported with "
                "vibration below 1.6 mm/s and bearing temperature below 49 °C."
            }
        },
        "escalated": {
            "scores": {
                "usual": {"text": "自 14:12 起异常：振动 6 mm/s，通常 1 至 2 mm/s。若振动低于 2 mm/s，就不会报警。"}
            }
        },
    },
    firing=(),
    messages=2,
)
CLOSED = replace(RED, id="shop:P-1:pump-suction:20260316T070000.000Z", fired_at=T0 - 7200.0, status=Status.CLOSED)

TERMS = Terms("shop", "en", BUILT_IN_POLICIES)
QUIET = Silence("5f2e9a01", "li", "pumps are serviced", T0, T0 + 14_400.0, building="1", kind="pump.*")
HEALTH: Mapping[str, Any] = {
    "status": "degraded",
    "site": "shop",
    "parts": [
        {
            "part": "connection pump-room",
            "state": "degraded",
            "reason": "P-2 offline: no answer within 1 s",
            "since": T0 - 90.0,
        },
        {"part": "dispatch", "state": "ok", "reason": "", "since": None},
    ],
    "devices": {
        "P-1": {"state": "good", "reason": "", "since": T0 - 600.0},
        "P-2": {"state": "offline", "reason": "no answer within 1 s", "since": T0 - 90.0},
    },
    "open_tickets": [brief(ticket, TERMS) for ticket in (RED, YELLOW)],
}


WHY: Mapping[str, Any] = {}
"""What the daemon says of the dry run of P-1; tests put something here."""


ACCEPTED: Mapping[str, Any] = {
    "at": T0,
    "outcome": "accepted",
    "errors": 0,
    "findings": [],
    "added": ["pump-noise"],
    "removed": ["pump-old"],
    "changed": [f"pump-{number}" for number in range(40)],
    "reworded": ["pump-dry-run"],
    "policies": ["soon"],
    "kept": 7,
    "cleared": [{"rule": "pump-old", "device": "P-1"}],
    "blind": ["pump-noise"],
}
REFUSED: Mapping[str, Any] = {
    **{name: [] for name in ACCEPTED},
    "at": T0,
    "outcome": "refused",
    "errors": 1,
    "kept": 0,
    "findings": [{"file": "packs/pumps.yaml", "line": 3, "message": "presure is neither a point nor a rating"}],
}


def listed() -> list[dict[str, Any]]:
    """The tickets as the local pages list them: the red one waits, a message of the yellow one was refused."""
    deliveries = (Delivery(0, 1, 0), Delivery(1, 0, 1), Delivery(1, 0, 0))
    return [in_list(t, d, TERMS) for t, d in zip((RED, YELLOW, CLOSED), deliveries, strict=True)]


def message(ticket: Ticket, number: int, event: str) -> Message:
    """One message about a ticket."""
    key = ticket.id if number == 0 else f"{ticket.id}#{number}"
    return Message(key, ticket.id, number, event, ticket.level, {"event": event}, ticket.fired_at + number)


def keep_tickets(state: Path) -> None:
    """Fill a state folder as a daemon would have left it."""
    with closing(Store(state)) as store:
        messages = (
            message(RED, 0, "created"),
            message(YELLOW, 0, "created"),
            message(YELLOW, 1, "occurred_again"),
            message(CLOSED, 0, "created"),
        )
        store.commit(Changes((RED, YELLOW, CLOSED), messages, saved_at=T0 + 5.0))
        for ticket in (YELLOW, CLOSED):
            store.sent(ticket.id, T0, "201 WO-000001")
        store.park(f"{YELLOW.id}#1", "422 cannot be processed")


class Window:
    """What a daemon would show."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.said: list[Callback] = []
        self.silenced: list[Silence] = []

    def health(self) -> Mapping[str, Any]:
        return HEALTH

    def status(self) -> Mapping[str, Any]:
        return HEALTH

    async def tickets(self, status: str | None, limit: int) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = [ticket for ticket in listed() if status in {None, ticket["status"]}]
        return found[:limit]

    async def ticket(self, ticket_id: str) -> Mapping[str, Any] | None:
        return whole(RED, [], [], [], TERMS, T0) if ticket_id == RED.id else None

    def why(self, rule: str, device: str) -> Mapping[str, Any] | None:
        return WHY if (rule, device) == ("pump-dry-run", "P-1") else None

    async def act(self, said: Callback) -> None:
        self.said.append(said)
        if said.ticket == CLOSED.id:
            raise Denied("evidence_needed", "closing ticket {ticket} needs evidence", ticket=said.ticket)
        if said.ticket != RED.id:
            raise Missing("no_open_ticket", "there is no open ticket {ticket}", ticket=said.ticket)

    async def resend(self, ticket_id: str) -> bool:
        self.asked.append((ticket_id, "resend", ""))
        return ticket_id == RED.id

    def silences(self) -> list[Mapping[str, Any]]:
        return [asdict(QUIET)]

    async def silence(self, asked: Silence, lasts_s: float) -> Mapping[str, Any]:
        made = replace(asked, id="0a1b2c3d", made_at=T0, until=T0 + lasts_s)
        self.silenced.append(made)
        if made.device == "P-9":
            raise Denied("why_no_device", "there is no device {name}{hint}", name="P-9", hint="")
        return asdict(made)

    async def unsilence(self, silence_id: str, by: str) -> None:
        self.asked.append((silence_id, "end", by))
        if silence_id != QUIET.id:
            raise Missing("no_silence", "there is no silence {silence} in force", silence=silence_id)

    async def reload(self) -> Mapping[str, Any]:
        self.asked.append(("", "reload", ""))
        return ACCEPTED


@contextmanager
def daemon(site: Path) -> Iterator[Window]:
    """Local pages at the site's address, served from a thread, with their control token in the state folder."""
    state = site.parent / "var"
    state.mkdir(exist_ok=True)
    (state / TOKEN_FILE).write_text(CONTROL)
    window, ready, loop = Window(), threading.Event(), asyncio.new_event_loop()
    web = LocalWeb(bind_of(site), CONTROL, window, CollectorRegistry())

    def serve() -> None:
        loop.run_until_complete(web.start())
        loop.call_soon(ready.set)
        loop.run_forever()

    thread = threading.Thread(target=serve)
    thread.start()
    assert ready.wait(10)
    try:
        yield window
    finally:
        asyncio.run_coroutine_threadsafe(web.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def write_site(folder: Path, language: str = "en") -> Path:
    """A site with two pumps; nothing listens at its addresses."""
    file = folder / "config.yaml"
    file.write_text(
        f"site: {{id: shop, name: The Shop, timezone: Asia/Shanghai, language: {language}}}\n"
        f"connections: {{pump-room: {{driver: modbus, url: 'tcp://127.0.0.1:{free_port()}'}}}}\n"
        "devices:\n"
        "  - {id: P-1, profile: pump-set, on: pump-room, unit: 1, ratings: {rated_power: 7.5, set_pressure: 0.45}}\n"
        "  - {id: P-2, profile: pump-set, on: pump-room, unit: 2, ratings: {rated_power: 7.5, set_pressure: 0.45}}\n"
        f"dispatch: {{url: 'http://127.0.0.1:{free_port()}', token: !secret dispatch_token}}\n"
        f"web: {{bind: '127.0.0.1:{free_port()}'}}\n",
        encoding="utf-8",
    )
    return file


def bind_of(site: Path) -> str:
    """Where the site's local pages are."""
    return site.read_text(encoding="utf-8").rpartition("bind: '")[2].partition("'")[0]
