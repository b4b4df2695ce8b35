"""A ticket that letters and notices are written about, and the texts that they should be."""

from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gateway.core.types import Level, Member, Ticket

CASES = Path(__file__).parents[1] / "cases"
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = 1_773_561_600.0  # 2026-03-15 16:00 in Shanghai
SITE = {"zh": "华庭花园", "en": "Garden Court"}

_TITLE = {"zh": "1号梯 疑似困人，12 层附近", "en": "Lift 1: somebody is trapped near floor 12"}
_ADVICE = {"zh": "立即通过对讲安抚乘客；不要自行扒门。", "en": "Talk to the passenger; do not force the doors."}
_FACTS = {
    "zh": "速度 0.00 m/s，低于 0.05 m/s，自 15:58 起（依据：GB/T 24476）",
    "en": "speed 0.00 m/s, below 0.05 m/s, since 15:58 (basis: GB/T 24476)",
}


def ticket(language: str, **more: Any) -> Ticket:
    """A lift in which somebody is trapped; the engineer is on the way."""
    told = {
        "id": "hq:E-1:elevator-entrapment:20260315T075800.000Z",
        "site": "hq",
        "device": "E-1",
        "rule": "elevator-entrapment",
        "kind": "elevator.entrapment",
        "level": Level.RED,
        "policy": "red_strict",
        "title": _TITLE[language],
        "advice": _ADVICE[language],
        "fired_at": NOW - 120.0,
        "detected_at": NOW - 110.0,
        "location": {"building": "3", "unit": "1"},
        "due": {"acknowledge": NOW + 180.0, "on_site": NOW + 600.0, "close": NOW + 3 * 86400.0},
        "evidence": {"text": _FACTS[language]},
        "basis": "GB/T 24476",
    }
    return Ticket(**{**told, **more})


def members(count: int, well: int = 0) -> tuple[Member, ...]:
    """Devices that suffer from one cause, the first of which are well again."""
    return tuple(
        Member(f"T-{i}", f"P-{i}", "pump", Level.YELLOW, NOW, NOW + 60.0 if i < well else None) for i in range(count)
    )
