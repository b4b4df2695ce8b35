"""Every word that a screen takes from the program itself is there in Chinese; English is the word itself."""

from typing import get_args

import pytest
from rich.text import Text

from drivers.device import Health
from gateway.cli.demo.script import SCENES
from gateway.cli.demo.verdict import Verdict
from gateway.cli.screen import Failed, aligned, word
from gateway.core.casework import Happening
from gateway.core.messages import machine_language
from gateway.core.ticket_settings import LADDER
from gateway.core.types import Hold, Level, PublicState, Status

FAMILIES = {
    "level": [*Level],
    "status": [*Status],
    "state": [*get_args(Health.__dataclass_fields__["state"].type), "ok", "degraded", "stopped"],
    "delivery": ["sent", "pending", "parked"],
    "event": [
        *("created", "escalated", "occurred_again", "condition_cleared", "acknowledged", "closed", "held", "withdrawn"),
        *("joined", "members", "restored", "overdue", "reopened", "verified", "departed", "arrived", "progress"),
        *("resolved", "survey", "notice", "evidence"),
    ],
    "public": [*PublicState],
    "because": [*Hold, "back", "never_went_away", "rejected", "survey"],
    "step": [step.step for step in LADDER],
    "limit": ["not_due", "met", "late", "missed"],
    "node": [
        *("fired", "detected", "created", "sent", *(each for each in Happening if each not in {"rejected", "survey"})),
        *("report", "verified", "reopened", "members", "cleared", "chart"),
    ],
    "scope": ["device", "building", "class"],
    "up_to": ["yellow", "yellow_and_red"],
    "order": ["new", *(status for status in Status if status != "open"), "rejected"],
    "part": ["storage", "outbox", "dispatch", "history", "connection", "channel", "state", "clock", "model"],
    "fault": [scene.fault for scene in SCENES],
    "figure": ["ok", "short"],
    "verdict": [*get_args(Verdict), "done", "normal", "false"],
    "kind": ["constant", "switch", "counter", "unknown"],
    "head": [
        *("id", "device", "status", "fired", "acknowledge", "on_site", "feedback", "close", "times", "advice", "rule"),
        *("seen", "unusual", "escalated", "level", "delivery", "title", "fault", "injected", "seconds", "verdict"),
        "dispatch API",
        *("true", "normal", "false", "precision", "true_again", "false_again", "then"),
        *("plan", "report", "public_state", "held", "parent", "handler", "percent", "expected", "evidence", "life"),
        *("step", "reopened", "until", "scope", "by", "reason"),
        *("model", "score", "alarms", "per_device_week", "promised"),
        *("machine", "found", "level_right", "after_onset", "after_it_shows", "before_failure", "by_score", "besides"),
        *("false_tickets", "figure", "asked", "measured"),
    ],
}


@pytest.mark.parametrize(("family", "name"), [(family, name) for family, names in FAMILIES.items() for name in names])
def test_a_word_in_both_languages(family: str, name: str) -> None:
    assert word(family, name, "en") == name.replace("_", " ").replace("-", " ")
    assert not word(family, name, "zh").isascii()


def test_an_unknown_word_is_shown_as_it_is() -> None:
    assert word("part", "carrier_pigeon", "zh") == "carrier pigeon"


def test_a_failure_is_a_sentence_in_both_languages() -> None:
    failed = Failed("no_ticket", "there is no ticket {ticket}", ticket="A\x1b[2J")
    assert str(failed) == failed.sentence("en") == "there is no ticket A\ufffd[2J"
    assert failed.sentence("zh") == "没有工单 A\ufffd[2J"


def test_columns_are_as_wide_as_a_terminal_shows_them() -> None:
    lines = aligned([[Text("红色"), Text("泵")], [Text("ok"), Text("B2")]])
    assert [line.plain for line in lines] == ["红色  泵", "ok    B2"]
    assert aligned([]) == []


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_TW.UTF-8", "LC_ALL": ""}, "zh"),
        ({}, "en"),
    ],
)
def test_the_language_of_the_machine(environment: dict[str, str], language: str) -> None:
    assert machine_language(environment) == language
