"""The demo tells each thing once, in the order in which it happened."""

from dataclasses import asdict, replace
from typing import Any

from gateway.cli.demo.news import News
from gateway.cli.demo.verdict import Expected
from gateway.core.clock import ScaledClock
from gateway.core.messages import Language
from gateway.core.types import Level
from tests.cli import shop

CLOCK = ScaledClock(shop.T0, wall_start=0.0, speed=60.0)
DRY_RUN = Expected("dry-run", "P-1", "pump.dry_run", 2.0, ("red",), {"red": 3.0}, {}, 2.0)
BURST = replace(DRY_RUN, fault="pipe-burst", device="P-4", injected_at=5.0)
TICKET = asdict(replace(shop.YELLOW, detected_at=shop.T0 + 210.0, title="P-2 runs strangely"))


def told(news: News, wall: float, *tickets: dict[str, Any]) -> list[tuple[float, str]]:
    return [(time - shop.T0, line.plain) for time, line in news.since(wall, tickets)]


def news(language: Language = "en") -> News:
    return News([DRY_RUN, BURST], CLOCK, language)


def test_everything_is_told_once_and_in_order() -> None:
    paper = news()
    assert told(paper, 1.0) == []
    assert told(paper, 5.0, TICKET) == [
        (120.0, "fault: dry run at P-1 injected"),
        (210.0, "yellow ticket: P-2 runs strangely"),
        (300.0, "fault: pipe burst at P-4 injected"),
    ]
    assert told(paper, 6.0, TICKET) == []


def test_a_ticket_that_becomes_red_is_told_again() -> None:
    paper = news()
    told(paper, 5.0, TICKET)
    assert told(paper, 6.0, {**TICKET, "level": Level.RED}) == [(360.0, "now red: P-2 runs strangely")]


def test_in_chinese() -> None:
    assert [line for _, line in told(news("zh"), 3.0, TICKET)] == [
        "注入故障：P-1 干转",
        "黄色工单：P-2 runs strangely",
    ]
