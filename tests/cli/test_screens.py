"""What the screens look like at 80 and 120 columns in both languages: golden pictures in tests/cases/screens.

`pytest tests/cli --update` redraws them; the difference is then reviewed.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType
from rich.text import Text

from gateway.app import ticket_view
from gateway.cli.demo.screen import Scenery, result, running
from gateway.cli.demo.verdict import Expected, Order, compare
from gateway.cli.look import moment
from gateway.cli.screen import print_line
from gateway.cli.silences import silence_lines
from gateway.cli.ticket_view import ticket_lines, ticket_page
from gateway.cli.view import status_lines
from gateway.core.messages import Language
from gateway.core.settings import Site
from gateway.core.types import Level
from tests.cli import shop, worked

PICTURES = Path(__file__).parents[1] / "cases" / "screens"
ZONE = Site(id="shop", name="The Shop", timezone="Asia/Shanghai").zone


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize(
    "name",
    ["status", "list", "page", "status-work", "list-work", "page-work", "silences", "demo-running", "demo-result"],
)
def test_screens(name: str, width: int, language: Language, request: pytest.FixtureRequest) -> None:
    screen = Console(width=width, file=StringIO(), record=True, highlight=False, emoji=False)
    for part in drawn(name, language):
        if isinstance(part, Text):
            print_line(screen, part)
        else:
            screen.print(part)
    picture = "".join(f"{line.rstrip()}\n" for line in screen.export_text().splitlines())
    golden = PICTURES / f"{name}-{width}-{language}.txt"
    if request.config.getoption("--update", default=False):
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(picture, encoding="utf-8")
    assert picture == golden.read_text(encoding="utf-8")


def drawn(name: str, language: Language) -> Iterable[RenderableType]:
    dangerous = replace(shop.QUIET, id="0a1b2c3d", device="P-1", building="", kind="", level=Level.RED)
    at_work = {**shop.HEALTH, "open_tickets": worked.open_tickets()}
    draw: Mapping[str, Callable[[], Iterable[RenderableType]]] = {
        "status": lambda: status_lines(shop.HEALTH, ZONE, language),
        "list": lambda: ticket_lines(shop.listed(), ZONE, language),
        "page": lambda: ticket_page(page(), ZONE, language),
        "status-work": lambda: status_lines(at_work, ZONE, language),
        "list-work": lambda: ticket_lines(worked.rows(), ZONE, language),
        "page-work": lambda: ticket_page(worked.page(), ZONE, language),
        "silences": lambda: silence_lines([asdict(shop.QUIET), asdict(dangerous)], ZONE, language),
        "demo-running": lambda: [live(language)],
        "demo-result": lambda: [table(language)],
    }
    return draw[name]()


def test_no_tickets_is_a_sentence() -> None:
    assert [line.plain for line in ticket_lines([], ZONE, "en")] == ["no tickets"]


def test_no_silences_is_a_sentence() -> None:
    assert [line.plain for line in silence_lines([], ZONE, "en")] == ["nothing is silenced"]


def test_without_an_end_there_is_no_countdown() -> None:
    screen = Console(width=80, file=StringIO(), record=True)
    screen.print(live("en", seconds=None))
    assert "until Ctrl-C" in screen.export_text()


def page() -> Mapping[str, Any]:
    """A ticket with all that one can have."""
    deliveries = [
        {"message": asdict(shop.message(shop.YELLOW, 0, "created")), "state": "sent", "last_answer": "201 WO-000001"},
        {"message": asdict(shop.message(shop.YELLOW, 1, "occurred_again")), "state": "parked", "last_answer": "422 no"},
    ]
    values = {"vibration": 4.1234567, "running": True, "power": None}
    evidence = {**shop.YELLOW.evidence, "values": values}
    whole = ticket_view.whole(shop.YELLOW, [], [], [], shop.TERMS, shop.T0)
    return {**whole, "evidence": evidence, "deliveries": deliveries}


def live(language: Language, seconds: float | None = 90.0) -> RenderableType:
    """The demo's screen: a wire that has more devices than a line, a ticket without an order, a long title."""
    wires = {"pump-room": [f"P-{n}" for n in range(1, 5)], "broker": [f"EL-{n}-1" for n in range(1, 18)]}
    scenery = Scenery("湖畔花园", wires, 60.0, seconds, language, lambda time: moment(time, ZONE)[6:])
    states = dict(zip(["P-1", "P-2", "P-3"], ["good", "stale", "offline"], strict=True))
    report = {"devices": {name: {"state": state} for name, state in states.items()}}
    long = {**shop.listed()[1], "title": "P-2 出口压力长时间低于设定值，疑似阀门或管网泄漏，请尽快到场检查" * 2}
    orders = {shop.CLOSED.id: {"work_order_id": "WO-000001", "state": "closed"}}
    tickets = [shop.listed()[0], long, shop.listed()[2]]
    return running(scenery, shop.T0 + 60.0, 42.4, report, tickets, orders)


def table(language: Language) -> RenderableType:
    """The demo's result with every verdict."""
    overload = Expected(
        "transformer-overload", "TR-1", "t", 0.0, ("yellow", "red"), {"yellow": 10.0, "red": 20.0}, {}, 2.0
    )
    order = Order("shop:TR-1:overload:20260316T090000.000Z", "TR-1", "t", "r", "red", {"yellow": 10.2, "red": 20.3})
    single = replace(overload, levels=("red",), fault="entrapment", device="EL-3-1")
    elevator = replace(order, device="EL-3-1", ticket="e")
    cases: list[tuple[Expected, list[Order]]] = [
        (overload, [order]),
        (replace(overload, fault="bearing-wear"), [replace(order, reached={"yellow": 2.0, "red": 3.0})]),
        (single, [replace(elevator, reached={"red": 22.5})]),
        (single, [replace(elevator, reached={"red": -1.0})]),
        (single, [replace(elevator, level="yellow", reached={"yellow": 21.0})]),
        (single, [replace(elevator, reached={"red": 21.0}), elevator]),
        (replace(overload, fault="silent-meter"), []),
    ]
    rows = [compare([fault], orders)[0][0] for fault, orders in cases]
    return result(rows, [replace(order, device="P-9")], lambda _: "17:21:47", language)
