"""What a person says when closing a ticket, and the ledger in which it is kept."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.cli.main import app
from gateway.cli.screen import FAILED, WRONG_USE
from gateway.core.types import Verdict
from gateway.delivery.ledger import read_ledger
from gateway.delivery.records import Changes
from gateway.delivery.statefile import FILE
from gateway.delivery.store import Store
from tests.cli import shop
from tests.cli.shop import RED, YELLOW
from tests.delivery.made import make_closing


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return shop.write_site(tmp_path)


def tickets(site: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["tickets", *words, "-c", str(site)])


WORDS = [
    ((), Verdict.DONE, "closed"),
    (("--normal",), Verdict.NORMAL, "closed; this is normal from now on"),
    (("--false",), Verdict.FALSE, "closed; nothing was wrong"),
]


@pytest.mark.parametrize(("options", "verdict", "sentence"), WORDS)
def test_a_running_daemon_is_told_what_it_was(
    site: Path, options: tuple[str, ...], verdict: Verdict, sentence: str
) -> None:
    with shop.daemon(site) as window:
        result = tickets(site, "close", RED.id, *options)
    assert (result.exit_code, result.output) == (0, f"{RED.id}: {sentence}\n")
    assert [said.verdict for said in window.said] == [verdict]


@pytest.mark.parametrize(("options", "verdict", "sentence"), WORDS)
def test_without_a_daemon_it_is_kept_for_the_next_start(
    site: Path, options: tuple[str, ...], verdict: Verdict, sentence: str
) -> None:
    state = site.parent / "var"
    shop.keep_tickets(state)
    assert tickets(site, "close", RED.id, *options).output.startswith(f"{RED.id}: {sentence}\n")
    with closing(Store(state)) as store:
        (kept,) = store.load().closings
        told = store.messages(RED.id)[-1].message
    assert (kept.ticket, kept.rule, kept.device, kept.verdict) == (RED.id, RED.rule, RED.device, verdict)
    assert kept.by
    assert (told.event, told.body["verdict"]) == ("closed", verdict)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "error: --normal and --false exclude each other"), ("zh", "错误: --normal 与 --false 不能同时使用")],
)
def test_both_at_once_is_wrong_use(site: Path, language: str, sentence: str) -> None:
    with shop.daemon(site) as window:
        result = tickets(site, "close", RED.id, "--normal", "--false", "--lang", language)
    assert (result.exit_code, result.stdout, window.asked) == (WRONG_USE, "", [])
    assert result.stderr.startswith(sentence)
    assert len(result.stderr.splitlines()) == 1


LEDGER = [
    *(make_closing(number, Verdict.DONE) for number in (1, 2, 3)),
    make_closing(4, Verdict.FALSE),
    make_closing(5, Verdict.NORMAL),
    make_closing(6, Verdict.NORMAL, rule="pump-unusual", scores=("usual",)),
]


@contextmanager
def writing(state: Path) -> Iterator[Store]:
    with closing(Store(state)) as store:
        store.commit(Changes(closings=tuple(LEDGER)))
        yield store


def test_the_ledger_is_shown_by_rule_also_beside_a_running_daemon(site: Path) -> None:
    with writing(site.parent / "var"):
        result = tickets(site, "ledger")
        machines = json.loads(tickets(site, "ledger", "--json").stdout)
    assert result.output.splitlines() == [
        "rule          true  normal  false  precision",
        "pump-dry         3       1      1        75%",
        "pump-unusual     0       1      0          –",
    ]
    assert machines["rules"][0] == {"rule": "pump-dry", "done": 3, "normal": 1, "false": 1, "precision": 0.75}
    assert machines["rules"][1]["precision"] is None
    assert [line["ticket"] for line in machines["closings"]] == [each.ticket for each in LEDGER]
    assert (machines["closings"][-1]["verdict"], machines["closings"][-1]["scores"]) == ("normal", ["usual"])
    assert tickets(site, "ledger").output == result.output, "nor does it need one"
    assert "准确率" in tickets(site, "ledger", "--lang", "zh").output


def test_no_ledger_and_an_empty_one(site: Path) -> None:
    state = site.parent / "var"
    result = tickets(site, "ledger")
    assert (result.exit_code, result.stdout) == (FAILED, "")
    assert result.stderr == f"error: no ledger is kept in the state folder {state} yet\n"
    shop.keep_tickets(state)
    assert tickets(site, "ledger").output == "nobody has closed a ticket yet\n"
    assert tickets(site, "close", YELLOW.id).exit_code == 0
    assert json.loads(tickets(site, "ledger", "--json").stdout)["rules"][0]["done"] == 1


def test_a_row_that_was_damaged_is_left_out_and_a_ruined_file_is_said(site: Path) -> None:
    state = site.parent / "var"
    with writing(state) as store:
        store._db.execute(
            "UPDATE closings SET body = replace(body, 'false', 'done') WHERE ticket = ?", (LEDGER[3].ticket,)
        )
        assert [each.ticket for each in read_ledger(state) or ()] == [e.ticket for e in LEDGER if e is not LEDGER[3]]
    (state / FILE).write_bytes(b"\1" * 8192)
    result = tickets(site, "ledger")
    assert (result.exit_code, result.stderr.startswith("error: the state cannot be read: ")) == (FAILED, True)
