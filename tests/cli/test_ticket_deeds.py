"""What a person does to a ticket by a command: the same whether the daemon runs or only its state file is there."""

import getpass
from contextlib import closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.cli.screen import FAILED, WRONG_USE
from gateway.core.casework import Callback, Happening, Notice
from gateway.core.messages import Language
from gateway.core.types import Hold, Status, Ticket
from gateway.delivery import notices
from gateway.delivery.records import Changes
from gateway.delivery.store import Store
from tests.cli import shop, worked
from tests.cli.shop import CLOSED, RED, T0, YELLOW

PROOF = "tickets: {policies: {red_strict: {on_site: 3m, evidence: true}}}\n"
DEEDS: list[tuple[list[str], Happening, dict[str, Any], str]] = [
    (["ack"], Happening.ACCEPTED, {}, "acknowledged"),
    (
        ["progress", "--percent", "60", "--minutes", "25", "--text", "更换开关"],
        Happening.PROGRESS,
        {"percent": 60.0, "minutes_left": 25.0, "text": "更换开关"},
        "progress noted",
    ),
    (["progress", "--text", "on it"], Happening.PROGRESS, {"text": "on it"}, "progress noted"),
    (["resolve"], Happening.RESOLVED, {}, "the work is done; the readings are watched from now on"),
    (
        ["reject", "--reason", "still loud"],
        Happening.REJECTED,
        {"text": "still loud"},
        "not accepted; it is open again, one step higher",
    ),
    (["close"], Happening.CLOSED, {}, "closed"),
    (
        ["close", "--evidence", "IMG-1", "--evidence", "IMG-2", "--normal"],
        Happening.CLOSED,
        {"evidence": ("IMG-1", "IMG-2"), "verdict": "normal"},
        "closed; this is normal from now on",
    ),
    (["close", "--false"], Happening.CLOSED, {"verdict": "false"}, "closed; nothing was wrong"),
]
REACHED = {
    Happening.ACCEPTED: Status.ACKNOWLEDGED,
    Happening.PROGRESS: Status.IN_PROGRESS,
    Happening.RESOLVED: Status.RESOLVED,
    Happening.REJECTED: Status.OPEN,
    Happening.CLOSED: Status.CLOSED,
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return shop.write_site(tmp_path)


def tickets(site: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["tickets", *words, "-c", str(site)])


def keep(site: Path, *more: Ticket) -> Path:
    state = site.parent / "var"
    shop.keep_tickets(state)
    with closing(Store(state)) as store:
        store.commit(Changes(more, saved_at=T0 + 5.0))
    return state


def demand_evidence(site: Path) -> None:
    site.write_text(site.read_text("utf-8") + PROOF, encoding="utf-8")


@pytest.mark.parametrize(("words", "event", "said", "sentence"), DEEDS)
def test_a_running_daemon_is_told(
    site: Path, words: list[str], event: Happening, said: dict[str, Any], sentence: str
) -> None:
    with shop.daemon(site) as window:
        result = tickets(site, words[0], RED.id, *words[1:])
    assert (result.exit_code, result.output) == (0, f"{RED.id}: {sentence}\n")
    (heard,) = window.said
    assert replace(heard, at=0.0) == Callback("", RED.id, event, 0.0, getpass.getuser(), **said)


@pytest.mark.parametrize(("words", "event", "said", "sentence"), DEEDS)
def test_without_a_daemon_the_state_file_is_changed(
    site: Path, words: list[str], event: Happening, said: dict[str, Any], sentence: str
) -> None:
    state = keep(site)
    result = tickets(site, words[0], RED.id, *words[1:])
    assert (result.exit_code, result.output.splitlines()[0]) == (0, f"{RED.id}: {sentence}")
    with closing(Store(state)) as store:
        ticket, (line,), messages = store.ticket(RED.id), store.entries(RED.id), store.messages(RED.id)
        saved_at = store.load().saved_at
    assert ticket is not None
    assert (ticket.status, line.by, len(messages)) == (REACHED[event], getpass.getuser(), 2)
    assert {name: line.said[name] for name in said if name != "evidence"} == {
        name: value for name, value in said.items() if name != "evidence"
    }
    assert ticket.evidence_refs == said.get("evidence", ())
    assert saved_at == T0 + 5.0, "the state must not look younger: downtime is not evidence"


@pytest.mark.parametrize("runs", [True, False], ids=["online", "offline"])
@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "error: closing ticket {ticket} needs evidence"),
        ("zh", "错误: 关闭工单 {ticket} 须有凭据：请附上照片或报告的编号"),
    ],
)
def test_a_closing_that_needs_evidence_says_so(site: Path, runs: bool, language: Language, sentence: str) -> None:  # noqa: FBT001
    demand_evidence(site)
    ticket = CLOSED if runs else RED  # the made-up daemon wants evidence of that one
    state = keep(site)
    with shop.daemon(site) if runs else nullcontext():
        result = tickets(site, "close", ticket.id, "--lang", language)
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.stderr.startswith(sentence.format(ticket=ticket.id))
    assert len(result.stderr.splitlines()) == 1
    with closing(Store(state)) as store:
        assert store.ticket(RED.id) == RED


def test_evidence_lets_it_be_closed(site: Path) -> None:
    demand_evidence(site)
    state = keep(site)
    assert tickets(site, "close", RED.id, "--evidence", "IMG-1201").exit_code == 0
    with closing(Store(state)) as store:
        closed = store.ticket(RED.id)
    assert closed is not None
    assert (closed.status, closed.evidence_refs) == (Status.CLOSED, ("IMG-1201",))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["resolve", CLOSED.id], "there is no open ticket {ticket}"),
        (["ack", worked.FOLLOWED[0].id], "ticket {ticket} is part of {parent}; say it of that one"),
        (
            ["resolve", worked.HELD.id],
            "ticket {ticket} is held back and nobody has been told of it yet; it can be acknowledged or closed",
        ),
        (
            ["close", RED.id, "--evidence", "x" * 501],
            "this cannot be said: evidence.0: String should have at most 500 characters",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(site: Path, words: list[str], sentence: str) -> None:
    keep(site, worked.PARENT, *worked.FOLLOWED, replace(worked.HELD, messages=0))
    result = tickets(site, *words)
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.stderr == f"error: {sentence.format(ticket=words[1], parent=worked.PARENT.id)}\n"


def test_what_nobody_was_told_of_can_be_closed_and_nobody_is_told(site: Path) -> None:
    state = keep(site, replace(worked.HELD, messages=0, held=Hold.SILENCE))
    assert tickets(site, "close", worked.HELD.id, "--false").exit_code == 0
    with closing(Store(state)) as store:
        closed, messages = store.ticket(worked.HELD.id), store.messages(worked.HELD.id)
    assert closed is not None
    assert (closed.status, closed.held, closed.held_until, messages) == (Status.CLOSED, None, None, [])


@pytest.mark.parametrize(
    ("words", "english", "chinese"),
    [
        (
            ["progress", RED.id],
            "progress needs --percent, --minutes or --text",
            "进展须给出 --percent、--minutes 或 --text",
        ),
        (
            ["progress", RED.id, "--percent", "101"],
            "--percent is a number from 0 to 100, not 101",
            "--percent 须为 0 到 100 的数，而不是 101",
        ),
        (
            ["progress", RED.id, "--percent", "nan"],
            "--percent is a number from 0 to 100, not nan",
            "--percent 须为 0 到 100 的数，而不是 nan",
        ),
        (
            ["progress", RED.id, "--minutes", "-1"],
            "--minutes is a number from 0 on, not -1",
            "--minutes 须为不小于 0 的数，而不是 -1",
        ),
        (["reject", RED.id], "say with --reason why it is not accepted", "请用 --reason 说明为何不接受"),
        (
            ["close", RED.id, "--normal", "--false"],
            "--normal and --false exclude each other: either it was worth a look, or nothing was wrong",
            "--normal 与 --false 不能同时使用：要么值得查看，要么并无异常",
        ),
    ],
)
def test_wrong_use_is_one_sentence(site: Path, words: list[str], english: str, chinese: str) -> None:
    for language, label, sentence in (("en", "error", english), ("zh", "错误", chinese)):
        result = tickets(site, *words, "--lang", language)
        assert (result.exit_code, result.stdout, result.stderr) == (WRONG_USE, "", f"{label}: {sentence}\n")


def test_what_a_channel_refused_is_sent_again(site: Path) -> None:
    state = keep(site)
    notice = Notice(CLOSED.id, "mail", CLOSED.id, CLOSED.level, "red", "text", T0)
    with closing(Store(state)) as store:
        store.commit(Changes(notices=(notice,), saved_at=T0 + 5.0))
        store.transaction(lambda db: notices.park(db, "mail", [notice.key], "550 no"))
    assert "550 no" in tickets(site, "show", CLOSED.id).output
    assert tickets(site, "resend", CLOSED.id).exit_code == 0
    with closing(Store(state)) as store:
        assert [told.state for told in store.transaction(lambda db: notices.of_ticket(db, CLOSED.id))] == ["pending"]


@pytest.mark.parametrize("runs", [True, False], ids=["online", "offline"])
def test_the_page_has_the_ledger(site: Path, runs: bool) -> None:  # noqa: FBT001 - a table
    keep(site)
    if not runs:
        tickets(site, "progress", YELLOW.id, "--percent", "40")
    with shop.daemon(site) if runs else nullcontext():
        lines = tickets(site, "show", RED.id if runs else YELLOW.id).output.splitlines()
    assert ("ledger: 1" in lines) is not runs
    assert [line.split()[2:] for line in lines if line.endswith("40 %") and "progress" in line] == (
        [] if runs else [["progress", getpass.getuser(), "40", "%"]]
    )
